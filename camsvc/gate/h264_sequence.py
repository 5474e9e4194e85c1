"""The parts of an H.264 sequence parameter set that are not simply numbers (ITU-T H.264 §7.3.2.1.1).

Read here for the gate, which goes on to slice headers, and for live view, which asks what a browser can play.
"""

from __future__ import annotations

from dataclasses import dataclass

from camsvc.gate.bits import Bits

_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""Profiles whose parameter sets say how colour is coded; of all others it is 4:2:0 with 8 bits."""


@dataclass(frozen=True, slots=True)
class Colour:
    chroma: int
    """chroma_format_idc; 1: 4:2:0."""
    planes: bool
    """separate_colour_plane_flag."""
    depth: int
    """Bits; the larger of luma's and chroma's."""


@dataclass(frozen=True, slots=True)
class Order:
    """How the order of showing is coded (§8.2.1)."""

    kind: int
    """pic_order_cnt_type; 2: as decoded."""
    bits: int
    """Of pic_order_cnt_lsb; 0 when there is none."""
    always_zero: bool
    """delta_pic_order_always_zero_flag."""


def read_colour(bits: Bits, profile: int) -> Colour:
    """From chroma_format_idc to the scaling lists, if the profile has them. Raises ValueError when it is cut."""
    if profile not in _WITH_CHROMA:
        return Colour(1, False, 8)
    chroma = bits.ue()
    planes = bits.flag() if chroma == 3 else False
    depth = 8 + max(bits.ue(), bits.ue())
    bits.flag()
    if bits.flag():
        for index in range(12 if chroma == 3 else 8):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return Colour(chroma, planes, depth)


def read_order(bits: Bits) -> Order:
    """From pic_order_cnt_type on. Raises ValueError when it is cut."""
    kind = bits.ue()
    if kind == 0:
        return Order(kind, bits.ue() + 4, False)
    if kind != 1:
        return Order(kind, 0, False)
    always_zero = bits.flag()
    bits.se(), bits.se()
    for _ in range(bits.ue()):
        bits.se()
    return Order(kind, 0, always_zero)


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last
