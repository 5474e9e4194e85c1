"""Zones and lines, drawn on a camera's picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui.element import Element

from camsvc.web.language import Language

TEXTS = tuple(
    f"zone.{name}"
    for name in (
        "add_line",
        "add_zone",
        "fresh_line",
        "fresh_zone",
        "how_choose",
        "how_edit",
        "how_empty",
        "how_line",
        "how_zone",
        "name",
        "no_picture",
        "picture",
        "point",
        "point_hint",
        "points",
        "redo",
        "remove",
        "split",
        "tools",
        "turn",
        "twice",
        "twisted",
        "undo",
        "used",
    )
)
MAX_SHAPES = 100
"""Of one picture; nobody sees more."""
MAX_NAME = 60

Shapes = dict[str, list[list[float]]]


class ZoneEditor(Element, component="zone_editor.js"):
    """Emits ``change`` with all that is drawn (``drawn``), and ``picture`` when a newer picture is wanted."""

    def __init__(self, language: Language, zones: Mapping[str, Any], lines: Mapping[str, Any]) -> None:
        super().__init__()
        self.props["src"] = ""
        self.props["value"] = _value(zones, lines)
        self.props["epoch"] = 0
        self.props["marks"] = []
        self.props["used"] = []
        self.props["texts"] = language.some(TEXTS)

    def fill(self, zones: Mapping[str, Any], lines: Mapping[str, Any]) -> None:
        """Show other shapes; what could be undone is forgotten."""
        self.props["value"] = _value(zones, lines)
        self.props["epoch"] += 1
        self.update()

    def show(
        self,
        *,
        src: str | None = None,
        marks: Sequence[tuple[float, float]] | None = None,
        used: Sequence[str] | None = None,
    ) -> None:
        """A picture (URL), places where things stood, names that rules use; what is None stays."""
        for name, value in (("src", src), ("marks", marks), ("used", used)):
            if value is not None:
                self._set(name, value if isinstance(value, str) else list(value))

    def _set(self, name: str, value: object) -> None:
        if self.props[name] != value:
            self.props[name] = value
            self.update()


def drawn(told: object) -> tuple[Shapes, Shapes] | None:
    """Zones and lines by name, as a ``change`` says them; of two with one name the last. None for anything else that a
    browser may send."""
    if not isinstance(told, Sequence) or len(told) > MAX_SHAPES:
        return None
    shapes: dict[str, Shapes] = {"zone": {}, "line": {}}
    try:
        for each in told:
            name = str(each["name"]).strip()[:MAX_NAME]
            points = [[float(x), float(y)] for x, y in each["points"]]
            if not name or not all(math.isfinite(number) for point in points for number in point):
                return None
            shapes[each["kind"]][name] = points
    except (KeyError, TypeError, ValueError):
        return None
    return shapes["zone"], shapes["line"]


def _value(zones: Mapping[str, Any], lines: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "name": name, "points": [list(point) for point in points]}
        for kind, shapes in (("zone", zones), ("line", lines))
        for name, points in shapes.items()
    ]
