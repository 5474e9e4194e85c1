from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from camsvc.clock import SimulatedClock
from camsvc.domain.incident import Clip, Gap, GapReason, IncidentState
from camsvc.errors import SpoolError
from camsvc.worker import spool_entry, spool_state
from camsvc.worker.spool_journal import Journal
from camsvc.worker.spool_state import (
    Completed,
    Facts,
    Fenced,
    GapFound,
    PartClock,
    PartFinished,
    PartStored,
    Sealed,
    Snapshot,
    ThumbnailMade,
    ThumbnailStored,
    TracksStored,
)
from tests.worker.spooling import MIB, START, at, ended, fill, incident, open_spool, part


def test_a_created_incident_is_found_by_the_next_process_as_interrupted_at_its_last_observed_moment(
    tmp_path: Path,
) -> None:
    made = incident()
    with open_spool(tmp_path) as spool:
        entry = spool.create(made)
        entry.append(Facts(ended(made, 17.5, IncidentState.OPEN)))
        (entry.part_log(0)).write_bytes(b"packets")
    with open_spool(tmp_path) as spool:
        [entry] = spool.entries()
        state = entry.state
        assert state.incident.state is IncidentState.INTERRUPTED
        assert state.incident.ended_at == at(17.5)
        assert (state.sealed, state.crashed) == (True, True)
        assert entry.ready == (0,)


def test_a_closed_incident_stays_closed_after_a_crash_in_its_post_roll(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        made = incident()
        spool.create(made).append(Facts(ended(made, 20)))
    with open_spool(tmp_path) as spool:
        state = spool.entries()[0].state
        assert state.incident.state is IncidentState.CLOSED
        assert state.sealed


def test_every_record_comes_back_as_it_was_written_and_raises_the_revision(tmp_path: Path) -> None:
    made = incident()
    gap = Gap(at(1), at(2), GapReason.STALL)
    records: list[spool_state.Change] = [
        PartClock(0, 4.0, None),
        GapFound(gap),
        PartFinished(part(made, 0)),
        PartStored(0),
        PartClock(1, 5.0, 6.0),
        PartFinished(part(made, 1)),
        ThumbnailMade(),
        ThumbnailStored(1),
        Facts(ended(made, 30)),
        Sealed(),
        Completed(tracks=True),
        TracksStored(),
        Fenced("why"),
    ]
    with open_spool(tmp_path) as spool:
        entry = spool.create(made)
        for number, record in enumerate(records):
            assert entry.append(record).revision == 2 + number
        before = entry.state
    with open_spool(tmp_path) as spool:
        assert spool.entries()[0].state == before


def test_the_row_names_only_what_is_in_the_store(tmp_path: Path) -> None:
    made = incident()
    with open_spool(tmp_path) as spool:
        entry = spool.create(made)
        gap = Gap(at(1), at(2), GapReason.STALL)
        entry.append(GapFound(gap), PartFinished(part(made, 0)), PartFinished(part(made, 1)), ThumbnailMade())
        row = entry.state.row()
        assert (row.clip, row.thumbnail, row.tracks) == (None, None, None)
        entry.append(PartStored(0))
        assert entry.state.row().clip == Clip((part(made, 0),), (gap,))
        entry.append(PartStored(1), ThumbnailStored(1), Sealed(), Completed(tracks=True), TracksStored())
        row = entry.state.row()
        assert row.clip == Clip((part(made, 0), part(made, 1)), (gap,))
        assert row.thumbnail
        assert row.tracks
        assert row.revision == entry.state.revision
        assert entry.state.is_stored


def test_a_long_journal_is_made_short_and_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_entry, "COMPACT_BYTES", 10_000)
    made = incident()
    with open_spool(tmp_path) as spool:
        entry = spool.create(made)
        for second in range(500):
            entry.append(Facts(ended(made, 20 + second, IncidentState.CLOSED)))
            assert entry.measure() < 25_000
        entry.append(Sealed())
        before = entry.state
        assert before.revision == 502
    with open_spool(tmp_path) as spool:
        assert spool.entries()[0].state == before


