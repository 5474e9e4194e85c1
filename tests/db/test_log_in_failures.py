"""Failures fill a bucket that drains; one count for all servers, and for all who guess at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from camsvc.db.database import Database
from camsvc.db.queries import log_in_failures
from camsvc.db.queries.log_in_failures import Bucket, of_address

BUCKET = Bucket("address:203.0.113.7", 5, 60.0)


def count(database: Database, bucket: Bucket = BUCKET) -> float:
    with database.session() as session:
        return log_in_failures.count(session, bucket)


def pass_time(database: Database, by: timedelta) -> None:
    with database.session() as session:
        session.execute(text("UPDATE log_in_failures SET at = at - :by"), {"by": by})


def test_a_full_bucket_says_how_long_to_wait_and_drains_one_by_one(database: Database) -> None:
    assert [count(database) for _ in range(5)] == [0.0] * 5
    assert 50 < count(database) <= 60
    assert 50 < count(database) <= 60, "what is refused does not fill it further"
    pass_time(database, timedelta(seconds=61))
    assert count(database) == 0.0
    assert count(database) > 0
    pass_time(database, timedelta(hours=1))
    assert [count(database) for _ in range(5)] == [0.0] * 5


def test_what_was_no_failure_is_taken_back(database: Database) -> None:
    for _ in range(50):
        assert count(database) == 0.0
        with database.session() as session:
            log_in_failures.take_back(session, BUCKET)


def test_each_source_has_its_own(database: Database) -> None:
    for _ in range(6):
        count(database)
    assert count(database) > 0
    assert count(database, of_address("203.0.113.8", 5, 60.0)) == 0.0


def test_guesses_at_once_do_not_pass_the_bound(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: count(database), range(40)))
    assert answers.count(0.0) == 5


def test_a_clock_that_was_set_back_neither_drains_nor_fails(database: Database) -> None:
    for _ in range(5):
        count(database)
    pass_time(database, -timedelta(hours=1))
    assert count(database) > 0


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.7", "address:203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "address:2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "address:203.0.113.7"),
        ("fe80::1%eth0", "address:fe80::/64"),
        (None, "address:none"),
        ("testclient", "address:testclient"),
    ],
)
def test_one_subscriber_is_one_source(address: str | None, source: str) -> None:
    assert of_address(address, 5, 60.0).source == source


def test_what_has_drained_is_forgotten(database: Database) -> None:
    count(database)
    pass_time(database, timedelta(days=2))
    with database.session() as session:
        log_in_failures.purge(session)
        assert session.scalars(text("SELECT count(*) FROM log_in_failures")).one() == 0
