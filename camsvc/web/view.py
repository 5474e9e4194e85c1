"""What a search page shows, as its link says it: the conditions by the names of the REST API, and the layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import urlencode

from camsvc.db import filters
from camsvc.db.filters import Terms
from camsvc.db.named_filter import SEVERAL
from camsvc.domain.geo import Point
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError
from camsvc.web.fields import FieldError

RADIUS_DEFAULT_M = 500.0
"""Around a point that was picked without a radius: a few street corners."""
PLURALS = SEVERAL
"""Parameters that may be given several times: their members of IncidentFilter, and of Terms."""


class Layout(StrEnum):
    CARDS = "cards"
    TABLE = "table"
    MAP = "map"
    TIMELINE = "timeline"


@dataclass(frozen=True)
class SearchView:
    filter: IncidentFilter = field(default_factory=IncidentFilter)
    layout: Layout = Layout.CARDS

    @property
    def is_narrowed(self) -> bool:
        return self.filter != IncidentFilter()

    def query(self) -> str:
        """Without a leading ``?``; the same view gives the same text, and nothing for the default view."""
        wanted = self.filter
        pairs: list[tuple[str, str]] = []
        if wanted.from_:
            pairs.append(("from", link_time(wanted.from_)))
        if wanted.to:
            pairs.append(("to", link_time(wanted.to)))
        pairs += [("area", each) for each in wanted.areas]
        pairs += [("camera", each) for each in wanted.cameras]
        if wanted.near and wanted.radius_m is not None:
            pairs.append(("near", _points([wanted.near])))
        if wanted.route:
            pairs.append(("route", _points(wanted.route)))
        if wanted.radius_m is not None:
            pairs.append(("radius_m", _number(wanted.radius_m)))
        if wanted.bbox:
            box = wanted.bbox
            pairs.append(("bbox", ",".join(_degrees(edge) for edge in (box.west, box.south, box.east, box.north))))
        if wanted.polygon:
            pairs.append(("polygon", _points(wanted.polygon)))
        if not wanted.sees:
            pairs.append(("sees", "false"))
        pairs += [("kind", each) for each in wanted.kinds]
        pairs += [("object", each.value) for each in wanted.objects]
        pairs += [("colour", each) for each in wanted.colours]
        pairs += [("severity", each.value) for each in wanted.severities]
        pairs += [("state", each.value) for each in wanted.states]
        pairs += [("direction", each.value) for each in wanted.directions]
        pairs += [
            (name, _number(bound))
            for name, bound in (("min_duration_s", wanted.min_duration_s), ("max_duration_s", wanted.max_duration_s))
            if bound is not None
        ]
        pairs += [("tag", each) for each in wanted.tags]
        pairs += [("disposition", each.value) for each in wanted.dispositions]
        pairs += [("assignee", each) for each in wanted.assignees]
        if wanted.text:
            pairs.append(("text", wanted.text))
        if self.layout is not Layout.CARDS:
            pairs.append(("view", self.layout.value))
        return urlencode(pairs, safe=",;:/")

    def path(self, incident: str | None = None) -> str:
        """The link to this view, or to one incident found in it."""
        query = self.query()
        base = f"/incidents/{incident}" if incident else "/incidents"
        return f"{base}?{query}" if query else base


@dataclass(frozen=True)
class Parsed:
    view: SearchView
    errors: dict[str, FieldError] = field(default_factory=dict)
    """By parameter. While there is one, nothing is searched: a condition left out would answer another question."""


def parse(pairs: Iterable[tuple[str, str]], zone: str) -> Parsed:
    """The view that a link describes, read by the parser of REST and command line, so that they find the same.

    ``zone``: IANA name of the zone of times that name none. Unknown parameters are passed over.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if value.strip():
            given.setdefault(name, []).append(value.strip())
    last = {name: values[-1] for name, values in given.items()}
    errors: dict[str, FieldError] = {}
    wanted = IncidentFilter()
    # Condition by condition: each fault is told at its own field, not only the first.
    for terms, members in (
        (Terms(from_=last.get("from")), ("from_",)),
        (Terms(to=last.get("to")), ("to",)),
        (
            Terms(near=last.get("near"), route=last.get("route"), radius_m=last.get("radius_m")),
            ("near", "route", "radius_m"),
        ),
        (Terms(bbox=last.get("bbox")), ("bbox",)),
        (Terms(polygon=last.get("polygon")), ("polygon",)),
        (Terms(sees=last.get("sees")), ("sees",)),
        (
            Terms(min_duration_s=last.get("min_duration_s"), max_duration_s=last.get("max_duration_s")),
            ("min_duration_s", "max_duration_s"),
        ),
        (Terms(text=last.get("text")), ("text",)),
        *(
            (Terms(**{member: given.get(name, ())}), (member,))  # type: ignore[arg-type]
            for name, member in PLURALS.items()
        ),
    ):
        try:
            found = filters.parse(terms, zone)
        except InputError as error:
            name = error.parameter or "link"
            errors[name] = FieldError(name, f"field.{name}", text=_said(given, name))
        else:
            wanted = replace(wanted, **{member: getattr(found, member) for member in members})
    check_order(wanted, errors)
    shown = last.get("view", "")
    return Parsed(SearchView(wanted, Layout(shown) if shown in set(Layout) else Layout.CARDS), errors)


def check_order(wanted: IncidentFilter, errors: dict[str, FieldError]) -> None:
    if wanted.from_ and wanted.to and wanted.to <= wanted.from_:
        errors.setdefault("to", FieldError("to", "field.to_before_from"))


def member_of(parameter: str) -> str:
    """The member of IncidentFilter that a parameter fills."""
    return PLURALS.get(parameter, "from_" if parameter == "from" else parameter)


def link_time(at: datetime) -> str:
    whole = "seconds" if not at.microsecond else "microseconds" if at.microsecond % 1000 else "milliseconds"
    return at.astimezone(UTC).isoformat(timespec=whole).replace("+00:00", "Z")


def _said(given: Mapping[str, Sequence[str]], name: str) -> str:
    return ", ".join(given.get(name, ())) or "–"


def _points(points: Sequence[Point]) -> str:
    return ";".join(f"{_degrees(each.lat)},{_degrees(each.lon)}" for each in points)


def _degrees(value: float) -> str:
    """As exact as ``filters.parse_point`` takes it."""
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _number(value: float) -> str:
    """Not shortened, which would ask for something else."""
    return f"{value:.15g}"
