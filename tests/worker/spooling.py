"""Cameras, packets, moments and incidents that the tests of recorder, spool and publisher share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags

from camsvc.clock import SimulatedClock
from camsvc.domain.camera import Camera, Severity, Streams
from camsvc.domain.geo import Location
from camsvc.domain.incident import ClipPart, Incident, IncidentObject, IncidentState, new_incident_id
from camsvc.domain.track import Box, Moment, ObjectClass, Scene, TrackedObject
from camsvc.media.packets import CLOCK_HZ, ClockReading, Kind, Packet, Parameters, VideoParameters
from camsvc.storage import keys
from camsvc.worker.spool import Spool

START = datetime(2026, 1, 1, tzinfo=UTC)
FPS = 10
GOP = 10
FRAME_90K = CLOCK_HZ // FPS
WIDTH, HEIGHT = 160, 96
MIB = 1024 * 1024

CAMERA = Camera(
    id="gate-01",
    name="Gate",
    area="bac-ninh/yen-phong",
    location=Location(21.2, 105.9),
    streams=Streams("rtsp://camera.invalid/main"),
)
PERSON = IncidentObject(1, ObjectClass.PERSON, 0.9)


@cache
def _encoded() -> tuple[bytes, tuple[tuple[bytes, bool], ...]]:
    """Parameter sets, and sixty seconds of a moving square: one key frame a second, no B-frames."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.options = {"preset": "ultrafast", "bf": "0", "g": str(GOP), "keyint_min": str(GOP), "sc_threshold": "0"}
    encoder.flags |= int(Flags.global_header)
    encoded = []
    for number in range(60 * FPS):
        image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        left = number * 5 % (WIDTH - 24)
        image[30:54, left : left + 24] = 230
        frame = av.VideoFrame.from_ndarray(image, format="bgr24")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        encoded += encoder.encode(frame)
    encoded += encoder.encode(None)
    sets = bytes(encoder.extradata or b"")
    return sets, tuple(
        (sets + bytes(packet) if packet.is_keyframe else bytes(packet), packet.is_keyframe) for packet in encoded
    )


def parameters() -> Parameters:
    return Parameters(VideoParameters("h264", WIDTH, HEIGHT, _encoded()[0], float(FPS)))


def reading() -> ClockReading:
    return ClockReading(12.5, 300.0)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def packets(from_s: float, to_s: float, *, origin_s: float = 0.0) -> Iterator[Packet]:
    """Pictures of the camera in [from_s, to_s), of a session whose media time began at ``origin_s``."""
    film = _encoded()[1]
    for number in range(round(from_s * FPS), round(to_s * FPS)):
        index = number - round(origin_s * FPS)
        data, is_key = film[index % len(film)]
        yield Packet(Kind.VIDEO, data, index * FRAME_90K, index * FRAME_90K, FRAME_90K, is_key, at(number / FPS))


def moment(seconds: float, session: str = "s1", origin_s: float = 0.0) -> Moment:
    return Moment(session, round((seconds - origin_s) * CLOCK_HZ), at(seconds))


def scene(seconds: float, *, track: int = 1, session: str = "s1", origin_s: float = 0.0, size: float = 0.2) -> Scene:
    seen = TrackedObject(track, Box(0.1, 0.2, size, size), ObjectClass.PERSON, 0.8)
    return Scene(moment(seconds, session, origin_s), (seen,))


def incident(
    started_s: float = 10.0, state: IncidentState = IncidentState.OPEN, *, epoch: int = 1, worker: str = "w1"
) -> Incident:
    started = at(started_s)
    made = Incident(
        id=new_incident_id(started),
        camera=CAMERA.id,
        area=CAMERA.area,
        location=CAMERA.location,
        kind="presence",
        severity=Severity.NOTICE,
        state=IncidentState.OPEN,
        started_at=started,
        last_observed_at=started,
        ended_at=None,
        zone=None,
        objects=(PERSON,),
        revision=1,
        epoch=epoch,
        worker=worker,
        model="test",
    )
    return made if state is IncidentState.OPEN else ended(made, started_s + 5, state)


def ended(made: Incident, seconds: float, state: IncidentState = IncidentState.CLOSED) -> Incident:
    return replace(made, state=state, ended_at=at(seconds), last_observed_at=at(seconds))


def part(made: Incident, index: int = 0, *, sha256: str = "0" * 64, size_bytes: int = 1) -> ClipPart:
    return ClipPart(
        index=index,
        key=keys.clip_part(made.id, index),
        session="s1",
        started_at=made.started_at + timedelta(seconds=10 * index),
        ended_at=made.started_at + timedelta(seconds=10 * index + 10),
        start_pts_90k=index * 10 * CLOCK_HZ,
        duration_s=10.0,
        size_bytes=size_bytes,
        sha256=sha256,
        codec="h264",
        width=WIDTH,
        height=HEIGHT,
        audio=None,
        audio_note=None,
        clock_error_ms=12.5,
        camera_clock_offset_ms=None,
    )


def open_spool(
    root: Path, clock: SimulatedClock | None = None, *, max_bytes: int = 512 * MIB, remembered: Path | None = None
) -> Spool:
    clock = clock or SimulatedClock(START)
    return Spool(root, max_bytes=max_bytes, min_free_bytes=0, clock=clock, remembered=remembered)


def fill(path: Path) -> None:
    """Take all room of the disk."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return
