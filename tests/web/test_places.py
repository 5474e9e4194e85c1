"""Where listed incidents stand on the map, and that a page open for days stays small."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from camsvc.db.queries.directory import CameraEntry
from camsvc.domain.geo import Location
from camsvc.web import places
from camsvc.web.directory import Directory
from camsvc.web.language import language
from camsvc.web.moments import Wall
from camsvc.web.places import Found
from camsvc.web.words import Words
from tests.db import examples

WORDS = Words(language("en"), Wall(ZoneInfo("Asia/Ho_Chi_Minh"), "en"))
CAMERAS = Directory({id_: CameraEntry(id_, id_, "a", Location(21.0, 105.0), True, False) for id_ in ("a", "b")})


def counts(found: Found) -> dict[str, str | None]:
    return {each["id"]: each.get("count") for each in found.places(CAMERAS, WORDS)}


def test_each_incident_is_counted_once_at_its_camera_until_it_leaves() -> None:
    found = Found()
    one, two = examples.incident("a"), examples.incident("a")
    found.add([one, two, one])
    found.add([two])
    assert counts(found) == {"a": "2", "b": None}
    found.remove([one, one, examples.incident("a")])
    assert counts(found) == {"a": "1", "b": None}
    found.remove([two])
    assert counts(found) == {"a": None, "b": None}


def test_no_more_are_remembered_than_the_browser_lists() -> None:
    found = Found()
    found.add([examples.incident("a")])
    found.add(
        examples.incident("b", started_at=examples.NOON + timedelta(seconds=number))
        for number in range(places.SEEN_MAX)
    )
    assert counts(found) == {"a": None, "b": str(places.SEEN_MAX)}


def test_an_incident_stays_where_its_camera_stood_then() -> None:
    found = Found()
    found.add([examples.incident("a", location=Location(20.5, 104.5))])
    place = next(each for each in found.places(CAMERAS, WORDS) if each["id"] == "a")
    assert (place["lat"], place["lon"]) == (20.5, 104.5)
