"""H.264 in RTP (RFC 3550, RFC 6184): a picture is cut into packets once, whatever the number of viewers.

What differs from viewer to viewer is the header of each packet and its encryption. So the cut keeps an *image*: all
packets one after another, each with room for a header before it and for the authentication tag behind it. A viewer
copies the image, writes the headers and encrypts in place. Fragments of a unit have equal sizes, because the kernel
takes a run of equal packets (only the last may be shorter) in one system call.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import accumulate

from camsvc.media import nal

HEADER = struct.Struct("!BBHII")
"""Version and flags, marker and payload type, sequence number, time stamp, SSRC (RFC 3550 §5.1)."""
HEADER_BYTES = HEADER.size
VERSION = 0x80
MARKER = 0x80
MAX_PAYLOAD_BYTES = 1200
"""IPv6 promises 1280 bytes on any link: 40 IP + 8 UDP + 12 RTP + 2 number of a repeated packet + 16 tag leave 1202."""

_FU_A, _STAP_A = 28, 24
_FU_HEADER_BYTES = 2
_LENGTH_BYTES = 2
_START, _END = 0x80, 0x40
_SUPERFLUOUS = frozenset({9, 12})
"""Access unit delimiter and filler: RTP marks where a picture ends, and nobody needs zeros."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The image of a cut for one length of authentication tag."""

    image: bytes = field(repr=False)
    offsets: tuple[int, ...]
    """Where each packet begins; one more for the end of the last."""


class Cut:
    """One access unit as RTP payloads. Immutable but for its memory of layouts; the event loop's thread only."""

    __slots__ = ("_layouts", "payload_bytes", "payloads", "run_ends")

    def __init__(self, payloads: tuple[bytes, ...]) -> None:
        self.payloads = payloads
        self.payload_bytes = sum(map(len, payloads))
        self.run_ends = _run_ends([len(payload) for payload in payloads])
        """For each packet: the end (exclusive) of the run of equal packets that it belongs to."""
        self._layouts: dict[int, Layout] = {}

    def __len__(self) -> int:
        return len(self.payloads)

    def layout(self, tag_bytes: int) -> Layout:
        known = self._layouts.get(tag_bytes)
        if known is None:
            head, tail = bytes(HEADER_BYTES), bytes(tag_bytes)
            sizes = (HEADER_BYTES + len(payload) + tag_bytes for payload in self.payloads)
            image = b"".join([head + payload + tail for payload in self.payloads])
            known = self._layouts[tag_bytes] = Layout(image, tuple(accumulate(sizes, initial=0)))
        return known


def cut(annex_b: bytes, max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> Cut:
    """An access unit as payloads of packetization-mode 1 (RFC 6184 §5.4): small units together, large ones in parts."""
    payloads: list[bytes] = []
    small: list[bytes] = []
    room = max_payload_bytes - 1
    for unit in nal.units(annex_b):
        if len(unit) < 2 or unit[0] & 0x1F in _SUPERFLUOUS:
            continue
        needed = _LENGTH_BYTES + len(unit)
        if needed > room and small:
            payloads.append(_together(small))
            small, room = [], max_payload_bytes - 1
        if len(unit) > max_payload_bytes:
            payloads.extend(_in_parts(unit, max_payload_bytes))
        else:
            small.append(unit)
            room -= needed
    if small:
        payloads.append(_together(small))
    return Cut(tuple(payloads))


def rtx(header: tuple[int, int, int, int], number: int, payload: bytes) -> bytes:
    """A repeated packet (RFC 4588 §4): ``header`` is marker and payload type, sequence number, time stamp and SSRC of
    the repair stream; ``number`` is the sequence number that was lost."""
    return HEADER.pack(VERSION, *header) + number.to_bytes(2, "big") + payload


def _together(units: list[bytes]) -> bytes:
    """A single unit as it is; several as STAP-A, whose header takes the highest importance of them (§5.7.1)."""
    if len(units) == 1:
        return units[0]
    importance = max(unit[0] & 0x60 for unit in units)
    return bytes([importance | _STAP_A]) + b"".join([len(unit).to_bytes(2, "big") + unit for unit in units])


def _in_parts(unit: bytes, max_payload_bytes: int) -> list[bytes]:
    """FU-A (§5.8), in as few parts as it takes, all of one size but for the last."""
    indicator, kind = unit[0] & 0xE0 | _FU_A, unit[0] & 0x1F
    length = len(unit) - 1
    count = -(-length // (max_payload_bytes - _FU_HEADER_BYTES))
    size = -(-length // count)
    parts = []
    for begin in range(0, length, size):
        first, last = begin == 0, begin + size >= length
        head = bytes([indicator, kind | _START * first | _END * last])
        parts.append(head + unit[1 + begin : 1 + begin + size])
    return parts


def _run_ends(sizes: list[int]) -> tuple[int, ...]:
    ends: list[int] = []
    begin = 0
    while begin < len(sizes):
        end = begin + 1
        while end < len(sizes) and sizes[end] == sizes[begin]:
            end += 1
        if end < len(sizes) and sizes[end] < sizes[begin]:
            end += 1
        ends.extend([end] * (end - begin))
        begin = end
    return tuple(ends)
