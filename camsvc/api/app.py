"""The application: routes, what is around each of them, and what lives as long as the process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

import camsvc
from camsvc.api import problems
from camsvc.api.context import Server
from camsvc.api.envelope import Envelope
from camsvc.api.headers import SecurityHeaders
from camsvc.api.metrics import HttpMetrics
from camsvc.api.routes import (
    agencies,
    annotating,
    areas,
    around,
    audit,
    auth,
    camera_lists,
    camera_trials,
    cameras,
    case_items,
    cases,
    clips,
    events,
    exports,
    footage_requests,
    health,
    holds,
    incidents,
    live,
    live_events,
    live_sockets,
    metrics,
    notices,
    redactions,
    searches,
    second_factor,
    sessions,
    storage,
    tallies,
    tokens,
    users,
    verification,
    walls,
    whep,
)
from camsvc.api.schemas import Problem
from camsvc.api.services.accounts import Gatekeeper
from camsvc.api.services.alerts.deliveries import Deliverer
from camsvc.api.services.alerts.raising import Alerter
from camsvc.api.services.changes import DatabaseChanges
from camsvc.api.services.duty import Duty
from camsvc.api.services.exports.expiry import Expirer
from camsvc.api.services.exports.gauges import ExportGauges
from camsvc.api.services.exports.runner import Runners
from camsvc.api.services.feed import Feed
from camsvc.api.services.gauges import DatabaseGauges
from camsvc.api.services.holds import Keeper
from camsvc.api.services.live import live_processes
from camsvc.api.services.live_gauges import LiveGauges
from camsvc.api.services.openid import Provider
from camsvc.api.services.prover import Prover
from camsvc.api.services.readiness import Readiness
from camsvc.api.services.recent import Recent
from camsvc.api.services.renditions import Renditions
from camsvc.api.services.retention import Purger, StorageGauges
from camsvc.api.services.states import States, states_of
from camsvc.api.services.verification import Verifier
from camsvc.api.strictness import known_parameters
from camsvc.clock import Clock, SystemClock
from camsvc.config import Settings
from camsvc.db import locks
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.evidence.means import Means
from camsvc.media.rendition import transcode_for_browser
from camsvc.storage.holds import Enforcement, HoldMirror
from camsvc.storage.objects import ObjectStore

OPENAPI_PATH = "/api/openapi.json"
REQUEST_THREADS = 40
"""Requests that block (database, store) at once; more wait their turn. Well above the pool's 15 connections, as a
piece of a clip that is read takes a thread and no connection."""
STOP_S = 3.0
"""For each background thread to end; they are daemons, so one that does not holds up nobody."""
GZIP_MINIMUM_BYTES = 1000
ROUTERS = (
    health,
    metrics,
    auth,
    second_factor,
    camera_lists,
    camera_trials,
    cameras,
    areas,
    events,
    tallies,
    annotating,
    incidents,
    around,
    clips,
    redactions,
    walls,
    whep,
    live,
    live_events,
    searches,
    users,
    tokens,
    sessions,
    audit,
    holds,
    storage,
    agencies,
    exports,
    notices,
    verification,
    cases,
    case_items,
    footage_requests,
)
"""``events`` and ``tallies`` before ``incidents``: "stream" and "count" must not be taken for an id."""


def create_app(
    settings: Settings, database: Database, store: ObjectStore, cipher: Cipher, clock: Clock | None = None
) -> FastAPI:
    """``settings`` are resolved, the database is migrated. The web application mounts its pages on what is returned;
    run it with ``serving.make_server``, which also ends open streams when it stops.
    """
    server = _server(settings, database, store, cipher, clock or SystemClock())
    app = Api(
        title="camsvc",
        version=camsvc.__version__,
        openapi_url=OPENAPI_PATH,
        docs_url=None,  # the pages of the documentation load scripts from other hosts
        redoc_url=None,
        middleware=[
            Middleware(Envelope, security=SecurityHeaders(settings), metrics=server.metrics),
            Middleware(Compression),
        ],
        generate_unique_id_function=lambda route: "-".join([*(str(tag) for tag in route.tags), route.name]),
        lifespan=_lifespan,
    )
    app.state.camsvc = server
    problems.install(app)
    for module in ROUTERS:
        app.include_router(module.router, dependencies=[Depends(known_parameters)])
    app.include_router(live_sockets.router)  # web sockets: they look after themselves
    return app


class Api(FastAPI):
    """FastAPI, with an OpenAPI document that says what errors really look like."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _described(self)
        return self.openapi_schema


