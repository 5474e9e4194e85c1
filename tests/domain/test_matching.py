"""That ``matches`` says what a search of the database finds is tested in tests/db/test_search.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given

from camsvc.domain.incident import Incident, IncidentState
from camsvc.domain.matching import lasting, matches
from camsvc.domain.search import IncidentFilter
from tests.db.strategies import filters, incidents


@given(incidents(), filters())
def test_what_matched_once_matches_what_lasts_of_the_filter_for_ever(
    incident: Incident, wanted: IncidentFilter
) -> None:
    if not matches(wanted, incident):
        return
    ended_at = incident.last_observed_at + timedelta(hours=1)
    changed = replace(incident, state=IncidentState.CLOSED, ended_at=ended_at, objects=(), revision=2)
    assert matches(lasting(wanted), changed)


@given(incidents())
def test_an_empty_filter_matches_everything(incident: Incident) -> None:
    assert matches(IncidentFilter(), incident)
