"""Tracks against truth (MOTA, IDF1 at IoU 0.5), beside ultralytics' own tracking of the same model in the same run.

``pytest -m bench -s tests/bench/bench_tracker.py``. ``trackers`` (PyPI) is measured too where it is installed.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from camsvc.config import DetectorSettings
from camsvc.domain.track import Box, Detection, Moment, ObjectClass, Scene, TrackedObject
from camsvc.vision.association import corners, overlaps
from camsvc.vision.detector import open_detector
from camsvc.vision.tracker import Tracker
from camsvc.worker.mot import TrackTable

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

START = datetime(2026, 1, 1, tzinfo=UTC)
CLIPS = ("ped_tud_stadtmitte", "ped_tud_campus")
STEPS = {"every frame": 1, "5 a second": 5}

Boxes = dict[int, list[tuple[int, float, float, float, float]]]
"""By frame from 1: number, left, top, width, height in pixels."""


@dataclass
class Clip:
    name: str
    width: int
    height: int
    times_90k: list[int]
    images: list[NDArray[np.uint8]]
    detections: list[list[Detection]]
    truth: Boxes


def read(footage: Path, name: str, models_dir: Path) -> Clip:
    detector = open_detector(DetectorSettings(), models_dir)
    with av.open(str(footage / f"{name}.mp4")) as container:
        frames = list(container.decode(video=0))
    images: list[NDArray[np.uint8]] = [frame.to_ndarray(format="bgr24") for frame in frames]  # type: ignore[misc]
    truth: Boxes = defaultdict(list)
    for line in (footage / "gt" / f"{name}.txt").read_text().splitlines():
        number, track, *rest = line.split(",")
        if float(rest[4]) != 0:
            truth[int(number)].append((int(track), *(float(value) for value in rest[:4])))  # type: ignore[arg-type]
    times = [round(float(frame.time or 0) * 90_000) for frame in frames]
    height, width = images[0].shape[:2]
    found = [
        detections for start in range(0, len(images), 8) for detections in detector.detect(images[start : start + 8])
    ]
    return Clip(name, width, height, times, images, found, truth)


@pytest.fixture(scope="module")
def clips(footage: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    models = tmp_path_factory.mktemp("models")
    return [read(footage, name, models) for name in CLIPS]


def score(clip: Clip, tracks: Boxes) -> tuple[float, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import motmetrics

        accumulator = motmetrics.MOTAccumulator(auto_id=True)
        for frame in range(1, len(clip.times_90k) + 1):
            truth, found = clip.truth.get(frame, []), tracks.get(frame, [])
            shared = overlaps(_corners(truth), _corners(found))
            distance = np.where(shared >= 0.5, 1.0 - shared, np.nan)  # motmetrics' own needs NumPy 1
            accumulator.update([each[0] for each in truth], [each[0] for each in found], distance)
        row = motmetrics.metrics.create().compute(accumulator, metrics=["mota", "idf1"]).iloc[0]
    return float(row.mota), float(row.idf1)


def _corners(boxes: list[tuple[int, float, float, float, float]]) -> NDArray[np.float64]:
    return corners([Box(*each[1:]) for each in boxes])


def tracks_of(clip: Clip, update: Callable[[Moment, list[Detection]], Scene], step: int) -> Boxes:
    """As `camsvc analyze --tracks-out` writes them: observed boxes, interpolated between sightings."""
    table = TrackTable()
    for pts_90k, detections in list(zip(clip.times_90k, clip.detections, strict=True))[::step]:
        moment = Moment("bench", pts_90k, START + timedelta(seconds=pts_90k / 90_000))
        people = [each for each in detections if each.object_class is ObjectClass.PERSON]
        table.add(update(moment, people))
    return parse(table.lines(clip.times_90k, clip.width, clip.height))


def parse(lines: Iterable[str]) -> Boxes:
    tracks: Boxes = defaultdict(list)
    for line in lines:
        frame, track, *rest = line.split(",")
        tracks[int(frame)].append((int(track), *(float(value) for value in rest[:4])))  # type: ignore[arg-type]
    return tracks


def of_ultralytics(clip: Clip, models_dir: Path) -> Boxes:
    from camsvc.vision import catalogue
    from camsvc.vision.fetch import local_file
    from camsvc.vision.runtime import load_ultralytics

    yolo = load_ultralytics(models_dir).YOLO(
        str(local_file(catalogue.load().model("yolo11n"), models_dir)), task="detect"
    )
    tracks: Boxes = defaultdict(list)
    for number, image in enumerate(clip.images, start=1):
        result = yolo.track(image, persist=True, tracker="bytetrack.yaml", classes=[0], imgsz=640, verbose=False)[0]
        if result.boxes.id is not None:
            for track, (x, y, w, h) in zip(result.boxes.id.tolist(), result.boxes.xywh.tolist(), strict=True):
                tracks[number].append((int(track), x - w / 2, y - h / 2, w, h))
    return tracks


class Library:
    """A tracker of the package ``trackers``, told the time."""

    def __init__(self, tracker: Any) -> None:  # noqa: ANN401  not installed everywhere
        self._tracker = tracker

    def update(self, moment: Moment, detections: list[Detection]) -> Scene:
        import supervision

        boxes = np.array([(b.left, b.top, b.right, b.bottom) for b in (each.box for each in detections)]).reshape(-1, 4)
        given = supervision.Detections(
            xyxy=1000 * boxes, confidence=np.array([each.confidence for each in detections], dtype=float)
        )
        answer = self._tracker.update(given, timestamp=moment.pts_90k / 90_000)
        found = tuple(
            TrackedObject(
                int(number), Box(x0 / 1000, y0 / 1000, (x1 - x0) / 1000, (y1 - y0) / 1000), ObjectClass.PERSON, 1
            )
            for (x0, y0, x1, y1), number in zip(answer.xyxy, answer.tracker_id, strict=True)
            if number >= 0
        )
        return Scene(moment, found)


def test_tracks_against_truth(clips: list[Clip], tmp_path: Path) -> None:
    print("\nMOTA / IDF1 at IoU 0.5, people, yolo11n")
    for clip in clips:
        theirs = score(clip, of_ultralytics(clip, tmp_path))
        print(f"{clip.name:20} ultralytics model.track, 640, every frame   {theirs[0]:.3f} / {theirs[1]:.3f}")
        for words, step in STEPS.items():
            ours = score(clip, tracks_of(clip, Tracker().update, step))
            print(f"{clip.name:20} camsvc, 640×384, {words:24}  {ours[0]:.3f} / {ours[1]:.3f}")
            assert step > 1 or (ours[0] > theirs[0] and ours[1] > theirs[1])
            if importlib.util.find_spec("trackers"):
                import trackers

                for kind in (trackers.ByteTrackTracker, trackers.OCSORTTracker):
                    other = score(clip, tracks_of(clip, Library(kind()).update, step))
                    print(f"{clip.name:20} trackers {kind.__name__:16} {words:15}  {other[0]:.3f} / {other[1]:.3f}")


def test_updates_a_second(clips: list[Clip]) -> None:
    clip = clips[0]
    tracker, objects = Tracker(), 0
    began_s = time.perf_counter()
    for pts_90k, detections in zip(clip.times_90k, clip.detections, strict=True):
        objects += len(tracker.update(Moment("bench", pts_90k, START), detections).objects)
    took_s = time.perf_counter() - began_s
    print(f"\ntracker: {len(clip.times_90k) / took_s:.0f} updates/s with {objects / len(clip.times_90k):.1f} objects")
