from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camsvc.domain.track import Box, Detection, Moment, ObjectClass, Scene, TrackedObject
from camsvc.vision.tracker import LOST_S, STILL_LOST_S, Tracker

START = datetime(2026, 1, 1, tzinfo=UTC)


def moment(at_s: float, session: str = "s") -> Moment:
    return Moment(session, round(at_s * 90_000), START + timedelta(seconds=at_s))


def seen(
    left: float,
    *,
    top: float = 0.3,
    width: float = 0.05,
    height: float = 0.3,
    confidence: float = 0.8,
    kind: ObjectClass = ObjectClass.PERSON,
) -> Detection:
    return Detection(Box(left, top, width, height), kind, confidence)


def run(tracker: Tracker, steps: Iterable[tuple[float, list[Detection]]]) -> list[Scene]:
    return [tracker.update(moment(at_s), detections) for at_s, detections in steps]


def times(begin_s: float, end_s: float, fps: float) -> Iterator[float]:
    for index in itertools.count():
        at_s = begin_s + index / fps
        if at_s > end_s:
            return
        yield at_s


def numbers(scenes: Iterable[Scene]) -> list[int]:
    """Every track that was ever observed, in order of appearance."""
    found: dict[int, None] = {}
    for scene in scenes:
        found |= dict.fromkeys(each.track for each in scene.objects if each.observed)
    return list(found)


def only(scene: Scene) -> TrackedObject:
    (each,) = scene.objects
    return each


@pytest.mark.parametrize("fps", [1, 2, 5, 12.5, 30])
def test_a_walker_is_one_track_at_any_frame_rate(fps: float) -> None:
    scenes = run(Tracker(), ((t, [seen(0.1 + 0.04 * t)]) for t in times(0, 12, fps)))
    assert numbers(scenes) == [1]
    assert only(scenes[-1]).box.left == pytest.approx(0.1 + 0.04 * 12, abs=0.02)


def test_a_walker_is_one_track_at_a_frame_rate_that_changes_all_the_time() -> None:
    random = np.random.default_rng(1)
    at_s, steps = 0.0, []
    while at_s < 20:
        steps.append((at_s, [seen(0.05 + 0.03 * at_s)]))
        at_s += float(random.choice([1 / 30, 0.1, 0.2, 0.5, 1.0]))
    assert numbers(run(Tracker(), steps)) == [1]


def test_a_fast_car_at_two_frames_a_second_is_one_track_though_its_boxes_never_overlap() -> None:
    car = [(t, [seen(0.02 + 0.3 * t, width=0.12, height=0.1, kind=ObjectClass.CAR)]) for t in times(0, 2.5, 2)]
    assert car[1][1][0].box.left > car[0][1][0].box.right
    assert numbers(run(Tracker(), car)) == [1]


def test_two_that_cross_keep_their_numbers() -> None:
    steps = [
        (
            t,
            [seen(0.1 + 0.06 * t), seen(0.8 - 0.06 * t, top=0.34)]
            if abs(0.7 - 0.12 * t) > 0.03
            else [seen(0.1 + 0.06 * t)],
        )
        for t in times(0, 11, 5)
    ]
    scenes = run(Tracker(), steps)
    assert numbers(scenes) == [1, 2]
    by_number = {each.track: each for each in scenes[-1].objects}
    first = {each.track: each for each in scenes[2].objects}
    right_goer = next(number for number, each in first.items() if each.box.left < 0.5)
    assert by_number[right_goer].box.left > 0.6


def test_one_detection_alone_is_not_a_track() -> None:
    scenes = run(Tracker(), [(0, [seen(0.5)]), (0.2, []), (0.4, []), (0.6, []), (2, [seen(0.5)]), (2.2, [])])
    assert numbers(scenes) == []
    assert all(scene.objects == () for scene in scenes)


