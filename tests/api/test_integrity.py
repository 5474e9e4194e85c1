"""What the server says of stored footage that is not what was recorded: never that it is fine."""

from __future__ import annotations

import httpx
import pytest

from camsvc.api.services import prover
from camsvc.db.queries import audit, faults
from camsvc.domain.account import Role
from camsvc.domain.fault import FaultKind, Finder
from camsvc.domain.incident import Incident
from camsvc.storage import keys
from tests.api.conftest import Site
from tests.db import examples
from tests.sealed import TAMPERED, Notary, overwrite, tamper

CONTENT = bytes(range(256)) * 4096
"""A mebibyte: several pieces."""


@pytest.fixture(scope="module")
def notary(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Notary:
    return Notary.of(tmp_path_factory.mktemp("key"), site.database, site.store, examples.WORKER)


def recorded(site: Site, notary: Notary, content: bytes = CONTENT) -> Incident:
    return notary.publish(examples.incident(site.camera()), content)


def url(incident: Incident, rest: str = "clip") -> str:
    return f"/api/v1/incidents/{incident.id}/{rest}"


def first_key(incident: Incident) -> str:
    return keys.clip_part(incident.id, 0)


@pytest.mark.parametrize("how", [each for each in TAMPERED if each != "seal taken away"])
def test_each_way_to_tamper_is_called_what_it_is_by_ranges_and_by_whole_reads(
    site: Site, admin: httpx.Client, notary: Notary, how: str
) -> None:
    for headers in ({"Range": "bytes=1000-1999"}, {}):
        victim, other = recorded(site, notary, CONTENT + how.encode()), recorded(site, notary)
        tamper(how, notary, victim, other)
        called = TAMPERED[how]
        statuses = []
        for _ in range(2):
            try:
                answer = admin.get(url(victim), headers=headers)
            except httpx.RemoteProtocolError:
                statuses.append("broken off")
            else:
                statuses.append(answer.json()["type"].rpartition(":")[2] if answer.status_code >= 400 else "fine")
        assert statuses[-1] == f"footage-{called}"
        assert statuses[0] in {statuses[-1], "broken off"}
        with site.database.session() as session:
            (found,) = faults.of_incidents(session, [victim.id])
        assert (found.key, found.what.value, found.found_by) == (first_key(victim), called, Finder.READER)
        told = admin.get(f"/api/v1/incidents/{victim.id}").json()["faults"]
        assert [(each["file"], each["what"]) for each in told] == [("clip-0000.mp4", called)]


def test_sealed_footage_and_footage_from_before_seals_are_played(
    site: Site, admin: httpx.Client, notary: Notary
) -> None:
    for incident in (recorded(site, notary), site.recorded(CONTENT, camera_=site.camera(), worker="worker-1")):
        for asked in ("bytes=0-", "bytes=5-9", "bytes=-3"):
            assert admin.get(url(incident), headers={"Range": asked}).status_code == 206
        assert admin.get(url(incident)).status_code == 200
        assert admin.get(f"/api/v1/incidents/{incident.id}").json()["faults"] == []


def test_tracks_are_held_to_what_was_sealed_and_not_to_the_object_s_own_word(
    site: Site, admin: httpx.Client, notary: Notary
) -> None:
    incident = recorded(site, notary)
    assert admin.get(url(incident, "tracks")).status_code == 200
    key = keys.tracks(incident.id)
    site.store.delete(key)
    site.store.put_bytes(key, b'{"incident": "another"}', "application/json")
    answer = admin.get(url(incident, "tracks"))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (502, "footage-altered")


def test_a_range_of_a_large_file_goes_out_before_it_is_proved_and_is_cut_off_when_it_is_not(
    site: Site, admin: httpx.Client, notary: Notary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prover, "PROMPT_S", 0.0)
    incident = recorded(site, notary)
    overwrite(site.store, first_key(incident), CONTENT[:-1] + b"!")
    received = 0
    with (
        pytest.raises((httpx.RemoteProtocolError, AssertionError)),
        admin.stream("GET", url(incident), headers={"Range": "bytes=0-900000"}) as answer,
    ):
        for piece in answer.iter_raw():
            received += len(piece)
        assert answer.status_code == 206
    assert received < 900_001
    assert admin.get(url(incident), headers={"Range": "bytes=0-9"}).status_code == 502


def test_a_file_is_read_whole_once_however_many_ranges_of_it_are_asked_for(
    site: Site, admin: httpx.Client, notary: Notary, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = recorded(site, notary)
    reads = []
    proving = prover.Prover._read

    def counted(self: prover.Prover, file: object) -> object:
        reads.append(file)
        return proving(self, file)  # type: ignore[arg-type]

    monkeypatch.setattr(prover.Prover, "_read", counted)
    for first in range(0, 10):
        assert admin.get(url(incident), headers={"Range": f"bytes={first * 1000}-{first * 1000 + 99}"}).is_success
    assert len(reads) == 1


def test_footage_that_is_altered_after_it_was_proved_is_noticed_by_its_next_range(
    site: Site, admin: httpx.Client, notary: Notary
) -> None:
    incident = recorded(site, notary)
    assert admin.get(url(incident), headers={"Range": "bytes=0-9"}).is_success
    overwrite(site.store, first_key(incident), CONTENT[:-1] + b"!")
    assert admin.get(url(incident), headers={"Range": "bytes=0-9"}).status_code == 502


def test_restored_footage_is_played_again_and_its_fault_stays_as_history(
    site: Site, admin: httpx.Client, notary: Notary
) -> None:
    incident = recorded(site, notary)
    key = first_key(incident)
    overwrite(site.store, key, b"x" * len(CONTENT))
    asked = {"Range": "bytes=0-9"}
    assert admin.get(url(incident), headers=asked).status_code == 502
    assert incident.clip is not None
    site.store.restore(key, incident.clip.parts[0].sha256, "video/mp4")
    site.clock.shift_s += prover.FAULT_FOR_S + 1
    assert admin.get(url(incident), headers=asked).status_code == 206
    assert admin.get(f"/api/v1/incidents/{incident.id}").json()["faults"] == []
    with site.database.session() as session:
        (past,) = [each for each in faults.latest(session, 100, only_open=False) if each.key == key]
        chain = [each.deed.what for each in audit.read(session, 0) if each.deed.incident == incident.id]
    assert past.cleared_at is not None
    assert past.what is FaultKind.ALTERED
    assert {"footage.at_fault", "footage.whole_again"} <= set(chain)


def test_administrators_are_told_once(site: Site, admin: httpx.Client, notary: Notary) -> None:
    incident = recorded(site, notary)
    overwrite(site.store, first_key(incident), b"x" * len(CONTENT))
    for _ in range(3):
        assert admin.get(url(incident), headers={"Range": "bytes=0-9"}).status_code == 502
    told = [each for each in admin.get("/api/v1/notices").json()["items"] if str(incident.id) in each["path"]]
    assert [(each["kind"], each["facts"]["what"]) for each in told] == [("footage_at_fault", "altered")]


def test_people_of_a_case_that_it_is_in_are_told_of_the_case_alone(
    site: Site, admin: httpx.Client, notary: Notary
) -> None:
    incident = recorded(site, notary)
    with site.client(site.account(Role.INVESTIGATOR)) as officer:
        case = officer.post("/api/v1/cases", json={"number": "88/2026", "title": "Theft"}).json()
        item = {"incident": str(incident.id)}
        assert officer.post(f"/api/v1/cases/{case['id']}/items", json={"items": [item]}).status_code == 201
        overwrite(site.store, first_key(incident), b"x" * len(CONTENT))
        assert admin.get(url(incident), headers={"Range": "bytes=0-9"}).status_code == 502
        (told,) = [each for each in officer.get("/api/v1/notices").json()["items"] if "fault" in each["kind"]]
    assert told["path"] == f"/cases/{case['id']}"
    assert told["facts"] == {"what": "altered", "case": "88/2026"}
