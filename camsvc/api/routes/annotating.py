"""``/api/v1/incidents/{id}/annotations`` and its parts: tags, notes, who looks after it, what it turned out to be."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import annotation_schemas as schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.services import annotating
from camsvc.api.services.annotating import AT_ONCE_MAX, Annotations, Wishes
from camsvc.domain.annotation_json import annotations_json, summary_json

router = APIRouter(prefix="/api/v1/incidents", tags=["annotations"])

IncidentId = Annotated[UUID, Path(description="The incident's id (UUIDv7)")]
TagName = Annotated[str, Path(min_length=1, max_length=200, description="Upper and lower case are the same")]
NoteId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The note's id")]


@router.get("/tags", response_model=schemas.TagUses)
def tags(request: Request, user: SignedIn) -> Response:
    """Tags that were given lately where the account may read them, the most frequent first."""
    found = annotating.tags(server_of(request), user)
    return JSONResponse({"items": [{"tag": each.tag, "count": each.count} for each in found]})


@router.get("/annotations", response_model=schemas.Summaries)
def summaries(
    request: Request,
    user: SignedIn,
    id: Annotated[list[UUID], Query(min_length=1, max_length=AT_ONCE_MAX, description="Of these incidents. Repeat it")],
) -> Response:
    """What people say of several incidents, in short."""
    found = annotating.summaries_of(server_of(request), user, id, source=source_of(request))
    return JSONResponse({"items": [summary_json(each, now) for each, now in found.items()]})


@router.post("/annotations", response_model=schemas.Summaries)
def say_of_all(request: Request, user: SignedIn, body: schemas.Wishes) -> Response:
    """Say the same of several incidents: of all, or, where one is refused, of none. Answers those that it changed."""
    wishes = Wishes(
        add_tags=tuple(body.add_tags),
        remove_tags=tuple(body.remove_tags),
        note=body.note,
        disposition=body.disposition,
        reason=body.reason,
        assignee=body.assignee,
        unassign=body.unassign,
        done=body.done,
    )
    found = annotating.say_of_all(server_of(request), user, body.incidents, wishes, source=source_of(request))
    return JSONResponse({"items": [summary_json(each, now) for each, now in found.items()]})


@router.get("/{id}/annotations", response_model=schemas.Annotations)
def read(request: Request, user: SignedIn, id: IncidentId) -> Response:
    """All that people say of an incident, and all that they ever said."""
    return _answer(annotating.read(server_of(request), user, id, source=source_of(request)))


@router.get("/{id}/assignees", response_model=schemas.Accounts)
def assignees(request: Request, user: SignedIn, id: IncidentId) -> Response:
    """Accounts that it can be assigned to."""
    server = server_of(request)
    found = annotating.require(server, user, id, source=source_of(request))
    return JSONResponse({"items": annotating.assignees(server, user, [found.area])})


@router.put("/{id}/tags/{tag}", response_model=schemas.Annotations)
def tag(request: Request, user: SignedIn, id: IncidentId, tag: TagName) -> Response:
    return _answer(annotating.tag(server_of(request), user, id, tag, source=source_of(request)))


@router.delete("/{id}/tags/{tag}", status_code=204)
def untag(request: Request, user: SignedIn, id: IncidentId, tag: TagName) -> Response:
    """Also of one that it does not have."""
    annotating.untag(server_of(request), user, id, tag, source=source_of(request))
    return Response(status_code=204)


@router.post("/{id}/notes", status_code=201, response_model=schemas.Annotations)
def note(request: Request, user: SignedIn, id: IncidentId, body: schemas.NoteText) -> Response:
    found = annotating.note(server_of(request), user, id, body.text, source=source_of(request))
    return _answer(found, 201)


@router.put("/{id}/notes/{note}", response_model=schemas.Annotations)
def edit_note(request: Request, user: SignedIn, id: IncidentId, note: NoteId, body: schemas.NoteText) -> Response:
    """Only its author may. What it said before stays in the history."""
    return _answer(annotating.edit_note(server_of(request), user, id, note, body.text, source=source_of(request)))


@router.delete("/{id}/notes/{note}", status_code=204)
def withdraw_note(request: Request, user: SignedIn, id: IncidentId, note: NoteId) -> Response:
    """Its author may, and administrators. It stays in the history."""
    annotating.withdraw_note(server_of(request), user, id, note, source=source_of(request))
    return Response(status_code=204)


@router.put("/{id}/assignment", response_model=schemas.Annotations)
def assign(request: Request, user: SignedIn, id: IncidentId, body: schemas.Assignee) -> Response:
    """Who looks after it: one account at a time. ``done``: it has."""
    server = server_of(request)
    found = annotating.assign(server, user, id, body.assignee, done=body.done, source=source_of(request))
    return _answer(found)


@router.delete("/{id}/assignment", status_code=204)
def unassign(request: Request, user: SignedIn, id: IncidentId) -> Response:
    annotating.unassign(server_of(request), user, id, source=source_of(request))
    return Response(status_code=204)


@router.put("/{id}/disposition", response_model=schemas.Annotations)
def judge(request: Request, user: SignedIn, id: IncidentId, body: schemas.Judging) -> Response:
    """``none`` takes a judgement back."""
    server = server_of(request)
    return _answer(annotating.judge(server, user, id, body.disposition, body.reason, source=source_of(request)))


def _answer(found: Annotations, status: int = 200) -> Response:
    return JSONResponse(annotations_json(found.incident, found.now, found.history), status)
