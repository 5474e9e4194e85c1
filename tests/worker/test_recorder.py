from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from camsvc.domain.incident import Gap, GapReason, IncidentState, new_incident_id
from camsvc.errors import SpoolError
from camsvc.media.decode import Frame
from camsvc.worker.recorder_finaliser import Finaliser
from camsvc.worker.spool import Spool
from camsvc.worker.spool_entry import Entry
from tests.worker.rig import CAR, Rig, pictures, times_of
from tests.worker.spooling import (
    CAMERA,
    FPS,
    HEIGHT,
    PERSON,
    WIDTH,
    at,
    fill,
    incident,
    open_spool,
    packets,
    scene,
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path / "spool")
    yield rig
    rig.spool.close()


def frame_at(seconds: float, level: int = 200) -> Frame:
    image = np.full((HEIGHT, WIDTH, 3), level, np.uint8)
    return Frame(0, at(seconds), av.VideoFrame.from_ndarray(image, format="bgr24"))


def test_a_clip_holds_every_picture_from_the_key_frame_before_the_pre_roll_to_the_end_of_the_post_roll(
    rig: Rig,
) -> None:
    rig.connect()
    rig.play(10.5)
    key = rig.open(9.5)
    rig.play(15)
    rig.update(key, 14, PERSON, CAR)
    rig.play(18)
    rig.close(key, 16.2)
    rig.play(25)
    rig.settle()
    incident = rig.state.incident
    assert str(incident.id) == key
    assert (incident.camera, incident.area, incident.location) == (CAMERA.id, CAMERA.area, CAMERA.location)
    assert (incident.kind, incident.zone, incident.epoch, incident.worker) == ("presence", "door", 4, "w1")
    assert incident.model == "test-model"
    assert incident.state is IncidentState.CLOSED
    assert (incident.started_at, incident.ended_at) == (at(9.5), at(16.2))
    assert incident.objects == (PERSON, CAR)
    [part] = rig.state.parts
    assert part.started_at == at(6)  # asked was 6.5; key frames come every second
    assert times_of(rig.entry, part) == pictures(rig, at(6), at(18.3))  # 16.2 + 2, the picture of 18.2 included
    assert part.ended_at == at(18.3)
    assert part.duration_s == pytest.approx(12.3)
    assert (part.clock_error_ms, part.camera_clock_offset_ms) == (12.5, 300.0)
    assert (part.codec, part.width, part.height, part.session) == ("h264", WIDTH, HEIGHT, "s1")
    assert rig.state.gaps == ()
    assert rig.state.completed
    assert not rig.entry.part_log(0).exists()


def test_an_incident_is_on_the_disk_when_it_is_reported(rig: Rig) -> None:
    rig.connect()
    rig.play(5)
    key = rig.open(4)
    assert [str(entry.id) for entry in rig.spool.entries()] == [key]
    rig.close(key, 5)
    assert rig.state.incident.ended_at == at(5)


def test_progress_is_on_the_disk_within_two_seconds(rig: Rig) -> None:
    rig.connect()
    rig.play(5)
    key = rig.open(4)
    for tenth in range(50, 120):
        rig.play(tenth / 10)
        rig.update(key, tenth / 10)
        if tenth >= 71:
            assert rig.state.incident.last_observed_at >= at(tenth / 10 - 2.1)
    assert rig.state.revision < 10  # and not with every scene


def test_a_long_incident_is_cut_at_key_frames_without_losing_or_doubling_a_picture(tmp_path: Path) -> None:
    rig = Rig(tmp_path, part_max_s=4.5)
    rig.connect()
    rig.play(6)
    key = rig.open(5)
    rig.play(20)
    while rig.finaliser.turn():
        pass
    assert len(rig.state.parts) == 3  # finished while it goes on
    assert rig.state.incident.state is IncidentState.OPEN
    rig.close(key, 22)
    rig.play(30)
    rig.settle()
    parts = rig.state.parts
    assert [part.started_at for part in parts] == [at(2), at(7), at(12), at(17), at(22)]
    assert [part.index for part in parts] == [0, 1, 2, 3, 4]
    found = [pts for part in parts for pts in times_of(rig.entry, part)]
    assert found == pictures(rig, at(2), at(24.1))
    assert rig.state.gaps == ()
    for earlier, later in pairwise(parts):
        assert earlier.ended_at == later.started_at
    rig.spool.close()


