"""One viewer's place in a channel."""

from __future__ import annotations

from camsvc.domain.camera import StreamRole
from camsvc.live.access_unit import Item, Started


class Subscription:
    """Used by the event loop's thread alone. ``close`` it once; then ``next`` raises SourceError."""

    camera: str
    stream: StreamRole
    """As asked for."""
    started: Started | None
    """What is seen now; None while the camera is away."""
    dropped: int
    """Units that were not given because the viewer was slow."""

    async def next(self) -> Item:
        """The next thing in order. If the channel runs, ``Started`` and its last GOP come at once.

        Raises SourceError when the subscription was closed or will never go on.
        """
        raise NotImplementedError

    def restart(self) -> None:
        """The viewer lost a picture and needs a key frame: what waits is given up, and the last GOP comes once more."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
