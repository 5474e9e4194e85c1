"""The real web application under a real server, with a town to look at."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from psycopg import sql

from camsvc import log
from camsvc.api.app import create_app
from camsvc.api.context import Server
from camsvc.api.serving import make_server
from camsvc.cli.demo.town import boundaries
from camsvc.clock import SystemClock
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import accounts
from camsvc.domain.account import Grant, Role, User
from camsvc.domain.incident import Incident
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.embedded.s3 import EmbeddedS3
from camsvc.errors import NotFoundError
from camsvc.storage.objects import ObjectStore
from camsvc.web import pages
from camsvc.web.lookout import Lookout
from tests.browser import Chromium, Tab, browser, tab
from tests.servers import _create
from tests.web import town
from tests.web.station import Station

__all__ = ["browser"]
PASSWORD = "correct horse battery"
START_S = 20.0
Passage: TypeAlias = Any
"""Playwright's storage state: cookies."""
Enter: TypeAlias = Callable[..., AbstractContextManager[Tab]]


@dataclass
class Web:
    url: str
    database: Database
    cipher: Cipher
    recorder: town.Recorder
    now: datetime
    """When the town was made; its incidents lie in the hours before."""
    server: Server
    lookout: Lookout
    environment: dict[str, str]
    """Settings of the installation, for another process of it."""


@pytest.fixture(scope="session")
def web(
    embedded_postgres: EmbeddedPostgres,
    migrated_template: str,
    embedded_s3: EmbeddedS3,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Web]:
    """One for the session: NiceGUI's application is one object a process."""
    log.configure("warning")
    folder = tmp_path_factory.mktemp("web")
    name = "web_pages"
    with embedded_postgres.connect_as_superuser() as connection:
        connection.execute(_create(name, migrated_template))
    bucket = {
        "endpoint": embedded_s3.endpoint,
        "access_key": embedded_s3.access_key,
        "secret_key": embedded_s3.secret_key,
        "bucket": "web-pages",
        "region": embedded_s3.region,
        "secure": False,
    }
    url, key = embedded_postgres.url(name), Fernet.generate_key().decode()
    settings = Settings.model_validate(
        {
            "data": folder,
            "database_url": url,
            "secret_key": key,
            **{f"s3_{key}": value for key, value in bucket.items()},
            "server": {"port": 0},
            "log_in": {"failures_per_address": 1000},  # all tests come from one
            "map": {"boundaries": str(boundaries())},
        }
    )
    database, cipher, store = Database(url), Cipher(key), ObjectStore(**bucket)  # type: ignore[arg-type]
    store.ensure_bucket()
    with database.session() as session:
        accounts.ensure_admin(session, PASSWORD)
    epochs = town.settle(database, cipher)
    now = (datetime.now(UTC) - timedelta(minutes=1)).replace(second=30, microsecond=0)
    town.report(database, datetime.now(UTC))
    app = create_app(settings, database, store, cipher, SystemClock())
    site = pages.mount(app)
    server = make_server(app, settings)
    thread = threading.Thread(target=server.run, name="test-web", daemon=True)
    thread.start()
    began = time.monotonic()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() - began < START_S, "the server did not start in time"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    recorder = town.Recorder(database, store, epochs, folder)
    assert isinstance(site.lookout, Lookout)
    environment = {"CAMSVC_DATA": str(folder), "CAMSVC_DATABASE_URL": url, "CAMSVC_SECRET_KEY": key}
    environment |= {f"CAMSVC_S3_{name.upper()}": str(value) for name, value in bucket.items()}
    yield Web(f"http://127.0.0.1:{port}", database, cipher, recorder, now, site.server, site.lookout, environment)
    server.should_exit = True
    thread.join(START_S)
    database.close()
    store.close()
    with embedded_postgres.connect_as_superuser() as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def visit(web: Web, browser: Chromium) -> Iterator[Tab]:
    """A tab of somebody who is not logged in."""
    with tab(browser, web.url) as opened:
        yield opened


