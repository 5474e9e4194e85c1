"""``/api/v1/cases``: cases, who is on them, their notes, their history, the hold on all of one."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import case_schemas as schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.case_schemas import ID_MAX
from camsvc.api.context import server_of
from camsvc.api.services.cases import holding, notes, people, register
from camsvc.api.services.cases.register import CaseView, Wish
from camsvc.api.services.text import refuse_unstorable
from camsvc.db.queries.case_notes import Written
from camsvc.db.queries.cases import HISTORY_MAX, LIST_MAX, Narrowed, Summary
from camsvc.domain.case import NUMBER_MAX, TITLE_MAX, CaseState
from camsvc.domain.case_json import agency_json, case_json, event_json, note_json, person_json
from camsvc.domain.incident_json import time_json

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

CaseId = Annotated[int, Path(ge=0, le=ID_MAX, description="As the list names it")]
UserName = Annotated[str, Path(min_length=1, max_length=64, description="Name of an account")]
AgencyId = Annotated[int, Path(ge=0, le=2**31 - 1)]
NoteId = Annotated[int, Path(ge=0, le=ID_MAX)]


@router.get("", response_model=schemas.Cases)
def all_cases(
    request: Request,
    user: SignedIn,
    text: Annotated[
        str | None, Query(min_length=1, max_length=NUMBER_MAX + TITLE_MAX, description="In number, title, description")
    ] = None,
    state: Annotated[CaseState | None, Query(description="Only those")] = None,
    mine: Annotated[bool, Query(description="Only those that you are on by name")] = False,
    incident: Annotated[UUID | None, Query(description="Only those that it is in")] = None,
    cursor: Annotated[str | None, Query(max_length=50, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = LIST_MAX,
) -> Response:
    """Those that you are on, of administrators all; the last changed first."""
    narrowed = Narrowed(text, state, mine, incident)
    page = register.listed(server_of(request), user, narrowed, cursor=cursor, limit=limit)
    return JSONResponse({"items": [_summary(each) for each in page.items], "next_cursor": page.next_cursor})


@router.post("", status_code=201, response_model=schemas.Case)
def add(request: Request, user: SignedIn, body: schemas.CaseWish) -> Response:
    """You lead it. For who may export somewhere."""
    refuse_unstorable(body.model_dump())
    wish = Wish(body.number, body.title, body.description)
    made = register.add(server_of(request), user, wish, source=source_of(request))
    return JSONResponse(view_json(made), 201, headers={"Location": f"/api/v1/cases/{made.case.id}"})


@router.get("/{case}", response_model=schemas.Case)
def get(request: Request, user: SignedIn, case: CaseId) -> Response:
    """With who is on it. A case that you are not on does not exist for you."""
    return _answer(register.get(server_of(request), user, case, source=source_of(request)))


@router.patch("/{case}", response_model=schemas.Case)
def change(request: Request, user: SignedIn, case: CaseId, body: schemas.CaseChange) -> Response:
    """For who leads it. 409: somebody changed it meanwhile."""
    refuse_unstorable(body.model_dump())
    wish = Wish(body.number, body.title, body.description)
    changed = register.change(server_of(request), user, case, wish, revision=body.revision, source=source_of(request))
    return _answer(changed)


@router.post("/{case}/close", response_model=schemas.Case)
def close(request: Request, user: SignedIn, case: CaseId, body: schemas.Because) -> Response:
    """Nothing is added or changed any more; it can be read, exported and opened again."""
    refuse_unstorable(body.reason, "reason")
    return _answer(register.close(server_of(request), user, case, body.reason, source=source_of(request)))


@router.post("/{case}/reopen", response_model=schemas.Case)
def reopen(request: Request, user: SignedIn, case: CaseId, body: schemas.Because) -> Response:
    refuse_unstorable(body.reason, "reason")
    return _answer(register.reopen(server_of(request), user, case, body.reason, source=source_of(request)))


@router.get("/{case}/history", response_model=schemas.CaseHistory)
def history(
    request: Request,
    user: SignedIn,
    case: CaseId,
    before: Annotated[int | None, Query(ge=0, le=ID_MAX, description="next_before of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=HISTORY_MAX)] = HISTORY_MAX,
) -> Response:
    """All that was ever done to it, the last first."""
    found = register.history(server_of(request), user, case, before=before, limit=limit, source=source_of(request))
    return JSONResponse({"items": [event_json(each) for each in found.items], "next_before": found.next_before})


@router.get("/{case}/candidates", response_model=schemas.Candidates)
def candidates(request: Request, user: SignedIn, case: CaseId) -> Response:
    """Accounts and agencies that could be put on it, for who leads it."""
    found = people.candidates(server_of(request), user, case, source=source_of(request))
    told = [{"id": each.id, "name": each.name} for each in found.agencies]
    return JSONResponse({"people": list(found.people), "agencies": told})


@router.put("/{case}/people/{user_name}", response_model=schemas.CasePeople)
def put_person(request: Request, user: SignedIn, case: CaseId, user_name: UserName, body: schemas.RoleWish) -> Response:
    """On the case in that role from now on. It gives no right to footage."""
    found = people.put(server_of(request), user, case, user_name, body.role, source=source_of(request))
    return JSONResponse({"items": [person_json(each) for each in found]})


@router.delete("/{case}/people/{user_name}", status_code=204)
def take_person(request: Request, user: SignedIn, case: CaseId, user_name: UserName) -> Response:
    people.take(server_of(request), user, case, user_name, source=source_of(request))
    return Response(status_code=204)


@router.put("/{case}/agencies/{agency}", response_model=schemas.CaseAgencies)
def share(request: Request, user: SignedIn, case: CaseId, agency: AgencyId, body: schemas.RoleWish) -> Response:
    """All accounts of the agency that may export somewhere are on the case in that role from now on."""
    found = people.share(server_of(request), user, case, agency, body.role, source=source_of(request))
    return JSONResponse({"items": [agency_json(each) for each in found]})


@router.delete("/{case}/agencies/{agency}", status_code=204)
def unshare(request: Request, user: SignedIn, case: CaseId, agency: AgencyId) -> Response:
    people.unshare(server_of(request), user, case, agency, source=source_of(request))
    return Response(status_code=204)


@router.get("/{case}/notes", response_model=schemas.CaseNotes)
def all_notes(request: Request, user: SignedIn, case: CaseId) -> Response:
    """In order, with all that each ever said. They never go out with a package."""
    found = notes.listed(server_of(request), user, case, source=source_of(request))
    return JSONResponse({"items": [written_json(each) for each in found]})


@router.post("/{case}/notes", status_code=201, response_model=schemas.CaseNote)
def write(request: Request, user: SignedIn, case: CaseId, body: schemas.NoteText) -> Response:
    refuse_unstorable(body.text, "text")
    made = notes.add(server_of(request), user, case, body.text, source=source_of(request))
    return JSONResponse(written_json(made), 201)


@router.put("/{case}/notes/{note}", response_model=schemas.CaseNote)
def edit(request: Request, user: SignedIn, case: CaseId, note: NoteId, body: schemas.NoteText) -> Response:
    """Only its author may. What it said before stays."""
    refuse_unstorable(body.text, "text")
    made = notes.edit(server_of(request), user, case, note, body.text, source=source_of(request))
    return JSONResponse(written_json(made))


@router.delete("/{case}/notes/{note}", status_code=204)
def withdraw(request: Request, user: SignedIn, case: CaseId, note: NoteId) -> Response:
    """Its author may, and who leads the case. It stays, as withdrawn."""
    notes.withdraw(server_of(request), user, case, note, source=source_of(request))
    return Response(status_code=204)


@router.put("/{case}/hold", response_model=schemas.CaseHeld)
def hold(request: Request, user: SignedIn, case: CaseId, body: schemas.CaseHold) -> Response:
    """Each item that you may hold, and the case itself: what is added later is held too."""
    refuse_unstorable(body.reason, "reason")
    server, source = server_of(request), source_of(request)
    made = holding.hold(server, user, case, body.reason, legal=body.legal, source=source)
    whole = made.whole.id if made.whole else None
    return JSONResponse({"placed": made.placed, "elsewhere": made.elsewhere, "gone": made.gone, "whole": whole})


@router.post("/{case}/hold/release/request", response_model=schemas.Released)
def request_release(request: Request, user: SignedIn, case: CaseId, body: schemas.Because) -> Response:
    """Ask for the end of all holds under its number that you may release. They stand until somebody else confirms."""
    refuse_unstorable(body.reason, "reason")
    number = holding.request_release(server_of(request), user, case, body.reason, source=source_of(request))
    return JSONResponse({"holds": number})


@router.post("/{case}/hold/release/refuse", response_model=schemas.Released)
def refuse_release(request: Request, user: SignedIn, case: CaseId, body: schemas.Because) -> Response:
    """They go on."""
    refuse_unstorable(body.reason, "reason")
    number = holding.end_request(server_of(request), user, case, body.reason, source=source_of(request))
    return JSONResponse({"holds": number})


@router.post("/{case}/hold/release/confirm", response_model=schemas.Released)
def confirm_release(request: Request, user: SignedIn, case: CaseId, body: schemas.Because) -> Response:
    """Their end, by another account than the one that asked."""
    refuse_unstorable(body.reason, "reason")
    number = holding.release(server_of(request), user, case, body.reason, source=source_of(request))
    return JSONResponse({"holds": number})


def view_json(view: CaseView) -> dict[str, Any]:
    return case_json(view.case) | {
        "role": view.role.value,
        "items": view.items,
        "hold": view.hold.value if view.hold else None,
        "people": [person_json(each) for each in view.people],
        "agencies": [agency_json(each) for each in view.agencies],
    }


def written_json(written: Written) -> dict[str, Any]:
    versions = [{"at": time_json(each.at), "text": each.text} for each in written.versions]
    return note_json(written.note) | {"versions": versions}


def _summary(summary: Summary) -> dict[str, Any]:
    return case_json(summary.case) | {
        "role": summary.role.value,
        "items": summary.items,
        "hold": summary.hold.value if summary.hold else None,
        "asked": summary.asked,
    }


def _answer(view: CaseView) -> Response:
    return JSONResponse(view_json(view))
