"""Packets without media in them, for what only looks at time, size and key frames."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from camsvc.media.packets import CLOCK_HZ, ClockReading, Kind, Packet, Parameters, VideoParameters

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
PARAMETERS = Parameters(VideoParameters("h264", 320, 192, b""))


def clock() -> ClockReading:
    return ClockReading(error_ms=10.0, camera_offset_ms=None)


def video_packet(number: int, *, gop: int = 10, fps: int = 10, size: int = 100, start: datetime = START) -> Packet:
    ticks = CLOCK_HZ // fps
    return Packet(
        Kind.VIDEO,
        number.to_bytes(4, "big") + bytes(size - 4),
        number * ticks,
        number * ticks,
        ticks,
        number % gop == 0,
        start + timedelta(seconds=number / fps),
    )


def video_packets(
    count: int, *, first: int = 0, gop: int = 10, size: int = 100, start: datetime = START
) -> Iterator[Packet]:
    for number in range(first, first + count):
        yield video_packet(number, gop=gop, size=size, start=start)


def audio_packet(number: int, at: datetime = START) -> Packet:
    return Packet(Kind.AUDIO, b"tone", number * 1920, number * 1920, 1920, True, at)


def number_of(packet: Packet) -> int:
    return int.from_bytes(packet.data[:4], "big")
