from __future__ import annotations

from datetime import timedelta

import pytest

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import coverage
from camsvc.domain.coverage import Coverage, MissingSpan
from camsvc.domain.incident import Gap, GapReason
from tests.db.examples import NOON, camera, put

HOUR = timedelta(hours=1)


@pytest.fixture
def known(database: Database, cipher: Cipher) -> Database:
    put(database, cipher, camera(), camera("bridge-02"))
    return database


def _spans(database: Database, what: Coverage | None = None) -> list[MissingSpan]:
    with database.session() as session:
        return coverage.spans(session, "bridge-01", NOON, NOON + HOUR, what)


def test_gaps_that_overlap_are_found_oldest_first_and_uncut(known: Database) -> None:
    around = Gap(NOON - HOUR, NOON + 2 * HOUR, GapReason.CRASH)
    within = Gap(NOON + HOUR / 4, NOON + HOUR / 2, GapReason.DETECTOR)
    before = Gap(NOON - HOUR, NOON - timedelta(microseconds=1), GapReason.STALL)
    after = Gap(NOON + HOUR, NOON + 2 * HOUR, GapReason.STALL)
    with known.session() as session:
        coverage.record(session, "bridge-01", within, "analysis")
        for gap in (around, before, after):
            coverage.record(session, "bridge-01", gap, Coverage.FOOTAGE)
        coverage.record(session, "bridge-02", within, Coverage.FOOTAGE)
    footage = MissingSpan("bridge-01", Coverage.FOOTAGE, around.started_at, around.ended_at, GapReason.CRASH)
    analysis = MissingSpan("bridge-01", Coverage.ANALYSIS, within.started_at, within.ended_at, GapReason.DETECTOR)
    assert _spans(known) == [footage, analysis]
    assert _spans(known, Coverage.ANALYSIS) == [analysis]


def test_a_gap_told_again_is_one_and_grows_but_never_shrinks(known: Database) -> None:
    for end in (HOUR / 2, HOUR / 4, HOUR / 2, HOUR):
        with known.session() as session:
            coverage.record(session, "bridge-01", Gap(NOON, NOON + end, GapReason.STALL), "footage")
    (span,) = _spans(known)
    assert span.ended_at == NOON + HOUR


def test_a_gap_that_ends_before_it_starts_is_kept_as_a_moment(known: Database) -> None:
    with known.session() as session:
        coverage.record(session, "bridge-01", Gap(NOON, NOON - HOUR, GapReason.JUMP), "footage")
    (span,) = _spans(known)
    assert (span.started_at, span.ended_at) == (NOON, NOON)
