"""What a worker records is sealed when it is written, and the seal goes with it to wherever it is published."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from camsvc.clock import SimulatedClock
from camsvc.db.database import Database
from camsvc.db.queries import audit, incidents, seals
from camsvc.domain.incident import Incident
from camsvc.domain.seal import SealOf, part_statement
from camsvc.media.remux import write_mp4
from camsvc.storage.objects import ObjectStore
from camsvc.storage.proofs import KEY, SIGNATURE, STATEMENT, Book, Standing
from camsvc.storage.seal_keys import is_signed
from camsvc.worker import recorder_finaliser, spool_state
from camsvc.worker.publisher import Publisher
from camsvc.worker.recorder_finaliser import Finaliser
from camsvc.worker.sealing import FILE, UNREADABLE, Sealer
from camsvc.worker.spool_entry import Entry
from camsvc.worker.spool_state import PartFinished
from tests.forking import in_a_process_of_its_own
from tests.worker.rig import Rig
from tests.worker.spooling import incident, open_spool, part
from tests.worker.test_publisher import clock, database, settle  # noqa: F401  fixtures


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    return Sealer.of(tmp_path / "memory", "w1")


@pytest.fixture
def rig(tmp_path: Path, sealer: Sealer) -> Iterator[Rig]:
    rig = Rig(tmp_path / "spool")
    rig.finaliser = Finaliser(rig.spool, clock=rig.clock, stop=threading.Event(), sealer=sealer)
    yield rig
    rig.spool.close()


def record(rig: Rig) -> None:
    """An incident of some seconds, all recorded and nothing finished."""
    rig.connect()
    rig.play(4)
    key = rig.open(3.5)
    rig.play(6)
    rig.recorder.scene(rig.scene(5.0), None)
    rig.close(key, 6)
    rig.play(12)
    for _ in range(200):
        rig.recorder.turn()
        rig.clock.advance(0.25)


def assert_sealed(entry: Entry, sealer: Sealer) -> None:
    state = entry.state
    assert state.parts
    for each in state.parts:
        sealing = state.seal(SealOf.CLIP, each.index)
        assert sealing is not None
        statement = part_statement(state.incident, each)
        assert is_signed(sealer.public_pem, sealer.key, statement, sealing.file.seal.signature)
    assert state.seal(SealOf.TRACKS) is not None


def test_the_key_is_made_once_and_is_its_account_s_alone(tmp_path: Path) -> None:
    first, again = (Sealer.of(tmp_path / "memory", "w1") for _ in range(2))
    assert first.key == again.key
    assert stat.S_IMODE((tmp_path / "memory" / FILE).stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(first)
    signature = first.seal(b"a line\n").signature
    assert is_signed(again.public_pem, again.key, b"a line\n", signature)
    assert not is_signed(again.public_pem, again.key, b"another\n", signature)
    assert not is_signed(again.public_pem, "0" * 64, b"a line\n", signature)
    assert not is_signed("no key", again.key, b"a line\n", b"no signature")


def test_a_key_that_cannot_be_read_is_put_aside_and_recording_goes_on_with_another(tmp_path: Path) -> None:
    first = Sealer.of(tmp_path, "w1")
    (tmp_path / FILE).write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    second = Sealer.of(tmp_path, "w1")
    assert second.key != first.key
    assert (tmp_path / UNREADABLE).exists()
    assert Sealer.of(tmp_path, "w1").key == second.key


def test_parts_and_tracks_are_sealed_when_they_are_written(rig: Rig, sealer: Sealer) -> None:
    record(rig)
    while rig.finaliser.turn():
        pass
    assert_sealed(rig.entry, sealer)


def test_a_worker_killed_between_its_file_and_its_seal_finishes_both_at_the_next_start(
    rig: Rig, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(rig)
    rig.spool.close()

    def killed(*arguments: object) -> object:
        write_mp4(*arguments)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def finish() -> None:
        monkeypatch.setattr(recorder_finaliser, "write_mp4", killed)
        with open_spool(rig.root, rig.clock) as spool:
            Finaliser(spool, clock=rig.clock, stop=threading.Event(), sealer=sealer).turn()

    assert os.WTERMSIG(in_a_process_of_its_own(finish)) == signal.SIGKILL
    rig.start()
    [entry] = rig.spool.entries()
    assert entry.part_file(0).exists()
    assert entry.state.seal(SealOf.CLIP, 0) is None
    finaliser = Finaliser(rig.spool, clock=rig.clock, stop=threading.Event(), sealer=sealer)
    while finaliser.turn():
        pass
    assert_sealed(entry, sealer)


def test_a_journal_from_before_seals_is_read_as_it_was(tmp_path: Path) -> None:
    made = incident()
    line = json.loads(spool_state.encode(PartFinished(part(made))))
    del line["seal"]
    assert spool_state.decode(json.dumps(line).encode()) == PartFinished(part(made))


def published(rig: Rig, store: ObjectStore, database: Database, clock: SimulatedClock) -> Incident:  # noqa: F811
    [entry] = rig.spool.entries()
    id_ = entry.id
    with database.session() as session:  # the rig's incidents are of an epoch that the fixture's lease is not of
        entry.append(spool_state.Facts(replace(entry.state.incident, epoch=1)))
        assert session is not None
    publisher = Publisher(rig.spool, store, database, clock=clock, stop=threading.Event())
    settle(publisher, clock, 10)
    with database.session() as session:
        return incidents.get(session, id_)


def test_seals_are_published_with_the_row_and_kept_with_the_objects(
    rig: Rig,
    sealer: Sealer,
    store: ObjectStore,
    database: Database,  # noqa: F811
    clock: SimulatedClock,  # noqa: F811
) -> None:
    record(rig)
    while rig.finaliser.turn():
        pass
    row = published(rig, store, database, clock)
    assert row.clip is not None
    with database.session() as session:
        book = Book.of(session, [row])
        (key,) = seals.keys(session, [sealer.key])
        chain = [each.deed for each in audit.read(session, 0) if each.deed.what == "worker.key_registered"]
    assert [book.part(row, each).standing for each in row.clip.parts] == [Standing.SEALED] * len(row.clip.parts)
    assert book.tracks(row).standing is Standing.SEALED
    assert (key.worker, key.public_pem) == ("w1", sealer.public_pem)
    assert [each.details for each in chain] == [{"worker": "w1", "key": sealer.key}]
    assert row.tracks is not None
    for name in (row.clip.parts[0].key, row.tracks):
        found = store.stat(name)
        assert found is not None
        assert {SIGNATURE, KEY, STATEMENT} <= found.metadata.keys()
        assert found.metadata[KEY] == sealer.key


def test_a_lost_worker_s_footage_is_published_under_the_key_that_sealed_it(
    rig: Rig,
    sealer: Sealer,
    store: ObjectStore,
    database: Database,  # noqa: F811
    clock: SimulatedClock,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Its key was never registered: it lost the database before it lost its life."""
    record(rig)
    rig.finaliser.turn()  # the first part; the rest is its heir's
    lost = rig.root
    rig.spool.close()
    heir = Sealer.of(tmp_path / "heir", "w2")
    rig.root = tmp_path / "spool-of-w2"
    rig.start()
    assert rig.spool.adopt(lost) == 1
    finaliser = Finaliser(rig.spool, clock=rig.clock, stop=threading.Event(), sealer=heir)
    while finaliser.turn():
        pass
    row = published(rig, store, database, clock)
    with database.session() as session:
        found = seals.of_incidents(session, [row.id])
        workers = {each.id: each.worker for each in seals.keys(session)}
        assert Book.of(session, [row]).tracks(row).standing is Standing.SEALED
    assert workers[found[(row.id, "clip", 0)].key] == "w1"
    assert workers[found[(row.id, "tracks", None)].key] == "w2"
