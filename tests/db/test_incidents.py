from __future__ import annotations

import random
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from camsvc.db.cipher import Cipher
from camsvc.db.database import INCIDENTS, Database
from camsvc.db.queries import incidents, leases
from camsvc.domain.geo import Location
from camsvc.domain.incident import Incident, IncidentObject, IncidentState, new_incident_id
from camsvc.domain.search import IncidentFilter
from camsvc.domain.track import ObjectClass
from camsvc.errors import ConflictError, LeaseLostError, NotFoundError
from tests.db.examples import NOON, WORKER, camera, clip, incident, owned
from tests.db.strategies import AREAS, PLACES
from tests.db.strategies import incidents as any_incident


@pytest.fixture
def owner(database: Database, cipher: Cipher) -> Database:
    """bridge-01 and the cameras of ``strategies``, under WORKER since before any incident."""
    owned(database, cipher, camera(), *(camera(id_, area=AREAS[id_]) for id_ in PLACES))
    with database.session() as session:
        session.execute(text("UPDATE lease_grants SET granted_at = '2020-01-01Z'"))
    _publish(database, incident())  # its viewpoint: two that add the same one at once wait for each other
    with database.session() as session:
        session.execute(text("TRUNCATE incidents"))
    return database


def _publish(database: Database, one: Incident) -> bool:
    with database.session() as session:
        return incidents.publish(session, one)


def _get(database: Database, one: Incident) -> Incident:
    with database.session() as session:
        return incidents.get(session, one.id)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=any_incident(whole=True))
def test_an_incident_comes_back_as_it_went_in(owner: Database, one: Incident) -> None:
    assert _publish(owner, one)
    assert _get(owner, one) == one


def test_documents_use_the_names_of_the_interface(owner: Database) -> None:
    _publish(owner, incident(clip=clip(), objects=(IncidentObject(7, ObjectClass.BUS, 0.5, colour="red"),)))
    with owner.session() as session:
        assert session.scalar(text("SELECT objects->0->>'class' FROM incidents")) == "bus"
        assert session.scalar(text("SELECT clip->'parts'->0->>'codec' FROM incidents")) == "hevc"
        assert session.scalar(text("SELECT classes || colours FROM incidents")) == ["bus", "red"]


def test_revisions_in_any_order_and_repeated_end_at_the_highest(owner: Database) -> None:
    for order in permutations(range(1, 4)):
        first = incident(state=IncidentState.OPEN, ended_at=None)
        revisions = {
            1: first,
            2: replace(first, revision=2, last_observed_at=NOON + timedelta(seconds=20)),
            3: replace(
                first, revision=3, state=IncidentState.CLOSED, ended_at=NOON + timedelta(seconds=30), clip=clip()
            ),
        }
        highest = 0
        for number in [*order, *order]:
            assert _publish(owner, revisions[number]) is (number > highest)
            highest = max(highest, number)
        assert _get(owner, first) == revisions[3]


