"""The queue of exports: who gets which job, and what a runner that lost its job still may."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from camsvc.db.database import Database
from camsvc.db.queries import accounts, export_downloads, export_runs, exports, notices
from camsvc.db.queries.export_runs import ATTEMPTS_MAX, Claimed, Ready
from camsvc.db.queries.exports import Draft
from camsvc.domain.account import Role
from camsvc.domain.export_job import Contents, Export, ExportState, Subjects
from camsvc.domain.incident import new_incident_id
from camsvc.domain.notice import NoticeKind
from camsvc.errors import ConflictError
from tests.db import examples

WEEK = timedelta(days=7)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


def account(database: Database, name: str) -> int:
    with database.session() as session:
        return accounts.create(session, name, "correct horse battery", [Role.INVESTIGATOR]).id


def ask(database: Database, user: int, estimated_bytes: int = 1000) -> Export:
    subjects = Subjects((new_incident_id(examples.NOON),))
    with database.session() as session:
        return exports.add(
            session, Draft(subjects, Contents(), "theft", user, f"user-{user}", None, estimated_bytes=estimated_bytes)
        )


def claim(database: Database) -> Claimed | None:
    with database.session() as session:
        return export_runs.claim(session, "here")


def claimed(database: Database) -> Claimed:
    job = claim(database)
    assert job is not None
    return job


def fall_silent(database: Database, export: UUID) -> None:
    with database.session() as session:
        session.execute(text("UPDATE exports SET beat_at = beat_at - interval '1 hour' WHERE id = :id"), {"id": export})


def ready() -> Ready:
    return Ready(uuid4(), "exports/x/y.zip", 10, "00", "11", "22", [], [], [], ["bac-ninh"])


def test_what_was_asked_for_comes_back_as_it_was(database: Database) -> None:
    asked = ask(database, account(database, "lan"))
    with database.session() as session:
        assert exports.get(session, asked.id) == asked
    assert (asked.state, asked.contents, asked.reason) == (ExportState.QUEUED, Contents(), "theft")


def test_a_job_is_claimed_by_one_only(database: Database) -> None:
    asked = ask(database, account(database, "lan"))
    with database.session() as first:
        job = export_runs.claim(first, "one")
        assert job is not None
        assert job.export.id == asked.id
        assert claim(database) is None  # while the first has yet to commit
    assert claim(database) is None


def test_accounts_take_turns(database: Database) -> None:
    lan, minh = account(database, "lan"), account(database, "minh")
    for _ in range(3):
        ask(database, lan)
    ask(database, minh)
    assert [claimed(database).user_id for _ in range(4)] == [lan, minh, lan, lan]


def test_a_job_whose_runner_died_is_anothers_and_the_dead_one_changes_nothing(database: Database) -> None:
    ask(database, account(database, "lan"))
    dead = claimed(database)
    assert claim(database) is None
    fall_silent(database, dead.export.id)
    heir = claimed(database)
    assert (heir.export.id, heir.export.attempts) == (dead.export.id, 2)
    with database.session() as session:
        assert not export_runs.beat(session, dead, 1, 1).is_mine
        assert export_runs.done(session, dead, ready(), WEEK) is None
        assert export_runs.failed(session, dead, "no") is None
        assert export_runs.beat(session, heir, 1, 1).is_mine
        made = export_runs.done(session, heir, ready(), WEEK)
    assert made is not None
    assert made.state is ExportState.DONE


def test_a_job_whose_runners_die_again_and_again_is_given_up(database: Database) -> None:
    ask(database, account(database, "lan"))
    for _ in range(ATTEMPTS_MAX):
        fall_silent(database, claimed(database).export.id)
    assert claim(database) is None
    with database.session() as session:
        (lost,) = export_runs.lost(session)
    assert lost.state is ExportState.FAILED
    assert "died 5 times" in (lost.error or "")


def test_a_job_that_is_to_stop_while_its_runner_is_dead_is_cancelled(database: Database) -> None:
    asked = ask(database, account(database, "lan"))
    claimed(database)
    with database.session() as session:
        assert exports.cancel(session, asked.id, "lan").is_cancelling
    fall_silent(database, asked.id)
    assert claim(database) is None
    with database.session() as session:
        (lost,) = export_runs.lost(session)
    assert (lost.state, lost.error) == (ExportState.CANCELLED, None)


def test_one_that_waits_is_cancelled_at_once_and_what_has_ended_cannot_be(database: Database) -> None:
    asked = ask(database, account(database, "lan"))
    with database.session() as session:
        assert exports.cancel(session, asked.id, "lan").state is ExportState.CANCELLED
    with database.session() as session, pytest.raises(ConflictError, match="cancelled already"):
        exports.cancel(session, asked.id, "lan")
    assert claim(database) is None


def test_a_job_put_back_waits_its_time_and_the_servers_stop_is_no_attempt(database: Database) -> None:
    ask(database, account(database, "lan"))
    with database.session() as session:
        job = export_runs.claim(session, "here")
        assert job is not None
        back = export_runs.again(session, job, "store away", timedelta(hours=1))
    assert back is not None
    assert (back.attempts, back.error) == (1, "store away")
    assert claim(database) is None
    with database.session() as session:
        session.execute(text("UPDATE exports SET next_at = now()"))
    job = claimed(database)
    with database.session() as session:
        stopped = export_runs.again(session, job, None, timedelta(0), counts=False)
    assert stopped is not None
    assert stopped.attempts == 1


def test_a_job_cancelled_while_it_is_put_back_ends(database: Database) -> None:
    asked = ask(database, account(database, "lan"))
    job = claimed(database)
    with database.session() as session:
        exports.cancel(session, asked.id, "lan")
        ended = export_runs.again(session, job, "store away", timedelta(hours=1))
    assert ended is not None
    assert (ended.state, ended.is_waiting) == (ExportState.CANCELLED, False)
    assert ended.ended_at is not None


def test_the_quota_counts_what_is_stored_and_what_is_expected(database: Database) -> None:
    lan, minh = account(database, "lan"), account(database, "minh")
    ask(database, lan, 1000)
    job = claimed(database)
    with database.session() as session:
        export_runs.done(session, job, ready(), WEEK)
    ask(database, lan, 500)
    ask(database, minh, 70)
    with database.session() as session:
        used = exports.used(session, lan)
        assert (used.account_bytes, used.total_bytes, used.waiting) == (510, 580, 1)
        exports.delete(session, job.export.id, "lan")
        assert exports.used(session, lan).account_bytes == 510  # its files are in the store still
        exports.removed(session, job.export.id)
        assert exports.used(session, lan).account_bytes == 500


def test_pages_of_the_list_follow_each_other(database: Database) -> None:
    lan, minh = account(database, "lan"), account(database, "minh")
    made = [ask(database, lan).id for _ in range(5)]
    ask(database, minh)
    with database.session() as session:
        first = exports.page(session, user=lan, limit=2)
        second = exports.page(session, user=lan, before=first[-1].id, limit=9)
        assert [each.id for each in (*first, *second)] == made[::-1]
        assert len(exports.page(session, user=None)) == 6


def test_a_download_goes_on_only_for_the_same_account_address_and_file(database: Database) -> None:
    lan, minh = account(database, "lan"), account(database, "minh")
    export = ask(database, lan).id
    with database.session() as session:
        assert not export_downloads.goes_on(session, export, lan, "192.0.2.1", "package")
        export_downloads.begin(session, export, lan, "192.0.2.1", "package")
    with database.session() as session:
        assert export_downloads.goes_on(session, export, lan, "192.0.2.1", "package")
        assert not export_downloads.goes_on(session, export, lan, "192.0.2.2", "package")
        assert not export_downloads.goes_on(session, export, lan, "192.0.2.1", "envelope")
        assert not export_downloads.goes_on(session, export, minh, "192.0.2.1", "package")
        assert exports.get(session, export).downloads == 1


def test_notices_are_each_accounts_own(database: Database) -> None:
    lan, minh = account(database, "lan"), account(database, "minh")
    with database.session() as session:
        notices.add(session, [lan, minh, lan], NoticeKind.EXPORT_DONE, "/exports", {"reason": "theft"})
        notices.add(session, [lan], NoticeKind.EXPORT_FAILED, "/exports", {})
    with database.session() as session:
        newest, older = notices.page(session, lan)
        assert (newest.kind, older.facts) == (NoticeKind.EXPORT_FAILED, {"reason": "theft"})
        assert notices.page(session, lan, before=newest.id) == [older]
        assert notices.read(session, lan, up_to=older.id) == 1
        assert (notices.unread(session, lan), notices.unread(session, minh)) == (1, 1)
        assert notices.page(session, lan, unread=True) == [newest]
        assert notices.read(session, minh, ids=[newest.id]) == 0
        assert notices.forget(session, timedelta(days=1)) == 0
