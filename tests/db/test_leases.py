from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from camsvc.db.cipher import Cipher
from camsvc.db.database import LEASES, Database
from camsvc.db.queries import cameras, leases
from camsvc.db.queries.leases import Lease
from tests.db.examples import camera, put

CAMERAS = [f"cam-{number}" for number in range(5)]
WORKERS = ["w1", "w2", "w3"]


@pytest.fixture
def wanted(database: Database, cipher: Cipher) -> Database:
    put(database, cipher, *(camera(id_) for id_ in CAMERAS))
    return database


def _claim(
    database: Database, worker: str, limit: int = 99, ttl_s: float = 60, held: tuple[str, ...] = ()
) -> list[Lease]:
    with database.session() as session:
        return leases.claim(session, worker, limit, ttl_s, held=held)


def _expire(database: Database, *ids: str) -> None:
    with database.session() as session:
        session.execute(
            text("UPDATE leases SET expires_at = clock_timestamp() - interval '1 s' WHERE camera = ANY(:ids)"),
            {"ids": list(ids)},
        )


def test_cameras_are_shared_out_without_overlap(wanted: Database) -> None:
    first, second = _claim(wanted, "w1", 3), _claim(wanted, "w2")
    assert len(first) == 3
    assert sorted(lease.camera for lease in first + second) == CAMERAS
    assert {lease.epoch for lease in first + second} == {1}
    assert _claim(wanted, "w3") == []


def test_a_lease_that_is_renewed_is_not_given_away_and_one_that_expired_is(wanted: Database) -> None:
    first = _claim(wanted, "w1")
    _expire(wanted, "cam-0", "cam-1")
    with wanted.session() as session:
        renewed = leases.renew(session, "w1", [lease for lease in first if lease.camera == "cam-1"], 60)
    assert [lease.camera for lease in renewed] == ["cam-1"]
    assert [(lease.camera, lease.epoch) for lease in _claim(wanted, "w2")] == [("cam-0", 2)]


def test_a_lease_that_was_taken_over_cannot_be_renewed_nor_released(wanted: Database) -> None:
    first = _claim(wanted, "w1")
    _expire(wanted, "cam-0")
    _claim(wanted, "w2")
    with wanted.session() as session:
        assert "cam-0" not in [lease.camera for lease in leases.renew(session, "w1", first, 60)]
        leases.release(session, "w1", first)
        assert leases.holders(session) == {"cam-0": "w2"}


def test_a_worker_that_starts_again_gets_its_own_at_once_under_a_new_epoch(wanted: Database) -> None:
    before = _claim(wanted, "w1", 2)
    _claim(wanted, "w2", 1)
    after = _claim(wanted, "w1", 2)
    assert [lease.camera for lease in after] == [lease.camera for lease in before]
    assert {lease.epoch for lease in after} == {2}
    with wanted.session() as session:
        assert leases.renew(session, "w1", before, 60) == []


def test_what_a_process_holds_is_left_alone_when_it_asks_for_more(wanted: Database) -> None:
    first = _claim(wanted, "w1", 2)
    more = _claim(wanted, "w1", 2, held=tuple(lease.camera for lease in first))
    assert not {lease.camera for lease in first} & {lease.camera for lease in more}
    with wanted.session() as session:
        assert len(leases.renew(session, "w1", first + more, 60)) == 4


def test_a_released_camera_is_free_at_once_and_said_to_be(wanted: Database) -> None:
    first = _claim(wanted, "w1")
    items = wanted.listen(LEASES, interval_s=0.2)
    next(items)
    with wanted.session() as session:
        leases.release(session, "w1", first[:1])
    assert next(items) == first[0].camera
    items.close()  # type: ignore[attr-defined]
    assert [(lease.camera, lease.epoch) for lease in _claim(wanted, "w2")] == [(first[0].camera, 2)]


def test_a_disabled_or_removed_camera_is_not_granted_and_its_lease_is_lost(wanted: Database, cipher: Cipher) -> None:
    first = _claim(wanted, "w1")
    with wanted.session() as session:
        cameras.put(session, camera("cam-0", enabled=False), cipher)
        cameras.remove(session, "cam-1")
    with wanted.session() as session:
        kept = [lease.camera for lease in leases.renew(session, "w1", first, 60)]
        leases.release(session, "w1", first)
    assert sorted(kept) == ["cam-2", "cam-3", "cam-4"]
    assert sorted(lease.camera for lease in _claim(wanted, "w2")) == ["cam-2", "cam-3", "cam-4"]


def test_the_history_tells_who_had_it_when(wanted: Database) -> None:
    first = _claim(wanted, "w1")
    with wanted.session() as session:
        leases.release(session, "w1", first)
    _claim(wanted, "w2", ttl_s=60)
    _expire(wanted, "cam-0")
    _claim(wanted, "w3")
    with wanted.session() as session:
        history = leases.history(session, "cam-0")
    assert [(grant.epoch, grant.worker) for grant in history] == [(1, "w1"), (2, "w2"), (3, "w3")]
    released, expired, current = history
    assert released.ended_at is not None
    assert expired.ended_at is not None
    assert released.granted_at <= released.ended_at <= expired.granted_at
    assert expired.ended_at <= current.granted_at - timedelta(seconds=0.9), "it ended when it expired, not when noticed"
    assert current.ended_at is None


