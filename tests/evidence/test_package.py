"""What is in a package: the worker's own bits, what is known of them, and what is missing, said as such."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import time
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from camsvc.clock import SystemClock
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import faults
from camsvc.domain.export_job import Contents, Subjects
from camsvc.errors import ConfigError, InputError, NotFoundError
from camsvc.evidence import lanes, making
from camsvc.evidence.contents import Request
from camsvc.evidence.identity import SigningIdentity
from camsvc.evidence.package import Means, Options, export
from camsvc.evidence.pdf_pages import Pages
from camsvc.evidence.verification import Trust, verify
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore
from tests.browser import Chromium, Tab, tab
from tests.cli.console import Run
from tests.cli.time_stamps import time_stamps  # noqa: F401  a fixture
from tests.evidence.conftest import Exported
from tests.evidence.examples import Scene, publish_scene, settings_of
from tests.evidence.instructions import STEPS, commands, follow

WHY = ("--reason", "Điều tra vụ va chạm", "--case", "HS-2026/114")


@pytest.fixture
def scene(database: Database, cipher: Cipher, store: ObjectStore, tmp_path: Path) -> Scene:
    return publish_scene(database, cipher, store, tmp_path)


def manifest_of(file: Path) -> dict[str, Any]:
    with zipfile.ZipFile(file) as archive:
        return dict(json.loads(archive.read("manifest.json")))


def test_every_clip_in_it_is_bit_for_bit_what_the_worker_wrote(exported: Exported) -> None:
    with zipfile.ZipFile(exported.file) as archive:
        assert archive.testzip() is None
        packed = {name: archive.read(name) for name in archive.namelist() if name.endswith(".mp4")}
    assert sorted(map(hash, packed.values())) == sorted(map(hash, exported.originals.values()))
    assert len(packed) == 3


def test_ffprobe_reads_every_clip(exported: Exported, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported.file) as archive:
        archive.extractall(tmp_path)
    for clip in tmp_path.rglob("*.mp4"):
        command = ["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v"]
        command += ["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", str(clip)]
        done = subprocess.run(command, check=True, capture_output=True)
        assert int(done.stdout) in {50, 100}
        assert done.stderr == b""


def test_the_manifest_says_where_it_comes_from_and_what_is_missing(exported: Exported) -> None:
    manifest = manifest_of(exported.file)
    assert manifest["request"] == {
        "by": "Đại úy Trần Văn A", "account": None, "reason": "Điều tra vụ va chạm", "case_number": "HS-2026/114",
        "case_title": None, "case_people": [],
    }  # fmt: skip
    first, second = manifest["incidents"]
    assert first["camera_name"] == "Cầu Như Nguyệt, hướng Bắc"
    assert [part["session"] for part in first["clip"]["parts"]] == ["s-1", "s-2"]
    assert [each["session"] for each in first["sessions"]] == ["s-1", "s-2"]
    assert first["clip"]["gaps"][0]["reason"] == "reconnect"
    assert {each["what"] for each in first["missing"]} == {"footage", "analysis"}
    assert first["uncovered"] == []
    assert second["uncovered"] == [
        {"started_at": "2026-11-05T06:00:02.250000Z", "ended_at": "2026-11-05T06:00:09.250000Z"}
    ]
    assert first["clip"]["parts"][0]["clock_error_ms"] == 12.5
    assert manifest["software"]["name"] == "camsvc"
    assert first["model"].startswith("yolo11n")
    assert manifest["sound"] is True


def test_the_manifest_knows_every_file_by_sha256_and_size(exported: Exported) -> None:
    manifest = manifest_of(exported.file)
    with zipfile.ZipFile(exported.file) as archive:
        for each in manifest["files"]:
            data = archive.read(each["name"])
            assert (len(data), hashlib.sha256(data).hexdigest()) == (each["size_bytes"], each["sha256"])
        unlisted = set(archive.namelist()) - {each["name"] for each in manifest["files"]}
    assert unlisted == {"SHA256SUMS", "manifest.json", "manifest.json.sig"}


def test_the_custody_log_shows_the_export_itself_with_its_hashes(exported: Exported) -> None:
    custody = manifest_of(exported.file)["custody"]
    assert [each["record"]["what"] for each in custody["records"]] == ["incident.exported"] * 2
    assert custody["records"][0]["record"]["case_number"] == "HS-2026/114"
    assert custody["complete"] is True
    assert any(each.check == "custody" and each.outcome == "holds" for each in verify(exported.file).findings)


def test_the_c2pa_library_s_own_reader_accepts_each_manifest_and_refuses_an_altered_clip(exported: Exported) -> None:
    with zipfile.ZipFile(exported.file) as archive:
        beside = [name for name in archive.namelist() if name.endswith(".mp4.c2pa")]
        for name in beside:
            clip, manifest = archive.read(name.removesuffix(".c2pa")), archive.read(name)
            with c2pa.Reader("video/mp4", io.BytesIO(clip), manifest_data=manifest) as reader:
                assert reader.get_validation_state() == "Valid"
                assert json.loads(reader.json())["active_manifest"]
            middle = len(clip) // 2
            altered = clip[:middle] + bytes([clip[middle] ^ 1]) + clip[middle + 1 :]
            with c2pa.Reader("video/mp4", io.BytesIO(altered), manifest_data=manifest) as reader:
                assert reader.get_validation_state() == "Invalid"
    assert len(beside) == 3


def test_the_report_opens_offline_plays_the_clips_and_shows_the_gap(
    exported: Exported, browser: Chromium, tmp_path: Path
) -> None:
    with zipfile.ZipFile(exported.file) as archive:
        archive.extractall(tmp_path)
    for language, words in (("vi", "MẤT VIDEO 2,0 giây"), ("en", "NO FOOTAGE for 2.0 s")):
        with tab(browser, "", offline=True) as opened:
            opened.page.goto((tmp_path / f"report.{language}.html").as_uri())
            until(opened, "document.querySelectorAll('video')[1].readyState >= 1")
            opened.page.evaluate("document.querySelector('video').play()")
            until(opened, "document.querySelector('video').currentTime > 0.3")
            assert words in opened.page.inner_text(".footage .band")
            # The player stops at the gap, says what is missing, and goes on behind it.
            opened.page.evaluate("document.querySelector('video').currentTime = 3.9")
            until(opened, f"document.querySelector('.slate').innerText.includes('{words}')")
            assert opened.page.is_visible(".slate")
            until(opened, "document.querySelector('.player video').src.endsWith('clip-0001.mp4')")
            assert not opened.page.is_visible(".slate")
            assert opened.page.locator(".player .lost").count() == 1
            assert opened.page.evaluate("[...document.images].every(each => each.naturalWidth > 0)")
            assert opened.errors == []
            assert all(url.startswith("file:") for url in opened.requests)


def until(opened: Tab, condition: str) -> None:
    """The page's own policy forbids what Playwright's waiting needs."""
    deadline_s = time.monotonic() + 15
    while not opened.page.evaluate(condition):
        assert time.monotonic() < deadline_s, condition
        opened.page.wait_for_timeout(50)


def test_the_command_exports_records_and_never_writes_over(
    camsvc: Run, scene: Scene, tmp_path: Path, database: Database
) -> None:
    out = tmp_path / "case.zip"
    done = camsvc("export", "incident", *scene.ids, *WHY, "--out", str(out), "--json")
    assert done.status == 0, done.err
    assert done.json["incidents"] == 2
    assert camsvc("verify", str(out), "--json").json["holds"] is True
    again = camsvc("export", "incident", *scene.ids, *WHY, "--out", str(out))
    assert again.status == 2
    assert "exists" in again.err
    from sqlalchemy import text

    with database.session() as session:
        rows = session.execute(text("SELECT what, outcome, purpose, case_number FROM audit ORDER BY seq")).all()
    assert [(row.what, row.outcome) for row in rows] == [
        ("incident.exported", "allowed"), ("incident.exported", "allowed"), ("package.made", "allowed"),
    ]  # fmt: skip
    assert {(row.purpose, row.case_number) for row in rows} == {("Điều tra vụ va chạm", "HS-2026/114")}


def test_verify_needs_no_configuration_and_its_status_says_what_it_found(
    exported: Exported, camsvc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_identity: SigningIdentity
) -> None:
    monkeypatch.setenv("CAMSVC_DATABASE_URL", "postgresql://nobody@192.0.2.1/none")
    monkeypatch.setenv("CAMSVC_NONSENSE", "1")
    (tmp_path / "own.pem").write_text(exported.identity.certificate)
    (tmp_path / "other.pem").write_text(other_identity.certificate)
    assert camsvc("verify", str(exported.file), "--certificate", str(tmp_path / "own.pem")).status == 0
    other = camsvc("verify", str(exported.file), "--certificate", str(tmp_path / "other.pem"))
    assert other.status == 1
    assert "signed with another key" in other.out
    (tmp_path / "bad.zip").write_bytes(exported.file.read_bytes()[:-1])
    bad = camsvc("verify", str(tmp_path / "bad.zip"), "--json")
    assert (bad.status, bad.json["holds"]) == (1, False)
    assert camsvc("verify", str(tmp_path / "none.zip")).status == 2


def test_altered_and_missing_footage_is_marked_everywhere_and_never_shown_as_fine(
    camsvc: Run, scene: Scene, store: ObjectStore, tmp_path: Path, database: Database
) -> None:
    first, second = scene.incidents
    altered, missing, longer = keys.clip_part(first.id, 0), keys.clip_part(first.id, 1), keys.clip_part(second.id, 0)
    with store.open(longer) as pieces:
        more = b"".join(pieces) + b"more"
    for key in (altered, missing, longer):
        store.delete(key)
    store.put_bytes(altered, b"something else", "video/mp4")
    store.put_bytes(longer, more, "video/mp4")
    out = tmp_path / "case.zip"
    done = camsvc("export", "incident", *scene.ids, *WHY, "--out", str(out))
    assert done.status == 1
    assert "ALTERED" in done.err
    assert "MISSING" in done.err
    manifest = manifest_of(out)
    assert manifest["sound"] is False
    states = {
        each["name"].rsplit("/", 1)[-1]: each["state"] for each in manifest["files"] if each["role"] == "original"
    }
    assert states == {"clip-0000.mp4": "altered", "clip-0001.mp4": "missing"}
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
        page, readme = archive.read("report.en.html").decode(), archive.read("README.txt").decode()
    assert sum(name.endswith("clip-0000.mp4.ALTERED.txt") for name in names) == 2
    assert sum(name.endswith("clip-0001.mp4.MISSING.txt") for name in names) == 1
    assert not any(name.endswith(("clip-0001.mp4", ".c2pa")) for name in names)
    assert "ATTENTION: 3 files" in page
    assert "<video" not in page
    assert "ALTERED" in readme
    verdict = verify(out)
    assert not verdict.holds
    assert {each.check for each in verdict.findings if each.outcome == "fails"} == {"originals", "recording"}
    with database.session() as session:
        found = faults.of_incidents(session, [first.id, second.id])
    assert {each.key: (each.what, each.found_by) for each in found} == {
        altered: ("altered", "export"), missing: ("missing", "export"), longer: ("altered", "export"),
    }  # fmt: skip
    assert len(follow(commands(out), out, tmp_path / "follow")) == STEPS - 1  # but for the recorder's
    # signatures: nothing was changed since it was signed


def test_an_incident_that_does_not_exist_leaves_no_file_and_no_package(camsvc: Run, tmp_path: Path) -> None:
    out = tmp_path / "case.zip"
    done = camsvc("export", "incident", "019b76da-0000-7000-8000-000000000000", *WHY, "--out", str(out))
    assert done.status == 2
    assert "there is no incident" in done.err
    assert [each.name for each in tmp_path.iterdir() if "case" in each.name] == []


def test_a_store_that_is_away_leaves_no_file_and_a_record_of_the_failure(
    camsvc: Run, scene: Scene, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMSVC_S3_ENDPOINT", "127.0.0.1:1")
    done = camsvc("export", "incident", *scene.ids, *WHY, "--out", str(tmp_path / "case.zip"))
    assert done.status == 1
    assert not (tmp_path / "case.zip").exists()
    from sqlalchemy import text

    with database.session() as session:
        last = session.execute(text("SELECT what, outcome FROM audit ORDER BY seq DESC LIMIT 1")).one()
    assert tuple(last) == ("package.made", "failed")


def decrypted(folder: Path, key: str, out: str) -> bool:
    command = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "case.zip.cms"]
    command += ["-content", "case.zip.enc", "-inkey", f"{key}.key", "-recip", f"{key}.pem", "-out", out]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode == 0


def test_an_encrypted_package_opens_by_openssl_with_the_recipient_s_key_only(
    camsvc: Run, scene: Scene, tmp_path: Path, other_identity: SigningIdentity
) -> None:
    for name, who in (("recipient", other_identity), ("stranger", SigningIdentity.fresh("stranger"))):
        (tmp_path / f"{name}.pem").write_text(who.certificate)
        (tmp_path / f"{name}.key").write_text(who.private_pem())
    out = tmp_path / "case.zip"
    recipient = ("--encrypt-for", str(tmp_path / "recipient.pem"))
    done = camsvc("export", "incident", *scene.ids, *WHY, "--out", str(out), *recipient, "--json")
    assert done.status == 0, done.err
    assert not out.exists()
    assert b"PK\3\4" not in (tmp_path / "case.zip.enc").read_bytes()[:1000]
    told = camsvc("verify", str(tmp_path / "case.zip.enc"))
    assert told.status == 2
    assert "openssl cms -decrypt" in told.err
    assert decrypted(tmp_path, "recipient", "case.zip")
    assert verify(out).holds
    assert not decrypted(tmp_path, "stranger", "none.zip")


def test_a_time_stamp_is_put_beside_the_signature_and_openssl_verifies_it(
    database: Database,
    cipher: Cipher,
    store: ObjectStore,
    scene: Scene,
    tmp_path: Path,
    time_stamps: str,  # noqa: F811
) -> None:
    package, authority = tmp_path / "p.zip", tmp_path / "authority" / "authority.pem"
    means = Means(database, store, cipher, settings_of(tsa_url=time_stamps), SystemClock())
    with package.open("wb") as file:
        export(means, Request(Subjects((scene.incidents[0].id,)), "why", "who"), file)
    trust = Trust(stamp_roots=[x509.load_pem_x509_certificate(authority.read_bytes())])
    verdict = verify(package, trust)
    assert verdict.holds, verdict.findings
    assert any(each.check == "time-stamp" and each.outcome == "holds" for each in verdict.findings)
    assert len(follow(commands(package), package, tmp_path / "follow")) == STEPS
    files = tmp_path / "follow" / "work" / "check" / "files"
    subprocess.run(
        ["openssl", "ts", "-verify", "-data", "manifest.json.sig", "-in", "manifest.json.sig.tsr", "-CAfile",
         str(authority)], cwd=files, check=True, capture_output=True,
    )  # fmt: skip

    stamp = (files / "manifest.json.sig.tsr").read_bytes()
    package.write_bytes(package.read_bytes().replace(stamp, bytes(len(stamp))))
    broken = verify(package, trust)
    assert any(each.check == "time-stamp" and each.outcome == "fails" for each in broken.findings)
    unchecked = [[each.check for each in one.findings if each.outcome == "unchecked"] for one in (verdict, broken)]
    assert unchecked[0] == unchecked[1]  # what is not looked at is said all the same, C2PA included


def test_an_authority_that_gives_no_stamp_ends_the_export_with_its_reason(
    database: Database, cipher: Cipher, store: ObjectStore, scene: Scene
) -> None:
    means = Means(database, store, cipher, settings_of(tsa_url="http://127.0.0.1:1/tsr"), SystemClock())
    with pytest.raises(ConfigError, match="time-stamp authority"):
        export(
            means,
            Request(Subjects((scene.incidents[0].id,)), "why", "who"),
            io.BytesIO(),
            Options(Contents(provenance=False)),
        )


def test_too_many_incidents_or_none_are_refused(database: Database, cipher: Cipher, store: ObjectStore) -> None:
    means = Means(database, store, cipher, settings_of(), SystemClock())
    with pytest.raises(InputError, match="0 incidents"):
        export(means, Request(Subjects(), "why", "who"), io.BytesIO())
    with pytest.raises(NotFoundError):
        from uuid import uuid4

        export(means, Request(Subjects((uuid4(),)), "why", "who"), io.BytesIO())


def test_the_certificate_comes_first_the_signature_last_and_clips_in_the_order_of_incidents(exported: Exported) -> None:
    with zipfile.ZipFile(exported.file) as archive:
        names = archive.namelist()
    assert names[0] == "certificate.pem"
    assert names[-4:] == ["README.txt", "SHA256SUMS", "manifest.json", "manifest.json.sig"]
    clips = [name for name in names if name.startswith("incidents/")]
    assert [name.split("/")[1] for name in clips] == sorted(name.split("/")[1] for name in clips)


def test_what_a_report_does_not_show_it_says(
    database: Database, cipher: Cipher, store: ObjectStore, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    plain = Pages.text_block

    def spoken(pages: Pages, text: str, width: float = 0) -> None:
        said.append(text)
        plain(pages, text, width)

    monkeypatch.setattr(Pages, "text_block", spoken)
    monkeypatch.setattr(making, "PICTURES_MAX", 1)
    monkeypatch.setattr(lanes, "STRETCHES_MAX", 1)
    monkeypatch.setattr(lanes, "QUIET_FOR", timedelta(seconds=1))
    out = io.BytesIO()
    means = Means(database, store, cipher, settings_of(), SystemClock())
    export(means, Request(scene.subjects, "why", "who"), out, Options(Contents(languages=("en",), provenance=False)))
    manifest = json.loads(zipfile.ZipFile(out).read("manifest.json"))
    pictures = [each["name"] for each in manifest["files"] if each["name"].endswith(".jpg")]
    unprinted = [text for text in said if text.startswith("Picture not printed here")]
    assert unprinted == [f"Picture not printed here, see the file {name}" for name in pictures[1:]] != []
    left_out = "Later stretches of time that are not drawn: 1;"
    assert any(left_out in text for text in said)
    assert left_out in zipfile.ZipFile(out).read("report.en.html").decode()


def test_the_private_key_is_in_no_file_of_the_package(exported: Exported) -> None:
    loaded = serialization.load_pem_private_key(exported.identity.private_pem().encode(), None)
    der = loaded.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    data = exported.file.read_bytes()
    assert b"PRIVATE KEY" not in data
    assert der[-64:] not in data
