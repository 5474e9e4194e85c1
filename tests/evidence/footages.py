"""Footage to render copies from: film files as parts of one incident, without database or store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av

from camsvc.domain.incident import Clip, ClipPart, Gap, GapReason, Incident
from camsvc.evidence.footage import Footage
from tests.db.examples import incident

START = datetime(2026, 11, 5, 5, 0, 0, 250_000, tzinfo=UTC)
CAMERA, NAME = "nhu-nguyet-01", "Cầu Như Nguyệt, hướng Bắc"


def footage_of(
    *files: Path | Exception, gap_s: float = 0.0, tracks: Mapping[str, Any] | None = None, start_pts_90k: int = 0
) -> Footage:
    """Each file a part (an exception: what opening it raises), ``gap_s`` between them. Sessions: ``s-0``, ``s-1``…"""
    parts: list[ClipPart] = []
    at = START
    for index, file in enumerate(files):
        parts.append(_part(index, file, at, start_pts_90k))
        at = parts[-1].ended_at + timedelta(seconds=gap_s)
    gaps = [Gap(part.ended_at, part.ended_at + timedelta(seconds=gap_s), GapReason.STALL) for part in parts[:-1]]
    clip = Clip(tuple(parts), tuple(gaps) if gap_s else ())

    @contextmanager
    def opened(part: ClipPart) -> Iterator[Path]:
        file = files[part.index]
        if isinstance(file, Exception):
            raise file
        yield file

    def open_part(part: ClipPart) -> AbstractContextManager[Path]:
        return opened(part)

    return Footage(_incident(clip), NAME, "Asia/Ho_Chi_Minh", tracks, open_part)


def tracks_of(*tracks: Mapping[str, Any], parts: int = 1, start_pts_90k: int = 0) -> dict[str, Any]:
    """``tracks.json`` of such footage."""
    told = [{"index": index, "session": f"s-{index}", "start_pts_90k": start_pts_90k} for index in range(parts)]
    return {"version": 1, "parts": told, "tracks": list(tracks)}


def track(
    number: int, points: Sequence[Sequence[float]], object_class: str = "person", session: str = "s-0"
) -> dict[str, Any]:
    """``points``: second, left, top, width, height."""
    told = [[round(point[0] * 90_000), *point[1:], 0.9] for point in points]
    return {"track": number, "session": session, "class": object_class, "points": told}


def truth(file: Path, fps: float, width: int, height: int, last_s: float) -> dict[str, Any]:
    """MOTChallenge text as tracks of people."""
    points: dict[int, list[list[float]]] = {}
    for line in file.read_text().splitlines():
        frame, number, *box = (float(each) for each in line.split(",")[:6])
        at_s = (frame - 1) / fps
        if at_s <= last_s:
            sizes = (width, height, width, height)
            points.setdefault(int(number), []).append([at_s, *(a / b for a, b in zip(box, sizes, strict=True))])
    return tracks_of(*(track(number, sorted(each)) for number, each in points.items()))


def cut(source: Path, target: Path, pictures: int) -> Path:
    """The first pictures of a film, its own bits."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = writer.add_stream_from_template(reader.streams.video[0])
        for count, packet in enumerate(reader.demux(video=0)):
            if packet.dts is None or count == pictures:
                break
            packet.stream = stream
            writer.mux(packet)
    return target


def _part(index: int, file: Path | Exception, at: datetime, start_pts_90k: int) -> ClipPart:
    seconds, width, height, codec, audio = 2.0, 320, 192, "h264", None
    if isinstance(file, Path):
        with av.open(str(file)) as film:
            video = film.streams.video[0]
            seconds = float((video.duration or 0) * (video.time_base or 0))
            width, height, codec = video.width, video.height, video.codec_context.name
            audio = film.streams.audio[0].codec_context.name if film.streams.audio else None
    return ClipPart(
        index=index,
        key=f"clip-{index}",
        session=f"s-{index}",
        started_at=at,
        ended_at=at + timedelta(seconds=seconds),
        start_pts_90k=start_pts_90k,
        duration_s=seconds,
        size_bytes=1,
        sha256="0" * 64,
        codec=codec,
        width=width,
        height=height,
        audio=audio,
        audio_note=None,
        clock_error_ms=12.5,
        camera_clock_offset_ms=None,
    )


def _incident(clip: Clip) -> Incident:
    made = incident(CAMERA, started_at=clip.started_at, last_observed_at=clip.ended_at, ended_at=clip.ended_at)
    return replace(made, clip=clip)
