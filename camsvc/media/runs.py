"""Runs of packets and the sessions they belong to: what a ring is made of, used by ``media.ring`` under its lock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from camsvc.domain.incident import GapReason
from camsvc.media.packets import ClockReading, Kind, Packet, Parameters

RUN_SHARE = 4
"""A GOP is cut into runs of at most a quarter of the byte budget: cameras with one key frame a minute exist, and such a
GOP must neither break the budget nor be dropped for those who already follow it."""

PACKET_OVERHEAD_BYTES = 280
"""What CPython 3.11 takes for a Packet besides its data (objects of its fields, list slot): 273 by tracemalloc."""


_MICROSECOND = timedelta(microseconds=1)
_NO_PACKET_YET = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True, eq=False)
class Session:
    session: str
    parameters: Parameters
    clock: Callable[[], ClockReading]
    at: datetime = _NO_PACKET_YET
    """Wall time of its first packet."""
    end: tuple[GapReason, datetime] | None = None
    """Why, and the wall time of its last packet; None while open."""


@dataclass(slots=True, eq=False)
class Run:
    number: int
    """Rises by one from run to run: a run's place in the ring is its number minus the first's."""
    session: Session
    starts_with_key: bool
    first_packet: int
    """How many packets the ring had taken before this run."""
    elapsed_us: int
    """Ring time of its first packet, µs: whole, so that adding it up does not drift."""
    packets: list[Packet] = field(default_factory=list)
    """Never empty once others see it. Only grows, and only while the run is the newest."""
    size_bytes: int = 0


class Runs:
    """What ring and readers share. Everything here happens under ``changed``."""

    def __init__(self, max_s: float, max_bytes: int) -> None:
        self.changed = threading.Condition()
        self.runs: deque[Run] = deque()
        self.readers: set[object] = set()
        self.next_number = 0
        self.size_bytes = 0
        self.elapsed_us = 0
        self.evicted = 0
        self.lost = 0
        self._appended = 0
        self._newest_at: datetime | None = None
        self._max_us, self._max_bytes = round(max_s * 1e6), max_bytes

    def append(self, session: Session, packet: Packet) -> bool:
        """False: refused, since the session has no key frame yet."""
        starts_gop = packet.is_key and packet.kind is Kind.VIDEO
        run = self.runs[-1] if self.runs and self.runs[-1].session is session else None
        if run is None and not starts_gop:
            return False
        self._advance(packet.at)
        if run is None or starts_gop or run.size_bytes >= self._max_bytes // RUN_SHARE:
            run = Run(self.next_number, session, starts_gop, self._appended, self.elapsed_us)
            if session.at is _NO_PACKET_YET:
                session.at = packet.at
            self.next_number += 1
            self.runs.append(run)
            self._evict_old()
        size = len(packet.data) + PACKET_OVERHEAD_BYTES
        run.packets.append(packet)
        run.size_bytes += size
        self.size_bytes += size
        self._appended += 1
        while self.size_bytes > self._max_bytes and len(self.runs) > 1:
            self._drop_oldest_gop()
        self.changed.notify_all()
        return True

    def end(self, session: Session, reason: GapReason) -> None:
        # The newest run is never evicted, so a session that had packets still owns it.
        if self.runs and self.runs[-1].session is session:
            session.end = (reason, self.runs[-1].packets[-1].at)
            self.changed.notify_all()

    def find(self, start: datetime | None) -> Run | None:
        """The run to begin with; None: none can be decoded."""
        keyed = [run for run in self.runs if run.starts_with_key]
        if not keyed:
            return None
        if start is None:
            return keyed[-1]
        return next((run for run in reversed(keyed) if run.packets[0].at <= start), keyed[0])

    def first_from(self, number: int) -> Run | None:
        """The oldest kept run with this number or a later one."""
        if not self.runs or number >= self.next_number:
            return None
        return self.runs[max(0, number - self.runs[0].number)]

    def _advance(self, at: datetime) -> None:
        # Ring time only adds up what wall time gains: a clock set back between sessions neither evicts nor pins.
        if self._newest_at is not None and at > self._newest_at:
            self.elapsed_us += (at - self._newest_at) // _MICROSECOND
        self._newest_at = at

    def _evict_old(self) -> None:
        """What can go and still leave ``max_s``; looked for when a run begins, since only whole GOPs go."""
        while True:
            following = next((run for run in islice(self.runs, 1, None) if run.starts_with_key), None)
            if following is None or self.elapsed_us - following.elapsed_us < self._max_us:
                return
            self._drop_oldest_gop()

    def _drop_oldest_gop(self) -> None:
        self._drop_oldest()
        # The rest of a cut GOP cannot be decoded without its head: only the newest run stays, for who follows it.
        while len(self.runs) > 1 and not self.runs[0].starts_with_key:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        run = self.runs.popleft()
        self.size_bytes -= run.size_bytes
        self.evicted += len(run.packets)
