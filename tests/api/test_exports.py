"""Exports as jobs over REST: asked for, made, fetched in pieces, stopped, expired; who may; how much."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import urllib3
from sqlalchemy import text

from camsvc.api.services.exports import making, runner
from camsvc.api.services.exports.expiry import Expirer
from camsvc.db.queries import accounts, audit, grants
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Grant, Role
from camsvc.domain.audit import Kind
from camsvc.domain.incident import Incident, new_incident_id
from camsvc.errors import InputError
from camsvc.evidence.identity import SigningIdentity
from camsvc.evidence.means import Made, Means, Options
from camsvc.evidence.sealing import Sink
from camsvc.storage import keys
from tests.api.conftest import PASSWORD, Site, eventually, running
from tests.db import examples
from tests.servers import Bucket

CLIP = b"footage" * 20_000
EXPORTS = "/api/v1/exports"
MADE_WITHIN_S = 60.0
CHEAP = {"provenance": False, "languages": ["en"]}


@pytest.fixture(scope="module")
def lan(site: Site) -> Iterator[httpx.Client]:
    with site.client(site.account(Role.INVESTIGATOR)) as client:
        yield client


@pytest.fixture(scope="module")
def made(site: Site, lan: httpx.Client) -> dict[str, Any]:
    """An export that is done, for all tests that only look."""
    found = ended(lan, ask(lan, site.recorded(CLIP, camera_=site.camera()), case_number="12/2026"))
    assert found["state"] == "done", found
    return found


def ask(client: httpx.Client, *incidents: Incident, **wish: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    body = {"incidents": [str(each.id) for each in incidents], "reason": "theft", "contents": CHEAP, **wish}
    answer = client.post(EXPORTS, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ended(client: httpx.Client, export: dict[str, Any]) -> dict[str, Any]:
    """The export once it is queued and running no more."""
    found: dict[str, Any] = {}

    def is_over() -> bool:
        found.update(client.get(f"{EXPORTS}/{export['id']}").json())
        return found["state"] not in {"queued", "running"}

    eventually(is_over, MADE_WITHIN_S)
    return found


def stored(site: Site, export: dict[str, Any]) -> list[str]:
    """Keys in the store, and uploads that go on."""
    folder = keys.export(UUID(export["id"]))
    return [each.key for each in site.store.list(folder)] + [each.id for each in site.store.unfinished(folder)]


def deeds(site: Site, export: dict[str, Any]) -> list[str]:
    with site.database.session() as session:
        found = audit.entries(session, Wanted(kind=Kind.EXPORT), limit=200)
    return [each.deed.what for each in reversed(found) if each.deed.details.get("export") == export["id"]]


def notices(client: httpx.Client, export: dict[str, Any]) -> list[str]:
    found = client.get("/api/v1/notices").json()["items"]
    return [each["kind"] for each in found if export["id"] in each["path"]]


def expirer(site: Site) -> Expirer:
    return Expirer(site.settings, site.database, site.store, site.clock)


def set_row(site: Site, export: dict[str, Any], values: str) -> None:
    with site.database.session() as session:
        session.execute(text(f"UPDATE exports SET {values} WHERE id = :id"), {"id": UUID(export["id"])})


class Slow:
    """Stands for the making of a package that would take hours: writes a part's worth, then waits to be told."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, _means: object, _request: object, sink: Sink, options: Options, _access: object) -> Made:
        sink.write(bytes(17 * 1024 * 1024))
        options.on_progress(17, 1700)
        self.began.set()
        while not self.go_on.wait(0.02):
            options.check()
        raise AssertionError("nobody was to let it go on")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    slow = Slow()
    monkeypatch.setattr(making, "export", slow)
    return slow


