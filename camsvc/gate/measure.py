"""How much one picture had to tell, read from its packet without decoding it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from camsvc.gate import h264
from camsvc.gate.bits import units
from camsvc.media.packets import Packet

QP_WORTH: Final = 0.25
"""Bits halve when the quantiser rises by 4 steps: measured on idle scenes under rate control, where sensor noise is all
there is to code (theory at high rates says 6)."""
USUAL_QP: Final = 28
"""Taken for a quantiser that cannot be read."""
OBJECT_BITS_PER_PIXEL: Final = 0.005
"""What the smallest object that matters adds to a picture at USUAL_QP, spread over all of it: somebody on 1 % of the
picture, coded at half a bit a pixel. News is counted against it: the jitter of almost empty pictures is none."""
USUAL_PIXELS: Final = 1280 * 720
"""Taken for a size that cannot be read."""
_HEADER_BYTES: Final = 96
"""Of each unit that is looked at: slice headers take up to 20, parameter sets with scaling lists more."""
_SET_BYTES: Final = 512


class Shape(Enum):
    """What a picture refers to, which says how its size is to be read."""

    KEY = auto()
    FORWARD = auto()
    """P: what changed since the picture before."""
    OTHER = auto()
    """B, or one that nothing refers to: small whatever happens. Not measured."""


@dataclass(frozen=True, slots=True)
class Measure:
    shape: Shape
    news: float
    """log₂ of 1 + bits in units of the smallest object's: 0 is an empty picture, 1 holds about one such object."""
    quantised: bool
    """Whether the quantiser could be read; else a rate control that varies it is not seen through."""


class Meter:
    """Reads the packets of one stream, all of them, in order."""

    def __init__(self) -> None:
        self._sequences: dict[int, h264.Sequence] = {}
        self._pictures: dict[int, h264.Picture] = {}
        self._is_h264 = False
        self._pixels = USUAL_PIXELS

    def measure(self, packet: Packet) -> Measure:
        """Never raises: what is not understood is measured by its size alone."""
        shape = Shape.KEY if packet.is_key else Shape.FORWARD
        if packet.is_key:
            self._read_sets(packet.data)
        quantiser: int | None = None
        if self._is_h264:
            try:
                quantiser, kind = self._slice(packet.data)
            except (ValueError, KeyError, IndexError):
                pass
            else:
                if not packet.is_key and kind is not h264.Slice.P:
                    shape = Shape.OTHER
        fineness = 2.0 ** (QP_WORTH * ((quantiser if quantiser is not None else USUAL_QP) - USUAL_QP))
        objects = 8 * len(packet.data) * fineness / (OBJECT_BITS_PER_PIXEL * self._pixels)
        return Measure(shape, math.log2(1.0 + objects), quantiser is not None)

    def _read_sets(self, data: bytes) -> None:
        for unit in units(data, _SET_BYTES):
            kind = unit[0] & 31 if unit else 0
            try:
                if kind == h264.SPS:
                    number, sequence = h264.sequence(unit)
                    self._sequences[number] = sequence
                    self._pixels = sequence.pixels
                    self._is_h264 = True
                elif kind == h264.PPS and self._is_h264:
                    index, picture = h264.picture(unit)
                    self._pictures[index] = picture
                elif self._is_h264 and kind in h264.SLICES:
                    return
            except ValueError:
                continue

    def _slice(self, data: bytes) -> tuple[int, h264.Slice]:
        for unit in units(data, _HEADER_BYTES):
            if unit and unit[0] & 31 in h264.SLICES:
                return h264.slice_header(unit, self._pictures, self._sequences)
        raise ValueError("no slice")
