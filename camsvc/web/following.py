"""New and changed incidents for one page, from the process's one feed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from nicegui import Client

from camsvc.api.services.feed import Change, Ended, Feed
from camsvc.api.services.rights import search_reach
from camsvc.domain.account import Action
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from camsvc.web.visitor import Visitor

SILENCE_S = 30.0
"""After so long without a change the task looks whether its page is still there."""
TOGETHER_S = 0.25
"""Changes within this time go to the browser in one message: a busy province has many a second."""
AGAIN_S = 5.0
"""Until the next try when the feed was full or ended."""


@dataclass(frozen=True)
class News:
    matching: Sequence[Incident]
    """As they are now."""
    gone: Sequence[Incident]
    """They may have matched before, and do not now."""


class Following:
    """Calls ``tell`` with what changed, ``renew`` when changes may have been missed and all must be read again.

    On the event loop; ends with its page.
    """

    def __init__(
        self,
        feed: Feed,
        client: Client,
        visitor: Visitor,
        *,
        tell: Callable[[News], None],
        renew: Callable[[], Awaitable[None]],
    ) -> None:
        """Tells of nothing that ``visitor`` may not search, then and there."""
        self._feed = feed
        self._client = client
        self._visitor = visitor
        self._tell = tell
        self._renew = renew
        self._task: asyncio.Task[None] | None = None
        client.on_delete(self.stop)

    def follow(self, wanted: IncidentFilter) -> None:
        """From now on, in place of what was followed before. Subscribe first, then search: nothing falls between."""
        self.stop()
        self._task = asyncio.create_task(self._run(wanted), name="following")

    def stop(self) -> None:
        if self._task:
            self._task.cancel()
            self._task = None

    async def _run(self, wanted: IncidentFilter) -> None:
        missed = False
        while not self._client.is_deleted and not self._feed.is_closed:
            subscription = self._feed.subscribe(wanted.under(search_reach(self._visitor.user, wanted)))
            if subscription is None:
                missed = True
                await asyncio.sleep(AGAIN_S)
                continue
            try:
                if missed:
                    with self._client:
                        await self._renew()
                while not self._client.is_deleted:
                    first = await subscription.next(SILENCE_S)
                    subscription.confine(search_reach(self._visitor.user, wanted))
                    if first is None:
                        continue
                    found = [first]
                    await asyncio.sleep(TOGETHER_S)
                    while (more := await subscription.next(0)) is not None and found[-1] is not more:
                        found.append(more)
                        if isinstance(more, Ended):
                            break
                    self._hand_over([each for each in found if not isinstance(each, Ended)])
                    if isinstance(found[-1], Ended):
                        break
            finally:
                self._feed.unsubscribe(subscription)
            missed = True
            await asyncio.sleep(AGAIN_S)

    def _hand_over(self, found: Sequence[tuple[Change, bool]]) -> None:
        reach = self._visitor.user.reach(Action.SEARCH)
        latest = {
            change.incident.id: (change.incident, fits) for change, fits in found if reach.covers(change.incident.area)
        }
        news = News(
            [incident for incident, fits in latest.values() if fits],
            [incident for incident, fits in latest.values() if not fits],
        )
        if latest and not self._client.is_deleted:
            with self._client:
                self._tell(news)
