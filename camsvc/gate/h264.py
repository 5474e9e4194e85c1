"""The quantiser of an H.264 picture, read from its first slice header (ITU-T H.264 §7.3.2.1, §7.3.2.2, §7.3.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from camsvc.gate.bits import Bits
from camsvc.gate.h264_sequence import Order, read_colour, read_order

SPS, PPS = 7, 8
SLICES = (1, 5)
_IDR = 5


class Slice(IntEnum):
    """slice_type modulo 5, table 7-6."""

    P = 0
    B = 1
    I = 2  # noqa: E741  the standard's name
    SP = 3
    SI = 4


@dataclass(frozen=True, slots=True)
class Sequence:
    colour_planes: bool
    frame_number_bits: int
    order: Order
    frames_only: bool
    pixels: int
    """Of the coded picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    sequence: int
    cabac: bool
    field_order: bool
    references: tuple[int, int]
    weighted: bool
    weighted_b: int
    quantiser: int
    redundant: bool


def sequence(unit: bytes) -> tuple[int, Sequence]:
    """Number and content of a sequence parameter set. Raises ValueError when it is cut or not understood."""
    bits = Bits(unit[1:])
    profile = bits.u(8)
    bits.u(16)
    number = bits.ue()
    colour = read_colour(bits, profile)
    frame_number_bits = bits.ue() + 4
    order = read_order(bits)
    bits.ue(), bits.u(1)
    columns, rows = bits.ue() + 1, bits.ue() + 1
    frames_only = bits.flag()
    pixels = columns * rows * 256 * (1 if frames_only else 2)
    return number, Sequence(colour.planes, frame_number_bits, order, frames_only, pixels)


def picture(unit: bytes) -> tuple[int, Picture]:
    """Number and content of a picture parameter set. Raises ValueError when it is cut or not understood."""
    bits = Bits(unit[1:])
    number, of_sequence = bits.ue(), bits.ue()
    cabac, field_order = bits.flag(), bits.flag()
    if bits.ue():
        raise ValueError("slice groups: no camera makes them, and they are not read here")
    references = (bits.ue() + 1, bits.ue() + 1)
    weighted, weighted_b = bits.flag(), bits.u(2)
    quantiser = 26 + bits.se()
    bits.se(), bits.se(), bits.u(2)
    return number, Picture(of_sequence, cabac, field_order, references, weighted, weighted_b, quantiser, bits.flag())


def slice_header(unit: bytes, pictures: dict[int, Picture], sequences: dict[int, Sequence]) -> tuple[int, Slice]:
    """QP (0…51) and type of a slice. Raises ValueError, KeyError when it cannot be read."""
    reference, kind_of_unit = unit[0] >> 5 & 3, unit[0] & 31
    bits = Bits(unit[1:])
    bits.ue()
    kind = Slice(bits.ue() % 5)
    of = pictures[bits.ue()]
    seq = sequences[of.sequence]
    if seq.colour_planes:
        bits.u(2)
    bits.u(seq.frame_number_bits)
    field_picture = not seq.frames_only and bits.flag()
    if field_picture:
        bits.u(1)
    if kind_of_unit == _IDR:
        bits.ue()
    _skip_order(bits, of, seq, field_picture=field_picture)
    if of.redundant:
        bits.ue()
    _skip_references(bits, of, kind, chroma=not seq.colour_planes)
    if reference:
        _skip_marking(bits, idr=kind_of_unit == _IDR)
    if of.cabac and kind not in (Slice.I, Slice.SI):
        bits.ue()
    return of.quantiser + bits.se(), kind


def _skip_order(bits: Bits, of: Picture, seq: Sequence, *, field_picture: bool) -> None:
    if seq.order.kind == 0:
        bits.u(seq.order.bits)
        if of.field_order and not field_picture:
            bits.se()
    elif seq.order.kind == 1 and not seq.order.always_zero:
        bits.se()
        if of.field_order and not field_picture:
            bits.se()


def _skip_references(bits: Bits, of: Picture, kind: Slice, *, chroma: bool) -> None:
    """From direct_spatial_mv_pred_flag to the end of pred_weight_table."""
    if kind in (Slice.I, Slice.SI):
        return
    if kind == Slice.B:
        bits.u(1)
    references = list(of.references)
    if bits.flag():
        references[0] = bits.ue() + 1
        if kind == Slice.B:
            references[1] = bits.ue() + 1
    lists = 2 if kind == Slice.B else 1
    for _ in range(lists):
        if bits.flag():
            while bits.ue() != 3:
                bits.ue()
    if (of.weighted and kind in (Slice.P, Slice.SP)) or (of.weighted_b == 1 and kind == Slice.B):
        bits.ue()
        if chroma:
            bits.ue()
        for count in references[:lists]:
            for _ in range(count):
                _skip_weights(bits, chroma=chroma)


def _skip_weights(bits: Bits, *, chroma: bool) -> None:
    if bits.flag():
        bits.se(), bits.se()
    if chroma and bits.flag():
        bits.se(), bits.se(), bits.se(), bits.se()


def _skip_marking(bits: Bits, *, idr: bool) -> None:
    if idr:
        bits.u(2)
    elif bits.flag():
        while operation := bits.ue():
            bits.ue()
            if operation == 3:
                bits.ue()
