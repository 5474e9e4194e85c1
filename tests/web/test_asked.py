"""A search said in one line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.db.queries.areas import Area
from camsvc.db.queries.directory import CameraEntry
from camsvc.domain.annotation import Disposition
from camsvc.domain.camera import Severity
from camsvc.domain.geo import Location, Point
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import Wind
from camsvc.domain.track import ObjectClass
from camsvc.web import asked
from camsvc.web.directory import Directory
from camsvc.web.fields import FieldError
from camsvc.web.moments import Wall
from tests.web.town import AREAS, CAMERAS

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = datetime(2026, 11, 22, 10, 15, tzinfo=ZONE)
YESTERDAY = {"from_": datetime(2026, 11, 21, 10, tzinfo=UTC), "to": datetime(2026, 11, 21, 12, tzinfo=UTC)}
TRUCK = {"objects": (ObjectClass.TRUCK,)}
MARKET = {"near": Point(21.2417, 105.9556), "radius_m": 500.0}


def _entry(id_: str, name: str, area: str, place: tuple[float, float, float]) -> CameraEntry:
    fields: dict[str, Any] = dict.fromkeys(CameraEntry.__dataclass_fields__)
    values = {"id": id_, "name": name, "area": area, "location": Location(place[0], place[1]), "removed": False}
    return CameraEntry(**fields | values)


def _area(path: str, name: str) -> Area:
    fields: dict[str, Any] = dict.fromkeys(Area.__dataclass_fields__)
    return Area(**fields | {"path": path, "name": name, "cameras": 1})


TOWN = Directory(
    {each[0]: _entry(*each) for each in CAMERAS}, {path: _area(path, name) for path, name in AREAS.items()}
)


def read(text: str) -> asked.Asked:
    return asked.read(text, Wall(ZONE, "vi"), NOW, TOWN)


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("hôm qua 17–19h, xe tải, 500 m quanh 21.2417, 105.9556", YESTERDAY | TRUCK | MARKET),
        ("yesterday 17-19 truck 500m around 21.2417,105.9556", YESTERDAY | TRUCK | MARKET),
        ("trucks within 0.5 km of 21.2417, 105.9556 yesterday from 5 to 7 pm", YESTERDAY | TRUCK | MARKET),
        ("21.2417, 105.9556 500m xe tai hom qua 17-19", YESTERDAY | TRUCK | MARKET),
        ("xe tai do", TRUCK | {"colours": ("red",)}),
        ("báo động đang diễn ra", {"severities": (Severity.ALARM,), "states": (IncidentState.OPEN,)}),
        ("false alarm", {"dispositions": (Disposition.FALSE_ALARM,)}),
        ("alarm", {"severities": (Severity.ALARM,)}),
        ("ô tô hoặc xe máy", {"objects": (ObjectClass.CAR, ObjectClass.MOTORCYCLE)}),
        ("xe máy hướng bắc", {"objects": (ObjectClass.MOTORCYCLE,), "directions": (Wind.N,)}),
        ("red car northbound", {"objects": (ObjectClass.CAR,), "colours": ("red",), "directions": (Wind.N,)}),
        ("people longer than 2 minutes", {"objects": (ObjectClass.PERSON,), "min_duration_s": 120.0}),
        ("dưới 30 giây", {"max_duration_s": 30.0}),
        ("#mất-xe @lan", {"tags": ("mất-xe",), "assignees": ("lan",)}),
        ("“biển số”", {"text": "biển số"}),
        ("Bắc Ninh", {"areas": ("bac-ninh",)}),
        ("thi tran cho", {"areas": ("bac-ninh/yen-phong/cho",)}),
        ("xe buýt ở Từ Sơn", {"objects": (ObjectClass.BUS,), "areas": ("bac-ninh/tu-son",)}),
        ("Cầu Như Nguyệt, hướng Bắc", {"cameras": ("nhu-nguyet-01",)}),
        ("nhu nguyet", {"cameras": ("nhu-nguyet-01",)}),
        ("cho-02", {"cameras": ("cho-02",)}),
        ("300 m quanh vòng xuyến", {"near": Point(21.24375, 105.9527), "radius_m": 300.0}),
    ],
)
def test_a_line_becomes_conditions(text: str, conditions: dict[str, Any]) -> None:
    found = read(text)
    assert found.unknown == ()
    assert {key: tuple(sorted(value)) if key == "objects" else value for key, value in found.conditions.items()} == {
        key: tuple(sorted(value)) if key == "objects" else value for key, value in conditions.items()
    }


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("unicorn", ("unicorn",)),
        ("xe tải unicorn hôm qua", ("unicorn",)),
        ("300 m quanh nowhere", ("nowhere",)),
        ("truck, purple unicorn", ("unicorn",)),
    ],
)
def test_what_is_not_understood_is_told(text: str, unknown: tuple[str, ...]) -> None:
    assert read(text).unknown == unknown


@pytest.mark.parametrize("text", ["yesterday 25-26", "95.5, 105.9", "31/2", "0 m around 21.24, 105.95"])
def test_a_time_or_place_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        read(text)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_understood_told_or_refused(text: str) -> None:
    try:
        found = read(text)
    except FieldError:
        return
    assert all(found.unknown)


def test_a_new_place_takes_the_place_of_another_form_of_one() -> None:
    assert asked.whole(MARKET)["polygon"] == ()
    assert asked.whole(TRUCK) == TRUCK
