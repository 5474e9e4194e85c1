"""What viewers need of the hub: so that tests can give them pictures of their own."""

from __future__ import annotations

from typing import Protocol

from camsvc.domain.camera import StreamRole
from camsvc.live.subscription import Subscription


class Streams(Protocol):
    async def subscribe(self, camera: str, stream: StreamRole) -> Subscription:
        """As ``live.hub.Hub`` says."""
        ...
