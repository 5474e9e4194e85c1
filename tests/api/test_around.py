"""Following somebody from one camera to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from camsvc.api.routes import around
from camsvc.db.queries import accounts, coverage
from camsvc.db.queries import audit as audit_rows
from camsvc.domain.account import Grant, Role
from camsvc.domain.geo import Location, Point, destination
from camsvc.domain.incident import Gap, GapReason, Incident
from camsvc.domain.incident_json import incident_json
from tests.api.conftest import PASSWORD, Site
from tests.db import examples
from tests.db.examples import NOON

CORNER = Point(10.5, 104.5)
"""Far from the cameras of other tests."""
LATER = NOON + timedelta(seconds=60)


def stand(site: Site, bearing_deg: float, metres: float, *, area: str = "kien-giang", **sight: float) -> str:
    """A camera so far from CORNER."""
    camera = site.camera()
    place = destination(CORNER, bearing_deg, metres)
    location = {"lat": place.lat, "lon": place.lon, **sight}
    examples.put(site.database, site.cipher, examples.camera(camera, area=area, location=location))
    return camera


def saw(site: Site, camera: str, bearing_deg: float, metres: float, **changes: Any) -> Incident:  # noqa: ANN401
    place = destination(CORNER, bearing_deg, metres)
    view = (270.0, 60.0, 250.0) if bearing_deg == 90 else ()
    values = {"area": "kien-giang", "location": Location(place.lat, place.lon, *view), **changes}
    return site.publish(examples.incident(camera, **values))


def asked(client: httpx.Client, incident: Incident, **query: object) -> dict[str, Any]:
    answer = client.get(f"/api/v1/incidents/{incident.id}/around", params={k: str(v) for k, v in query.items()})
    assert answer.status_code == 200, answer.text
    around.Surroundings.model_validate(answer.json())
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="module")
def street(site: Site) -> dict[str, Any]:
    """One in the middle; one 200 m east that looks at it; one 700 m north with a long view of it; one 700 m south."""
    middle = stand(site, 0, 0)
    east = stand(site, 90, 200, heading_deg=270, fov_deg=60, range_m=250)
    north = stand(site, 0, 700, heading_deg=180, fov_deg=20, range_m=400)
    south = stand(site, 180, 700, heading_deg=180, fov_deg=20, range_m=400)
    here = saw(site, middle, 0, 0)
    return {
        "middle": middle,
        "east": east,
        "north": north,
        "south": south,
        "here": here,
        "again": saw(site, middle, 0, 0, started_at=NOON + timedelta(seconds=100)),
        "before": saw(site, east, 90, 200, started_at=NOON - timedelta(seconds=100)),
        "after": saw(site, east, 90, 200, started_at=LATER),
        "much later": saw(site, east, 90, 200, started_at=NOON + timedelta(hours=2)),
    }


def test_cameras_near_are_told_nearest_first_with_what_they_saw(site: Site, admin: httpx.Client, street: Any) -> None:  # noqa: ANN401
    found = asked(admin, street["here"])
    assert [each["camera"] for each in found["cameras"]] == [street["east"], street["north"]]
    east, north = found["cameras"]
    assert (east["distance_m"], east["bearing_deg"], east["sees"]) == (200.0, 90.0, True)
    assert (north["distance_m"], north["bearing_deg"], north["sees"]) == (700.0, 0.0, False)
    assert east["incidents"] == [incident_json(street["before"]), incident_json(street["after"])]
    assert north["incidents"] == []
    assert found["same_camera"] == [incident_json(street["again"])]
    assert (found["from"], found["to"]) == ("2026-11-05T04:58:00.000000Z", "2026-11-05T05:02:08.000000Z")
    assert found["is_whole"]


def test_time_and_distance_are_as_asked(admin: httpx.Client, street: Any) -> None:  # noqa: ANN401
    narrow = asked(admin, street["here"], before_s=0, after_s=55, radius_m=250)
    assert [each["camera"] for each in narrow["cameras"]] == [street["east"]]
    assert [each["id"] for each in narrow["cameras"][0]["incidents"]] == [str(street["after"].id)]
    wide = asked(admin, street["here"], radius_m=800)
    assert [each["camera"] for each in wide["cameras"]] == [street["east"], street["north"], street["south"]]
    later = asked(admin, street["here"], at="2026-11-05T14:00:00+07:00", before_s=5, after_s=5)
    assert [each["id"] for each in later["cameras"][0]["incidents"]] == [str(street["much later"].id)]


@pytest.mark.parametrize(
    "query", ["before_s=-1", "after_s=1e9", "radius_m=0", "radius_m=nan", "at=2026-11-05T14:00:00", "radius=5"]
)
def test_what_makes_no_sense_is_refused(admin: httpx.Client, street: Any, query: str) -> None:  # noqa: ANN401
    answer = admin.get(f"/api/v1/incidents/{street['here'].id}/around?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.text


def test_time_of_which_nothing_is_known_is_told(site: Site, admin: httpx.Client, street: Any) -> None:  # noqa: ANN401
    gap = Gap(NOON + timedelta(seconds=20), NOON + timedelta(seconds=30), GapReason.RECONNECT)
    past = Gap(NOON - timedelta(hours=2), NOON - timedelta(hours=1), GapReason.RECONNECT)
    with site.database.session() as session:
        coverage.record(session, street["north"], gap, "footage")
        coverage.record(session, street["north"], past, "footage")
    _, north = asked(admin, street["here"])["cameras"]
    assert north["missing"] == [
        {
            "what": "footage",
            "started_at": "2026-11-05T05:00:20.000000Z",
            "ended_at": "2026-11-05T05:00:30.000000Z",
            "reason": "reconnect",
        }
    ]


def test_a_camera_that_moved_away_is_told_for_what_it_saw_while_it_stood_there(
    site: Site,
    admin: httpx.Client,
    street: Any,  # noqa: ANN401
) -> None:
    camera = stand(site, 45, 90_000)
    one = saw(site, camera, 45, 60, started_at=NOON + timedelta(minutes=20))
    assert camera not in [each["camera"] for each in asked(admin, street["here"])["cameras"]]
    nearest = asked(admin, street["here"], after_s=1800)["cameras"][0]
    assert (nearest["camera"], nearest["distance_m"]) == (camera, 60.0)
    assert [each["id"] for each in nearest["incidents"]] == [str(one.id)]


def test_an_incident_without_a_place_has_no_cameras_near(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    one = site.publish(examples.incident(camera, location=None))
    other = site.publish(examples.incident(camera, location=None, started_at=LATER))
    found = asked(admin, one)
    assert (found["cameras"], [each["id"] for each in found["same_camera"]]) == ([], [str(other.id)])


def test_what_lies_out_of_reach_is_not_told(site: Site, street: Any) -> None:  # noqa: ANN401
    foreign = stand(site, 10, 30, area="an-giang")
    saw(site, foreign, 10, 30, area="an-giang")
    with site.database.session() as session:
        accounts.create(session, "kien-giang-1", PASSWORD, [Grant(Role.POLICE, "kien-giang")])
        accounts.create(session, "an-giang-1", PASSWORD, [Grant(Role.POLICE, "an-giang")])
    with site.client("kien-giang-1") as client:
        assert foreign not in client.get(f"/api/v1/incidents/{street['here'].id}/around").text
    with site.client("an-giang-1") as client:
        answer = client.get(f"/api/v1/incidents/{street['here'].id}/around")
        never = client.get(f"/api/v1/incidents/{replace(street['here'], id=examples.incident().id).id}/around")
        assert (answer.status_code, never.status_code) == (404, 404)


def test_who_looked_around_is_recorded(site: Site, admin: httpx.Client, street: Any) -> None:  # noqa: ANN401
    asked(admin, street["here"], radius_m=123)
    with site.database.session() as session:
        records = audit_rows.read(session, 0)
    last = [each for each in records if each.deed.what == "incident.surroundings"][-1].deed
    assert (last.incident, last.camera, last.details["radius_m"]) == (street["here"].id, street["middle"], 123)
