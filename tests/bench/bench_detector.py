"""How many pictures a second the detector takes, by batch size, beside the bare runtime in the same run.

``pytest -m bench -s tests/bench/bench_detector.py``
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from camsvc.config import DetectorSettings
from camsvc.vision import catalogue
from camsvc.vision.prepare import prepare
from camsvc.vision.yolo import Yolo

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

WIDTH, HEIGHT = 640, 384
SECONDS = 4.0
"""Of each measurement."""


def rate(call: Callable[[], object], pictures: int) -> tuple[float, float]:
    """Pictures a second and processor milliseconds a picture, after one call to warm up."""
    call()
    began_s, began_cpu_s, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began_s < SECONDS:
        call()
        count += pictures
    took_s = time.perf_counter() - began_s
    return count / took_s, 1000 * (time.process_time() - began_cpu_s) / count


def test_pictures_a_second_by_batch_size(tmp_path: Path) -> None:
    prepared = prepare(catalogue.load().model("yolo11n"), tmp_path)
    random = np.random.default_rng(0)
    print(f"\n{prepared.name}, {WIDTH}×{HEIGHT}, {len(os.sched_getaffinity(0))} processors")
    print("batch  pictures/s  ms CPU/picture  bare runtime  share of bare")
    best = 0.0
    for batch in (1, 2, 4, 8, 16):
        yolo = Yolo(prepared.path, tmp_path, width=WIDTH, height=HEIGHT, max_batch=batch)
        images = [random.integers(0, 255, (360, 640, 3), np.uint8) for _ in range(batch)]
        ours, cpu_ms = rate(lambda yolo=yolo, images=images: yolo.detect(images), batch)  # type: ignore[misc]
        compiled = yolo._model.predictor.model.backend.ov_compiled_model
        tensor = random.random((batch, 3, HEIGHT, WIDTH), np.float32)
        bare, _ = rate(lambda compiled=compiled, tensor=tensor: compiled(tensor), batch)  # type: ignore[misc]
        print(f"{batch:5}  {ours:10.1f}  {cpu_ms:14.1f}  {bare:12.1f}  {ours / bare:12.0%}")
        best = max(best, ours / bare)
    assert best > 0.8, "scaling, batching and boxes take more than a fifth of the time"


def test_mixed_sizes_cost_what_equal_sizes_cost(tmp_path: Path) -> None:
    from camsvc.vision.detector import open_detector

    detector = open_detector(DetectorSettings(), tmp_path)
    sizes = [(1080, 1920), (480, 640), (576, 704), (360, 640)] * 2
    random = np.random.default_rng(0)
    mixed = [random.integers(0, 255, (*size, 3), np.uint8) for size in sizes]
    equal = [random.integers(0, 255, (360, 640, 3), np.uint8) for _ in sizes]
    mixed_rate, mixed_cpu_ms = rate(lambda: detector.detect(mixed), len(sizes))
    equal_rate, equal_cpu_ms = rate(lambda: detector.detect(equal), len(sizes))
    print(f"\nfour sizes mixed: {mixed_rate:.1f} pictures/s, {mixed_cpu_ms:.1f} ms CPU each")
    print(f"one size        : {equal_rate:.1f} pictures/s, {equal_cpu_ms:.1f} ms CPU each")
