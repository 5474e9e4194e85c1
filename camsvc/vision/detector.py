"""What every detector promises, and the one that settings name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from camsvc import log as logging
from camsvc.config import DetectorSettings
from camsvc.domain.track import Detection
from camsvc.vision import catalogue
from camsvc.vision.prepare import prepare
from camsvc.vision.yolo import Yolo

log = logging.get(__name__)


class Detector(Protocol):
    """Finds objects in pictures. Made, used and dropped by one thread, the detector owner."""

    @property
    def name(self) -> str:
        """What decides, for the record: ``yolo11n@c130b90b/openvino``."""
        ...

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        """For each BGR picture (H×W×3, any sizes mixed) its detections, in order. Raises DetectorError."""
        ...

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """The size to which a picture of ``width`` × ``height`` is scaled anyway. Any thread may ask."""
        ...


class YoloDetector(Yolo):
    """A model of the catalogue, prepared for this machine."""

    def __init__(self, settings: DetectorSettings, models_dir: Path) -> None:
        prepared = prepare(catalogue.load().model(settings.model), models_dir, device=settings.device)
        super().__init__(
            prepared.path,
            models_dir,
            width=settings.width,
            height=settings.height,
            threads=settings.threads,
            device=settings.device,
            max_batch=settings.max_batch,
        )
        self._name = prepared.name
        log.info("detector ready", model=prepared.name, device=settings.device, note=prepared.note)

    @property
    def name(self) -> str:
        return self._name


def open_detector(settings: DetectorSettings, models_dir: Path) -> Detector:
    """The detector that ``settings`` name, to be used by the calling thread. Raises DetectorError with the cure."""
    return YoloDetector(settings, models_dir)
