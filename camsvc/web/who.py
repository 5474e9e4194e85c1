"""Who uses a page, asked of the database at most every few seconds for each session."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from camsvc.api import access
from camsvc.clock import Clock
from camsvc.domain.account import User
from camsvc.errors import DatabaseUnavailableError

FRESH_S = 5.0
"""A session that ended elsewhere lives on here for at most so long. A page makes some thirty requests as it opens."""
UNCHECKED_S = 3600.0
"""While PostgreSQL is away nobody can be asked, and no session can have been ended either: those who were let in before
keep the page that tells them so; but not for ever."""
REMEMBERED = 2000
"""Sessions; the one not seen for longest is forgotten, and looked up again."""


@dataclass(frozen=True, slots=True)
class _Known:
    user: User | None
    checked_s: float


class Who:
    """On the event loop only; the look-up itself runs in a thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def ask(self, connection: HTTPConnection) -> User | None:
        """None: nobody who is logged in. Raises DatabaseUnavailableError when that cannot be told."""
        cookie = access.session_cookie(connection)
        if not cookie:
            return None
        known = self._known.get(cookie)
        now_s = self._clock.monotonic_s()
        is_fresh = known is not None and now_s - known.checked_s < FRESH_S
        # Who must choose a password is let in the moment they have.
        if known and is_fresh and not (known.user and known.user.must_change_password):
            return known.user
        try:
            user = await asyncio.to_thread(access.user_of, connection)
        except DatabaseUnavailableError:
            if known and known.user and now_s - known.checked_s < UNCHECKED_S:
                return known.user
            raise
        self._remember(cookie, _Known(user, now_s))
        return user

    def knows(self, connection: HTTPConnection, user: User) -> Callable[[], User | None]:
        """How ``user`` of this session is, whenever that is asked, as it was last looked up: with every message of a
        page, and at least as often as its web socket is asked whether it lives (some 25 s)."""
        cookie = access.session_cookie(connection) or ""
        last = _Known(user, 0.0)

        def now() -> User | None:
            nonlocal last
            last = self._known.get(cookie, last)
            return last.user

        return now

    def forget(self, connection: HTTPConnection) -> None:
        """After a log-out: at once, not in a few seconds."""
        if cookie := access.session_cookie(connection):
            self._remember(cookie, _Known(None, self._clock.monotonic_s()))

    def renew(self, connection: HTTPConnection) -> None:
        """What is known of the session has changed: it is looked up again when it is next asked for."""
        if cookie := access.session_cookie(connection):
            self._known.pop(cookie, None)

    def _remember(self, cookie: str, known: _Known) -> None:
        self._known[cookie] = known
        self._known.move_to_end(cookie)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
