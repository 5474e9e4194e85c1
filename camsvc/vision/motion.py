"""Where an object is and will be: one small Kalman filter per side of its box, in real seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from camsvc.domain.track import Box

# All noises are in sizes of the object (its width for x, its height for y), so that near and far objects behave alike.
MEASUREMENT_STD: Final = 0.05
"""A detector's box wobbles by about a twentieth of its size from frame to frame (ByteTrack uses the same)."""
WALK_STD: Final = 0.15
"""Position noise per √s: limbs, shadows, a box that breathes."""
ACCELERATION_STD: Final = 1.0
"""Velocity noise per √s: a walker turns, a car brakes within a second."""
SIZE_WALK_STD: Final = 0.1
SIZE_ACCELERATION_STD: Final = 0.2
FIRST_VELOCITY_STD: Final = 1.5
"""Sizes per second of a new object: a walker crosses its own width in a second, a car its length in half of one."""
COAST_S: Final = 3.0
"""Unseen objects lose their speed with this time constant: a guess must not run away during a long gap."""


@dataclass(slots=True)
class _Side:
    """Position and velocity of one coordinate, with their covariance."""

    position: float
    velocity: float
    pp: float
    pv: float
    vv: float

    def predict(self, dt_s: float, walk: float, acceleration: float) -> None:
        decay = math.exp(-dt_s / COAST_S)
        reach = COAST_S * (1 - decay)
        self.position += self.velocity * reach
        self.velocity *= decay
        self.pp += 2 * reach * self.pv + reach * reach * self.vv + walk * walk * dt_s + acceleration**2 * dt_s**3 / 3
        self.pv = decay * (self.pv + reach * self.vv) + acceleration**2 * dt_s**2 / 2
        self.vv = decay * decay * self.vv + acceleration**2 * dt_s

    def correct(self, measured: float, noise: float) -> None:
        total = self.pp + noise * noise
        gain_p, gain_v = self.pp / total, self.pv / total
        error = measured - self.position
        self.position += gain_p * error
        self.velocity += gain_v * error
        self.vv -= gain_v * self.pv
        self.pp *= 1 - gain_p
        self.pv *= 1 - gain_p


class Motion:
    """Constant velocity with friction, for the centre and the size of one box. Fractions of the picture and seconds."""

    __slots__ = ("_height", "_width", "_x", "_y")

    def __init__(self, box: Box) -> None:
        x, y = box.centre
        self._x = _new(x, box.width)
        self._y = _new(y, box.height)
        self._width = _new(box.width, box.width * 0.2)
        self._height = _new(box.height, box.height * 0.2)

    @property
    def box(self) -> Box:
        width, height = max(self._width.position, 1e-4), max(self._height.position, 1e-4)
        return Box(self._x.position - width / 2, self._y.position - height / 2, width, height)

    @property
    def velocity(self) -> tuple[float, float]:
        """Fractions of the picture's width and height per second."""
        return self._x.velocity, self._y.velocity

    @property
    def uncertainty(self) -> tuple[float, float]:
        """Standard deviation of the centre: how far from ``box`` the object may be."""
        return math.sqrt(self._x.pp), math.sqrt(self._y.pp)

    def predict(self, dt_s: float) -> None:
        width, height = max(self._width.position, 1e-4), max(self._height.position, 1e-4)
        self._x.predict(dt_s, WALK_STD * width, ACCELERATION_STD * width)
        self._y.predict(dt_s, WALK_STD * height, ACCELERATION_STD * height)
        self._width.predict(dt_s, SIZE_WALK_STD * width, SIZE_ACCELERATION_STD * width)
        self._height.predict(dt_s, SIZE_WALK_STD * height, SIZE_ACCELERATION_STD * height)

    def correct(self, box: Box, confidence: float) -> None:
        """A detection was here. An unsure one moves the object less: it is often half hidden and its box too small."""
        noise = MEASUREMENT_STD * (2.0 - confidence)
        x, y = box.centre
        self._x.correct(x, noise * box.width)
        self._y.correct(y, noise * box.height)
        self._width.correct(box.width, 2 * noise * box.width)
        self._height.correct(box.height, 2 * noise * box.height)


def _new(position: float, size: float) -> _Side:
    return _Side(position, 0.0, (2 * MEASUREMENT_STD * size) ** 2, 0.0, (FIRST_VELOCITY_STD * size) ** 2)
