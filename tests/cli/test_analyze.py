"""``camsvc analyze``."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from camsvc.cli import analyze, main
from camsvc.domain.track import Detection
from camsvc.errors import CamsvcError, ConfigError, DetectorError, InputError, SourceError
from tests.worker.stage import LOOP_S, VISIT_S, BrightSpot, make_walk

LOOPS = 2
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_walk(tmp_path_factory.mktemp("film") / "Walk in the Yard.mp4", loops=LOOPS)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command with a detector that needs no model; raises what ``main`` would print."""
    monkeypatch.setattr(analyze, "open_detector", lambda settings, models: BrightSpot())
    monkeypatch.setattr("camsvc.log.configure", lambda *_, **__: None)

    def run(*arguments: str | Path) -> Result:
        argv = ["analyze", "--data", str(tmp_path / "data"), *(str(each) for each in arguments)]
        result = CliRunner().invoke(main.build(), argv)
        if isinstance(result.exception, CamsvcError):
            raise result.exception
        return result

    return run


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_incidents_and_tracks_are_written(run: Run, film: Path, tmp_path: Path) -> None:
    tracks, found = tmp_path / "tracks.txt", tmp_path / "incidents.jsonl"
    result = run(film, "--start", "2026-11-05T03:00:00Z", "--tracks-out", tracks, "--incidents-out", found)
    assert result.exit_code == 0
    incidents = lines(found)
    assert len(incidents) == LOOPS
    assert incidents[0]["camera"] == "walk-in-the-yard"
    assert incidents[0]["started_at"].startswith("2026-11-05T03:00:02")
    assert incidents[0]["state"] == "closed"
    assert [each["class"] for each in incidents[0]["objects"]] == ["person"]
    frames = [int(row.split(",")[0]) for row in tracks.read_text(encoding="utf-8").splitlines()]
    assert frames[0] == pytest.approx(VISIT_S[0] * 10 + 2, abs=2)
    assert frames[-1] == pytest.approx((LOOP_S + VISIT_S[1]) * 10, abs=2)
    assert "2 incidents in 19.9 s of video" in result.stderr


def test_output_goes_to_the_terminal_when_asked(run: Run, film: Path) -> None:
    result = run(film, "--incidents-out", "-")
    assert len([json.loads(line) for line in result.stdout.splitlines()]) == LOOPS


def test_the_summary_as_json(run: Run, film: Path) -> None:
    summary = json.loads(run(film, "--json", "--fps", "5").stdout)
    assert summary["incidents"] == LOOPS
    assert summary["frames"] == LOOPS * LOOP_S * 10
    assert summary["analysed_frames"] <= LOOPS * LOOP_S * 5 + 1
    assert summary["not_analysed"] == []
    assert summary["broken"] is None


def test_rules_zones_and_detection_come_from_a_file(run: Run, film: Path, tmp_path: Path) -> None:
    rules, found = tmp_path / "rules.yaml", tmp_path / "incidents.jsonl"
    rules.write_text(
        yaml.safe_dump(
            {
                "zones": {"right": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]], "sky": [[0, 0], [1, 0], [1, 0.3], [0, 0.3]]},
                "rules": [
                    {"kind": "presence", "zone": "right", "severity": "alarm"},
                    {"kind": "presence", "zone": "sky"},
                ],
            }
        )
    )
    run(film, "--rules", rules, "--incidents-out", found)
    incidents = lines(found)
    assert [(each["zone"], each["severity"]) for each in incidents] == [("right", "alarm")] * LOOPS

    rules.write_text(yaml.safe_dump({"detect": {"classes": ["bus"]}}))
    run(film, "--rules", rules, "--incidents-out", found)
    assert lines(found) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("rules: [{kind: presence, zone: roof}]", "roof"),
        ("rules: [{kind: presence, after: 3}]", "after"),
        ("cameras: []", "cameras"),
        ("detect: {fps: 1000}", "detect.fps"),
        ("rules: [", "line 1"),
    ],
)
def test_a_rules_file_that_is_wrong_is_named_with_its_key(
    run: Run, film: Path, tmp_path: Path, content: str, said: str
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(content)
    with pytest.raises(ConfigError, match=said) as caught:
        run(film, "--rules", rules)
    assert "rules.yaml" in str(caught.value)


def test_a_start_without_a_zone_is_refused_with_the_cure(run: Run, film: Path) -> None:
    with pytest.raises(InputError) as caught:
        run(film, "--start", "2026-11-05T03:00:00")
    assert caught.value.parameter == "--start"
    assert "2026-11-05T03:00:00Z" in str(caught.value.cure)


def test_a_missing_file_is_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing\.mp4"):
        run(tmp_path / "nothing.mp4")


def test_a_place_that_cannot_be_written_is_known_before_the_work(run: Run, film: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        run(film, "--tracks-out", tmp_path / "no" / "such" / "folder" / "tracks.txt")
    assert caught.value.parameter == "--tracks-out"


def test_what_was_found_before_a_failure_is_written_and_the_exit_status_says_that_it_is_not_all(
    run: Run, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = tmp_path / "incidents.jsonl"
    monkeypatch.setattr(analyze, "open_detector", lambda settings, models: FailsLater())
    result = run(film, "--no-gate", "--incidents-out", found)
    assert result.exit_code == analyze.EXIT_INCOMPLETE
    assert len(lines(found)) == 1
    assert "incomplete: the model is lost" in result.stderr


class FailsLater(BrightSpot):
    """After a hundred frames."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 100

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        self.left -= 1
        if self.left < 0:
            raise DetectorError("the model is lost")
        return super().detect(images)
