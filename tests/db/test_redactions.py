from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from camsvc.db import partitions
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import incidents, redactions, retention
from camsvc.db.queries.holds import By
from camsvc.domain.incident import Incident
from camsvc.domain.redaction import Blur, Box, Redaction, Region, TrackRef
from camsvc.errors import ConflictError, NotFoundError
from tests.db import examples
from tests.db.examples import NOON

LAN, MINH = By(None, "lan"), By(None, "minh")


@pytest.fixture
def here(database: Database, cipher: Cipher) -> Database:
    examples.owned(database, cipher, examples.camera())
    return database


def _published(database: Database, number: int = 1) -> list[Incident]:
    items = [examples.incident(started_at=NOON + timedelta(minutes=each)) for each in range(number)]
    with database.session() as session:
        for item in items:
            incidents.publish(session, item)
    return items


def _put(database: Database, wanted: Redaction, by: By = LAN) -> Redaction:
    with database.session() as session:
        return redactions.put(session, wanted, by)


def _get(database: Database, incident: UUID) -> Redaction:
    with database.session() as session:
        return redactions.get(session, incident)


def _choices(incident: UUID) -> Redaction:
    boxes = (Box(0.5, 0.1, 0.2, 0.3, 0.4), Box(2.25, 0.125, 0.2, 0.3, 0.4))
    return Redaction(
        incident,
        Blur.PEOPLE,
        kept=frozenset({TrackRef("s-1", 7), TrackRef("s-1", 2, "s-2")}),
        added=frozenset({TrackRef("s-1", 9)}),
        regions=(Region(0, boxes), Region(0, boxes[:1])),
        sound=True,
        comment="Nhân chứng xin được giấu mặt",
    )


def test_what_was_decided_is_read_back_with_who_and_when_and_what_was_before_is_kept(here: Database) -> None:
    (item,) = _published(here)
    assert _get(here, item.id) == Redaction(item.id)
    first = _put(here, _choices(item.id))
    assert first.revision == 1
    assert first.changed_by == "lan"
    assert first.changed_at is not None
    assert replace(first, revision=0, changed_at=None, changed_by=None) == _choices(item.id)
    second = _put(here, replace(first, blur=Blur.FACES, regions=(), comment=""), MINH)
    assert _get(here, item.id) == second
    assert second.revision == 2
    with here.session() as session:
        assert redactions.history(session, item.id) == [second, first]
        assert redactions.history(session, item.id, before=2) == [first]
        assert redactions.revision(session, item.id, 1) == first
        assert redactions.of_incidents(session, [item.id]) == {item.id: second}
        with pytest.raises(NotFoundError, match="no revision 3"):
            redactions.revision(session, item.id, 3)


def test_of_two_who_change_the_same_revision_at_once_one_is_told(here: Database) -> None:
    (item,) = _published(here)

    def put(by: By) -> int | str:
        try:
            return _put(here, _choices(item.id), by).revision
        except ConflictError as error:
            return str(error)

    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(put, (LAN, MINH)))
    (told,) = [each for each in answers if isinstance(each, str)]
    assert 1 in answers
    winner = _get(here, item.id)
    assert f"revision 1 by now, not 0: {winner.changed_by} changed it" in told


def test_nothing_is_decided_about_an_incident_that_is_none(here: Database) -> None:
    with pytest.raises(NotFoundError):
        _put(here, Redaction(examples.incident().id))


@pytest.mark.parametrize("statement", ["UPDATE redactions SET sound = true", "DELETE FROM redactions"])
def test_the_database_refuses_to_change_or_remove_what_was_decided(here: Database, statement: str) -> None:
    (item,) = _published(here)
    _put(here, _choices(item.id))
    with pytest.raises(ProgrammingError, match="redaction"), here.session() as session:
        session.execute(text(statement))
    assert _get(here, item.id).revision == 1


def test_what_was_decided_goes_with_the_month_of_its_incident_and_stays_with_what_is_kept(here: Database) -> None:
    with here.session() as session:
        partitions.extend(session, NOON, since=NOON)
    gone, held = _published(here, 2)
    for item in (gone, held):
        _put(here, _choices(item.id))
    with here.session() as session:
        (month,) = partitions.retire(session, partitions.month(NOON, 1), held=lambda _s, _t: [held.id])
    with here.session() as session:
        retention.deleted_of_retired(session, month.table, [gone.id])
    assert _get(here, gone.id).revision == 0
    assert _get(here, held.id).revision == 1
