from __future__ import annotations

import io
from pathlib import Path

import pytest

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import cameras
from tests.cli.console import Run
from tests.db.examples import PASSWORD, camera, put

URL = f"rtsp://viewer:{PASSWORD}@192.0.2.7/main"


def _ids(database: Database, cipher: Cipher) -> list[str]:
    with database.session() as session:
        return [each.id for each in cameras.all_cameras(session, cipher)]


def test_a_camera_is_added_from_options(camsvc: Run, database: Database, cipher: Cipher) -> None:
    result = camsvc(
        *["cameras", "add", "--id", "gate-1", "--name", "Cổng", "--area", "a/b", "--main", URL],
        *["--lat", "21.2", "--lon", "105.9", "--heading", "90", "--transport", "udp"],
    )
    assert (result.status, result.out) == (0, "gate-1: added\n")
    with database.session() as session:
        stored = cameras.get(session, "gate-1", cipher)
    assert stored.streams.main == URL
    assert stored.location is not None
    assert stored.location.heading_deg == 90
    assert (stored.name, stored.streams.transport) == ("Cổng", "udp")


def test_a_camera_that_is_there_is_replaced_only_when_told_to(camsvc: Run, database: Database, cipher: Cipher) -> None:
    put(database, cipher, camera("gate-1"))
    arguments = ["cameras", "add", "--id", "gate-1", "--area", "a/b", "--main", "rtsp://192.0.2.1/x"]
    refused = camsvc(*arguments)
    assert refused.status == 2
    assert "--replace" in refused.err
    assert camsvc(*arguments, "--replace", "--json").json == [{"id": "gate-1", "outcome": "changed"}]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--area", "a", "--main", URL], "--id"),
        (["--id", "x", "--main", URL], "--area"),
        (["--id", "X", "--area", "a", "--main", URL], "is not a camera id"),
        (["--id", "x", "--area", "a", "--main", URL, "--lat", "1"], "give both"),
        (["--id", "x", "--area", "a", "--main", f"http://u:{PASSWORD}@h"], "streams.main: not a stream URL"),
    ],
)
def test_wrong_options_are_named_and_no_password_is_repeated(
    camsvc: Run, database: Database, cipher: Cipher, options: list[str], says: str
) -> None:
    result = camsvc("cameras", "add", *options)
    assert result.status == 2
    assert says in result.err
    assert PASSWORD not in result.err
    assert _ids(database, cipher) == []


def test_listing_and_showing_never_show_a_password(camsvc: Run, database: Database, cipher: Cipher) -> None:
    put(database, cipher, camera("b"), camera("a", enabled=False))
    for arguments in (["list"], ["list", "--json"], ["show", "a"], ["show", "a", "--json"]):
        result = camsvc("cameras", *arguments)
        assert result.status == 0
        assert PASSWORD not in result.out + result.err
    assert [item["id"] for item in camsvc("cameras", "list", "--json").json["items"]] == ["a", "b"]
    shown = camsvc("cameras", "show", "b", "--json").json
    assert shown["streams"]["main"] == "rtsp://***@192.0.2.7:554/b/main"
    assert shown["status"]["state"] == "unassigned"
    lines = camsvc("cameras", "list").out.splitlines()
    assert len(lines) == 3
    assert lines[1].split()[:2] == ["a", "disabled"]


def test_the_list_is_narrowed_by_area_and_state(camsvc: Run, database: Database, cipher: Cipher) -> None:
    put(database, cipher, camera("a", area="p/q"), camera("b", area="p", enabled=False), camera("c", area="z"))

    def found(*options: str) -> list[str]:
        return [item["id"] for item in camsvc("cameras", "list", "--json", *options).json["items"]]

    assert found("--area", "p") == ["a", "b"]
    assert found("--state", "disabled") == ["b"]
    assert found("--state", "unassigned,disabled", "--area", "p/q") == ["a"]
    assert "give one of" in camsvc("cameras", "list", "--state", "fine").err
    assert "no area 'nope'" in camsvc("cameras", "list", "--area", "nope").err


def test_removing_asks_and_yes_answers(
    camsvc: Run, database: Database, cipher: Cipher, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, cipher, camera("a"), camera("b"))
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    asked = camsvc("cameras", "remove", "a")
    assert asked.status == 1
    assert "can never be used again" in asked.out
    assert _ids(database, cipher) == ["a", "b"]
    assert camsvc("cameras", "remove", "a", "a", "--yes").out == "a: removed\n"
    assert _ids(database, cipher) == ["b"]
    assert camsvc("cameras", "remove", "b", "nope", "--yes").status == 2
    assert _ids(database, cipher) == ["b"], "all or nothing"


