"""The analysis of one live camera: a thread that reads the ring of its analysed stream.

When it has slept behind an idle gate, what woke it is analysed too, and that may
wait for the detector; in steady work a newer frame replaces an older one instead. When it falls far behind all the same
(processor too slow, detector restarting) it goes on from the newest GOP and says what it did not see.
"""

from __future__ import annotations

import threading
from datetime import datetime

from camsvc.clock import Clock
from camsvc.domain.incident import GapReason
from camsvc.media.packets import Packet
from camsvc.media.ring import Ring, RingItem, RingReader, SessionEnd, SessionStart
from camsvc.worker.analysis import Analysis

IDLE_PACE_S = 0.25
"""How often the ring is read while the gate sleeps. Waking for each packet would be 5000 thread switches a second with
200 cameras; what is in the ring does not run away."""
ACTIVE_PACE_S = 0.04
"""And while frames are decoded: below the step of the usual 5 frames a second, so that answers do not lie about."""
MAX_LAG_S = 15.0
"""Further behind the camera than this, skip: an operator who is told later than that is not told of what happens.
Well below the ring's 30 s, so that nothing was lost unnoticed before."""
CAUGHT_UP_S = 0.5
"""Behind by less than this is up to date: two frames at the usual 5 a second."""
CATCH_UP_S = 10.0
"""How long after waking the detector is waited for, frame by frame. Longer, and the machine is overloaded: then newest
first."""
AWAY_EVERY_S = 5.0
"""How often, without packets, time is declared unseen; patience is 30 s."""


class CatchUp:
    """Whether a frame is worth waiting for (``Analysis.wait``). Used by the analysis thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: float | None = None

    def __call__(self, at: datetime) -> bool:
        lag_s = (self._clock.now() - at).total_seconds()
        if lag_s <= CAUGHT_UP_S:
            self._until_s = None
            return False
        now_s = self._clock.monotonic_s()
        if self._until_s is None:
            self._until_s = now_s + CATCH_UP_S
        return now_s < self._until_s


class Watch:
    """Runs ``analysis`` over ``ring`` until ``stop``; then open incidents are interrupted. Made once, ``run`` once."""

    def __init__(
        self,
        ring: Ring,
        analysis: Analysis,
        *,
        clock: Clock,
        stop: threading.Event,
    ) -> None:
        self._ring = ring
        self._analysis = analysis
        self._clock = clock
        self._stop = stop
        self._reader: RingReader | None = None
        self._session: str | None = None
        self._ended: GapReason | None = None
        self._last_heard_s = clock.monotonic_s()
        self.skips = 0
        """How often it fell too far behind."""

    def run(self) -> None:
        self._reader = self._ring.reader(None)
        try:
            while not self._stop.is_set():
                items = self._reader.read(0.0)
                for item in items:
                    if self._stop.is_set() or self._take(item):
                        break
                self._analysis.collect()
                self._heard(bool(items))
                if not self._reader_has_more(items):
                    self._clock.wait(self._stop, ACTIVE_PACE_S if self._analysis.active else IDLE_PACE_S)
        finally:
            self._reader.close()
            self._analysis.finish(self._clock.now())

    def _reader_has_more(self, items: list[RingItem]) -> bool:
        """One read gives one GOP at most: behind by more, read on without a pause."""
        last = next((item for item in reversed(items) if isinstance(item, Packet)), None)
        return last is not None and (self._clock.now() - last.at).total_seconds() > CAUGHT_UP_S

    def _take(self, item: RingItem) -> bool:
        """Whether the rest of what was read is void, because the reader was set ahead."""
        if isinstance(item, Packet):
            if item.is_key and (self._clock.now() - item.at).total_seconds() > MAX_LAG_S and self._set_ahead(item):
                return True
            self._analysis.take(item)
        elif isinstance(item, SessionStart):
            self._started(item)
        elif isinstance(item, SessionEnd):
            self._ended = item.reason
            self._analysis.end()
        else:
            self._analysis.skip(item.ended_at)
        return False

    def _started(self, start: SessionStart) -> None:
        if start.session == self._session:
            return  # The reader was set ahead within it.
        self._session = start.session
        self._analysis.begin(start.session, start.parameters, start.at, self._ended or GapReason.RECONNECT)
        self._ended = None

    def _set_ahead(self, packet: Packet) -> bool:
        """Go on from the newest GOP, if that is nearer than ``packet``."""
        reader = self._ring.reader(None)
        items = reader.read(0.0)
        first = next((item for item in items if isinstance(item, Packet)), None)
        if first is None or first.at <= packet.at:
            reader.close()
            return False
        self.skips += 1
        if self._reader:
            self._reader.close()
        self._reader = reader
        self._ended = GapReason.OVERFLOW
        self._analysis.skip(first.at)
        for item in items:
            self._take(item)
        return True

    def _heard(self, anything: bool) -> None:
        now_s = self._clock.monotonic_s()
        if anything:
            self._last_heard_s = now_s
        elif now_s - self._last_heard_s >= AWAY_EVERY_S:
            self._last_heard_s = now_s
            self._analysis.away(self._clock.now(), self._ended or GapReason.STALL)
