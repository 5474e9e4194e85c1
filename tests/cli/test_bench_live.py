"""``camsvc bench live`` measures the whole path by itself."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from camsvc.cli.main import build


@pytest.mark.timeout(120)
def test_it_prints_what_a_viewer_costs_and_how_soon_he_sees() -> None:
    arguments = ["bench", "live", "--viewers", "2", "--size", "360p", "--seconds", "1", "--json"]
    result = CliRunner().invoke(build(), arguments)
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert 0 < report["cores_per_viewer"] < 1
    assert 0 < report["first_frame_ms_p50"] < 5000
    assert report["fps_min"] > 15
    assert report["viewers"] == 2


def test_an_unknown_size_is_refused() -> None:
    result = CliRunner().invoke(build(), ["bench", "live", "--size", "4k"])
    assert "no film of size '4k'" in str(result.exception)
