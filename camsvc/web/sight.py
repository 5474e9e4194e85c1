"""What one visitor may see of what is true now: snapshots of the lookout without areas where nothing is theirs."""

from __future__ import annotations

from collections.abc import Callable

from camsvc.web.lookout import Lookout, Snapshot
from camsvc.web.visitor import Visitor


class Sight:
    """As a Lookout, for the page of ``visitor``. On the event loop only."""

    def __init__(self, lookout: Lookout, visitor: Visitor) -> None:
        self._lookout = lookout
        self._visitor = visitor
        self._watchers: dict[Callable[[Snapshot], None], Callable[[Snapshot], None]] = {}

    async def now(self) -> Snapshot:
        await self._lookout.now()
        return self.last

    @property
    def last(self) -> Snapshot:
        return self._lookout.seen(self._visitor.user.sees())

    def watch(self, watcher: Callable[[Snapshot], None]) -> None:
        def confined(_: Snapshot) -> None:
            watcher(self.last)

        self._watchers[watcher] = confined
        self._lookout.watch(confined)

    def unwatch(self, watcher: Callable[[Snapshot], None]) -> None:
        if confined := self._watchers.pop(watcher, None):
            self._lookout.unwatch(confined)