def test_concurrent_publishers_of_one_incident_end_at_the_highest_revision(owner: Database) -> None:
    first = incident()
    revisions = [replace(first, revision=number, zone=f"zone-{number}") for number in range(1, 25)]
    random.Random(1).shuffle(revisions)

    def some(part: int) -> None:
        for revision in revisions[part::4]:
            _publish(owner, revision)

    threads = [threading.Thread(target=some, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert _get(owner, first).zone == "zone-24"
    with owner.session() as session:
        assert incidents.count(session, IncidentFilter()) == 1


def test_viewpoints_are_shared_and_made_once_by_concurrent_publishers(owner: Database) -> None:
    barrier = threading.Barrier(6)

    def one() -> None:
        barrier.wait()
        _publish(owner, incident(location=Location(1.5, 2.5)))
        _publish(owner, incident(location=None))

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with owner.session() as session:
        assert incidents.count(session, IncidentFilter()) == 12
        assert session.scalar(text("SELECT count(*) FROM viewpoints")) == 3


def test_a_published_change_is_notified_once_committed_and_a_stale_one_is_not(owner: Database) -> None:
    items = owner.listen(INCIDENTS, interval_s=0.2)
    next(items)
    one = incident(revision=2)
    _publish(owner, one)
    assert next(items) == str(one.id)
    _publish(owner, replace(one, revision=1))
    assert next(items) is None
    items.close()  # type: ignore[attr-defined]


def test_an_unknown_incident_is_not_found(owner: Database) -> None:
    with pytest.raises(NotFoundError, match="no incident"):
        _get(owner, incident())


class TestBatch:
    def test_each_of_many_is_judged_for_itself(self, owner: Database) -> None:
        stored = incident()
        _publish(owner, stored)
        fresh, other_place = incident(), incident(location=Location(1.5, 2.5))
        items = [
            fresh,
            incident(worker="intruder"),
            stored,
            other_place,
            replace(stored, started_at=NOON + timedelta(days=40)),
            replace(stored, revision=2, zone="gate"),
            incident("no-such-camera"),
        ]
        with owner.session() as session:
            outcomes = incidents.publish_all(session, items)
        assert outcomes[0] is outcomes[3] is True
        assert isinstance(outcomes[1], LeaseLostError)
        assert isinstance(outcomes[6], LeaseLostError)
        assert _get(owner, fresh) == fresh
        assert _get(owner, other_place) == other_place

    def test_of_two_revisions_at_once_the_higher_one_is_stored(self, owner: Database) -> None:
        first = incident()
        second = replace(first, revision=2, zone="gate")
        with owner.session() as session:
            assert incidents.publish_all(session, [second, first]) == [True, False]
            assert incidents.publish_all(session, [first, second]) == [False, False]
        assert _get(owner, first) == second

    def test_an_id_with_another_start_is_a_conflict_also_across_months(self, owner: Database) -> None:
        one = incident()
        _publish(owner, one)
        with pytest.raises(ConflictError, match="begun"):
            _publish(owner, replace(one, started_at=NOON + timedelta(days=40), revision=2))
        assert _get(owner, one) == one

    def test_a_batch_is_told_and_followed_in_order_of_ids(self, owner: Database) -> None:
        heard = owner.listen(INCIDENTS, interval_s=0.2)
        next(heard)
        items = [incident(zone=f"{number}") for number in range(300)]
        with owner.session() as session:
            assert all(incidents.publish_all(session, items))
        with owner.session() as session:
            found = incidents.changes_since(session, 0)
        assert [each.incident for each in found] == sorted(items, key=lambda item: item.id)
        assert {next(heard) for _ in items} == {str(item.id) for item in items}
        heard.close()  # type: ignore[attr-defined]

    def test_publishers_of_the_same_incidents_at_once_do_not_wait_for_each_other_for_ever(
        self, owner: Database
    ) -> None:
        items = [incident(location=Location(number, 2.5)) for number in range(40)]
        failures: list[BaseException] = []

        def one(seed: int) -> None:
            mine = [replace(item, revision=seed + 1) for item in items]
            random.Random(seed).shuffle(mine)
            try:
                with owner.session() as session:
                    incidents.publish_all(session, mine)
            except BaseException as error:  # noqa: BLE001  shown by the assertion
                failures.append(error)

        threads = [threading.Thread(target=one, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert failures == []
        assert {_get(owner, item).revision for item in items} == {6}


class TestFence:
    """Who may publish (invariant 7). Times of grants are the database's; incidents are dated around them."""

    def test_an_epoch_that_was_never_granted_is_refused(self, owner: Database) -> None:
        with pytest.raises(LeaseLostError, match="epoch 2 was never granted"):
            _publish(owner, incident(epoch=2))
        with pytest.raises(LeaseLostError, match="never granted"):
            _publish(owner, incident("no-such-camera"))

    def test_an_epoch_that_was_granted_to_another_worker_is_refused(self, owner: Database) -> None:
        with pytest.raises(LeaseLostError, match="never granted to worker intruder"):
            _publish(owner, incident(worker="intruder"))

    def test_what_was_opened_before_the_next_grant_is_taken_also_long_after_it(self, owner: Database) -> None:
        opened = incident(state=IncidentState.OPEN, ended_at=None)
        _publish(owner, opened)
        self._take_over(owner)
        assert _publish(owner, replace(opened, revision=2, state=IncidentState.CLOSED, ended_at=NOON))
        assert _publish(owner, incident())

    def test_what_a_fenced_worker_opened_after_the_next_grant_is_refused(self, owner: Database) -> None:
        granted_at = self._take_over(owner)
        with pytest.raises(LeaseLostError, match="after the next epoch was granted"):
            _publish(owner, incident(started_at=granted_at))
        assert _publish(owner, incident(started_at=granted_at - timedelta(microseconds=1)))
        assert _publish(owner, incident(started_at=granted_at, worker="successor", epoch=2))

    def test_after_release_and_expiry_what_is_held_is_still_taken(self, owner: Database) -> None:
        with owner.session() as session:
            leases.release(session, WORKER, [leases.Lease("bridge-01", 1, NOON)])
        assert _publish(owner, incident(started_at=datetime.now(UTC) + timedelta(seconds=1)))

    def test_an_id_that_is_another_incidents_is_a_conflict(self, owner: Database) -> None:
        one = incident()
        _publish(owner, one)
        self._take_over(owner)
        with pytest.raises(ConflictError, match="stored as camera bridge-01's, epoch 1"):
            _publish(owner, replace(one, epoch=2, worker="successor", revision=9))
        assert _get(owner, one) == one

    def test_a_grant_waits_for_a_publisher_that_decides_by_the_last_one(self, owner: Database) -> None:
        """The incident is then dated before the grant: no moment belongs to two epochs."""
        granted: list[datetime] = []
        thread = threading.Thread(target=lambda: granted.append(self._take_over(owner)))
        with owner.session() as session:
            incidents.publish(session, incident())
            thread.start()
            thread.join(0.3)
            assert thread.is_alive(), "the grant did not wait"
            decided_at = datetime.now(UTC)
        thread.join(10)
        assert granted[0] > decided_at

    @staticmethod
    def _take_over(database: Database) -> datetime:
        with database.session() as session:
            session.execute(
                text("UPDATE leases SET expires_at = clock_timestamp() - interval '1 s' WHERE camera = 'bridge-01'")
            )
        with database.session() as session:
            (lease,) = leases.claim(session, "successor", 99, 60)
            assert (lease.camera, lease.epoch) == ("bridge-01", 2)
            return leases.history(session, "bridge-01")[-1].granted_at


class TestFollowing:
    def test_changes_come_in_order_and_each_incident_at_its_last(self, owner: Database) -> None:
        first, second = incident(), incident()
        for one in (first, second, replace(first, revision=2)):
            _publish(owner, one)
        with owner.session() as session:
            found = incidents.changes_since(session, 0)
            assert [(each.incident.id, each.incident.revision) for each in found] == [(second.id, 1), (first.id, 2)]
            assert incidents.changes_since(session, found[0].seq, limit=1) == found[1:]
            assert incidents.changes_since(session, incidents.latest(session)) == []

    def test_a_follower_stays_below_a_publisher_that_has_not_committed(self, owner: Database) -> None:
        early, late = incident(), incident()
        with owner.session() as slow:
            incidents.publish(slow, early)
            _publish(owner, late)
            with owner.session() as session:
                assert incidents.changes_since(session, 0) == []
        with owner.session() as session:
            assert [each.incident.id for each in incidents.changes_since(session, 0)] == [early.id, late.id]

    def test_a_publisher_that_gives_up_holds_nobody_back(self, owner: Database) -> None:
        with pytest.raises(LookupError), owner.session() as slow:
            incidents.publish(slow, incident())
            raise LookupError
        one = incident()
        _publish(owner, one)
        with owner.session() as session:
            assert [each.incident.id for each in incidents.changes_since(session, 0)] == [one.id]

    def test_a_publisher_within_a_savepoint_that_is_undone_still_holds_back_the_rest(self, owner: Database) -> None:
        with owner.session() as slow:
            with pytest.raises(LookupError), slow.begin_nested():
                incidents.publish(slow, incident())
                raise LookupError
            one = incident()
            incidents.publish(slow, one)
            _publish(owner, incident())
            with owner.session() as session:
                assert incidents.changes_since(session, 0) == []
        with owner.session() as session:
            assert one.id in [each.incident.id for each in incidents.changes_since(session, 0)]

    def test_a_follower_misses_nothing_while_many_publish_at_once(self, owner: Database) -> None:
        """Transactions of random length, some undone: every number that was committed is seen, in rising order."""
        writers, each_publishes = 6, 40
        done = threading.Event()
        published: set[tuple[str, int]] = set()
        seen: list[tuple[int, str, int]] = []

        def write(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(each_publishes):
                one = incident(id=new_incident_id(NOON))
                try:
                    with owner.session() as session:
                        incidents.publish(session, one)
                        session.execute(text("SELECT pg_sleep(:s)"), {"s": chance.choice([0, 0, 0.005, 0.03])})
                        if chance.random() < 0.2:
                            raise LookupError  # noqa: TRY301  undoes the transaction
                except LookupError:
                    continue
                published.add((str(one.id), one.revision))

        def follow() -> None:
            seq = 0
            last_round = False
            while True:
                with owner.session() as session:
                    changes = incidents.changes_since(session, seq, limit=7)
                for change in changes:
                    seen.append((change.seq, str(change.incident.id), change.incident.revision))
                    seq = change.seq
                if last_round and not changes:
                    return
                last_round = done.is_set()

        follower = threading.Thread(target=follow)
        threads = [threading.Thread(target=write, args=(seed,)) for seed in range(writers)]
        for thread in [follower, *threads]:
            thread.start()
        for thread in threads:
            thread.join(60)
        done.set()
        follower.join(60)
        numbers = [seq for seq, _, _ in seen]
        assert numbers == sorted(set(numbers))
        assert {(id_, revision) for _, id_, revision in seen} == published
