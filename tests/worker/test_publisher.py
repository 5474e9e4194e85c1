from __future__ import annotations

import hashlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet
from sqlalchemy.orm import Session

from camsvc.clock import SimulatedClock, SystemClock
from camsvc.config import CameraConfig
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import cameras, coverage, incidents, leases
from camsvc.domain.incident import Gap, GapReason, Incident, IncidentState
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore
from camsvc.worker.publisher import Publisher
from camsvc.worker.spool import Spool
from camsvc.worker.spool_entry import Entry
from camsvc.worker.spool_state import Completed, Facts, PartFinished, Sealed, ThumbnailMade
from tests.servers import Bucket
from tests.worker.spooling import CAMERA, START, at, ended, incident, open_spool, part
from tests.worker.switch import Switch

JPEG = b"\xff\xd8picture\xff\xd9"
WORKER = "w1"


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START)


@pytest.fixture
def spool(tmp_path: Path, clock: SimulatedClock) -> Iterator[Spool]:
    with open_spool(tmp_path / "spool", clock) as spool:
        yield spool


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    config = CameraConfig.model_validate(
        {"id": CAMERA.id, "name": "Gate", "area": CAMERA.area, "streams": {"main": "rtsp://camera.invalid/main"}}
    )
    with database.session() as session:
        cameras.put(session, config, Cipher(Fernet.generate_key()))
    with database.session() as session:
        [lease] = leases.claim(session, WORKER, 1, 3600)
    assert lease.epoch == 1
    yield database
    database.close()


@pytest.fixture
def publisher(spool: Spool, store: ObjectStore, database: Database, clock: SimulatedClock) -> Publisher:
    return Publisher(spool, store, database, clock=clock, stop=threading.Event())


def finish_part(entry: Entry, index: int, content: bytes) -> None:
    entry.part_file(index).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    entry.append(PartFinished(part(entry.state.incident, index, sha256=sha256, size_bytes=len(content))))


def complete(entry: Entry, *, parts: int = 1) -> None:
    for index in range(len(entry.state.parts), parts):
        finish_part(entry, index, f"footage {entry.id} {index}".encode() * 100)
    entry.thumbnail_file.write_bytes(JPEG)
    entry.tracks_file.write_text("{}")
    state = entry.state.incident
    facts = [Facts(ended(state, 60))] if state.state is IncidentState.OPEN else []
    entry.append(*facts, ThumbnailMade(), Sealed(), Completed(tracks=True))


def stored(database: Database, made: Incident) -> Incident:
    with database.session() as session:
        return incidents.get(session, made.id)


def settle(publisher: Publisher, clock: SimulatedClock, seconds: float = 120) -> None:
    for _ in range(int(seconds)):
        publisher.turn()
        clock.advance(1)


def check_published(database: Database, store: ObjectStore, made: Incident, parts: int = 1) -> Incident:
    row = stored(database, made)
    assert row.state is not IncidentState.OPEN
    assert row.clip is not None
    assert [each.index for each in row.clip.parts] == list(range(parts))
    for each in row.clip.parts:
        assert store.sha256_of(each.key) == each.sha256
    assert row.thumbnail == keys.thumbnail(made.id)
    assert row.tracks == keys.tracks(made.id)
    with store.open(row.thumbnail) as chunks:
        assert b"".join(chunks) == JPEG
    return row


def test_an_open_incident_is_known_at_once_and_its_footage_while_it_is_still_open(
    spool: Spool, publisher: Publisher, store: ObjectStore, database: Database
) -> None:
    entry = spool.create(incident())
    publisher.turn()
    first = stored(database, entry.state.incident)
    assert (first.state, first.clip, first.ended_at) == (IncidentState.OPEN, None, None)

    finish_part(entry, 0, b"part 0" * 100)
    publisher.turn()
    second = stored(database, entry.state.incident)
    assert second.state is IncidentState.OPEN
    assert second.clip is not None
    assert [each.index for each in second.clip.parts] == [0]
    assert second.revision > first.revision
    assert not entry.part_file(0).exists()  # in the store: its room is free again

    complete(entry, parts=2)
    publisher.turn()
    final = check_published(database, store, entry.state.incident, parts=2)
    assert final.revision > second.revision
    assert spool.entries() == ()
    assert not entry.folder.exists()
    assert publisher.stats.published == 1


