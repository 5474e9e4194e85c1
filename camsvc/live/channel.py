"""One watched stream of one camera: one tap, whatever the number of viewers; it comes back by itself.

What came last (the word, and the GOP that runs) is remembered for who joins.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from camsvc.domain.camera import CameraState, StreamRole
from camsvc.errors import SourceError
from camsvc.live.access_unit import AccessUnit, Item, Paused, Started
from camsvc.live.pursuit import Means, Pursuit
from camsvc.live.showing import Gop, Showing
from camsvc.live.subscription import Subscription
from camsvc.media.packets import Packet
from camsvc.worker.tap_wire import CaughtUp, PacketsLost, SessionBegan, SessionEnded, StreamState, TapItem, Want

LINGER_S = 5.0
"""A channel outlives its last viewer so long: tiles are moved, pages reloaded, streams enlarged."""


class Channel:
    """Made with its first viewer. Used by the event loop's thread alone."""

    def __init__(
        self, camera: str, stream: StreamRole, means: Means, *, unwatched: Callable[[Channel], None], resolved: Resolved
    ) -> None:
        """``unwatched`` is told once nobody has watched for LINGER_S; ``resolved`` when a tap is open."""
        self.camera = camera
        self.known = asyncio.Event()
        """Set once there is a word for viewers."""
        self.word: Started | Paused | None = None
        self.dropped = 0
        """Pictures not given to viewers that are gone by now."""
        self._means = means
        self._unwatched = unwatched
        self._resolved = resolved
        self._viewers: dict[Subscription, None] = {}
        self._gop = Gop()
        self._state = CameraState.CONNECTING
        self._catching_up = False
        """The tap sends what its ring had: it is remembered, and viewers get it as those who join later do."""
        self._showing: Showing | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._pursuit = Pursuit(camera, stream, Want.PACKETS, means, self)
        self._task = asyncio.create_task(self._pursuit.run(), name=f"channel-{camera}-{stream}")

    @property
    def stream(self) -> StreamRole:
        """As asked of the worker; main from when it turned out that there is no sub stream."""
        return self._pursuit.stream

    @property
    def viewers(self) -> Sequence[Subscription]:
        return tuple(self._viewers)

    def gop(self) -> Sequence[AccessUnit]:
        return self._gop.units

    def take_in(self, viewer: Subscription) -> None:
        """``viewer`` belongs to this channel from now on."""
        self._cancel_linger()
        self._viewers[viewer] = None
        viewer.join(self, self.word, catch_up=not self._catching_up)

    def leave(self, subscription: Subscription) -> None:
        if subscription not in self._viewers:
            return
        del self._viewers[subscription]
        self.dropped += subscription.dropped
        if not self._viewers:
            self._cancel_linger()
            self._linger = asyncio.get_running_loop().call_later(LINGER_S, self._unwatched, self)

    def give_away(self) -> Sequence[Subscription]:
        """All viewers, for another channel to take in."""
        viewers = self.viewers
        self._viewers.clear()
        return viewers

    async def close(self) -> None:
        """Its tap is closed on return; viewers that are left hear no more."""
        self._cancel_linger()
        for viewer in self.give_away():
            viewer.end(SourceError("the live process is stopping"))
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._end_session()

    def opened(self, stream: StreamRole) -> bool:
        """By the pursuit."""
        self._state, self._catching_up = CameraState.CONNECTING, True
        is_other = stream is not self.stream
        self._pursuit.stream = stream
        return self._resolved(self, is_other)

    def took(self, item: TapItem) -> None:
        """By the pursuit."""
        if isinstance(item, Packet):
            if self._showing is not None:
                self._showing.take(item)
        elif isinstance(item, StreamState):
            self._state = item.state
            if item.state is not CameraState.LIVE and self._showing is None:
                self._pause(item.state.value, item.detail)
        elif isinstance(item, SessionBegan):
            self._begin(item)
        elif isinstance(item, SessionEnded):
            if self._showing is not None:
                self._end_session()
                self._pause(CameraState.RETRYING.value, None)
        elif isinstance(item, CaughtUp):
            self._catching_up = False
            for viewer in self._viewers:
                viewer.catch_up()
        elif isinstance(item, PacketsLost):
            self._means.lost_packets += item.packets
            self._gop.clear()
            if self._showing is not None:
                self._showing.lost()

    def away(self, reason: str, detail: str | None) -> None:
        """By the pursuit."""
        self._end_session()
        self._pause(reason, detail)

    def _begin(self, began: SessionBegan) -> None:
        self._end_session()
        # While the camera is away its ring begins with what came last: nobody may take that for now.
        if self._state is CameraState.LIVE:
            self._showing = Showing(f"{self.camera}/{self.stream}", began, self._means.transcodes, self._say)

    def _end_session(self) -> None:
        showing, self._showing = self._showing, None
        if showing is not None:
            showing.close()

    def _pause(self, reason: str, detail: str | None) -> None:
        word = Paused(reason, detail)
        if word != self.word:
            self._say(word)

    def _say(self, item: Item) -> None:
        """To all viewers, and remembered for those who join."""
        if isinstance(item, AccessUnit):
            self._gop.add(item)
            if self._catching_up:
                return
        else:
            self._gop.clear()
            self.word = item
            self.known.set()
        for viewer in self._viewers:
            viewer.put(item)

    def _cancel_linger(self) -> None:
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None


Resolved = Callable[[Channel, bool], bool]
"""A tap is open; True: for another stream than was asked for, because there is no sub stream. Whether the channel goes
on; else its viewers were given to the one that was there already."""