def test_a_part_is_bounded_in_bytes_as_well(tmp_path: Path) -> None:
    rig = Rig(tmp_path, part_max_bytes=4000)
    rig.connect()
    rig.play(3)
    key = rig.open(2)
    rig.play(30)
    rig.close(key, 29)
    rig.play(35)
    rig.settle()
    assert len(rig.state.parts) > 3
    found = [pts for part in rig.state.parts for pts in times_of(rig.entry, part)]
    assert found == pictures(rig, at(0), at(31.1))
    rig.spool.close()


def test_a_camera_without_key_frames_is_cut_off_with_a_gap_and_not_recorded_without_end(tmp_path: Path) -> None:
    rig = Rig(tmp_path, part_max_s=1)
    rig.connect()
    rig.play(2)
    key = rig.open(1)
    rig.play(3)
    for packet in packets(3.1, 12):
        if not packet.is_key:
            rig.ring.append(packet)
            rig._pass(1 / FPS, True)
    rig.now_s = 12
    rig.play(14)
    rig.close(key, 13)
    rig.play(17)
    rig.settle()
    assert all(part.duration_s <= 4 for part in rig.state.parts)
    [gap] = rig.state.gaps
    assert gap.reason is GapReason.OVERFLOW
    assert gap.ended_at == at(12)
    rig.spool.close()


def test_a_reconnect_in_the_middle_begins_a_new_part_and_leaves_a_gap_with_its_reason(rig: Rig) -> None:
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.play(12)
    rig.disconnect(GapReason.STALL)
    rig.silence(15)
    rig.connect()
    rig.play(20)
    rig.close(key, 18)
    rig.play(25)
    rig.settle()
    first, second = rig.state.parts
    assert (first.session, second.session) == ("s1", "s2")
    assert (first.ended_at, second.started_at) == (at(12), at(15))
    assert rig.state.gaps == (Gap(at(12), at(15), GapReason.STALL),)
    assert times_of(rig.entry, second) == pictures(rig, at(15), at(20.1))
    assert second.start_pts_90k == 0


def test_a_pre_roll_that_reaches_into_the_session_before_shows_both(tmp_path: Path) -> None:
    rig = Rig(tmp_path, pre_roll_s=6)
    rig.connect()
    rig.play(10)
    rig.disconnect(GapReason.JUMP)
    rig.silence(12)
    rig.connect()
    rig.play(15)
    key = rig.open(14)
    rig.close(key, 15)
    rig.play(20)
    rig.settle()
    assert [part.session for part in rig.state.parts] == ["s1", "s2"]
    assert rig.state.parts[0].started_at == at(8)
    assert rig.state.gaps == (Gap(at(10), at(12), GapReason.JUMP),)
    rig.spool.close()


def test_a_camera_that_does_not_come_back_leaves_an_interrupted_incident_at_its_last_observed_moment(rig: Rig) -> None:
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.update(key, 10)
    rig.play(11)
    rig.disconnect()
    rig.silence(41)
    rig.close(key, 10, IncidentState.INTERRUPTED)
    rig.settle()
    incident = rig.state.incident
    assert (incident.state, incident.ended_at) == (IncidentState.INTERRUPTED, at(10))
    [part] = rig.state.parts
    assert part.ended_at == at(11)
    assert rig.state.gaps == (Gap(at(11), at(12), GapReason.RECONNECT),)  # of the post-roll, which was asked


def test_a_recording_thread_that_is_held_up_leaves_a_gap_and_never_delays_the_camera(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ring_s=5)
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.recorder.turn()
    rig.play(30, turns=False)  # the disk hangs
    rig.play(32)
    rig.close(key, 31)
    rig.play(36)
    rig.settle()
    [gap] = rig.state.gaps
    assert gap.reason is GapReason.OVERFLOW
    parts = rig.state.parts
    assert len(parts) == 2
    assert parts[0].ended_at - timedelta(seconds=1) <= gap.started_at <= parts[0].ended_at
    assert parts[1].started_at == gap.ended_at
    found = [pts for part in parts for pts in times_of(rig.entry, part)]
    assert found == pictures(rig, at(6), parts[0].ended_at) + pictures(rig, gap.ended_at, at(33.1))
    assert [item.gap for item in rig.spool.coverage.take(10)] == [gap]
    rig.spool.close()


