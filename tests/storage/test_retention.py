"""Retention on a real PostgreSQL and a real S3 server: what is due goes, what is held stays, a crash does no harm."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from camsvc.clock import SimulatedClock
from camsvc.db import partitions
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import audit, holds, incidents
from camsvc.db.queries import retention as rows
from camsvc.db.queries.audit import Wanted
from camsvc.db.queries.holds import By
from camsvc.domain.audit import Kind
from camsvc.domain.camera import Severity
from camsvc.domain.hold import Hold, Target
from camsvc.domain.incident import Clip, Incident, IncidentState
from camsvc.domain.retention import Disk, Exemption, Policy, Run
from camsvc.errors import DatabaseUnavailableError, NotFoundError, StoreUnavailableError
from camsvc.storage import keys
from camsvc.storage.holds import Enforcement, HoldMirror
from camsvc.storage.objects import ObjectStore
from camsvc.storage.retention import Retention
from camsvc.storage.versions import Versions
from tests.db import examples
from tests.forking import in_a_process_of_its_own
from tests.servers import Bucket

QUICK = frozenset({2, 6, 10, 14})
"""Steps before which a run is killed in each commit's tests; before all others in the slow ones."""
NOW = datetime(2026, 12, 20, 12, tzinfo=UTC)
MONTH = Policy(days=30, alarm_days=None, index_days=None)
CLIP = b"footage" * 100


class Place:
    """One installation with two cameras, at NOW."""

    def __init__(self, database: Database, store: ObjectStore) -> None:
        self.database = database
        self.store = store
        self.clock = SimulatedClock(NOW)
        self.disk: Disk | None = None
        cipher = Cipher(Fernet.generate_key())
        examples.owned(
            database, cipher, examples.camera("bridge-01"), examples.camera("market-01", area="bac-ninh/cho")
        )
        with database.session() as session:
            partitions.extend(session, NOW, since=NOW - timedelta(days=200))

    def recorded(self, camera: str = "bridge-01", *, days: float, **changes: Any) -> Incident:  # noqa: ANN401  fields of Incident
        """An incident that began ``days`` before NOW, with a clip, a thumbnail and tracks in the store."""
        area = "bac-ninh/cho" if camera == "market-01" else "bac-ninh/yen-phong/tam-giang"
        values = {"area": area, "started_at": NOW - timedelta(days=days), **changes}
        incident = examples.incident(camera, **values)
        key = keys.clip_part(incident.id, 0)
        self.store.put_bytes(key, CLIP, "video/mp4")
        self.store.put_bytes(keys.thumbnail(incident.id), b"picture", "image/jpeg")
        self.store.put_bytes(keys.tracks(incident.id), b"{}", "application/json")
        part = replace(examples.clip().parts[0], key=key, size_bytes=len(CLIP))
        incident = replace(
            incident, clip=Clip((part,)), thumbnail=keys.thumbnail(incident.id), tracks=keys.tracks(incident.id)
        )
        with self.database.session() as session:
            incidents.publish(session, incident)
        return incident

    def retention(self, policy: Policy = MONTH, min_free_bytes: int = 0) -> Retention:
        return Retention(self.database, self.store, policy, min_free_bytes, self.clock, lambda: self.disk)

    def run(self, policy: Policy = MONTH, min_free_bytes: int = 0) -> Run:
        return self.retention(policy, min_free_bytes).run(threading.Event(), lambda: None)

    def hold(self, target: Target, *, legal: bool = True) -> Hold:
        with self.database.session() as session:
            started_at = incidents.get(session, target.incident).started_at if target.incident else None
            return holds.place(
                session,
                target,
                area="bac-ninh/yen-phong/tam-giang",
                started_at=started_at,
                reason="theft",
                legal=legal,
                by=By(None, "lan"),
            )

    def release(self, hold: Hold) -> None:
        with self.database.session() as session:
            ids = session.scalars(
                text(
                    "INSERT INTO users (name, password_hash) SELECT 'u' || n || :hold, '' FROM generate_series(1, 2) n"
                    " RETURNING id"
                ),
                {"hold": hold.id},
            ).all()
            holds.request_release(session, hold.id, By(ids[0], "lan"), "closed")
            holds.release(session, hold.id, By(ids[1], "minh"), "agreed")

    def mirror(self) -> int:
        return HoldMirror(self.database, self.store, Enforcement(self.store, self.clock)).turn(
            threading.Event(), lambda: None
        )

    def read(self, incident: Incident) -> Incident:
        with self.database.session() as session:
            return incidents.get(session, incident.id)

    def files(self, *of: Incident) -> set[UUID | None]:
        """Incidents that have files in the store."""
        return {keys.incident_of(found.key) for found in self.store.list("incidents/")}

    def left(self) -> int:
        with self.database.session() as session:
            return rows.left(session)


