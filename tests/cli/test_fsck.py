"""``camsvc fsck`` over a real database, a real store, and spools."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import audit, faults, incidents
from camsvc.db.queries.audit import Wanted
from camsvc.domain.incident import Clip, Incident
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore
from tests.cli.console import Run
from tests.db.examples import WORKER, camera, clip, incident, owned
from tests.sealed import TAMPERED, Notary, tamper
from tests.servers import Bucket


@pytest.fixture
def fsck(camsvc: Run, bucket: Bucket, store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("endpoint", "access_key", "secret_key", "bucket"):
        monkeypatch.setenv(f"CAMSVC_S3_{name.upper()}", getattr(bucket, name))
    monkeypatch.setenv("CAMSVC_S3_SECURE", "false")
    return camsvc


@pytest.fixture
def published(database: Database, cipher: Cipher, store: ObjectStore) -> list[Incident]:
    """Three incidents, each with a part, a picture and tracks."""
    epoch = owned(database, cipher, camera())["bridge-01"]
    made = []
    for _ in range(3):
        one = incident(epoch=epoch)
        data = str(one.id).encode() * 100
        key = keys.clip_part(one.id, 0)
        sha256 = store.put_bytes(key, data, "video/mp4")
        part = replace(clip().parts[0], key=key, sha256=sha256, size_bytes=len(data))
        store.put_bytes(keys.thumbnail(one.id), b"picture", "image/jpeg")
        store.put_bytes(keys.tracks(one.id), b"{}", "application/json")
        one = replace(one, clip=Clip((part,)), thumbnail=keys.thumbnail(one.id), tracks=keys.tracks(one.id))
        with database.session() as session:
            incidents.publish(session, one)
        made.append(one)
    return made


def test_a_whole_installation_is_clean(fsck: Run, published: list[Incident]) -> None:
    done = fsck("fsck", "--json")
    assert done.status == 0
    assert done.json["clean"] is True
    assert (done.json["objects"], done.json["files"]) == (9, 9)
    assert fsck("fsck").out.startswith("clean: 9 objects")


def test_missing_extra_and_altered_are_each_named_with_status_1(
    fsck: Run, published: list[Incident], store: ObjectStore
) -> None:
    missing, altered = keys.thumbnail(published[0].id), keys.clip_part(published[1].id, 0)
    store.delete(missing)
    store.delete(altered)
    store.put_bytes(altered, b"something else", "video/mp4")
    store.put_bytes("incidents/stray", b"?", "text/plain")
    done = fsck("fsck", "--json")
    assert done.status == 1
    named = {kind: [each["key"] for each in done.json[kind]] for kind in ("missing", "extra", "altered")}
    assert named == {"missing": [missing], "extra": ["incidents/stray"], "altered": [altered]}
    said = fsck("fsck").out
    for words in (f"missing  {missing}", "extra    incidents/stray", f"altered  {altered}", "NOT clean"):
        assert words in said


def test_what_waits_in_a_spool_is_told_and_no_finding(
    fsck: Run, published: list[Incident], store: ObjectStore, tmp_path: Path
) -> None:
    waiting = incident()
    (tmp_path / "data" / "spool" / "w1" / "incidents" / str(waiting.id)).mkdir(parents=True)
    store.put_bytes(keys.clip_part(waiting.id, 0), b"uploaded, its row on the way", "video/mp4")
    done = fsck("fsck", "--json")
    assert done.status == 0
    assert done.json["waiting_in_spools"] == 1


@pytest.mark.parametrize("name", ["fenced", "damaged"])
def test_what_a_worker_set_aside_is_a_finding(fsck: Run, published: list[Incident], tmp_path: Path, name: str) -> None:
    folder = tmp_path / "data" / "spool" / "w1" / name / str(incident().id)
    folder.mkdir(parents=True)
    done = fsck("fsck", "--json")
    assert done.status == 1
    assert done.json["set_aside"] == [str(folder)]


def test_without_anything_running_the_cure_is_named(camsvc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = camsvc("fsck")
    assert done.status == 2
    assert "start it first" in done.err


def test_each_way_to_tamper_is_called_what_it_is_and_the_fault_is_cleared_when_the_file_is_whole_again(
    fsck: Run, published: list[Incident], store: ObjectStore, database: Database, tmp_path: Path
) -> None:
    notary = Notary.of(tmp_path / "key", database, store, WORKER)
    (other, *victims) = [
        notary.publish(incident(epoch=published[0].epoch), f"footage {number}".encode() * 50)
        for number in range(len(TAMPERED))  # "seal taken away" is a test of its own: it changes what others are
    ]
    done = fsck("fsck", "--json").json
    assert (done["clean"], done["sealed"], done["unsealed"]) == (True, 2 * len(TAMPERED), 6)
    ways = [each for each in TAMPERED if each != "seal taken away"]
    for how, victim in zip(ways, victims, strict=True):
        tamper(how, notary, victim, other)
    done = fsck("fsck", "--json").json
    found = {each["key"]: kind for kind in ("missing", "altered", "forged") for each in done[kind]}
    assert found == {keys.clip_part(each.id, 0): TAMPERED[how] for how, each in zip(ways, victims, strict=True)}
    fast = fsck("fsck", "--fast", "--json").json
    assert fast["counts"]["forged"] == done["counts"]["forged"]
    with database.session() as session:
        assert {each.key: each.what.value for each in faults.latest(session, 100)} == found
    altered = victims[ways.index("altered")]
    assert altered.clip is not None
    assert store.restore(keys.clip_part(altered.id, 0), altered.clip.parts[0].sha256, "video/mp4")
    assert fsck("fsck", "--json").status == 1
    with database.session() as session:
        assert keys.clip_part(altered.id, 0) not in faults.open_keys(session)
        assert [each.deed.incident for each in audit.read(session, 0) if each.deed.what == "footage.whole_again"] == [
            altered.id
        ]


def test_a_seal_that_was_taken_away_is_missed(
    fsck: Run, published: list[Incident], store: ObjectStore, database: Database, tmp_path: Path
) -> None:
    notary = Notary.of(tmp_path / "key", database, store, WORKER)
    victim = notary.publish(incident(epoch=published[0].epoch), b"footage" * 50)
    tamper("seal taken away", notary, victim, victim)
    forged = [each["key"] for each in fsck("fsck", "--json").json["forged"]]
    assert keys.clip_part(victim.id, 0) in forged


def test_a_large_store_is_checked_day_by_day(fsck: Run, published: list[Incident], store: ObjectStore) -> None:
    day = published[0].started_at.strftime("%Y-%m-%d")
    store.delete(keys.thumbnail(published[0].id))
    assert fsck("fsck", "--from", day, "--to", day, "--json").json["counts"]["missing"] == 1
    for other in (("--from", "2027-01-01"), ("--to", "2026-01-01")):
        done = fsck("fsck", *other, "--json").json
        assert (done["objects"], done["files"], done["clean"]) == (0, 0, True)
    assert fsck("fsck", "--from", "2026-02-01", "--to", "2026-01-01").status == 2


def test_what_was_deleted_or_written_over_is_restored_and_was_a_fault(
    fsck: Run, published: list[Incident], store: ObjectStore, database: Database
) -> None:
    gone, over = (keys.clip_part(each.id, 0) for each in published[:2])
    store.client.remove_object(bucket_name=store.bucket, object_name=gone)
    store.client.put_object(bucket_name=store.bucket, object_name=over, data=io.BytesIO(b"forged"), length=6)
    done = fsck("fsck", "--restore", "--json")
    assert done.status == 1
    assert sorted(done.json["restored"]) == sorted((gone, over))
    after = fsck("fsck", "--json")
    assert (after.status, after.json["clean"]) == (0, True)
    with database.session() as session:
        assert not faults.open_keys(session)
        told = [each.deed.what for each in audit.entries(session, Wanted(incident=published[0].id), limit=9)]
    assert told == ["footage.whole_again", "footage.at_fault"]
