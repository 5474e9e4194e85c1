"""``/api/v1/incidents/{id}/around``: where it may have come from, and where it may have gone."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.filtering import moment
from camsvc.api.services import around as service
from camsvc.config import LocationConfig
from camsvc.db import filters
from camsvc.db.queries.surroundings import CAMERAS_MAX, INCIDENTS_MAX, Nearby
from camsvc.domain.coverage import Coverage
from camsvc.domain.incident import GapReason
from camsvc.domain.incident_json import incident_json, time_json

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])


class Missing(BaseModel):
    """Time in which no incident does not mean that nothing happened."""

    what: Coverage
    started_at: datetime
    ended_at: datetime
    reason: GapReason


class NearbyCamera(BaseModel):
    camera: str
    name: str
    area: str
    location: LocationConfig = Field(description="Where it stood when it saw the first of these incidents, or stands")
    distance_m: float = Field(description="From the incident's camera")
    bearing_deg: float = Field(description="In which direction it stands from there, clockwise from north")
    sees: bool | None = Field(description="Whether it sees some of what the incident's camera saw; null: not known")
    incidents: list[schemas.Incident] = Field(description="That overlap the time, oldest first")
    missing: list[Missing]


class Surroundings(BaseModel):
    from_: datetime = Field(alias="from")
    to: datetime
    cameras: list[NearbyCamera] = Field(description="Nearest first, without the incident's own")
    same_camera: list[schemas.Incident] = Field(description="What else its own camera saw, oldest first")
    is_whole: bool = Field(description=f"false: over {CAMERAS_MAX} cameras or {INCIDENTS_MAX} incidents; ask for less")


@router.get("/{id}/around", response_model=Surroundings)
def around(
    request: Request,
    user: SignedIn,
    id: Annotated[UUID, Path(description="The incident's id (UUIDv7)")],
    before_s: Annotated[
        float, Query(ge=0, le=service.SPAN_MAX_S, description="Seconds before its start")
    ] = service.BEFORE_S,
    after_s: Annotated[
        float, Query(ge=0, le=service.SPAN_MAX_S, description="Seconds after its end")
    ] = service.BEFORE_S,
    radius_m: Annotated[
        float,
        Query(gt=0, le=service.RADIUS_MAX_M, description="Metres around its camera, to stand in or to see into"),
    ] = service.RADIUS_M,
    at: Annotated[
        str | None, Query(description="ISO 8601 with offset: before and after this moment, not its start and end")
    ] = None,
) -> JSONResponse:
    """Cameras near an incident and what they saw before and after it, for where you may search: "follow it"."""
    server = server_of(request)
    then = moment(at, "at")
    found = service.around(
        server,
        user,
        id,
        before_s=before_s,
        after_s=after_s,
        radius_m=radius_m,
        at=filters.parse_time(then, "at", server.settings.timezone) if then else None,
        source=source_of(request),
    )
    return JSONResponse(
        {
            "from": time_json(found.from_),
            "to": time_json(found.to),
            "cameras": [_camera(each) for each in found.cameras],
            "same_camera": [incident_json(each) for each in found.same_camera],
            "is_whole": found.is_whole,
        }
    )


def _camera(each: Nearby) -> dict[str, object]:
    return {
        "camera": each.camera,
        "name": each.name,
        "area": each.area,
        "location": asdict(each.location),
        "distance_m": round(each.distance_m, 1),
        "bearing_deg": round(each.bearing_deg, 1) % 360,
        "sees": each.sees,
        "incidents": [incident_json(incident) for incident in each.incidents],
        "missing": [
            {
                "what": gap.what.value,
                "started_at": time_json(gap.started_at),
                "ended_at": time_json(gap.ended_at),
                "reason": gap.reason.value,
            }
            for gap in each.missing
        ],
    }
