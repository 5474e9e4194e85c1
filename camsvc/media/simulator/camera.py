"""One simulated camera: plays its reel in real time to whoever listens. Lives on the server's event loop."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from camsvc.log import get
from camsvc.media.simulator.faults import CONTINUOUS, Fault, FaultKind
from camsvc.media.simulator.reel import RTP_HEADER_BYTES, Reel, Track, Unit

SENDER_REPORT_EVERY_S = 5.0
"""RFC 3550 §6.2: the least interval a sender may use; cameras do."""
NTP_EPOCH_OFFSET_S = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 5905 §6)."""

log = get(__name__)


class Listener:
    """One client's way out: ``send(track index, is_rtcp, packet)``; must not block. ``close`` hangs up."""

    def __init__(
        self, send: Callable[[int, bool, bytes], None], close: Callable[[], None], room: Callable[[], bool]
    ) -> None:
        self.send = send
        self.close = close
        self.has_room = room
        """False: the client does not keep up; it is left out until the next key frame."""
        self.waits_for_key = True
        self.tracks: set[int] = set()
        self.reported: set[int] = set()
        """Tracks whose sender report it has had: the first comes with the first packet."""


@dataclass(slots=True)
class _Channel:
    """RTP state of one track."""

    ssrc: int = field(default_factory=lambda: random.getrandbits(32))
    sequence: int = field(default_factory=lambda: random.getrandbits(16))
    first_timestamp: int = field(default_factory=lambda: random.getrandbits(31))
    packets: int = 0
    octets: int = 0
    reported_at_s: float = float("-inf")


