"""Where one camera stands and what it sees, set on the map with handles.

For the form that puts it up::

    placing = CameraMap(say, settings.map, camera.location, others=places.cameras(directory))
    placing.on("change", lambda event: take(placed(event.args)))     # a Location; None: erased or no numbers
    placing.fill(location)                                            # after the fields beside it were typed into
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nicegui.element import Element

from camsvc.config import MapSettings
from camsvc.domain.geo import Location
from camsvc.web.components.map_ground import LEAFLET, ground
from camsvc.web.language import Language

TEXTS = (
    "map.camera.how",
    "map.camera.position",
    "map.camera.aim",
    "map.camera.left",
    "map.camera.right",
)
RANGE_DEFAULT_M = 60.0
"""Of a camera whose range is not known, so that there is a handle to take."""
FOV_DEFAULT_DEG = 70.0


class CameraMap(Element, component="camera_map.js"):
    """Emits ``change`` with a location (``placed``) when a handle was moved: the camera itself, its aim (heading and
    range at once), the two edges of its field of view. A click where no camera is puts it there. Every handle can be
    reached with Tab and moved with the arrow keys."""

    def __init__(
        self,
        language: Language,
        settings: MapSettings,
        location: Location | None,
        *,
        others: Sequence[dict[str, Any]] = (),
    ) -> None:
        """``others``: cameras for orientation, as ``web.places.cameras`` makes them."""
        super().__init__()
        self.add_resource(LEAFLET)
        self.props["ground"] = ground(settings, language)
        self.props["location"] = location_json(location)
        self.props["others"] = list(others)
        self.props["range-m"] = RANGE_DEFAULT_M
        self.props["fov-deg"] = FOV_DEFAULT_DEG
        self.props["locale"] = language.code
        self.props["texts"] = language.some(TEXTS)

    def fill(self, location: Location | None) -> None:
        if self.props["location"] != location_json(location):
            self.props["location"] = location_json(location)
            self.update()


def location_json(location: Location | None) -> dict[str, float | None] | None:
    if location is None:
        return None
    return {
        "lat": location.lat,
        "lon": location.lon,
        "heading_deg": location.heading_deg,
        "fov_deg": location.fov_deg,
        "range_m": location.range_m,
    }


def placed(told: object) -> Location | None:
    """What a ``change`` says: degrees to 0.1 m of position, whole degrees of angles, metres. None for anything else
    that a browser may send."""
    if not isinstance(told, Mapping):
        return None
    try:
        lat, lon = round(float(told["lat"]), 6), round(float(told["lon"]), 6)
        heading, fov, range_m = (
            None if told.get(name) is None else round(float(told[name]), digits)
            for name, digits in (("heading_deg", 0), ("fov_deg", 0), ("range_m", 1))
        )
    except (KeyError, TypeError, ValueError):
        return None
    numbers = [each for each in (lat, lon, heading, fov, range_m) if each is not None]
    if not all(map(math.isfinite, numbers)) or not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    return Location(
        lat,
        lon,
        heading_deg=None if heading is None else heading % 360,
        fov_deg=None if fov is None else min(360.0, max(1.0, fov)),
        range_m=None if range_m is None else max(1.0, range_m),
    )
