"""ultralytics' ``YOLO`` as a detector of our six classes, for pictures of any size in one call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import Box, Detection, ObjectClass
from camsvc.errors import DetectorError
from camsvc.vision.letterbox import Fit, fit
from camsvc.vision.runtime import bound_torch, load_ultralytics

FLOOR_CONFIDENCE: Final = 0.1
"""Weaker boxes are noise. Those between this and a camera's ``min_confidence`` only continue tracks (ByteTrack)."""
NMS_IOU: Final = 0.7
"""Of boxes of one class. People in a crowd overlap by more than half; ultralytics' own default for tracking."""
LOOKALIKES: Final = {"cell phone": ObjectClass.CAR, "remote": ObjectClass.CAR, "mouse": ObjectClass.CAR}
"""What COCO models call a vehicle seen from straight above, where they have only ever seen such things from above: on
veh_overhead_4cars yolo11n says "cell phone" with 0.95 and the right box, and "car" in 6 of 71 frames…"""
LOOKALIKE_SIDES: Final = (0.06, 0.12)
"""…believed when the shorter and the longer side of the box are at least these fractions of the picture: a
real telephone in a street camera's view is smaller. Rules count a vehicle only once it moves: a lit screen is none."""
MAX_OBJECTS: Final = 200
"""A picture of more is a crowd that no box describes; bounds the tracker's work."""


class Yolo:
    """One loaded model. Used by one thread only, the one that made it (facts.md: never shared).

    ``path`` is whatever ultralytics opens; ``width`` × ``height`` is the budget of pixels per picture, from which
    each picture gets the canvas that fits its shape. ``threads``: None means all processors this process may use.
    Raises DetectorError when the model cannot be loaded, knows none of our classes, or fails while running.
    """

    def __init__(
        self,
        path: Path,
        models_dir: Path,
        *,
        width: int,
        height: int,
        threads: int | None = None,
        device: str = "cpu",
        max_batch: int = 8,
    ) -> None:
        self._budget_px = width * height
        self._max_batch = max_batch
        self._device = device
        # Several processors on one batch are OpenVINO's business; torch only prepares and suppresses.
        self._threads = threads or len(os.sched_getaffinity(0))
        yolo = load_ultralytics(models_dir).YOLO
        bound_torch(1)
        try:
            self._model: Any = yolo(str(path), task="detect")
            # Also compiles, so that the first real frame does not wait.
            self._predict([np.zeros((height, width, 3), np.uint8)], (height, width), None)
            self._bound_runtime(path)
        except Exception as error:  # whatever the file makes ultralytics or the runtime raise
            raise DetectorError(f"model {path.name} cannot be loaded: {error}") from error
        self._names: dict[int, str] = self._model.names
        self._classes = _our_classes(self._names)
        if not self._classes:
            raise DetectorError(f"model {path.name} knows none of {', '.join(ObjectClass)}: choose another model")

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """Size to which a ``width`` × ``height`` picture is scaled: a decoder that does it at once saves the work."""
        fitted = fit(width, height, self._budget_px)
        return fitted.width, fitted.height

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        """For each BGR picture (H×W×3) its detections above FLOOR_CONFIDENCE, surest first, in the pictures' order."""
        answers: list[list[Detection]] = [[] for _ in images]
        groups: dict[tuple[int, int], list[int]] = {}
        fits: list[Fit] = []
        for index, image in enumerate(images):
            fitted = fit(image.shape[1], image.shape[0], self._budget_px)
            fits.append(fitted)
            groups.setdefault((fitted.canvas_height, fitted.canvas_width), []).append(index)
        for size, members in groups.items():
            for start in range(0, len(members), self._max_batch):
                batch = members[start : start + self._max_batch]
                found = self._run([images[index] for index in batch], [fits[index] for index in batch], size)
                for index, detections in zip(batch, found, strict=True):
                    answers[index] = detections
        return answers

    def _run(self, images: list[NDArray[np.uint8]], fits: list[Fit], size: tuple[int, int]) -> list[list[Detection]]:
        canvases = np.empty((len(images), *size, 3), np.uint8)
        for image, fitted, canvas in zip(images, fits, canvases, strict=True):
            fitted.place(image, canvas)
        try:
            results = self._predict(list(canvases), size, list(self._classes))
        except Exception as error:  # ultralytics and the runtimes share no base of errors
            raise DetectorError(f"the detector failed on {len(images)} pictures: {error}") from error
        return [
            self._detections(result.boxes.data.cpu().numpy(), fitted)
            for result, fitted in zip(results, fits, strict=True)
        ]

    def _predict(self, images: list[NDArray[np.uint8]], size: tuple[int, int], classes: list[int] | None) -> list[Any]:
        results: list[Any] = self._model.predict(
            images,
            imgsz=size,
            batch=len(images),
            conf=FLOOR_CONFIDENCE,
            iou=NMS_IOU,
            max_det=MAX_OBJECTS,
            classes=classes,
            device=self._device,
            verbose=False,
            save=False,
        )
        return results

    def _detections(self, rows: NDArray[np.float32], fitted: Fit) -> list[Detection]:
        found = []
        for left, top, right, bottom, confidence, label in rows.tolist():
            box = fitted.box(left, top, right, bottom)
            name = self._names[int(label)]
            if box is not None and (name not in LOOKALIKES or _is_vehicle_sized(box)):
                found.append(Detection(box, self._classes[int(label)], min(confidence, 1.0)))
        return sorted(found, key=lambda one: -one.confidence)

    def _bound_runtime(self, path: Path) -> None:
        """Give the runtime its number of threads, and no processors of its own.

        OpenVINO pins its threads to processors: two workers on one machine would pin to the same ones, and decoding
        would wait behind them. ultralytics has no setting for either, so its compiled model is replaced.
        """
        backend = self._model.predictor.model.backend
        if hasattr(backend, "ov_compiled_model"):
            import openvino

            graph = path if path.is_file() else next(path.glob("*.xml"))
            backend.ov_compiled_model = openvino.Core().compile_model(
                str(graph),
                "CPU",
                {
                    "PERFORMANCE_HINT": "LATENCY",
                    "INFERENCE_NUM_THREADS": self._threads,
                    "ENABLE_CPU_PINNING": False,
                },
            )
        elif hasattr(backend, "session") and self._device == "cpu":
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 3  # errors; it warns about every processor it cannot pin to
            backend.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        else:
            bound_torch(self._threads)


def _our_classes(names: dict[int, str]) -> dict[int, ObjectClass]:
    ours = {member.value: member for member in ObjectClass}
    if ObjectClass.CAR in names.values():
        ours |= LOOKALIKES
    return {index: ours[name] for index, name in names.items() if name in ours}


def _is_vehicle_sized(box: Box) -> bool:
    shorter, longer = sorted((box.width, box.height))
    return shorter >= LOOKALIKE_SIDES[0] and longer >= LOOKALIKE_SIDES[1]
