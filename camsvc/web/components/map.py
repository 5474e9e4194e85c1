"""The map: cameras and what they see, incidents counted where they were, how many there are (heat), and a shape that
the user draws. Works without tiles and without internet; asks another host only where ``map.tiles_url`` is set.

For the page that puts it up::

    self._map = Map(say, settings.map, found.places(...), tools=TOOLS, offers_heat=True)
    self._map.show_filter(view.filter)              # its shapes; also whenever the filter changed
    self._map.on("draw", self._on_draw)             # shapes.conditions(event.args) → members of IncidentFilter, or None
    self._map.on("pick", self._on_camera)           # event.args: id of a place; a cluster zooms in by itself
    self._map.on("heat", self._on_heat)             # event.args: True when it is switched on: then call…
    self._map.show_heat(service.heat(server, user, view.filter, HEAT_CELL_DEG, source=…))   # …after each search, too
    self._map.show(places=…, selected=…)            # what changed; nothing is sent for what did not

Drawing needs a pointer; who has none types the place (``pages.pick.PlacePicker``), or moves the handles of a shape
that is there with the arrow keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui.element import Element

from camsvc.config import MapSettings
from camsvc.db.queries.tallies import Heat
from camsvc.domain.search import IncidentFilter
from camsvc.web.components.map_ground import BOUNDARIES_URL, LEAFLET, ROADS_URL, ground
from camsvc.web.language import Language
from camsvc.web.shapes import Shape, Tool, shapes_of
from camsvc.web.view import RADIUS_DEFAULT_M

__all__ = ["BOUNDARIES_URL", "HEAT_CELL_DEG", "ROADS_URL", "Map"]

TEXTS = (
    "map.heat",
    "map.heat_about",
    "map.heat_none",
    "map.draw.label",
    "map.draw.radius",
    "map.draw.box",
    "map.draw.polygon",
    "map.draw.route",
    "map.draw.radius_how",
    "map.draw.box_how",
    "map.draw.polygon_how",
    "map.draw.route_how",
    "map.draw.undo",
    "map.draw.erase",
    "map.draw.centre",
    "map.draw.radius_handle",
    "map.draw.width_handle",
    "map.draw.corner",
    "map.draw.between",
)
HEAT_CELL_DEG = 0.0005
"""Some 50 m: as fine as the closest zoom can show. The browser puts cells together as the map is zoomed out."""
HEAT_CELLS_MAX = 5000
"""Sent to the browser, the fullest: a cell holds one camera at least, and no province has more."""


class Map(Element, component="map.js"):
    """Emits ``pick`` with the id of a place, ``draw`` with a shape (``shapes.conditions``) or None when it was erased,
    ``heat`` with whether it is wanted.

    ``places``: as ``web.places`` and ``components.cameras.place`` make them. Crowded ones are put together.
    ``shape``: the one that can be changed; ``also``: others, only shown. ``tool``: what a click or drag draws at once;
    ``tools``: those that the map itself offers in a bar, "" none. ``radius_m``: of a circle or a route that has none.
    ``areas``: paths of those whose boundaries are marked. ``offers_heat``: a button for it.
    """

    def __init__(
        self,
        language: Language,
        settings: MapSettings,
        places: Sequence[dict[str, Any]],
        *,
        shape: Shape | None = None,
        tool: Tool | None = None,
        tools: Sequence[Tool] = (),
        selected: str | None = None,
        offers_heat: bool = False,
        radius_m: float = RADIUS_DEFAULT_M,
        areas: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.add_resource(LEAFLET)
        self.props["ground"] = ground(settings, language)
        self.props["places"] = list(places)
        self.props["shape"] = shape
        self.props["also"] = []
        self.props["tool"] = tool or ""
        self.props["tools"] = list(tools)
        self.props["selected"] = selected
        self.props["heat"] = None
        self.props["offers-heat"] = offers_heat
        self.props["radius-m"] = radius_m
        self.props["areas"] = list(areas)
        self.props["locale"] = language.code
        self.props["texts"] = language.some(TEXTS)

    def show(self, **props: Any) -> None:  # noqa: ANN401  values of the component's props
        """Change ``places``, ``shape``, ``also``, ``tool``, ``selected`` or ``areas`` (paths of those whose boundaries
        are marked); nothing is sent where nothing changed."""
        changed = {name: value for name, value in props.items() if self.props[name] != value}
        self.props.update(changed)
        if changed:
            self.update()

    def show_filter(self, wanted: IncidentFilter) -> None:
        """The shapes and areas that ``wanted`` narrows to."""
        shapes = shapes_of(wanted)
        self.show(shape=shapes[0] if shapes else None, also=shapes[1:], areas=list(wanted.areas))

    def show_heat(self, heat: Heat | None) -> None:
        """Counts of ``heat`` in cells of HEAT_CELL_DEG; None takes them away."""
        self.show(heat=None if heat is None else heat_json(heat))


def heat_json(heat: Heat) -> dict[str, Any]:
    """Centres of cells with their number, the fullest first."""
    half = HEAT_CELL_DEG / 2
    cells = heat.cells[:HEAT_CELLS_MAX]
    return {
        "cells": [[round(each.south + half, 6), round(each.west + half, 6), each.number] for each in cells],
        "exact": heat.exact and len(cells) == len(heat.cells),
    }
