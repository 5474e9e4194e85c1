"""A picture that says what cannot be seen: from when to when, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from camsvc.evidence.burnt_words import bilingual, reason, slate_length
from camsvc.evidence.contents import UNRECORDED
from camsvc.evidence.holes import Hole
from camsvc.media.burning import Film
from camsvc.media.canvas import Colour
from camsvc.media.overlay import INK, QUIET, Clock, lettering

SLATE_S = 2.0
"""Long enough to be read, and not to be taken for a flicker; its length says nothing of the hole's."""
GROUND: Final = Colour.of("#2a1216")
WARNING: Final = Colour.of("#ff9a8a")
LINES_MAX: Final = 9
"""Letters are as large as lets so many lines stand in the picture."""
LETTERS_MIN_PX, LETTERS_MAX_PX = 10, 44
FAULTS: Final = frozenset({"missing", "altered", "undecodable"})


def draw_slate(film: Film, hole: Hole, zone: ZoneInfo) -> None:
    """Over the film's picture; its strip stays."""
    film.clear(GROUND)
    shape, canvas = film.shape, film.canvas
    size = min(max(min(shape.height // (LINES_MAX * 2), shape.width // 40), LETTERS_MIN_PX), LETTERS_MAX_PX)
    lines = list(_lines(hole, zone))
    faces = {True: lettering(size * 5 // 4, "Bold"), False: lettering(size)}
    step = faces[False].line_px * 5 // 4
    top = shape.strip + max((shape.height - step * len(lines)) // 2, 0)
    for text, colour, large in lines:
        letters = faces[large]
        mask = letters.mask(letters.fitted(text, shape.width - size))
        canvas.stamp(mask, (shape.width - mask.shape[1]) // 2, top, colour)
        top += step


def _lines(hole: Hole, zone: ZoneInfo) -> Iterator[tuple[str, Colour, bool]]:
    fault = next((each for each in hole.reasons if each in FAULTS), None)
    yield bilingual("slate.fault" if fault else "slate.gap"), WARNING, True
    clock, utc = Clock(zone), Clock(None)
    name = clock.name(hole.started_at)
    yield f"{clock.text(hole.started_at)} – {clock.text(hole.ended_at)} {name}", INK, False
    yield f"{utc.text(hole.started_at)} – {utc.text(hole.ended_at)} UTC", QUIET, False
    yield slate_length(hole.length_s), INK, False
    for each in hole.reasons or (UNRECORDED,):
        vietnamese, english = reason(each)
        yield vietnamese, INK, False
        yield english, QUIET, False
