"""A live process as it runs: found by servers while it serves, by nobody when it has stopped."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from camsvc.clock import SystemClock
from camsvc.config import LiveSettings, Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import endpoints
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.errors import CamsvcError, ConfigError, NotFoundError
from camsvc.live.client import LiveProcesses
from camsvc.live.process import LiveProcess, advertised
from camsvc.live.wire import TOKEN_PURPOSE
from tests.live.test_wire import REQUEST

SOON_S = 15.0


@pytest.fixture
def settings(migrated_url: str, tmp_path: Path) -> Settings:
    key = SecretStr(Fernet.generate_key().decode())
    return Settings(data=tmp_path, database_url=SecretStr(migrated_url), secret_key=key)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


@contextmanager
def running(settings: Settings, name: str = "live-1") -> Iterator[threading.Event]:
    stop = threading.Event()
    process = LiveProcess(settings, name)
    thread = threading.Thread(target=process.run, args=(stop,), name="test-live", daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(SOON_S)
        assert not thread.is_alive(), "the live process did not stop"


def found(database: Database) -> list[Endpoint]:
    with database.session() as session:
        return endpoints.fresh(session, EndpointKind.LIVE)


def soon(check: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + SOON_S
    while not check():
        assert time.monotonic() < deadline_s, "did not happen in time"
        time.sleep(0.02)


def test_it_is_found_while_it_serves_and_withdrawn_when_it_stops(settings: Settings, database: Database) -> None:
    with running(settings, "live-of-the-test"):
        soon(lambda: len(found(database)) == 1)
        [endpoint] = found(database)
        assert (endpoint.name, endpoint.host, endpoint.load, endpoint.capacity) == (
            "live-of-the-test",
            "127.0.0.1",
            0,
            200,
        )

        async def ask() -> None:
            tokens = Cipher.of(settings).derive(TOKEN_PURPOSE)
            processes = LiveProcesses(lambda: [endpoint], tokens, SystemClock())
            try:
                numbers = (await processes.statuses())["live-of-the-test"]
                assert (numbers["viewers"], numbers["viewers_webrtc"], numbers["hub_channels"]) == (0, 0, 0)
                for asked in (processes.offer(REQUEST, "v=0\r\n"), processes.snapshot(REQUEST)):
                    with pytest.raises(CamsvcError) as caught:
                        await asked
                    assert type(caught.value) is not CamsvcError  # understood on both sides
                with pytest.raises(NotFoundError):
                    async with processes.stream(REQUEST):
                        pass
            finally:
                await processes.close()

        asyncio.run(ask())
    assert found(database) == []


def test_it_starts_and_stops_while_postgresql_is_away(settings: Settings) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = SecretStr(f"postgresql://camsvc@127.0.0.1:{nobody.getsockname()[1]}/camsvc")
        with running(settings.model_copy(update={"database_url": url})):
            time.sleep(0.5)


def test_a_port_that_is_taken_is_told_with_its_cure(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        live = LiveSettings(port=taken.getsockname()[1])
        with pytest.raises(ConfigError, match=r"live\.host, live\.port"):
            LiveProcess(settings.model_copy(update={"live": live}), "live-1").run(threading.Event())


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104  to be refused
def test_every_address_is_none_that_others_could_be_told(host: str) -> None:
    with pytest.raises(ConfigError, match=r"set live\.advertise"):
        advertised(LiveSettings(host=host))
    assert advertised(LiveSettings(host=host, advertise="live-1.example")) == "live-1.example"
    assert advertised(LiveSettings(host="10.0.0.7")) == "10.0.0.7"
