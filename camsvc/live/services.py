"""What the live process is made of, put together: directory, hub, peers, fragments, snapshots, records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial

from camsvc.clock import Clock
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import standing
from camsvc.domain.account import Action
from camsvc.domain.camera import StreamRole
from camsvc.live.control import Services
from camsvc.live.directory import Directory
from camsvc.live.fragments import Fragments
from camsvc.live.hub import Hub
from camsvc.live.lasting import Mp4
from camsvc.live.peers import Peers
from camsvc.live.records import Records
from camsvc.live.snapshot import Snapshots
from camsvc.live.transcode import Transcoder
from camsvc.live.viewings import Viewing, Viewings

TAP_TOKEN = "tap"  # noqa: S105  what the token of workers' taps is derived for


class Serving:
    """Made and used on the event loop."""

    def __init__(self, settings: Settings, name: str, database: Database, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._directory = Directory(database, clock)
        self._hub = Hub(
            self._directory, cipher.derive(TAP_TOKEN), settings.live, partial(Transcoder, clock=clock), clock
        )
        self._peers = Peers(self._hub, settings.live, clock)
        self.records = Records(database, name, clock)
        self.viewings = Viewings(settings.live, clock, ended=self.records.ended, refused=self._refused)
        self.services = Services(self._peers, self._mp4, Snapshots(self._hub.tap).take, self._hub.scenes, self._numbers)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        self._directory.start()
        self.records.start()
        try:
            yield
        finally:
            await self._peers.close_all()
            await self._hub.close()
            await asyncio.to_thread(self._directory.close)
            await asyncio.to_thread(self.records.close)

    async def _mp4(self, camera: str, stream: StreamRole, start: datetime | None) -> Mp4:
        if start is None:
            return Fragments(await self._hub.subscribe(camera, stream))
        return Fragments(await self._hub.replay(camera, stream, start))

    def _numbers(self) -> Mapping[str, float]:
        hub, peers = asdict(self._hub.stats), asdict(self._peers.stats)
        return {
            **{f"hub_{name}": value for name, value in hub.items()},
            **{f"peers_{name}": value for name, value in peers.items()},
            "records_lost": self.records.lost,
        }

    def _refused(self, viewings: Collection[Viewing]) -> Collection[Viewing]:
        """Those whose session has ended, or who are not granted the camera's live picture any more."""
        keys = {bytes.fromhex(each.request.viewer.key) for each in viewings}
        with self._database.session() as session:
            holders = standing.holders(session, keys)
            areas = standing.areas(session, {each.request.camera for each in viewings})

        def may(viewing: Viewing) -> bool:
            request = viewing.request
            user = holders.get(bytes.fromhex(request.viewer.key))
            return user is not None and user.may(Action.LIVE, areas.get(request.camera, request.area))

        return [each for each in viewings if not may(each)]
