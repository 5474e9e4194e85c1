from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from camsvc.db.database import Database
from camsvc.db.queries import workers
from camsvc.domain.worker import WorkerStatus
from tests.db.examples import NOON

STATUS = WorkerStatus(
    worker="w-1",
    started_at=NOON,
    cameras=3,
    detector=None,
    detector_detail="no such model",
    analysed_frames=2**40,
    shed_frames=7,
    published=5,
    spool_entries=2,
    spool_bytes=2**40,
    spool_oldest_at=NOON - timedelta(seconds=90),
    spool_refused=None,
    spool_aside=1,
    store_away_since=None,
)


def test_the_last_report_of_each_worker_is_found_with_its_age(database: Database) -> None:
    later = replace(STATUS, shed_frames=8, spool_oldest_at=None)
    with database.session() as session:
        workers.report(session, STATUS)
        workers.report(session, replace(STATUS, worker="w-0"))
        workers.report(session, later)
    with database.session() as session:
        found = workers.reports(session)
    assert [each.status for each in found] == [replace(STATUS, worker="w-0"), later]
    assert all(0 <= each.age_s < 60 for each in found)


def test_a_worker_that_was_taken_away_is_forgotten_in_time(database: Database) -> None:
    with database.session() as session:
        workers.report(session, STATUS)
        session.execute(text("UPDATE worker_status SET reported_at = reported_at - interval '6 days'"))
    with database.session() as session:
        assert workers.reports(session)[0].age_s > 500_000
        session.execute(text("UPDATE worker_status SET reported_at = reported_at - interval '2 days'"))
    with database.session() as session:
        assert workers.reports(session) == []
