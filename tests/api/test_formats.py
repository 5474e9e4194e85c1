from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from camsvc.api.errors import NotAcceptableError
from camsvc.api.formats import Format, csv_text, geojson, harmless, negotiated
from camsvc.api.headers import page_policy
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import incident_json
from camsvc.errors import InputError
from tests.db.strategies import incidents

OFFERED = (Format.JSON, Format.GEOJSON, Format.CSV)


def request(accept: str | None) -> Request:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, Format.JSON),
        ("*/*", Format.JSON),
        ("application/*", Format.JSON),
        ("application/geo+json", Format.GEOJSON),
        ("APPLICATION/GEO+JSON; q=0.5", Format.GEOJSON),
        ("text/csv, */*;q=0.1", Format.CSV),
        ("text/html,application/xhtml+xml,*/*;q=0.8", Format.JSON),
        ("application/json;q=0.2, text/csv;q=0.9", Format.CSV),
        ("application/json;q=0, application/*", Format.GEOJSON),
        ("*/*;q=nonsense, text/csv", Format.CSV),
    ],
)
def test_the_client_gets_what_it_prefers(accept: str | None, expected: Format) -> None:
    assert negotiated(request(accept), None, OFFERED) is expected


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "", "nonsense", "*/*;q=0"])
def test_what_cannot_be_made_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptableError):
        negotiated(request(accept), None, OFFERED)


def test_a_format_by_name_goes_before_accept_and_must_be_offered() -> None:
    assert negotiated(request("text/html"), Format.CSV, OFFERED) is Format.CSV
    with pytest.raises(InputError, match="csv"):
        negotiated(request(None), Format.CSV, (Format.JSON, Format.GEOJSON))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1"])
def test_a_text_that_a_spreadsheet_would_run_is_marked_as_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_numbers_and_plain_texts_stay() -> None:
    assert harmless(-21.5) == -21.5
    assert harmless("bridge-01") == "bridge-01"
    assert harmless(None) is None


@given(st.lists(incidents(whole=True), max_size=4))
def test_any_incident_is_one_line_of_csv_that_can_be_read_back(found: list[Incident]) -> None:
    text = "".join(csv_text([found]))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["id"] for row in rows] == [str(each.id) for each in found]
    for row in rows:
        assert not any(value.startswith(("=", "@", "\t")) for value in row.values())


@given(st.lists(incidents(whole=True), max_size=3))
def test_geojson_loses_nothing_but_moves_the_place(found: list[Incident]) -> None:
    items = [incident_json(each) for each in found]
    features = geojson(items, None)["features"]
    for item, feature in zip(items, features, strict=True):
        assert feature["id"] == item["id"]
        assert (feature["geometry"] is None) == (item["location"] is None)
        assert set(item) - {"id", "location"} <= set(feature["properties"])


def test_pages_load_from_this_server_only_but_the_map_tiles_that_were_named() -> None:
    assert "https" not in page_policy(None)
    assert "img-src 'self' data: blob: https://*.tiles.example:8443;" in page_policy(
        "https://{s}.tiles.example:8443/{z}/{x}/{y}.png"
    )
    assert page_policy("/tiles/{z}/{x}/{y}.png") == page_policy(None)
