"""What transcoding a watched camera costs, and how much later its pictures come, beside ``ffmpeg`` with equal settings.

    python -m tests.bench.bench_transcode [--seconds 12] [--only hevc-1080p]

Prints one JSON object a stream. The film is played in real time, as by a camera; CPU time is that of this process. The
limit is the program ``ffmpeg`` over the same film as fast as it goes, with one thread and the same settings.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from statistics import quantiles

import av
import numpy as np

from camsvc.clock import SystemClock
from camsvc.live import encoder
from camsvc.live.access_unit import AccessUnit
from camsvc.live.transcode import Transcoder
from camsvc.media.packets import Packet
from tests.live.pictures import packets_of

FPS, GOP, FILM_S = 25, 50, 4


@dataclass(frozen=True, slots=True)
class Stream:
    width: int
    height: int
    codec: str
    pixels: str
    bits_per_s: int
    b_frames: int = 0


STREAMS = {
    "hevc-360p": Stream(640, 360, "libx265", "yuv420p", 400_000),
    "hevc-1080p": Stream(1920, 1080, "libx265", "yuv420p", 3_000_000),
    "hevc-1080p-10bit": Stream(1920, 1080, "libx265", "yuv420p10le", 3_000_000),
    "h264-1080p-b": Stream(1920, 1080, "libx264", "yuv420p", 4_000_000, b_frames=2),
    "hevc-2160p": Stream(3840, 2160, "libx265", "yuv420p", 8_000_000),
}


def make_street(path: Path, stream: Stream) -> Path:
    """A pattern that passes: motion everywhere, which is more than most cameras see."""
    noise = np.random.default_rng(1).integers(0, 256, (stream.height // 8, stream.width // 4), np.uint8)
    wide = np.kron(noise, np.ones((8, 8), np.uint8))
    gop = str(GOP)
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "g": gop, "bf": str(stream.b_frames), "maxrate": str(stream.bits_per_s)}
        if stream.codec == "libx265":
            options["x265-params"] = (
                f"keyint={gop}:min-keyint={gop}:bframes={stream.b_frames}:log-level=none:open-gop=0"
            )
        video = container.add_stream(stream.codec, rate=FPS, options=options | {"bufsize": str(stream.bits_per_s)})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = stream.width, stream.height, stream.pixels
        video.bit_rate = stream.bits_per_s
        for number in range(FPS * FILM_S):
            shift = number * 6
            frame = av.VideoFrame.from_ndarray(wide[:, shift : shift + stream.width].copy(), format="gray")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(frame.reformat(format=stream.pixels)))
        container.mux(video.encode(None))
    return path


def by_ffmpeg(film: Path, stream: Stream) -> float:
    """CPU seconds a picture."""
    width = min(encoder.MAX_WIDTH, stream.width)
    height = round(stream.height * width / stream.width / 2) * 2
    command = ["ffmpeg", "-v", "error", "-threads", "1", "-filter_threads", "1", "-i", str(film)]
    command += ["-vf", f"scale={width}:{height}:flags=bilinear,format=yuv420p", "-c:v", "libx264", "-threads", "1"]
    command += ["-preset", encoder.PRESET, "-tune", "zerolatency", "-profile:v", "baseline", "-crf", encoder.CRF]
    rate = round(width * height * encoder.RATE_FPS * encoder.BITS_PER_PIXEL)
    command += ["-maxrate", str(rate), "-bufsize", str(round(rate * encoder.BUFFER_S)), "-g", str(GOP)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "-f", "null", "-"], check=True, timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / (FPS * FILM_S)


def in_real_time(film: Path, seconds: float) -> dict[str, float]:
    came: dict[datetime, float] = {}
    sizes: list[int] = []

    def note(unit: AccessUnit) -> None:
        came[unit.at] = time.monotonic()
        sizes.append(len(unit.data))

    video, packets = packets_of(film, datetime.now(UTC))
    transcoder = Transcoder(video, note, clock=SystemClock())
    given: dict[datetime, float] = {}
    cpu_s, begin_s = time.process_time(), time.monotonic()
    for number in range(round(seconds * FPS)):
        packet = _looped(packets, number)
        time.sleep(max(0.0, begin_s + number / FPS - time.monotonic()))
        given[packet.at] = time.monotonic()
        transcoder.offer(packet)
    time.sleep(0.5)
    cpu_s = time.process_time() - cpu_s
    transcoder.close()
    transcoder.join(5)
    delays = quantiles([came[at] - given[at] for at in came], n=100)
    return {
        "cores": round(cpu_s / seconds, 3),
        "cpu_ms_per_picture": round(1000 * cpu_s / len(came), 2),
        "delay_ms_p50": round(1000 * delays[49], 1),
        "delay_ms_p95": round(1000 * delays[94], 1),
        "delay_ms_p99": round(1000 * delays[98], 1),
        "shown": round(len(came) / len(given), 3),
        "mbit_per_s": round(sum(sizes) * 8 / seconds / 1e6, 2),
    }


def _looped(packets: list[Packet], number: int) -> Packet:
    rounds, index = divmod(number, len(packets))
    packet = packets[index]
    return replace(
        packet,
        pts_90k=packet.pts_90k + rounds * FILM_S * 90_000,
        dts_90k=packet.dts_90k + rounds * FILM_S * 90_000,
        at=packet.at + timedelta(seconds=rounds * FILM_S),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--only", choices=STREAMS)
    arguments = parser.parse_args()
    for name, stream in STREAMS.items():
        if arguments.only not in (None, name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            film = make_street(Path(folder) / "street.mkv", stream)
            limit_s = by_ffmpeg(film, stream)
            measured = in_real_time(film, arguments.seconds)
        ratio = measured["cpu_ms_per_picture"] / 1000 / limit_s
        limit = {"ffmpeg_ms_per_picture": round(limit_s * 1000, 2), "ratio": round(ratio, 2)}
        print(json.dumps({"stream": name, **measured, **limit}), flush=True)


if __name__ == "__main__":
    main()
