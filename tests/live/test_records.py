"""The end of a viewing goes on record: at once, after an absence of PostgreSQL, after a kill."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from camsvc.clock import SystemClock
from camsvc.db.database import Database
from camsvc.db.models import AuditRow
from camsvc.db.queries import audit, endpoints, viewings
from camsvc.domain.audit import Deed, Kind
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.errors import DatabaseUnavailableError
from camsvc.live import records
from camsvc.live.records import Records
from camsvc.live.viewings import End, Viewing, Way
from tests.live.test_wire import REQUEST

SOON_S = 10.0


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


def viewing(*, begun: bool = True) -> Viewing:
    async def close() -> None: ...

    began_at = datetime.now(UTC) - timedelta(seconds=12)
    return Viewing(REQUEST, Way.WEBRTC, began_at, close, is_begun=begun)


def ends(database: Database) -> list[AuditRow]:
    with database.session() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.what == viewings.ENDED).order_by(AuditRow.seq)))


def until(database: Database, count: int) -> list[AuditRow]:
    deadline_s = time.monotonic() + SOON_S
    while len(found := ends(database)) < count:
        assert time.monotonic() < deadline_s, f"{len(found)} ends on record"
        time.sleep(0.02)
    return found


def test_an_end_says_who_saw_what_for_how_long(database: Database) -> None:
    kept = Records(database, "live-1", SystemClock())
    kept.start()
    kept.ended(viewing(), End.VANISHED)
    [row] = until(database, 1)
    kept.close()
    assert (row.kind, row.user_id, row.user_name, row.source) == (Kind.LIVE, 7, "lan", "192.0.2.9")
    assert (row.camera, row.area) == ("gate", "town/gate")
    assert row.details["duration_s"] == pytest.approx(12, abs=1)
    told = {name: row.details[name] for name in ("viewing", "process", "way", "stream", "why")}
    assert told == {
        "viewing": "0" * 32,
        "process": "live-1",
        "way": "webrtc",
        "stream": "sub",
        "why": "vanished",
    }


def test_what_never_came_to_be_is_not_on_record(database: Database) -> None:
    kept = Records(database, "live-1", SystemClock())
    kept.start()
    kept.ended(viewing(begun=False), End.FAILED)
    kept.close()
    assert ends(database) == []


def test_ends_wait_while_postgresql_is_away(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "RETRY_S", 0.05)
    append, away = audit.append, True

    def refusing(session: object, deed: Deed) -> object:
        if away:
            raise DatabaseUnavailableError("PostgreSQL is away")
        return append(session, deed)  # type: ignore[arg-type]

    monkeypatch.setattr(audit, "append", refusing)
    kept = Records(database, "live-1", SystemClock())
    kept.start()
    for _ in range(3):
        kept.ended(viewing(), End.LEFT)
    time.sleep(0.3)
    assert ends(database) == []
    away = False
    assert len(until(database, 3)) == 3
    kept.close()
    assert kept.lost == 0


def test_beyond_the_bound_the_oldest_is_left_to_the_log_and_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "WAITING_MAX", 2)
    kept = Records(database, "live-1", SystemClock())  # not started: as if PostgreSQL were away
    for _ in range(5):
        kept.ended(viewing(), End.LEFT)
    assert kept.lost == 3


def test_what_a_killed_run_left_open_is_ended_by_the_next_with_what_is_known(database: Database) -> None:
    began = [("1" * 32, "live-1"), ("2" * 32, "live-1"), ("3" * 32, "live-2")]
    with database.session() as session:
        endpoints.report(session, Endpoint(EndpointKind.LIVE, "live-1", "127.0.0.1", 1, "none"))
    for name, process in began:
        _append(database, viewings.BEGAN, name, process)
    _append(database, viewings.ENDED, "1" * 32, "live-1")
    Records(database, "live-1", SystemClock()).tell_of_predecessor()
    rows = ends(database)
    assert len(rows) == 2
    assert rows[-1].details["viewing"] == "2" * 32
    assert rows[-1].details["why"] == "interrupted"
    assert "duration_s" not in rows[-1].details
    assert datetime.fromisoformat(rows[-1].details["at_least_until"]) >= rows[0].at - timedelta(seconds=5)
    Records(database, "live-1", SystemClock()).tell_of_predecessor()
    assert len(ends(database)) == 2


def _append(database: Database, what: str, viewing: str, process: str) -> None:
    details = {"viewing": viewing, "process": process, "way": "webrtc", "stream": "main"}
    deed = Deed(Kind.LIVE, what, user_id=7, user_name="lan", camera="gate", area="town", details=details)
    with database.session() as session:
        audit.append(session, deed)
