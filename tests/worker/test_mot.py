"""MOTChallenge text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from camsvc.domain.track import Box, Moment, ObjectClass, Scene, TrackedObject
from camsvc.worker.mot import TrackTable

START = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = [index * 3600 for index in range(100)]


def scene(frame: int, *objects: tuple[int, float], observed: bool = True) -> Scene:
    pts = TIMES[frame - 1]
    return Scene(
        Moment("s", pts, START + timedelta(seconds=pts / 90_000)),
        tuple(TrackedObject(track, Box(x, 0.5, 0.1, 0.2), ObjectClass.CAR, 0.9, observed) for track, x in objects),
    )


def rows(table: TrackTable) -> list[list[float]]:
    return [[float(value) for value in line.split(",")] for line in table.lines(TIMES, 1000, 500)]


def test_boxes_are_pixels_and_frames_count_from_one() -> None:
    table = TrackTable()
    table.add(scene(1, (7, 0.25)))
    assert list(table.lines(TIMES, 1000, 500)) == ["1,7,250.00,250.00,100.00,100.00,0.9000,-1,-1,-1"]


def test_frames_between_two_sightings_are_interpolated() -> None:
    table = TrackTable()
    for frame, x in ((1, 0.1), (6, 0.2)):
        table.add(scene(frame, (1, x)))
    assert [(row[0], row[2]) for row in rows(table)] == [(1, 100), (2, 120), (3, 140), (4, 160), (5, 180), (6, 200)]


def test_a_long_absence_is_not_filled() -> None:
    table = TrackTable()
    table.add(scene(1, (1, 0.1)))
    table.add(scene(90, (1, 0.2)))
    assert [row[0] for row in rows(table)] == [1, 90]


def test_predicted_boxes_are_not_sightings() -> None:
    table = TrackTable()
    table.add(scene(1, (1, 0.1)))
    table.add(scene(2, (1, 0.9), observed=False))
    table.add(scene(3, (1, 0.3)))
    assert [row[2] for row in rows(table)] == [100, 200, 300]


def test_lines_are_in_order_of_frame_then_id() -> None:
    table = TrackTable()
    for frame in (1, 3):
        table.add(scene(frame, (2, 0.1), (1, 0.5)))
    assert [(row[0], row[1]) for row in rows(table)] == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]


def test_a_box_of_an_unsure_sighting_is_not_believed_but_keeps_the_track() -> None:
    table = TrackTable(sure_confidence=0.95)
    for frame, x, confidence in ((1, 0.1, 0.96), (2, 0.9, 0.3), (3, 0.3, 0.97)):
        pts = TIMES[frame - 1]
        each = TrackedObject(1, Box(x, 0.5, 0.1, 0.2), ObjectClass.PERSON, confidence)
        table.add(Scene(Moment("s", pts, START), (each,)))
    assert [row[2] for row in rows(table)] == [100, 200, 300]


def test_a_track_that_was_never_sure_is_told_as_it_was_seen() -> None:
    table = TrackTable(sure_confidence=0.95)
    for frame in (1, 2):
        table.add(scene(frame, (1, frame / 10)))
    assert [row[2] for row in rows(table)] == [100, 200]