def test_an_export_is_made_and_fetched_whole(site: Site, lan: httpx.Client, made: dict[str, Any]) -> None:
    answer = lan.get(f"{EXPORTS}/{made['id']}/package")
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == made["sha256"]
    assert len(answer.content) == made["size_bytes"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        (clip,) = [each for each in package.namelist() if each.endswith("clip-0000.mp4")]
        assert package.read(clip) == CLIP
    assert made["progress"]["done_bytes"] == made["progress"]["all_bytes"] == len(CLIP)
    assert notices(lan, made) == ["export_done"]
    assert deeds(site, made)[:2] == ["export.asked", "package.downloaded"]


def test_a_broken_download_goes_on_where_it_broke_and_is_recorded_once(
    site: Site, lan: httpx.Client, made: dict[str, Any]
) -> None:
    url = f"{EXPORTS}/{made['id']}/package"
    before = deeds(site, made).count("package.downloaded")
    told = lan.head(url)
    assert (told.status_code, int(told.headers["content-length"])) == (200, made["size_bytes"])
    etag = told.headers["etag"]
    assert etag == f'"{made["sha256"]}"'
    size, cut = made["size_bytes"], 100_000
    pieces = [lan.get(url, headers={"Range": f"bytes=0-{cut - 1}"})]
    for begin in range(cut, size, cut):
        pieces.append(lan.get(url, headers={"Range": f"bytes={begin}-{begin + cut - 1}", "If-Range": etag}))
    assert {each.status_code for each in pieces} == {206}
    whole = b"".join(each.content for each in pieces)
    assert hashlib.sha256(whole).hexdigest() == made["sha256"]
    assert deeds(site, made).count("package.downloaded") == before + 1
    other = lan.get(url, headers={"Range": "bytes=100-", "If-Range": '"another"'})
    assert (other.status_code, len(other.content)) == (200, size)
    assert lan.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert lan.get(url, headers={"Range": f"bytes={size}-"}).status_code == 416
    assert lan.get(f"{EXPORTS}/{made['id']}/envelope").status_code == 404
    assert deeds(site, made).count("package.downloaded") == before + 2


def test_an_export_is_known_to_who_asked_and_to_administrators_only(
    site: Site, lan: httpx.Client, made: dict[str, Any]
) -> None:
    path = f"{EXPORTS}/{made['id']}"
    with site.client(site.account(Role.INVESTIGATOR)) as other, site.client() as admin:
        for answer in (
            other.get(path),
            other.get(f"{path}/package"),
            other.post(f"{path}/cancel"),
            other.delete(path),
            other.get(f"{EXPORTS}/{UUID(int=7)}"),
        ):
            assert answer.status_code == 404
            assert answer.json()["detail"].startswith("there is no export")
        assert other.get(EXPORTS).json()["items"] == []
        assert other.get(EXPORTS, params={"everyone": True}).status_code == 403
        assert made["id"] in [each["id"] for each in admin.get(EXPORTS, params={"everyone": True}).json()["items"]]
        assert made["id"] not in [each["id"] for each in admin.get(EXPORTS).json()["items"]]
        assert admin.get(f"{path}/package", headers={"Range": "bytes=0-9"}).status_code == 206
    assert made["id"] in [each["id"] for each in lan.get(EXPORTS, params={"state": "done"}).json()["items"]]


def test_a_grant_that_ended_ends_downloads_too_and_the_refusal_is_recorded(site: Site) -> None:
    name = f"near-{new_incident_id(examples.NOON).hex[-8:]}"
    here = Grant(Role.INVESTIGATOR, "bac-ninh")
    with site.database.session() as session:
        user = accounts.create(session, name, PASSWORD, [here])
    with site.client(name) as client:
        done = ended(client, ask(client, site.recorded(CLIP, camera_=site.camera())))
        path = f"{EXPORTS}/{done['id']}/package"
        assert client.head(path).status_code == 200
        examples.put(site.database, site.cipher, examples.camera("far-away", area="bac-ninh/tu-son"))
        with site.database.session() as session:
            grants.give(session, user.id, Grant(Role.INVESTIGATOR, "bac-ninh/tu-son"))
            grants.take(session, user.id, here)
        answer = client.get(path)
        assert answer.status_code == 403
        assert "has ended" in answer.json()["detail"]
    with site.database.session() as session:
        found = audit.entries(session, Wanted(kind=Kind.EXPORT, user=name), limit=1)
    assert found[0].deed.what == "access.refused"


def test_a_right_that_ended_before_it_was_made_ends_the_job(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"late-{new_incident_id(examples.NOON).hex[-8:]}"
    with site.database.session() as session:
        user = accounts.create(session, name, PASSWORD, [Role.INVESTIGATOR])
    reaching = making._access  # the moment between the queue and the work

    def after_the_grant(session: Any, job: Any) -> Any:  # noqa: ANN401
        with site.database.session() as other:
            grants.take(other, user.id, Grant(Role.INVESTIGATOR))
            grants.give(other, user.id, Grant(Role.POLICE))
        return reaching(session, job)

    monkeypatch.setattr(making, "_access", after_the_grant)
    with site.client(name) as client:
        asked = ask(client, site.recorded(CLIP, camera_=site.camera()))
        with site.client() as admin:
            failed = ended(admin, asked)
        assert (failed["state"], failed["error"]) == ("failed", f"{name} may not export any more")
        assert notices(client, asked) == ["export_failed"]
    assert stored(site, asked) == []
    assert deeds(site, asked) == ["export.asked", "export.failed"]


def test_a_running_export_stops_within_seconds_and_leaves_nothing(site: Site, lan: httpx.Client, slow: Slow) -> None:
    asked = ask(lan, site.recorded(CLIP, camera_=site.camera()))
    assert slow.began.wait(MADE_WITHIN_S)
    eventually(lambda: lan.get(f"{EXPORTS}/{asked['id']}").json()["progress"]["done_bytes"] == 17)
    running_ = lan.get(f"{EXPORTS}/{asked['id']}").json()
    assert (running_["state"], running_["progress"]["all_bytes"]) == ("running", 1700)
    not_yet = lan.get(f"{EXPORTS}/{asked['id']}/package")
    assert (not_yet.status_code, not_yet.json()["type"].rsplit(":", 1)[1]) == (409, "not-yet")
    assert len(stored(site, asked)) == 1
    assert lan.post(f"{EXPORTS}/{asked['id']}/cancel").json()["cancelling"]
    assert ended(lan, asked)["state"] == "cancelled"
    eventually(lambda: stored(site, asked) == [])
    assert lan.post(f"{EXPORTS}/{asked['id']}/cancel").status_code == 409
    assert lan.get(f"{EXPORTS}/{asked['id']}/package").status_code == 404


def test_a_package_is_deleted_when_its_time_is_over_and_its_account_was_told_before(
    site: Site, lan: httpx.Client
) -> None:
    done = ended(lan, ask(lan, site.recorded(CLIP, camera_=site.camera())))
    assert len(stored(site, done)) == 1
    set_row(site, done, "expires_at = now() + interval '12 hours'")
    expirer(site).turn()
    expirer(site).turn()
    assert notices(lan, done) == ["export_expires", "export_done"]
    assert lan.head(f"{EXPORTS}/{done['id']}/package").status_code == 200
    set_row(site, done, "expires_at = now() - interval '1 second'")
    expirer(site).turn()
    assert stored(site, done) == []
    assert lan.get(f"{EXPORTS}/{done['id']}").json()["state"] == "expired"
    gone = lan.get(f"{EXPORTS}/{done['id']}/package")
    assert (gone.status_code, "was deleted" in gone.json()["detail"]) == (404, True)
    assert deeds(site, done) == ["export.asked", "export.expired"]


def test_a_package_deleted_by_hand_gives_its_room_back(site: Site, lan: httpx.Client) -> None:
    done = ended(lan, ask(lan, site.recorded(CLIP, camera_=site.camera())))
    before = lan.get(f"{EXPORTS}/quota").json()["account_used"]
    assert lan.delete(f"{EXPORTS}/{done['id']}").json()["state"] == "expired"
    expirer(site).turn()
    assert stored(site, done) == []
    assert lan.get(f"{EXPORTS}/quota").json()["account_used"] == before - done["size_bytes"]
    assert lan.delete(f"{EXPORTS}/{done['id']}").status_code == 409
    assert deeds(site, done) == ["export.asked", "export.deleted"]


def test_what_nobody_names_is_swept_out_of_the_store_when_it_is_old(
    site: Site, lan: httpx.Client, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = keys.export_package(new_incident_id(examples.NOON), UUID(int=1))
    site.store.put_bytes(orphan, b"left by a server that died", "application/zip")
    sweeping = expirer(site)
    sweeping.sweep()
    assert site.store.stat(orphan) is not None
    monkeypatch.setattr("camsvc.api.services.exports.expiry.YOUNG", -runner.AGAIN[0])
    sweeping.sweep()
    assert site.store.stat(orphan) is None
    assert len(stored(site, made)) == 1


def test_a_preview_tells_what_it_would_hold_and_take_and_does_nothing(site: Site, lan: httpx.Client) -> None:
    incident = site.recorded(CLIP, parts=2, camera_=site.camera())
    body = {"incidents": [str(incident.id)], "contents": CHEAP}
    found = lan.post(f"{EXPORTS}/preview", json=body).json()
    assert [each["incident"] for each in found["incidents"]] == [str(incident.id)]
    assert len(found["incidents"][0]["parts"]) == 2
    assert found["footage_bytes"] == 2 * len(CLIP) + 1
    assert found["package_bytes"] > found["footage_bytes"]
    assert (found["refusal"], found["quota"]["waiting"]) == (None, 0)


@pytest.mark.parametrize(
    ("wish", "parameter"),
    [
        ({}, "incidents"),
        ({"reason": "  "}, "reason"),
        ({"contents": {"languages": []}}, "contents.languages"),
        ({"contents": {"originals": True, "colour": True}}, "contents.colour"),
        (
            {"spans": [{"camera": "gate", "from": "2026-11-05T06:00:00", "to": "2026-11-05T07:00:00Z"}]},
            "spans.0.from",
        ),
        ({"recipient": "no certificate"}, "certificate"),
        ({"case": 1, "case_number": "7"}, "case_id"),
    ],
)
def test_what_cannot_be_exported_is_refused_by_name(
    site: Site, lan: httpx.Client, wish: dict[str, Any], parameter: str
) -> None:
    incidents = {} if not wish or "case" in wish else {"incidents": [str(new_incident_id(examples.NOON))]}
    answer = lan.post(EXPORTS, json={"reason": "theft", **incidents, **wish})
    assert (answer.status_code, answer.json()["parameter"]) == (422, parameter), answer.text


def test_an_encrypted_package_opens_for_its_recipient_only(site: Site, lan: httpx.Client, tmp_path: Path) -> None:
    recipient = SigningIdentity.fresh("the court")
    (tmp_path / "key.pem").write_bytes(recipient.private_pem().encode())
    incident = site.recorded(CLIP, camera_=site.camera())
    done = ended(lan, ask(lan, incident, recipient=recipient.certificate))
    assert done["state"] == "done", done
    assert "the court" in done["encrypted_for"]
    for name in ("package", "envelope"):
        answer = lan.get(f"{EXPORTS}/{done['id']}/{name}")
        assert answer.status_code == 200
        (tmp_path / name).write_bytes(answer.content)
    assert not (tmp_path / "package").read_bytes().startswith(b"PK")
    command = "openssl cms -decrypt -inform DER -in envelope -content package -inkey key.pem -out case.zip"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    with zipfile.ZipFile(tmp_path / "case.zip") as package:
        assert "manifest.json" in package.namelist()
    assert deeds(site, done).count("package.downloaded") == 2


def test_the_quota_refuses_with_numbers_and_the_cure(migrated_url: str, bucket: Bucket, tmp_path: Path) -> None:
    mib = 1024 * 1024
    bounds = {"parallel": 0, "max_waiting": 2, "max_bytes_per_account": 3 * mib // 2, "max_bytes_total": 5 * mib // 2}
    with running(migrated_url, bucket, tmp_path, exports=bounds) as site:
        incident = site.recorded(bytes(700_000), camera_=site.camera())
        body = {"incidents": [str(incident.id)], "reason": "theft"}

        def refused(client: httpx.Client) -> tuple[str, str]:
            answer = client.post(EXPORTS, json=body)
            assert answer.status_code == 409, answer.text
            told = client.post(f"{EXPORTS}/preview", json={"incidents": body["incidents"]}).json()["refusal"]
            assert told["detail"] == answer.json()["detail"]
            return told["kind"], told["detail"]

        with site.client() as first, site.client(site.account(Role.INVESTIGATOR)) as second:
            ask(first, incident)
            kind, detail = refused(first)
            assert (kind, "1.5 MiB of this account" in detail) == ("account", True), detail
            with site.client(site.account(Role.INVESTIGATOR)) as third:
                ask(second, incident)
                assert refused(third)[0] == "total"
            with site.database.session() as session:
                session.execute(text("UPDATE exports SET estimated_bytes = 1"))
            cancelled = ask(first, incident)
            kind, detail = refused(first)
            assert (kind, detail[:35]) == ("waiting", "2 exports of this account are waiti")
            assert first.post(f"{EXPORTS}/{cancelled['id']}/cancel").json()["state"] == "cancelled"
            ask(first, incident)


KILLED = """
import sys, threading, time
from pathlib import Path
from camsvc.api.services.exports import making
from camsvc.api.services.exports.runner import Runners
from camsvc.clock import SystemClock
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.evidence.means import Means
from camsvc.storage.objects import ObjectStore
from cryptography.fernet import Fernet

def export(means, request, sink, options, access):
    sink.write(bytes(17 * 1024 * 1024))
    print("in the middle", flush=True)
    time.sleep(600)

making.export = export
settings = Settings.model_validate_json(sys.stdin.read())
cipher = Cipher(Fernet.generate_key())
means = Means(Database(settings.database_url), ObjectStore.of(settings), cipher, settings, SystemClock())
runners = Runners(means)
runners.start()
time.sleep(600)
"""


def test_a_job_whose_server_was_killed_in_the_middle_is_made_by_another(
    migrated_url: str, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(migrated_url, bucket, tmp_path, exports={"parallel": 0}) as site:
        incident = site.recorded(CLIP, camera_=site.camera())
        with site.client() as client:
            asked = ask(client, incident)
            die_over(site, bucket, migrated_url)
            assert client.get(f"{EXPORTS}/{asked['id']}").json()["state"] == "running"
            assert len(stored(site, asked)) == 1, "the dead one's upload"
            set_row(site, asked, "beat_at = now() - interval '1 hour'")
            monkeypatch.setattr(runner, "LOOK_S", 0.1)
            heir = runner.Runners(Means(site.database, site.store, site.cipher, with_runner(site), site.clock))
            heir.start()
            done = ended(client, asked)
            heir.close()
            heir.join(20)
        assert (done["state"], done["attempts"]) == ("done", 2)
        assert len(stored(site, done)) == 1, "the package alone"


def die_over(site: Site, bucket: Bucket, url: str) -> None:
    """A server of its own that begins the job, and is killed over it."""
    settings = {
        "data": str(site.settings.data),
        "database_url": url,
        **{f"s3_{name}": value for name, value in vars(bucket).items()},
    }
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin as given:
        given.write(json.dumps(settings))
    try:
        assert "in the middle\n" in iter(process.stdout.readline, "")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def with_runner(site: Site) -> Any:  # noqa: ANN401  Settings
    exports = site.settings.exports.model_copy(update={"parallel": 1})
    return site.settings.model_copy(update={"exports": exports})


def test_a_server_that_stops_puts_its_job_back(own_site: Site, slow: Slow) -> None:
    with own_site.client() as client:
        asked = ask(client, own_site.recorded(CLIP, camera_=own_site.camera()))
    assert slow.began.wait(MADE_WITHIN_S)
    own_site.stop()
    with own_site.database.session() as session:
        row = session.execute(text("SELECT state, attempts, claim FROM exports")).one()
    assert tuple(row) == ("queued", 0, None)
    assert stored(own_site, asked) == []


def test_what_a_person_can_mend_is_told_with_the_cure(
    site: Site, lan: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: Any) -> Any:  # noqa: ANN401
        raise InputError("somebody is still seen", parameter="redacted", cure="draw what it missed")

    monkeypatch.setattr(making, "_write", refuses)
    failed = ended(lan, ask(lan, site.recorded(CLIP, camera_=site.camera())))
    assert (failed["state"], failed["error"]) == ("failed", "somebody is still seen: draw what it missed")


def test_a_store_that_is_away_is_waited_for(site: Site, lan: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The way to the store breaks for a part of the upload; tests/storage has one that is stopped and comes back."""
    failing: Callable[..., Any] = site.store.client._upload_part
    calls: list[int] = []

    def breaks_twice(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        calls.append(1)
        if len(calls) <= 2:
            raise broken()
        return failing(*arguments, **named)

    monkeypatch.setattr(site.store.client, "_upload_part", breaks_twice)
    monkeypatch.setattr("camsvc.storage.multipart.RETRY_S", 0.05)
    done = ended(lan, ask(lan, site.recorded(CLIP, camera_=site.camera())))
    assert (done["state"], done["attempts"], len(calls)) == ("done", 1, 3)


def broken() -> Exception:
    return urllib3.exceptions.ProtocolError("Connection aborted.")


def test_notices_are_read_one_by_one_or_up_to_one(site: Site, lan: httpx.Client, made: dict[str, Any]) -> None:
    found = lan.get("/api/v1/notices", params={"limit": 1}).json()
    newest = found["items"][0]
    assert (found["next_before"], newest["read_at"]) == (newest["id"], None)
    assert lan.post("/api/v1/notices/read", json={}).status_code == 422
    assert lan.post("/api/v1/notices/read", json={"ids": [newest["id"]]}).status_code == 204
    assert lan.get("/api/v1/notices").json()["unread"] == found["unread"] - 1
    assert lan.post("/api/v1/notices/read", json={"up_to": newest["id"]}).status_code == 204
    assert lan.get("/api/v1/notices", params={"unread": True}).json()["items"] == []
