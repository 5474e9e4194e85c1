"""What is burnt into copies: letters as masks, a strip beside the picture that says where and when, tags on boxes.

Letters are drawn once, by Pillow with Be Vietnam Pro; a picture costs only the digits of its clock that have changed.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from camsvc.media.canvas import Canvas, Colour, Plane

INK: Final = Colour.of("#f2f4f6")
QUIET: Final = Colour.of("#aab4be")
GROUND: Final = Colour.of("#12161a")
NO_TIME: Final = (
    "\u2013\u2013\u2013\u2013-\u2013\u2013-\u2013\u2013 \u2013\u2013:\u2013\u2013:\u2013\u2013.\u2013\u2013\u2013"
)
"""A clock without a time: each letter lies where it would."""
DIGITS: Final = "0123456789\u2013"
CLOCK_LETTERS: Final = f"{DIGITS}-:. "
MASKS: Final = 512
"""Of words kept drawn: the tags of a busy hour. The one not used for longest is drawn anew."""
STRIP_SHARE, STRIP_MIN_PX, STRIP_MAX_PX = 72, 12, 26
"""Height of the strip's letters: the picture's width by the first, within the others."""


@functools.lru_cache(maxsize=8)
def lettering(size_px: int, face: str = "Medium") -> Lettering:
    """Shared between threads: what it remembers is never changed."""
    return Lettering(size_px, face)


class Lettering:
    """Letters of one face and size."""

    def __init__(self, size_px: int, face: str) -> None:
        resource = files("fontpkg_be_vietnam_pro") / "files" / f"BeVietnamPro-{face}.ttf"
        self._font = ImageFont.truetype(str(resource), size_px)
        ascent, descent = self._font.getmetrics()
        self._ascent = ascent
        self.line_px = (ascent + descent + 1) // 2 * 2
        self._masks = functools.lru_cache(maxsize=MASKS)(self._draw)
        digit_px = max(self.width(letter) for letter in DIGITS)
        self.cells = {
            letter: self._cell(letter, digit_px if letter in f"{DIGITS} " else self.width(letter) + digit_px // 4)
            for letter in CLOCK_LETTERS
        }
        """Letters of a clock; all digits of one width, so that it does not tremble."""

    def mask(self, text: str) -> Plane:
        """``line_px`` high, as wide as needed. Not to be written to."""
        return self._masks(plain(text))

    def width(self, text: str) -> int:
        return int(self._font.getlength(plain(text)) + 0.999)

    def fitted(self, text: str, width_px: int) -> str:
        """``text``, or as much of its beginning as fits, with an ellipsis."""
        text = plain(text)
        if self.width(text) <= width_px:
            return text
        while text and self.width(f"{text}…") > width_px:
            text = text[:-1].rstrip()
        return f"{text}…"

    def _draw(self, text: str) -> Plane:
        image = Image.new("L", (max(2, (self.width(text) + 1) // 2 * 2), self.line_px))
        ImageDraw.Draw(image).text((0, self._ascent), text, fill=255, font=self._font, anchor="ls")
        drawn = np.asarray(image).copy()
        drawn.flags.writeable = False
        return drawn

    def clock_px(self) -> int:
        return sum(self.cells[letter].shape[1] for letter in NO_TIME)

    def _cell(self, letter: str, width_px: int) -> Plane:
        image = Image.new("L", (max(width_px, 1), self.line_px))
        draw = ImageDraw.Draw(image)
        draw.text((width_px / 2, self._ascent), letter, fill=255, font=self._font, anchor="ms")
        share = np.asarray(image).astype(np.int16)
        return (GROUND.y + (INK.y - GROUND.y) * share // 255).astype(np.uint8)


def plain(text: str) -> str:
    """On one line, letters with their marks as one, nothing that cannot be seen."""
    text = unicodedata.normalize("NFC", text)
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


@dataclass(frozen=True, slots=True)
class Said:
    """Words of a strip."""

    text: str
    colour: Colour = INK
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of each picture in a strip, to the millisecond."""

    zone: ZoneInfo | None
    """None: UTC."""

    def text(self, at: datetime) -> str:
        local = at.astimezone(self.zone or UTC)
        return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03}"

    def name(self, at: datetime) -> str:
        """``UTC``, ``UTC+07:00``."""
        offset = at.astimezone(self.zone or UTC).strftime("%z") if self.zone else ""
        return f"UTC{offset[:3]}:{offset[3:]}" if offset else "UTC"


@dataclass(frozen=True, slots=True)
class _Placed:
    what: Said | Clock
    left: int
    line: int


