"""Who asks for what lasts (a picture, a stream of events), and what their session is known by meanwhile."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from camsvc.api.access import SignedIn, session_cookie, source_of
from camsvc.api.services.live import Asker
from camsvc.domain.account import User
from camsvc.live.wire import Viewer


def asker_of(connection: HTTPConnection, user: User) -> Asker:
    """``user`` is who ``connection`` was found to be of."""
    header = connection.headers.get("authorization")
    token = header.partition(" ")[2].strip() if header is not None else session_cookie(connection) or ""
    key = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
    reason = user.reason
    viewer = Viewer(user.id, user.name, source_of(connection) or "", key, reason.purpose, reason.case_number)
    return Asker(user, viewer)


def _asker(request: Request, user: SignedIn) -> Asker:
    return asker_of(request, user)


Asking = Annotated[Asker, Depends(_asker)]
