from __future__ import annotations

from typing import Any

import httpx
import pytest

from camsvc.api import schemas
from camsvc.config import CameraConfig
from camsvc.db.queries import cameras
from tests.api.conftest import Site
from tests.db import examples

SECRET = "s3cret-of-the-camera"


def body(id_: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  fields of CameraConfig
    values: dict[str, Any] = {
        "id": id_,
        "name": f"Cầu {id_}",
        "area": "bac-ninh/yen-phong",
        "location": {"lat": 21.2417, "lon": 105.9556, "heading_deg": 350},
        "streams": {"main": f"rtsp://viewer:{SECRET}@192.0.2.7:554/{id_}/main"},
    }
    return values | changes


def stored(site: Site, id_: str) -> CameraConfig:
    with site.database.session() as session:
        return cameras.get(session, id_, site.cipher)


def add(admin: httpx.Client, id_: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  fields of CameraConfig
    answer = admin.post("/api/v1/cameras", json=body(id_, **changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_camera_that_was_added_is_found_with_its_state(admin: httpx.Client) -> None:
    add(admin, "added-01")
    found = admin.get("/api/v1/cameras/added-01").json()
    assert found["name"] == "Cầu added-01"
    assert found["status"]["state"] == "unassigned"
    schemas.Camera.model_validate(found)
    assert set(found) == set(schemas.Camera.model_fields)
    listed = admin.get("/api/v1/cameras").json()
    assert found in listed["items"]


def test_no_answer_holds_a_credential(site: Site, admin: httpx.Client) -> None:
    sub = f"rtsp://192.0.2.7/user=admin&password={SECRET}&channel=1"
    answers = [admin.post("/api/v1/cameras", json=body("quiet-01"))]
    answers.append(admin.patch("/api/v1/cameras/quiet-01", json={"streams": {"sub": sub}}))
    for path in ("/api/v1/cameras", "/api/v1/cameras/quiet-01", "/api/v1/cameras?format=geojson"):
        answers.append(admin.get(path))
    answers.append(admin.put("/api/v1/cameras/quiet-01", json=body("quiet-01", name="")))
    answers.append(
        admin.put("/api/v1/cameras/quiet-01", json=body("quiet-01", streams={"main": f"http://a:{SECRET}@b"}))
    )
    for answer in answers:
        assert SECRET not in answer.text, answer.request.url
    found = admin.get("/api/v1/cameras/quiet-01").json()
    assert found["has_credentials"] is True
    assert found["streams"]["main"] == "rtsp://***@192.0.2.7:554/quiet-01/main"
    assert found["streams"]["sub"] == "rtsp://192.0.2.7/user=***&password=***&channel=1"
    assert stored(site, "quiet-01").streams.sub == sub


def test_putting_back_what_was_got_changes_nothing(site: Site, admin: httpx.Client) -> None:
    add(admin, "same-01", streams={"main": f"rtsp://a:{SECRET}@h/1", "sub": f"rtsp://h/?user=a&password={SECRET}"})
    before = stored(site, "same-01")
    answer = admin.put("/api/v1/cameras/same-01", json=admin.get("/api/v1/cameras/same-01").json())
    assert answer.status_code == 200, answer.text
    assert stored(site, "same-01") == before


def test_a_new_path_on_the_same_host_keeps_the_credentials(site: Site, admin: httpx.Client) -> None:
    add(admin, "path-01")
    streams = {"main": "rtsp://***@192.0.2.7:554/other"}
    assert admin.patch("/api/v1/cameras/path-01", json={"streams": streams}).status_code == 200
    assert stored(site, "path-01").streams.main == f"rtsp://viewer:{SECRET}@192.0.2.7:554/other"


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://***@evil.example:554/x",
        "rtsp://***@192.0.2.7/x",
        "rtsp://***@192.0.2.7:555/x",
        "rtsps://***@192.0.2.7:554/x",
        "rtsp://***@192.0.2.7:554@evil.example/x",
        "rtsp://viewer:***@192.0.2.7:554/x",
        "rtsp://192.0.2.7:554/x?password=***",
        "rtsp://***@192.0.2.7:554/x?password=***",
    ],
)
def test_stored_credentials_are_never_sent_elsewhere(site: Site, admin: httpx.Client, url: str) -> None:
    camera = site.camera()
    answer = admin.patch(f"/api/v1/cameras/{camera}", json={"streams": {"main": url}})
    assert answer.status_code == 422
    assert answer.json()["parameter"] == "streams.main"
    assert "again" in answer.json()["cure"]
    assert stored(site, camera).streams.main == examples.camera(camera).streams.main


def test_a_camera_without_credentials_says_so(admin: httpx.Client) -> None:
    found = add(admin, "open-01", streams={"main": "rtsp://192.0.2.9/main"})
    assert found["has_credentials"] is False
    assert found["streams"]["main"] == "rtsp://192.0.2.9/main"


def test_put_adds_then_replaces(admin: httpx.Client) -> None:
    wish = body("put-01")
    del wish["id"]
    first = admin.put("/api/v1/cameras/put-01", json=wish)
    assert first.status_code == 201
    assert first.headers["location"] == "/api/v1/cameras/put-01"
    second = admin.put("/api/v1/cameras/put-01", json={**wish, "enabled": False})
    assert second.status_code == 200
    assert second.json()["status"]["state"] == "disabled"


def test_an_id_is_never_shared_or_reused(admin: httpx.Client) -> None:
    add(admin, "once-01")
    assert admin.post("/api/v1/cameras", json=body("once-01")).status_code == 409
    assert admin.delete("/api/v1/cameras/once-01").status_code == 204
    assert admin.get("/api/v1/cameras/once-01").status_code == 404
    assert admin.delete("/api/v1/cameras/once-01").status_code == 404
    again = admin.put("/api/v1/cameras/once-01", json=body("once-01"))
    assert again.status_code == 409
    assert again.json()["parameter"] == "id"
    assert SECRET not in again.text


def test_patch_merges_and_null_takes_away(site: Site, admin: httpx.Client) -> None:
    add(admin, "patch-01", streams={"main": "rtsp://h/1", "sub": "rtsp://h/2"})
    answer = admin.patch("/api/v1/cameras/patch-01", json={"streams": {"sub": None}, "location": {"fov_deg": 70}})
    assert answer.status_code == 200
    found = answer.json()
    assert found["streams"]["sub"] is None
    assert found["location"]["fov_deg"] == 70
    assert found["location"]["heading_deg"] == 350
    assert admin.patch("/api/v1/cameras/patch-01", json={"location": None}).json()["location"] is None


def test_two_who_change_the_same_version_are_told(admin: httpx.Client) -> None:
    add(admin, "race-01")
    etag = admin.get("/api/v1/cameras/race-01").headers["etag"]
    first = admin.patch("/api/v1/cameras/race-01", json={"name": "first"}, headers={"If-Match": etag})
    assert first.status_code == 200
    for method, wish in (("PATCH", {"name": "second"}), ("PUT", body("race-01")), ("DELETE", None)):
        answer = admin.request(method, "/api/v1/cameras/race-01", json=wish, headers={"If-Match": etag})
        assert answer.status_code == 412
        assert answer.json()["parameter"] == "If-Match"
    assert admin.get("/api/v1/cameras/race-01").json()["name"] == "first"
    put = admin.put("/api/v1/cameras/race-02", json=body("race-02"), headers={"If-Match": "*"})
    assert put.status_code == 412


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"id": "Bridge_01"}, "id"),
        ({"name": ""}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"area": "Bắc Ninh"}, "area"),
        ({"location": {"lat": 91, "lon": 0}}, "location.lat"),
        ({"streams": {"main": "http://h/1"}}, "streams.main"),
        ({"streams": "rtsp://h/1"}, "streams"),
        ({"streams": {"main": 7}}, "streams.main"),
        ({"colour": "red"}, "colour"),
        ({"rules": [{"kind": "presence", "zone": "none"}]}, "body"),
        ({"zones": {"a\0": [[0, 0], [1, 0], [1, 1]]}}, "a name in zones"),
    ],
)
def test_a_wrong_member_is_named(admin: httpx.Client, changes: dict[str, Any], parameter: str) -> None:
    answer = admin.post("/api/v1/cameras", json=body("wrong-01", **changes))
    assert answer.status_code == 422, answer.text
    assert answer.json()["parameter"] == parameter
    assert answer.json()["cure"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b"null", b'"x"', b"\xff\xfe", b'{"name": "\\ud800"}', b"[" * 100_000, b'{"id": NaN}'],
)
def test_a_body_that_is_no_camera_is_refused(admin: httpx.Client, content: bytes) -> None:
    answer = admin.post("/api/v1/cameras", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_several_faults_are_all_told(admin: httpx.Client) -> None:
    answer = admin.post("/api/v1/cameras", json=body("wrong-02", name="", enabled="maybe", colour="red"))
    assert {each["parameter"] for each in answer.json()["errors"]} == {"name", "enabled", "colour"}


def test_path_and_body_must_name_the_same_camera(admin: httpx.Client) -> None:
    add(admin, "name-01")
    assert admin.put("/api/v1/cameras/name-01", json=body("name-02")).status_code == 422
    assert admin.patch("/api/v1/cameras/name-01", json={"id": "name-02"}).status_code == 422


def test_cameras_are_filtered_by_area_and_state_and_paged(site: Site, admin: httpx.Client) -> None:
    for number in range(3):
        add(admin, f"page-{number}", area="ha-noi/ba-dinh")
    add(admin, "page-4", area="ha-noi/ba-dinh-2", enabled=False)
    found: list[str] = []
    cursor = None
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        page = admin.get(f"/api/v1/cameras?area=ha-noi/ba-dinh&limit=2{more}").json()
        found += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == ["page-0", "page-1", "page-2"]
    disabled = admin.get("/api/v1/cameras", params={"area": "ha-noi", "state": "disabled"}).json()["items"]
    assert [each["id"] for each in disabled] == ["page-4"]
    both = admin.get("/api/v1/cameras?area=ha-noi&state=disabled,unassigned&state=live").json()["items"]
    assert len(both) == 4


def test_cameras_as_geojson(admin: httpx.Client) -> None:
    add(admin, "map-01", area="map", location={"lat": 21.5, "lon": 105.5, "heading_deg": 90})
    add(admin, "map-02", area="map", location=None)
    answer = admin.get("/api/v1/cameras?area=map", headers={"Accept": "application/geo+json"})
    assert answer.headers["content-type"] == "application/geo+json"
    first, second = answer.json()["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [105.5, 21.5]}
    assert first["properties"]["heading_deg"] == 90
    assert first["id"] == "map-01"
    assert second["geometry"] is None


def test_the_area_tree_counts_cameras_below(admin: httpx.Client) -> None:
    add(admin, "tree-01", area="hue/phu-loc/vinh-my")
    add(admin, "tree-02", area="hue")
    named = admin.put("/api/v1/areas/hue/phu-loc", json={"name": "Phú Lộc"})
    assert named.status_code == 200
    assert named.json() == {"path": "hue/phu-loc", "name": "Phú Lộc", "parent": "hue", "cameras": 1}
    tree = admin.get("/api/v1/areas").json()
    schemas.AreaTree.model_validate(tree)
    hue = next(each for each in tree["items"] if each["path"] == "hue")
    assert hue["cameras"] == 2
    assert hue["areas"][0]["name"] == "Phú Lộc"
    assert hue["areas"][0]["areas"][0]["path"] == "hue/phu-loc/vinh-my"
    assert admin.get("/api/v1/areas/hue/phu-loc").json() == named.json()


@pytest.mark.parametrize("path", ["Hue", "hue//x", "../etc", "hue%00", "hue/", "%2e%2e%2fetc"])
def test_a_malformed_area_is_refused(admin: httpx.Client, path: str) -> None:
    answer = admin.put(f"/api/v1/areas/{path}", json={"name": "x"})
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert admin.get(f"/api/v1/areas/{path}").status_code in {404, 422}


def test_an_area_name_that_cannot_be_stored_is_refused(admin: httpx.Client) -> None:
    for name in ("", "a\0b", "x" * 201, 7, None):
        answer = admin.put("/api/v1/areas/hue", json={"name": name})
        assert answer.status_code == 422
        assert answer.json()["parameter"] == "name"


def test_a_camera_at_an_absurdly_small_latitude_does_not_break_the_search(site: Site, admin: httpx.Client) -> None:
    found = add(admin, "null-01", location={"lat": 5e-324, "lon": -5e-324})
    assert found["location"]["lat"] == 0
    answer = admin.get("/api/v1/incidents?near=0,0&radius_m=5")
    assert answer.status_code == 200
