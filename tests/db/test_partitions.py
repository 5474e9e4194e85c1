from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from camsvc.db import partitions
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.models.incidents import EARLIER, LATER
from camsvc.db.queries import incidents
from camsvc.domain.incident import Incident, IncidentState
from camsvc.domain.search import IncidentFilter
from camsvc.errors import DatabaseUnavailableError
from tests.db.examples import NOON, camera, incident, owned

MONTHS = ["incidents_2026_11", "incidents_2026_12", "incidents_2027_01"]
"""That NOON asks for."""


@pytest.fixture
def full(database: Database, cipher: Cipher) -> Database:
    owned(database, cipher, camera())
    return database


def _extend(database: Database, now: datetime = NOON) -> list[str]:
    with database.session() as session:
        return partitions.extend(session, now)


def _publish(database: Database, *items: Incident) -> None:
    with database.session() as session:
        assert incidents.publish_all(session, items) == [True] * len(items)


def _where(database: Database) -> dict[UUID, str]:
    with database.session() as session:
        rows = session.execute(text("SELECT id, tableoid::regclass::text FROM incidents"))
        return dict(list(rows))


def _found(database: Database) -> set[UUID]:
    with database.session() as session:
        return {item.id for item in incidents.search(session, IncidentFilter(), limit=1000).items}


def _check_that_they_meet(database: Database) -> list[str]:
    with database.session() as session:
        found = partitions.partitions(session)
    assert (found[0].name, found[0].start, found[-1].name, found[-1].end) == (EARLIER, None, LATER, None)
    for one, next_ in itertools.pairwise(found):
        assert one.end == next_.start
    return [each.name for each in found[1:-1]]


def test_the_coming_months_are_made_once_and_meet(full: Database) -> None:
    assert _check_that_they_meet(full) == []
    assert _extend(full) == MONTHS
    assert _check_that_they_meet(full) == MONTHS
    assert _extend(full, NOON + timedelta(days=20)) == []
    assert _extend(full, NOON + timedelta(days=30)) == ["incidents_2027_02"]
    assert _check_that_they_meet(full) == [*MONTHS, "incidents_2027_02"]


def test_a_row_of_any_time_has_a_place_and_is_found(full: Database) -> None:
    edge = datetime(2026, 12, 1, tzinfo=UTC)
    moment = timedelta(microseconds=1)
    wanted = {
        incident(started_at=at): name
        for at, name in {
            datetime(1970, 1, 1, tzinfo=UTC): EARLIER,
            datetime(2026, 11, 1, tzinfo=UTC) - moment: EARLIER,
            datetime(2026, 11, 1, tzinfo=UTC): MONTHS[0],
            edge - moment: MONTHS[0],
            edge: MONTHS[1],
            datetime(2027, 3, 1, tzinfo=UTC): LATER,
            datetime(9000, 1, 1, tzinfo=UTC): LATER,
        }.items()
    }
    _extend(full)
    with full.session() as session:
        session.execute(text("UPDATE lease_grants SET granted_at = '-infinity'"))
    _publish(full, *wanted)
    assert _where(full) == {item.id: name for item, name in wanted.items()}
    assert _found(full) == {item.id for item in wanted}


def test_what_lay_in_the_open_end_moves_into_its_month(full: Database) -> None:
    before, within, after = (incident(started_at=NOON + timedelta(days=days)) for days in (-40, 0, 400))
    _publish(full, before, within, after)
    assert set(_where(full).values()) == {LATER}
    _extend(full)
    assert _where(full) == {before.id: EARLIER, within.id: MONTHS[0], after.id: LATER}
    assert _found(full) == {before.id, within.id, after.id}


def test_a_back_log_gets_its_months_and_a_stray_does_not(full: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "MANY", 3)
    _extend(full)
    late = [incident(started_at=NOON - timedelta(days=days)) for days in (40, 41, 100)]
    _publish(full, *late[:2])
    assert _extend(full) == []
    _publish(full, late[2])
    assert _extend(full) == ["incidents_2026_07", "incidents_2026_08", "incidents_2026_09", "incidents_2026_10"]
    assert EARLIER not in _where(full).values()
    assert _check_that_they_meet(full)[0] == "incidents_2026_07"


def test_many_at_once_make_each_month_once(full: Database) -> None:
    made: list[str] = []

    def one() -> None:
        while True:
            try:
                made.extend(_extend(full))
            except DatabaseUnavailableError:  # another holds the table: try again later
                continue
            return

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(made) == MONTHS


def test_who_cannot_have_the_table_gives_up_at_once_and_leaves_all_as_it_was(
    full: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "LOCK_PATIENCE_MS", 50)
    with full.session() as reader:
        reader.execute(text("SELECT count(*) FROM incidents"))
        with pytest.raises(DatabaseUnavailableError):
            _extend(full)
    assert _check_that_they_meet(full) == []
    assert _extend(full) == MONTHS


class TestRetirement:
    """November is taken out on New Year's Day."""

    NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)

    def test_a_month_goes_whole_and_the_rest_stays(self, full: Database) -> None:
        _extend(full)
        old, older = incident(), incident(started_at=NOON + timedelta(days=1))
        new = incident(started_at=self.NEW_YEAR)
        _publish(full, old, older, new)
        with full.session() as session:
            assert partitions.retire(session, datetime(2026, 12, 15, tzinfo=UTC)) == [
                partitions.Retired("retired_2026_11", incidents=2, kept=0)
            ]
        assert _found(full) == {new.id}
        assert _check_that_they_meet(full) == MONTHS[1:]
        with full.session() as session:
            assert partitions.retired(session) == ["retired_2026_11"]
            assert set(session.scalars(text("SELECT id FROM retired_2026_11"))) == {old.id, older.id}
            partitions.forget(session, "retired_2026_11")
        with full.session() as session:
            assert partitions.retired(session) == []
            with pytest.raises(ValueError, match="no month"):
                partitions.forget(session, "incidents_2026_12")

    def test_what_is_held_or_not_over_stays_found(self, full: Database) -> None:
        _extend(full)
        held, gone = incident(), incident()
        open_ = incident(state=IncidentState.OPEN, ended_at=None)
        long = incident(started_at=NOON + timedelta(days=20), ended_at=self.NEW_YEAR + timedelta(days=3))
        _publish(full, held, gone, open_, long)

        def is_held(session: Session, table: str) -> Sequence[UUID]:
            return [each for each in session.scalars(text(f"SELECT id FROM {table}")) if each == held.id]

        with full.session() as session:
            (month, _) = partitions.retire(session, self.NEW_YEAR, held=is_held)
        assert (month.incidents, month.kept) == (1, 3)
        assert _where(full) == dict.fromkeys((held.id, open_.id, long.id), EARLIER)
        assert _found(full) == {held.id, open_.id, long.id}
        _check_that_they_meet(full)

    def test_what_comes_in_after_its_month_went_is_not_lost(self, full: Database) -> None:
        _extend(full)
        with full.session() as session:
            partitions.retire(session, self.NEW_YEAR)
        late = incident()
        _publish(full, late)
        assert _where(full) == {late.id: EARLIER}
        assert _extend(full) == []

    def test_a_retirement_that_is_undone_leaves_all_as_it_was(self, full: Database) -> None:
        _extend(full)
        one = incident()
        _publish(full, one)
        with pytest.raises(LookupError), full.session() as session:
            partitions.retire(session, self.NEW_YEAR)
            raise LookupError
        assert _where(full) == {one.id: MONTHS[0]}
        assert _check_that_they_meet(full) == MONTHS