def test_a_folder_whose_creation_was_cut_short_is_no_incident(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        made = incident()
        spool.create(made)
    folder = tmp_path / "incidents" / str(made.id)
    line = (folder / "journal").read_bytes()
    (folder / "journal").write_bytes(line[:-10])
    with open_spool(tmp_path) as spool:
        assert spool.entries() == ()
        assert not folder.exists()
        assert spool.stats().damaged == 0


def test_footage_without_a_readable_journal_is_kept_for_a_person(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        made = incident()
        entry = spool.create(made)
        entry.part_file(0).write_bytes(b"footage")
    (entry.folder / "journal").write_bytes(b"rot")
    with open_spool(tmp_path) as spool:
        assert spool.entries() == ()
        assert spool.stats().damaged == 1
        assert (tmp_path / "damaged" / str(made.id) / "part-0000.mp4").read_bytes() == b"footage"


def test_a_record_of_another_version_stops_nothing_and_loses_nothing(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        other, mine = incident(1), incident(2)
        entry = spool.create(other)
        spool.create(mine)
    journal = Journal(entry.folder / "journal")
    journal.read()
    journal.append([b'{"type":"of_the_future"}'])
    with open_spool(tmp_path) as spool:
        assert [entry.id for entry in spool.entries()] == [mine.id]
        assert spool.stats().damaged == 1


def test_removing_is_repeatable_and_leaves_nothing(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        entry = spool.create(incident())
        spool.remove(entry)
        spool.remove(entry)
        assert spool.entries() == ()
        assert list((tmp_path / "removed").iterdir()) == []
    with open_spool(tmp_path) as spool:
        assert spool.entries() == ()


def test_what_a_crash_left_of_a_removal_is_cleared(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        entry = spool.create(incident())
        entry.folder.rename(tmp_path / "removed" / entry.folder.name)
    with open_spool(tmp_path) as spool:
        assert spool.entries() == ()
        assert list((tmp_path / "removed").iterdir()) == []


def test_what_is_set_aside_is_whole_and_counted(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        entry = spool.create(incident())
        spool.set_aside(entry, spool.root.fenced)
        assert spool.entries() == ()
        assert spool.stats().fenced == 1
        assert (tmp_path / "fenced" / str(entry.id) / "journal").exists()


def test_over_its_budget_the_spool_refuses_footage_but_not_incidents(tmp_path: Path) -> None:
    clock = SimulatedClock(START)
    with open_spool(tmp_path, clock, max_bytes=MIB) as spool:
        entry = spool.create(incident())
        assert spool.refuses_footage() is None
        entry.part_log(0).write_bytes(bytes(MIB))
        entry.measure()
        clock.advance(1)
        refused = spool.refuses_footage()
        assert refused is not None
        assert "budget" in refused
        spool.create(incident(11))
        stats = spool.stats()
        assert (stats.entries, stats.open, stats.refused) == (2, 2, refused)
        assert stats.bytes > MIB
        assert stats.oldest == at(10)
        entry.part_log(0).write_bytes(bytes(MIB - 20_000))
        entry.measure()
        clock.advance(1)
        assert spool.refuses_footage() is not None  # not on and off at the very edge
        entry.part_log(0).unlink()
        entry.measure()
        clock.advance(1)
        assert spool.refuses_footage() is None


def test_two_processes_cannot_live_in_one_spool(tmp_path: Path) -> None:
    with open_spool(tmp_path), pytest.raises(SpoolError, match="another worker lives"):
        open_spool(tmp_path)
    open_spool(tmp_path).close()


def test_a_spool_is_free_again_when_its_process_is_killed(tmp_path: Path) -> None:
    code = f"""
import pathlib, sys, time
from camsvc.clock import SystemClock
from camsvc.worker.spool_root import SpoolRoot
root = SpoolRoot.open(pathlib.Path({str(tmp_path)!r}), None)
print("in", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        with pytest.raises(SpoolError, match="another worker lives"):
            open_spool(tmp_path)
        process.kill()
    open_spool(tmp_path).close()


def test_a_swapped_disk_is_noticed_and_nothing_is_written_to_it(tmp_path: Path) -> None:
    root = tmp_path / "spool"
    clock = SimulatedClock(START)
    with open_spool(root, clock) as spool:
        root.rename(tmp_path / "unmounted")
        root.mkdir()
        with pytest.raises(SpoolError, match="not the spool it was"):
            spool.create(incident())
        clock.advance(1)
        assert "not the spool it was" in (spool.refuses_footage() or "")
        assert list(root.iterdir()) == []
        root.rmdir()
        with pytest.raises(SpoolError, match="is gone"):
            spool.create(incident())
        (tmp_path / "unmounted").rename(root)
        spool.create(incident())
        clock.advance(1)
        assert spool.refuses_footage() is None


def test_another_spool_on_the_same_place_is_noticed(tmp_path: Path) -> None:
    with open_spool(tmp_path / "a") as spool:
        open_spool(tmp_path / "b").close()
        (tmp_path / "a" / "spool.json").write_bytes((tmp_path / "b" / "spool.json").read_bytes())
        with pytest.raises(SpoolError, match="not the spool it was"):
            spool.create(incident())


def test_a_disk_that_is_not_mounted_at_start_is_noticed(tmp_path: Path) -> None:
    root, remembered = tmp_path / "spool", tmp_path / "worker" / "spool-id"
    open_spool(root, remembered=remembered).close()
    open_spool(root, remembered=remembered).close()
    root.rename(tmp_path / "unmounted")
    root.mkdir()
    with pytest.raises(SpoolError, match=r"not the spool it was.*or delete"):
        open_spool(root, remembered=remembered)
    assert list(root.iterdir()) == []


def test_an_orphaned_spool_is_taken_over_and_a_living_one_is_not(tmp_path: Path) -> None:
    lost = incident(worker="lost")
    with open_spool(tmp_path / "lost") as spool:
        spool.create(lost)
    with open_spool(tmp_path / "living") as living, open_spool(tmp_path / "ours") as ours:
        living.create(incident())
        assert ours.adopt(tmp_path / "living") == 0
        assert ours.adopt(tmp_path / "lost") == 1
        assert ours.adopt(tmp_path / "lost") == 0
        assert ours.adopt(tmp_path / "nothing") == 0
        [entry] = ours.entries()
        assert entry.state.incident.worker == "lost"
        assert entry.state.incident.state is IncidentState.INTERRUPTED
        assert len(living.entries()) == 1
    assert not list((tmp_path / "lost" / "incidents").iterdir())


def test_a_full_disk_refuses_an_incident_loudly_and_takes_it_when_there_is_room(tiny_disk: Path) -> None:
    with open_spool(tiny_disk) as spool:
        entry = spool.create(incident(1))
        filler = tiny_disk / "filler"
        fill(filler)
        made = incident(2)
        with pytest.raises(SpoolError, match="No space left"):
            spool.create(made)
        with pytest.raises(SpoolError, match="No space left"):
            for _ in range(100):
                entry.append(Facts(ended(entry.state.incident, 20)))
        before = entry.state
        filler.unlink()
        spool.create(made)
        entry.append(Sealed())
        assert entry.state == before.after(Sealed())
    with open_spool(tiny_disk) as spool:
        found = {entry.id: entry.state for entry in spool.entries()}
        assert found[made.id].incident.state is IncidentState.INTERRUPTED
        assert found[entry.id] == before.after(Sealed())


def test_a_snapshot_is_the_state(tmp_path: Path) -> None:
    state = spool_state.EntryState(incident()).after(GapFound(Gap(at(0), at(1), GapReason.CRASH)))
    assert spool_state.fold([spool_state.decode(spool_state.encode(Snapshot(state)))]) == state


def test_a_listener_is_woken_by_every_change(tmp_path: Path) -> None:
    with open_spool(tmp_path) as spool:
        woken = spool.subscribe()
        entry = spool.create(incident())
        assert woken.is_set()
        woken.clear()
        entry.append(Facts(ended(entry.state.incident, 12 + timedelta(0).seconds)))
        assert woken.is_set()
