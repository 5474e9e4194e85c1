from __future__ import annotations

from pathlib import Path

import pytest

from camsvc.domain.incident import Gap, GapReason
from camsvc.worker import spool_coverage
from camsvc.worker.spool_coverage import Coverage
from tests.worker.spooling import at


def gap(from_s: float, to_s: float, reason: GapReason = GapReason.DETECTOR) -> Gap:
    return Gap(at(from_s), at(to_s), reason)


def coverage(folder: Path) -> Coverage:
    return Coverage(folder, lambda: None)


def spans(of: Coverage) -> list[tuple[str, str, Gap]]:
    return [(item.camera, item.what, item.gap) for item in of.take(100)]


def test_gaps_survive_the_process_until_they_are_in_the_database(tmp_path: Path) -> None:
    first = coverage(tmp_path)
    first.record("a", "analysis", gap(0, 1))
    first.record("b", "footage", gap(0, 1, GapReason.DISK_FULL))
    first.flush()
    second = coverage(tmp_path)
    assert spans(second) == [("a", "analysis", gap(0, 1)), ("b", "footage", gap(0, 1, GapReason.DISK_FULL))]
    assert len(coverage(tmp_path)) == 2  # taken, but not yet done
    second.done()
    second.flush()
    assert len(coverage(tmp_path)) == 0


def test_neighbours_of_one_camera_and_reason_become_one_gap(tmp_path: Path) -> None:
    gaps = coverage(tmp_path)
    for second in range(100):
        gaps.record("a", "analysis", gap(second, second + 0.5))
        gaps.record("b", "analysis", gap(second, second + 0.5))
    gaps.record("a", "analysis", gap(200, 201))
    gaps.flush()
    expected = [("a", gap(0, 99.5)), ("b", gap(0, 99.5)), ("a", gap(200, 201))]
    assert [(camera, found) for camera, _, found in spans(gaps)] == expected
    assert [(camera, found) for camera, _, found in spans(coverage(tmp_path))] == expected


def test_a_gap_told_while_others_are_being_sent_is_sent_next(tmp_path: Path) -> None:
    gaps = coverage(tmp_path)
    gaps.record("a", "analysis", gap(0, 1))
    taken = gaps.take(100)
    gaps.record("a", "analysis", gap(1, 2))
    assert gaps.take(100) == taken  # the same until it is done
    gaps.done()
    assert spans(gaps) == [("a", "analysis", gap(1, 2))]


def test_without_room_gaps_grow_coarser_but_never_vanish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_coverage, "PENDING_MAX", 10)
    gaps = coverage(tmp_path)
    for number in range(50):
        gaps.record("a", "analysis", gap(number * 100, number * 100 + 1))
    kept = [found for _, _, found in spans(gaps)]
    assert len(kept) == 10
    assert kept[-1] == gap(900, 4901)


def test_a_disk_that_refuses_keeps_nobody_waiting_and_gets_all_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from camsvc.errors import SpoolError

    folder = tmp_path / "coverage"
    gaps = coverage(folder)  # not there: every write is refused
    monkeypatch.setattr(spool_coverage, "UNWRITTEN_MAX", 5)
    for number in range(20):
        gaps.record("a", "analysis", gap(number * 100, number * 100 + 1))
    with pytest.raises(SpoolError, match="cannot be written"):
        gaps.flush()
    folder.mkdir()
    gaps.flush()
    assert len(coverage(folder)) == 20


def test_gaps_of_a_lost_worker_are_taken_over_once(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    theirs = coverage(tmp_path / "theirs")
    theirs.record("a", "analysis", gap(0, 1))
    theirs.flush()
    ours = coverage(tmp_path / "ours")
    ours.take_from(tmp_path / "theirs")
    ours.take_from(tmp_path / "theirs")
    assert len(ours) == len(coverage(tmp_path / "ours")) == 1
    assert len(coverage(tmp_path / "theirs")) == 0
