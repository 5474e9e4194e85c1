"""When a presence incident opens, goes on and ends."""

from __future__ import annotations

from uuid import UUID

import pytest

from camsvc.domain.camera import Polygon
from camsvc.domain.track import ObjectClass, TrackedObject
from camsvc.rules.events import Closed, Opened, Updated
from camsvc.rules.presence import MAX_OBJECTS, Presence
from camsvc.rules.rule import PATIENCE_S
from camsvc.rules.things import STANDING_PERSON_S, STANDING_VEHICLE_S
from tests.rules.scenes import Actor, closed, moment, opened, play, scene, seconds, thing

CAR = ObjectClass.CAR
LEFT_HALF: Polygon = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def presence(
    *,
    classes: tuple[ObjectClass, ...] = tuple(ObjectClass),
    polygon: Polygon | None = None,
    after_s: float = 0.6,
    close_after_s: float = 3.0,
) -> Presence:
    zone = None if polygon is None else "zone"
    return Presence(classes=classes, zone=zone, polygon=polygon, after_s=after_s, close_after_s=close_after_s)


def walker(track: int, start_s: float, end_s: float, *, kind: ObjectClass = ObjectClass.PERSON) -> Actor:
    """Crosses the picture from left to right between two seconds."""

    def seen(at_s: float) -> TrackedObject | None:
        if not start_s <= at_s < end_s:
            return None
        return thing(track, 0.1 + 0.8 * (at_s - start_s) / (end_s - start_s), kind=kind)

    return seen


def stander(
    track: int, start_s: float, end_s: float, x: float = 0.7, *, kind: ObjectClass = ObjectClass.PERSON
) -> Actor:
    return lambda at_s: thing(track, x, kind=kind) if start_s <= at_s < end_s else None


def test_a_visit_is_one_incident_from_first_to_last_sighting() -> None:
    events = play(presence(), 0, 20, walker(1, 2, 8))
    assert opened(events) == [2.0]
    assert closed(events) == [(7.8, "closed")]
    assert len({event.key for event in events}) == 1
    assert isinstance(events[0], Opened)
    assert isinstance(events[1], Updated)
    assert UUID(events[0].key).version == 7


def test_it_opens_only_after_the_asked_time() -> None:
    assert opened(play(presence(after_s=5), 0, 20, walker(1, 2, 6))) == []
    events = play(presence(after_s=5), 0, 6.9, stander(1, 1, 30))
    assert opened(events) == [1.0]
    assert opened(play(presence(after_s=5), 0, 5.9, stander(1, 1, 30))) == []


def test_a_flickering_object_is_one_incident() -> None:
    def flicker(at_s: float) -> TrackedObject | None:
        return thing(1 + int(at_s // 3), 0.3) if at_s % 3 < 1.4 else None

    events = play(presence(), 0, 30, flicker)
    assert len(opened(events)) == 1
    assert closed(events) == []


def test_visits_apart_by_more_than_the_closing_time_are_two_incidents() -> None:
    events = play(presence(), 0, 30, walker(1, 1, 6), walker(2, 10, 15))
    assert opened(events) == [1.0, 10.0]
    assert closed(events) == [(5.8, "closed"), (14.8, "closed")]


def test_who_joins_meanwhile_takes_part_in_the_same_incident() -> None:
    events = play(presence(), 0, 20, walker(1, 1, 6), walker(2, 5, 9, kind=CAR))
    assert opened(events) == [1.0]
    last = events[-1]
    assert isinstance(last, Closed)
    assert {(each.track, each.object_class) for each in last.objects} == {(1, ObjectClass.PERSON), (2, CAR)}


def test_an_object_is_reported_with_its_best_confidence() -> None:
    rule = presence(after_s=0)
    rule.observe(scene(0, thing(1, 0.3, confidence=0.5)))
    rule.observe(scene(0.2, thing(1, 0.3, confidence=0.9)))
    rule.observe(scene(0.4, thing(1, 0.3, confidence=0.6)))
    (event,) = rule.interrupt(moment(0.6))
    assert isinstance(event, Closed)
    assert [each.confidence for each in event.objects] == [0.9]


def test_classes_that_are_not_allowed_do_not_count() -> None:
    assert opened(play(presence(classes=(CAR,)), 0, 10, walker(1, 1, 6))) == []


def test_the_foot_point_decides_about_the_zone() -> None:
    events = play(presence(polygon=LEFT_HALF), 0, 20, walker(1, 2, 10))
    assert opened(events) == [2.0]
    assert closed(events) == [(6.0, "closed")]  # its foot passes the middle of the picture
    head_inside_foot_outside: Polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.45), (0.0, 0.45))
    assert opened(play(presence(polygon=head_inside_foot_outside), 0, 20, walker(1, 2, 10))) == []


def test_a_predicted_position_is_no_sighting() -> None:
    rule = presence(after_s=0)
    play(rule, 0, 2, stander(1, 0, 2))
    events = play(rule, 2, 6, lambda _: thing(1, 0.7, observed=False))
    assert closed(events) == [(1.8, "closed")]


