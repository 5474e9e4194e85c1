"""The picture that stands for an incident: the frame that shows what took part largest and surest."""

from __future__ import annotations

import contextlib
import math
import os
import threading
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from camsvc import log
from camsvc.domain.track import Scene, TrackedObject
from camsvc.errors import MediaError
from camsvc.media.decode import Decoder, Frame
from camsvc.media.packets import Packet, VideoParameters
from camsvc.media.thumbnail import encode_jpeg

THUMBNAIL_WIDTH = 640
"""Pixels: fills a card on a high-density screen, 30 to 80 KB."""
BETTER = 1.2
"""A new best must be so much better: small gains are not worth the encoding (8 ms at 1080p)."""
MIN_INTERVAL = timedelta(seconds=1)

_log = log.get(__name__)


class Thumbnail:
    """:meth:`offer` by the analysis thread, :meth:`take` by the recording thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._best = 0.0
        self._at: datetime | None = None
        self._fresh: bytes | None = None

    def offer(self, scene: Scene, frame: Frame, tracks: Collection[int]) -> None:
        """``tracks`` are those that took part in the incident."""
        score = sum(_weight(item) for item in scene.objects if item.observed and item.track in tracks)
        if self._at is not None and (score < self._best * BETTER or scene.moment.at - self._at < MIN_INTERVAL):
            return
        try:
            picture = encode_jpeg(frame.bgr(), THUMBNAIL_WIDTH)
        except MediaError as error:
            _log.warning("no thumbnail of this frame", reason=str(error))
            return
        with self._lock:
            self._best, self._at, self._fresh = score, scene.moment.at, picture

    def take(self) -> bytes | None:
        """The best so far as JPEG, once; None when nothing better came since the last call."""
        with self._lock:
            fresh, self._fresh = self._fresh, None
            return fresh


def picture_of_key_frame(path: Path, video: VideoParameters, key_frame: Packet) -> None:
    """Where the analysis gave no picture: the first of the clip. Leaves a picture that is already at ``path``.

    Raises OSError; a key frame that cannot be decoded gives no picture.
    """
    try:
        decoder = Decoder(video)
        frames = [*decoder.decode(key_frame), *decoder.flush()]
        if not frames:
            return
        picture = encode_jpeg(frames[0].bgr(), THUMBNAIL_WIDTH)
    except MediaError as error:
        _log.warning("no thumbnail of this clip", reason=str(error))
        return
    fresh = path.with_name(f"first-{path.name}")
    fresh.write_bytes(picture)
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()


def is_whole(path: Path) -> bool:
    """Whether a whole JPEG is there; it is on the disk from now on (it was written without waiting for that)."""
    try:
        with path.open("rb") as file:
            picture = file.read()
            os.fsync(file.fileno())
    except FileNotFoundError:
        return False
    return picture.startswith(b"\xff\xd8") and picture.endswith(b"\xff\xd9")


def _weight(item: TrackedObject) -> float:
    """Confidence times linear size: a sure small one beats a doubtful large one, but not by far."""
    return item.confidence * math.sqrt(max(0.0, item.box.width * item.box.height))
