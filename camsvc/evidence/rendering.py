"""Goes through an incident's footage once, part after part, for a copy of it: pictures in order, slates for what is
missing, sound where it is wanted."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
from av import AudioFrame, VideoFrame
from av.error import FFmpegError

from camsvc.domain.incident import ClipPart
from camsvc.errors import IntegrityError, NotFoundError, UnplayableError
from camsvc.evidence.burnt_words import Mark, bilingual
from camsvc.evidence.footage import Footage
from camsvc.evidence.holes import Hole, after, before, between, unreadable
from camsvc.evidence.slates import SLATE_S, draw_slate
from camsvc.media.burning import Film, Place, Shape, fitted_size
from camsvc.media.canvas import Canvas
from camsvc.media.libav import scrub
from camsvc.media.overlay import INK, QUIET, Clock, Said, Strip

SLATE_FPS = 5
"""Players seek and start within a slate as well."""
DEFAULT_RATE, RATE_MAX = Fraction(25), Fraction(120)
"""Where a part does not say, or says nonsense."""


class Painter(Protocol):
    def __call__(self, canvas: Canvas, place: Place, part: ClipPart, at_s: float) -> None:
        """Draw on the picture, which lies at ``place`` and is of player time ``at_s`` of ``part``."""
        ...


@dataclass(slots=True)
class Rendered:
    """What the copy's pictures are, in order; some bytes each."""

    parts: array[int] = field(default_factory=lambda: array("i"))
    """Index of the part; -1: a slate."""
    at_s: array[float] = field(default_factory=lambda: array("d"))
    """Player time in it."""
    places: dict[int, Place] = field(default_factory=dict)
    """By part: where its pictures lie."""

    @property
    def frames(self) -> int:
        return sum(part >= 0 for part in self.parts)


@dataclass(frozen=True, slots=True)
class Wanted:
    mark: Mark
    paint: Painter
    sound: bool
    check: Callable[[], None]
    on_progress: Callable[[float], None]


def render(footage: Footage, out: Path, wanted: Wanted) -> Rendered:
    """Writes ``out``. Raises UnplayableError when no picture can be shown, OSError, and what ``check`` raises."""
    if not footage.parts:
        raise UnplayableError(f"incident {footage.incident.id} has no footage")
    return _Rendering(footage, wanted).run(out)


