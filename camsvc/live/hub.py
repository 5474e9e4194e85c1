"""All that is watched in one live process: a channel for each camera and stream, whatever the number of viewers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from camsvc.clock import Clock
from camsvc.config import LiveSettings
from camsvc.domain.camera import StreamRole
from camsvc.live.access_unit import AccessUnit
from camsvc.live.directory import Directory
from camsvc.live.subscription import Subscription
from camsvc.media.packets import Packet, VideoParameters


class Transcoding(Protocol):
    """What the hub needs of a transcoder (``live.transcode.Transcoder``)."""

    def offer(self, packet: Packet) -> None:
        """Never blocks."""
        ...

    def close(self) -> None: ...


MakeTranscoder = Callable[[VideoParameters, Callable[[AccessUnit], None]], Transcoding]
"""``deliver`` is called from the transcoder's own thread."""


@dataclass(frozen=True, slots=True)
class HubStats:
    channels: int
    """Streams that are tapped now."""
    viewers: int
    transcodes: int
    dropped_units: int
    """Not given to viewers that were too slow, since the start."""
    reconnects: int
    """Taps that ended and were opened again."""


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
        """``tokens``: ``cipher.derive("tap")``."""
        raise NotImplementedError

    async def subscribe(self, camera: str, stream: StreamRole) -> Subscription:
        """A new viewer of a camera's stream. Waits a moment (≤ 1 s) until it is known what there is to see, so that
        ``subscription.started`` tells the rendition; when the camera is away it is None and the viewer waits.

        Raises NotFoundError, and LimitError when it would need one transcode more than is allowed.
        """
        raise NotImplementedError

    async def replay(self, camera: str, stream: StreamRole, start: datetime) -> Subscription:
        """The camera's stream from the last key frame at or before ``start`` that its worker still has, sent no faster
        than 4 times real time, then live. Time stamps are true ones. Raises as ``subscribe``, and SourceError.
        """
        raise NotImplementedError

    def scenes(self, camera: str) -> AsyncIterator[dict[str, Any]]:
        """What the tracker says of each analysed frame from now on: session, at (ISO), pts_90k, objects (track, class,
        confidence, observed, box [left, top, width, height] as fractions). One tap for all listeners of a camera; a
        slow listener loses the oldest. Close it with ``aclose``. Raises NotFoundError.
        """
        raise NotImplementedError

    @property
    def stats(self) -> HubStats:
        raise NotImplementedError

    async def close(self) -> None:
        """Every subscription ends."""
        raise NotImplementedError
