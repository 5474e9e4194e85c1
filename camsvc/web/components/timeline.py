"""Incidents as bars over time, a row for each camera."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nicegui.element import Element

from camsvc.db.queries.tallies import Bar
from camsvc.domain.incident import Incident
from camsvc.web.cards import card
from camsvc.web.components import modules  # noqa: F401  registers what timeline.js imports
from camsvc.web.components.brush import ms, ticks
from camsvc.web.directory import Directory
from camsvc.web.extent import Extent, columns
from camsvc.web.language import Language
from camsvc.web.view import SearchView
from camsvc.web.words import Words

TEXTS = (
    "brush.earlier",
    "brush.later",
    "brush.zoom_in",
    "brush.zoom_out",
    "lanes.label",
    "lanes.none",
)
LANES_MAX = 200
"""Cameras with a row of their own, those that saw most: more is no picture."""


class Timeline(Element, component="timeline.js"):
    """Emits ``open`` with an incident's id, ``camera`` with a camera's, ``extent`` with [start, end] in ms."""

    def __init__(self, say: Language) -> None:
        super().__init__()
        self.props["lanes"] = None
        self.props["extent"] = [0, 1]
        self.props["ticks"] = []
        self.props["note"] = ""
        self.props["texts"] = say.some(TEXTS)

    def wait(self) -> None:
        """What is shown is of another search."""
        self.props["lanes"] = None
        self.update()

    def fill(self, extent: Extent, lanes: Sequence[Mapping[str, Any]], words: Words, note: str) -> None:
        self.props["extent"] = [ms(extent.start), ms(extent.end)]
        self.props["ticks"] = ticks(words.wall, extent, columns((), extent, words.wall.zone))
        self.props["lanes"] = [*lanes]
        self.props["note"] = note
        self.update()


def bars(
    incidents: Sequence[Incident], words: Words, directory: Directory, view: SearchView, now: datetime
) -> list[dict[str, Any]]:
    """A row for each camera of ``incidents``, by name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in incidents:
        bar = card(each, words, directory, view)
        bar |= {"start": ms(each.started_at), "end": ms(each.ended_at or now)}
        found.setdefault(each.camera, []).append(bar)
    rows = [_lane(camera, words, directory, len(each)) | {"bars": each} for camera, each in found.items()]
    return sorted(rows, key=lambda row: str(row["name"]).casefold())


def cells(
    found: Mapping[str, Sequence[Bar]], step_ms: int, words: Words, directory: Directory, *, exact: bool
) -> list[dict[str, Any]]:
    """The same where there are too many for bars; ``step_ms``: length of a cell."""
    totals = {camera: sum(each.number for each in bars_) for camera, bars_ in found.items()}
    most = sorted(totals, key=lambda camera: (-totals[camera], camera))[:LANES_MAX]
    rows = []
    for camera in most:
        shown = [
            [ms(each.start), ms(each.start) + step_ms, each.number, _cell_label(each, words, exact=exact)]
            for each in found[camera]
        ]
        rows.append(_lane(camera, words, directory, totals[camera], exact=exact) | {"cells": shown})
    return sorted(rows, key=lambda row: str(row["name"]).casefold())


def _lane(camera: str, words: Words, directory: Directory, number: int, *, exact: bool = True) -> dict[str, Any]:
    entry = directory.cameras.get(camera)
    return {
        "camera": camera,
        "name": directory.camera_name(camera),
        "area": directory.area_name(entry.area) if entry else "",
        "number": f"{'' if exact else '≈ '}{words.language.number(number)}",
    }


def _cell_label(bar: Bar, words: Words, *, exact: bool) -> str:
    return f"{words.wall.date_clock(bar.start)}: {'' if exact else '≈ '}{words.language.number(bar.number)}"
