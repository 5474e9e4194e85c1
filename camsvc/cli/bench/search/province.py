"""A province that never was: districts, communes, and cameras that stand close together where people are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from camsvc.config import CameraConfig
from camsvc.domain.geo import Location

CENTRE = (21.18, 106.07)
DISTRICTS = 8
COMMUNES_MIN, COMMUNES_MAX = 9, 16
COMMUNE_RADIUS_M = 600.0
"""Cameras of a commune stand around its centre, half of them nearer than this."""
M_PER_DEG = 111_195.0
MOST_OF_ONE = 6.0
"""A busy crossing sees at most this many times as much as the average camera."""
SEED = 7


class Character(StrEnum):
    """What a camera looks at decides what it can see at all."""

    ROAD = "road"
    GATE = "gate"
    SQUARE = "square"


SHARES = {Character.ROAD: 0.60, Character.GATE: 0.28, Character.SQUARE: 0.12}


@dataclass(frozen=True, slots=True)
class Camera:
    id: str
    area: str
    location: Location
    character: Character
    weight: float
    """How much it sees, beside the average of 1."""

    def config(self) -> CameraConfig:
        place = self.location
        return CameraConfig.model_validate(
            {
                "id": self.id,
                "name": self.id,
                "area": self.area,
                "location": {
                    "lat": place.lat,
                    "lon": place.lon,
                    "heading_deg": place.heading_deg,
                    "fov_deg": place.fov_deg,
                    "range_m": place.range_m,
                },
                "streams": {"main": f"rtsp://192.0.2.1:554/{self.id}"},
            }
        )


def cameras(count: int) -> list[Camera]:
    """The same ones for the same ``count``. Every commune has one at least, if there are enough."""
    rng = np.random.default_rng(SEED)
    communes = _communes(rng)
    weights = rng.pareto(1.4, len(communes)) + 0.4
    homes = np.concatenate(
        [np.arange(len(communes)), rng.choice(len(communes), max(0, count - len(communes)), p=weights / weights.sum())]
    )[:count]
    seen = np.minimum(rng.lognormal(0.0, 0.8, count), MOST_OF_ONE)
    characters = rng.choice(len(SHARES), count, p=list(SHARES.values()))
    found = []
    for number, home in enumerate(homes):
        area, lat, lon = communes[int(home)]
        distance, angle = abs(rng.normal(0, COMMUNE_RADIUS_M)), rng.uniform(0, 2 * math.pi)
        location = Location(
            round(lat + distance * math.cos(angle) / M_PER_DEG, 6),
            round(lon + distance * math.sin(angle) / (M_PER_DEG * math.cos(math.radians(lat))), 6),
            float(rng.integers(0, 360)),
            70.0,
            80.0,
        )
        character = list(SHARES)[int(characters[number])]
        found.append(Camera(f"cam-{number:05}", area, location, character, float(seen[number])))
    return found


def _communes(rng: np.random.Generator) -> list[tuple[str, float, float]]:
    """Area path and centre of each."""
    found = []
    for district in range(1, DISTRICTS + 1):
        angle = 2 * math.pi * district / DISTRICTS
        lat, lon = CENTRE[0] + 0.16 * math.sin(angle), CENTRE[1] + 0.17 * math.cos(angle)
        for commune in range(1, int(rng.integers(COMMUNES_MIN, COMMUNES_MAX + 1)) + 1):
            place = (lat + rng.normal(0, 0.035), lon + rng.normal(0, 0.035))
            found.append((f"tinh-mau/huyen-{district}/xa-{district}-{commune:02}", float(place[0]), float(place[1])))
    return found
