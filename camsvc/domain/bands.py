"""Parts of a shape by latitude: so that most of a long one need not be looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

_Part = TypeVar("_Part")

BANDS_MAX = 256


class Bands(Generic[_Part]):
    """Immutable; of about as many bands as there are parts."""

    def __init__(self, parts: Sequence[_Part], extent: Callable[[_Part], tuple[float, float]]) -> None:
        """``extent``: the lowest and the highest latitude of a part."""
        extents = [extent(part) for part in parts]
        self._south = min(south for south, _ in extents)
        self._north = max(north for _, north in extents)
        self._count = min(BANDS_MAX, len(parts))
        self._bands: list[list[_Part]] = [[] for _ in range(self._count)]
        for part, (south, north) in zip(parts, extents, strict=True):
            for band in range(self._band(south), self._band(north) + 1):
                self._bands[band].append(part)

    def between(self, south: float, north: float) -> Iterable[_Part]:
        """All parts that reach into these latitudes, and perhaps some more; each at least once."""
        if north < self._south or south > self._north:
            return
        first, last = self._band(south), self._band(north)
        if first == last:
            yield from self._bands[first]
            return
        seen: set[int] = set()
        for band in range(first, last + 1):
            for part in self._bands[band]:
                if id(part) not in seen:
                    seen.add(id(part))
                    yield part

    def _band(self, lat: float) -> int:
        """Rises with ``lat``, whatever is rounded."""
        height = self._north - self._south
        if height <= 0:
            return 0
        part = max(0.0, min(1.0, (lat - self._south) / height))
        return min(self._count - 1, int(part * self._count))