class Strip:
    """What stands above a picture, in as many lines as its width asks for. One thread."""

    def __init__(self, items: Sequence[Said | Clock], width_px: int, began: datetime) -> None:
        """``began``: of the part; says how far local time is from UTC in it."""
        size = min(max(width_px // STRIP_SHARE, STRIP_MIN_PX), STRIP_MAX_PX)
        self._letters, self._bold = lettering(size), lettering(size, "Bold")
        self._began = began
        self._width = width_px
        self._pad = size // 2 // 2 * 2 + 2
        self._placed = self._flow(items)
        lines = self._placed[-1].line + 1 if self._placed else 1
        self._line_px = (self._letters.line_px + size // 5 + 1) // 2 * 2
        self.height_px = lines * self._line_px + self._pad
        self._shown: dict[int, str] = {}

    def begin(self, canvas: Canvas, height_px: int) -> None:
        """Draw all but the clocks over the canvas's uppermost ``height_px``."""
        canvas.fill(0, 0, canvas.width, height_px, GROUND)
        self._shown = {}
        for each in self._placed:
            if isinstance(each.what, Said):
                letters = self._bold if each.what.bold else self._letters
                mask = letters.mask(letters.fitted(each.what.text, self._width - 2 * self._pad))
                canvas.stamp(mask, each.left, self._top(each), each.what.colour)
            else:
                left = each.left + self._letters.clock_px() + self._pad
                canvas.stamp(self._letters.mask(each.what.name(self._began)), left, self._top(each), QUIET)

    def tell(self, canvas: Canvas, at: datetime | None) -> None:
        """The clocks. None: no picture has this time."""
        for number, each in enumerate(self._placed):
            if isinstance(each.what, Clock):
                text = each.what.text(at) if at else NO_TIME
                self._tick(canvas, each, text, self._shown.get(number, ""))
                self._shown[number] = text

    def _tick(self, canvas: Canvas, placed: _Placed, text: str, before: str) -> None:
        top, left = self._top(placed), placed.left
        for index, letter in enumerate(text):
            cell = self._letters.cells[letter]
            if before[index : index + 1] != letter:
                there = canvas.planes[0][top : top + cell.shape[0], left : left + cell.shape[1]]
                there[:] = cell[:, : there.shape[1]]
            left += cell.shape[1]

    def _flow(self, items: Sequence[Said | Clock]) -> list[_Placed]:
        placed: list[_Placed] = []
        left, line = self._pad, 0
        for each in items:
            width = self._width_of(each)
            if left > self._pad and left + width > self._width - self._pad:
                left, line = self._pad, line + 1
            placed.append(_Placed(each, left, line))
            left = (left + width + 2 * self._pad) & ~1
        return placed

    def _width_of(self, item: Said | Clock) -> int:
        if isinstance(item, Said):
            return (self._bold if item.bold else self._letters).width(item.text)
        return self._letters.clock_px() + self._pad + self._letters.width(item.name(self._began))

    def _top(self, placed: _Placed) -> int:
        return self._pad // 2 // 2 * 2 + placed.line * self._line_px


def draw_tag(canvas: Canvas, tag: Tag, left: int, bottom: int, top: int) -> None:
    """With its lower left corner there; pushed into the picture, which begins at ``top``."""
    upper = max(bottom - tag.height, top) & ~1
    left = max(min(left, canvas.width - tag.width), 0) & ~1
    for target, drawn, scale in zip(canvas.planes, tag.planes, (1, 2, 2), strict=True):
        there = target[upper // scale : upper // scale + drawn.shape[0], left // scale : left // scale + drawn.shape[1]]
        there[:] = drawn[: there.shape[0], : there.shape[1]]


@dataclass(frozen=True, slots=True, eq=False)
class Tag:
    """Words on a ground of their own, ready to be laid over a picture. Pixels, even."""

    planes: tuple[Plane, Plane, Plane]

    @property
    def width(self) -> int:
        return int(self.planes[0].shape[1])

    @property
    def height(self) -> int:
        return int(self.planes[0].shape[0])


@functools.lru_cache(maxsize=MASKS)
def tag_of(text: str, colour: Colour, size_px: int) -> Tag:
    """Drawn once. Any thread."""
    letters = lettering(size_px)
    mask = letters.mask(text)
    canvas = Canvas(mask.shape[1] + 6, letters.line_px)
    canvas.fill(0, 0, canvas.width, canvas.height, colour)
    canvas.stamp(mask, 2, 0, GROUND)
    y, u, v = (plane.copy() for plane in canvas.planes)
    return Tag((y, u, v))
