"""What receiving costs beside its bare limit: PyAV's demuxing loop over the same streams, in the same run.

    python -m tests.bench.bench_receive [--cameras 8] [--seconds 10]

Prints one JSON object. CPU time is that of this process alone; the server (go2rtc with its ffmpegs) is another.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import numpy as np

from camsvc.clock import SystemClock
from camsvc.domain.incident import GapReason
from camsvc.media.ring import Ring
from camsvc.media.rtsp import RtspSource
from tests.rtsp_server import RtspServer, installed_go2rtc

WIDTH, HEIGHT, FPS, BIT_RATE, GOP, SECONDS = 1920, 1080, 25, 4_000_000, 50, 6
WARM_UP_S = 4.0
"""Opening connections is not receiving."""
RING_S, RING_BYTES = 30, 48 << 20
ROUNDS = 3

Receive = Callable[[str, threading.Event], None]


def bare(url: str, stop: threading.Event) -> None:
    """The limit: demux, and touch nothing."""
    with av.open(url, options={"rtsp_transport": "tcp"}) as container:
        for _ in container.demux():
            if stop.is_set():
                return


def ours(url: str, stop: threading.Event) -> None:
    """What a worker's receive thread does: packets with their times, into the ring."""
    ring = Ring(RING_S, RING_BYTES)
    with RtspSource(url, clock=SystemClock(), stop=stop) as source:
        ring.open_session(source.session, source.parameters, source.clock)
        for packet in source.packets():
            ring.append(packet)
        ring.close_session(GapReason.RECONNECT)


def cores(receive: Receive, urls: list[str], seconds: float) -> float:
    """CPU seconds a second that one camera takes."""
    stop = threading.Event()
    threads = [threading.Thread(target=receive, args=(url, stop), daemon=True) for url in urls]
    for thread in threads:
        thread.start()
    time.sleep(WARM_UP_S)
    began_s, cpu_s = time.monotonic(), time.process_time()
    time.sleep(seconds)
    used_s, passed_s = time.process_time() - cpu_s, time.monotonic() - began_s
    stop.set()
    for thread in threads:
        thread.join(10)
    return used_s / passed_s / len(urls)


def make_street(path: Path) -> Path:
    """1080p25 of 4 Mb/s with a key frame every two seconds: a camera as they are set up."""
    noise = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH * 2), np.uint8)
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "g": str(GOP), "bf": "0", "sc_threshold": "0", "maxrate": str(BIT_RATE)}
        stream = container.add_stream("libx264", rate=FPS, options=options | {"bufsize": str(BIT_RATE)})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", BIT_RATE
        for number in range(FPS * SECONDS):
            frame = av.VideoFrame.from_ndarray(noise[:, number * 4 : number * 4 + WIDTH].copy(), format="gray")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path


def measure(cameras: int, seconds: float) -> dict[str, float | int | str]:
    with tempfile.TemporaryDirectory() as folder:
        film = make_street(Path(folder) / "street.mp4")
        names = [f"camera{number}" for number in range(cameras)]
        with RtspServer(installed_go2rtc(), dict.fromkeys(names, film)) as server:
            urls = [server.url(name) for name in names]
            # Turn about, so that a machine that is busy meanwhile is so for both.
            rounds = [(cores(bare, urls, seconds), cores(ours, urls, seconds)) for _ in range(ROUNDS)]
            limit, taken = (median(measured) for measured in zip(*rounds, strict=True))
        mbps = film.stat().st_size * 8 / SECONDS / 1e6
    return {
        "stream": f"{WIDTH}x{HEIGHT}@{FPS} {mbps:.1f} Mb/s",
        "cameras": cameras,
        "bare_cores_per_camera": round(limit, 5),
        "receive_cores_per_camera": round(taken, 5),
        "ratio": round(taken / limit, 2),
        "cameras_per_core": int(1 / taken),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.cameras, arguments.seconds)))


if __name__ == "__main__":
    main()
