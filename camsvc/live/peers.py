"""All WebRTC viewers of one live process: bounded, watched, counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from camsvc import log
from camsvc.clock import Clock
from camsvc.config import LiveSettings
from camsvc.domain.camera import StreamRole
from camsvc.errors import LimitError, NotFoundError
from camsvc.live import sdp
from camsvc.live.link import Certificates
from camsvc.live.outlet import Scratch
from camsvc.live.pacer import Pacer
from camsvc.live.peer import Ground, Peer
from camsvc.live.streams import Streams
from camsvc.live.viewings import End
from camsvc.live.wire import Answer

WATCH_S = 1.0
"""How often it is looked for those that have vanished, and who is due a report."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class PeersStats:
    """Now, and since the start."""

    peers: int
    connected: int
    opened: int
    vanished: int
    """Nothing was heard of them any more."""
    failed: int
    """Never connected, or their camera is gone for good."""
    packets: int
    bytes: int
    repeated_packets: int
    """Lost on the way and sent again."""
    unsent_packets: int
    """Did not leave this host: a socket was full, or there was no route."""


class Peers:
    """Used by the event loop's thread alone. ``close_all`` at the end."""

    def __init__(self, hub: Streams, settings: LiveSettings, clock: Clock) -> None:
        self._ground = Ground(hub, settings, clock, Certificates(), Scratch(), Pacer())
        self._settings = settings
        self._peers: dict[str, Peer] = {}
        self._on_close: dict[str, Callable[[End], None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._counts = dict.fromkeys(("opened", "packets", "bytes", "repeated", "unsent", *End), 0)

    @property
    def stats(self) -> PeersStats:
        current, past = [each.stats for each in self._peers.values()], self._counts
        return PeersStats(
            peers=len(self._peers),
            connected=sum(each.is_connected for each in self._peers.values()),
            opened=past["opened"],
            vanished=past[End.VANISHED],
            failed=past[End.FAILED],
            packets=past["packets"] + sum(each.packets for each in current),
            bytes=past["bytes"] + sum(each.bytes for each in current),
            repeated_packets=past["repeated"] + sum(each.repeated for each in current),
            unsent_packets=past["unsent"] + sum(each.not_sent for each in current),
        )

    async def offer(
        self, text: str, camera: str, stream: StreamRole, user: str, on_close: Callable[[End], None] | None = None
    ) -> tuple[str, Answer]:
        """A new viewer: its id, and the answer to its offer. ``on_close`` is told why when it ends by itself.

        Raises InputError for an offer that cannot be answered, NotFoundError and LimitError as the hub does, and
        LimitError when this process or this user has as many as are allowed.
        """
        offered = sdp.parse_offer(text)
        sdp.choose(offered, None)
        self._require_room(user)
        peer = Peer(self._ground, offered, user, self._ended)
        self._peers[peer.id] = peer
        try:
            answer = await peer.open(camera, stream)
        except BaseException:
            self._peers.pop(peer.id, None)
            await asyncio.shield(peer.close())
            raise
        if on_close is not None:
            self._on_close[peer.id] = on_close
        self._counts["opened"] += 1
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="watch peers")
        return peer.id, answer

    async def patch(self, peer_id: str, fragment: str) -> None:
        """More candidates of the browser (application/trickle-ice-sdpfrag). Raises NotFoundError, InputError."""
        peer = self._peers.get(peer_id)
        if peer is None:
            raise NotFoundError("there is no such viewer (any more)", cure="begin a new one")
        await peer.patch(fragment)

    async def close(self, peer_id: str) -> None:
        """Ends a viewer, and returns when all of it is freed. One that is over already is no error."""
        peer = self._peers.get(peer_id)
        if peer is not None:
            self._forget(peer, End.LEFT)
            await peer.close()

    async def close_all(self) -> None:
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
        await asyncio.gather(*(self.close(each) for each in list(self._peers)), *self._closing)

    def _require_room(self, user: str) -> None:
        settings = self._settings
        if len(self._peers) >= settings.max_viewers:
            raise LimitError(f"This live process serves {len(self._peers)} viewers, the most that it may.")
        mine = sum(each.user == user for each in self._peers.values())
        if mine >= settings.max_viewers_per_user:
            raise LimitError(f"This account watches {mine} pictures at once, the most that it may: close some.")

    def _ended(self, peer: Peer, why: End) -> None:
        """A peer ended by itself. Called from within it, so a task of its own frees it."""
        on_close = self._on_close.get(peer.id)
        self._forget(peer, why)
        task = asyncio.get_running_loop().create_task(peer.close(), name=f"close {peer.id}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        _log.info("viewer gone", peer=peer.id, user=peer.user, why=why.value)
        if on_close is not None:
            on_close(why)

    def _forget(self, peer: Peer, why: End) -> None:
        if self._peers.pop(peer.id, None) is None:
            return
        self._on_close.pop(peer.id, None)
        last, counts = peer.stats, self._counts
        counts[why] += 1
        counts["packets"] += last.packets
        counts["bytes"] += last.bytes
        counts["repeated"] += last.repeated
        counts["unsent"] += last.not_sent

    async def _watch(self) -> None:
        while self._peers:
            await asyncio.sleep(WATCH_S)
            now_s = time.monotonic()
            for peer in list(self._peers.values()):
                peer.watch(now_s)
        self._watching = None
