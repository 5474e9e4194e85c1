"""One viewer's video: access units in, paced RTP packets out, lost ones once more, and the reports that go with it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from aiortc.clock import datetime_to_ntp
from aiortc.rtp import RtcpSdesPacket, RtcpSenderInfo, RtcpSourceInfo, RtcpSrPacket

from camsvc.clock import Clock
from camsvc.live import rtp
from camsvc.live.access_unit import AccessUnit, rtp_time
from camsvc.live.link import Link
from camsvc.live.outlet import MAX_BURST_PACKETS, Outlet
from camsvc.live.pacer import FACTOR, MIN_BYTES_PER_S, Bucket, Pacer, Rate
from camsvc.live.rtp import Cut
from camsvc.live.sdp import Format

HISTORY_PACKETS = 1024
"""Kept for repetition: a second of 10 Mb/s. They are the pictures' own bytes, shared by all viewers."""
REPEAT_AFTER_S = 0.02
"""A packet asked for again so soon was asked for while the answer was on its way."""
_SEQUENCE_PERIOD = 1 << 16
_SDES_CNAME = 1


@dataclass(slots=True)
class _Sent:
    """A picture that has begun to leave."""

    cut: Cut
    time: int
    number: int
    """Sequence number of its first packet, not wrapped."""
    left: int = 0
    """How many of its packets have left."""


@dataclass(frozen=True, slots=True)
class SenderStats:
    packets: int
    bytes: int
    repeated: int
    """Packets that the browser had lost."""
    not_sent: int
    """Did not leave this host."""


