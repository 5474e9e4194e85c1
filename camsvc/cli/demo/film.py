"""A film for a machine that has none: the photograph that ultralytics ships, gliding through an empty street.

It shows people and a bus, so a real detector finds real objects in it; in between nothing happens, as in a street.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from camsvc.errors import SourceError

WIDTH, HEIGHT, FPS = 960, 540, 15
GOP_S = 2
CAMERA_LIKE = {"preset": "veryfast", "bf": "0", "crf": "24", "sc_threshold": "0"}
"""No B-frames, key frames only where asked: as cameras encode."""
PHOTO = "bus.jpg"
EDGE_PX = 24
"""Width of the photograph's soft edge, so that its frame is not an object itself."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scene:
    """The photograph crosses the picture within [start_s, end_s); before and after it the street is empty."""

    start_s: float
    end_s: float
    leftward: bool


SCENES = (Scene(6, 20, leftward=False), Scene(30, 42, leftward=True))
DURATION_S = 50


def make(path: Path, scenes: tuple[Scene, ...] = SCENES, duration_s: int = DURATION_S) -> Path:
    """Write the film, unless it is there. Raises SourceError when the photographs are missing."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part.mp4")
    with av.open(str(unfinished), "w") as out:
        stream = out.add_stream(
            "h264", rate=FPS, options={"preset": "veryfast", "bf": "0", "crf": "24", "sc_threshold": "0"}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = FPS * GOP_S
        for picture in pictures(scenes, duration_s):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        out.mux(stream.encode(None))
    unfinished.rename(path)
    return path


def pictures(scenes: tuple[Scene, ...], duration_s: int) -> Iterator[Picture]:
    """The pictures one by one, BGR."""
    photo = _photo()
    street = _street(photo)
    noise = np.random.default_rng(1)
    for index in range(duration_s * FPS):
        at_s = index / FPS
        picture = street.astype(np.int16) + noise.integers(-2, 3, street.shape, np.int16)
        shown = np.clip(picture, 0, 255).astype(np.uint8)
        for scene in scenes:
            if scene.start_s <= at_s < scene.end_s:
                progress = (at_s - scene.start_s) / (scene.end_s - scene.start_s)
                _paste(shown, photo, 1 - progress if scene.leftward else progress)
        yield shown


def _photo() -> Picture:
    """The photograph at a height that leaves some street above it."""
    package = find_spec("ultralytics")
    folder = Path(package.origin).parent / "assets" if package and package.origin else Path()
    photo = cv2.imread(str(folder / PHOTO))
    if photo is None:
        raise SourceError(
            f"the package ultralytics lacks its photograph {PHOTO}: name a video instead, camsvc demo FILE…"
        )
    height = HEIGHT * 9 // 10
    return np.asarray(cv2.resize(photo, (photo.shape[1] * height // photo.shape[0], height)), np.uint8)


def _street(photo: Picture) -> Picture:
    """The photograph's own colours, top to bottom, with nothing in them."""
    rows = cv2.resize(photo.mean(axis=1, keepdims=True), (1, HEIGHT))
    return np.repeat(rows[:, None, :] if rows.ndim == 2 else rows, WIDTH, axis=1).astype(np.uint8)


def _paste(picture: Picture, photo: Picture, progress: float) -> None:
    """``progress`` 0: just outside on the left; 1: just outside on the right."""
    height, width = photo.shape[:2]
    left = round(-width + progress * (WIDTH + width))
    top = HEIGHT - height
    first, last = max(0, -left), min(width, WIDTH - left)
    if first >= last:
        return
    column = np.minimum(np.arange(width), np.arange(width)[::-1])
    row = np.minimum(np.arange(height), height)
    alpha = np.clip(np.minimum(column[None, :], row[:, None]) / EDGE_PX, 0, 1)[:, first:last, None]
    under = picture[top:, left + first : left + last]
    under[:] = (photo[:, first:last] * alpha + under * (1 - alpha)).astype(np.uint8)
