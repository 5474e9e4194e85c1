"""Patience with a service that is away, and with an incident that does not go through."""

from __future__ import annotations

import random
import threading
from datetime import datetime

from camsvc import log
from camsvc.clock import Clock

FIRST_S = 0.5
LONGEST_S = 30.0
"""A service that returns is noticed within this; while it is away it is asked twice a minute, whatever the back-log."""
JITTER = 0.5
"""Each wait is shorter by up to this share, by chance: the workers of a province must not come back all at once."""

_log = log.get(__name__)


class Backoff:
    """Waits that double from ``FIRST_S`` to ``LONGEST_S``, each shortened by chance. Used under the owner's lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wait_s = 0.0
        self._due_s = 0.0

    @property
    def is_due(self) -> bool:
        return self._wait_s == 0.0 or self._clock.monotonic_s() >= self._due_s

    def failed(self) -> None:
        self._wait_s = min(LONGEST_S, max(FIRST_S, self._wait_s * 2))
        self.again()

    def again(self) -> None:
        """Begin the same wait anew."""
        self._due_s = self._clock.monotonic_s() + self._wait_s * (1 - JITTER * random.random())  # noqa: S311  no secret


class Outage:
    """Whether a service is worth asking. While it is away one caller is let through after each wait, no other.

    Any thread may call any method.
    """

    def __init__(self, service: str, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._lock = threading.Lock()
        self._backoff: Backoff | None = None
        self._since: datetime | None = None
        self._reason: str | None = None

    @property
    def since(self) -> datetime | None:
        """When it went away; None: it is there."""
        return self._since

    @property
    def reason(self) -> str | None:
        return self._reason

    def may_ask(self) -> bool:
        """The caller then asks, and says how it went by :meth:`failed` or :meth:`succeeded`."""
        with self._lock:
            if self._backoff is None:
                return True
            if not self._backoff.is_due:
                return False
            self._backoff.again()
            return True

    @property
    def is_due(self) -> bool:
        """Whether :meth:`may_ask` would say yes now."""
        with self._lock:
            return self._backoff is None or self._backoff.is_due

    def failed(self, error: Exception) -> None:
        with self._lock:
            if self._backoff is None:
                self._backoff, self._since = Backoff(self._clock), self._clock.now()
                _log.warning(f"{self._service} is away; publishing waits", reason=str(error))
            self._reason = str(error)
            self._backoff.failed()

    def succeeded(self) -> None:
        with self._lock:
            if self._backoff is not None:
                _log.info(f"{self._service} is back", since=str(self._since))
            self._backoff = self._since = self._reason = None


class Stumbles:
    """Incidents that do not go through although the service answers: each waits for itself and blocks no other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[object, Backoff] = {}

    def __len__(self) -> int:
        with self._lock:
            return len(self._waiting)

    def __contains__(self, key: object) -> bool:
        """Whether it failed when last tried."""
        with self._lock:
            return key in self._waiting

    def may_try(self, key: object) -> bool:
        with self._lock:
            return key not in self._waiting or self._waiting[key].is_due

    def failed(self, key: object) -> None:
        with self._lock:
            self._waiting.setdefault(key, Backoff(self._clock)).failed()

    def succeeded(self, key: object) -> None:
        with self._lock:
            self._waiting.pop(key, None)