CSV = """\
id,name,area,lat,lon,main,sub,transport,fps
a-1,Cầu A,p/q,21.2,105.9,rtsp://u:${CAM_PASSWORD}@192.0.2.1/x,rtsp://192.0.2.1/y,,
a-2,"Chợ, cổng Bắc",p/r,,,rtsp://192.0.2.2/x,,udp,2.5
"""


@pytest.fixture
def sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAM_PASSWORD", PASSWORD)
    file = tmp_path / "cameras.csv"
    file.write_text("\ufeff" + CSV, encoding="utf-8")
    return file


def test_a_spreadsheet_is_imported_with_passwords_from_the_environment(
    camsvc: Run, database: Database, cipher: Cipher, sheet: Path
) -> None:
    result = camsvc("cameras", "import", str(sheet))
    assert (result.status, result.out) == (0, "a-1: added\na-2: added\n")
    with database.session() as session:
        first, second = cameras.all_cameras(session, cipher)
    assert first.streams.main == f"rtsp://u:{PASSWORD}@192.0.2.1/x"
    assert (second.name, second.location, second.detect.fps) == ("Chợ, cổng Bắc", None, 2.5)
    assert camsvc("cameras", "import", str(sheet)).out == "a-1: unchanged\na-2: unchanged\n"
    sheet.write_text(CSV.replace("Cầu A", "Cầu B").replace(",", ";").replace("Chợ; ", "Chợ, "), encoding="utf-8")
    assert camsvc("cameras", "import", str(sheet)).out == "a-1: changed\na-2: unchanged\n"


def test_a_dry_run_says_what_would_happen_and_changes_nothing(
    camsvc: Run, database: Database, cipher: Cipher, sheet: Path
) -> None:
    result = camsvc("cameras", "import", str(sheet), "--dry-run", "--json")
    assert result.json == [{"id": "a-1", "outcome": "added"}, {"id": "a-2", "outcome": "added"}]
    assert "nothing was stored" in result.err
    assert _ids(database, cipher) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("a-2", "A 2"), "line 3: id:"),
        (("a-2", "a-1"), "line 3: id: 'a-1' is there twice"),
        (("21.2", "91"), "line 2: lat:"),
        (("105.9", ""), "line 2: lon: Field required"),
        (("rtsp://192.0.2.2/x", f"http://u:{PASSWORD}@h"), "line 3: main: not a stream URL"),
        (("udp", "carrier-pigeon"), "line 3: transport:"),
        (("CAM_PASSWORD", "NO_SUCH_NAME"), "line 2: main: the variable NO_SUCH_NAME is not set"),
        (("fps", "speed"), "unknown column 'speed': use id, name"),
        ((",2.5", ",2.5,more"), "line 3: (cells beyond the last column)"),
        ((CSV, ""), "no camera in it"),
        (('Bắc"', 'Bắc"x'), "not valid CSV"),
    ],
)
def test_one_fault_in_a_file_and_nothing_of_it_is_stored(
    camsvc: Run, database: Database, cipher: Cipher, sheet: Path, change: tuple[str, str], says: str
) -> None:
    sheet.write_text(CSV.replace(*change), encoding="utf-8")
    result = camsvc("cameras", "import", str(sheet))
    assert result.status == 2
    assert says in result.err
    assert PASSWORD not in result.err
    assert _ids(database, cipher) == []


def test_a_row_changes_what_its_cells_say_and_leaves_zones_and_rules_alone(
    camsvc: Run, database: Database, cipher: Cipher, tmp_path: Path
) -> None:
    zone = {"road": [[0, 0], [1, 0], [1, 1]]}
    rules = [{"kind": "presence", "zone": "road"}]
    put(database, cipher, camera("a", zones=zone, rules=rules), camera("b"))
    file = tmp_path / "cameras.csv"
    file.write_text("id,name,lat,heading_deg,sub\na,Cổng mới,,-,\n# b,left out,,,\n", encoding="utf-16")
    dry = camsvc("cameras", "import", str(file), "--dry-run")
    assert (dry.status, dry.out) == (0, "a: changed\n")
    assert camsvc("cameras", "import", str(file)).out == "a: changed\n"
    with database.session() as session:
        stored = cameras.get(session, "a", cipher)
    before = camera("a", zones=zone, rules=rules)
    assert before.location is not None
    moved = before.location.model_copy(update={"heading_deg": None})
    assert stored == before.model_copy(update={"name": "Cổng mới", "location": moved})
    assert camsvc("cameras", "import", str(file)).out == "a: unchanged\n"