@pytest.fixture
def place(migrated_url: str, store: ObjectStore) -> Iterator[Place]:
    database = Database(migrated_url)
    yield Place(database, store)
    database.close()


class TestAge:
    def test_footage_past_its_days_goes_and_the_incident_says_so(self, place: Place) -> None:
        old, new = place.recorded(days=31), place.recorded(days=29)
        run = place.run()
        assert (run.incidents, run.files, run.left, run.error) == (1, 3, 0, None)
        assert place.files() == {new.id}
        gone = place.read(old)
        assert gone.footage_expired_at is not None
        assert (gone.clip, gone.thumbnail, gone.tracks) == (None, None, None)
        assert place.read(new) == new

    def test_what_went_is_not_looked_at_again_and_what_comes_due_goes(self, place: Place) -> None:
        place.recorded(days=31)
        later = place.recorded(days=29)
        assert place.run().incidents == 1
        assert place.run().incidents == 0
        place.clock.advance(2 * 86400)
        assert place.run().incidents == 1
        assert place.read(later).footage_expired_at is not None

    def test_alarms_cameras_and_areas_have_days_of_their_own(self, place: Place) -> None:
        policy = Policy(10, 60, None, (Exemption("bac-ninh", None, 40, None), Exemption(None, "market-01", 5, None)))
        stays = [
            place.recorded(days=35),
            place.recorded("market-01", days=4),
            place.recorded(days=39, severity=Severity.ALARM),
        ]
        goes = [place.recorded(days=41), place.recorded("market-01", days=6)]
        assert place.run(policy).incidents == len(goes)
        assert place.files() == {each.id for each in stays}

    def test_alarms_stay_longer_where_the_policy_says_so(self, place: Place) -> None:
        alarm = place.recorded(days=35, severity=Severity.ALARM)
        place.recorded(days=35)
        assert place.run(replace(MONTH, alarm_days=60)).incidents == 1
        assert place.files() == {alarm.id}

    def test_a_shorter_policy_reaches_what_a_longer_one_had_passed(self, place: Place) -> None:
        one = place.recorded(days=35)
        assert place.run(replace(MONTH, days=40)).incidents == 0
        assert place.run(MONTH).incidents == 1
        assert place.read(one).footage_expired_at is not None

    def test_an_incident_that_is_not_over_keeps_its_footage_until_it_is(self, place: Place) -> None:
        going_on = place.recorded(days=40, state=IncidentState.OPEN, ended_at=None)
        place.recorded(days=35)
        assert place.run().incidents == 1
        closed = replace(
            going_on, state=IncidentState.CLOSED, ended_at=going_on.started_at + timedelta(seconds=9), revision=2
        )
        with place.database.session() as session:
            incidents.publish(session, closed)
        assert place.run().incidents == 1

    def test_without_days_nothing_goes(self, place: Place) -> None:
        place.recorded(days=150)
        assert place.run(Policy(None, None, None)).incidents == 0

    def test_what_went_is_in_the_audit_chain(self, place: Place) -> None:
        place.recorded(days=31)
        place.run()
        place.run()
        with place.database.session() as session:
            (record,) = audit.entries(session, Wanted(kind=Kind.ADMINISTER), limit=5)
        assert record.deed.what == "retention.ran"
        assert record.deed.details["incidents"] == 1


class TestIndex:
    YEARLY = Policy(None, None, index_days=45)

    def test_a_month_goes_with_its_files_and_what_is_held_stays(self, place: Place) -> None:
        gone, held, new = place.recorded(days=60), place.recorded(days=61), place.recorded(days=3)
        place.hold(Target(incident=held.id))
        run = place.run(self.YEARLY)
        assert run.months >= 1
        assert place.files() == {held.id, new.id}
        with pytest.raises(NotFoundError):
            place.read(gone)
        assert place.read(held) == held
        with place.database.session() as session:
            assert partitions.retired(session) == []

    def test_what_was_held_when_its_month_went_goes_when_it_is_released(self, place: Place) -> None:
        held = place.recorded(days=61)
        hold = place.hold(Target(incident=held.id))
        place.run(self.YEARLY)
        place.release(hold)
        place.run(self.YEARLY)
        with pytest.raises(NotFoundError):
            place.read(held)
        assert place.files() == set()


