"""The map element. Makes no request to another host unless an operator has set ``map.tiles_url``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nicegui.elements.leaflet as nicegui_leaflet
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from camsvc.config import MapSettings
from camsvc.domain.geo import Box, Point
from camsvc.domain.search import IncidentFilter
from camsvc.web.language import Language

TEXTS = ("map.label", "map.zoom_in", "map.zoom_out")
EARTH_CENTRE = (16.05, 106.9, 6)
"""Where a map without cameras, boundaries or a configured centre begins: Viet Nam."""
BOUNDARIES_URL = "/assets/boundaries.geojson"
_LEAFLET = Path(nicegui_leaflet.__file__).parent / "dist"


class Map(Element, component="map.js"):
    """Emits ``pick`` with the id of a place, ``draw`` with a shape (``shape_of``)."""

    def __init__(
        self,
        language: Language,
        settings: MapSettings,
        places: Sequence[dict[str, Any]],
        *,
        shape: dict[str, Any] | None = None,
        tool: str = "",
        selected: str | None = None,
    ) -> None:
        super().__init__()
        self.add_resource(_LEAFLET)
        centre = (
            (settings.lat, settings.lon, settings.zoom)
            if settings.lat is not None and settings.lon is not None
            else None
        )
        self.props["places"] = list(places)
        self.props["shape"] = shape
        self.props["tool"] = tool
        self.props["selected"] = selected
        self.props["centre"] = list(centre or EARTH_CENTRE)
        self.props["tiles"] = settings.tiles_url
        self.props["attribution"] = settings.attribution
        self.props["boundaries"] = BOUNDARIES_URL if settings.boundaries else None
        self.props["texts"] = language.some(TEXTS)

    def show(self, **props: Any) -> None:  # noqa: ANN401  values of the component's props
        """Change ``places``, ``shape``, ``tool`` or ``selected``; nothing is sent where nothing changed."""
        changed = {name: value for name, value in props.items() if self.props[name] != value}
        self.props.update(changed)
        if changed:
            self.update()


def shape_of(wanted: IncidentFilter) -> dict[str, Any] | None:
    if wanted.bbox:
        box = wanted.bbox
        return {"kind": "box", "west": box.west, "south": box.south, "east": box.east, "north": box.north}
    if wanted.near and wanted.radius_m is not None:
        return {"kind": "radius", "lat": wanted.near.lat, "lon": wanted.near.lon, "radius_m": wanted.radius_m}
    return None


def drawn(event: GenericEventArguments) -> Point | Box | None:
    """The centre or the box that was drawn; None when the event does not hold numbers in range."""
    shape = event.args
    try:
        if shape["kind"] == "box":
            box = Box(*(round(float(shape[edge]), 6) for edge in ("west", "south", "east", "north")))
            return box if box.south < box.north and box.west < box.east else None
        return Point(round(float(shape["lat"]), 6), round(float(shape["lon"]), 6))
    except (KeyError, TypeError, ValueError):
        return None
