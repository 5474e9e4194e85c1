"""The conditions of an incident search as query parameters, parsed by the same code as the command line's."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Query, Request

from camsvc.api.context import server_of
from camsvc.db import filters
from camsvc.domain.annotation import Disposition
from camsvc.domain.camera import Severity
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import IncidentFilter, Wind
from camsvc.domain.track import ObjectClass
from camsvc.errors import InputError

_LOST_PLUS = re.compile(r"(?P<time>.*\d[Tt]\d{2}[\d:.,]*) (?P<offset>\d{2}:?\d{2})")
"""``2026-11-22T08:30+07:00`` whose ``+`` was not written %2B: a query decodes it to a space. It means nothing else."""


def incident_filter(
    request: Request,
    from_: Annotated[
        str | None,
        Query(alias="from", description="ISO 8601 with offset: what ended at or after it, or is open"),
    ] = None,
    to: Annotated[str | None, Query(description="ISO 8601 with offset: what started before it")] = None,
    near: Annotated[str | None, Query(description="latitude,longitude in degrees; with radius_m")] = None,
    route: Annotated[
        str | None, Query(description="Along this line: latitude,longitude;latitude,longitude;… with radius_m")
    ] = None,
    radius_m: Annotated[str | None, Query(description="Metres around near, or to each side of route")] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north in degrees")] = None,
    polygon: Annotated[
        str | None, Query(description="Within these corners: latitude,longitude;latitude,longitude;…")
    ] = None,
    sees: Annotated[
        str | None,
        Query(description="true: what a camera sees counts for the place as well; false: only where it stands"),
    ] = None,
    area: Annotated[
        list[str] | None, Query(description="Area paths, each with all below it. Repeat, or commas")
    ] = None,
    camera: Annotated[list[str] | None, Query(description="Camera ids. Repeat it, or join them by commas")] = None,
    kind: Annotated[list[str] | None, Query(description="Kinds of rules, like presence. Repeat, or commas")] = None,
    object: Annotated[list[str] | None, Query(description=f"Of: {', '.join(ObjectClass)}. Repeat, or commas")] = None,
    colour: Annotated[list[str] | None, Query(description="Colours of objects. Repeat it, or commas")] = None,
    severity: Annotated[list[str] | None, Query(description=f"Of: {', '.join(Severity)}. Repeat, or commas")] = None,
    state: Annotated[list[str] | None, Query(description=f"Of: {', '.join(IncidentState)}. Repeat, or commas")] = None,
    direction: Annotated[
        list[str] | None, Query(description=f"Where an object went, of: {', '.join(Wind)}. Repeat, or commas")
    ] = None,
    min_duration_s: Annotated[str | None, Query(description="Seconds that it lasted at least")] = None,
    max_duration_s: Annotated[str | None, Query(description="Seconds that it lasted at most")] = None,
    tag: Annotated[list[str] | None, Query(description="Tags that people gave it. Repeat it, or commas")] = None,
    disposition: Annotated[
        list[str] | None, Query(description=f"What it was judged to be, of: {', '.join(Disposition)}")
    ] = None,
    assignee: Annotated[list[str] | None, Query(description="Accounts that look after it. Repeat, or commas")] = None,
    text: Annotated[str | None, Query(description="Words in its notes, all of them")] = None,
) -> IncidentFilter:
    """Dependency. Every condition given must hold; of several values of one, any. Raises InputError."""
    terms = filters.Terms(
        from_=moment(from_, "from"),
        to=moment(to, "to"),
        near=near,
        route=route,
        radius_m=radius_m,
        bbox=bbox,
        polygon=polygon,
        sees=sees,
        areas=area or (),
        cameras=camera or (),
        kinds=kind or (),
        objects=object or (),
        colours=colour or (),
        severities=severity or (),
        states=state or (),
        directions=direction or (),
        min_duration_s=min_duration_s,
        max_duration_s=max_duration_s,
        tags=tag or (),
        dispositions=disposition or (),
        assignees=assignee or (),
        text=text,
    )
    return filters.parse(terms, server_of(request).settings.timezone)


def moment(text: str | None, parameter: str) -> str | None:
    """A program must say which zone it means: guessing one here would shift its search by hours."""
    if text is None:
        return None
    if match := _LOST_PLUS.fullmatch(text.strip()):
        return f"{match['time']}+{match['offset']}"
    if filters.names_no_zone(text):
        raise InputError(
            f"{text!r} has no time zone",
            parameter=parameter,
            cure="add one, like 2026-11-22T08:30Z or 2026-11-22T08:30%2B07:00 (+ is written %2B in a URL)",
        )
    return text


IncidentConditions = Annotated[IncidentFilter, Depends(incident_filter)]
