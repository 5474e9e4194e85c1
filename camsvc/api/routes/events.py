"""``/api/v1/incidents/stream``: incidents as they open, change and end (server-sent events).

Events: ``incident`` (its JSON: opened or changed), ``left`` (``id`` and ``revision`` of one that does not match, but
may have before), ``reload`` (changes were left out: load the list anew). ``id:`` is the change's number: a browser
sends the last one back by itself when it reconnects (Last-Event-ID) and is told what changed since.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from enum import Enum
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from camsvc.api.access import SignedIn, source_of, user_of
from camsvc.api.context import Server, server_of
from camsvc.api.errors import BusyError
from camsvc.api.filtering import IncidentConditions
from camsvc.api.services import incidents
from camsvc.api.services.feed import Change, Ended, Subscription
from camsvc.api.services.rights import search_reach
from camsvc.api.streaming import TimedStreamingResponse
from camsvc.domain.account import User
from camsvc.errors import CamsvcError, InputError

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

HEARTBEAT_S = 15.0
"""Below the minute after which proxies give up on a silent connection."""
RECHECK_S = 60.0
"""How long a stream may outlive the session or token that opened it."""
REPLAY_MAX = 1000
"""Changes told to a client that comes back; beyond, loading the list anew is cheaper for both."""
RETRY_MIN_MS = 2000
RETRY_SPREAD_MS = 3000
"""How long a browser waits before it reconnects; spread, so that a restart does not bring all of them back at once."""
SEQ_MAX = 2**63 - 1


@router.get(
    "/stream",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events: incident, left, reload"}},
)
async def stream(
    request: Request,
    user: SignedIn,
    wanted: IncidentConditions,
    last_event_id: Annotated[str | None, Header(description="Number of the last change that was seen")] = None,
) -> Response:
    """Incidents as they open, change and end. Open the stream first, then load the list: nothing is missed between."""
    server = server_of(request)
    after = _seq(last_event_id)
    await run_in_threadpool(incidents.follow, server, user, wanted, source=source_of(request))
    subscription = server.feed.subscribe(wanted.under(search_reach(user, wanted)))
    if subscription is None:
        raise BusyError("Too many streams are open on this server.")
    try:
        newest = await run_in_threadpool(server.feed.newest)
    except BaseException:
        server.feed.unsubscribe(subscription)
        raise
    return EventResponse(server, subscription, _events(request, server, subscription, after, newest))


class EventResponse(TimedStreamingResponse):
    """Gives its subscription back however it ends."""

    def __init__(self, server: Server, subscription: Subscription, events: AsyncIterator[str]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._server = server
        self._subscription = subscription

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._server.feed.unsubscribe(self._subscription)


async def _events(
    request: Request, server: Server, subscription: Subscription, after: int | None, newest: int
) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MIN_MS + secrets.randbelow(RETRY_SPREAD_MS)}\n\n"
    position = newest
    if after is None:
        yield _mark(newest)
    elif after > newest:
        yield _reload(newest, "the number is of another database")
    else:
        missed = await run_in_threadpool(server.feed.since, after, REPLAY_MAX + 1)
        if len(missed) > REPLAY_MAX:
            yield _reload(newest, "too much has changed")
        else:
            position = missed[-1].seq if missed else after
            for each in missed:
                if (judged := subscription.judge(each)) is not None:
                    yield _event(*judged)
            yield _mark(position)
    async for text in _live(request, server, subscription, position):
        yield text


async def _live(request: Request, server: Server, subscription: Subscription, position: int) -> AsyncIterator[str]:
    checked_s = server.clock.monotonic_s()
    while True:
        found = await subscription.next(HEARTBEAT_S)
        if server.clock.monotonic_s() - checked_s >= RECHECK_S:
            user = await run_in_threadpool(_asked_again, request)
            if user is None:
                yield ": the session has ended\n\n"
                return
            if isinstance(user, User):
                subscription.confine(search_reach(user, subscription.wanted))
            checked_s = server.clock.monotonic_s()
        if found is None:
            yield ": still here\n\n"
        elif isinstance(found, Ended):
            if found is Ended.OVERFLOW:
                yield _reload(None, "the client reads too slowly")
            return
        elif found[0].seq > position:
            position = found[0].seq
            yield _event(*found)


def _asked_again(request: Request) -> User | Unknown | None:
    """Who listens, with what they are granted now; None: nobody any more."""
    try:
        return user_of(request)
    except CamsvcError:
        return Unknown.AWAY


class Unknown(Enum):
    AWAY = "the database is away: that is no reason to log anybody out"


def _event(change: Change, matches: bool) -> str:
    if matches:
        return f"id: {change.seq}\nevent: incident\ndata: {change.text}\n\n"
    left = json.dumps({"id": str(change.incident.id), "revision": change.incident.revision})
    return f"id: {change.seq}\nevent: left\ndata: {left}\n\n"


def _mark(seq: int) -> str:
    """Only moves the number that a browser will send back."""
    return f"id: {seq}\n\n"


def _reload(seq: int | None, why: str) -> str:
    number = f"id: {seq}\n" if seq is not None else ""
    return f"{number}event: reload\ndata: {json.dumps({'reason': why})}\n\n"


def _seq(text: str | None) -> int | None:
    if text is None or not text.strip():
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= SEQ_MAX):
        raise InputError(
            "Last-Event-ID: not a number of this stream", parameter="Last-Event-ID", cure="send the last id: that came"
        )
    return int(text)