def test_a_car_that_was_there_all_along_opens_nothing() -> None:
    assert opened(play(presence(), 0, 120, stander(1, 0, 120, kind=CAR))) == []


def test_a_static_false_vehicle_that_flickers_opens_nothing() -> None:
    def ghost(at_s: float) -> TrackedObject | None:
        shake = 0.004 * (int(at_s * 5) % 3 - 1)
        return thing(1 + int(at_s // 7), 0.6 + shake, kind=CAR) if at_s % 7 < 2 else None

    assert opened(play(presence(), 0, 200, ghost)) == []


def test_a_parked_car_does_not_keep_an_incident_open_and_its_return_to_motion_opens_one() -> None:
    def parks_at_ten_and_leaves_at_hundred(at_s: float) -> TrackedObject | None:
        x = 0.1 + 0.04 * min(at_s, 10.0) + 0.08 * max(0.0, at_s - 100.0)
        return thing(1, x, kind=CAR) if x < 0.95 else None

    events = play(presence(), 0, 130, parks_at_ten_and_leaves_at_hundred)
    starts, ends = opened(events), [end for end, _ in closed(events)]
    assert starts[0] == 0.0
    assert 10 + STANDING_VEHICLE_S - 2 <= ends[0] <= 10 + STANDING_VEHICLE_S + 2
    assert 99 <= starts[1] <= 101.5
    assert ends[1] == pytest.approx(105.6, abs=0.5)
    assert len(starts) == 2


def test_a_car_that_waits_at_a_red_light_stays_in_its_incident() -> None:
    def waits(at_s: float) -> TrackedObject | None:
        x = 0.1 + 0.1 * min(at_s, 3.0) + 0.1 * max(0.0, at_s - 25.0)
        return thing(1, x, kind=CAR) if x < 0.95 else None

    events = play(presence(), 0, 60, waits)
    assert opened(events) == [0.0]
    assert len(closed(events)) == 1


def test_a_person_who_stands_still_is_kept_and_a_poster_is_dropped_for_good() -> None:
    events = play(presence(), 0, 120, stander(1, 0, 120))
    assert closed(events) == []

    def poster(at_s: float) -> TrackedObject | None:
        return thing(1 + int(at_s // 20), 0.4) if at_s % 20 < 19 else None

    events = play(presence(), 0, 3 * STANDING_PERSON_S, poster)
    assert opened(events) == [0.0]
    ((end, state),) = closed(events)
    assert state == "closed"
    assert end == pytest.approx(STANDING_PERSON_S, rel=0.15)


def test_still_time_counts_for_what_is_in_view_and_for_nobody_else() -> None:
    rule = presence()
    play(rule, 0, 4, stander(1, 0, 4))
    assert rule.idle(moment(20)) == []
    events = play(rule, 21, 30)
    assert closed(events) == [(3.8, "closed")]

    rule = presence()
    play(rule, 0, 6, stander(1, 0, 4))
    assert closed(rule.idle(moment(8))) == [(3.8, "closed")]


def test_time_that_was_not_analysed_closes_nothing_within_patience() -> None:
    rule = presence()
    play(rule, 0, 4, walker(1, 0, 20))
    assert rule.unseen(moment(4 + PATIENCE_S / 2)) == []
    events = play(rule, 20, 30, walker(7, 20, 22))
    assert opened(events) == []
    assert closed(events) == [(21.8, "closed")]


def test_longer_than_patience_it_ends_as_interrupted_where_it_was_last_observed() -> None:
    rule = presence()
    play(rule, 0, 4, walker(1, 0, 20))
    assert closed(rule.unseen(moment(5 + PATIENCE_S))) == [(3.8, "interrupted")]


def test_losing_the_analysis_for_good_interrupts_once() -> None:
    rule = presence()
    play(rule, 0, 4, walker(1, 0, 20))
    assert closed(rule.interrupt(moment(9))) == [(3.8, "interrupted")]
    assert rule.interrupt(moment(10)) == []


def test_a_wall_clock_that_went_back_ends_what_was_open() -> None:
    rule = presence()
    play(rule, 3600, 3604, walker(1, 3600, 3620))
    assert closed(rule.observe(scene(0, thing(1, 0.2), session="s2"))) == [(3603.8, "interrupted")]


def test_an_endless_street_keeps_its_list_of_objects_bounded() -> None:
    rule = presence(after_s=0)
    for index in range(MAX_OBJECTS + 50):
        rule.observe(scene(index * 0.5, thing(index, 0.5, confidence=0.4 + index / 10_000)))
    (event,) = rule.interrupt(moment(10_000))
    assert isinstance(event, Closed)
    assert len(event.objects) == MAX_OBJECTS
    assert min(each.track for each in event.objects) == 50


def test_an_unchanged_cast_is_reported_about_once_a_second() -> None:
    events = play(presence(), 0, 10, stander(1, 0, 10))
    updates = [event for event in events if isinstance(event, Updated)]
    assert 8 <= len(updates) <= 11
    assert seconds(updates[-1].last_observed) >= 8.8
