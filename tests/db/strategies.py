"""Random incidents and filters, drawn close together so that they meet often, at corners too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from camsvc.domain.account import EVERYWHERE, NOWHERE, Grant, Reach, Role
from camsvc.domain.camera import Severity
from camsvc.domain.geo import Box, Location, Point
from camsvc.domain.incident import (
    Clip,
    ClipPart,
    Gap,
    GapReason,
    Incident,
    IncidentObject,
    IncidentState,
    new_incident_id,
)
from camsvc.domain.search import IncidentFilter, Wind
from camsvc.domain.track import ObjectClass
from tests.db.examples import NOON, WORKER

PLACES = {
    "north-1": Location(21.2417, 105.9556, 350.0, 70.0, 80.0),
    "north-3": Location(21.2430, 105.9550, None, 360.0, 120.0),
    "north-4": Location(21.2435, 105.9570, 200.0, 200.0, 150.0),
    "north-2": Location(21.2420, 105.9560),
    "date-line-1": Location(-17.0, 179.999),
    "date-line-2": Location(-17.0, -179.999, 270.0, 90.0, 300.0),
    "pole-1": Location(89.9999, 12.0),
    "nowhere-1": None,
}
AREAS = {
    "north-1": "bac/yen-phong",
    "north-2": "bac",
    "north-3": "bac/yen-phong",
    "north-4": "bac",
    "date-line-1": "fiji/east",
    "date-line-2": "fiji/east-west",
    "pole-1": "bac-pole",
    "nowhere-1": "fiji",
}
COLOURS = ("red", "white", "dark_blue")
ROUTES = (
    (Point(21.2410, 105.9540), Point(21.2425, 105.9575), Point(21.2450, 105.9580)),
    (Point(-17.001, 179.9), Point(-17.001, -179.9)),
    (Point(21.0, 105.0), Point(22.0, 107.0)),
    (Point(89.9, 12.0), Point(89.9, -168.0)),
)
POLYGONS = (
    (Point(21.2416, 105.9550), Point(21.2416, 105.9562), Point(21.2425, 105.9562), Point(21.2425, 105.9550)),
    (Point(21.2438, 105.9565), Point(21.2445, 105.9575), Point(21.2438, 105.9575), Point(21.2441, 105.9571)),
    (Point(-18.0, 179.99), Point(-18.0, -179.99), Point(-16.0, -179.99), Point(-16.0, 179.99)),
    (Point(-17.001, 179.9985), Point(-16.999, 179.9985), Point(-17.0, 179.9995)),
    (Point(0.0, 0.0), Point(0.0, 1.0), Point(1.0, 0.0)),
)
_ASKED_S = (0.0, 0.5, 1.0, 10.0, 899.0, 900.0, 900.5, 14_400.0, 259_200.0, 3_888_000.0, 8_000_000.0)
_DURATIONS_S = (0, 1, 899, 900, 901, 14_400, 14_401, 259_200, 259_201, 3_888_000, 3_888_001, 9_000_000)

_text = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)
_finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
_EDGES = [datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11, 12)]
"""Where months of the index meet."""
_moments = st.integers(-40_000, 40_000).map(lambda minutes: NOON + timedelta(minutes=minutes)) | st.builds(
    lambda edge, us: edge + timedelta(microseconds=us), st.sampled_from(_EDGES), st.integers(-1, 1)
)
_exact = st.integers(-(10**15), 10**15).map(lambda us: NOON + timedelta(microseconds=us))

objects = st.builds(
    IncidentObject,
    track=st.integers(1, 2**31),
    object_class=st.sampled_from(ObjectClass),
    confidence=st.floats(0, 1),
    colour=st.none() | st.sampled_from(COLOURS),
    direction_deg=st.none() | st.floats(0, 360),
    speed_kmh=st.none() | _finite,
    speed_error_kmh=st.none() | _finite,
)
_parts = st.builds(
    ClipPart,
    index=st.integers(0, 99),
    key=_text,
    session=_text,
    started_at=_exact,
    ended_at=_exact,
    start_pts_90k=st.integers(0, 2**62),
    duration_s=_finite,
    size_bytes=st.integers(0, 2**50),
    sha256=st.just("ab" * 32),
    codec=st.sampled_from(["h264", "hevc"]),
    width=st.integers(1, 9999),
    height=st.integers(1, 9999),
    audio=st.none() | _text,
    audio_note=st.none() | _text,
    clock_error_ms=_finite,
    camera_clock_offset_ms=st.none() | _finite,
)
_gaps = st.builds(Gap, _exact, _exact, st.sampled_from(GapReason))
clips = st.builds(Clip, st.lists(_parts, min_size=1, max_size=3).map(tuple), st.lists(_gaps, max_size=3).map(tuple))


@st.composite
def incidents(draw: st.DrawFn, *, whole: bool = False) -> Incident:
    """``whole``: also with everything that a search does not look at."""
    camera = draw(st.sampled_from(sorted(PLACES)))
    started_at = draw(_moments)
    state = draw(st.sampled_from(IncidentState))
    lasts = timedelta(seconds=draw(st.sampled_from(_DURATIONS_S)))
    return Incident(
        id=new_incident_id(started_at),
        camera=camera,
        area=AREAS[camera],
        location=PLACES[camera],
        kind=draw(st.sampled_from(["presence", "stopped_vehicle"])),
        severity=draw(st.sampled_from(Severity)),
        state=state,
        started_at=started_at,
        last_observed_at=started_at + lasts,
        ended_at=None if state is IncidentState.OPEN else started_at + lasts,
        zone=draw(st.none() | _text) if whole else None,
        objects=tuple(draw(st.lists(objects, max_size=3))),
        revision=draw(st.integers(1, 1000)) if whole else 1,
        epoch=1,
        worker=WORKER,
        model=draw(_text) if whole else "m",
        clip=draw(st.none() | clips) if whole else None,
        thumbnail=draw(st.none() | _text) if whole else None,
        tracks=draw(st.none() | _text) if whole else None,
    )


_areas = sorted({*AREAS.values(), "fiji/no-camera", "bac/yen-phong/below"})
reaches = st.one_of(
    st.just(EVERYWHERE),
    st.just(NOWHERE),
    st.lists(st.sampled_from(_areas), min_size=1, max_size=4).map(
        lambda areas: Reach.of(Grant(Role.POLICE, area) for area in areas)
    ),
)
"""Where somebody may search: areas side by side, one within the other, with and without cameras."""


@st.composite
def filters(draw: st.DrawFn) -> IncidentFilter:
    from_, to = draw(st.none() | _moments), draw(st.none() | _moments)
    if from_ is not None and to is not None:
        from_, to = min(from_, to), max(from_, to) + timedelta(minutes=1)
    places = [place for place in PLACES.values() if place]
    near = draw(st.none() | st.sampled_from(places).map(lambda place: Point(place.lat, place.lon)))
    boxes = st.sampled_from(
        [
            Box(105.0, 21.0, 106.0, 22.0),
            Box(179.0, -18.0, -179.0, -16.0),
            Box(-180.0, -90.0, 180.0, 90.0),
            Box(105.9557, 21.0, 105.9560, 21.2420),
            Box(105.9554, 21.24185, 105.9560, 21.2419),
            Box(0.0, 0.0, 1.0, 1.0),
        ]
    )
    route = draw(st.none() | st.sampled_from(ROUTES))
    shortest, longest = draw(st.none() | st.sampled_from(_ASKED_S)), draw(st.none() | st.sampled_from(_ASKED_S))
    if shortest is not None and longest is not None:
        shortest, longest = min(shortest, longest), max(shortest, longest)

    def some(values: list[str]) -> tuple[str, ...]:
        return tuple(draw(st.lists(st.sampled_from(values), max_size=2, unique=True)))

    return IncidentFilter(
        from_=from_,
        to=to,
        cameras=draw(st.just(())) if draw(st.booleans()) else some(sorted(PLACES)),
        areas=() if draw(st.booleans()) else some(["bac", "bac/yen-phong", "fiji", "fiji/east", "bac-pole"]),
        near=near,
        route=route or (),
        radius_m=draw(st.sampled_from([0.5, 25.0, 60.0, 300.0, 20_000_000.0])) if near or route else None,
        bbox=draw(st.none() | boxes),
        polygon=draw(st.just(()) | st.sampled_from(POLYGONS)),
        sees=draw(st.booleans()),
        kinds=some(["presence", "stopped_vehicle", "unheard_of"]) if draw(st.booleans()) else (),
        objects=tuple(draw(st.lists(st.sampled_from(ObjectClass), max_size=2))),
        colours=some([*COLOURS, "green"]) if draw(st.booleans()) else (),
        severities=tuple(draw(st.lists(st.sampled_from(Severity), max_size=2))),
        states=tuple(draw(st.lists(st.sampled_from(IncidentState), max_size=2))),
        directions=tuple(draw(st.lists(st.sampled_from(Wind), max_size=3))) if draw(st.booleans()) else (),
        min_duration_s=shortest,
        max_duration_s=longest,
    )
