"""What the live process is made of, put together: directory, hub, peers, fragments, snapshots."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from camsvc.clock import Clock
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.domain.camera import StreamRole
from camsvc.errors import SourceError
from camsvc.live.control import Mp4, Picture, Services
from camsvc.live.viewings import End, Viewing, Viewings


class Serving:
    """Made and used on the event loop."""

    def __init__(self, settings: Settings, name: str, database: Database, cipher: Cipher, clock: Clock) -> None:
        self.viewings = Viewings(settings.live, clock, ended=self._ended, refused=self._refused)
        self.services = Services(_NoPeers(), _no_mp4, _no_picture, _no_scenes, dict)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        yield

    def _ended(self, viewing: Viewing, why: End) -> None: ...

    def _refused(self, viewings: Collection[Viewing]) -> Collection[Viewing]:
        return ()


class _NoPeers:
    async def offer(self, *_: object) -> Any:  # noqa: ANN401
        raise SourceError("no live pictures yet")

    async def patch(self, peer: str, fragment: str) -> None: ...

    async def close(self, peer: str) -> None: ...


async def _no_mp4(camera: str, stream: StreamRole, start: datetime | None) -> Mp4:
    raise SourceError("no live pictures yet")


async def _no_picture(camera: str, stream: StreamRole) -> Picture:
    raise SourceError("no live pictures yet")


async def _no_scenes(camera: str) -> AsyncIterator[dict[str, Any]]:
    for _ in ():
        yield {}
