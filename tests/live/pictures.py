"""Packets of test films, and what is to be seen in access units."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import av

from camsvc.live.access_unit import AccessUnit
from camsvc.media.file import FileSource
from camsvc.media.libav import padded
from camsvc.media.packets import Kind, Packet, VideoParameters
from tests.video import picture, read_number

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def packets_of(path: Path, start: datetime = START) -> tuple[VideoParameters, list[Packet]]:
    """The pictures of a film as a camera would send them."""
    with FileSource(path, start=start) as source:
        return source.parameters.video, [packet for packet in source.packets() if packet.kind is Kind.VIDEO]


def frames_of(units: list[AccessUnit]) -> list[av.VideoFrame]:
    """What a decoder that knows nothing beforehand makes of the units."""
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1
    frames = [frame for unit in units for frame in decoder.decode(padded(unit.data))]
    return frames + decoder.decode(None)


def numbers_in(units: list[AccessUnit]) -> list[int]:
    return [read_number(picture(frame)) for frame in frames_of(units)]