def test_nobody_new_is_believed_below_the_cameras_confidence_but_a_known_one_is_followed() -> None:
    weak = Tracker(min_confidence=0.6)
    assert numbers(run(weak, ((t, [seen(0.5, confidence=0.5)]) for t in times(0, 5, 5)))) == []
    known = Tracker(min_confidence=0.6)
    steps = [(t, [seen(0.5, confidence=0.9 if t < 1 else 0.15)]) for t in times(0, 5, 5)]
    scenes = run(known, steps)
    assert numbers(scenes) == [1]
    assert only(scenes[-1]).observed


def test_a_short_occlusion_is_bridged_by_prediction() -> None:
    steps = [(t, [] if 3.0 < t < 4.4 else [seen(0.1 + 0.05 * t)]) for t in times(0, 8, 5)]
    scenes = run(Tracker(), steps)
    assert numbers(scenes) == [1]
    hidden = next(scene for (t, found), scene in zip(steps, scenes, strict=True) if not found and t > 3)
    assert not only(hidden).observed
    assert only(hidden).box.left == pytest.approx(0.1 + 0.05 * 3.2, abs=0.02)


def test_who_comes_back_after_a_long_absence_is_somebody_new() -> None:
    steps = [(t, [] if 3.0 < t < 3.0 + LOST_S + 1.5 else [seen(0.4)]) for t in times(0, 9, 5)]
    # Moving, so that it is not taken for something parked.
    steps = [(t, [seen(0.1 + 0.05 * t)] if found else []) for t, found in steps]
    scenes = run(Tracker(), steps)
    assert numbers(scenes) == [1, 2]
    assert scenes[[t for t, _ in steps].index(5.0)].objects == ()


def test_a_parked_car_that_the_detector_finds_only_now_and_then_stays_one_track_and_in_the_scene() -> None:
    random = np.random.default_rng(2)
    steps = []
    for t in times(0, 60, 5):
        confidence = 0.8 if t < 5 else float(random.uniform(0.05, 0.55))
        shaking = float(random.normal(0, 0.002))
        car = seen(0.4 + shaking, width=0.1, height=0.08, confidence=confidence, kind=ObjectClass.CAR)
        steps.append((t, [car] if confidence > 0.25 else []))
    scenes = run(Tracker(), steps)
    assert numbers(scenes) == [1]
    assert all(len(scene.objects) == 1 for scene in scenes[1:]), "it does not flicker"


def test_a_parked_car_hidden_by_a_bus_is_the_same_car_afterwards() -> None:
    car = seen(0.45, width=0.1, height=0.08, kind=ObjectClass.CAR)
    steps = [(t, [] if 10 < t < 10 + STILL_LOST_S - 2 else [car]) for t in times(0, 30, 5)]
    assert numbers(run(Tracker(), steps)) == [1]


def test_a_gap_in_the_analysis_is_not_an_absence() -> None:
    """The gate slept for a minute: nobody looked, so nobody was missed."""
    tracker = Tracker()
    run(tracker, ((t, [seen(0.4)]) for t in times(0, 10, 5)))
    assert only(tracker.update(moment(70), [seen(0.4)])).track == 1
    assert only(tracker.update(moment(140), [seen(0.4)])).track == 1


def test_the_class_is_by_vote_and_does_not_flicker() -> None:
    kinds = [ObjectClass.TRUCK, ObjectClass.CAR, ObjectClass.CAR, ObjectClass.CAR, ObjectClass.TRUCK, ObjectClass.CAR]
    scenes = run(
        Tracker(), ((i / 5, [seen(0.4, width=0.1, kind=kind)]) for i, kind in enumerate([*kinds, ObjectClass.BUS]))
    )
    assert numbers(scenes) == [1]
    assert only(scenes[-1]).object_class is ObjectClass.CAR


def test_a_van_that_is_both_car_and_truck_is_one_object() -> None:
    both = [
        seen(0.4, width=0.1, confidence=0.6, kind=ObjectClass.CAR),
        seen(0.402, width=0.1, confidence=0.5, kind=ObjectClass.TRUCK),
    ]
    scenes = run(Tracker(), ((t, both) for t in times(0, 3, 5)))
    assert [len(scene.objects) for scene in scenes[1:]] == [1] * (len(scenes) - 1)
    assert only(scenes[-1]).object_class is ObjectClass.CAR


