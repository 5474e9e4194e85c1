"""The ring of recent packets of one camera: one thread writes, many read, nobody makes the writer wait (invariant 1).

It holds runs of packets. A run is a GOP (key frame and all that follows it up to the next), or a piece of a GOP too big
to be kept whole. Only whole runs are evicted, oldest first, so what is left always starts with a key frame.

Costs, with G runs in the ring: ``append`` is O(1) amortised; ``reader`` and ``stats`` are O(G); ``read`` is
O(packets returned).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from camsvc.domain.incident import GapReason
from camsvc.media.packets import ClockReading, Packet, Parameters
from camsvc.media.runs import Run, Runs, Session


@dataclass(frozen=True, slots=True)
class SessionStart:
    session: str
    parameters: Parameters
    at: datetime
    """Wall time of its first packet."""
    clock: Callable[[], ClockReading]


@dataclass(frozen=True, slots=True)
class SessionEnd:
    session: str
    reason: GapReason
    at: datetime
    """Wall time of its last packet."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The reader was too slow: these packets were evicted unread. A key frame follows."""

    started_at: datetime
    """Wall time of the last packet that was read."""
    ended_at: datetime
    """Wall time of the packet that follows."""
    packets: int


RingItem = Packet | SessionStart | SessionEnd | Lost


@dataclass(frozen=True, slots=True)
class RingStats:
    packets: int
    bytes: int
    seconds: float
    """From the oldest packet to the newest, pauses between sessions included."""
    gops: int
    evicted_packets: int
    """Left the ring by age or budget since it was made; normal."""
    lost_packets: int
    """Evicted before a reader had read them, summed over all readers; should stay 0."""
    undecodable_packets: int
    """Refused: they came before the session's first key frame."""
    readers: int


class Ring:
    """Bounded in seconds and in bytes; the older end gives way (counted in ``stats``).

    ``max_s`` is what is kept at least, up to one GOP more, as long as ``max_bytes`` allows. Any thread may call
    ``reader`` and ``stats``; the rest belongs to the one writing thread.
    """

    def __init__(self, max_s: float, max_bytes: int) -> None:
        self._runs = Runs(max_s, max_bytes)
        self._session: Session | None = None
        self._undecodable = 0

    def open_session(self, session: str, parameters: Parameters, clock: Callable[[], ClockReading]) -> None:
        """Packets appended from now on belong to ``session``. Raises RuntimeError while another is open."""
        if self._session is not None:
            raise RuntimeError(f"session {self._session.session} is open: close it before opening {session}")
        self._session = Session(session, parameters, clock)

    def append(self, packet: Packet) -> None:
        """Never waits. What comes before the session's first key frame is of no use and is refused (counted)."""
        if self._session is None:
            raise RuntimeError("append() outside a session: call open_session() first")
        with self._runs.changed:
            if not self._runs.append(self._session, packet):
                self._undecodable += 1

    def close_session(self, reason: GapReason) -> None:
        """Ends the open session; its packets stay readable. A session without packets leaves no trace."""
        session, self._session = self._session, None
        if session is None:
            raise RuntimeError("close_session() without an open session")
        with self._runs.changed:
            self._runs.end(session, reason)

    def reader(self, start: datetime | None = None) -> RingReader:
        """Reads from the last key frame at or before ``start`` (the oldest kept if none is), or from the newest GOP.

        In an empty ring it begins with whatever comes first.
        """
        with self._runs.changed:
            return RingReader(self._runs, self._runs.find(start))

    @property
    def stats(self) -> RingStats:
        runs = self._runs
        with runs.changed:
            return RingStats(
                packets=sum(len(run.packets) for run in runs.runs),
                bytes=runs.size_bytes,
                seconds=(runs.elapsed_us - runs.runs[0].elapsed_us) / 1e6 if runs.runs else 0.0,
                gops=sum(run.starts_with_key for run in runs.runs),
                evicted_packets=runs.evicted,
                lost_packets=runs.lost,
                undecodable_packets=self._undecodable,
                readers=len(runs.readers),
            )


class RingReader:
    """One reader's place in the ring, from ``Ring.reader``. ``read`` belongs to one thread; any may call ``close``."""

    def __init__(self, runs: Runs, first: Run | None) -> None:
        self._runs = runs
        runs.readers.add(self)
        self._closed = False
        self._run: Run | None = None
        """Being read. This reference keeps it when it is evicted meanwhile: a GOP once begun is never lost by half."""
        self._index = 0
        self._next_run = first.number if first else runs.next_number
        self._position = first.first_packet if first else None
        """How many packets the ring had taken before the next one to be read; None: any key frame will do."""
        self._last_at = first.packets[0].at if first else None
        self._session: Session | None = None
        """Announced to the caller and not yet ended."""
        self.lost_packets = 0

    def read(self, timeout_s: float) -> list[RingItem]:
        """The next items in order, at most one GOP of packets (so that a slow reader holds little).

        Empty after ``timeout_s`` without any, and after ``close``.
        """
        deadline = time.monotonic() + timeout_s
        with self._runs.changed:
            while not self._closed:
                if items := self._collect():
                    return items
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    break
                self._runs.changed.wait(left_s)
        return []

    def close(self) -> None:
        """Wakes a waiting ``read``; may be called twice."""
        with self._runs.changed:
            self._closed = True
            self._run = None
            self._runs.readers.discard(self)
            self._runs.changed.notify_all()

    def _collect(self) -> list[RingItem]:
        items: list[RingItem] = []
        while not items or not isinstance(items[-1], Packet):
            if self._run is None:
                if not self._enter(items):
                    break
            elif self._index < len(self._run.packets):
                self._take(self._run, items)
            elif not self._leave(self._run, items):
                break
        return items

    def _take(self, run: Run, items: list[RingItem]) -> None:
        fresh = run.packets[self._index :]
        items.extend(fresh)
        self._index += len(fresh)
        self._position = run.first_packet + self._index
        self._last_at = fresh[-1].at

    def _leave(self, run: Run, items: list[RingItem]) -> bool:
        """Whether the finished run is behind us: a newer one exists, or its session has ended."""
        if run.number + 1 < self._runs.next_number:
            self._run = None
        elif run.session.end is not None:
            self._run = None
            self._end_session(items)
        else:
            return False
        self._next_run = run.number + 1
        return True

    def _enter(self, items: list[RingItem]) -> bool:
        run = self._runs.first_from(self._next_run)
        # The rest of a cut GOP is good only for who has read its head.
        while run is not None and not run.starts_with_key and self._position != run.first_packet:
            run = self._runs.first_from(run.number + 1)
        if run is None:
            return False
        first = run.packets[0]
        if (session := run.session) is not self._session:
            self._end_session(items)
            self._session = session
            items.append(SessionStart(session.session, session.parameters, session.at, session.clock))
        if self._position is not None and run.first_packet > self._position:
            missed = run.first_packet - self._position
            items.append(Lost(self._last_at or first.at, first.at, missed))
            self.lost_packets += missed
            self._runs.lost += missed
        self._run, self._index, self._position = run, 0, run.first_packet
        return True

    def _end_session(self, items: list[RingItem]) -> None:
        if self._session is not None and self._session.end is not None:
            items.append(SessionEnd(self._session.session, *self._session.end))
        self._session = None