def _server(settings: Settings, database: Database, store: ObjectStore, cipher: Cipher, clock: Clock) -> Server:
    counted = HttpMetrics()
    enforcement = Enforcement(store, clock)
    mirror = HoldMirror(database, store, enforcement)
    server = Server(
        settings=settings,
        database=database,
        store=store,
        cipher=cipher,
        clock=clock,
        metrics=counted,
        feed=Feed(DatabaseChanges(database), clock=clock, overflowed=counted.stream_overflows.inc),
        renditions=Renditions(
            store, settings.data / "renditions", transcode=transcode_for_browser, clock=clock, metrics=counted
        ),
        prover=Prover(database, store, clock, counted),
        gatekeeper=Gatekeeper(clock),
        readiness=Readiness(database, store, clock),
        recent=Recent(clock),
        live=live_processes(database, cipher, clock),
        states=States(*states_of(database), clock),
        provider=Provider(settings.oidc, clock) if settings.oidc else None,
        duties=(
            *_duties(settings, database, cipher, clock),
            Duty("holds", locks.MIRROR, Keeper(database, mirror, clock).work, database, clock),
            Duty("retention", locks.RETENTION, Purger(settings, database, store, clock).work, database, clock),
            Duty("exports", locks.EXPORTS, Expirer(settings, database, store, clock).work, database, clock),
        ),
        exports=Runners(Means(database, store, cipher, settings, clock)),
        enforcement=enforcement,
        verifier=Verifier(settings.data, settings.evidence.verify_max_bytes),
    )
    counted.registry.register(DatabaseGauges(server))
    counted.registry.register(LiveGauges(server))
    counted.registry.register(StorageGauges(server))
    counted.registry.register(ExportGauges(server))
    return server


def _duties(settings: Settings, database: Database, cipher: Cipher, clock: Clock) -> tuple[Duty, ...]:
    """What one server does for all of them."""
    alerter, deliverer = Alerter(database, settings, clock), Deliverer(database, cipher, settings, clock)
    return (
        Duty("alerts", locks.ALERTS, alerter.work, database, clock),
        Duty("alert-deliveries", locks.DELIVERIES, deliverer.work, database, clock),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    server: Server = app.state.camsvc
    anyio.to_thread.current_default_thread_limiter().total_tokens = REQUEST_THREADS
    server.feed.start()
    server.renditions.start()
    server.states.start()
    server.exports.start()
    for duty in server.duties:
        duty.start()
    try:
        yield
    finally:
        server.feed.close()
        server.states.close()
        server.exports.close()
        for duty in server.duties:
            duty.close()
        await server.live.close()
        server.prover.close()
        await anyio.to_thread.run_sync(server.renditions.close, STOP_S)
        await anyio.to_thread.run_sync(server.feed.join, STOP_S)
        await anyio.to_thread.run_sync(server.states.join, STOP_S)
        await anyio.to_thread.run_sync(server.exports.join, STOP_S)
        for duty in server.duties:
            await anyio.to_thread.run_sync(duty.join, STOP_S)


class Compression:
    """GZip for what is text and holds no secret: not for tokens (BREACH), clips (compressed already, and with ranges)
    or streams of events; pages take care of themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._packed = GZipMiddleware(app, minimum_size=GZIP_MINIMUM_BYTES, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        packed = scope["type"] == "http" and _is_worth_packing(scope["path"])
        await (self._packed if packed else self._plain)(scope, receive, send)


def _is_worth_packing(path: str) -> bool:
    return path in {OPENAPI_PATH, "/api/v1/cameras", "/api/v1/areas", "/api/v1/incidents", "/metrics"} or (
        path.startswith("/api/v1/incidents/") and path.endswith("/tracks")
    )


def _described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="Cameras, incidents and clips",
        description="Errors are problem documents (RFC 9457). Unknown query parameters are refused.",
        routes=app.routes,
    )
    cameras.describe(document)
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    for gone in ("HTTPValidationError", "ValidationError"):
        schemas.pop(gone, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            _describe_problems(operation["responses"])
    return document


def _describe_problems(responses: dict[str, Any]) -> None:
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses["422"] = {"description": "A parameter or a member of the body is wrong", "content": content}
    responses["default"] = {"description": "What went wrong, and the cure", "content": content}


def open_paths() -> Sequence[str]:
    """What is answered without a token or a session."""
    return ("/healthz", "/readyz", OPENAPI_PATH, "/api/v1/auth/token", "/api/v1/auth/login")
