"""Names of objects: by day, in order, and back to their incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from camsvc.domain.incident import new_incident_id
from camsvc.storage import keys

AT = datetime(2026, 11, 22, 23, 59, 59, 999000, tzinfo=UTC)
ONE = UUID("01a205b3-cfff-7c1b-b0dc-3527042a5538")
"""Of an incident at AT; fixed, because it is in a test's name."""


def test_the_day_in_a_key_is_the_utc_day_of_the_incidents_id() -> None:
    one = new_incident_id(AT)
    assert keys.clip_part(one, 3) == f"incidents/2026/11/22/{one}/clip-0003.mp4"
    assert keys.thumbnail(new_incident_id(AT + timedelta(milliseconds=1))).startswith("incidents/2026/11/23/")


def test_keys_come_in_the_order_of_the_ids() -> None:
    ids = sorted(new_incident_id(AT + timedelta(hours=hours)) for hours in range(100))
    made = [keys.incident(each) for each in ids]
    assert made == sorted(made)


def test_a_rendition_lies_beside_its_part() -> None:
    assert keys.rendition("incidents/x/clip-0000.mp4") == "incidents/x/clip-0000.browser.mp4"


def test_a_key_leads_back_to_its_incident() -> None:
    one = new_incident_id(AT)
    for key in (keys.clip_part(one, 0), keys.thumbnail(one), keys.tracks(one), keys.rendition(keys.clip_part(one, 0))):
        assert keys.incident_of(key) == one


@pytest.mark.parametrize(
    "key",
    [
        "",
        "probes/x",
        "incidents/2026/11/22/not-an-id/clip-0000.mp4",
        f"incidents/2026/11/21/{ONE}/clip-0000.mp4",
        f"incidents/2026/11/22/{ONE}/deeper/clip-0000.mp4",
        f"elsewhere/2026/11/22/{UUID(int=0)}/clip-0000.mp4",
    ],
)
def test_what_is_no_incidents_key_leads_nowhere(key: str) -> None:
    assert keys.incident_of(key) is None
