"""The real application under a real uvicorn, on a real PostgreSQL and a real S3 server."""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from cryptography.fernet import Fernet
from fastapi import FastAPI
from psycopg import sql

from camsvc.api.app import create_app
from camsvc.api.context import Server
from camsvc.api.serving import HttpServer, make_server
from camsvc.clock import SystemClock
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import accounts, incidents, leases
from camsvc.domain.account import Role
from camsvc.domain.incident import Clip, ClipPart, Incident, IncidentState
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.embedded.s3 import EmbeddedS3
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore
from tests.db import examples
from tests.servers import Bucket, _create

PASSWORD = "correct horse battery"
"""Of every account."""
START_S = 10.0
STOP_S = 10.0


_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> Iterator[None]:
    """Through ``logging``, so that caplog sees it; tracebacks without their variables, which take seconds to render."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    yield
    structlog.reset_defaults()


class ShiftedClock(SystemClock):
    """Real time, moved forward by ``shift_s``: to be past a lock-out without waiting for it; the wall's alone by
    ``wall_shift``."""

    shift_s = 0.0
    wall_shift = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.wall_shift

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.shift_s


@dataclass
class Site:
    """One running server and what it stands on."""

    url: str
    app: FastAPI
    uvicorn: HttpServer
    thread: threading.Thread
    settings: Settings
    database: Database
    store: ObjectStore
    cipher: Cipher
    clock: ShiftedClock
    held: set[str] = field(default_factory=set)
    """Cameras that the example worker holds."""

    @property
    def server(self) -> Server:
        server = self.app.state.camsvc
        assert isinstance(server, Server)
        return server

    @contextmanager
    def client(self, name: str | None = "admin", **options: Any) -> Iterator[httpx.Client]:  # noqa: ANN401  httpx's
        """Of user ``name`` with a bearer token; None: of a stranger."""
        with httpx.Client(base_url=self.url, timeout=20, **options) as client:
            if name is not None:
                answer = client.post("/api/v1/auth/token", data={"username": name, "password": PASSWORD})
                assert answer.status_code == 200, answer.text
                client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            yield client

    def account(self, *roles: Role) -> str:
        """Name of a new account."""
        name = f"user-{next(_numbers)}"
        with self.database.session() as session:
            accounts.create(session, name, PASSWORD, roles or [Role.VIEWER])
        return name

    def camera(self) -> str:
        """Id of a new camera with a lease of the example worker, so that its incidents may be published."""
        camera = f"camera-{next(_numbers)}"
        self.own(camera)
        return camera

    def stop(self) -> float:
        """Seconds that it took."""
        began = time.monotonic()
        self.uvicorn.should_exit = True
        self.thread.join(STOP_S)
        assert not self.thread.is_alive(), f"the server did not stop within {STOP_S} s"
        return time.monotonic() - began

    def own(self, *cameras: str) -> None:
        examples.put(self.database, self.cipher, *(examples.camera(each) for each in cameras))
        with self.database.session() as session:
            claimed = leases.claim(session, examples.WORKER, 1000, 3600, held=self.held)
        self.held |= {lease.camera for lease in claimed}
        assert self.held >= set(cameras)

    def publish(self, incident: Incident) -> Incident:
        with self.database.session() as session:
            incidents.publish(session, incident)
        return incident

    def recorded(self, content: bytes, *, parts: int = 1, **changes: Any) -> Incident:  # noqa: ANN401  fields of Incident
        """A closed incident whose clip has ``parts`` parts of ``content``, in the store."""
        incident = examples.incident(**changes)
        made = []
        for index in range(parts):
            data = content + bytes(index)
            key = keys.clip_part(incident.id, index)
            self.store.put_bytes(key, data, "video/mp4")
            made.append(part(key, index, data))
        clip = Clip(tuple(made))
        self.store.put_bytes(keys.thumbnail(incident.id), b"\xff\xd8jpeg\xff\xd9", "image/jpeg")
        self.store.put_bytes(keys.tracks(incident.id), json.dumps({"frames": []}).encode(), "application/json")
        return self.publish(
            replace(
                incident,
                clip=clip,
                thumbnail=keys.thumbnail(incident.id),
                tracks=keys.tracks(incident.id),
            )
        )


def part(key: str, index: int, data: bytes, **changes: Any) -> ClipPart:  # noqa: ANN401  fields of ClipPart
    example = examples.clip().parts[0]
    values: dict[str, Any] = {
        "key": key,
        "index": index,
        "size_bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "codec": "h264",
    }
    return replace(example, **{**values, **changes})


def opened(**changes: Any) -> Incident:  # noqa: ANN401  fields of Incident
    return examples.incident(state=IncidentState.OPEN, ended_at=None, **changes)


def later(incident: Incident, seconds: float = 8, **changes: Any) -> Incident:  # noqa: ANN401  fields of Incident
    """Its next revision: closed after ``seconds``."""
    ended_at = incident.started_at + timedelta(seconds=seconds)
    values: dict[str, Any] = {
        "state": IncidentState.CLOSED,
        "ended_at": ended_at,
        "last_observed_at": ended_at,
        "revision": incident.revision + 1,
    }
    return replace(incident, **{**values, **changes})


@contextmanager
def temporary_database(server: EmbeddedPostgres, template: str) -> Iterator[str]:
    """URL of a migrated database for as long as a module's tests run."""
    name = f"api_{next(_numbers)}"
    with server.connect_as_superuser() as connection:
        connection.execute(_create(name, template))
    yield server.url(name)
    with server.connect_as_superuser() as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def new_bucket(server: EmbeddedS3) -> Bucket:
    return Bucket(
        endpoint=server.endpoint,
        access_key=server.access_key,
        secret_key=server.secret_key,
        bucket=f"api-{next(_numbers)}",
        region=server.region,
        secure=False,
    )


