"""Many cameras at once, by spreadsheet: dry run, all or nothing, credentials, rights, records."""

from __future__ import annotations

import codecs
from typing import Any

import httpx
import pytest

from camsvc.api import schemas
from camsvc.db.queries import accounts, areas, audit, cameras
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Grant, Role
from tests.api.conftest import PASSWORD, Site
from tests.db import examples

IMPORT = "/api/v1/cameras/import"
CSV = {"Content-Type": "text/csv"}


def send(client: httpx.Client, content: str | bytes, query: str = "", **headers: str) -> httpx.Response:
    return client.post(f"{IMPORT}{query}", content=content, headers={**CSV, **headers})


def dry(client: httpx.Client, content: str | bytes, query: str = "&make_areas=true") -> dict[str, Any]:
    answer = send(client, content, f"?dry_run=true{query}")
    assert answer.status_code == 200, answer.text
    schemas.CameraImport.model_validate(answer.json())
    found: dict[str, Any] = answer.json()
    return found


def ids(site: Site) -> set[str]:
    with site.database.session() as session:
        return set(cameras.names(session))


def test_a_dry_run_says_row_by_row_what_would_happen_and_changes_nothing(site: Site, admin: httpx.Client) -> None:
    examples.put(site.database, site.cipher, examples.camera("dry-1"), examples.camera("dry-2"))
    before = ids(site)
    content = (
        "id,name,area,lat,lon,main\n"
        "dry-1,Tên mới,,,,\n"
        "dry-2,,,,,\n"
        "dry-3,Mới,bac-ninh/yen-phong/tam-giang,21.2,105.9,rtsp://192.0.2.7/x\n"
        "dry-4,Mới,bac-ninh/yen-phong/tam-giang,95,105.9,rtsp://192.0.2.7/x\n"
    )
    found = dry(admin, content)
    assert found["counts"] == {"added": 1, "changed": 1, "unchanged": 1, "refused": 1}
    changed, unchanged, added, refused = found["rows"]
    assert changed["changes"] == [{"member": "name", "before": "Cầu dry-1", "after": "Tên mới"}]
    assert (unchanged["outcome"], added["outcome"], added["row"]) == ("unchanged", "added", 4)
    assert [(each["column"], refused["row"]) for each in refused["faults"]] == [("lat", 5)]
    assert not found["applied"]
    assert ids(site) == before


def test_all_of_it_is_stored_or_nothing(site: Site, admin: httpx.Client) -> None:
    good = "all-1,A,bac-ninh,rtsp://192.0.2.7/x\n"
    bad = "id,name,area,main\n" + good + "all-2,B,bac-ninh,http://secret@192.0.2.7/x\nALL,C,bac-ninh,rtsp://h/x\n"
    refused = send(admin, bad)
    assert refused.status_code == 422
    told = {each["parameter"] for each in refused.json()["errors"]}
    assert told == {"line 3, main", "line 4, id"}
    assert "secret" not in refused.text
    assert "all-1" not in ids(site)
    applied = send(admin, "id,name,area,main\n" + good, "?make_areas=true")
    assert applied.status_code == 200
    assert applied.json()["applied"]
    assert "all-1" in ids(site)


def test_it_does_what_the_dry_run_said_or_nothing(site: Site, admin: httpx.Client) -> None:
    examples.put(site.database, site.cipher, examples.camera("agreed-1"))
    content = "id,name\nagreed-1,Tên mới\n"
    agreed = send(admin, content, "?dry_run=true").headers["etag"]
    assert admin.patch("/api/v1/cameras/agreed-1", json={"enabled": False}).status_code == 200
    late = send(admin, content, **{"If-Match": agreed})
    assert late.status_code == 412
    assert admin.get("/api/v1/cameras/agreed-1").json()["name"] == "Cầu agreed-1"
    again = send(admin, content, "?dry_run=true").headers["etag"]
    assert send(admin, content, **{"If-Match": again}).status_code == 200


def test_an_area_that_is_not_there_is_refused_until_it_may_be_made(site: Site, admin: httpx.Client) -> None:
    content = "id,name,area,main\narea-1,A,new-province/new-district,rtsp://192.0.2.7/x\n"
    strict = dry(admin, content, "")
    assert strict["new_areas"] == ["new-province", "new-province/new-district"]
    assert [each["column"] for each in strict["rows"][0]["faults"]] == ["area"]
    assert send(admin, content).status_code == 422
    assert send(admin, content, "?make_areas=true").status_code == 200
    assert admin.get("/api/v1/areas/new-province/new-district").json()["cameras"] == 1


