"""A copy of an incident's clip in which people and vehicles are unrecognisable, as a person chose; checked by the
detector.

The detector looks through the original first, for whom the stored tracks missed, then through the copy: what it finds
there that should not be found is filled flat, more generously each time, and the copy is made anew from the original.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from camsvc.domain.incident import ClipPart
from camsvc.domain.redaction import Blur, Redaction
from camsvc.domain.track import Box, Detection, ObjectClass
from camsvc.errors import IntegrityError, NotFoundError
from camsvc.evidence.burnt_words import REDACTED
from camsvc.evidence.closely import Turns, look_closely
from camsvc.evidence.footage import Footage
from camsvc.evidence.looking import (
    CONFIDENCE,
    STRICT_CONFIDENCE,
    Findings,
    Shown,
    Trail,
    exposed,
    is_headless,
    look,
    outside,
)
from camsvc.evidence.obscuring import GREY, Manner, obscure
from camsvc.evidence.paths import near
from camsvc.evidence.regions import CARRY_S, HOLE_S, MARGIN, Cover, Hiding
from camsvc.evidence.rendering import Rendered, Wanted, pictures, render
from camsvc.media.burning import Place, fitted_size
from camsvc.media.canvas import Canvas, Colour
from camsvc.vision.detector import Detector

ROUNDS_MAX: Final = 4
"""Copies made at most. Each looks at every picture; what is left after so many is told to the caller."""
FLAT_MARGINS: Final = (0.1, 0.4, 1.0)
"""Around what the detector found in a copy; and, while that is made again, around what it goes on to find."""
FLAT_CARRY_S: Final = 0.2
"""Before and after: every picture is looked at while the copy is made again, and more would only hide who is kept."""
SURVEY_SHARE, RENDER_SHARE = 0.4, 0.2
"""Of all the work of a copy that needs one round, the look at the original; of a round, the rendering. Each further
round takes half of what progress is left: nobody knows how many there will be."""
_GREY: Final = Colour.of(f"#{GREY:02x}{GREY:02x}{GREY:02x}")
_FLAT: Final = (_GREY.y, _GREY.u, _GREY.v)


@dataclass(frozen=True, slots=True)
class Round:
    """One rendering, looked through by the detector."""

    found: int
    """Boxes outside of the choice that it found in the rendered pictures."""
    pictures: int
    """In which they were."""


@dataclass(frozen=True, slots=True)
class RedactionReport:
    frames: int
    """Pictures of footage in the copy; slates do not count."""
    hidden_tracks: int
    """Tracks of ``tracks.json`` that are hidden…"""
    seen_tracks: int
    """…and that stay to be seen."""
    added: int
    """Objects that the tracks had missed and the detector found in the original; one that was lost from sight and found
    again counts twice."""
    rounds: tuple[Round, ...]
    """Empty: nobody checked."""
    detector: str | None
    """Name of the model that checked; None: nobody did."""

    @property
    def remaining(self) -> int | None:
        """Boxes outside of the choice that the detector still finds; must be 0. None: nobody checked."""
        return self.rounds[-1].found if self.rounds else None


def make_redacted(
    footage: Footage,
    redaction: Redaction,
    out: Path,
    *,
    detector: Detector | None,
    check: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> RedactionReport:
    """Writes one fast-start MP4 (H.264, yuv420p; sound only if asked for) to ``out``, which must not exist.

    ``detector`` belongs to the calling thread; None: what the tracks missed stays unseen and nobody checks, which the
    report says. ``check`` is called between pictures and raises to give up; ``on_progress`` is told the share that is
    done, 0…1, rising. The caller decides what a report with something ``remaining`` means. ``out`` appears only when
    it is whole. Raises UnplayableError, DetectorError, OSError, InputError (the track list cannot be read).
    """
    return _Redacting(footage, redaction, check, on_progress).run(out, detector)


def redacted_frame(
    frame: NDArray[np.uint8], tracks: Mapping[str, Any] | None, redaction: Redaction, part: int, at_s: float
) -> NDArray[np.uint8]:
    """One picture (BGR, height × width × 3) of player time ``at_s`` of ``part`` as the copy will show it, by stored
    tracks and drawn regions alone: the copy may hide more, what the detector finds besides. Raises InputError."""
    changed = frame.copy()
    few = near(tracks, part, at_s, HOLE_S + CARRY_S)
    obscure([changed], Hiding(few, redaction).hidden(part, at_s), [GREY])
    return changed


class _Redacting:
    """One copy; used once."""

    def __init__(
        self, footage: Footage, redaction: Redaction, check: Callable[[], None], on_progress: Callable[[float], None]
    ) -> None:
        self._footage, self._redaction = footage, redaction
        self._check, self._on_progress = check, on_progress
        self._hiding = Hiding(footage.tracks, redaction)
        self._told = 0.0
        self._scaler = VideoReformatter()
        self._strict: Detector | None = None
        """Looks at each picture before it is written."""
        self._turns = Turns()

    def run(self, out: Path, detector: Detector | None) -> RedactionReport:
        if detector is None:
            return self._report(self._render(out, 0.0, 1.0), 0, [], None)
        added = self._survey(detector, 0.0, SURVEY_SHARE)
        rounds: list[Round] = []
        draft = out.with_name(f".{out.name}.draft")
        try:
            while True:
                began, ends = (1 - (1 - SURVEY_SHARE) * 0.5**number for number in (len(rounds), len(rounds) + 1))
                rendered_at = began + (ends - began) * RENDER_SHARE
                draft.unlink(missing_ok=True)
                self._strict = detector if rounds else None
                rendered = self._render(draft, began, rendered_at)
                findings = self._look_through(detector, draft, rendered, rendered_at, ends)
                rounds.append(Round(findings.boxes, findings.pictures))
                if not findings.boxes or len(rounds) == ROUNDS_MAX:
                    break
                self._cover(findings, FLAT_MARGINS[0], Manner.FLAT)
            draft.rename(out)
        finally:
            draft.unlink(missing_ok=True)
        self._tell(1.0)
        return self._report(rendered, added, rounds, detector.name)

    def _report(self, rendered: Rendered, added: int, rounds: list[Round], detector: str | None) -> RedactionReport:
        hiding = self._hiding
        return RedactionReport(
            rendered.frames, hiding.hidden_tracks, hiding.seen_tracks, added, tuple(rounds), detector
        )

    def _survey(self, detector: Detector, began: float, ends: float) -> int:
        """Look through the original and cover what the tracks missed."""
        findings = Findings()
        all_s = max(sum(part.duration_s for part in self._footage.parts), 1e-3)
        done_s = 0.0
        for part in self._footage.parts:

            def judge(shown: Shown, detections: list[Detection]) -> None:
                findings.take(shown.part, shown.at_s, exposed(self._hiding, shown, detections))
                self._tell(began + (ends - began) * min((done_s + shown.at_s) / all_s, 1.0))  # noqa: B023  used at once

            with suppress(NotFoundError, IntegrityError), self._footage.open_part(part) as file:
                look(detector, self._originals(part, file), judge)
            done_s += part.duration_s
        return self._cover(findings, MARGIN, Manner.MOSAIC)

    def _originals(self, part: ClipPart, file: Path) -> Iterator[Shown]:
        for frame, at_s in pictures(file):
            self._check()
            width, height = fitted_size(frame.width, frame.height)
            image = self._scaler.reformat(frame, width, height, format="bgr24").to_ndarray()
            yield Shown(part.index, at_s, image.astype(np.uint8, copy=False))

    def _look_through(self, detector: Detector, copy: Path, rendered: Rendered, began: float, ends: float) -> Findings:
        """What of the copy should not be found and is."""
        findings = Findings()
        done = 0

        def judge(shown: Shown, detections: list[Detection]) -> None:
            nonlocal done
            done += 1
            findings.take(shown.part, shown.at_s, self._detectable(shown, detections))
            self._tell(began + (ends - began) * done / max(rendered.frames, 1))

        look(detector, self._copied(copy, rendered), judge)
        return findings

    def _copied(self, copy: Path, rendered: Rendered) -> Iterator[Shown]:
        for (frame, _), part, at_s in zip(pictures(copy), rendered.parts, rendered.at_s, strict=True):
            self._check()
            if part < 0:
                continue
            place = rendered.places[part]
            whole = self._scaler.reformat(frame, format="bgr24").to_ndarray()
            yield Shown(part, at_s, _cropped(whole, place))

    def _detectable(
        self, shown: Shown, detections: list[Detection], confidence: float = CONFIDENCE
    ) -> list[tuple[Box, ObjectClass]]:
        found = outside(self._hiding, shown, detections, confidence, is_copy=True)
        if self._hiding.blur is Blur.FACES:
            hidden = self._hiding.hidden(shown.part, shown.at_s)
            found = [each for each in found if not is_headless(each.box, hidden)]
        return [(self._hiding.must_hide(each.box), each.object_class) for each in found]

    def _cover(self, findings: Findings, margin: float, manner: Manner) -> int:
        carry_s = FLAT_CARRY_S if manner is Manner.FLAT else CARRY_S
        for part, trails in findings.trails.items():
            self._hiding.add(part, (Cover(each.path(), margin, carry_s, manner) for each in trails))
        return sum(len(trails) for trails in findings.trails.values())

    def _render(self, out: Path, began: float, ends: float) -> Rendered:
        def progress(share: float) -> None:
            self._tell(began + (ends - began) * share)

        self._turns = Turns()
        wanted = Wanted(REDACTED, self._paint, self._redaction.sound, self._check, progress)
        return render(self._footage, out, wanted)

    def _paint(self, canvas: Canvas, place: Place, part: ClipPart, at_s: float) -> None:
        planes = _picture_planes(canvas, place)
        obscure(planes, self._hiding.hidden(part.index, at_s), _FLAT)
        if self._strict is None:
            return
        is_due = self._turns.is_due(part.index, at_s)
        for margin in FLAT_MARGINS:
            whole = self._scaler.reformat(canvas.frame, format="bgr24").to_ndarray()
            shown = Shown(part.index, at_s, _cropped(whole, place))
            detections = self._strict.detect([shown.image])[0]
            if is_due:
                detections = look_closely(self._strict, shown.image, detections)
            found = self._detectable(shown, detections, STRICT_CONFIDENCE)
            if not found:
                return
            trails = [Trail([at_s], [box], kind) for box, kind in found]
            self._hiding.add(part.index, (Cover(each.path(), margin, FLAT_CARRY_S, Manner.FLAT) for each in trails))
            obscure(planes, self._hiding.hidden(part.index, at_s), _FLAT)

    def _tell(self, share: float) -> None:
        self._told = max(self._told, min(share, 1.0))
        self._on_progress(self._told)


def _cropped(image: NDArray[Any], place: Place) -> NDArray[np.uint8]:
    """The picture without what stands above it and beside it."""
    picture = image[place.top : place.top + place.height, place.left : place.left + place.width]
    return np.ascontiguousarray(picture, np.uint8)


def _picture_planes(canvas: Canvas, place: Place) -> list[NDArray[np.uint8]]:
    return [
        plane[
            place.top // scale : (place.top + place.height) // scale,
            place.left // scale : (place.left + place.width) // scale,
        ]
        for plane, scale in zip(canvas.planes, (1, 2, 2), strict=True)
    ]
