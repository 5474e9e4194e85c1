"""One picture of a recorded file, by its player time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av import VideoFrame
from av.container import InputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from camsvc.errors import UnplayableError
from camsvc.media.libav import scrub

EARLY_S = 0.002
"""A player names the picture that it shows by a rounded time: so much later it is still that one."""
FRAMES_MAX = 3000
"""Decoded on the way from the key frame before: two minutes of 25 frames/s; a camera sends one each few seconds."""


def picture_at(file: Path | BinaryIO, at_s: float) -> NDArray[np.uint8]:
    """The picture (BGR, height × width × 3) that a player shows at ``at_s`` of ``file``: the last that began by then;
    the first of all where none did. Blocks for the decoding of one group of pictures.

    Raises UnplayableError; from ``file`` whatever reading it raises.
    """
    try:
        with av.open(str(file) if isinstance(file, Path) else file, "r") as container:
            found = _picture_at(container, at_s)
    except FFmpegError as error:
        raise UnplayableError(f"no picture at {at_s:g} s could be decoded: {scrub(error).strerror}") from error
    if found is None:
        raise UnplayableError(f"there is no picture at {at_s:g} s")
    return found.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def _picture_at(container: InputContainer, at_s: float) -> VideoFrame | None:
    if not container.streams.video:
        raise UnplayableError("the file holds no video")
    stream = container.streams.video[0]
    base = stream.time_base or Fraction(1, 1)
    wanted = (stream.start_time or 0) + round((at_s + EARLY_S) / float(base))
    container.seek(max(wanted, stream.start_time or 0), stream=stream)
    shown = None
    for number, frame in enumerate(container.decode(stream)):
        if frame.pts is None:
            continue
        if frame.pts > wanted and shown is not None:
            break
        shown = frame
        if frame.pts >= wanted or number >= FRAMES_MAX:
            break
    return shown
