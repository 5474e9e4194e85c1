from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from camsvc.domain.track import Scene
from camsvc.worker import tracks_file
from camsvc.worker.tracks_file import SceneLog, write_tracks
from tests.worker.spooling import HEIGHT, WIDTH, incident, part, scene

MADE = incident(0)
PARTS = (part(MADE, 0), part(MADE, 1))
"""Ten seconds each, of session s1, from media time 0."""


def written(folder: Path, *scenes: Scene) -> dict[str, Any]:
    log = SceneLog(folder / "scenes")
    for each in scenes:
        log.add(each)
    log.flush()
    return document(folder)


def document(folder: Path) -> dict[str, Any]:
    write_tracks(folder / "tracks.json", MADE, PARTS, folder / "scenes")
    result: dict[str, Any] = json.loads((folder / "tracks.json").read_text())
    return result


def test_boxes_are_keyed_by_media_time_of_the_parts(tmp_path: Path) -> None:
    assert written(tmp_path, scene(1), scene(2), scene(12, track=2)) == {
        "version": 1,
        "camera": MADE.camera,
        "incident": str(MADE.id),
        "model": "test",
        "width": WIDTH,
        "height": HEIGHT,
        "truncated": False,
        "parts": [
            {"index": 0, "session": "s1", "start_pts_90k": 0, "started_at": "2026-01-01T00:00:00.000000Z"},
            {"index": 1, "session": "s1", "start_pts_90k": 900000, "started_at": "2026-01-01T00:00:10.000000Z"},
        ],
        "tracks": [
            {
                "track": 1,
                "session": "s1",
                "class": "person",
                "points": [[90000, 0.1, 0.2, 0.2, 0.2, 0.8], [180000, 0.1, 0.2, 0.2, 0.2, 0.8]],
            },
            {"track": 2, "session": "s1", "class": "person", "points": [[1080000, 0.1, 0.2, 0.2, 0.2, 0.8]]},
        ],
    }


def test_what_was_seen_outside_of_the_clip_is_left_out(tmp_path: Path) -> None:
    found = written(tmp_path, scene(-0.1), scene(0), scene(19.9), scene(20), scene(500))
    assert [point[0] for track in found["tracks"] for point in track["points"]] == [0, 1791000]


def test_what_was_only_predicted_was_not_seen(tmp_path: Path) -> None:
    guessed = scene(3)
    guessed = Scene(guessed.moment, tuple(replace(item, observed=False) for item in guessed.objects))
    found = written(tmp_path, scene(2), guessed, scene(4))
    assert [point[0] for point in found["tracks"][0]["points"]] == [180000, 360000]


def test_boxes_of_the_sub_stream_are_placed_by_wall_time(tmp_path: Path) -> None:
    found = written(tmp_path, scene(12, session="sub", origin_s=5))  # its own media time is 7 s
    [track] = found["tracks"]
    assert (track["session"], track["analysis_session"]) == ("s1", "sub")
    assert track["points"][0][0] == 12 * 90000


def test_the_same_number_in_another_session_is_another_track(tmp_path: Path) -> None:
    found = written(tmp_path, scene(1, session="sub-a"), scene(2, session="sub-b"))
    assert len(found["tracks"]) == 2


def test_without_boxes_or_footage_the_file_says_so(tmp_path: Path) -> None:
    write_tracks(tmp_path / "tracks.json", MADE, (), tmp_path / "scenes")
    found = json.loads((tmp_path / "tracks.json").read_text())
    assert (found["parts"], found["tracks"], found["width"]) == ([], [], None)


def test_a_torn_log_gives_what_came_before(tmp_path: Path) -> None:
    written(tmp_path, *(scene(number / 10) for number in range(50)))
    whole = (tmp_path / "scenes").read_bytes()
    (tmp_path / "scenes").write_bytes(whole[: len(whole) // 2])
    assert 20 <= len(document(tmp_path)["tracks"][0]["points"]) <= 25


def test_a_long_incident_is_thinned_and_then_cut_off_visibly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks_file, "SCENES_MAX_BYTES", 4000)
    log = SceneLog(tmp_path / "scenes")
    for number in range(2000):
        log.add(scene(number / 100))
        log.flush()
    found = document(tmp_path)
    times = [point[0] / 90000 for point in found["tracks"][0]["points"]]
    distances = [later - earlier for earlier, later in pairwise(times)]
    assert distances[0] == pytest.approx(0.01)
    assert distances[-1] == pytest.approx(1)
    assert (tmp_path / "scenes").stat().st_size < 4200
    for number in range(2000, 10000):
        log.add(scene(number / 100))
        log.flush()
    assert (tmp_path / "scenes").stat().st_size < 4200
    assert document(tmp_path)["truncated"] is True


def test_a_disk_that_refuses_costs_nothing_until_the_buffer_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracks_file, "BUFFER_MAX", 10)
    folder = tmp_path / "gone"
    log = SceneLog(folder / "scenes")
    for number in range(13):
        log.add(scene(number))
    with pytest.raises(FileNotFoundError):
        log.flush()
    assert log.dropped == 3
    folder.mkdir()
    log.flush()
    write_tracks(tmp_path / "tracks.json", MADE, PARTS, folder / "scenes")
    points = json.loads((tmp_path / "tracks.json").read_text())["tracks"][0]["points"]
    assert [point[0] / 90000 for point in points] == list(range(3, 13))