class Sender:
    """Used by the event loop's thread alone. ``close`` it before its link."""

    def __init__(self, link: Link, outlet: Outlet, chosen: Format, ids: Ids, pacer: Pacer, clock: Clock) -> None:
        self._link = link
        self._outlet = outlet
        self._format = chosen
        self._ids = ids
        self._pacer = pacer
        self._clock = clock
        self._next = secrets.randbelow(_SEQUENCE_PERIOD)
        self._next_rtx = secrets.randbelow(_SEQUENCE_PERIOD)
        self._bucket = Bucket(time.monotonic())
        self._rate = Rate()
        self._waiting: deque[_Sent] = deque()
        """Not yet left in full. Bounded: who feeds us waits for ``settled`` between live pictures; those caught up are
        bounded by their channel."""
        self._history: deque[_Sent] = deque()
        self._history_packets = 0
        self._repeated_at: dict[int, float] = {}
        self._settled: asyncio.Future[None] | None = None
        self.repeated = 0

    @property
    def is_behind(self) -> bool:
        return bool(self._waiting)

    @property
    def stats(self) -> SenderStats:
        outlet = self._outlet
        return SenderStats(outlet.sent_packets, outlet.sent_bytes, self.repeated, outlet.lost_packets)

    def send(self, unit: AccessUnit) -> None:
        """Sends what the pace allows; the rest leaves by itself."""
        cut = unit.packed.cut
        if cut is None:
            cut = unit.packed.cut = rtp.cut(unit.data)
        self._rate.add(cut.payload_bytes, unit.at.timestamp())
        self._bucket.bytes_per_s = max(MIN_BYTES_PER_S, self._rate.bytes_per_s * FACTOR)
        self._waiting.append(_Sent(cut, unit.at_90k, self._next))
        self._next += len(cut)
        if len(self._waiting) == 1 and not self.flush(time.monotonic()):
            self._pacer.add(self)

    def give_up(self) -> None:
        """What has not left yet is not wanted any more: a key frame follows."""
        for each in self._waiting:
            self._next = min(self._next, each.number + each.left)
        self._waiting.clear()
        self._pacer.remove(self)
        self._settle()

    async def settled(self) -> None:
        """Until nothing waits."""
        while self._waiting:
            if self._settled is None:
                self._settled = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._settled)

    def flush(self, now_s: float) -> bool:
        """As ``pacer.Behind`` says."""
        route = self._link.route()
        bucket = self._bucket
        while self._waiting and route is not None:
            current = self._waiting[0]
            cut, first = current.cut, current.left
            room = bucket.available(now_s)
            if room <= 0:
                return False
            last = _last(cut, first, room)
            if first == 0:
                self._remember(current)
            head = self._format.payload_type, current.number + first, current.time, self._ids.ssrc
            bucket.take(self._outlet.send(route, cut, first, last, head))
            current.left = last
            if last == len(cut):
                self._waiting.popleft()
        if route is None:
            self._waiting.clear()
        self._settle()
        return True

    def repeat(self, lost: Sequence[int]) -> None:
        """The browser lost these sequence numbers (16 bits). What is too old, or asked for twice at once, is left."""
        route, now_s = self._link.route(), time.monotonic()
        for number in lost:
            whole = self._next - 1 - (self._next - 1 - number) % _SEQUENCE_PERIOD
            if route is None or now_s - self._repeated_at.get(whole, -1.0) < REPEAT_AFTER_S:
                continue
            found = next((each for each in reversed(self._history) if each.number <= whole), None)
            if (
                found is None
                or whole >= found.number + found.left
                or self._bucket.available(now_s) < self._bucket.deepest
            ):
                continue
            self._repeated_at[whole] = now_s
            self._outlet.send_packet(route, self._again(found, whole))
            self._bucket.take(len(found.cut.payloads[whole - found.number]))
            self.repeated += 1

    def report(self) -> None:
        """A sender report (RFC 3550 §6.4.1): our wall time and the RTP time of the same moment."""
        route = self._link.route()
        if route is None:
            return
        now = self._clock.now()
        info = RtcpSenderInfo(
            ntp_timestamp=datetime_to_ntp(now),
            rtp_timestamp=rtp_time(now),
            packet_count=self._outlet.sent_packets & 0xFFFFFFFF,
            octet_count=self._outlet.sent_bytes & 0xFFFFFFFF,
        )
        name = RtcpSourceInfo(ssrc=self._ids.ssrc, items=[(_SDES_CNAME, self._ids.cname.encode("ascii"))])
        compound = bytes(RtcpSrPacket(self._ids.ssrc, info)) + bytes(RtcpSdesPacket([name]))
        self._outlet.send_control(route, compound)

    def close(self) -> None:
        self.give_up()
        self._history.clear()
        self._repeated_at.clear()

    def _again(self, found: _Sent, number: int) -> bytes:
        index = number - found.number
        marker = rtp.MARKER if index == len(found.cut) - 1 else 0
        payload, ids = found.cut.payloads[index], self._ids
        repair = self._format.rtx_payload_type
        if repair is None:
            head = marker | self._format.payload_type, number & 0xFFFF, found.time, ids.ssrc
            return rtp.HEADER.pack(rtp.VERSION, *head) + payload
        own = self._next_rtx & 0xFFFF
        self._next_rtx += 1
        return rtp.rtx((marker | repair, own, found.time, ids.rtx_ssrc), number & 0xFFFF, payload)

    def _remember(self, sent: _Sent) -> None:
        self._history.append(sent)
        self._history_packets += len(sent.cut)
        while self._history_packets > HISTORY_PACKETS and len(self._history) > 1:
            oldest = self._history.popleft()
            self._history_packets -= len(oldest.cut)
        if len(self._repeated_at) > HISTORY_PACKETS:
            self._repeated_at.clear()

    def _settle(self) -> None:
        if self._settled is not None:
            self._settled.set_result(None)
            self._settled = None


@dataclass(frozen=True, slots=True)
class Ids:
    """What tells this viewer's stream from others."""

    ssrc: int
    rtx_ssrc: int
    cname: str

    @classmethod
    def fresh(cls) -> Ids:
        ssrc = secrets.randbits(32)
        return cls(ssrc, ssrc ^ 1, secrets.token_hex(8))


def _last(cut: Cut, first: int, room: float) -> int:
    """The end of the packets from ``first`` that fit into ``room`` bytes; at least one."""
    if first == 0 and cut.payload_bytes <= room and len(cut) <= MAX_BURST_PACKETS:
        return len(cut)
    last = first
    while last < min(len(cut), first + MAX_BURST_PACKETS) and (room > 0 or last == first):
        room -= len(cut.payloads[last])
        last += 1
    return last
