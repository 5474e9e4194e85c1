"""Which live process serves a camera."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from camsvc.domain.endpoint import Endpoint


def by_preference(camera: str, endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """Rendezvous hashing (Thaler and Ravishankar, 1998): every server puts them in the same order, without asking
    anybody, so a camera's viewers meet in one process; one that comes or goes moves only the cameras that are its own.
    """
    return sorted(endpoints, key=lambda each: _weight(camera, each.name), reverse=True)


def _weight(camera: str, name: str) -> bytes:
    return hashlib.blake2b(f"{camera}\0{name}".encode(), digest_size=8).digest()
