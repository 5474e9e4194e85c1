"""``/api/v1/cameras``, tried before they are stored: what a camera sends, what rules would conclude."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.access import SignedIn, source_of
from camsvc.api.context import server_of
from camsvc.api.routes.cameras import CameraId
from camsvc.api.services import probes, rule_tests
from camsvc.api.services.rule_tests import Progress, RuleTest, Trial
from camsvc.api.streaming import TimedStreamingResponse
from camsvc.errors import CamsvcError

router = APIRouter(prefix="/api/v1/cameras", tags=["cameras"])

LINES = "application/x-ndjson"
ProbeBody = Annotated[
    dict[str, Any],
    Body(
        description="A url (rtsp://user:password@host/path), or the id of a camera; with both, *** in the url stands"
        " for the camera's credentials. transport: tcp or udp.",
        examples=[{"camera": "nhu-nguyet-01"}],
    ),
]
TrialBody = Annotated[
    dict[str, Any],
    Body(
        description="zones, lines, rules and detect as in a camera; what is left out is as it is stored",
        json_schema_extra={"$ref": "#/components/schemas/RuleTrial"},
    ),
]


@router.post("/probe", response_model=schemas.Probe)
def probe(request: Request, user: SignedIn, body: ProbeBody) -> Response:
    """Watch a camera for some seconds, from the server: what it sends, what to change on it, and its first picture.
    Takes up to half a minute. 422 when it does not answer, with the reason.
    """
    found = probes.try_out(server_of(request), user, body, source=source_of(request))
    return JSONResponse(probes.tried_json(found))


@router.post("/{camera}/rules/test", response_model=schemas.RuleTest)
def test(request: Request, user: SignedIn, camera: CameraId, body: TrialBody) -> Response:
    """What zones and rules would have concluded from what is stored of the last hour; nothing is changed.

    With ``Accept: application/x-ndjson`` lines with ``done`` and ``total`` come first, then the same result.
    """
    trial = rule_tests.prepare(server_of(request), user, camera, body, source=source_of(request))
    if LINES in request.headers.get("accept", ""):
        return TimedStreamingResponse(_lines(trial), media_type=LINES)
    return JSONResponse(rule_tests.test_json(trial.result()))


def _lines(trial: Trial) -> Iterator[bytes]:
    try:
        for each in trial.run():
            yield _line(_told(each))
    except CamsvcError as error:
        yield _line({"error": str(error)})  # the answer has begun: its status can no longer say so


def _told(each: Progress | RuleTest) -> dict[str, Any]:
    if isinstance(each, RuleTest):
        return rule_tests.test_json(each)
    return {"done": each.done, "total": each.total}


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"
