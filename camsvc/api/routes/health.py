"""``/healthz`` and ``/readyz``: for machines that restart and route; open to all, so they say as little as possible."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import schemas
from camsvc.api.context import server_of

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=schemas.Health)
async def healthz() -> Response:
    """The process lives and its event loop turns. What it depends on is not asked: a restart would not mend that."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", response_model=schemas.Readiness, responses={503: {"model": schemas.Readiness}})
def readyz(request: Request) -> Response:
    """Whether requests should be sent here: 503 while the database or the store does not answer. ``live`` only tells
    whether a live process runs: no other server would have one either."""
    readiness = server_of(request).readiness
    parts = readiness.parts()
    ready = readiness.is_ready(parts)
    words = {True: "ready", False: "not ready"}
    body = {"status": words[ready], "parts": {name: words[found] for name, found in parts.items()}}
    return JSONResponse(body, 200 if ready else 503)
