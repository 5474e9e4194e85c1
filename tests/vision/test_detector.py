from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from camsvc.config import DetectorSettings
from camsvc.domain.track import Box, Detection, ObjectClass
from camsvc.errors import DetectorError
from camsvc.vision import catalogue
from camsvc.vision import prepare as preparation
from camsvc.vision.detector import Detector, open_detector
from camsvc.vision.prepare import Runtime, disagreement, is_prepared, prepare
from camsvc.vision.yolo import FLOOR_CONFIDENCE, Yolo


def sure(detections: list[Detection]) -> list[ObjectClass]:
    return sorted(one.object_class for one in detections if one.confidence > 0.6)


def test_it_finds_the_bus_and_the_people(detector: Detector, bus: NDArray[np.uint8]) -> None:
    (found,) = detector.detect([bus])
    assert sure(found) == ["bus", "person", "person", "person", "person"]
    the_bus = next(one for one in found if one.object_class is ObjectClass.BUS)
    assert the_bus.box.left < 0.05
    assert the_bus.box.right > 0.95
    assert 0.15 < the_bus.box.top < 0.3
    assert all(one.confidence >= FLOOR_CONFIDENCE for one in found)
    assert found == sorted(found, key=lambda one: -one.confidence)


def test_pictures_of_different_sizes_in_one_call_keep_their_order(detector: Detector, bus: NDArray[np.uint8]) -> None:
    black = np.zeros((1080, 1920, 3), np.uint8)
    wide = np.full((720, 1280, 3), 114, np.uint8)
    wide[:, :540] = bus[:720, :540]
    images = [black, bus, wide, bus[:, :400].copy(), black, bus]
    together = detector.detect(images)
    assert together[0] == together[4] == []
    assert sure(together[1]) == sure(together[5]) == ["bus", "person", "person", "person", "person"]
    for image, found in zip(images, together, strict=True):
        (alone,) = detector.detect([image])
        assert disagreement(found, alone) is None or not any(one.confidence > 0.4 for one in found)


def test_a_picture_that_the_decoder_has_scaled_gives_the_same_objects(
    detector: Detector, bus: NDArray[np.uint8]
) -> None:
    import cv2

    height, width = bus.shape[:2]
    small = cv2.resize(bus, detector.input_size(width, height), interpolation=cv2.INTER_AREA)
    full, scaled = detector.detect([bus])[0], detector.detect([small.astype(np.uint8)])[0]
    assert sure(full) == sure(scaled)
    assert full[0].box.left == pytest.approx(scaled[0].box.left, abs=0.01)


def test_no_pictures_give_no_answers(detector: Detector) -> None:
    assert detector.detect([]) == []


def test_its_name_says_which_file_and_runtime_decided(detector: Detector) -> None:
    assert detector.name == "yolo11n@c130b90b/openvino"


def test_a_model_is_prepared_once_and_an_altered_one_again(tmp_path: Path) -> None:
    model = catalogue.load().model("yolo11n")
    first = prepare(model, tmp_path)
    assert first.runtime is Runtime.OPENVINO
    weights = next(first.path.glob("*.bin"))
    written_ns = weights.stat().st_mtime_ns
    assert prepare(model, tmp_path) == first
    assert weights.stat().st_mtime_ns == written_ns
    with weights.open("r+b") as file:
        file.write(b"tampered")
    assert not is_prepared(model, tmp_path)
    again = prepare(model, tmp_path)
    assert (again.path, again.runtime) == (first.path, first.runtime)
    assert again.sha256 == catalogue.sha256_of(again.path)
    assert is_prepared(model, tmp_path)


def test_onnx_runtime_takes_over_when_the_compiled_model_answers_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bus: NDArray[np.uint8]
) -> None:
    monkeypatch.setattr(preparation, "AGREE_CONFIDENCE_STEP", -1.0)
    opened = open_detector(DetectorSettings(threads=1), tmp_path)
    assert opened.name == "yolo11n@c130b90b/onnx"
    record = json.loads((tmp_path / "yolo11n-c130b90b" / "prepared.json").read_text())
    assert "is not found again" in record["note"]
    assert sure(opened.detect([bus])[0]) == ["bus", "person", "person", "person", "person"]


def test_a_file_that_is_no_model_is_refused_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "broken.onnx"
    file.write_bytes(b"not a model")
    with pytest.raises(DetectorError, match="broken"):
        open_detector(DetectorSettings(model=str(file)), tmp_path / "models")


def test_a_missing_device_is_refused(models_dir: Path) -> None:
    with pytest.raises(DetectorError, match="cannot be loaded"):
        open_detector(DetectorSettings(device="cuda:7"), models_dir)


def test_the_runtime_gets_the_threads_that_the_settings_say(models_dir: Path, detector: Detector) -> None:
    assert detector
    prepared = prepare(catalogue.load().model("yolo11n"), models_dir)
    one = Yolo(prepared.path, models_dir, width=320, height=192, threads=1)
    compiled = one._model.predictor.model.backend.ov_compiled_model
    assert compiled.get_property("INFERENCE_NUM_THREADS") == 1
    assert compiled.get_property("ENABLE_CPU_PINNING") is False


def box(left: float = 0.1) -> Box:
    return Box(left, 0.1, 0.2, 0.4)


PERSON = Detection(box(), ObjectClass.PERSON, 0.8)


@pytest.mark.parametrize(
    ("got", "what"),
    [
        ([PERSON], None),
        ([Detection(box(0.1005), ObjectClass.PERSON, 0.81)], None),
        ([], "not found again"),
        ([Detection(box(0.15), ObjectClass.PERSON, 0.8)], "not found again"),
        ([Detection(box(), ObjectClass.CAR, 0.8)], "not found again"),
        ([Detection(box(), ObjectClass.PERSON, 0.5)], "not found again"),
        ([PERSON, Detection(box(0.6), ObjectClass.CAR, 0.7)], "more than the source"),
    ],
)
def test_two_models_agree_only_on_the_same_objects(got: list[Detection], what: str | None) -> None:
    fault = disagreement([PERSON], got)
    assert fault is None if what is None else fault is not None and what in fault


def test_a_service_leaves_no_trace_in_the_home_directory_prints_nothing_and_asks_no_network(
    tmp_path: Path, models_dir: Path, detector: Detector
) -> None:
    """In a process of its own, because ultralytics reads its variables at import."""
    assert detector
    home = tmp_path / "home"
    home.mkdir()
    shutil.copytree(models_dir, tmp_path / "models")
    program = """
import socket, sys
def refuse(*a, **k): raise AssertionError(f"network: {a}")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from pathlib import Path
import numpy as np
from camsvc.config import DetectorSettings
from camsvc.vision.detector import open_detector
import logging
logging.disable(logging.INFO)
detector = open_detector(DetectorSettings(), Path(sys.argv[1]))
detector.detect([np.zeros((360, 640, 3), np.uint8)])
import structlog
"""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("YOLO_", "XDG_"))}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "models")],
        env=environment | {"HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    said = [line for line in done.stdout.splitlines() if "detector ready" not in line]
    assert said == []
    assert "ltralytics" not in done.stderr
    assert [path for path in home.rglob("*") if path.is_file()] == []
