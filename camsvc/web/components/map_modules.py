"""The scripts that the maps share: ES modules, imported by them as ``camsvc-map/….js``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nicegui.elements.leaflet as nicegui_leaflet
from nicegui.dependencies import register_esm

from camsvc.config import MapSettings
from camsvc.web.language import Language
from camsvc.web.plain import asset

MODULES = Path(__file__).parent / "map"
NAME = "camsvc-map"
LEAFLET = Path(nicegui_leaflet.__file__).parent / "dist"
"""Comes with NiceGUI; its style sheet is loaded by ``ground.js``."""
GROUND_TEXTS = (
    "map.label",
    "map.zoom_in",
    "map.zoom_out",
    "map.fit",
    "map.cameras",
    "map.cameras_more",
    "map.incidents",
)
EARTH_CENTRE = (16.05, 106.9, 6)
"""Where a map without cameras, boundaries or a configured centre begins: Viet Nam."""
BOUNDARIES_URL = "/assets/boundaries.geojson"
ROADS_URL = "/assets/roads.geojson"

# Browsers keep what they fetched for as long as its address stays the same: the address must change with every script.
register_esm(NAME, MODULES, max_time=max(file.stat().st_mtime for file in MODULES.glob("*.js")))


def ground(settings: MapSettings, language: Language) -> dict[str, Any]:
    """What lies beneath every map, for ``ground.js``. Names another host only where ``map.tiles_url`` is set."""
    placed = settings.lat is not None and settings.lon is not None
    centre = (settings.lat, settings.lon, settings.zoom) if placed else EARTH_CENTRE
    return {
        "centre": list(centre),
        "tiles": settings.tiles_url,
        "attribution": settings.attribution,
        "layers": [
            url
            for url, file in ((BOUNDARIES_URL, settings.boundaries), (ROADS_URL, settings.roads))
            if file is not None
        ],
        "style": asset("map.css"),
        "texts": language.some(GROUND_TEXTS),
    }
