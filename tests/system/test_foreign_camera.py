"""A camera that is not ours (go2rtc), H.264 and H.265 with audio: clips agree with the source in picture and time."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from camsvc.cli.demo import film
from tests.rtsp_server import RtspServer
from tests.system.installation import Installation, wait_for
from tests.video import draw, picture, read_number

GOP = film.FPS * film.GOP_S
SCENES = (film.Scene(4, 14, leftward=False),)
DURATION_S = 24
CODEC_NAMES = {"libx264": "h264", "libx265": "hevc"}
CLOCK_TOLERANCE_S = 0.5
"""Our witness and the worker take the same pictures from the same server on a busy machine."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def numbered_film(path: Path, encoder: str) -> Path:
    """The street film, each picture with its number along the top, and a quiet tone."""
    options = {"bf": "0", "preset": "ultrafast", "crf": "26", "sc_threshold": "0"}
    options["x265-params"] = f"keyint={GOP}:min-keyint={GOP}:scenecut=0:bframes=0:log-level=none"
    with av.open(str(path), "w") as out:
        video = out.add_stream(encoder, rate=film.FPS, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = film.WIDTH, film.HEIGHT, "yuv420p"
        video.codec_context.gop_size = GOP
        audio = out.add_stream("aac", rate=48_000, layout="mono")
        assert isinstance(audio, av.AudioStream)
        for number, image in enumerate(film.pictures(SCENES, DURATION_S)):
            band = film.HEIGHT // 8
            image[:band] = draw(number, film.WIDTH, film.HEIGHT)[:band]
            out.mux(video.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        for first in range(0, DURATION_S * 48_000, 1024):
            tone = (np.sin(np.arange(first, first + 1024) / 20) * 500).astype(np.float32).reshape(1, -1) / 32768
            sound = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
            sound.sample_rate, sound.pts = 48_000, first
            out.mux(audio.encode(sound))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return path


class Witness:
    """Another client of the same camera: notes when each picture arrived."""

    def __init__(self, url: str) -> None:
        self.arrivals: list[tuple[datetime, int]] = []
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Witness:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    def when(self, number: int, near: datetime) -> datetime:
        """When the picture with this number arrived, of all rounds the one nearest to ``near``."""
        return min((at for at, seen in self.arrivals if seen == number), key=lambda at: abs(at - near))

    def _watch(self) -> None:
        options = {"rtsp_transport": "tcp", "analyzeduration": "100000", "fflags": "nobuffer"}
        with av.open(self._url, "r", options=options) as container:
            container.streams.video[0].thread_type = "NONE"
            for frame in container.decode(video=0):
                self.arrivals.append((datetime.now(UTC), read_number(picture(frame))))
                if self._stop.is_set():
                    return


@pytest.mark.parametrize("encoder", list(CODEC_NAMES))
def test_incident_and_clip_agree_with_the_source(
    workspace: Path, go2rtc: Callable[..., RtspServer], encoder: str
) -> None:
    source = numbered_film(workspace / "source.mp4", encoder)
    server = go2rtc({"street": source}, user="admin", password="s3cret")
    with Installation(workspace, {"street-01": server.url("street")}) as installation:
        with Witness(server.url("street")) as witness:
            # The first incident may have begun before the camera was seen.
            wait_for(lambda: len(_finished(installation)) >= 2, 240, installation._why)
        incident = sorted(_finished(installation), key=lambda found: str(found["started_at"]))[1]
        assert incident["clip"]["codec"] == CODEC_NAMES[encoder]
        assert not incident["clip"]["gaps"]
        data = installation.get(f"/incidents/{incident['id']}/clip").content
        (workspace / "clip.mp4").write_bytes(data)
        _assert_sound(workspace / "clip.mp4")
        _assert_agrees(data, incident, witness)
        if encoder == "libx265":
            _assert_has_a_playable_rendition(installation, incident)


def _finished(installation: Installation) -> list[dict[str, Any]]:
    return [incident for incident in installation.incidents(state="closed") if incident["clip"]]


def _assert_sound(file: Path) -> None:
    """ffprobe finds no fault, reading every packet and decoding every picture; audio is there."""
    shown = ["-show_entries", "stream=codec_type,codec_name,nb_read_frames,start_time,duration", "-of", "json"]
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", *shown, str(file)], capture_output=True, text=True, check=True
    )
    assert probe.stderr == ""
    streams = {stream["codec_type"]: stream for stream in json.loads(probe.stdout)["streams"]}
    assert streams["audio"]["codec_name"] == "aac"
    assert float(streams["video"]["start_time"]) == 0
    assert float(streams["audio"]["duration"]) == pytest.approx(float(streams["video"]["duration"]), abs=0.3)


def _assert_agrees(data: bytes, incident: dict[str, Any], witness: Witness) -> None:
    clip = incident["clip"]
    with av.open(io.BytesIO(data), "r") as container:
        frames = [(frame.time or 0.0, read_number(picture(frame))) for frame in container.decode(video=0)]
    numbers = [number for _, number in frames]
    loop = DURATION_S * film.FPS
    assert numbers[0] % GOP == 0, "a clip starts with a key frame"
    # go2rtc's ffmpeg may lose a picture where the film starts anew; nowhere else.
    steps = {(later - earlier) % loop for earlier, later in itertools.pairwise(numbers) if later > GOP}
    assert steps <= {1}
    assert clip["duration_s"] == pytest.approx(len(numbers) / film.FPS, abs=film.GOP_S)
    for stored, number in ((clip["started_at"], numbers[0]), (clip["ended_at"], numbers[-1])):
        at = datetime.fromisoformat(stored)
        assert abs((witness.when(number, at) - at).total_seconds()) < CLOCK_TOLERANCE_S
    started = datetime.fromisoformat(incident["started_at"])
    first_sight = witness.when(round(SCENES[0].start_s * film.FPS), started)
    assert -CLOCK_TOLERANCE_S < (started - first_sight).total_seconds() < film.GOP_S
    assert (started - datetime.fromisoformat(clip["started_at"])).total_seconds() >= 5, "pre-roll"


def _assert_has_a_playable_rendition(installation: Installation, incident: dict[str, Any]) -> None:
    path = f"/incidents/{incident['id']}/clip"
    wait_for(lambda: installation.get(path, rendition="browser").status_code == 200, 120, "no rendition")
    data = installation.get(path, rendition="browser").content
    with av.open(io.BytesIO(data), "r") as container:
        assert container.streams.video[0].codec_context.name == "h264"
        shown_s = sum(1 for _ in container.decode(video=0)) / film.FPS
    assert shown_s == pytest.approx(incident["clip"]["duration_s"], abs=1)
