"""Counts, histograms and heat maps over the wire: the conditions and refusals of a search."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from tests.api.conftest import Site
from tests.db import examples
from tests.db.examples import NOON

INCIDENTS = "/api/v1/incidents"


def test_all_three_count_what_the_same_search_finds(site: Site, admin: httpx.Client) -> None:
    camera, other = site.camera(), site.camera()
    for hours in (0, 1, 24):
        site.publish(examples.incident(camera, started_at=NOON + timedelta(hours=hours)))
    site.publish(examples.incident(other, started_at=NOON, kind="stopped_vehicle"))
    both = {"camera": f"{camera},{other}"}
    assert admin.get(f"{INCIDENTS}/count", params={"camera": camera}).json() == {"count": 3, "exact": True}
    assert admin.get(f"{INCIDENTS}/count", params={**both, "kind": "presence"}).json()["count"] == 3
    found = admin.get(f"{INCIDENTS}/histogram", params={**both, "unit": "day", "zone": "Asia/Ho_Chi_Minh"})
    assert found.json() == {
        "unit": "day",
        "zone": "Asia/Ho_Chi_Minh",
        "exact": True,
        "bars": [
            {"start": "2026-11-04T17:00:00.000000Z", "count": 3},
            {"start": "2026-11-05T17:00:00.000000Z", "count": 1},
        ],
    }
    heat = admin.get(f"{INCIDENTS}/heat", params={**both, "cell_deg": "0.5"}).json()
    assert heat == {"cell_deg": 0.5, "exact": True, "cells": [{"south": 21.0, "west": 105.5, "count": 4}]}


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("count?camera=no-such-camera", "camera"),
        ("count?from=2026-11-05T00:00", "from"),
        ("count?limit=5", "limit"),
        ("histogram?unit=fortnight", "unit"),
        ("histogram?zone=Mars/Olympus", "zone"),
        ("histogram?unit=minute&from=2026-01-01T00:00Z&to=2026-12-31T00:00Z", "unit"),
        ("heat?cell_deg=0", "cell_deg"),
        ("heat?cell_deg=nan", "cell_deg"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(admin: httpx.Client, path: str, parameter: str) -> None:
    answer = admin.get(f"{INCIDENTS}/{path}")
    assert answer.status_code == 422
    assert parameter in answer.text
