"""Puts a cut's packets on the wire for one viewer: headers, encryption in place, as few system calls as possible.

This is where a live process spends its time, so it is written for that: one copy of the picture's image per viewer, one
call of libsrtp a packet, one ``sendmsg`` with UDP_SEGMENT (Linux ≥ 4.18) for a run of equal packets.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

from camsvc.live.rtp import HEADER, MARKER, VERSION, Cut

MAX_BURST_PACKETS = 48
"""Of one call: 48 of the largest fill the 64 kB that a datagram of many segments may have; the kernel takes 64."""
SEND_BUFFER_BYTES = 1 << 20
"""Of a viewer's socket: a whole burst fits while the link is busy. Full: the packet is lost, counted, and asked for."""
_SCRATCH_BYTES = 1 << 16
_SOL_UDP, _UDP_SEGMENT = 17, 103
_NO_SEGMENTS = frozenset({errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP})
"""The interface cannot split (no checksum offload), or its MTU is smaller than a packet."""

Address = tuple[str, int]
Forward = Callable[[bytes], None]
"""Sends one packet by other means: through a TURN server."""


class Scratch:
    """Where packets are encrypted: one for all viewers of an event loop, for each is sent before the next begins."""

    def __init__(self) -> None:
        self.bytes = bytearray(_SCRATCH_BYTES)
        self.view = memoryview(self.bytes)
        self.base = ffi.cast("char *", ffi.from_buffer(self.bytes))
        self.length = ffi.new("int *")


class Route:
    """How packets reach the viewer now; ICE may change it. Owns its duplicate of the socket: ``close`` it."""

    def __init__(self, own: socket.socket | None, remote: Address, forward: Forward) -> None:
        """``own``: None when the way is not a plain UDP socket; then ``forward`` sends."""
        self._socket = own
        self._remote = remote
        self._forward = forward
        self._segments = own is not None and sys.platform == "linux"
        if own is not None:
            own.setblocking(False)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)

    def send(self, packet: memoryview) -> bool:
        """False when it did not leave."""
        if self._socket is None:
            self._forward(bytes(packet))
            return True
        try:
            self._socket.sendto(packet, self._remote)
        except OSError:  # full, or no way to there now: as good as lost on the way
            return False
        return True

    def send_run(self, packets: memoryview, size: int, count: int) -> int:
        """Packets of ``size`` bytes one after another, the last may be shorter. How many of them did not leave."""
        if count > 1 and self._segments and self._socket is not None:
            try:
                self._socket.sendmsg([packets], [(_SOL_UDP, _UDP_SEGMENT, struct.pack("=H", size))], 0, self._remote)
            except OSError as error:
                if error.errno not in _NO_SEGMENTS:
                    return count
                self._segments = False
            else:
                return 0
        return sum(not self.send(packets[begin : begin + size]) for begin in range(0, len(packets), size))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


class Outlet:
    """One viewer's packets. ``session`` is libsrtp's for what we send; all SSRCs share it."""

    def __init__(self, session: Session, tag_bytes: int, scratch: Scratch) -> None:
        self._session = session
        self._context: Any = session._srtp[0]  # noqa: SLF001  pylibsrtp copies each packet twice; test_seams watches it
        self._tag_bytes = tag_bytes
        self._scratch = scratch
        self.sent_packets = 0
        self.sent_bytes = 0
        self.lost_packets = 0
        """Did not leave this host: the socket's buffer was full, or there was no route."""

    def send(self, route: Route, cut: Cut, first: int, last: int, head: tuple[int, int, int, int]) -> int:
        """The packets ``first`` to ``last`` (exclusive, at most MAX_BURST_PACKETS) of ``cut``. How many bytes they are.

        ``head``: payload type, sequence number of ``first``, time stamp, SSRC.
        """
        layout = cut.layout(self._tag_bytes)
        offsets = layout.offsets
        start = offsets[first]
        size = offsets[last] - start
        scratch = self._scratch
        scratch.bytes[:size] = layout.image[start : start + size]
        payload_type, number, time, ssrc = head
        write, protect, context, base, length = (
            HEADER.pack_into,
            lib.srtp_protect,
            self._context,
            scratch.base,
            scratch.length,
        )
        final = len(cut) - 1
        for index in range(first, last):
            at = offsets[index] - start
            marked = payload_type | MARKER if index == final else payload_type
            write(scratch.bytes, at, VERSION, marked, (number + index - first) & 0xFFFF, time, ssrc)
            length[0] = offsets[index + 1] - start - at - self._tag_bytes
            if protect(context, base + at, length):
                self.lost_packets += last - first
                return 0
        index = first
        while index < last:
            end = min(cut.run_ends[index], last)
            begin = offsets[index] - start
            run = scratch.view[begin : offsets[end] - start]
            self.lost_packets += route.send_run(run, offsets[index + 1] - start - begin, end - index)
            index = end
        self.sent_packets += last - first
        self.sent_bytes += size
        return size

    def send_packet(self, route: Route, packet: bytes) -> None:
        """One RTP packet that is whole but for its encryption."""
        self._send_one(route, packet, lib.srtp_protect)

    def send_control(self, route: Route, packet: bytes) -> None:
        """An RTCP packet, compound or not."""
        self._send_one(route, packet, lib.srtp_protect_rtcp)

    def _send_one(self, route: Route, packet: bytes, protect: Callable[[Any, Any, Any], int]) -> None:
        scratch = self._scratch
        scratch.bytes[: len(packet)] = packet
        scratch.length[0] = len(packet)
        if protect(self._context, scratch.base, scratch.length) or not route.send(scratch.view[: scratch.length[0]]):
            self.lost_packets += 1


def duplicate(transport: Any) -> socket.socket | None:  # noqa: ANN401  asyncio's and uvloop's sockets share no type
    """The socket below an asyncio datagram transport, as one of our own; None when there is none."""
    below = transport.get_extra_info("socket")
    with contextlib.suppress(AttributeError, OSError):
        return socket.fromfd(below.fileno(), below.family, below.type)
    return None
