"""What every use of PyAV here needs: quiet logging, errors without credentials, packets that a codec may read."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import av
import av.logging
from av.error import FFmpegError

from camsvc.log import redact
from camsvc.media.packets import CLOCK_HZ, Packet

TIME_BASE = Fraction(1, CLOCK_HZ)

# libav would write to stderr by itself, past our log and its redaction. What matters arrives as an exception as well.
av.logging.set_libav_level(av.logging.PANIC)


def scrub(error: FFmpegError, secret: str | None = None) -> FFmpegError:
    """``error`` itself, without the credentials that its file name (a URL) may hold (invariant 9)."""
    clean = [
        redact(part.replace(secret, "***") if secret else part) if isinstance(part, str) else part
        for part in error.args[:3]
    ]
    error.args = tuple(clean)
    return error


def av_packet(packet: Packet) -> av.Packet[av.VideoStream]:
    """A fresh packet for one use: muxing and stream assignment change it in place."""
    fresh = padded(packet.data)
    fresh.pts, fresh.dts, fresh.duration = packet.pts_90k, packet.dts_90k, packet.duration_90k
    fresh.time_base = TIME_BASE
    fresh.is_keyframe = packet.is_key
    return fresh


def padded(data: bytes) -> av.Packet[av.VideoStream]:
    """``data`` copied into libav's own memory: decoders read beyond the end, where ``av.Packet(bytes)`` has nothing."""
    fresh = cast("av.Packet[av.VideoStream]", av.Packet(len(data)))
    fresh.update(data)
    return fresh
