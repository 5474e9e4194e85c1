"""How many incidents when, over which a time is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nicegui.element import Element

from camsvc.db.queries.tallies import Unit
from camsvc.domain.search import IncidentFilter
from camsvc.web.extent import Column, Extent
from camsvc.web.moments import Wall
from camsvc.web.words import Words

TEXTS = (
    "brush.label",
    "brush.none",
    "brush.from",
    "brush.to",
    "brush.earlier",
    "brush.later",
    "brush.zoom_in",
    "brush.zoom_out",
    "brush.zoom_to",
)
TICKS = 9
"""About so many words have room below the bars."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Brush(Element, component="brush.js"):
    """Emits ``select`` with [from, to] or None, ``extent`` with [start, end]; all of them ms since 1970."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self.props["columns"] = None
        self.props["exact"] = True
        self.props["extent"] = [0, 1]
        self.props["selection"] = None
        self.props["ticks"] = []
        self.props["zone"] = words.wall.zone.key
        self.props["locale"] = "vi" if words.language.code == "vi" else "en-GB"
        self.props["texts"] = words.language.some(TEXTS)

    def choose(self, wanted: IncidentFilter) -> None:
        """Show the time that is searched."""
        edges = [ms(edge) if edge else None for edge in (wanted.from_, wanted.to)]
        self._set(selection=edges if any(edge is not None for edge in edges) else None)

    def fill(self, extent: Extent, columns: Sequence[Column], *, exact: bool) -> None:
        self._set(
            columns=[[ms(each.start), ms(each.end), each.number] for each in columns],
            extent=[ms(extent.start), ms(extent.end)],
            ticks=ticks(self._words.wall, extent, columns),
            exact=exact,
        )

    def _set(self, **props: Any) -> None:  # noqa: ANN401  values of the component's props
        changed = {name: value for name, value in props.items() if self.props[name] != value}
        self.props.update(changed)
        if changed:
            self.update()


def ticks(wall: Wall, extent: Extent, columns: Sequence[Column]) -> list[list[Any]]:
    """Some edges of bars with what to write there: [ms, text]."""
    unit, _ = extent.step()
    every = max(1, -(-len(columns) // TICKS))
    found: list[list[Any]] = []
    day = ""
    for each in columns[::every]:
        local = each.start.astimezone(wall.zone)
        if unit is Unit.MONTH:
            text = f"{local:%m/%Y}"
        elif unit is not None:
            text = f"{local:%d/%m/%y}"
        else:
            date = f"{local:%d/%m}"
            text = f"{local:%H:%M}" if date == day else f"{date} {local:%H:%M}"
            day = date
        found.append([ms(each.start), text])
    return found


def ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def moment(value: object) -> datetime | None:
    """What the browser sent; None when it is no time."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return _EPOCH + timedelta(milliseconds=round(value))
    except (OverflowError, ValueError):
        return None
