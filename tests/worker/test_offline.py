"""A recorded file through the same analysis as a live camera."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest

from camsvc.domain.camera import Camera
from camsvc.domain.incident import GapReason, IncidentState
from camsvc.errors import SourceError
from camsvc.worker.offline import Findings, analyse
from tests.worker.stage import FPS, LOOP_S, VISIT_S, BrightSpot, camera, make_walk

START = datetime(2026, 5, 1, 6, tzinfo=UTC)
LOOPS = 4


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_walk(tmp_path_factory.mktemp("film") / "walk.mp4", loops=LOOPS)


@pytest.fixture
def watched() -> Camera:
    return camera("file", "rtsp://file.invalid/").to_domain()


def look(film: Path, watched: Camera, *, gated: bool = True, fps: float = 5.0) -> Findings:
    return analyse(film, watched, BrightSpot(), start=START, fps=fps, gated=gated, progress=lambda _: None)


def times(findings: Findings) -> list[tuple[float, float]]:
    return [
        ((each.started_at - START).total_seconds(), ((each.ended_at or START) - START).total_seconds())
        for each in findings.incidents
    ]


@pytest.mark.parametrize("gated", [True, False])
def test_every_visit_is_an_incident_and_nothing_else_is(film: Path, watched: Camera, gated: bool) -> None:
    findings = look(film, watched, gated=gated)
    assert len(findings.incidents) == LOOPS
    for number, (start, end) in enumerate(times(findings)):
        assert start == pytest.approx(number * LOOP_S + VISIT_S[0], abs=0.45)
        assert end == pytest.approx(number * LOOP_S + VISIT_S[1], abs=0.3)
    assert {each.state for each in findings.incidents} == {IncidentState.CLOSED}
    assert findings.not_analysed == []
    assert findings.broken is None


def test_the_gate_saves_decoding_and_loses_nothing(film: Path, watched: Camera) -> None:
    gated, all_of_it = look(film, watched), look(film, watched, gated=False)
    assert all_of_it.counters.decoded == LOOPS * LOOP_S * FPS
    assert gated.counters.decoded <= all_of_it.counters.decoded
    assert len(gated.incidents) == len(all_of_it.incidents)


def test_two_runs_say_the_same_but_for_ids(film: Path, watched: Camera) -> None:
    one, other = look(film, watched), look(film, watched)
    first_id = one.incidents[0].id
    assert [replace(each, id=first_id) for each in one.incidents] == [
        replace(each, id=first_id) for each in other.incidents
    ]
    assert list(one.mot_lines()) == list(other.mot_lines())


def test_tracks_have_a_box_on_every_frame_of_a_visit(film: Path, watched: Camera) -> None:
    rows = [line.split(",") for line in look(film, watched, fps=5).mot_lines()]
    by_track: dict[str, list[int]] = {}
    for row in rows:
        by_track.setdefault(row[1], []).append(int(row[0]))
        assert row[7:] == ["-1", "-1", "-1"]
    assert len(by_track) == LOOPS
    for frames in by_track.values():
        assert frames == list(range(frames[0], frames[-1] + 1))
        assert len(frames) >= (VISIT_S[1] - VISIT_S[0]) * FPS - 5


def test_a_file_that_breaks_off_gives_what_was_found_before_and_says_so(
    film: Path, watched: Camera, tmp_path: Path
) -> None:
    torn = tmp_path / "torn.mp4"
    _fast_start(film, torn)
    content = torn.read_bytes()
    torn.write_bytes(content[: len(content) * 6 // 10])
    findings = look(torn, watched)
    assert times(findings)[0] == pytest.approx(times(look(film, watched))[0], abs=0.3)
    assert 0 < len(findings.incidents) < LOOPS
    assert findings.broken is not None


def test_pictures_that_are_damaged_are_time_not_analysed(film: Path, watched: Camera, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mp4"
    content = bytearray(film.read_bytes())
    content[len(content) * 4 // 10 : len(content) * 6 // 10] = bytes(len(content) * 6 // 10 - len(content) * 4 // 10)
    damaged.write_bytes(content)
    findings = look(damaged, watched, gated=False)
    assert {gap.reason for gap in findings.not_analysed} == {GapReason.CORRUPT}
    missing_s = sum((gap.ended_at - gap.started_at).total_seconds() for gap in findings.not_analysed)
    assert 5 < missing_s < 12
    assert len(findings.incidents) >= LOOPS - 2


def test_what_is_no_video_is_refused(watched: Camera, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a film")
    with pytest.raises(SourceError, match=r"notes\.mp4"):
        look(text, watched)


def _fast_start(source: Path, target: Path) -> None:
    """With its index in front, as recorders and players write it."""
    with av.open(str(source)) as given, av.open(str(target), "w", options={"movflags": "faststart"}) as made:
        video = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                made.mux(packet)
