"""A copy of an incident's clip for viewing: one file, where and when burnt in, boxes, gaps as slates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from camsvc.domain.incident import ClipPart
from camsvc.domain.track import ObjectClass
from camsvc.evidence import burnt_words
from camsvc.evidence.burnt_words import VIEWING
from camsvc.evidence.footage import Footage
from camsvc.evidence.paths import LINGER_S, Seen, TrackPaths
from camsvc.evidence.rendering import Wanted, render
from camsvc.media.burning import Place
from camsvc.media.canvas import Canvas, Colour
from camsvc.media.overlay import draw_tag, tag_of

COLOURS: Final = {
    ObjectClass.PERSON: Colour.of("#ffd54a"),
    ObjectClass.BICYCLE: Colour.of("#8ee06b"),
    ObjectClass.MOTORCYCLE: Colour.of("#5fe0c4"),
    ObjectClass.CAR: Colour.of("#5cc3ff"),
    ObjectClass.BUS: Colour.of("#ff9d5c"),
    ObjectClass.TRUCK: Colour.of("#ff86b6"),
}
"""As the player of the web application draws them."""
_CLASSES: Final = {each: burnt_words.class_name(each.value) for each in ObjectClass}
OTHER: Final = Colour.of("#f2f4f6")
TAG_SHARE, TAG_MIN_PX, TAG_MAX_PX = 90, 10, 18
LINE_SHARE: Final = 640
"""A box's line is a pixel thick for each so many of the picture's width, and one more."""


def make_viewing(
    footage: Footage,
    out: Path,
    *,
    check: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> None:
    """Writes one fast-start MP4 (H.264, yuv420p; AAC where there is sound) to ``out``, which must not exist.

    ``check`` is called between pictures and raises to give up; ``on_progress`` is told the share that is done, 0…1,
    rising. ``out`` appears only when it is whole. Raises UnplayableError (nothing of the clip can be decoded, or there
    is none), OSError.
    """
    render(footage, out, Wanted(VIEWING, _Boxes(footage), sound=True, check=check, on_progress=on_progress))


class _Boxes:
    """The painter (``rendering.Painter``)."""

    def __init__(self, footage: Footage) -> None:
        self._paths = TrackPaths(footage.tracks)

    def __call__(self, canvas: Canvas, place: Place, part: ClipPart, at_s: float) -> None:
        for seen in self._paths.seen(part.index, at_s, linger_s=LINGER_S):
            _draw(canvas, place, seen)


def _draw(canvas: Canvas, place: Place, seen: Seen) -> None:
    box, colour = seen.box, COLOURS.get(seen.object_class, OTHER) if seen.object_class else OTHER
    left, right = (place.left + round(share * place.width) for share in (box.left, box.right))
    top, bottom = (place.top + round(share * place.height) for share in (box.top, box.bottom))
    left, top = max(left, place.left), max(top, place.top)
    right, bottom = min(right, place.left + place.width), min(bottom, place.top + place.height)
    if right <= left or bottom <= top:
        return
    canvas.frame_box(left, top, right, bottom, 1 + place.width // LINE_SHARE, colour)
    size_px = min(max(place.width // TAG_SHARE, TAG_MIN_PX), TAG_MAX_PX)
    tag = tag_of(str(seen.ref.track), colour, size_px)
    if seen.object_class:
        full = tag_of(f"{seen.ref.track} {_CLASSES[seen.object_class]}", colour, size_px)
        tag = full if full.width <= right - left else tag  # else the colour says the rest
    draw_tag(canvas, tag, left, top, place.top)
