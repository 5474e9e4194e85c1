"""Choosing a place on the map: a circle, a box, an area or a route, drawn or typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from camsvc.db.filters import (
    POLYGON_MIN_POINTS,
    ROUTE_MIN_POINTS,
    parse_bbox,
    parse_point,
    parse_points,
    parse_radius,
)
from camsvc.domain.geo import Point
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError
from camsvc.web import places, shapes
from camsvc.web.components.field import Field
from camsvc.web.components.map import Map
from camsvc.web.lookout import Snapshot
from camsvc.web.markup import button, icon, icon_button, label, tag
from camsvc.web.shapes import TOOLS, Shape, Tool
from camsvc.web.site import Site
from camsvc.web.view import RADIUS_DEFAULT_M
from camsvc.web.words import Words

CORRIDOR_DEFAULT_M = 50.0
"""To each side of a route that was drawn without a width: a road, and cameras on its poles."""
TOOL_ICONS: Mapping[Tool, str] = {
    "radius": "radio_button_unchecked",
    "box": "crop_square",
    "polygon": "pentagon",
    "route": "timeline",
}
FIELDS: Mapping[Tool, tuple[str, ...]] = {
    "radius": ("near", "radius_m"),
    "box": ("bbox",),
    "polygon": ("polygon_points",),
    "route": ("route_points", "width_m"),
}
"""What can be typed instead of drawing: keys ``pick.…`` of the catalogue."""
LINES = 5
"""Of a field for points that is not scrolled yet."""
TOLD_MAX = 40
"""Characters of a text that could not be read: enough to know it again."""


class PlacePicker:
    """A dialog, made when it is first opened: most searches need no map. ``done`` is given the members of
    IncidentFilter to replace: those of ``shapes.NO_PLACE``, and ``sees``."""

    def __init__(self, site: Site, words: Words, done: Callable[[Mapping[str, Any]], Awaitable[None]]) -> None:
        self._site = site
        self._words = words
        self._done = done
        self._dialog = ui.dialog()
        self._shape: Shape | None = None
        self._tool: Tool = "radius"
        self._widths = {"radius": RADIUS_DEFAULT_M, "route": CORRIDOR_DEFAULT_M}
        """Metres, of what is drawn next."""

    def open(self, wanted: IncidentFilter, snapshot: Snapshot) -> None:
        self._shape = shapes.shape_of(wanted)
        self._had = self._shape is not None
        self._tool = self._shape["kind"] if self._shape else "radius"
        self._sees = wanted.sees
        if self._shape and "radius_m" in self._shape:
            self._widths[self._tool] = self._shape["radius_m"]
        self._dialog.clear()
        with self._dialog, tag("div", "cam-dialog", role="dialog", aria_label=self._words.language("pick.title")):
            self._build(snapshot, wanted)
        self._show()
        self._dialog.open()

    # Making --------------------------------------------------------------------------------------------------

    def _build(self, snapshot: Snapshot, wanted: IncidentFilter) -> None:
        say = self._words.language
        with tag("div", "cam-dialog__head"):
            tag("h2", "", say("pick.title"))
            close = icon_button("close", say("pick.cancel"), "cam-btn cam-btn--quiet cam-btn--icon")
            close.on("click", self._dialog.close)
        with tag("div", "cam-pick"):
            listed = places.cameras(snapshot.directory)
            self._map = Map(say, self._site.server.settings.map, listed, shape=self._shape, tool=self._tool)
            self._map.show(areas=list(wanted.areas))
            self._map.on("draw", self._on_draw)
            self._map.on("pick", lambda event: self._on_camera(str(event.args), snapshot))
            with tag("div", "cam-pick__side"):
                self._build_side()

    def _build_side(self) -> None:
        say = self._words.language
        with tag("div", "cam-pick__tools", role="group", aria_label=say("pick.shape")):
            self._tools: dict[Tool, Element] = {}
            for tool in TOOLS:
                made = button(say(_TOOL_WORDS[tool]), "cam-btn", TOOL_ICONS[tool], data_tool=tool)
                made.on("click", lambda chosen=tool: self._choose(chosen))
                self._tools[tool] = made
        self._hint = label("p", "cam-soft", "")
        self._fields: dict[str, tuple[Element, Field | Element]] = {}
        for tool, names in FIELDS.items():
            for name in names:
                self._build_field(tool, name)
        with tag("span", "cam-field__error", role="alert") as self._error:
            icon("error_outline")
            self._error_text = label("span", "", "")
        with tag("label", "cam-check"):
            sees = tag("input", "", type="checkbox", name="sees", checked=self._sees)
            sees.on("change", self._on_sees, js_handler="(e) => emit(e.target.checked)")
            tag("span", "", say("pick.sees"))
        tag("span", "cam-header__space")
        self._apply = button(say("pick.apply"), "cam-btn cam-btn--main", "check", data_test="pick-apply")
        self._apply.on("click", self._finish)
        self._erase = button(say("pick.erase"), "cam-btn", "delete", data_test="pick-erase")
        self._erase.on("click", self._finish_without)
        button(say("pick.cancel")).on("click", self._dialog.close)

    def _build_field(self, tool: Tool, name: str) -> None:
        say, hint = self._words.language, self._words.language(f"pick.{_hint_of(name)}")
        with tag("label", "cam-field") as field:
            tag("span", "cam-field__label", say(f"pick.{name}"))
            made: Field | Element
            if name.endswith("_points"):
                made = tag("textarea", "cam-input", name=name, rows=LINES, placeholder=hint.strip(), spellcheck="false")
                made.on(
                    "change",
                    lambda event: self._on_typed(tool, name, str(event.args)),
                    js_handler="(e) => emit(e.target.value)",
                )
            else:
                made = Field(name=name, hint=hint)
                made.on("entered", lambda event: self._on_typed(tool, name, str(event.args)))
            self._fields[name] = (field, made)

    # What the user does --------------------------------------------------------------------------------------

    def _choose(self, tool: Tool) -> None:
        """The other shape is kept until one of this kind is there: who looks around loses nothing."""
        self._tool = tool
        self._show()

    def _on_draw(self, event: GenericEventArguments) -> None:
        if event.args is None:
            self._shape = None
        elif (found := shapes.conditions(event.args)) is not None:
            self._take(shapes.shape_of(replace(IncidentFilter(), **found)))
        self._show()

    def _on_camera(self, camera: str, snapshot: Snapshot) -> None:
        entry = snapshot.directory.cameras.get(camera)
        if entry and entry.location and self._tool == "radius":
            self._take(shapes.circle(Point(entry.location.lat, entry.location.lon), self._widths["radius"]))
            self._show()

    def _on_sees(self, event: GenericEventArguments) -> None:
        self._sees = event.args is True

    def _on_typed(self, tool: Tool, name: str, text: str) -> None:
        try:
            self._read(tool, name, text)
        except InputError:
            key = {"polygon_points": "pick.polygon_wrong", "route_points": "pick.route_wrong"}.get(name)
            key = key or f"field.{'radius_m' if name == 'width_m' else name}"
            told = " ".join(text.split())
            self._show(error=self._words.language(key, text=told[:TOLD_MAX]))
        else:
            self._show()

    def _read(self, tool: Tool, name: str, text: str) -> None:
        """Raises InputError."""
        if name == "near":
            self._take(shapes.circle(parse_point(text), self._widths["radius"]))
        elif name == "bbox":
            self._take(shapes.box(parse_bbox(text)))
        elif name == "polygon_points":
            self._take(shapes.polygon(parse_points(_joined(text), "polygon", POLYGON_MIN_POINTS)))
        elif name == "route_points":
            points = parse_points(_joined(text), "route", ROUTE_MIN_POINTS)
            self._take(shapes.route(points, self._widths["route"]))
        else:
            self._widths[tool] = parse_radius(text)
            if self._shape and self._shape["kind"] == tool:
                self._shape = {**self._shape, "radius_m": self._widths[tool]}

    def _take(self, shape: Shape | None) -> None:
        self._shape = shape
        if shape:
            self._tool = shape["kind"]
            if "radius_m" in shape:
                self._widths[self._tool] = float(shape["radius_m"])

    async def _finish(self) -> None:
        found = shapes.conditions(self._shape) if self._shape else None
        self._dialog.close()
        if found is not None:
            await self._done({**found, "sees": self._sees})

    async def _finish_without(self) -> None:
        self._dialog.close()
        await self._done({**shapes.NO_PLACE, "sees": True})

    # Showing -------------------------------------------------------------------------------------------------

    def _show(self, error: str | None = None) -> None:
        shape = self._shape
        for tool, made in self._tools.items():
            made.props["aria-pressed"] = str(tool == self._tool).lower()
        self._hint.text = self._words.language(f"pick.{self._tool}_how")
        values = self._values()
        for name, (field, made) in self._fields.items():
            field.set_visibility(name in FIELDS[self._tool])
            if error is not None:
                continue
            if isinstance(made, Field):
                made.fill(values.get(name, ""))
            else:
                made.props["value"] = values.get(name, "")
        self._error.set_visibility(error is not None)
        self._error_text.text = error or ""
        self._apply.props["disabled"] = shape is None
        self._erase.set_visibility(self._had)
        self._map.props["radius-m"] = self._widths["route" if self._tool == "route" else "radius"]
        self._map.show(shape=shape, tool=self._tool)

    def _values(self) -> dict[str, str]:
        """What the fields say."""
        values = {"radius_m": f"{self._widths['radius']:g}", "width_m": f"{self._widths['route']:g}"}
        shape = self._shape
        if shape is None:
            return values
        if shape["kind"] == "radius":
            values["near"] = f"{shape['lat']:.6f}, {shape['lon']:.6f}"
        elif shape["kind"] == "box":
            values["bbox"] = ", ".join(f"{shape[edge]:.6f}" for edge in ("west", "south", "east", "north"))
        else:
            lines = (f"{lat:.6f}, {lon:.6f}" for lat, lon in shape["points"])
            values[f"{shape['kind']}_points"] = "\n".join(lines)
        return values


_TOOL_WORDS: Mapping[Tool, str] = {
    "radius": "pick.circle",
    "box": "pick.box",
    "polygon": "pick.polygon",
    "route": "pick.route",
}


def _hint_of(name: str) -> str:
    return "radius_m_hint" if name == "width_m" else f"{name}_hint"


def _joined(text: str) -> str:
    """A line each, or with semicolons."""
    return ";".join(line for line in text.replace(";", "\n").splitlines() if line.strip())