def test_footage_that_left_the_ring_before_the_incident_was_known_is_a_gap(tmp_path: Path) -> None:
    rig = Rig(tmp_path, ring_s=5)
    rig.connect()
    rig.play(40)
    key = rig.open(10)  # a rule that was sure thirty seconds later
    rig.close(key, 39)
    rig.play(45)
    rig.settle()
    [part] = rig.state.parts
    assert rig.state.gaps == (Gap(at(10), part.started_at, GapReason.OVERFLOW),)
    rig.spool.close()


def test_over_budget_the_incident_is_recorded_with_a_gap_and_footage_comes_back_with_the_room(tmp_path: Path) -> None:
    rig = Rig(tmp_path, max_bytes=200_000)
    rig.connect()
    ballast = rig.spool.create(incident(1))
    rig.play(10)
    key = rig.open(9)
    rig.play(12)
    ballast.part_file(0).write_bytes(bytes(300_000))
    ballast.measure()
    rig.play(16)
    assert rig.spool.stats().refused
    assert rig.spool.stats().entries == 2
    ballast.part_file(0).unlink()
    ballast.measure()
    rig.play(20)
    rig.close(key, 19)
    rig.play(25)
    rig.spool.remove(ballast)
    rig.settle()
    first, second = rig.state.parts
    [gap] = rig.state.gaps
    assert gap.reason is GapReason.DISK_FULL
    assert (gap.started_at, gap.ended_at) == (first.ended_at, second.started_at)
    assert timedelta(seconds=3) < gap.ended_at - gap.started_at < timedelta(seconds=6)
    assert [item.gap for item in rig.spool.coverage.take(10)] == [gap]
    rig.spool.close()


def test_a_disk_that_is_really_full_costs_footage_but_no_incident_and_nothing_that_it_held(tiny_disk: Path) -> None:
    rig = Rig(tiny_disk / "spool")
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.play(14)
    filler = tiny_disk / "filler"
    fill(filler)
    rig.play(20)
    filler.unlink()
    rig.play(26)
    rig.close(key, 25)
    rig.play(30)
    rig.settle()
    assert str(rig.entry.id) == key
    assert rig.state.incident.ended_at == at(25)
    assert {gap.reason for gap in rig.state.gaps} == {GapReason.DISK_FULL}
    assert rig.state.parts[0].started_at == at(6)
    assert rig.state.parts[-1].ended_at == at(27.1)
    shown = [pts for part in rig.state.parts for pts in times_of(rig.entry, part)]
    assert shown == sorted(set(shown))
    for number in pictures(rig, at(6), at(27.1)):
        moment_at = at(number / 90_000)
        missing = any(gap.started_at <= moment_at < gap.ended_at for gap in rig.state.gaps)
        assert (number in shown) != missing
    rig.spool.close()


def test_without_any_room_the_incident_is_kept_with_a_gap_and_no_clip(tmp_path: Path) -> None:
    rig = Rig(tmp_path, max_bytes=100_000)
    rig.connect()
    ballast = rig.spool.create(incident(1))
    ballast.part_file(0).write_bytes(bytes(300_000))
    ballast.measure()
    rig.play(10)
    key = rig.open(9)
    rig.play(12)
    rig.close(key, 11)
    rig.play(16)
    rig.spool.remove(ballast)
    rig.settle()
    assert rig.state.incident.state is IncidentState.CLOSED
    assert rig.state.parts == ()
    assert rig.state.gaps == (Gap(at(9), at(13), GapReason.DISK_FULL),)
    assert rig.state.row().clip is None
    assert [item.gap for item in rig.spool.coverage.take(10)] == [rig.state.gaps[0]]
    rig.spool.close()


