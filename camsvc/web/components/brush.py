"""How many incidents when, over which a time is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nicegui.element import Element

from camsvc.db.queries.tallies import Unit
from camsvc.domain.search import IncidentFilter
from camsvc.web.components import modules  # noqa: F401  registers what brush.js imports
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
DAY = timedelta(days=1)
NICE = (
    *(timedelta(minutes=n) for n in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(timedelta(days=n) for n in (1, 2, 5, 10)),
)
"""Steps that people count time by."""
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
    """Some edges of bars with what to write there, [ms, text]: full hours and quarters rather than every so-manieth."""
    unit, width = extent.step()
    if unit is not None:
        return [[ms(each.start), _day(wall, each, unit)] for each in columns[:: max(1, -(-len(columns) // TICKS))]]
    least = extent.length / TICKS
    step = next((each for each in NICE if each >= max(least, width)), NICE[-1])
    found: list[list[Any]] = []
    day = ""
    for each in columns:
        local = each.start.astimezone(wall.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if (local.replace(tzinfo=None) - midnight.replace(tzinfo=None)) % step or (step >= DAY and _odd(local, step)):
            continue
        date = f"{local:%d/%m}"
        clock = f"{local:%H:%M}" if step < DAY else ""
        found.append([ms(each.start), clock if date == day else f"{date} {clock}".strip()])
        day = date
    return found


def _day(wall: Wall, column: Column, unit: Unit) -> str:
    local = column.start.astimezone(wall.zone)
    return f"{local:%m/%Y}" if unit is Unit.MONTH else f"{local:%d/%m/%y}"


def _odd(local: datetime, step: timedelta) -> bool:
    return bool(local.date().toordinal() % max(1, step // DAY))


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
