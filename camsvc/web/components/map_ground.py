"""What the maps share: what lies beneath each, and its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nicegui.elements.leaflet as nicegui_leaflet

from camsvc.config import MapSettings
from camsvc.web.components import modules  # noqa: F401  registers what the maps' scripts import
from camsvc.web.language import Language
from camsvc.web.plain import asset

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