class TestHolds:
    def test_a_held_incident_survives_and_goes_when_it_is_released(self, place: Place) -> None:
        held = place.recorded(days=31)
        hold = place.hold(Target(incident=held.id))
        assert place.run().incidents == 0
        assert place.read(held) == held
        place.release(hold)
        assert place.run().incidents == 1
        assert place.files() == set()

    def test_a_held_span_of_a_camera_covers_what_touches_it_and_what_comes_in_later(self, place: Place) -> None:
        at = NOW - timedelta(days=40)
        place.hold(Target(camera="bridge-01", from_at=at, to_at=at + timedelta(hours=1)))
        within = place.recorded(days=40 - 0.02)
        into_it = place.recorded(days=40.2, ended_at=at + timedelta(seconds=1))
        place.recorded("market-01", days=40 - 0.02)
        place.recorded(days=39)
        assert place.run().incidents == 2
        assert place.files() == {within.id, into_it.id}

    def test_a_held_case_keeps_what_was_held_under_its_number_though_the_single_holds_are_released(
        self, place: Place
    ) -> None:
        one = place.recorded(days=31)
        single = place.hold(Target(incident=one.id, case_number="12/2026"))
        case = place.hold(Target(case_number="12/2026"))
        place.release(single)
        assert place.run().incidents == 0
        place.release(case)
        assert place.run().incidents == 1

    def test_a_hold_waits_for_a_giving_up_that_came_first(self, place: Place) -> None:
        one = place.recorded(days=31)
        begun, go_on = threading.Event(), threading.Event()

        def give_up() -> None:
            with place.database.session() as session:
                (found,) = rows.candidates(
                    session, NOW - timedelta(days=40), NOW, *_everywhere(place), after=None, limit=9
                )
                rows.give_up(session, [found])
                begun.set()
                go_on.wait(10)

        thread = threading.Thread(target=give_up)
        thread.start()
        assert begun.wait(10)
        placed = threading.Thread(target=lambda: place.hold(Target(incident=one.id)))
        placed.start()
        placed.join(0.3)
        assert placed.is_alive()
        go_on.set()
        placed.join(10)
        thread.join(10)
        assert place.read(one).footage_expired_at is not None


class TestPressure:
    def test_the_oldest_unheld_goes_first_and_no_more_than_must(self, place: Place) -> None:
        held = place.recorded(days=20)
        oldest, second, newest = (place.recorded(days=days) for days in (19, 18, 17))
        place.hold(Target(incident=held.id))
        place.disk = Disk(10_000, 1000)
        run = place.run(MONTH, min_free_bytes=1000 + 2 * len(CLIP))
        assert (run.pressure, run.exhausted, run.incidents) == (True, False, 2)
        assert place.files() == {held.id, newest.id}
        assert place.read(oldest).footage_expired_at is not None
        assert place.read(second).footage_expired_at is not None

    def test_when_only_held_footage_is_left_it_says_so_and_touches_nothing(self, place: Place) -> None:
        held = place.recorded(days=20)
        place.hold(Target(incident=held.id))
        place.disk = Disk(10_000, 0)
        run = place.run(MONTH, min_free_bytes=5000)
        assert (run.pressure, run.exhausted, run.incidents) == (True, True, 0)
        assert place.read(held) == held

    def test_what_is_new_does_not_go(self, place: Place) -> None:
        place.recorded(days=0.01)
        place.disk = Disk(10_000, 0)
        assert place.run(MONTH, min_free_bytes=5000).exhausted
        assert place.files()

    def test_enough_room_is_no_pressure(self, place: Place) -> None:
        place.recorded(days=20)
        place.disk = Disk(10_000, 5000)
        assert not place.run(MONTH, min_free_bytes=5000).pressure