@contextmanager
def running(url: str, bucket: Bucket, data: Path, **settings: Any) -> Iterator[Site]:  # noqa: ANN401  Settings'
    """A server with the account ``admin``; its bucket is made."""
    given = Settings.model_validate(
        {
            "data": data,
            "database_url": url,
            **{f"s3_{name}": value for name, value in vars(bucket).items()},
            "server": {"port": 0},
            "log_in": {"failures_per_address": 1000},  # all tests come from one
            **settings,
        }
    )
    database, cipher, clock = Database(url), Cipher(Fernet.generate_key()), ShiftedClock()
    with database.session() as session:
        accounts.ensure_admin(session, PASSWORD)
    store = ObjectStore(**vars(bucket))
    store.ensure_bucket()
    app = create_app(given, database, store, cipher, clock)
    server = make_server(app, given)
    thread = threading.Thread(target=server.run, name="test-uvicorn", daemon=True)
    thread.start()
    began = time.monotonic()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() - began < START_S, "the server did not start in time"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    site = Site(f"http://127.0.0.1:{port}", app, server, thread, given, database, store, cipher, clock)
    try:
        yield site
    finally:
        if thread.is_alive():
            site.stop()
        database.close()
        store.close()


@pytest.fixture(scope="module")
def site(
    embedded_postgres: EmbeddedPostgres,
    migrated_template: str,
    embedded_s3: EmbeddedS3,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """One for all tests of a module: they make cameras and accounts of their own."""
    with (
        temporary_database(embedded_postgres, migrated_template) as url,
        running(url, new_bucket(embedded_s3), tmp_path_factory.mktemp("data")) as site,
    ):
        yield site


@pytest.fixture
def own_site(migrated_url: str, bucket: Bucket, tmp_path: Path) -> Iterator[Site]:
    """For a test that stops the server, or counts everything in it."""
    with running(migrated_url, bucket, tmp_path) as site:
        yield site


@pytest.fixture(scope="module")
def admin(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx.Client]:
    with site.client(None) as client:
        yield client


def eventually(check: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Of what another thread or process does in its own time."""
    began = time.monotonic()
    while not check():
        assert time.monotonic() - began < timeout_s, "did not happen in time"
        time.sleep(0.02)
