"""Which worker has a camera now, and how it is reached."""

from __future__ import annotations

from dataclasses import dataclass

from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.domain.camera import CameraStatus
from camsvc.domain.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Place:
    """One wanted camera as PostgreSQL last told it."""

    camera: str
    name: str
    status: CameraStatus
    endpoint: Endpoint | None
    """Of the worker that holds its lease; None: nobody does, or it has no tap."""


class Directory:
    """Refreshed every 2 s by a thread of its own; while PostgreSQL is away the last known is kept."""

    def __init__(self, database: Database, clock: Clock) -> None:
        raise NotImplementedError

    def start(self) -> None: ...

    def close(self) -> None: ...

    def place(self, camera: str) -> Place:
        """Any thread, at once. Raises NotFoundError; DatabaseUnavailableError when nothing was ever read."""
        raise NotImplementedError

    def places(self) -> dict[str, Place]:
        """All of them, by camera."""
        raise NotImplementedError

    async def refreshed(self) -> None:
        """Returns once PostgreSQL was asked anew after this call, or does not answer."""
        raise NotImplementedError