class SimulatedCamera:
    """``resized`` is the same scene at another size, for the fault RESIZE."""

    def __init__(self, reel: Reel, faults: tuple[Fault, ...] = (), resized: Reel | None = None) -> None:
        self.reel = reel
        self.dropped_units = 0
        """Access units not sent because a client did not keep up."""
        self._resized = resized
        self._listeners: list[Listener] = []
        self._channels = (_Channel(), _Channel())
        self._shift_s = 0.0
        self._refused_until_s = 0.0
        self._stalled_until_s = 0.0
        self._use_resized = False
        self._shares = {fault.kind: fault.amount for fault in faults if fault.kind in CONTINUOUS}
        self._events = [fault for fault in faults if fault.kind not in CONTINUOUS]

    @property
    def refuses(self) -> bool:
        return time.monotonic() < self._refused_until_s

    @property
    def current(self) -> Reel:
        return self._resized if self._use_resized and self._resized else self.reel

    def join(self, listener: Listener) -> None:
        """From the next key frame on, as with a real camera."""
        listener.waits_for_key = True
        self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)

    def inject(self, fault: Fault) -> None:
        """Make it happen now."""
        if fault.kind in CONTINUOUS:
            self._shares[fault.kind] = fault.amount
        elif fault.kind is FaultKind.STALL:
            self._stalled_until_s = time.monotonic() + fault.amount
        elif fault.kind is FaultKind.JUMP:
            self._shift_s += fault.amount
        elif fault.kind is FaultKind.RESIZE:
            self._use_resized = not self._use_resized
        else:
            if fault.kind is FaultKind.REFUSE:
                self._refused_until_s = time.monotonic() + fault.amount
            for listener in tuple(self._listeners):
                listener.close()
        log.debug("fault", camera=self.reel.name, kind=fault.kind.value, amount=fault.amount)

    async def play(self) -> None:
        """Runs until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for fault in self._events:
                tasks.create_task(self._repeat(fault))
            tasks.create_task(self._broadcast())

    async def _repeat(self, fault: Fault) -> None:
        while True:
            await asyncio.sleep(fault.every_s)
            self.inject(fault)

    async def _broadcast(self) -> None:
        started_s = time.monotonic()
        for due_s, index, unit, offset_s in self._endless():
            wait_s = started_s + due_s - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            if self._listeners and time.monotonic() >= self._stalled_until_s:
                self._send(index, unit, offset_s)

    def _endless(self) -> Iterator[tuple[float, int, Unit, float]]:
        """Due time, track index, unit, and how long before this round the camera had been running."""
        offset_s = 0.0
        while True:
            reel = self.current
            for index, unit in reel.round():
                yield offset_s + unit.send_s, index, unit, offset_s
                if index == 0 and reel is not self.current:
                    offset_s += unit.send_s
                    break
            else:
                offset_s += float(reel.duration_s)

    def _send(self, index: int, unit: Unit, offset_s: float) -> None:
        channel = self._channels[index]
        track = self._track(index)
        timestamp = (
            channel.first_timestamp + unit.timestamp + round((offset_s + self._shift_s) * track.clock_hz)
        ) & 0xFFFFFFFF
        packets = [self._stamp(channel, packet, timestamp) for packet in unit.packets]
        report_due = time.monotonic() - channel.reported_at_s >= SENDER_REPORT_EVERY_S
        report = self._report(channel, timestamp)
        for listener in self._listeners:
            if index not in listener.tracks or not self._admit(listener, index, unit):
                continue
            if report_due or index not in listener.reported:
                listener.reported.add(index)
                listener.send(index, True, report)
            for packet in packets:
                if damaged := self._damage(packet):
                    listener.send(index, False, damaged)
        if report_due:
            channel.reported_at_s = time.monotonic()

    def _track(self, index: int) -> Track:
        reel = self.current
        return reel.audio if index and reel.audio else reel.video

    def _admit(self, listener: Listener, index: int, unit: Unit) -> bool:
        if index == 0 and unit.is_key and listener.has_room():
            listener.waits_for_key = False
        elif index == 0 and not listener.has_room():
            listener.waits_for_key = True
        if listener.waits_for_key:
            self.dropped_units += 1
        return not listener.waits_for_key

    def _stamp(self, channel: _Channel, packet: bytes, timestamp: int) -> bytes:
        channel.sequence = channel.sequence + 1 & 0xFFFF
        channel.packets += 1
        channel.octets += len(packet) - RTP_HEADER_BYTES
        header = struct.pack("!2sHII", packet[:2], channel.sequence, timestamp, channel.ssrc)
        return header + packet[RTP_HEADER_BYTES:]

    def _report(self, channel: _Channel, timestamp: int) -> bytes:
        """An RTCP sender report (RFC 3550 §6.4.1): this time stamp is now, by the camera's own clock."""
        wall_s = time.time() + self._shares.get(FaultKind.CLOCK, 0.0) + NTP_EPOCH_OFFSET_S
        seconds = int(wall_s)
        fraction = int((wall_s - seconds) * (1 << 32))
        body = struct.pack(
            "!IIIIII",
            channel.ssrc,
            seconds & 0xFFFFFFFF,
            fraction,
            timestamp,
            channel.packets & 0xFFFFFFFF,
            channel.octets & 0xFFFFFFFF,
        )
        name = b"camsvc"
        items = struct.pack("!IBB", channel.ssrc, 1, len(name)) + name + b"\0"
        items += b"\0" * (-len(items) % 4)
        return struct.pack("!BBH", 0x80, 200, 6) + body + struct.pack("!BBH", 0x81, 202, len(items) // 4) + items

    def _damage(self, packet: bytes) -> bytes | None:
        if random.random() < self._shares.get(FaultKind.LOSS, 0.0):  # noqa: S311  a fault, not a secret
            return None
        if random.random() < self._shares.get(FaultKind.CORRUPT, 0.0):  # noqa: S311  a fault, not a secret
            broken = bytearray(packet)
            for _ in range(8):
                broken[random.randrange(RTP_HEADER_BYTES, len(broken))] ^= 0xFF  # noqa: S311  as above
            return bytes(broken)
        return packet
