"""Who watches what in this process: bounded, ended when the right to it ends, and told when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from camsvc import log
from camsvc.clock import Clock
from camsvc.config import LiveSettings
from camsvc.errors import CamsvcError, ConflictError, LimitError, NotFoundError
from camsvc.live.wire import Request

CHECK_EVERY_S = 20.0
"""How long a viewer may go on after the session or the grant ended; the promise is a minute."""

_log = log.get(__name__)


class Way(StrEnum):
    """How the picture is brought to the viewer."""

    WEBRTC = "webrtc"
    MP4 = "mp4"


class End(StrEnum):
    """Why a viewing is over."""

    LEFT = "left"
    """The viewer said so, or closed the connection."""
    VANISHED = "vanished"
    """Nothing was heard of the viewer any more."""
    WITHDRAWN = "withdrawn"
    """The session ended, or the right was taken away."""
    STOPPED = "stopped"
    """The live process stopped."""
    FAILED = "failed"
    """It never came to be, or ended in an error."""


@dataclass(slots=True, eq=False)
class Viewing:
    request: Request
    way: Way
    began_at: datetime
    close: Callable[[], Awaitable[None]] = field(repr=False)
    """Ends what is sent; may be called more than once."""
    is_begun: bool = False
    """It came to be: something could be seen."""
    over: End | None = None


Told = Callable[[Viewing, End], None]
Check = Callable[[Collection[Viewing]], Collection[Viewing]]
"""Those that may not go on. Blocks; raises CamsvcError when nobody can be asked."""


class Viewings:
    """Used by the event loop's thread alone."""

    def __init__(self, settings: LiveSettings, clock: Clock, *, ended: Told, refused: Check) -> None:
        """``ended`` is called once for each viewing, on the event loop; ``refused`` in a thread."""
        self._settings = settings
        self._clock = clock
        self._ended = ended
        self._refused = refused
        self._viewings: dict[str, Viewing] = {}
        self._closing = False

    def __len__(self) -> int:
        return len(self._viewings)

    def count(self, way: Way) -> int:
        return sum(each.way is way for each in self._viewings.values())

    def admit(self, request: Request, way: Way, close: Callable[[], Awaitable[None]]) -> Viewing:
        """Raises LimitError when the process or the account has its fill, ConflictError for an id that is in use."""
        if self._closing:
            raise LimitError("This live process is stopping.")
        if request.viewing in self._viewings:
            raise ConflictError("this viewing exists already", cure="make a new id for each")
        if len(self._viewings) >= self._settings.max_viewers:
            raise LimitError(f"This live process serves {len(self._viewings)} viewers, the most that it may.")
        mine = sum(each.request.viewer.user == request.viewer.user for each in self._viewings.values())
        if mine >= self._settings.max_viewers_per_user:
            raise LimitError(f"This account watches {mine} pictures at once, the most that it may: close some.")
        viewing = Viewing(request, way, self._clock.now(), close)
        self._viewings[request.viewing] = viewing
        return viewing

    def of(self, viewing: str, user: int | None) -> Viewing:
        """``user``: it must be theirs. Raises NotFoundError: another's viewing is none."""
        found = self._viewings.get(viewing)
        if found is None or (user is not None and found.request.viewer.user != user):
            raise NotFoundError("there is no such viewing (any more)", cure="begin a new one")
        return found

    async def end(self, viewing: Viewing, why: End) -> None:
        """Once over it stays so; the first reason counts."""
        if self._viewings.pop(viewing.request.viewing, None) is None:
            return
        viewing.over = why
        try:
            await viewing.close()
        finally:
            self._ended(viewing, why)

    async def end_all(self, why: End) -> None:
        """No more are admitted."""
        self._closing = True
        await asyncio.gather(*(self.end(each, why) for each in list(self._viewings.values())), return_exceptions=True)

    async def run(self) -> None:
        """Checks them for as long as it is not cancelled."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            await self.check()

    async def check(self) -> None:
        """Ends those that may not go on. While PostgreSQL is away nobody's right can have been taken."""
        current = list(self._viewings.values())
        if not current:
            return
        try:
            refused = await asyncio.to_thread(self._refused, current)
        except CamsvcError as error:
            _log.warning("viewers could not be checked", reason=str(error))
            return
        for each in refused:
            viewer = each.request.viewer
            _log.info("viewing ended: no right any more", camera=each.request.camera, user=viewer.name)
            await self.end(each, End.WITHDRAWN)
