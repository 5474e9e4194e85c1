"""``camsvc retention`` and ``camsvc holds`` over a real database and a real store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from camsvc.db import partitions
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.locks import PURGE
from camsvc.db.queries import audit, incidents
from camsvc.db.queries.audit import Wanted
from camsvc.domain.audit import Kind
from camsvc.domain.incident import Clip, Incident
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore
from tests.cli.console import Run
from tests.db import examples
from tests.servers import Bucket

CLIP = b"footage" * 100
Recorded = Callable[[float], Incident]


@pytest.fixture
def console(camsvc: Run, bucket: Bucket, store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("endpoint", "access_key", "secret_key", "bucket"):
        monkeypatch.setenv(f"CAMSVC_S3_{name.upper()}", getattr(bucket, name))
    monkeypatch.setenv("CAMSVC_S3_SECURE", "false")
    monkeypatch.setenv("CAMSVC_RETENTION__DAYS", "30")
    return camsvc


@pytest.fixture
def recorded(database: Database, cipher: Cipher, store: ObjectStore) -> Recorded:
    """An incident of so many days ago, with its files."""
    epoch = examples.owned(database, cipher, examples.camera())["bridge-01"]
    now = datetime.now(UTC)
    with database.session() as session:
        partitions.extend(session, now, since=now - timedelta(days=120))

    def make(days: float) -> Incident:
        one = examples.incident(epoch=epoch, started_at=now - timedelta(days=days))
        key = keys.clip_part(one.id, 0)
        sha256 = store.put_bytes(key, CLIP, "video/mp4")
        part = replace(examples.clip().parts[0], key=key, sha256=sha256, size_bytes=len(CLIP))
        with database.session() as session:
            incidents.publish(session, replace(one, clip=Clip((part,))))
        return one

    return make


def test_the_plan_says_what_would_go_and_touches_nothing(console: Run, recorded: Recorded, store: ObjectStore) -> None:
    gone, held, _ = recorded(35), recorded(40), recorded(5)
    assert console("holds", "add", "--incident", str(held.id), "--reason", "theft").status == 0
    told = console("retention", "plan", "--json").json
    (footage,) = told["footage"]
    assert (footage["days"], footage["incidents"], footage["bytes"], footage["held"]) == (30, 1, len(CLIP), 1)
    assert console("retention", "run", "--dry-run", "--json").json == told
    assert store.stat(keys.clip_part(gone.id, 0)) is not None
    assert "30 days" in console("retention", "plan").out


def test_a_run_lets_go_what_the_plan_said_and_fsck_is_clean(
    console: Run, recorded: Recorded, store: ObjectStore
) -> None:
    gone, kept = recorded(35), recorded(5)
    done = console("retention", "run", "--json").json
    assert (done["incidents"], done["files"], done["left"], done["error"]) == (1, 1, 0, None)
    assert store.stat(keys.clip_part(gone.id, 0)) is None
    assert store.stat(keys.clip_part(kept.id, 0)) is not None
    assert console("fsck", "--json").json["clean"] is True
    assert console("retention", "run").out.startswith("Footage of 0 incidents gave way")


def test_months_of_the_index_are_planned_and_go(
    console: Run, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMSVC_RETENTION__INDEX_DAYS", "40")
    one = recorded(100)
    months = {each["name"]: each for each in console("retention", "plan", "--json").json["months"]}
    assert months[f"incidents_{one.started_at:%Y_%m}"]["incidents"] == 1
    assert console("retention", "run", "--json").json["months"] >= 1
    assert console("incidents", "search", "--from", "2020-01-01", "--json").json["items"] == []


def test_files_that_a_dead_run_left_are_no_finding_of_fsck(
    console: Run, recorded: Recorded, database: Database
) -> None:
    one = recorded(35)
    with database.session() as session:
        session.execute(text("UPDATE incidents SET footage_expired_at = now()"))
        session.execute(text("INSERT INTO deletions (incident) VALUES (:id)"), {"id": one.id})
    done = console("fsck", "--json").json
    assert (done["clean"], done["going"]) == (True, 1)


def test_while_another_runs_it_says_so(console: Run, recorded: Recorded, database: Database) -> None:
    with database.holding(PURGE):
        done = console("retention", "run")
    assert done.status != 0
    assert "another process" in done.err


def test_a_hold_is_placed_listed_and_recorded(console: Run, recorded: Recorded, database: Database) -> None:
    span = ("--camera", "bridge-01", "--from", "2026-11-05 05:00", "--to", "2026-11-05 06:00")
    made = console("holds", "add", *span, "--reason", "theft", "--case-number", "12/2026", "--json").json
    case = console("holds", "add", "--case-number", "12/2026", "--reason", "all of it", "--json").json
    listed = console("holds", "list", "--json").json
    assert [each["id"] for each in listed] == [case["id"], made["id"]]
    assert "case 12/2026" in console("holds", "list").out
    with database.session() as session:
        found = audit.entries(session, Wanted(kind=Kind.HOLD), limit=5)
    assert [each.deed.what for each in found] == ["hold.placed"] * 2


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ((), "one thing"),
        (("--camera", "bridge-01"), "later one"),
        (("--camera", "nobody", "--from", "2026-11-05", "--to", "2026-11-06"), "nobody"),
        (("--case-number", "99"), "99"),
        (("--incident", "x"), "no incident's id"),
    ],
)
def test_what_is_no_hold_is_refused(console: Run, recorded: Recorded, options: tuple[str, ...], word: str) -> None:
    done = console("holds", "add", "--reason", "x", *options)
    assert done.status == 2
    assert word in done.err
