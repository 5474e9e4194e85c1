"""Who may use the system, as what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """An account may have several."""

    VIEWER = "viewer"
    """Sees live pictures and incidents."""
    OPERATOR = "operator"
    """Watches the wall, acknowledges."""
    POLICE = "police"
    """Searches incidents and opens clips."""
    INVESTIGATOR = "investigator"
    """Collects cases, holds and exports evidence."""
    ADMINISTRATOR = "administrator"
    """Cameras, areas, accounts, rules."""


@dataclass(frozen=True, slots=True)
class User:
    id: int
    name: str
    """Lower case; what is typed to log in."""
    roles: frozenset[Role]
    disabled: bool = False
