"""What the cameras around an incident saw just before and after: "follow it"."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from uuid import UUID

from camsvc.api.context import Server
from camsvc.api.services import audit, rights
from camsvc.db.queries import surroundings as rows
from camsvc.db.queries.surroundings import Nearby, Surroundings, Window
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.incident_json import time_json
from camsvc.errors import InputError

__all__ = ["BEFORE_S", "RADIUS_M", "RADIUS_MAX_M", "SPAN_MAX_S", "Nearby", "Surroundings", "around"]

BEFORE_S = 120.0
"""Both before and after: who walks is then 150 m away, who drives through a town 1 km."""
SPAN_MAX_S = 3600.0
RADIUS_M = 500.0
RADIUS_MAX_M = 20_000.0
"""What is further away is found by a search."""


def around(
    server: Server,
    user: User,
    incident: UUID,
    *,
    before_s: float = BEFORE_S,
    after_s: float = BEFORE_S,
    radius_m: float = RADIUS_M,
    at: datetime | None = None,
    source: str | None = None,
) -> Surroundings:
    """Cameras and incidents where ``user`` may search. ``at``: look around this moment, not around the incident's whole
    time. Recorded as a search. Blocks for some ten milliseconds.

    Raises NotFoundError, ForbiddenError, InputError, DatabaseUnavailableError.
    """
    for name, seconds in (("before_s", before_s), ("after_s", after_s)):
        _require(0 <= seconds <= SPAN_MAX_S, seconds, name, f"give seconds from 0 to {SPAN_MAX_S:g}")
    _require(0 < radius_m <= RADIUS_MAX_M, radius_m, "radius_m", f"give metres above 0, up to {RADIUS_MAX_M:g}")
    if at is not None and at.tzinfo is None:
        raise InputError(f"{at.isoformat()} has no time zone", parameter="at", cure="add one, like Z or +07:00")
    found = rights.require_incident(server, user, Action.SEARCH, incident, source=source)
    window = Window(timedelta(seconds=before_s), timedelta(seconds=after_s), at)
    reach = user.reach(Action.SEARCH)
    with server.database.session() as session:
        surroundings = rows.surroundings(session, found, radius_m, window, reach)
    details = {
        "from": time_json(surroundings.from_),
        "to": time_json(surroundings.to),
        "radius_m": radius_m,
        "cameras": [each.camera for each in surroundings.cameras],
    }
    audit.record(
        server,
        user,
        Kind.SEARCH,
        "incident.surroundings",
        source=source,
        camera=found.camera,
        area=found.area,
        incident=found.id,
        details=details,
    )
    return surroundings


def _require(holds: bool, value: float, parameter: str, cure: str) -> None:
    if not holds or not math.isfinite(value):
        raise InputError(f"{value:g} is out of range", parameter=parameter, cure=cure)
