"""Changes of incidents as they happen: one reader of the database for each process, any number of listeners.

Threads: the *listener* holds the process's one LISTEN connection and only wakes the *pump*; the pump reads what
changed, in order, and hands it to the event loop, where the subscriptions live. When the listener is down the pump
polls.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from camsvc import log
from camsvc.api.services.seam import Seam
from camsvc.clock import Clock
from camsvc.domain.account import Reach
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import incident_json
from camsvc.domain.matching import lasting, matches
from camsvc.domain.search import IncidentFilter
from camsvc.errors import CamsvcError

POLL_LISTENING_S = 15.0
"""While notifications arrive: only guards against one that was lost without the connection breaking."""
POLL_DEAF_S = 2.0
"""While they do not: how late an incident may then be shown."""
RETRY_S = 5.0
"""Between attempts to listen again; also after an error of the pump."""
BATCH = 200
"""Changes read at once."""
QUEUE_CHANGES = 256
"""For each subscription. Full: it is emptied and its client told to reload, for a change left out silently would leave
a wrong picture on a screen. A client on a page reads thousands in a second; 256 are a minute of a busy province."""
MAX_SUBSCRIPTIONS = 500
"""For each process: each costs a connection, and up to QUEUE_CHANGES shared references."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """One incident as it is after its last change. Shared by all subscriptions, so its text is made once."""

    seq: int
    incident: Incident
    text: str
    marks: frozenset[str] = frozenset()
    """What people said of it: what filters look at, never sent (not all who may search may read it)."""


def change(seq: int, incident: Incident, marks: frozenset[str] = frozenset()) -> Change:
    text = json.dumps(incident_json(incident), ensure_ascii=False, separators=(",", ":"))
    return Change(seq, incident, text, marks)


class ChangeSource(Protocol):
    """The database, as far as the feed needs it. Called from the feed's threads; raises DatabaseUnavailableError."""

    def newest(self) -> int:
        """The sequence number of the last change."""
        ...

    def since(self, seq: int, limit: int) -> Sequence[Change]:
        """Changes after ``seq`` in order, without holes that could be filled later."""
        ...

    def listen(self, stop: threading.Event) -> Iterator[str | None]:
        """An item for each notification, and None once listening is in force and now and then while nothing comes."""
        ...


class Ended(Enum):
    """Why a subscription gives no more changes."""

    OVERFLOW = "overflow"
    CLOSED = "closed"


class Subscription:
    """Used on the event loop only."""

    def __init__(self, wanted: IncidentFilter) -> None:
        self._wanted = wanted
        self._lasting = lasting(wanted)
        self._queue: asyncio.Queue[tuple[Change, bool] | Ended] = asyncio.Queue(QUEUE_CHANGES)
        self._ended: Ended | None = None

    @property
    def wanted(self) -> IncidentFilter:
        return self._wanted

    def confine(self, reach: Reach) -> None:
        """What the listener may see has changed. What waits in the queue already was allowed when it happened."""
        if reach != self._wanted.reach:
            self._wanted = self._wanted.under(reach)
            self._lasting = lasting(self._wanted)

    async def next(self, timeout_s: float) -> tuple[Change, bool] | Ended | None:
        """The next change and whether it matches; None after ``timeout_s`` without one."""
        if self._ended and self._queue.empty():
            return self._ended
        try:
            async with asyncio.timeout(timeout_s):
                return await self._queue.get()
        except TimeoutError:
            return None

    def judge(self, each: Change) -> tuple[Change, bool] | None:
        """``(each, True)``: it matches; ``(each, False)``: it does not, but may have before; None: it is not wanted."""
        if matches(self._wanted, each.incident, each.marks):
            return each, True
        return (each, False) if matches(self._lasting, each.incident, each.marks) else None

    def offer(self, each: Change) -> bool:
        """False: the queue was full; the subscription has ended."""
        if self._ended:
            return True
        judged = self.judge(each)
        if judged is None:
            return True
        if self._queue.full():
            self.end(Ended.OVERFLOW)
            return False
        self._queue.put_nowait(judged)
        return True

    def end(self, why: Ended) -> None:
        if self._ended:
            return
        self._ended = why
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(why)


class Feed:
    """``start`` on the event loop that the subscriptions will live on; ``close`` from any thread, more than once."""

    def __init__(self, source: ChangeSource, *, clock: Clock, overflowed: Callable[[], None] = lambda: None) -> None:
        self._source = source
        self._clock = clock
        self._overflowed = overflowed
        self._subscriptions: set[Subscription] = set()
        self._seam = Seam()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._listening = threading.Event()

    def start(self) -> None:
        self._seam.start({"feed-pump": self._pump, "feed-listener": self._listen})

    def close(self) -> None:
        """Ends every subscription, so that an HTTP server can stop, and tells the threads to; ``join`` waits."""
        self._stop.set()
        self._wake.set()
        self._seam.call(self._end_all)

    def join(self, timeout_s: float) -> None:
        self._seam.join(timeout_s)

    @property
    def is_closed(self) -> bool:
        return self._stop.is_set()

    @property
    def is_listening(self) -> bool:
        """False: changes are found by polling."""
        return self._listening.is_set()

    @property
    def subscriptions(self) -> int:
        return len(self._subscriptions)

    def subscribe(self, wanted: IncidentFilter) -> Subscription | None:
        """On the event loop. None when MAX_SUBSCRIPTIONS are in use. Give it back with ``unsubscribe``."""
        if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            return None
        subscription = Subscription(wanted)
        self._subscriptions.add(subscription)
        if self.is_closed:
            subscription.end(Ended.CLOSED)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.discard(subscription)

    def newest(self) -> int:
        return self._source.newest()

    def since(self, seq: int, limit: int) -> Sequence[Change]:
        return self._source.since(seq, limit)

    # The pump's thread.

    def _pump(self) -> None:
        position: int | None = None
        while not self._stop.is_set():
            try:
                position = self._source.newest() if position is None else self._forward(position)
            except CamsvcError as error:
                _log.warning("incident feed cannot read changes", reason=str(error), retry_s=RETRY_S)
                self._clock.wait(self._stop, RETRY_S)
                continue
            self._wake.wait(POLL_LISTENING_S if self.is_listening else POLL_DEAF_S)
            self._wake.clear()

    def _forward(self, position: int) -> int:
        """Hands over all that changed after ``position``; the new position."""
        while not self._stop.is_set():
            changes = self._source.since(position, BATCH)
            if not changes:
                break
            self._seam.call(self._deliver, changes)
            position = changes[-1].seq
            if len(changes) < BATCH:
                break
        return position

    # The listener's thread.

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                for note in self._source.listen(self._stop):
                    if note is not None or not self.is_listening:
                        self._listening.set()
                        self._wake.set()
            except CamsvcError as error:
                _log.warning("incident feed polls: notifications are away", reason=str(error), poll_s=POLL_DEAF_S)
            finally:
                self._listening.clear()
                self._wake.set()  # from its long wait, into polling
            self._clock.wait(self._stop, RETRY_S)

    # The event loop.

    def _deliver(self, changes: Sequence[Change]) -> None:
        for subscription in list(self._subscriptions):
            for each in changes:
                if not subscription.offer(each):
                    self._overflowed()
                    break

    def _end_all(self) -> None:
        for subscription in list(self._subscriptions):
            subscription.end(Ended.CLOSED)
