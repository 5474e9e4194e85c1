"""What the tracker sees of one camera, for all who want it: one tap a camera."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any, Self

from camsvc.domain.camera import StreamRole
from camsvc.live.pursuit import Means, Pursuit
from camsvc.worker.tap_wire import TapItem, Want

MAX_WAITING = 64
"""Scenes a listener may be behind: 12 s at 5 a second. Overflow: the oldest goes and is counted."""

Scene = dict[str, Any]


class SceneChannel:
    """Made with its first listener. Used by the event loop's thread alone."""

    def __init__(self, camera: str, means: Means, *, unwatched: Callable[[SceneChannel], None]) -> None:
        """``unwatched`` is told when the last listener has gone."""
        self.camera = camera
        self._unwatched = unwatched
        self._listeners: dict[Scenes, None] = {}
        pursuit = Pursuit(camera, StreamRole.MAIN, Want.SCENES, means, self)
        self._task = asyncio.create_task(pursuit.run(), name=f"scenes-{camera}")

    def listen(self) -> Scenes:
        scenes = Scenes(self)
        self._listeners[scenes] = None
        return scenes

    def leave(self, scenes: Scenes) -> None:
        self._listeners.pop(scenes, None)
        if not self._listeners:
            self._unwatched(self)

    async def close(self) -> None:
        for scenes in list(self._listeners):
            scenes.end()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def opened(self, stream: StreamRole) -> bool:
        """By the pursuit."""
        del stream
        return True

    def took(self, item: TapItem) -> None:
        """By the pursuit."""
        if isinstance(item, dict):
            for scenes in self._listeners:
                scenes.put(item)

    def away(self, reason: str, detail: str | None) -> None:
        """By the pursuit: no scenes come; camera states are told elsewhere."""


class Scenes:
    """One listener: ``async for scene in scenes``, by one task; ``aclose`` it, and the iteration ends."""

    def __init__(self, channel: SceneChannel) -> None:
        self.lost = 0
        self._channel = channel
        self._waiting: deque[Scene] = deque(maxlen=MAX_WAITING)
        self._closed = False
        self._wanted: asyncio.Future[None] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Scene:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._wanted = asyncio.get_running_loop().create_future()
            await self._wanted
        return self._waiting.popleft()

    async def aclose(self) -> None:
        """May be called twice."""
        if not self._closed:
            self.end()
            self._channel.leave(self)

    def put(self, scene: Scene) -> None:
        """By the channel."""
        self.lost += len(self._waiting) == MAX_WAITING
        self._waiting.append(scene)
        self._wake()

    def end(self) -> None:
        """By the channel: no more will come."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)