class TestStore:
    def test_files_under_a_legal_hold_cannot_be_deleted_with_the_services_own_credentials(self, place: Place) -> None:
        held = place.recorded(days=31)
        hold = place.hold(Target(incident=held.id))
        assert place.mirror() == 1
        assert place.mirror() == 0
        for found in list(
            place.store.client.list_objects(bucket_name=place.store.bucket, recursive=True, include_version=True)
        ):
            with pytest.raises(Exception, match=r"denied|Denied|legal|lock"):
                place.store.client.remove_object(
                    bucket_name=place.store.bucket, object_name=str(found.object_name), version_id=found.version_id
                )
        assert place.store.sha256_of(keys.clip_part(held.id, 0))
        place.release(hold)
        assert place.mirror() == 1
        assert place.run().incidents == 1
        assert place.files() == set()

    def test_a_hold_of_the_database_alone_is_not_mirrored(self, place: Place) -> None:
        one = place.recorded(days=31)
        place.hold(Target(incident=one.id), legal=False)
        assert place.mirror() == 0
        assert not place.store.is_held(keys.thumbnail(one.id))
        assert place.run().incidents == 0

    def test_what_is_published_into_a_held_span_is_locked_then(self, place: Place) -> None:
        place.hold(Target(camera="bridge-01", from_at=NOW - timedelta(days=2), to_at=NOW + timedelta(days=2)))
        assert place.mirror() == 0
        one = place.recorded(days=1)
        assert place.mirror() == 1
        assert place.store.is_held(keys.clip_part(one.id, 0))

    def test_what_the_store_refuses_to_delete_is_tried_again(self, place: Place) -> None:
        one = place.recorded(days=31)
        place.store.hold(keys.thumbnail(one.id))  # by somebody else
        run = place.run()
        assert (run.incidents, run.left) == (1, 1)
        place.store.release(keys.thumbnail(one.id))
        assert place.run().left == 0
        assert place.files() == set()


class TestCrash:
    """The process dies at each step: the next run ends what was begun, and nothing is lost that is held."""

    POLICY = Policy(days=30, alarm_days=None, index_days=100)

    @pytest.mark.parametrize(
        "step", [pytest.param(step, marks=() if step in QUICK else pytest.mark.slow) for step in range(1, 16)]
    )
    def test_a_run_that_is_killed_anywhere_is_ended_by_the_next(
        self, place: Place, bucket: Bucket, migrated_url: str, step: int
    ) -> None:
        held, kept = place.recorded(days=130), place.recorded(days=5)
        for days in (131, 130.5, 60, 31):
            place.recorded(days=days)
        place.hold(Target(incident=held.id))
        was_killed = _killed_at(step, migrated_url, bucket, self.POLICY)
        run = place.run(self.POLICY)
        assert run.error is None
        assert place.left() == 0
        assert place.files() == {held.id, kept.id}
        assert place.read(held) == held
        assert was_killed or step > 8

    def test_a_store_that_is_away_ends_the_run_and_is_recorded(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place.recorded(days=31)

        def away(*_: object) -> None:
            raise StoreUnavailableError("the store is away")

        with monkeypatch.context() as patch:
            patch.setattr(ObjectStore, "erase", away)
            with pytest.raises(StoreUnavailableError):
                place.run()
        with place.database.session() as session:
            (run,) = rows.runs(session, 5)
        assert (run.incidents, run.left, run.error) == (1, 1, "the store is away")
        assert place.run().left == 0

    def test_a_run_that_is_stopped_leaves_its_list_to_the_next(self, place: Place) -> None:
        for _ in range(3):
            place.recorded(days=31)
        stop = threading.Event()
        place.retention().run(stop, stop.set)
        assert place.run().left == 0
        assert place.files() == set()


def _killed_at(step: int, url: str, bucket: Bucket, policy: Policy) -> bool:
    """Run retention in a process of its own that kills itself, as ``kill -9`` does, before its step number ``step``;
    false when it was done before."""

    def run() -> None:
        _let_die(step)
        database, store = Database(url), ObjectStore(**vars(bucket))
        Retention(database, store, policy, 0, SimulatedClock(NOW), lambda: None).run(threading.Event(), lambda: None)

    status = in_a_process_of_its_own(run)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _let_die(at: int) -> None:
    """Before each step that changes something, in the database or in the store."""
    steps = itertools.count(1)

    def before(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def dies_first(*args: Any, **named: Any) -> Any:  # noqa: ANN401  whatever it takes
            if next(steps) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **named)

        setattr(owner, name, dies_first)

    for name in ("retire", "give_up", "deleted", "deleted_of_retired", "set_done_before"):
        before(rows, name)
    before(partitions, "forget")
    before(ObjectStore, "erase")
    before(Versions, "remove")


def _everywhere(place: Place) -> tuple[list[int], list[int]]:
    with place.database.session() as session:
        ids = [spot.id for spot in rows.spots(session)]
    return ids, ids


def test_a_run_that_lost_its_lock_does_no_more(place: Place) -> None:
    place.recorded(days=31)

    def lost() -> None:
        raise DatabaseUnavailableError("the lock is lost")

    with pytest.raises(DatabaseUnavailableError):
        place.retention().run(threading.Event(), lost)
    assert place.files()