def test_incidents_that_the_disk_refuses_are_kept_in_memory_and_written_when_it_takes_them(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.connect()
    rig.play(10)
    with monkeypatch.context() as patch:
        patch.setattr(Spool, "create", _refuse)
        key = rig.open(9)
        rig.play(14)
        rig.close(key, 13)
        assert rig.spool.entries() == ()
        assert rig.recorder.stats.unsaved == 1
    rig.play(20)
    rig.settle()
    assert rig.state.incident.state is IncidentState.CLOSED
    assert rig.recorder.stats.unsaved == 0
    [part] = rig.state.parts
    assert times_of(rig.entry, part) == pictures(rig, at(6), at(15.1))  # the ring still had it


def test_two_incidents_at_once_have_a_clip_each(rig: Rig) -> None:
    rig.connect()
    rig.play(10)
    first = rig.open(9)
    rig.play(12)
    second = rig.open(11)
    rig.close(first, 12)
    rig.play(16)
    rig.close(second, 15)
    rig.play(20)
    rig.settle()
    clips = {str(entry.id): entry.state.parts[0] for entry in rig.spool.entries()}
    assert (clips[first].started_at, clips[first].ended_at) == (at(6), at(14.1))
    assert (clips[second].started_at, clips[second].ended_at) == (at(8), at(17.1))


def test_a_wall_clock_that_is_set_does_not_stretch_or_cut_the_post_roll(rig: Rig) -> None:
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.play(11)
    rig.close(key, 10.5)
    rig.clock.step_wall(3600)
    rig.play(16)
    rig.settle()
    [part] = rig.state.parts
    assert part.ended_at == at(12.6)
    assert rig.state.gaps == ()


def test_closing_the_recorder_ends_what_is_open_as_interrupted_with_the_footage_so_far(rig: Rig) -> None:
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.update(key, 10)
    rig.play(13)
    rig.recorder.close()
    rig.recorder.close()
    while rig.finaliser.turn():
        pass
    incident = rig.state.incident
    assert (incident.state, incident.ended_at) == (IncidentState.INTERRUPTED, at(10))
    [part] = rig.state.parts
    assert times_of(rig.entry, part) == pictures(rig, at(6), part.ended_at)
    assert part.ended_at >= at(12.1)
    assert rig.state.completed
    rig.open(13)
    assert len(rig.spool.entries()) == 1  # nothing begins any more


def test_after_a_crash_the_clip_holds_what_was_written_and_the_end_is_not_invented(rig: Rig) -> None:
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.play(14)
    rig.update(key, 13)
    rig.play(17)
    rig.update(key, 16.9)
    rig.spool.close()  # the process is gone: nothing else is told
    rig.start()
    while rig.finaliser.turn():
        pass
    incident = rig.state.incident
    assert incident.state is IncidentState.INTERRUPTED
    assert incident.ended_at == at(13)
    [part] = rig.state.parts
    assert times_of(rig.entry, part) == pictures(rig, at(6), part.ended_at)
    assert part.ended_at >= at(16.5)
    assert (part.clock_error_ms, part.camera_clock_offset_ms) == (12.5, 300.0)
    assert rig.state.completed


def test_a_torn_packet_log_gives_the_clip_up_to_the_tear(rig: Rig) -> None:
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.update(key, 12)
    rig.play(13)
    entry = rig.entry
    rig.spool.close()
    torn = entry.part_log(0)
    torn.write_bytes(torn.read_bytes()[:-7])
    rig.start()
    while rig.finaliser.turn():
        pass
    [part] = rig.state.parts
    found = times_of(rig.entry, part)
    assert found == pictures(rig, at(6), part.ended_at)
    assert len(found) > 50
    if part.ended_at < at(12):
        assert rig.state.gaps[-1].reason is GapReason.CRASH


@pytest.mark.parametrize("size_bytes", [0, 10, 40])
def test_a_packet_log_cut_off_in_its_head_held_nothing_and_damages_nothing(rig: Rig, size_bytes: int) -> None:
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.update(key, 10)
    rig.play(13)
    entry = rig.entry
    rig.spool.close()
    torn = entry.part_log(0)
    torn.write_bytes(torn.read_bytes()[:size_bytes])
    rig.start()
    while rig.finaliser.turn():
        pass
    assert rig.state.parts == ()
    assert rig.state.damaged == frozenset()
    assert rig.state.gaps == (Gap(at(9), at(10), GapReason.CRASH),)
    assert rig.state.completed


def test_footage_of_which_no_clip_can_be_made_is_kept_and_its_time_is_a_gap(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from camsvc.errors import UnplayableError
    from camsvc.worker import recorder_finaliser

    def refuse(*_: object) -> None:
        raise UnplayableError("no place for this codec")

    monkeypatch.setattr(recorder_finaliser, "write_mp4", refuse)
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.play(12)
    rig.close(key, 11)
    rig.play(15)
    rig.settle()
    assert rig.state.damaged == {0}
    assert rig.state.parts == ()
    assert rig.state.gaps == (Gap(at(6), at(13), GapReason.CORRUPT),)
    assert (rig.entry.folder / "damaged-part-0000.log").exists()
    assert rig.state.completed


def test_a_disk_that_is_full_for_the_finished_file_only_delays_it(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from camsvc.worker import recorder_finaliser

    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.play(12)
    rig.close(key, 11)
    rig.play(15)
    with monkeypatch.context() as patch:
        patch.setattr(recorder_finaliser, "write_mp4", _no_space)
        rig.settle()
        state = rig.state
        assert state.parts == ()
        assert rig.finaliser.failures == 1
        assert not rig.finaliser.turn()  # not again at once
    rig.clock.advance(20)
    rig.settle()
    assert len(rig.state.parts) == 1
    assert rig.state.completed


def test_the_thumbnail_is_soon_there_and_is_the_best_in_the_end(rig: Rig) -> None:
    rig.connect()
    rig.play(10)
    rig.recorder.scene(rig.scene(10), None)
    key = rig.open(9, frame_at(10, 50))
    rig.play(10.5)
    assert rig.state.thumbnail == 1
    small = rig.entry.thumbnail_file.read_bytes()
    rig.recorder.scene(scene(12, size=0.6), frame_at(12, 220))
    rig.recorder.scene(scene(14, size=0.1), frame_at(14, 120))
    rig.close(key, 14)
    rig.play(20)
    rig.settle()
    best = rig.entry.thumbnail_file.read_bytes()
    assert best != small
    with av.open(str(rig.entry.thumbnail_file)) as image:
        assert next(image.decode(video=0)).to_ndarray(format="gray").mean() == pytest.approx(220, abs=4)
    assert rig.state.thumbnail == 2


def test_without_a_picture_from_the_analysis_the_thumbnail_is_the_first_of_the_clip(rig: Rig) -> None:
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.close(key, 10)
    rig.play(15)
    rig.settle()
    assert rig.state.thumbnail == 1
    with av.open(str(rig.entry.thumbnail_file)) as image:
        assert next(image.decode(video=0)).width == WIDTH


def test_the_spool_of_a_lost_worker_is_finished_by_another(rig: Rig, tmp_path: Path) -> None:
    rig.connect()
    rig.play(10)
    key = rig.open(9)
    rig.play(13)
    rig.spool.close()  # it is gone for good
    with open_spool(tmp_path / "spools" / "other", rig.clock) as other:
        finaliser = Finaliser(other, clock=rig.clock, stop=threading.Event(), siblings=tmp_path / "spools")
        finaliser.turn()
        assert other.entries() == ()
        rig.root.rename(tmp_path / "spools" / "lost")
        finaliser.turn()
        assert other.entries() == ()  # it looks once a minute
        rig.clock.advance(61)
        while finaliser.turn():
            pass
        [entry] = other.entries()
        assert str(entry.id) == key
        assert entry.state.completed
        assert len(entry.state.parts) == 1
    rig.root = tmp_path / "spools" / "lost"
    rig.start()


def test_time_not_analysed_is_on_record(rig: Rig) -> None:
    rig.recorder.not_analysed(at(1), at(2), GapReason.DETECTOR)
    [item] = rig.spool.coverage.take(10)
    assert (item.camera, item.what, item.gap) == (CAMERA.id, "analysis", Gap(at(1), at(2), GapReason.DETECTOR))


def test_word_of_an_unknown_incident_changes_nothing(rig: Rig) -> None:
    rig.connect()
    rig.play(5)
    rig.update(str(new_incident_id(at(1))), 4)
    rig.close(str(new_incident_id(at(1))), 4)
    assert rig.spool.entries() == ()


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    def run(root: Path) -> tuple[str, ...]:
        rig = Rig(root, part_max_s=3)
        rig.connect()
        rig.play(10)
        key = rig.open(9)
        rig.play(15)
        rig.close(key, 14)
        rig.play(20)
        rig.settle()
        rig.spool.close()
        return tuple(part.sha256 for part in rig.state.parts)

    assert run(tmp_path / "a") == run(tmp_path / "b")


def _refuse(*_: object) -> Entry:
    raise SpoolError("the disk refuses")


def _no_space(*_: object) -> None:
    raise OSError(28, "No space left on device")
