"""``/api/v1/audit``: who did what, and the proof of it; for administrators of the whole system."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import people_schemas as schemas
from camsvc.api.access import Administrator, source_of
from camsvc.api.context import server_of
from camsvc.api.formats import BYTE_ORDER_MARK, csv_lines
from camsvc.api.services import records
from camsvc.api.streaming import TimedStreamingResponse
from camsvc.db.filters import parse_time
from camsvc.db.queries.audit import Wanted
from camsvc.domain.audit import Head, Kind, Outcome, Record
from camsvc.domain.audit_json import record_json
from camsvc.errors import InputError

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])

LIMIT_DEFAULT, LIMIT_MAX = 100, 1000
SEQ_MAX = 2**63 - 1
COLUMNS = (
    "seq",
    "at",
    "kind",
    "what",
    "outcome",
    "user",
    "source",
    "camera",
    "area",
    "incident",
    "purpose",
    "case_number",
    "details",
    "hash",
)


class Form(StrEnum):
    JSON = "json"
    CSV = "csv"
    LINES = "jsonl"


def _wanted(
    request: Request,
    user: Annotated[str | None, Query(max_length=200, description="Name of the account")] = None,
    kind: Annotated[Kind | None, Query()] = None,
    what: Annotated[str | None, Query(max_length=100, description="Exactly, like clip.played")] = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    camera: Annotated[str | None, Query(max_length=100)] = None,
    incident: Annotated[UUID | None, Query()] = None,
    case: Annotated[str | None, Query(max_length=200, description="Case number, exactly")] = None,
    from_: Annotated[str | None, Query(alias="from", description="At or after it; ISO 8601")] = None,
    to: Annotated[str | None, Query(description="Before it; ISO 8601")] = None,
) -> Wanted:
    zone = server_of(request).settings.timezone
    return Wanted(
        user.strip().lower() if user else None,
        camera,
        incident,
        kind,
        outcome,
        parse_time(from_, "from", zone) if from_ else None,
        parse_time(to, "to", zone, later=True) if to else None,
        case,
        what,
    )


Conditions = Annotated[Wanted, Depends(_wanted)]


@router.get(
    "",
    response_model=schemas.AuditPage,
    responses={200: {"content": {"text/csv": {}, "application/jsonl": {}}}},
)
def entries(
    request: Request,
    asker: Administrator,
    wanted: Conditions,
    cursor: Annotated[int | None, Query(ge=1, le=SEQ_MAX, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Of a page of json")] = LIMIT_DEFAULT,
    format: Annotated[Form, Query(description="csv and jsonl give all that match, as a file")] = Form.JSON,
) -> Response:
    """Newest first; every condition given must hold. Reading it is itself recorded."""
    server, source = server_of(request), source_of(request)
    if format is not Form.JSON:
        found = records.pages(server, asker, wanted, format.value, source=source)
        return _file(found, format)
    page, position = records.entries(server, asker, wanted, limit=limit, before=cursor, source=source)
    next_cursor = None if position is None else str(position)
    return JSONResponse({"items": [record_json(each) for each in page], "next_cursor": next_cursor})


@router.get("/head", response_model=schemas.AuditHead)
def head(request: Request, asker: Administrator) -> Response:
    """The end of the chain. Kept where this system cannot reach, nothing before it can change unseen."""
    found = records.head(server_of(request), asker, source=source_of(request))
    return JSONResponse({"head": str(found), "seq": found.seq, "hash": found.hash.hex()})


@router.get("/verify", response_model=schemas.AuditVerdict)
def verify(
    request: Request,
    asker: Administrator,
    anchor: Annotated[str | None, Query(max_length=200, description="A head that was kept elsewhere: SEQ:HASH")] = None,
) -> Response:
    """Prove the whole chain, or name the first record that was altered, removed or moved. Takes a second for each
    8,000 records; one proof at a time."""
    kept = None
    if anchor is not None:
        try:
            kept = Head.parse(anchor)
        except ValueError as error:
            raise InputError(
                "anchor: no head of a chain", parameter="anchor", cure="give what GET /api/v1/audit/head answered"
            ) from error
    verdict = records.verify(server_of(request), asker, kept, source=source_of(request))
    return JSONResponse(records.verdict_json(verdict))


def _file(pages: Iterator[Sequence[Record]], form: Form) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="audit.{form.value}"'}
    if form is Form.CSV:
        return TimedStreamingResponse(
            _csv(pages), headers=headers, media_type="text/csv; charset=utf-8; header=present"
        )
    return TimedStreamingResponse(_json_lines(pages), headers=headers, media_type="application/jsonl")


def _csv(pages: Iterator[Sequence[Record]]) -> Iterator[str]:
    yield BYTE_ORDER_MARK + csv_lines([COLUMNS])
    for page in pages:
        if page:
            yield csv_lines([_row(each) for each in page])


def _row(record: Record) -> list[str | float | int | None]:
    told = record_json(record) | {"details": json.dumps(record.deed.details, ensure_ascii=False, sort_keys=True)}
    return [told[name] for name in COLUMNS]


def _json_lines(pages: Iterator[Sequence[Record]]) -> Iterator[str]:
    for page in pages:
        if page:
            yield "".join(json.dumps(record_json(each), ensure_ascii=False) + "\n" for each in page)
