"""Slowing down guessers, logging out, and who a token belongs to. Logging in is ``sign_in``."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from camsvc.api.context import Server
from camsvc.api.errors import BusyError, LockedOutError
from camsvc.api.services import audit
from camsvc.clock import Clock
from camsvc.db.models import TokenKind
from camsvc.db.queries import accounts, tokens
from camsvc.db.queries.accounts import LOCK_AFTER_FAILURES, LOCK_S
from camsvc.domain.account import User
from camsvc.domain.audit import Kind
from camsvc.errors import AccessError

HASHES_AT_ONCE = 2
"""A password's hash takes 64 MiB and a tenth of a second by design; strangers can ask for as many as they like."""
HASH_WAIT_S = 5.0
NAMES_REMEMBERED = 10_000
"""Names that somebody failed to log in with lately. The oldest is forgotten first; the database counts on its own."""


class Gatekeeper:
    """Slows down guessing before it reaches the database. Any thread may call any method.

    Counts failures by name, of accounts that exist and of others alike, so that it tells a stranger nothing; after
    LOCK_AFTER_FAILURES in a row it refuses the name for LOCK_S. Each server process counts its own; the database
    counts for all of them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._hashes = threading.BoundedSemaphore(HASHES_AT_ONCE)

    @contextmanager
    def attempt(self, name: str, *, is_known: bool = False) -> Iterator[None]:
        """Within it the password is checked; an AccessError counts as a failure, a normal end as a success.

        ``is_known``: from a browser that logged in before, whose failures are counted elsewhere. Raises
        LockedOutError, or BusyError when too many log in at once.
        """
        key = name.strip().lower()[:100]
        if not is_known:
            self._refuse_locked(key)
        if not self._hashes.acquire(timeout=HASH_WAIT_S):
            raise BusyError("Too many are logging in at once.")
        try:
            yield
        except AccessError:
            if not is_known:
                self._count(key)
            raise
        else:
            with self._lock:
                self._failures.pop(key, None)
        finally:
            self._hashes.release()

    def _refuse_locked(self, key: str) -> None:
        now_s = self._clock.monotonic_s()
        with self._lock:
            failures, last_s = self._failures.get(key, (0, 0.0))
            if failures and now_s >= last_s + LOCK_S:
                del self._failures[key]
            elif failures >= LOCK_AFTER_FAILURES:
                raise LockedOutError(
                    f"{failures} attempts in a row failed for this name.", retry_after_s=last_s + LOCK_S - now_s
                )

    def _count(self, key: str) -> None:
        with self._lock:
            failures, _ = self._failures.pop(key, (0, 0.0))
            self._failures[key] = failures + 1, self._clock.monotonic_s()
            while len(self._failures) > NAMES_REMEMBERED:
                self._failures.popitem(last=False)


def log_out(server: Server, user: User | None, token: str, *, source: str | None = None) -> None:
    """Ends the token or session; one that has ended already stays so. Recorded. Raises DatabaseUnavailableError."""
    with server.database.session() as session:
        accounts.revoke(session, token)
        if user is not None:
            audit.append(session, user, Kind.SIGN_IN, "session.ended", source=source)


def bearer(server: Server, token: str, source: str | None = None, agent: str | None = None) -> User | None:
    """Whose bearer or API token it is, seen just now; None when it is not valid. Raises DatabaseUnavailableError."""
    with server.database.session() as rows:
        return tokens.recognise(rows, token, (TokenKind.BEARER, TokenKind.API), source=source, agent=agent)


def session(server: Server, token: str, source: str | None = None, agent: str | None = None) -> User | None:
    """Whose page session it is, as ``bearer``."""
    with server.database.session() as rows:
        return tokens.recognise(rows, token, (TokenKind.SESSION,), source=source, agent=agent)