def test_an_incident_that_merely_goes_on_is_written_every_few_seconds_only(
    spool: Spool, publisher: Publisher, database: Database, clock: SimulatedClock
) -> None:
    entry = spool.create(incident())
    publisher.turn()
    entry.append(Facts(replace(entry.state.incident, last_observed_at=at(12))))
    publisher.turn()
    assert stored(database, entry.state.incident).last_observed_at == at(10)
    clock.advance(5)
    publisher.turn()
    assert stored(database, entry.state.incident).last_observed_at == at(12)
    entry.append(Facts(ended(entry.state.incident, 13)))
    publisher.turn()
    assert stored(database, entry.state.incident).ended_at == at(13)  # an end is not put off


def test_with_the_store_away_incidents_are_known_and_footage_waits(
    spool: Spool, bucket: Bucket, store: ObjectStore, database: Database, clock: SimulatedClock
) -> None:
    with Switch(int(bucket.endpoint.rpartition(":")[2])) as switch:
        through = ObjectStore(**vars(replace(bucket, endpoint=f"127.0.0.1:{switch.port}")))
        publisher = Publisher(spool, through, database, clock=clock, stop=threading.Event())
        switch.off()
        made = [spool.create(incident(10 + number)) for number in range(5)]
        for entry in made:
            complete(entry)
        settle(publisher, clock, 20)
        for entry in made:
            row = stored(database, entry.state.incident)
            assert (row.state, row.clip) == (IncidentState.CLOSED, None)
        stats = publisher.stats
        assert stats.store_away_since is not None
        assert stats.store_reason
        assert stats.database_away_since is None
        assert spool.stats().entries == 5
        assert spool.stats().oldest == at(10)
        switch.on()
        settle(publisher, clock, 60)
        for entry in made:
            check_published(database, store, entry.state.incident)
        assert spool.entries() == ()
        assert publisher.stats.store_away_since is None
        through.close()


def test_with_the_database_away_footage_leaves_and_rows_wait(
    spool: Spool, store: ObjectStore, database: Database, migrated_url: str, clock: SimulatedClock
) -> None:
    parts = urlsplit(migrated_url)
    assert parts.port
    with Switch(parts.port) as switch:
        through = Database(migrated_url.replace(f":{parts.port}/", f":{switch.port}/"))
        publisher = Publisher(spool, store, through, clock=clock, stop=threading.Event())
        switch.off()
        made = [spool.create(incident(10 + number)) for number in range(3)]
        for entry in made:
            complete(entry)
        settle(publisher, clock, 10)
        assert all(entry.state.is_stored for entry in made)
        assert not any(entry.part_file(0).exists() for entry in made)
        assert publisher.stats.database_away_since is not None
        assert len(spool.entries()) == 3
        switch.on()
        settle(publisher, clock, 60)
        for entry in made:
            check_published(database, store, entry.state.incident)
        assert spool.entries() == ()
        through.close()


