"""``/api/v1/notices``: what an account is told beside alerts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import export_schemas as schemas
from camsvc.api.access import SignedIn
from camsvc.api.context import server_of
from camsvc.api.services import notices
from camsvc.domain.incident_json import time_json
from camsvc.domain.notice import Notice
from camsvc.errors import InputError

router = APIRouter(prefix="/api/v1/notices", tags=["notices"])


@router.get("", response_model=schemas.Notices)
def all_notices(
    request: Request,
    user: SignedIn,
    unread: Annotated[bool, Query(description="Only those that were not looked at")] = False,
    before: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Ids below this one")] = None,
    limit: Annotated[int, Query(ge=1, le=notices.LIST_MAX)] = 50,
) -> Response:
    """Your own, the newest first."""
    server = server_of(request)
    found = notices.listed(server, user, unread=unread, before=before, limit=limit)
    more = found[-1].id if len(found) == limit else None
    items = [_notice(each) for each in found]
    return JSONResponse({"items": items, "unread": notices.unread(server, user), "next_before": more})


@router.post("/read", status_code=204)
def read(request: Request, user: SignedIn, body: schemas.Read) -> Response:
    """Say that notices were looked at."""
    if (body.up_to is None) == (not body.ids):
        raise InputError("up_to or ids, and not both", parameter="up_to", cure="give one of them")
    notices.mark_read(server_of(request), user, up_to=body.up_to, ids=body.ids)
    return Response(status_code=204)


def _notice(notice: Notice) -> dict[str, object]:
    return {
        "id": notice.id,
        "at": time_json(notice.at),
        "kind": notice.kind.value,
        "path": notice.path,
        "facts": notice.facts,
        "read_at": time_json(notice.read_at) if notice.read_at else None,
    }
