"""What a viewing copy costs beside the plain conversion for browsers, in the same run.

pytest -m bench -s tests/bench/bench_copies.py
"""

from __future__ import annotations

import json
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from camsvc.evidence.viewing import make_viewing
from camsvc.media.rendition import transcode_for_browser
from tests.evidence.footages import footage_of, truth

ROUNDS = 3
RATIO_MAX = 1.5
FILMS = ("ped_tud_stadtmitte", "night_dark_person_1080p")


def _measured(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds."""
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.bench
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", FILMS)
def test_a_viewing_copy_costs_little_more_than_converting(footage: Path, tmp_path: Path, name: str) -> None:
    film = footage / f"{name}.mp4"
    told = footage / "gt" / f"{name}.txt"
    of = footage_of(film, tracks=truth(told, 25, 640, 480, 60.0) if told.exists() else None)
    ratios: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        plain = _measured(lambda: transcode_for_browser(film, tmp_path / f"{number}-plain.mp4", threading.Event()))  # noqa: B023  used at once
        copy = _measured(lambda: make_viewing(of, tmp_path / f"{number}-copy.mp4"))  # noqa: B023  used at once
        ratios.append((copy[0] / plain[0], copy[1] / plain[1]))
    wall, processor = (median(each) for each in zip(*ratios, strict=True))
    print(json.dumps({"film": name, "wall_ratio": round(wall, 3), "processor_ratio": round(processor, 3)}))
    assert processor <= RATIO_MAX
