"""``/api/v1/incidents/count``, ``/histogram`` and ``/heat``: how many, when, where."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Query, Request

from camsvc.api import schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.filtering import IncidentConditions
from camsvc.api.services import tallies
from camsvc.db.queries.tallies import BARS_MAX, CELL_MAX_DEG, CELL_MIN_DEG, Unit
from camsvc.domain.incident_json import time_json
from camsvc.errors import InputError

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

CELL_DEG = 0.01
"""A kilometre: a province on a screen."""


@router.get("/count", response_model=schemas.IncidentCount)
def count(request: Request, user: SignedIn, wanted: IncidentConditions) -> schemas.IncidentCount:
    """How many match. Beyond some 13,000 about, from a sample, with ``exact`` false; the error is then 7 % or less."""
    found = tallies.tally(server_of(request), user, wanted, source=source_of(request))
    return schemas.IncidentCount(count=found.number, exact=found.exact)


@router.get("/histogram", response_model=schemas.IncidentHistogram)
def histogram(
    request: Request,
    user: SignedIn,
    wanted: IncidentConditions,
    unit: Annotated[Unit, Query(description=f"Width of a bar; at most {BARS_MAX} bars")] = Unit.DAY,
    zone: Annotated[
        str | None, Query(description="IANA name: whose days, like Asia/Ho_Chi_Minh; default: the installation's")
    ] = None,
) -> schemas.IncidentHistogram:
    """How many began in each unit of time; empty bars are left out. What began before ``from`` counts there."""
    server = server_of(request)
    calendar = _zone(zone or server.settings.timezone)
    found = tallies.histogram(server, user, wanted, unit, calendar, source=source_of(request))
    return schemas.IncidentHistogram(
        unit=unit,
        zone=calendar.key,
        exact=found.exact,
        bars=[schemas.IncidentBar(start=time_json(bar.start), count=bar.number) for bar in found.bars],
    )


@router.get("/heat", response_model=schemas.IncidentHeat)
def heat(
    request: Request,
    user: SignedIn,
    wanted: IncidentConditions,
    cell_deg: Annotated[
        float, Query(description=f"Side of a cell in degrees, {CELL_MIN_DEG:g} to {CELL_MAX_DEG:g}")
    ] = CELL_DEG,
) -> schemas.IncidentHeat:
    """How many were seen in each cell of a grid, by where the camera stood; the fullest first."""
    found = tallies.heat(server_of(request), user, wanted, cell_deg, source=source_of(request))
    cells = [schemas.IncidentCell(south=cell.south, west=cell.west, count=cell.number) for cell in found.cells]
    return schemas.IncidentHeat(cell_deg=cell_deg, exact=found.exact, cells=cells)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(
            f"{name!r} is no time zone", parameter="zone", cure="write an IANA name like Asia/Ho_Chi_Minh"
        ) from error
