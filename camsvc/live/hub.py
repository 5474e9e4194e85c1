"""All that is watched in one live process: a channel for each camera and stream, whatever the number of viewers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from camsvc.clock import Clock
from camsvc.config import LiveSettings
from camsvc.domain.camera import StreamRole
from camsvc.errors import DatabaseUnavailableError, LimitError, NotFoundError, SourceError
from camsvc.live.access_unit import Paused
from camsvc.live.channel import Channel
from camsvc.live.directory import Directory, Place
from camsvc.live.pursuit import Means, NowhereError
from camsvc.live.replay import Replay
from camsvc.live.scenes import SceneChannel, Scenes
from camsvc.live.showing import MakeTranscoder, Transcodes
from camsvc.live.subscription import Subscription
from camsvc.live.tap import Tap

FIRST_WORD_S = 1.0
"""To find out what there is to see: one tap's opening takes 10 ms; a viewer who waits longer waits with a picture of
the camera's state."""


@dataclass(frozen=True, slots=True)
class HubStats:
    channels: int
    """Streams that are tapped now."""
    viewers: int
    transcodes: int
    scene_channels: int
    replays: int
    dropped_units: int
    """Pictures not given to viewers that were too slow, since the start."""
    reconnects: int
    """Taps that ended and had to be opened again, since the start."""
    lost_packets: int
    """Left a worker's ring before this process took them, since the start."""


class Hub:
    """Used by the event loop's thread alone. ``close`` it at the end."""

    def __init__(
        self,
        directory: Directory,
        tokens: tuple[bytes, ...],
        settings: LiveSettings,
        make_transcoder: MakeTranscoder,
        clock: Clock,
    ) -> None:
        """``tokens``: ``cipher.derive("tap")``; ``make_transcoder``: ``partial(Transcoder, clock=clock)``."""
        self._directory = directory
        self._clock = clock
        self._means = Means(directory, tokens, Transcodes(make_transcoder, settings.max_transcodes), clock)
        self._channels: dict[tuple[str, StreamRole], Channel] = {}
        """One may stand under both streams of its camera: there is no sub stream."""
        self._scenes: dict[str, SceneChannel] = {}
        self._replays: set[Replay] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._dropped_before = 0
        self._closed = False

    async def subscribe(self, camera: str, stream: StreamRole) -> Subscription:
        """A new viewer of a camera's stream. Waits a moment (≤ 1 s) until it is known what there is to see, so that
        ``subscription.started`` tells the rendition; when the camera is away it is None and the viewer waits.

        Raises NotFoundError, DatabaseUnavailableError when no camera is known yet, and LimitError when it would need
        one transcode more than is allowed.
        """
        await self._place(camera)
        channel = self._channels.get((camera, stream))
        if channel is None:
            channel = Channel(camera, stream, self._means, unwatched=self._unwatched, resolved=self._resolved)
            self._channels[camera, stream] = channel
        viewer = Subscription(camera, stream, channel)
        channel.take_in(viewer)
        try:
            async with asyncio.timeout(FIRST_WORD_S):
                await channel.known.wait()
        except TimeoutError:
            return viewer
        except BaseException:
            viewer.close()
            raise
        word = self._channels[camera, stream].word if (camera, stream) in self._channels else None
        if isinstance(word, Paused) and word.reason == "transcoders":
            viewer.close()
            raise LimitError(word.detail or "no transcoder is free")
        return viewer

    async def replay(self, camera: str, stream: StreamRole, start: datetime) -> Replay:
        """The camera's stream from the last key frame at or before ``start`` that its worker still has, sent no faster
        than 4 times real time, then live. Time stamps are true ones. Where no transcoder is free it pauses, as channels
        do. Raises NotFoundError, DatabaseUnavailableError, and SourceError when the camera cannot be asked now.
        """
        replay = Replay(
            camera, await self.tap(camera, stream, start), self._means.transcodes, self._clock, self._replays.discard
        )
        self._replays.add(replay)
        return replay

    async def tap(self, camera: str, stream: StreamRole, start: datetime | None = None) -> Tap:
        """The camera's own packets by a tap of their own: from the newest key frame, or as ``replay``; to be closed.

        Raises NotFoundError, DatabaseUnavailableError, and SourceError when the camera cannot be asked now.
        """
        place = await self._place(camera)
        if place.endpoint is None:
            raise NowhereError(place)
        return await Tap.open(place.endpoint, self._means.tokens, camera, stream, start)

    async def scenes(self, camera: str) -> Scenes:
        """What the tracker says of each analysed frame from now on: session, at (ISO), pts_90k, objects (track, class,
        confidence, observed, box [left, top, width, height] as fractions). One tap for all listeners of a camera; a
        slow listener loses the oldest. ``aclose`` it. Raises NotFoundError, DatabaseUnavailableError.
        """
        await self._place(camera)
        channel = self._scenes.get(camera)
        if channel is None:
            channel = self._scenes[camera] = SceneChannel(camera, self._means, unwatched=self._unheard)
        return channel.listen()

    @property
    def stats(self) -> HubStats:
        channels = set(self._channels.values())
        viewers = [viewer for channel in channels for viewer in channel.viewers]
        dropped = self._dropped_before + sum(each.dropped for each in channels) + sum(each.dropped for each in viewers)
        means = self._means
        return HubStats(
            channels=len(channels),
            viewers=len(viewers),
            transcodes=means.transcodes.running,
            scene_channels=len(self._scenes),
            replays=len(self._replays),
            dropped_units=dropped,
            reconnects=means.reconnects,
            lost_packets=means.lost_packets,
        )

    async def close(self) -> None:
        """Every subscription ends; nothing is left open on return."""
        self._closed = True
        for replay in list(self._replays):
            replay.close()
        closing = [channel.close() for channel in set(self._channels.values())]
        closing += [channel.close() for channel in self._scenes.values()]
        self._channels.clear()
        self._scenes.clear()
        await asyncio.gather(*closing, *self._endings)

    async def _place(self, camera: str) -> Place:
        self._require_open()
        try:
            return self._directory.place(camera)
        except (DatabaseUnavailableError, NotFoundError):
            # It may have been added a moment ago.
            await self._directory.refreshed()
            self._require_open()
            return self._directory.place(camera)

    def _require_open(self) -> None:
        if self._closed:
            raise SourceError("the live process is stopping")

    def _resolved(self, channel: Channel, is_other: bool) -> bool:
        key = channel.camera, channel.stream
        if not is_other:
            # The camera may have been given a sub stream meanwhile: who asks for it next finds out.
            self._channels = {each: known for each, known in self._channels.items() if known is not channel}
            self._channels[key] = channel
            return True
        other = self._channels.setdefault(key, channel)
        if other is channel:
            return True
        self._channels = {each: other if known is channel else known for each, known in self._channels.items()}
        for viewer in channel.give_away():
            other.take_in(viewer)
        self._end(channel)
        channel.known.set()
        return False

    def _unwatched(self, channel: Channel) -> None:
        self._channels = {key: each for key, each in self._channels.items() if each is not channel}
        self._end(channel)

    def _unheard(self, channel: SceneChannel) -> None:
        if self._scenes.get(channel.camera) is channel:
            del self._scenes[channel.camera]
        self._end(channel)

    def _end(self, channel: Channel | SceneChannel) -> None:
        if isinstance(channel, Channel):
            self._dropped_before += channel.dropped
        task = asyncio.create_task(_close(channel), name=f"close-{channel.camera}")
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)


def _close(channel: Channel | SceneChannel) -> Coroutine[Any, Any, None]:
    return channel.close()