def test_waits_grow_to_a_cap_while_a_service_is_away(
    spool: Spool, store: ObjectStore, database: Database, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from camsvc.errors import DatabaseUnavailableError

    tries: list[float] = []

    def away(*_: object) -> None:
        tries.append(clock.monotonic_s())
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr(incidents, "publish_all", away)
    for number in range(50):
        spool.create(incident(10 + number))
    publisher = Publisher(spool, store, database, clock=clock, stop=threading.Event())
    for _ in range(3600 * 4):
        publisher._rows.turn()
        clock.advance(0.25)
    assert 100 < len(tries) < 300  # in an hour, whatever the back-log
    gaps = [later - earlier for earlier, later in itertools.pairwise(tries)]
    assert max(gaps) <= 31
    assert gaps[0] < 2
    assert len({round(gap, 1) for gap in gaps[20:]}) > 5  # jittered


class Crash(BaseException):
    """The process dies here; nothing may catch it."""


class Mortal:
    """Counts steps that have taken effect, and dies after one of them."""

    def __init__(self, after: int) -> None:
        self.left = after

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


def test_a_crash_after_any_step_of_publishing_changes_nothing_of_the_result(
    tmp_path: Path,
    store: ObjectStore,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from camsvc.worker import publisher_rows

    mortal = Mortal(0)

    def dying(function: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **named: object) -> object:
            result = function(*args, **named)
            mortal.step()
            return result

        return call

    monkeypatch.setattr(ObjectStore, "put_file", dying(ObjectStore.put_file))
    monkeypatch.setattr(ObjectStore, "put_bytes", dying(ObjectStore.put_bytes))
    monkeypatch.setattr(publisher_rows.Rows, "_rows", dying(publisher_rows.Rows._rows))
    monkeypatch.setattr(Entry, "append", dying(Entry.append))
    monkeypatch.setattr(Path, "unlink", dying(Path.unlink))
    monkeypatch.setattr(Path, "rename", dying(Path.rename))
    root = tmp_path / "spool"
    after, crashes = 1, 0
    while True:
        mortal.left = 0
        clock = SimulatedClock(START)
        with open_spool(root, clock) as spool:
            made = incident(10 + after)
            complete(spool.create(made), parts=2)
        mortal.left = after
        try:
            with open_spool(root, clock) as spool:
                settle(Publisher(spool, store, database, clock=clock, stop=threading.Event()), clock, 10)
            died = False
        except Crash:
            died = True
        mortal.left = 0
        with open_spool(root, clock) as spool:
            settle(Publisher(spool, store, database, clock=clock, stop=threading.Event()), clock, 10)
            assert spool.entries() == ()
        check_published(database, store, made, parts=2)
        if not died:
            break
        crashes += 1
        after += 1
    assert crashes >= 12


def test_an_incident_of_a_lost_lease_is_kept_aside_and_holds_up_nobody(
    spool: Spool, publisher: Publisher, store: ObjectStore, database: Database, tmp_path: Path
) -> None:
    foreign = spool.create(incident(10, epoch=7))
    mine = spool.create(incident(11))
    publisher.turn()
    assert spool.stats().fenced == 1  # visible at once, though it is still being recorded
    complete(foreign)
    complete(mine)
    publisher.turn()
    check_published(database, store, mine.state.incident)
    assert spool.entries() == ()
    assert spool.stats().fenced == 1
    kept = tmp_path / "spool" / "fenced" / str(foreign.id)
    assert (kept / "part-0000.mp4").exists()
    assert store.stat(keys.clip_part(foreign.id, 0)) is None


def test_an_incident_that_the_database_does_not_bear_waits_alone_and_the_rest_of_its_batch_does_not(
    spool: Spool, publisher: Publisher, database: Database, clock: SimulatedClock
) -> None:
    items = [incident(10 + number) for number in range(20)]
    made = [spool.create(replace(each, zone="\0") if at_ == 7 else each) for at_, each in enumerate(items)]
    publisher.turn()
    for number, entry in enumerate(made):
        if number != 7:
            assert stored(database, entry.state.incident).id == entry.id
    assert publisher.stats.stumbling == 1
    assert publisher.stats.database_away_since is None
    late = spool.create(incident(60))
    clock.advance(40)
    publisher.turn()
    assert stored(database, late.state.incident).id == late.id
    assert publisher.stats.stumbling == 1


def test_an_incident_at_which_the_database_falls_silent_does_not_keep_the_rest_of_its_batch_waiting(
    spool: Spool, publisher: Publisher, database: Database, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from camsvc.errors import DatabaseUnavailableError

    made = [spool.create(incident(10 + number)) for number in range(20)]
    real = incidents.publish_all

    def sometimes(session: Session, items: Sequence[Incident]) -> list[incidents.Outcome]:
        if made[7].id in [item.id for item in items]:
            raise DatabaseUnavailableError("statement timeout")
        return real(session, items)

    monkeypatch.setattr(incidents, "publish_all", sometimes)
    for _ in range(60):
        publisher.turn()
        clock.advance(1)
    for number, entry in enumerate(made):
        if number != 7:
            assert stored(database, entry.state.incident).id == entry.id
    assert publisher.stats.stumbling == 1


@pytest.mark.parametrize("fault", ["altered", "gone"])
def test_a_part_that_rots_in_the_spool_becomes_a_gap_and_holds_up_nothing(
    spool: Spool,
    publisher: Publisher,
    store: ObjectStore,
    database: Database,
    tmp_path: Path,
    fault: str,
    clock: SimulatedClock,
) -> None:
    entry, other = spool.create(incident(10)), spool.create(incident(11))
    complete(entry, parts=3)
    complete(other)
    lost = entry.state.parts[1]
    if fault == "gone":
        entry.part_file(1).unlink()
    else:
        entry.part_file(1).write_bytes(b"rot")
    settle(publisher, clock, 5)
    row = stored(database, entry.state.incident)
    assert row.clip is not None
    assert [each.index for each in row.clip.parts] == [0, 2]
    assert row.clip.gaps == (Gap(lost.started_at, lost.ended_at, GapReason.CORRUPT),)
    check_published(database, store, other.state.incident)
    assert spool.entries() == ()
    assert spool.stats().damaged == 1
    if fault == "altered":
        assert (tmp_path / "spool" / "damaged" / str(entry.id) / "part-0001.mp4").read_bytes() == b"rot"


def test_one_incident_that_the_store_never_takes_delays_no_other(
    spool: Spool,
    store: ObjectStore,
    database: Database,
    clock: SimulatedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from camsvc.errors import StoreError

    poisoned = spool.create(incident(10))
    others = [spool.create(incident(11 + number)) for number in range(4)]
    for entry in (poisoned, *others):
        complete(entry)
    put_file = ObjectStore.put_file

    def refuse(self: ObjectStore, key: str, *file: Any) -> None:  # noqa: ANN401  as put_file takes it
        if str(poisoned.id) in key:
            raise StoreError("refused")
        put_file(self, key, *file)

    monkeypatch.setattr(ObjectStore, "put_file", refuse)
    publisher = Publisher(spool, store, database, clock=clock, stop=threading.Event())
    settle(publisher, clock, 10)
    for entry in others:
        check_published(database, store, entry.state.incident)
    assert spool.entries() == (poisoned,)
    assert publisher.stats.stumbling >= 1


def test_gaps_reach_the_database_and_one_that_it_refuses_holds_up_nothing(
    spool: Spool, publisher: Publisher, database: Database, tmp_path: Path, clock: SimulatedClock
) -> None:
    spool.coverage.record("no-such-camera", "analysis", Gap(at(0), at(1), GapReason.DETECTOR))
    spool.coverage.record(CAMERA.id, "analysis", Gap(at(0), at(5), GapReason.DETECTOR))
    spool.coverage.record(CAMERA.id, "footage", Gap(at(3), at(4), GapReason.DISK_FULL))
    settle(publisher, clock, 3)
    assert len(spool.coverage) == 0
    with database.session() as session:
        spans = coverage.spans(session, CAMERA.id, at(-10), at(10))
    assert [(span.what.value, span.started_at, span.ended_at) for span in spans] == [
        ("analysis", at(0), at(5)),
        ("footage", at(3), at(4)),
    ]
    refused = (tmp_path / "spool" / "coverage" / "refused").read_text()
    assert json.loads(refused.split(" ", 1)[1])["camera"] == "no-such-camera"


def test_a_backlog_is_published_by_several_threads_each_incident_whole(
    tmp_path: Path, store: ObjectStore, database: Database
) -> None:
    with open_spool(tmp_path / "spool") as spool:
        made = [spool.create(incident(10 + number)) for number in range(40)]
        for entry in made:
            complete(entry, parts=2)
        stop = threading.Event()
        publisher = Publisher(spool, store, database, clock=SystemClock(), stop=stop)
        thread = threading.Thread(target=publisher.run)
        thread.start()
        deadline_s = time.monotonic() + 60
        while spool.entries() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        stop.set()
        thread.join(10)
        assert not thread.is_alive()
        assert spool.entries() == ()
        assert publisher.stats.published == 40
        for entry in made:
            check_published(database, store, entry.state.incident, parts=2)