def test_a_rider_and_the_motorcycle_are_two_objects() -> None:
    pair = [
        seen(0.4, width=0.1, height=0.3, kind=ObjectClass.PERSON),
        seen(0.4, width=0.1, height=0.3, kind=ObjectClass.MOTORCYCLE),
    ]
    scenes = run(Tracker(), ((t, pair) for t in times(0, 3, 5)))
    assert {each.object_class for each in scenes[-1].objects} == {"person", "motorcycle"}


def test_classes_that_the_camera_does_not_ask_for_are_ignored() -> None:
    tracker = Tracker(classes=[ObjectClass.CAR])
    assert numbers(run(tracker, ((t, [seen(0.4)]) for t in times(0, 3, 5)))) == []


def test_interleaved_cameras_and_a_restart_never_share_numbers() -> None:
    """Facts: ultralytics' tracker counts on the class, and a reset zeroes all cameras."""
    left, right = Tracker(), Tracker()
    for t in times(0, 3, 5):
        left.update(moment(t, "left"), [seen(0.2), seen(0.6)])
        right.update(moment(t, "right"), [seen(0.5)])
    right = Tracker()
    for t in times(3.2, 6, 5):
        in_left = left.update(moment(t, "left"), [seen(0.2), seen(0.6)])
        in_right = right.update(moment(t, "right-2"), [seen(0.5), seen(0.8)])
    assert [each.track for each in in_left.objects] == [1, 2]
    assert [each.track for each in in_right.objects] == [1, 2]


def test_another_session_and_the_past_are_refused() -> None:
    tracker = Tracker()
    tracker.update(moment(5), [])
    with pytest.raises(ValueError, match="given a frame of other"):
        tracker.update(moment(6, "other"), [])
    with pytest.raises(ValueError, match=r"4\.000 s came after"):
        tracker.update(moment(4), [])


def test_the_same_moment_twice_changes_nothing() -> None:
    tracker = Tracker()
    run(tracker, ((t, [seen(0.4)]) for t in times(0, 2, 5)))
    once = tracker.update(moment(2.2), [seen(0.4)])
    assert numbers([once, tracker.update(moment(2.2), [seen(0.4)])]) == [1]


def test_it_is_unsettled_while_somebody_may_have_come_or_gone() -> None:
    tracker = Tracker()
    said = []
    for t, found in [(0, []), (0.2, [seen(0.4)]), (0.4, [seen(0.4)]), (0.6, []), (4, []), (4.2, []), (4.4, [])]:
        tracker.update(moment(t), found)
        said.append(tracker.unsettled)
    assert said == [False, True, False, True, False, False, False]


def test_it_is_settled_about_a_parked_car_that_was_not_found_this_time() -> None:
    tracker = Tracker()
    run(tracker, ((t, [seen(0.4)]) for t in times(0, 6, 5)))
    tracker.update(moment(6.2), [])
    assert not tracker.unsettled


detections = st.builds(
    Detection,
    st.builds(Box, st.floats(0, 0.99), st.floats(0, 0.99), st.floats(1e-6, 1), st.floats(1e-6, 1)),
    st.sampled_from(ObjectClass),
    st.floats(0.1, 1),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 30), st.lists(detections, max_size=12)), max_size=25))
def test_whatever_comes_boxes_stay_in_the_picture_and_numbers_are_unique(
    steps: list[tuple[float, list[Detection]]],
) -> None:
    tracker, at_s, highest = Tracker(), 0.0, 0
    for pause_s, found in steps:
        at_s += pause_s
        scene = tracker.update(moment(at_s), found)
        own = [each.track for each in scene.objects]
        assert own == sorted(set(own))
        highest = max([highest, *own])
        for each in scene.objects:
            assert each.box.left >= 0
            assert each.box.top >= 0
            assert each.box.right <= 1 + 1e-9
            assert each.box.bottom <= 1 + 1e-9
    assert highest <= sum(len(found) for _, found in steps)
