"""Where cameras are: told by PostgreSQL, kept while it is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from camsvc.db.database import Database
from camsvc.db.queries import cameras, endpoints
from camsvc.domain.camera import CameraState, CameraStatus
from camsvc.domain.endpoint import EndpointKind
from camsvc.errors import DatabaseUnavailableError, NotFoundError
from camsvc.live import directory as module
from camsvc.live.directory import Directory
from tests.live.rig import CLOCK, Rig, RingCamera
from tests.worker.tap_client import wait_until


@pytest.fixture
def rig(migrated_url: str) -> Iterator[Rig]:
    rig = Rig(Database(migrated_url))
    yield rig
    rig.close()


@pytest.fixture
def directory(rig: Rig) -> Iterator[Directory]:
    directory = Directory(rig.database, CLOCK)
    yield directory
    if directory._thread.is_alive():
        directory.close()


def asked(directory: Directory) -> None:
    asyncio.run(directory.refreshed())


def test_a_camera_is_with_the_worker_that_holds_its_lease(rig: Rig, directory: Directory) -> None:
    gate = RingCamera("gate")
    tap = rig.worker("a", gate)
    with pytest.raises(DatabaseUnavailableError):
        directory.place("gate")
    directory.start()
    asked(directory)
    place = directory.place("gate")
    assert (place.name, place.status) == ("gate", None)
    assert place.endpoint is not None
    assert replace(place.endpoint, load=0) == replace(tap.endpoint("a"), load=0)
    with pytest.raises(NotFoundError):
        directory.place("yard")
    rig.worker("b", gate)
    asked(directory)
    moved = directory.place("gate").endpoint
    assert moved is not None
    assert moved.name == "b"


def test_a_camera_that_nobody_has_or_whose_worker_withdrew_has_no_endpoint(rig: Rig, directory: Directory) -> None:
    rig.worker("a", RingCamera("gate"), RingCamera("yard"))
    rig.release("gate")
    directory.start()
    asked(directory)
    assert directory.place("gate").endpoint is None
    status = directory.place("gate").status
    assert status is not None
    assert (status.state, status.detail) == (CameraState.UNASSIGNED, "no worker holds it")
    assert directory.place("yard").endpoint is not None
    with rig.database.session() as session:
        endpoints.withdraw(session, EndpointKind.TAP, "a")
        cameras.remove(session, "gate")
    asked(directory)
    unserved = directory.place("yard")
    assert unserved.endpoint is None
    assert unserved.status is not None
    assert unserved.status.worker == "a"
    assert "gate" not in directory.places()


def test_it_looks_by_itself_every_two_seconds(rig: Rig, directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REFRESH_EVERY_S", 0.3)
    rig.worker("a", RingCamera("gate"))
    directory.start()
    asked(directory)
    rig.worker("b", RingCamera("yard"))
    wait_until(lambda: "yard" in directory.places(), "seen")


def test_many_who_ask_at_once_are_answered_by_few_looks(rig: Rig, directory: Directory) -> None:
    looks = 0
    read = directory._read

    def counted() -> dict[str, module.Place]:
        nonlocal looks
        looks += 1
        return read()

    directory._read = counted  # type: ignore[method-assign]
    directory.start()

    async def ask() -> None:
        await asyncio.gather(*(directory.refreshed() for _ in range(300)))

    asyncio.run(ask())
    assert looks <= 3


def test_what_was_asked_before_a_look_began_is_answered_by_that_look_and_not_by_one_under_way(
    rig: Rig, directory: Directory
) -> None:
    directory.start()
    asked(directory)
    for number in range(5):
        rig.worker(f"w{number}", RingCamera(f"c{number}"))
        asked(directory)
        assert f"c{number}" in directory.places()


def test_while_postgresql_is_away_the_last_known_is_kept_and_who_asks_is_not_kept_waiting() -> None:
    rig = Rig(Database("postgresql://nobody@127.0.0.1:1/none"))
    directory = Directory(rig.database, CLOCK)
    known = {"gate": module.Place("gate", "Gate", _status(), None)}
    directory._places = known
    directory.start()
    began = time.monotonic()
    asked(directory)
    assert time.monotonic() - began < 5
    assert directory.away
    assert directory.places() == known
    directory.close()
    asked(directory)
    rig.close()


def _status() -> CameraStatus:
    return CameraStatus("gate", CameraState.LIVE, datetime.now(UTC), "a")


def test_closing_answers_who_waits(rig: Rig) -> None:
    directory = Directory(rig.database, CLOCK)
    directory.start()

    async def story() -> None:
        waiting = [asyncio.create_task(directory.refreshed()) for _ in range(5)]
        await asyncio.sleep(0)
        await asyncio.to_thread(directory.close)
        async with asyncio.timeout(5):
            await asyncio.gather(*waiting)

    asyncio.run(story())