def test_credentials_come_in_columns_of_their_own(
    camsvc: Run, database: Database, cipher: Cipher, sheet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAM_PASSWORD", "p@ss/w:rd")
    sheet.write_text("id;name;area;main;user;password\nx;X;p;rtsp://192.0.2.1/x;op;${CAM_PASSWORD}\n")
    assert camsvc("cameras", "import", str(sheet)).status == 0
    with database.session() as session:
        assert cameras.get(session, "x", cipher).streams.main == "rtsp://op:p%40ss%2Fw%3Ard@192.0.2.1/x"
    sheet.write_text("id,user\nx,op\n")
    refused = camsvc("cameras", "import", str(sheet))
    assert "line 2: password: user and password go together" in refused.err
    sheet.write_text("id,main,user,password\nx,rtsp://a:b@192.0.2.1/x,op,q\n")
    assert "line 2: main: the URL has credentials already" in camsvc("cameras", "import", str(sheet)).err


def test_what_was_exported_is_read_again_unchanged(
    camsvc: Run, database: Database, cipher: Cipher, tmp_path: Path
) -> None:
    put(database, cipher, camera("a", name='=HYPERLINK("x")'), camera("b", name="Chợ, cổng", location=None))
    file = tmp_path / "cameras.csv"
    assert camsvc("cameras", "export", str(file)).status == 0
    text = file.read_text(encoding="utf-8-sig")
    assert PASSWORD not in text
    assert "'=HYPERLINK" in text, "a spreadsheet must not run it"
    assert camsvc("cameras", "import", str(file)).out == "a: unchanged\nb: unchanged\n"
    assert camsvc("cameras", "template", str(file)).status == 0
    assert "no camera in it" in camsvc("cameras", "import", str(file)).err


def test_an_unknown_area_is_told_and_refused_when_asked_to(
    camsvc: Run, database: Database, cipher: Cipher, sheet: Path
) -> None:
    dry = camsvc("cameras", "import", str(sheet), "--dry-run", "--known-areas")
    assert dry.status == 2
    assert "line 2: area: there is no area 'p/q'" in dry.err
    assert "new area: p/q" in camsvc("cameras", "import", str(sheet), "--dry-run").err
    assert _ids(database, cipher) == []


def test_an_id_that_was_removed_stops_the_import(camsvc: Run, database: Database, cipher: Cipher, sheet: Path) -> None:
    put(database, cipher, camera("a-2"))
    with database.session() as session:
        cameras.remove(session, "a-2")
    result = camsvc("cameras", "import", str(sheet))
    assert result.status == 2
    assert "line 3: id: the id 'a-2' was a camera's that was removed" in result.err
    assert _ids(database, cipher) == []


def test_yaml_is_read_as_in_the_settings(camsvc: Run, database: Database, cipher: Cipher, tmp_path: Path) -> None:
    file = tmp_path / "cameras.yaml"
    file.write_text(
        "language: vi\n"
        "cameras:\n"
        "  - {id: a, name: A, area: p, streams: {main: 'rtsp://h/x'}}\n"
        "  - {id: b, name: B, area: p, streams: {main: 'rtsp://h/y'}, zones: {z: [[0, 0], [1, 0], [1, 1]]}}\n"
    )
    assert camsvc("cameras", "import", str(file)).status == 0
    one = tmp_path / "one.yml"
    one.write_text("id: c\nname: C\narea: p\nstreams: {main: 'rtsp://h/z'}\nspeling: 1\n")
    assert "camera c: speling: unknown key" in camsvc("cameras", "add", str(one)).err
    one.write_text("id: c\nname: C\narea: p\nstreams: {main: 'rtsp://h/z'}\n")
    assert camsvc("cameras", "add", str(one)).out == "c: added\n"
    assert _ids(database, cipher) == ["a", "b", "c"]


def test_another_kind_of_file_is_refused(camsvc: Run, tmp_path: Path) -> None:
    file = tmp_path / "cameras.xlsx"
    file.write_bytes(b"PK")
    assert "name it .csv, .yaml or .yml" in camsvc("cameras", "import", str(file)).err
    assert "cannot be read" in camsvc("cameras", "import", str(tmp_path / "none.csv")).err


def test_a_wrong_key_is_a_clear_error(
    camsvc: Run, database: Database, cipher: Cipher, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.fernet import Fernet

    put(database, cipher, camera("a"))
    monkeypatch.setenv("CAMSVC_SECRET_KEY", Fernet.generate_key().decode())
    result = camsvc("cameras", "list")
    assert result.status == 2
    assert "camera a: its stream URLs cannot be decrypted with this key" in result.err


def test_probing_refuses_what_is_no_url_and_hides_the_password_of_one_that_fails(camsvc: Run) -> None:
    refused = camsvc("cameras", "probe", f"u:{PASSWORD}@h")
    assert refused.status == 2
    assert PASSWORD not in refused.err
    failed = camsvc("cameras", "probe", f"rtsp://u:{PASSWORD}@127.0.0.1:1/x")
    assert failed.status == 1
    assert "rtsp://***@127.0.0.1:1/x" in failed.err
    assert PASSWORD not in failed.err
