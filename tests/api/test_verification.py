"""A package is checked over REST: what holds, what does not, whose it is, and that nothing of it is kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import text

from camsvc.api.services.verification import FOLDER
from camsvc.db.queries import audit
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Role
from camsvc.domain.export_job import Contents, Subjects
from camsvc.evidence import keeping
from camsvc.evidence.contents import Request
from camsvc.evidence.identity import SigningIdentity
from camsvc.evidence.package import Means, Options, export
from tests.api.conftest import Site, running
from tests.servers import Bucket

URL = "/api/v1/verification"
CASE = "HS-2026/114"


@dataclass(frozen=True)
class Made:
    data: bytes
    incident: str
    sha256: str
    """Of the certificate."""


def package(site: Site) -> Made:
    incident = site.recorded(b"footage" * 5000, camera_=site.camera())
    means = Means(site.database, site.store, site.cipher, site.settings, site.clock)
    file = io.BytesIO()
    made = export(
        means,
        Request(Subjects((incident.id,)), "Điều tra", "Đại úy A", CASE),
        file,
        Options(contents=Contents(provenance=False)),
    )
    return Made(file.getvalue(), str(incident.id), made.fingerprint)


@pytest.fixture(scope="module")
def made(site: Site) -> Made:
    return package(site)


@pytest.fixture(scope="module")
def clerk(site: Site) -> Iterator[httpx.Client]:
    """Who may see nothing but live pictures: a package needs no right."""
    with site.client(site.account(Role.VIEWER)) as client:
        yield client


def checked(client: httpx.Client, data: bytes) -> dict[str, Any]:
    answer = client.post(URL, content=data)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def failed(found: dict[str, Any]) -> set[str]:
    return {each["check"] for each in found["checks"] if each["outcome"] == "fails"}


def test_a_whole_package_of_this_installation_holds_and_is_recorded_under_its_case(
    site: Site, clerk: httpx.Client, made: Made
) -> None:
    found = checked(clerk, made.data)
    assert found["ruling"] == "holds"
    assert found["certificate"]["signer"] == "current"
    assert found["certificate"]["sha256"] == made.sha256
    assert found["chain"]["state"] == "agrees"
    assert found["chain"]["records"] >= 1
    assert not failed(found)
    assert {"certificate", "custody"} <= {each["check"] for each in found["checks"] if each["outcome"] == "holds"}
    assert found["request"]["case_number"] == CASE
    assert found["incidents"][0]["id"] == made.incident
    picture = next(each for each in found["contents"] if each["role"] == "thumbnail")
    begins = picture["offset"]
    assert made.data[begins : begins + picture["size_bytes"]] == b"\xff\xd8jpeg\xff\xd9"
    with site.database.session() as session:
        record = audit.entries(session, Wanted(what="package.verified", case_number=CASE), limit=1)[0]
    assert record.deed.details["ruling"] == "holds"
    assert record.deed.details["incidents"] == [made.incident]
    assert not list((site.settings.data / FOLDER).iterdir())


def test_a_changed_byte_fails_and_no_file_is_offered_to_be_shown(clerk: httpx.Client, made: Made) -> None:
    changed = bytearray(made.data)
    changed[changed.index(b"footage")] ^= 1
    found = checked(clerk, bytes(changed))
    assert found["ruling"] == "fails"
    assert {"seal", "files"} <= failed(found)
    assert all(each["offset"] is None for each in found["contents"])
    assert found["certificate"]["signer"] == "claimed", "the certificate alone proves nothing"


@pytest.mark.parametrize("data", [b"", b"no package", b"PK\x05\x06" + bytes(18)], ids=["empty", "text", "empty ZIP"])
def test_what_is_no_package_is_called_so(clerk: httpx.Client, data: bytes) -> None:
    found = checked(clerk, data)
    assert found["ruling"] == "fails"
    assert found["certificate"] is None


def test_another_installations_package_holds_but_by_an_unknown_signer(
    clerk: httpx.Client, migrated_url: str, bucket: Bucket, tmp_path: Path
) -> None:
    with running(migrated_url, bucket, tmp_path) as elsewhere:
        foreign = package(elsewhere)
    found = checked(clerk, foreign.data)
    assert found["ruling"] == "unknown_signer"
    assert (found["certificate"]["signer"], found["chain"]["state"]) == ("unknown", "foreign")
    pem = found["certificate"]["pem"]
    same = clerk.post(f"{URL}/certificates", json={"certificate": pem, "given": pem}).json()
    assert (same["vouches"], same["sha256"]) == (True, foreign.sha256)
    other = SigningIdentity.fresh("Somebody else").leaf.public_bytes(serialization.Encoding.PEM).decode()
    assert not clerk.post(f"{URL}/certificates", json={"certificate": pem, "given": other}).json()["vouches"]


def test_a_package_signed_with_a_key_that_was_replaced_is_still_ours(own_site: Site) -> None:
    before = package(own_site)
    with own_site.database.session() as session:
        keeping.renew(session, own_site.cipher, "")
    with own_site.client() as client:
        found = checked(client, before.data)
        assert (found["ruling"], found["certificate"]["signer"]) == ("holds", "past")
        # Somebody with the database changes the chain: a package that was handed out before tells.
        with own_site.database.session() as session:
            session.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
            session.execute(
                text("UPDATE audit SET hash = sha256(hash) WHERE what = 'incident.exported'"),
            )
        found = checked(client, before.data)
    assert (found["ruling"], found["chain"]["state"]) == ("fails", "differs")
    assert found["chain"]["wrong"] is not None
    assert failed(found) == {"custody"}


def test_a_package_beyond_the_limit_is_refused_before_and_while_it_comes(
    migrated_url: str, bucket: Bucket, tmp_path: Path
) -> None:
    limit = 1024 * 1024
    with (
        running(migrated_url, bucket, tmp_path, evidence={"verify_max_bytes": limit}) as site,
        site.client() as client,
    ):
        said = client.post(URL, content=bytes(limit + 1))
        unsaid = client.post(URL, content=(bytes(65536) for _ in range(18)))
        assert [said.status_code, unsaid.status_code] == [413, 413]
        assert str(limit) in said.json()["detail"]
        assert checked(client, bytes(limit))["ruling"] == "fails"
        assert not list((site.settings.data / FOLDER).iterdir())


def test_one_account_has_one_package_checked_at_a_time(site: Site, made: Made) -> None:
    name = site.account(Role.VIEWER)
    with site.client(name) as client:
        with site.database.session() as session:
            found = session.execute(text("SELECT id FROM users WHERE name = :name"), {"name": name}).scalar_one()
        with site.server.verifier.place(found, 0):
            answer = client.post(URL, content=made.data)
        assert answer.status_code == 503
        assert "already" in answer.json()["detail"]
        assert checked(client, made.data)["ruling"] == "holds"
