"""``/api/v1/holds``: what must not be deleted, and its release by two people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import hold_schemas as schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.routes.incidents import IncidentId
from camsvc.api.services import holds, rights
from camsvc.api.services.holds import hold_json
from camsvc.api.services.text import refuse_unstorable
from camsvc.db.queries.holds import LIST_MAX
from camsvc.domain.account import Action
from camsvc.domain.hold import Hold, HoldState, Target
from camsvc.domain.incident_json import time_json

router = APIRouter(prefix="/api/v1", tags=["holds"])

ID_MAX = 2**63 - 1
HoldId = Annotated[int, Path(ge=0, le=ID_MAX, description="As the list names it")]


@router.get("/holds", response_model=schemas.Holds)
def all_holds(
    request: Request,
    user: SignedIn,
    state: Annotated[HoldState | None, Query(description="Only those")] = None,
    before: Annotated[int | None, Query(ge=0, le=ID_MAX, description="With a lower id: the next page")] = None,
    limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = LIST_MAX,
) -> Response:
    """Where you may hold; the newest first."""
    found = holds.listed(server_of(request), user, state=state, before=before, limit=limit, source=source_of(request))
    return JSONResponse({"items": [hold_json(each) for each in found]})


@router.post("/holds", status_code=201, response_model=schemas.Hold)
def place(request: Request, user: SignedIn, body: schemas.HoldWish) -> Response:
    """From now on it stays, whatever retention, the disk or an administrator want."""
    refuse_unstorable(body.model_dump(include={"reason", "case_number"}))
    target = Target(body.incident, body.camera, body.from_, body.to, body.case_number)
    made = holds.place(server_of(request), user, target, body.reason, legal=body.legal, source=source_of(request))
    return JSONResponse(hold_json(made), 201, headers={"Location": f"/api/v1/holds/{made.id}"})


@router.get("/holds/enforcement", response_model=schemas.Enforcement)
def enforcement(request: Request, user: SignedIn) -> Response:
    """Whether the object store keeps its word, and how far its files are locked as this database says."""
    server = server_of(request)
    rights.require_somewhere(server, user, Action.HOLD, source=source_of(request))
    found = holds.state(server)
    return JSONResponse(
        {
            "enforced": found.is_kept,
            "locked_incidents": found.mirror.locked,
            "failed_incidents": found.mirror.failed,
            "error": found.mirror.error,
        }
    )


@router.get("/holds/{hold}", response_model=schemas.HoldWithHistory)
def get(request: Request, user: SignedIn, hold: HoldId) -> Response:
    found, events = holds.get(server_of(request), user, hold, source=source_of(request))
    told = [
        {"at": time_json(each.at), "deed": each.deed.value, "user": each.user, "reason": each.reason} for each in events
    ]
    return JSONResponse(hold_json(found) | {"history": told})


@router.post("/holds/{hold}/release/request", response_model=schemas.Hold)
def request_release(request: Request, user: SignedIn, hold: HoldId, body: schemas.Because) -> Response:
    """Ask for its end. It stands until somebody else confirms."""
    refuse_unstorable(body.reason, "reason")
    return _answer(holds.request_release(server_of(request), user, hold, body.reason, source=source_of(request)))


@router.post("/holds/{hold}/release/refuse", response_model=schemas.Hold)
def refuse_release(request: Request, user: SignedIn, hold: HoldId, body: schemas.Because) -> Response:
    """The hold goes on. Who asked for its end withdraws so."""
    refuse_unstorable(body.reason, "reason")
    return _answer(holds.end_request(server_of(request), user, hold, body.reason, source=source_of(request)))


@router.post("/holds/{hold}/release/confirm", response_model=schemas.Hold)
def confirm_release(request: Request, user: SignedIn, hold: HoldId, body: schemas.Because) -> Response:
    """Its end, by another account than the one that asked."""
    refuse_unstorable(body.reason, "reason")
    return _answer(holds.release(server_of(request), user, hold, body.reason, source=source_of(request)))


@router.get("/incidents/{id}/hold", response_model=schemas.IncidentHold)
def of_incident(request: Request, user: SignedIn, id: IncidentId) -> Response:
    """Whether an incident is held, by its own or as part of a camera's span or a case."""
    server = server_of(request)
    incident = rights.require_incident(server, user, Action.SEARCH, id, source=source_of(request))
    found = holds.protection(server, user, incident)
    return JSONResponse(
        {"held": found.is_held, "locked": found.is_locked, "holds": [hold_json(each) for each in found.holds]}
    )


def _answer(hold: Hold) -> Response:
    return JSONResponse(hold_json(hold))
