"""Seals and keys are only added to; a fault is written down once and stays as history."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from camsvc.db.database import Database
from camsvc.db.queries import faults, seals
from camsvc.db.queries.seals import ToSeal
from camsvc.domain.fault import FaultKind, Finder
from camsvc.domain.incident import new_incident_id
from camsvc.domain.seal import Seal, SealedFile, SealOf
from tests.db.examples import NOON

KEY = "ab" * 32


@pytest.fixture
def sealed(database: Database) -> ToSeal:
    given = ToSeal(new_incident_id(NOON), SealOf.CLIP, 3, SealedFile(Seal(KEY, b"signature")))
    with database.session() as session:
        assert seals.register(session, KEY, "w1", "PEM")
        seals.put(session, [given])
    return given


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE seals SET signature = 'x'",
        "TRUNCATE seals",
        "UPDATE worker_keys SET public_pem = 'another'",
        "UPDATE worker_keys SET worker = 'another', ended_at = now(), ended_by = 'x'",
        "DELETE FROM worker_keys",
        "TRUNCATE worker_keys CASCADE",
    ],
)
def test_neither_a_key_nor_a_seal_is_changed(database: Database, sealed: ToSeal, deed: str) -> None:
    with pytest.raises(DBAPIError), database.session() as session:
        session.execute(text(deed))


def test_the_first_seal_of_a_file_stays_and_goes_with_its_incident(database: Database, sealed: ToSeal) -> None:
    another = ToSeal(sealed.incident, SealOf.CLIP, 3, SealedFile(Seal(KEY, b"another")))
    tracks = ToSeal(sealed.incident, SealOf.TRACKS, None, SealedFile(Seal(KEY, b"of tracks"), "cd" * 32, 7))
    with database.session() as session:
        seals.put(session, [another, tracks])
    with database.session() as session:
        found = seals.files_of(session, [sealed.incident])
        assert found[(sealed.incident, "clip", 3)].seal.signature == b"signature"
        assert found[(sealed.incident, "tracks", None)] == tracks.file
        seals.forget(session, [sealed.incident])
        assert not seals.of_incidents(session, [sealed.incident])


def test_an_ended_key_is_ended_once(database: Database, sealed: ToSeal) -> None:
    with database.session() as session:
        assert seals.end(session, KEY, "root")
    with database.session() as session:
        assert not seals.end(session, KEY, "somebody")
        (key,) = seals.keys(session, [KEY])
        assert key.ended_by == "root"
        assert seals.keys(session, [], ["w1"]) == [key]
        assert not seals.keys(session, [], ["w2"])


def test_a_fault_is_news_once_and_another_kind_of_it_is_news_again(database: Database) -> None:
    incident = new_incident_id(NOON)

    def find(what: FaultKind) -> bool:
        with database.session() as session:
            return faults.found(session, "k", incident, what, Finder.FSCK, "detail")

    told = [find(each) for each in (FaultKind.ALTERED, FaultKind.ALTERED, FaultKind.MISSING)]
    assert told == [True, False, True]
    with database.session() as session:
        assert [each.what for each in faults.of_incidents(session, [incident])] == [FaultKind.MISSING]
        assert faults.clear(session, ["k", "other"], "fsck") == 1
        assert faults.of_incidents(session, [incident]) == []
    with database.session() as session:
        history = faults.latest(session, 10, only_open=False)
    assert [(each.what, each.cleared_at is not None) for each in history] == [
        (FaultKind.MISSING, True),
        (FaultKind.ALTERED, True),
    ]


def test_what_retention_takes_is_no_fault_any_more(database: Database) -> None:
    incident = new_incident_id(NOON)
    with database.session() as session:
        faults.found(session, "k", incident, FaultKind.ALTERED, Finder.READER, "detail")
        faults.clear_incidents(session, [incident], faults.CLEARED_BY_RETENTION)
        assert faults.counts(session) == dict.fromkeys(FaultKind, 0)
