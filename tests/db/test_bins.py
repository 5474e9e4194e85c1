"""Incidents counted in bins of time, in all and camera by camera, against a plain scan in Python."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from camsvc.db.database import Database
from camsvc.db.queries import bins
from camsvc.db.queries.tallies import Bar
from camsvc.domain.incident import Incident
from camsvc.domain.matching import matches
from camsvc.domain.search import IncidentFilter
from tests.db.examples import NOON
from tests.db.strategies import filters, incidents
from tests.db.test_search import IN_DATABASE, _refill, full

__all__ = ["full"]

ORIGIN = NOON - timedelta(days=400)


@IN_DATABASE
@given(
    items=st.lists(incidents(), max_size=25),
    asked=st.lists(filters(), min_size=2, max_size=3),
    width=st.sampled_from([timedelta(minutes=5), timedelta(hours=3), timedelta(days=7)]),
)
def test_bins_hold_what_a_scan_in_python_finds(
    full: Database, items: list[Incident], asked: list[IncidentFilter], width: timedelta
) -> None:
    _refill(full, items)
    for each in asked:
        found = [
            (item.camera, ORIGIN + (max(item.started_at, each.from_ or item.started_at) - ORIGIN) // width * width)
            for item in items
            if matches(each, item)
        ]
        with full.session() as session:
            histogram = bins.bins(session, each, width, ORIGIN)
            lanes = bins.lanes(session, each, width, ORIGIN)
        assert histogram.exact
        assert list(histogram.bars) == [Bar(at, n) for at, n in sorted(Counter(at for _, at in found).items())]
        expected = {
            camera: tuple(Bar(at, n) for at, n in sorted(Counter(at for who, at in found if who == camera).items()))
            for camera, _ in found
        }
        assert dict(lanes.cameras) == expected
