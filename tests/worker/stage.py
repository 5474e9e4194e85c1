"""A stage for whole workers: a film in which somebody walks through now and then, and a detector that sees him."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
from numpy.typing import NDArray

from camsvc.config import CameraConfig, Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import cameras
from camsvc.domain.track import Box, Detection, ObjectClass
from camsvc.worker.worker import Worker
from tests.servers import Bucket

Answer = TypeVar("Answer")

FPS = 10
WIDTH, HEIGHT = 320, 192
LOOP_S = 10
VISIT_S = (2.0, 5.0)
"""When in the loop the walker is in view."""
WALKER = (24, 60)
"""Width and height in pixels."""


def walk(second: float) -> Box | None:
    """Where the walker is; None: nowhere."""
    start, end = VISIT_S
    if not start <= second % LOOP_S < end:
        return None
    width, height = WALKER[0] / WIDTH, WALKER[1] / HEIGHT
    return Box(0.05 + 0.8 * (second % LOOP_S - start) / (end - start), 0.5, width, height)


def make_walk(path: Path, *, loops: int = 1) -> Path:
    """The film: a grey wall, and a white walker from left to right once in each loop. One key frame a second."""
    options = {"preset": "ultrafast", "bf": "0", "g": str(FPS), "keyint_min": str(FPS), "sc_threshold": "0"}
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        random = np.random.default_rng(1)
        wall = random.integers(80, 100, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        for number in range(loops * LOOP_S * FPS):
            image = wall + random.integers(0, 3, wall.shape, dtype=np.uint8)
            if box := walk(number / FPS):
                left, top = round(box.left * WIDTH), round(box.top * HEIGHT)
                image[top : top + WALKER[1], left : left + WALKER[0]] = 240
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


class BrightSpot:
    """A detector for that film: what is bright is a person."""

    name = "bright-spot@1"

    def __init__(self) -> None:
        self.fails = threading.Event()

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        return [self._one(image) for image in images]

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        return width, height

    @staticmethod
    def _one(image: NDArray[np.uint8]) -> list[Detection]:
        rows, columns = np.nonzero(image[:, :, 1] > 200)
        if len(rows) < 100:
            return []
        height, width = image.shape[:2]
        left, top = columns.min() / width, rows.min() / height
        box = Box(left, top, (columns.max() + 1) / width - left, (rows.max() + 1) / height - top)
        return [Detection(box, ObjectClass.PERSON, 0.9)]


def camera(name: str, url: str, **values: Any) -> CameraConfig:  # noqa: ANN401  any key of a camera
    return CameraConfig.model_validate(
        {
            "id": name,
            "name": name,
            "area": "town",
            "streams": {"main": url},
            "rules": [{"kind": "presence", "after_s": 0.3, "close_after_s": 1.0}],
            **values,
        }
    )


@dataclass(frozen=True)
class Stage:
    """Settings of one installation; ``worker`` runs one in it."""

    settings: Settings
    database: Database
    cipher: Cipher

    @classmethod
    def build(cls, data: Path, database_url: str, bucket: Bucket) -> Stage:
        settings = Settings.model_validate(
            {
                "data": data,
                "database_url": database_url,
                "s3_endpoint": bucket.endpoint,
                "s3_access_key": bucket.access_key,
                "s3_secret_key": bucket.secret_key,
                "s3_bucket": bucket.bucket,
                "s3_region": bucket.region,
                "s3_secure": bucket.secure,
                "clips": {"pre_roll_s": 1, "post_roll_s": 1},
                "worker": {"ring_s": 10},
                "spool": {"min_free_bytes": 0},
            }
        )
        return cls(settings, Database(database_url), Cipher.of(settings))

    def put(self, config: CameraConfig) -> None:
        with self.database.session() as session:
            cameras.put(session, config, self.cipher)

    @contextmanager
    def worker(self, name: str = "a", **settings: Any) -> Iterator[Worker]:  # noqa: ANN401  any setting
        """A worker that runs until the block ends, and must end cleanly."""
        worker = Worker(self.settings.model_copy(update=settings), name, make_detector=BrightSpot)
        stop, codes = threading.Event(), list[int]()
        thread = threading.Thread(target=lambda: codes.append(worker.run(stop)), name="worker under test")
        thread.start()
        try:
            yield worker
        finally:
            stop.set()
            thread.join(30)
        assert codes == [0]


def wait_for(question: Callable[[], Answer | None], timeout_s: float, what: str) -> Answer:
    """The first answer that is not empty."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if answer := question():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"after {timeout_s:g} s still not: {what}")
