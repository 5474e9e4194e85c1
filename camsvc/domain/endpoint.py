"""Where a process of this installation can be reached by the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class EndpointKind(StrEnum):
    TAP = "tap"
    """A worker: packets and tracks of its cameras."""
    LIVE = "live"
    """A live process: answers viewers."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    kind: EndpointKind
    name: str
    """Of the process: the worker's id, or the live process's."""
    host: str
    port: int
    certificate: str = field(repr=False)
    """PEM; the only one that is taken from it. Changes with every start."""
    load: int = 0
    """What it serves now: viewers, or watched streams."""
    capacity: int = 0
    """The most that it serves."""