@pytest.mark.parametrize(
    ("number", "encode"),
    [
        (1, lambda text: codecs.BOM_UTF8 + text.encode()),
        (2, lambda text: text.replace(",", "\t").encode("utf-16")),
        (3, lambda text: text.replace(",", ";").replace("21.25", "21,25").encode()),
        (4, lambda text: ("sep=;\n" + text.replace(",", ";")).replace("\n", "\r\n").encode("utf-8-sig")),
        (5, lambda text: text.replace("id,name", " ID ,Name").encode()),
    ],
)
def test_what_spreadsheets_write_is_read(admin: httpx.Client, number: int, encode: Any) -> None:  # noqa: ANN401
    text = f"id,name,area,lat,lon,main\nsheet-{number},Chợ Chờ,bac-ninh,21.25,105.5,rtsp://192.0.2.7/x\n\n"
    found = dry(admin, encode(text))
    [row] = found["rows"]
    assert (row["outcome"], row["name"]) == ("added", "Chợ Chờ")
    assert {"member": "location.lat", "before": None, "after": 21.25} in row["changes"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no camera in it"),
        (b"id,name\n", "no camera in it"),
        (b"name\nx\n", "no column 'id'"),
        (b"id,id\nx,y\n", "twice"),
        (b"id,speed\nx,1\n", "unknown column"),
        (b"\xff\xfeP", "neither UTF-8 nor UTF-16"),
        (b"PK\x03\x04\x00\x00", "no text"),
        ("id,name\nx,Chợ".encode("cp1258", "replace") + b"\xec", "neither UTF-8 nor UTF-16"),
        (("id\n" + "x\n" * 5001).encode(), "at most 5000"),
    ],
)
def test_a_file_that_is_no_list_of_cameras_is_refused_whole(admin: httpx.Client, content: bytes, says: str) -> None:
    answer = send(admin, content, "?dry_run=true")
    assert answer.status_code == 422
    problem = answer.json()
    assert says in problem["detail"] + problem["cure"]


def test_a_file_of_another_type_is_refused(admin: httpx.Client) -> None:
    answer = admin.post(IMPORT, content=b"id\nx\n", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["parameter"]) == (422, "Content-Type")


def test_yaml_replaces_a_camera_whole(site: Site, admin: httpx.Client) -> None:
    zone = {"road": [[0, 0], [1, 0], [1, 1]]}
    examples.put(site.database, site.cipher, examples.camera("yaml-1", zones=zone))
    content = "cameras:\n- {id: yaml-1, name: Y, area: bac-ninh, streams: {main: 'rtsp://***@192.0.2.7:554/y'}}\n"
    answer = admin.post(f"{IMPORT}?make_areas=true", content=content, headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 200, answer.text
    members = {each["member"] for each in answer.json()["rows"][0]["changes"]}
    assert {"name", "area", "zones.road", "streams.main"} <= members
    with site.database.session() as session:
        stored = cameras.get(session, "yaml-1", site.cipher)
    assert (stored.zones, stored.name) == ({}, "Y")


def test_an_export_is_read_again_unchanged_and_shows_no_credential(site: Site, admin: httpx.Client) -> None:
    examples.put(site.database, site.cipher, examples.camera("export-1"))
    answer = admin.get("/api/v1/cameras/export.csv")
    assert answer.status_code == 200
    assert examples.PASSWORD not in answer.text
    found = dry(admin, answer.content)
    assert {row["outcome"] for row in found["rows"]} == {"unchanged"}
    template = admin.get("/api/v1/cameras/template.csv")
    assert "user,password" in template.text


def test_who_configures_one_area_imports_nothing_elsewhere_and_learns_nothing(site: Site) -> None:
    here, there = "import/here", "import/there"
    examples.put(site.database, site.cipher, examples.camera("theirs", area=there))
    with site.database.session() as session:
        areas.ensure(session, here)
        accounts.create(session, "importer", PASSWORD, [Grant(Role.ADMINISTRATOR, here)])
    with site.client("importer") as client:
        content = f"id,name,area,main\ntheirs,X,{here},rtsp://192.0.2.7/x\nmine,X,{there},rtsp://192.0.2.7/x\n"
        first, second = dry(client, content)["rows"]
        assert first["faults"][0]["detail"] == "there is a camera 'theirs' already"
        assert first["changes"] == []
        assert second["faults"][0]["column"] == "area"
        assert "theirs" not in client.get("/api/v1/cameras/export.csv").text


def test_an_import_is_recorded_camera_by_camera_without_credentials(site: Site, admin: httpx.Client) -> None:
    content = "id,name,area,main,user,password\nrecorded-1,R,bac-ninh,rtsp://192.0.2.7/x,op,hidden-word\n"
    assert send(admin, content, "?make_areas=true").status_code == 200
    with site.database.session() as session:
        [record] = audit.entries(session, Wanted(camera="recorded-1"), limit=5)
        assert cameras.get(session, "recorded-1", site.cipher).streams.main == "rtsp://op:hidden-word@192.0.2.7/x"
    assert record.deed.what == "camera.added"
    assert "hidden-word" not in repr(record)
