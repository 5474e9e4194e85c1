"""``/login/provider``: logging in with a sign-in provider (OpenID Connect)."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from camsvc.web.who import Who


def add(pages: APIRouter, who: Who) -> None:
    """Its routes, beside those of the log-in page."""


async def leave(request: Request) -> Response | None:
    """After a log-out: the page that logs out at the provider too, where that is wanted."""
    return None
