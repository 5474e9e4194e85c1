"""A picture in 4:2:0 that is drawn on in place: no conversion to RGB and back for every picture of a film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Colour:
    """Limited-range YCbCr."""

    y: int
    u: int
    v: int

    @classmethod
    def of(cls, rgb: str) -> Colour:
        """Of ``#rrggbb``, by BT.709."""
        red, green, blue = (int(rgb[at : at + 2], 16) / 255 for at in (1, 3, 5))
        luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        return cls(
            round(16 + 219 * luma),
            round(128 + 224 * (blue - luma) / 1.8556),
            round(128 + 224 * (red - luma) / 1.5748),
        )


BLACK: Final = Colour(16, 128, 128)


class Canvas:
    """One picture of even size and its planes. Pixels; what lies outside of the picture is cut off. One thread."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.frame = av.VideoFrame(width, height, "yuv420p")
        self.planes: tuple[Plane, Plane, Plane] = tuple(planes_of(self.frame))  # type: ignore[assignment]
        self.fill(0, 0, width, height, BLACK)

    def fill(self, left: int, top: int, right: int, bottom: int, colour: Colour) -> None:
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, self.width), min(bottom, self.height)
        if left >= right or top >= bottom:
            return
        y, u, v = self.planes
        y[top:bottom, left:right] = colour.y
        halves = slice(top // 2, -(-bottom // 2)), slice(left // 2, -(-right // 2))
        u[halves], v[halves] = colour.u, colour.v

    def frame_box(self, left: int, top: int, right: int, bottom: int, thickness: int, colour: Colour) -> None:
        """Four lines, within the box."""
        self.fill(left, top, right, top + thickness, colour)
        self.fill(left, bottom - thickness, right, bottom, colour)
        self.fill(left, top, left + thickness, bottom, colour)
        self.fill(right - thickness, top, right, bottom, colour)

    def stamp(self, mask: Plane, left: int, top: int, colour: Colour) -> None:
        """``colour`` where ``mask`` is 255, less where it is less."""
        left, top = left & ~1, top & ~1
        mask = mask[max(-top, 0) : self.height - top, max(-left, 0) : self.width - left]
        left, top = max(left, 0), max(top, 0)
        if mask.size == 0:
            return
        self._blend(0, mask, left, top, colour.y)
        for plane, value in ((1, colour.u), (2, colour.v)):
            self._blend(plane, mask[::2, ::2], left // 2, top // 2, value)

    def paste(self, frame: av.VideoFrame, left: int, top: int) -> None:
        """``frame`` (yuv420p, even size, fits) at an even place."""
        for target, source, scale in zip(self.planes, planes_of(frame), (1, 2, 2), strict=True):
            rows, columns = source.shape
            target[top // scale : top // scale + rows, left // scale : left // scale + columns] = source

    def _blend(self, plane: int, mask: Plane, left: int, top: int, value: int) -> None:
        rows, columns = mask.shape
        there = self.planes[plane][top : top + rows, left : left + columns]
        before = there.astype(np.int16)
        there[:] = (before + (value - before) * mask.astype(np.int16).clip(0, 255) // 255).astype(np.uint8)


def planes_of(frame: av.VideoFrame) -> list[Plane]:
    """Y, U and V of a yuv420p frame as arrays over its own memory."""
    sizes = (
        (frame.height, frame.width),
        (-(-frame.height // 2), -(-frame.width // 2)),
        (-(-frame.height // 2), -(-frame.width // 2)),
    )
    planes = []
    for plane, (rows, columns) in zip(frame.planes, sizes, strict=True):
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        planes.append(lines[:rows, :columns])
    return planes