@pytest.fixture(scope="package")
def passage(web: Web, browser: Chromium) -> Passage:
    """Cookies of somebody who is logged in: the log-in itself has its own tests."""
    with tab(browser, web.url) as opened:
        opened.go("/login")
        opened.log_in("admin", PASSWORD)
        opened.page.wait_for_url(f"{web.url}/")
        return opened.page.context.storage_state()


@pytest.fixture
def inside(web: Web, browser: Chromium, passage: Passage) -> Iterator[Tab]:
    """A tab of somebody who is logged in. What went wrong in it fails the test at its end."""
    with tab(browser, web.url, storage_state=passage) as opened:
        yield opened
        # Where no live process runs the pages of cameras are told so, which the browser takes for an error.
        assert not [each for each in opened.errors if "/whep" not in each], opened.errors
        assert not opened.foreign, opened.foreign


@pytest.fixture
def enter(web: Web, browser: Chromium) -> Enter:
    """A tab of an account, which is made with these grants where it is not there yet. What went wrong in it fails the
    test at its end."""

    @contextmanager
    def entered(name: str, *given: Grant, language: str = "en", **options: object) -> Iterator[Tab]:
        account(web, name, *given)
        with tab(browser, web.url, **options) as opened:
            prefer(opened, language=language)
            come_in(opened, name)
            yield opened
            # Where no live process runs the pages of cameras are told so, which the browser takes for an error.
            assert not [each for each in opened.errors if "/whep" not in each], opened.errors
            assert not opened.foreign, opened.foreign

    return entered


@pytest.fixture
def officer(web: Web) -> User:
    """Nobody told them anything yet."""
    return account(web, f"officer-{uuid4().hex[:8]}", Grant(Role.INVESTIGATOR))


@pytest.fixture
def desk(web: Web, browser: Chromium, officer: User) -> Iterator[Tab]:
    """A tab of ``officer``. Not all incidents that ring there have a picture in the store."""
    with tab(browser, web.url) as opened:
        come_in(opened, officer.name)
        yield opened


def come_in(opened: Tab, name: str) -> None:
    opened.go("/login")
    opened.log_in(name, PASSWORD)
    opened.page.wait_for_url(f"{opened.site}/")


def account(web: Web, name: str, *given: Grant) -> User:
    with web.database.session() as session:
        try:
            return accounts.find(session, name)
        except NotFoundError:
            return accounts.create(session, name, PASSWORD, list(given))


def prefer(opened: Tab, **preferences: str) -> None:
    """Of language, theme, case: what the browser remembers."""
    cookies = [{"name": f"camsvc_{name}", "value": value, "url": opened.site} for name, value in preferences.items()]
    opened.page.context.add_cookies(cookies)


def shot(opened: Tab, name: str) -> None:
    """Pictures of the pages for people to look at, where it is said where to put them."""
    if folder := os.environ.get("SHOTS"):
        opened.page.wait_for_timeout(600)
        opened.page.screenshot(path=f"{folder}/{name}.png")


@pytest.fixture(scope="module")
def station(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    """Every camera of the town sends pictures, and a live process brings them to viewers. While it stands it says how
    the cameras are, so it stands for no module that does so itself."""
    folder = tmp_path_factory.mktemp("station")
    with Station(web.database, web.cipher.derive("tap"), web.environment, folder) as playing:
        yield playing


@pytest.fixture(scope="session")
def walkers(web: Web, footage: Path) -> Incident:
    """An incident with a clip of a street full of people, and where they are in it."""
    film = footage / "ped_tud_stadtmitte.mp4"
    boxes = town.truth(footage, "ped_tud_stadtmitte", 640, 480, 25.0)
    return web.recorder.record(
        "cho-01", film, web.now - timedelta(minutes=42), boxes, cuts_s=((0, 7),), thumbnail_s=3.0
    )