def test_workers_that_claim_at_once_never_hold_the_same_camera(database: Database, cipher: Cipher) -> None:
    """Short leases, random deaths: two workers' times of one camera, by the history, never overlap."""
    ids = [f"cam-{number:02}" for number in range(12)]
    put(database, cipher, *(camera(id_) for id_ in ids))
    until = time.monotonic() + 2.0
    granted: dict[tuple[str, int], list[str]] = defaultdict(list)

    def work(worker: str) -> None:
        mine: dict[str, Lease] = {}
        while time.monotonic() < until:
            with database.session() as session:
                fresh = leases.claim(session, worker, 3, 0.05, held=tuple(mine))
            for lease in fresh:
                granted[lease.camera, lease.epoch].append(worker)
                mine[lease.camera] = lease
            with database.session() as session:
                mine = {lease.camera: lease for lease in leases.renew(session, worker, mine.values(), 0.05)}
            if random.random() < 0.1:
                mine = {}  # dies without a word
            elif len(mine) > 1:
                with database.session() as session:
                    leases.release(session, worker, list(mine.values())[:1])
                mine = dict(list(mine.items())[1:])

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(granted) > len(ids), "too few grants to say anything"
    assert all(len(workers) == 1 for workers in granted.values())
    with database.session() as session:
        for id_ in ids:
            history = leases.history(session, id_)
            assert [grant.epoch for grant in history] == list(range(1, len(history) + 1))
            for before, after in pairwise(history):
                assert before.ended_at is not None
                assert before.ended_at <= after.granted_at


class Leasing(RuleBasedStateMachine):
    """Against a model: who holds what, with expiry by hand."""

    database: Database

    @initialize()
    def begin(self) -> None:
        with self.database.session() as session:
            session.execute(text("DELETE FROM lease_grants"))
            session.execute(text("UPDATE leases SET epoch = 0, worker = NULL, granted_at = NULL, expires_at = NULL"))
        self.holder: dict[str, str] = {}
        self.expired: set[str] = set()
        self.epoch = dict.fromkeys(CAMERAS, 0)
        self.held: dict[str, dict[str, Lease]] = {worker: {} for worker in WORKERS}

    @rule(worker=st.sampled_from(WORKERS), limit=st.integers(1, 6), fresh=st.booleans())
    def claim(self, worker: str, limit: int, fresh: bool) -> None:
        """``fresh``: as a process that starts and holds nothing."""
        if fresh:
            self.held[worker] = {}
        free = {
            id_
            for id_ in CAMERAS
            if id_ not in self.held[worker]
            and (id_ not in self.holder or id_ in self.expired or self.holder[id_] == worker)
        }
        got = _claim(self.database, worker, limit, held=tuple(self.held[worker]))
        assert {lease.camera for lease in got} <= free
        assert len(got) == min(limit, len(free))
        own = {id_ for id_ in free if self.holder.get(id_) == worker}
        assert len({lease.camera for lease in got} & own) == min(limit, len(own)), "its own first"
        for lease in got:
            self.epoch[lease.camera] += 1
            assert lease.epoch == self.epoch[lease.camera]
            self.holder[lease.camera] = worker
            self.expired.discard(lease.camera)
            self.held[worker][lease.camera] = lease

    @rule(worker=st.sampled_from(WORKERS))
    def renew(self, worker: str) -> None:
        asked = self.held[worker]
        with self.database.session() as session:
            kept = leases.renew(session, worker, asked.values(), 60)
        wanted = {
            id_ for id_, lease in asked.items() if self.holder.get(id_) == worker and lease.epoch == self.epoch[id_]
        }
        assert {lease.camera for lease in kept} == wanted
        self.expired -= wanted
        self.held[worker] = {lease.camera: lease for lease in kept}

    @rule(worker=st.sampled_from(WORKERS), id_=st.sampled_from(CAMERAS))
    def release(self, worker: str, id_: str) -> None:
        lease = self.held[worker].pop(id_, None)
        if lease is None:
            return
        with self.database.session() as session:
            leases.release(session, worker, [lease])
        if self.holder.get(id_) == worker and lease.epoch == self.epoch[id_]:
            del self.holder[id_]
            self.expired.discard(id_)

    @rule(id_=st.sampled_from(CAMERAS))
    def expire(self, id_: str) -> None:
        if id_ in self.holder:
            _expire(self.database, id_)
            self.expired.add(id_)

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "holder"):
            return
        with self.database.session() as session:
            in_force = {id_: worker for id_, worker in self.holder.items() if id_ not in self.expired}
            assert leases.holders(session) == in_force


def test_leases_follow_their_model_whatever_workers_do(wanted: Database) -> None:
    machine = type("Leasing", (Leasing,), {"database": wanted})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None))
