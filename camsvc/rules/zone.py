"""Zones: polygons over the picture, in fractions of its width and height."""

from __future__ import annotations

from camsvc.domain.camera import Polygon

EDGE = 1e-9
"""A point this near an edge lies on it: zones reach the picture's border and so do the feet of cut-off objects."""


def contains(polygon: Polygon, point: tuple[float, float]) -> bool:
    """Whether ``point`` lies in ``polygon`` or on its edge (even-odd rule, so a self-crossing zone has holes).

    A point outside the picture counts as on its border: a box may reach a little beyond.
    """
    x, y = (min(max(value, 0.0), 1.0) for value in point)
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if _on_edge(x, y, x1, y1, x2, y2):
            return True
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


def _on_edge(x: float, y: float, x1: float, y1: float, x2: float, y2: float) -> bool:
    across = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
    if abs(across) > EDGE:
        return False
    return min(x1, x2) - EDGE <= x <= max(x1, x2) + EDGE and min(y1, y2) - EDGE <= y <= max(y1, y2) + EDGE
