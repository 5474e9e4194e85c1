"""``/api/v1/searches`` and ``/api/v1/alerts``: saved searches of who asks, and what they were told of."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.services.alerts import saved
from camsvc.api.services.alerts.saved import KEEP, Saved, Wish
from camsvc.api.services.alerts.webhook import URL_MAX
from camsvc.domain.alert import NAME_MAX, Alert, Alerting, Channel, Hours, SavedSearch, Span
from camsvc.domain.camera import Severity
from camsvc.domain.incident_json import time_json

router = APIRouter(prefix="/api/v1", tags=["searches"])

LIMIT, LIMIT_MAX = 50, 200
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


class AlertHours(BaseModel):
    """When alerts are wanted, in the installation's time zone."""

    model_config = {"extra": "forbid"}
    begin: Annotated[str, Field(pattern=CLOCK, description="Like 22:00")]
    end: Annotated[str, Field(pattern=CLOCK, description="Like 05:00: before begin, it is the next day's")]
    days: list[Annotated[int, Field(ge=1, le=7)]] = Field(
        default=[1, 2, 3, 4, 5, 6, 7], min_length=1, max_length=7, description="Of begin: 1 Monday … 7 Sunday"
    )


class SearchAlerts(BaseModel):
    model_config = {"extra": "forbid"}
    channels: list[Channel] = Field(default=[], max_length=8, description="Besides the page")
    hours: AlertHours | None = Field(default=None, description="null: always")


class SearchWish(BaseModel):
    """What POST and PUT take."""

    model_config = {"extra": "forbid"}
    name: str = Field(min_length=1, max_length=NAME_MAX)
    conditions: dict[str, Any] = Field(default={}, description="By the names of the parameters of /incidents")
    span: Span | None = Field(default=None, description="A time that moves along, in place of from and to")
    alerts: SearchAlerts | None = Field(default=None, description="null: none")
    webhook: str | None = Field(
        default=KEEP, max_length=URL_MAX, description="URL that alerts are posted to; left out: as it is; null: none"
    )


class SavedSearchOut(BaseModel):
    id: UUID
    name: str
    conditions: dict[str, Any]
    span: Span | None
    alerts: SearchAlerts | None
    has_webhook: bool
    paused_at: datetime | None = Field(description="Since when too many alerts hold it up; saving it again goes on")
    unseen: int
    webhook_secret: str | None = Field(
        default=None, description="Signs deliveries (Standard Webhooks). Said once, when the webhook is set"
    )


class SavedSearches(BaseModel):
    items: list[SavedSearchOut]


class AlertOut(BaseModel):
    id: int
    search: UUID
    search_name: str
    incident: UUID
    camera: str
    area: str
    kind: str
    severity: Severity
    incident_started_at: datetime
    raised_at: datetime
    seen_at: datetime | None


class Alerts(BaseModel):
    items: list[AlertOut]
    unseen: int = Field(description="Of all searches")
    next_before: int | None = Field(description="Ask again with it as 'before' for what came earlier; null: no more")


class Seen(BaseModel):
    model_config = {"extra": "forbid"}
    up_to: int = Field(ge=0, le=2**63 - 1, description="Id of the newest alert that was looked at")
    search: UUID | None = Field(default=None, description="null: of all searches")


@router.get("/searches", response_model=SavedSearches)
def all_searches(request: Request, user: SignedIn) -> Response:
    """Those of the account that asks, by name."""
    found = saved.all_of(server_of(request), user)
    return JSONResponse({"items": [search_json(each) for each in found]})


@router.post("/searches", response_model=SavedSearchOut, status_code=201)
def add(request: Request, user: SignedIn, body: SearchWish) -> Response:
    """Save a search."""
    made = saved.add(server_of(request), user, _wish(body), source=source_of(request))
    return JSONResponse(_saved(made), 201, headers={"Location": f"/api/v1/searches/{made.search.id}"})


@router.get("/searches/{search}", response_model=SavedSearchOut)
def get(request: Request, user: SignedIn, search: UUID) -> Response:
    return JSONResponse(search_json(saved.get(server_of(request), user, search)))


@router.put("/searches/{search}", response_model=SavedSearchOut)
def change(request: Request, user: SignedIn, search: UUID, body: SearchWish) -> Response:
    """Replace it. What was paused goes on."""
    made = saved.change(server_of(request), user, search, _wish(body), source=source_of(request))
    return JSONResponse(_saved(made))


@router.delete("/searches/{search}", status_code=204)
def remove(request: Request, user: SignedIn, search: UUID) -> Response:
    """With its alerts; the incidents stay."""
    saved.remove(server_of(request), user, search, source=source_of(request))
    return Response(status_code=204)


@router.get("/alerts", response_model=Alerts)
def alerts(
    request: Request,
    user: SignedIn,
    search: Annotated[UUID | None, Query(description="Of this saved search only")] = None,
    unseen: Annotated[bool, Query(description="Only those that were not looked at")] = False,
    before: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Ids below this one")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT,
) -> Response:
    """Newest first."""
    server = server_of(request)
    found = saved.alerts_of(
        server, user, before=before, search=search, unseen=unseen, limit=limit, source=source_of(request)
    )
    more = found[-1].id if len(found) == limit else None
    items = [_alert(each) for each in found]
    return JSONResponse({"items": items, "unseen": saved.unseen(server, user), "next_before": more})


@router.post("/alerts/seen", status_code=204)
def seen(request: Request, user: SignedIn, body: Seen) -> Response:
    """Say that alerts were looked at."""
    saved.see(server_of(request), user, body.up_to, body.search)
    return Response(status_code=204)


def search_json(search: SavedSearch) -> dict[str, Any]:
    told = search.alerting
    hours = told.hours if told else None
    return {
        "id": str(search.id),
        "name": search.name,
        "conditions": dict(search.conditions),
        "span": search.span,
        "alerts": told
        and {
            "channels": sorted(told.channels),
            "hours": hours
            and {
                "begin": hours.begin.isoformat("minutes"),
                "end": hours.end.isoformat("minutes"),
                "days": sorted(hours.days),
            },
        },
        "has_webhook": search.has_webhook,
        "paused_at": time_json(search.paused_at) if search.paused_at else None,
        "unseen": search.unseen,
    }


def _saved(made: Saved) -> dict[str, Any]:
    secret: dict[Literal["webhook_secret"], str] = {"webhook_secret": made.secret} if made.secret else {}
    return search_json(made.search) | secret


def _wish(body: SearchWish) -> Wish:
    told = body.alerts
    alerting = Alerting(frozenset(told.channels), _hours(told.hours)) if told else None
    return Wish(body.name, body.conditions, body.span, alerting, body.webhook)


def _hours(told: AlertHours | None) -> Hours | None:
    if told is None:
        return None
    return Hours(time.fromisoformat(told.begin), time.fromisoformat(told.end), frozenset(told.days))


def _alert(each: Alert) -> dict[str, Any]:
    return {
        "id": each.id,
        "search": str(each.search),
        "search_name": each.search_name,
        "incident": str(each.incident),
        "camera": each.camera,
        "area": each.area,
        "kind": each.kind,
        "severity": each.severity.value,
        "incident_started_at": time_json(each.incident_started_at),
        "raised_at": time_json(each.raised_at),
        "seen_at": time_json(each.seen_at) if each.seen_at else None,
    }
