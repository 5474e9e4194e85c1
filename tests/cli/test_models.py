from __future__ import annotations

import json
from pathlib import Path

import pytest

from camsvc.cli import main


def camsvc(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status of a command line."""
    monkeypatch.setattr("sys.argv", ["camsvc", *arguments])
    try:
        main.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def states(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path) -> dict[str, str]:
    assert camsvc(monkeypatch, "models", "list", "--json", "--data", str(data)) == 0
    return {row["name"]: row["state"] for row in json.loads(capsys.readouterr().out)["models"]}


def test_a_model_goes_from_here_to_pulled_to_prepared_and_shows_when_it_is_altered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert states(monkeypatch, capsys, tmp_path) == dict.fromkeys(["yolo26n", "yolo26s", "yolo26m"], "absent") | {
        "yolo11n": "here"
    }
    assert camsvc(monkeypatch, "models", "pull", "yolo11n", "--json", "--data", str(tmp_path)) == 0
    pulled = json.loads(capsys.readouterr().out)
    assert Path(pulled["path"]).is_relative_to(tmp_path / "models")
    assert camsvc(monkeypatch, "models", "prepare", "yolo11n", "--json", "--data", str(tmp_path)) == 0
    prepared = json.loads(capsys.readouterr().out)
    assert prepared["version"] == "yolo11n@c130b90b/openvino"
    assert states(monkeypatch, capsys, tmp_path)["yolo11n"] == "prepared"
    Path(pulled["path"]).write_bytes(b"altered")
    assert states(monkeypatch, capsys, tmp_path)["yolo11n"] == "altered"


def test_the_list_marks_the_model_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert camsvc(monkeypatch, "models", "list", "--data", str(tmp_path)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("*")] == ["yolo11n"]
    assert "AGPL-3.0" in lines[0]


@pytest.mark.parametrize("command", ["pull", "prepare"])
def test_an_unknown_model_fails_with_the_names_that_are_known(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert camsvc(monkeypatch, "models", command, "yolo99", "--data", str(tmp_path)) == main.EXIT_FAILED
    assert "one of yolo11n" in capsys.readouterr().err


def test_a_model_that_is_absent_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert camsvc(monkeypatch, "models", "prepare", "yolo26s", "--data", str(tmp_path)) == main.EXIT_FAILED
    assert "camsvc models pull yolo26s" in capsys.readouterr().err