class _Rendering:
    """One copy; used once."""

    def __init__(self, footage: Footage, wanted: Wanted) -> None:
        self._footage, self._wanted = footage, wanted
        self._rendered = Rendered()
        self._all_s = max(sum(part.duration_s for part in footage.parts), 1e-3)
        self._done_s = 0.0
        self._base_s = 0.0
        """Film time of the part, or slate, that is shown."""
        self._strips: dict[int, Strip] = {}

    def run(self, out: Path) -> Rendered:
        parts, incident = self._footage.parts, self._footage.incident
        shape = self._shape()
        metadata = {"title": self._wanted.mark.title, "comment": f"{self._wanted.mark.comment} Incident {incident.id}."}
        sound = self._wanted.sound and any(part.audio for part in parts)
        with Film(out, shape, metadata, sound=sound) as film:
            self._slates(film, parts[0], before(self._footage))
            previous: ClipPart | None = None
            for part in parts:
                if previous is not None:
                    self._slates(film, part, between(self._footage, previous, part))
                self._part(film, part)
                previous = part
            self._slates(film, parts[-1], after(self._footage))
            if not self._rendered.frames:
                raise UnplayableError(f"no picture of incident {incident.id} can be decoded")
        self._wanted.on_progress(1.0)
        return self._rendered

    def _shape(self) -> Shape:
        sizes = [fitted_size(part.width, part.height) for part in self._footage.parts if part.width and part.height]
        rate = DEFAULT_RATE
        for part in self._footage.parts:
            try:
                with self._footage.open_part(part) as file, av.open(str(file)) as source:
                    video = source.streams.video[0]
                    sizes.append(
                        fitted_size(video.width, video.height, video.codec_context.sample_aspect_ratio or Fraction(1))
                    )
                    rate = video.average_rate or DEFAULT_RATE
            except (FFmpegError, IndexError, NotFoundError, IntegrityError):
                continue
            break
        if not sizes:
            raise UnplayableError(f"nothing of incident {self._footage.incident.id} can be read")
        width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
        self._strips = {part.index: self._strip(part, width) for part in self._footage.parts}
        strip = max(each.height_px for each in self._strips.values())
        return Shape(width, height, strip, rate if 0 < rate <= RATE_MAX else DEFAULT_RATE)

    def _strip(self, part: ClipPart, width: int) -> Strip:
        footage = self._footage
        name = f"{footage.incident.camera} · {footage.camera_name}" if footage.camera_name else footage.incident.camera
        items: list[Said | Clock] = [
            Said(self._wanted.mark.words, self._wanted.mark.colour, bold=True),
            Said(name),
            Clock(None),
            Clock(footage.zone),
            Said(bilingual("clock").format(ms=max(1, math.ceil(part.clock_error_ms))), QUIET),
            Said(str(footage.incident.id), QUIET),
        ]
        if len(footage.parts) > 1:
            items.append(Said(bilingual("part").format(number=part.index + 1, all=len(footage.parts)), INK))
        return Strip(items, width, part.started_at)

    def _slates(self, film: Film, part: ClipPart, holes: Sequence[Hole]) -> None:
        for hole in holes:
            strip = self._strips[part.index]
            strip.begin(film.canvas, film.shape.strip)
            strip.tell(film.canvas, None)
            draw_slate(film, hole, self._footage.zone)
            for number in range(round(SLATE_S * SLATE_FPS)):
                self._wanted.check()
                self._show(film, self._base_s + number / SLATE_FPS, -1, 0.0)
            self._base_s += SLATE_S

    def _part(self, film: Film, part: ClipPart) -> None:
        try:
            with self._footage.open_part(part) as file:
                shown_s = self._pictures(film, part, file)
            fault = "undecodable" if shown_s is None else None
        except NotFoundError:
            fault = "missing"
        except IntegrityError:
            fault = "altered"
        self._done_s += part.duration_s
        if fault is not None:
            self._slates(film, part, [unreadable(part, fault)])
            return
        assert shown_s is not None  # noqa: S101  otherwise it is a fault
        self._base_s += max(part.duration_s, shown_s)

    def _pictures(self, film: Film, part: ClipPart, file: Path) -> float | None:
        """How much time its pictures take; None: it has none that can be shown."""
        strip = self._strips[part.index]
        strip.begin(film.canvas, film.shape.strip)
        film.clear()
        last_s: float | None = None
        step_s = 1 / float(film.shape.rate)
        for frame, at_s, pixel_shape in decoded(file, sound=self._wanted.sound):
            self._wanted.check()
            if isinstance(frame, AudioFrame):
                film.hear(frame, self._base_s + at_s)
                continue
            if last_s is not None and at_s <= last_s:
                continue
            place = film.place(frame, pixel_shape)
            self._rendered.places.setdefault(part.index, place)
            self._wanted.paint(film.canvas, place, part, at_s)
            strip.tell(film.canvas, part.started_at + timedelta(seconds=at_s))
            self._show(film, self._base_s + at_s, part.index, at_s)
            last_s = at_s
            self._wanted.on_progress(min((self._done_s + at_s) / self._all_s, 1.0))
        film.part_ended()
        return None if last_s is None else last_s + step_s

    def _show(self, film: Film, film_s: float, part: int, at_s: float) -> None:
        if film.show(film_s):
            self._rendered.parts.append(part)
            self._rendered.at_s.append(at_s)


def pictures(file: Path) -> Iterator[tuple[VideoFrame, float]]:
    """Of a file, with their player time."""
    return ((frame, at_s) for frame, at_s, _ in decoded(file) if isinstance(frame, VideoFrame))


def decoded(file: Path, *, sound: bool = False) -> Iterator[tuple[VideoFrame | AudioFrame, float, Fraction]]:
    """Pictures, and sound if asked for, in the file's order, with their player time in seconds (0: the first picture)
    and the shape of a pixel. Broken ones are left out; a file that is no film has none."""
    try:
        container = av.open(str(file))
    except FFmpegError as error:
        scrub(error)
        return
    with container:
        if not container.streams.video:
            return
        picture = container.streams.video[0]
        picture.thread_type = "AUTO"
        heard = container.streams.audio[0] if sound and container.streams.audio else None
        zero_s = float((picture.start_time or 0) * (picture.time_base or 0))
        try:
            for packet in container.demux(*([picture, heard] if heard else [picture])):
                try:
                    frames = packet.decode()
                except FFmpegError:
                    packet.stream.codec_context.flush_buffers()
                    continue
                for frame in frames:
                    if isinstance(frame, VideoFrame | AudioFrame) and frame.time is not None:
                        shape = picture.codec_context.sample_aspect_ratio or Fraction(1)
                        yield frame, max(frame.time - zero_s, 0.0), shape
        except FFmpegError as error:
            scrub(error)  # the file breaks off: what was read is shown
