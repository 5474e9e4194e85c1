from __future__ import annotations

from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from camsvc.config import DetectorSettings
from camsvc.vision.detector import Detector, open_detector


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def detector(models_dir: Path) -> Detector:
    """The default model, prepared as on a fresh machine."""
    return open_detector(DetectorSettings(), models_dir)


@pytest.fixture(scope="session")
def bus(detector: Detector) -> NDArray[np.uint8]:
    """The photograph that ultralytics ships: a bus and four people."""
    assert detector  # its making has set ultralytics' variables
    data = resources.files("ultralytics").joinpath("assets/bus.jpg").read_bytes()
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image  # type: ignore[return-value]
