"""Servers are told where a live process is, unless its event loop is stuck; then it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from camsvc.clock import SimulatedClock, SystemClock
from camsvc.db.database import Database
from camsvc.db.queries import endpoints
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.errors import DatabaseUnavailableError
from camsvc.live import reporting
from camsvc.live.pulse import DEAD_S, SICK_S, Pulse
from camsvc.live.reporting import Reporting

SOON_S = 10.0
ENDPOINT = Endpoint(EndpointKind.LIVE, "live-1", "127.0.0.1", 1, "none", 3, 200)


@pytest.fixture
def database(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr(reporting, "REPORT_EVERY_S", 0.02)
    database = Database(migrated_url)
    yield database
    database.close()


def names(database: Database) -> list[str]:
    with database.session() as session:
        return [each.name for each in endpoints.fresh(session, EndpointKind.LIVE)]


def soon(check: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + SOON_S
    while not check():
        assert time.monotonic() < deadline_s, "did not happen in time"
        time.sleep(0.02)


def test_an_event_loop_that_is_stuck_is_not_reported_and_ends_the_process_when_it_stays_so(database: Database) -> None:
    clock, died = SimulatedClock(), []
    pulse = Pulse(clock)
    told = Reporting(
        database, SystemClock(), lambda: ENDPOINT, first=lambda: None, pulse=pulse, died=lambda: died.append(1)
    )
    told.start()
    soon(lambda: names(database) == ["live-1"])
    clock.advance(SICK_S + 1)
    soon(lambda: names(database) == [])
    assert not died
    pulse._beat_s = clock.monotonic_s()  # it came to itself
    soon(lambda: names(database) == ["live-1"])
    clock.advance(DEAD_S + 1)
    soon(lambda: bool(died))
    told.stop()
    assert names(database) == []


def test_nobody_is_told_before_the_first_thing_is_done(database: Database) -> None:
    attempts = 0

    def first() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            assert names(database) == []
            raise DatabaseUnavailableError("PostgreSQL is away")

    clock = SystemClock()
    told = Reporting(database, clock, lambda: ENDPOINT, first=first, pulse=Pulse(clock), died=lambda: None)
    told.start()
    soon(lambda: names(database) == ["live-1"])
    told.stop()
    assert attempts == 3


def test_a_loop_that_turns_has_a_pulse() -> None:
    async def main() -> None:
        clock = SimulatedClock()
        pulse = Pulse(clock)
        clock.advance(DEAD_S + 1)
        assert [pulse.is_sick, pulse.is_dead] == [True, True]
        beating = asyncio.create_task(pulse.run())
        await asyncio.sleep(0)
        assert [pulse.is_sick, pulse.is_dead] == [False, False]
        beating.cancel()

    asyncio.run(main())
