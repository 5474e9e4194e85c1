"""What is on the disk is only what was synced: all else is taken away, as a power cut at the worst moment does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from camsvc.domain.incident import IncidentState
from tests.worker.rig import Rig, pictures, times_of
from tests.worker.spooling import at, scene


class Disk:
    """Knows how much of each file, and which names, have reached the disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._files: dict[int, int] = {}
        self._names: dict[int, set[str]] = {}
        monkeypatch.setattr(os, "fsync", self._watching(os.fsync))
        monkeypatch.setattr(os, "fdatasync", self._watching(os.fdatasync))

    def lose_power(self, root: Path) -> None:
        for path in sorted(root.rglob("*"), reverse=True):
            if not path.exists():
                continue  # its folder went before it
            kept = self._names.get(path.parent.stat().st_ino, set())
            if path.is_file() and path.name not in kept:
                path.unlink()
            elif path.is_dir() and path.parent.name == "incidents" and path.name not in kept:
                for file in path.iterdir():
                    file.unlink()
                path.rmdir()
            elif path.is_file():
                os.truncate(path, min(path.stat().st_size, self._files.get(path.stat().st_ino, 0)))

    def _watching(self, sync: Callable[[int], None]) -> Callable[[int], None]:
        def watched(file: int) -> None:
            sync(file)
            status = os.fstat(file)
            folder = Path(f"/proc/self/fd/{file}")
            if folder.is_dir():
                self._names[status.st_ino] = {path.name for path in folder.iterdir()}
            else:
                self._files[status.st_ino] = status.st_size

        return watched


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def cut(rig: Rig, disk: Disk) -> None:
    rig.spool.close()
    disk.lose_power(rig.root)
    rig.start()
    while rig.finaliser.turn():
        pass
    assert rig.finaliser.failures == 0


@pytest.mark.parametrize("after_s", [0.1, 0.5, 1.0, 2.0, 3.3, 5.0, 6.9, 8.0])
def test_an_open_incident_loses_two_seconds_of_its_end_at_most(tmp_path: Path, disk: Disk, after_s: float) -> None:
    rig = Rig(tmp_path / "spool", part_max_s=3)
    rig.connect()
    rig.play(10)
    key = rig.open(9.5)
    for tenth in range(100, 100 + round(after_s * 10)):
        rig.play(tenth / 10 + 0.1)
        rig.recorder.scene(scene(tenth / 10), None)
        rig.update(key, tenth / 10)
    last_s = rig.now_s - 0.1
    cut(rig, disk)
    incident = rig.state.incident
    assert str(incident.id) == key
    assert incident.state is IncidentState.INTERRUPTED
    assert incident.ended_at is not None
    assert at(max(9.5, last_s - 2.1)) <= incident.ended_at <= at(last_s)
    shown = [pts for part in rig.state.parts for pts in times_of(rig.entry, part)]
    assert shown == pictures(rig, at(6), at(6 + len(shown) / 10))
    if after_s >= 2.0:
        assert rig.state.parts[-1].ended_at >= at(last_s - 2.1)
    assert rig.state.completed
    rig.spool.close()


def test_what_has_ended_keeps_its_end(tmp_path: Path, disk: Disk) -> None:
    rig = Rig(tmp_path / "spool")
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.play(12)
    rig.close(key, 11.9)
    cut(rig, disk)
    incident = rig.state.incident
    assert (incident.state, incident.ended_at) == (IncidentState.CLOSED, at(11.9))
    rig.spool.close()


def test_what_is_finished_is_whole(tmp_path: Path, disk: Disk) -> None:
    rig = Rig(tmp_path / "spool", part_max_s=3)
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.play(14)
    rig.close(key, 13)
    rig.play(17)
    rig.settle()
    before = rig.state
    cut(rig, disk)
    assert rig.state == before
    shown = [pts for part in before.parts for pts in times_of(rig.entry, part)]
    assert shown == pictures(rig, at(6), at(15.1))
    assert rig.entry.tracks_file.stat().st_size > 100
    assert rig.entry.thumbnail_file.read_bytes().endswith(b"\xff\xd9")
    rig.spool.close()
