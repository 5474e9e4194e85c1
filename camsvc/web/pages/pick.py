"""Choosing a place on the map: a circle or a box, drawn with the mouse or typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from camsvc.db.filters import parse_bbox, parse_point, parse_radius
from camsvc.domain.geo import Box, Point
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError
from camsvc.web import places
from camsvc.web.components.field import Field
from camsvc.web.components.map import Map, drawn, shape_of
from camsvc.web.lookout import Snapshot
from camsvc.web.markup import button, icon, icon_button, label, tag
from camsvc.web.site import Site
from camsvc.web.view import RADIUS_DEFAULT_M
from camsvc.web.words import Words

Place = tuple[Point, float] | Box


class PlacePicker:
    """A dialog, made when it is first opened: most searches need no map."""

    def __init__(self, site: Site, words: Words, done: Callable[[Place | None], Awaitable[None]]) -> None:
        self._site = site
        self._words = words
        self._done = done
        self._dialog = ui.dialog()
        self._shape: dict[str, Any] | None = None
        self._tool = "radius"

    def open(self, wanted: IncidentFilter, snapshot: Snapshot) -> None:
        self._shape = shape_of(wanted)
        self._tool = "box" if wanted.bbox else "radius"
        self._dialog.clear()
        with self._dialog, tag("div", "cam-dialog", role="dialog", aria_label=self._words.language("pick.title")):
            self._build(snapshot)
        self._show()
        self._dialog.open()

    def _build(self, snapshot: Snapshot) -> None:
        say = self._words.language
        with tag("div", "cam-dialog__head"):
            tag("h2", "", say("pick.title"))
            icon_button("close", say("pick.cancel"), "cam-btn cam-btn--quiet cam-btn--icon").on(
                "click", self._dialog.close
            )
        with tag("div", "cam-pick"):
            self._map = Map(
                say,
                self._site.server.settings.map,
                places.cameras(snapshot.directory),
                shape=self._shape,
                tool=self._tool,
            )
            self._map.on("draw", self._on_draw)
            self._map.on("pick", lambda event: self._on_camera(str(event.args), snapshot))
            with tag("div", "cam-pick__side"):
                self._build_side()

    def _build_side(self) -> None:
        say = self._words.language
        with tag("div", "cam-seg", role="group", aria_label=say("pick.shape")):
            self._tools = {
                "radius": button(say("pick.circle"), "", "radio_button_unchecked", data_tool="radius"),
                "box": button(say("pick.box"), "", "crop_square", data_tool="box"),
            }
            for name, made in self._tools.items():
                made.on("click", lambda tool=name: self._choose(tool))
        self._hint = label("p", "cam-soft", "")
        self._fields: dict[str, tuple[Element, Field]] = {}
        for name in ("near", "radius_m", "bbox"):
            with tag("label", "cam-field") as field:
                tag("span", "cam-field__label", say(f"pick.{name}"))
                made = Field(name=name, hint=say(f"pick.{name}_hint"))
                made.on("entered", lambda event, name=name: self._on_typed(name, str(event.args)))
                self._fields[name] = (field, made)
        with tag("span", "cam-field__error", role="alert") as self._error:
            icon("error_outline")
            self._error_text = label("span", "", "")
        tag("span", "cam-header__space")
        self._apply = button(say("pick.apply"), "cam-btn cam-btn--main", "check", data_test="pick-apply")
        self._apply.on("click", self._finish)
        button(say("pick.cancel")).on("click", self._dialog.close)

    def _choose(self, tool: str) -> None:
        if tool != self._tool:
            self._tool = tool
            self._shape = None
            self._show()

    def _on_draw(self, event: GenericEventArguments) -> None:
        place = drawn(event)
        if isinstance(place, Box):
            self._shape = {
                "kind": "box",
                "west": place.west,
                "south": place.south,
                "east": place.east,
                "north": place.north,
            }
        elif place:
            given = event.args.get("radius_m")
            radius_m = given if isinstance(given, (int, float)) and given > 0 else self._radius_m()
            self._circle(place, float(radius_m))
        self._show()

    def _on_camera(self, camera: str, snapshot: Snapshot) -> None:
        entry = snapshot.directory.cameras.get(camera)
        if entry and entry.location and self._tool == "radius":
            self._circle(Point(entry.location.lat, entry.location.lon), self._radius_m())
            self._show()

    def _on_typed(self, name: str, text: str) -> None:
        try:
            if name == "near":
                self._circle(parse_point(text), self._radius_m())
            elif name == "radius_m" and self._shape:
                self._shape = {**self._shape, "radius_m": parse_radius(text)}
            elif name == "radius_m":
                self._pending_m = parse_radius(text)
            elif name == "bbox":
                box = parse_bbox(text)
                self._shape = {
                    "kind": "box",
                    "west": box.west,
                    "south": box.south,
                    "east": box.east,
                    "north": box.north,
                }
        except InputError:
            self._show(error=self._words.language(f"field.{name}", text=text))
        else:
            self._show()

    _pending_m: float = RADIUS_DEFAULT_M

    def _radius_m(self) -> float:
        return float(self._shape["radius_m"]) if self._shape and self._shape["kind"] == "radius" else self._pending_m

    def _circle(self, centre: Point, radius_m: float) -> None:
        self._pending_m = radius_m
        self._shape = {"kind": "radius", "lat": centre.lat, "lon": centre.lon, "radius_m": radius_m}

    def _show(self, error: str | None = None) -> None:
        say, shape = self._words.language, self._shape
        for name, made in self._tools.items():
            made.props["aria-pressed"] = str(name == self._tool).lower()
        self._hint.text = say(f"pick.{self._tool}_how")
        values = {"near": "", "radius_m": f"{self._radius_m():g}", "bbox": ""}
        if shape and shape["kind"] == "radius":
            values["near"] = f"{shape['lat']:.6g}, {shape['lon']:.7g}"
        elif shape:
            values["bbox"] = ", ".join(f"{shape[edge]:.7g}" for edge in ("west", "south", "east", "north"))
        for name, (field, made) in self._fields.items():
            field.set_visibility((name == "bbox") == (self._tool == "box"))
            if error is None:
                made.fill(values[name])
        self._error.set_visibility(error is not None)
        self._error_text.text = error or ""
        self._apply.props["disabled"] = shape is None
        self._map.show(shape=shape, tool=self._tool)

    async def _finish(self) -> None:
        shape = self._shape
        self._dialog.close()
        if shape is None:
            return
        if shape["kind"] == "box":
            await self._done(Box(shape["west"], shape["south"], shape["east"], shape["north"]))
        else:
            await self._done((Point(shape["lat"], shape["lon"]), shape["radius_m"]))
