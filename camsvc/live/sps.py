"""What an H.264 sequence parameter set says of the pictures that follow (ITU-T H.264 §7.3.2.1.1, §E.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from camsvc.gate.bits import Bits
from camsvc.gate.h264_sequence import read_colour, read_order

_EXTENDED_SHAPE = 255
_SHAPES = (
    (1, 1),
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
)
"""Table E-1; 0 says nothing, which is taken for square."""


@dataclass(frozen=True, slots=True)
class Sps:
    profile: int
    constraints: int
    """The byte with constraint_set0_flag as its highest bit."""
    level: int
    chroma_format: int
    """1: 4:2:0."""
    bit_depth: int
    """The larger of luma's and chroma's."""
    width: int
    """Of what is shown, in pixels."""
    height: int
    frames_only: bool
    """False: may be interlaced."""
    pixel_shape: Fraction
    """Width of a pixel by its height."""
    reorder_frames: int | None
    """How many pictures may come before one that is shown earlier: 0 means no B-frames. None: it does not say."""

    @property
    def codecs(self) -> str:
        """For Media Source Extensions (RFC 6381 §3.3)."""
        return f"avc1.{self.profile:02x}{self.constraints:02x}{self.level:02x}"

    @classmethod
    def of(cls, unit: bytes) -> Sps:
        """From the NAL unit without its start code. Raises ValueError when it is cut or not understood."""
        bits = Bits(unit[1:])
        profile, constraints, level = bits.u(8), bits.u(8), bits.u(8)
        bits.ue()
        colour = read_colour(bits, profile)
        bits.ue()  # log2_max_frame_num_minus4
        order = read_order(bits)
        bits.ue(), bits.flag()
        columns, rows = bits.ue() + 1, bits.ue() + 1
        frames_only = bits.flag()
        if not frames_only:
            bits.flag()
        bits.flag()  # direct_8x8_inference_flag
        crop_width, crop_height = _cropped(bits, 0 if colour.planes else colour.chroma, frames_only=frames_only)
        shape, reorder = _usability(bits) if bits.flag() else (Fraction(1), None)
        if order.kind == _NO_REORDERING or (profile == _BASELINE and reorder is None):
            reorder = 0
        width, height = columns * 16 - crop_width, rows * (16 if frames_only else 32) - crop_height
        if not (0 < width <= _MAX_SIDE and 0 < height <= _MAX_SIDE):
            raise ValueError(f"pictures of {width}x{height}: no such level exists")
        return cls(profile, constraints, level, colour.chroma, colour.depth, width, height, frames_only, shape, reorder)


_MAX_SIDE = 16888
"""Pixels; what level 6.2 allows at most (A.3.1: the square root of eight times its macroblocks)."""
_BASELINE = 66
"""Knows no B slices (A.2.1)."""
_NO_REORDERING = 2
"""pic_order_cnt_type: the order of showing is the order of decoding (8.2.1.3)."""


def _cropped(bits: Bits, chroma: int, *, frames_only: bool) -> tuple[int, int]:
    """Pixels that are not shown, across and down (table 6-1 for the unit)."""
    if not bits.flag():
        return 0, 0
    left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
    unit_width = 2 if chroma in (1, 2) else 1
    unit_height = (2 if chroma == 1 else 1) * (1 if frames_only else 2)
    return (left + right) * unit_width, (top + bottom) * unit_height


def _usability(bits: Bits) -> tuple[Fraction, int | None]:
    """The shape of a pixel and max_num_reorder_frames; a cut end says nothing of the latter (cameras do cut it)."""
    shape = Fraction(1)
    try:
        if bits.flag():
            shape = _shape(bits)
        if bits.flag():
            bits.flag()
        if bits.flag():
            bits.u(4)
            if bits.flag():
                bits.u(24)
        if bits.flag():
            bits.ue(), bits.ue()
        if bits.flag():
            bits.u(32), bits.u(32), bits.flag()
        has_rates = [_skip_rates(bits), _skip_rates(bits)]
        if any(has_rates):
            bits.flag()
        bits.flag()
        if not bits.flag():
            return shape, None
        bits.flag(), bits.ue(), bits.ue(), bits.ue(), bits.ue()
        return shape, bits.ue()
    except ValueError:
        return shape, None


def _shape(bits: Bits) -> Fraction:
    kind = bits.u(8)
    width, height = (
        (bits.u(16), bits.u(16)) if kind == _EXTENDED_SHAPE else _SHAPES[kind] if kind < len(_SHAPES) else (1, 1)
    )
    return Fraction(width, height) if width and height else Fraction(1)


def _skip_rates(bits: Bits) -> bool:
    """hrd_parameters (E.1.2), if they are there."""
    if not bits.flag():
        return False
    count = bits.ue() + 1
    bits.u(8)
    for _ in range(count):
        bits.ue(), bits.ue(), bits.flag()
    bits.u(20)
    return True
