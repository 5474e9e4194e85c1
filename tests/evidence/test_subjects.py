"""What a package is of, beside whole incidents: spans of time, snapshots, under rights; seals; copies; what it would
hold."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import c2pa
import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from camsvc.clock import SystemClock
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.domain.account import NOWHERE, Reach
from camsvc.domain.case import Access, Wanted
from camsvc.domain.export_job import Contents, Span, Subjects
from camsvc.domain.track import Detection
from camsvc.errors import InputError, NotFoundError
from camsvc.evidence.contents import Request
from camsvc.evidence.package import Made, Means, Options, export
from camsvc.evidence.previewing import Preview, WarningKind, preview
from camsvc.evidence.verification import verify
from camsvc.storage.objects import Chunks, ObjectStore
from camsvc.storage.seal_keys import is_signed
from tests.browser import Chromium, tab
from tests.cli.console import Run
from tests.evidence.conftest import Exported
from tests.evidence.examples import START, Scene, publish_scene, settings_of
from tests.evidence.instructions import STEPS, commands, follow
from tests.evidence.test_package import manifest_of, until

REDACTED = Contents(originals=False, redacted=True)


@pytest.fixture
def scene(database: Database, cipher: Cipher, store: ObjectStore, tmp_path: Path) -> Scene:
    return publish_scene(database, cipher, store, tmp_path)


Make = Callable[..., Made]


class Nobody:
    """A detector that finds nothing."""

    name = "nobody@0"

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[list[Detection]]:
        return [[] for _ in images]

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        return width, height


@pytest.fixture
def means(database: Database, cipher: Cipher, store: ObjectStore) -> Means:
    return Means(database, store, cipher, settings_of(), SystemClock(), Nobody)


@pytest.fixture
def make(means: Means, tmp_path: Path) -> Make:
    """Writes ``p.zip``."""

    def made(subjects: Subjects, contents: Contents = Contents(), *access: Access) -> Made:  # noqa: B008  frozen
        with (tmp_path / "p.zip").open("wb") as file:
            return export(means, Request(subjects, "why", "who"), file, Options(contents), *access)

    return made


def files_in(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_span_brings_the_parts_that_touch_it_and_says_what_is_missing(
    scene: Scene, make: Make, tmp_path: Path
) -> None:
    wanted = Span("bridge-01", START + timedelta(seconds=5), START + timedelta(seconds=30))
    made = make(Subjects(spans=(wanted,)))
    manifest = manifest_of(tmp_path / "p.zip")
    assert made.incidents == 1
    assert [part["file"] is not None for part in manifest["incidents"][0]["clip"]["parts"]] == [False, True]
    span = manifest["spans"][0]
    assert span["footage"] == [{"started_at": "2026-11-05T05:00:06.250000Z", "ended_at": "2026-11-05T05:00:10.250000Z"}]
    assert span["uncovered"] == [
        {"started_at": "2026-11-05T05:00:10.250000Z", "ended_at": "2026-11-05T05:00:30.250000Z"}
    ]
    assert verify(tmp_path / "p.zip").holds


def test_a_span_without_any_footage_is_a_package_that_says_so(scene: Scene, make: Make, tmp_path: Path) -> None:
    day = timedelta(days=1)
    make(Subjects(spans=(Span("bridge-01", START + day, START + day + timedelta(hours=1)),)))
    assert "There is no footage of this span of time" in files_in(tmp_path / "p.zip")["report.en.html"].decode()
    assert verify(tmp_path / "p.zip").holds


def test_what_lies_outside_of_the_rights_answers_like_what_does_not_exist(scene: Scene, make: Make) -> None:
    first = scene.incidents[0]
    nowhere, elsewhere = Access(NOWHERE), Access(Reach(("bac-ninh/que-vo",)))
    unknown = Subjects(spans=(Span("never-there", START, START + timedelta(seconds=1)),))
    for access in (nowhere, elsewhere):
        for subjects in (
            Subjects((first.id,)), Subjects(spans=scene.subjects.spans), Subjects(snapshots=(scene.snapshot,)), unknown,
        ):  # fmt: skip
            with pytest.raises(NotFoundError, match="there is no"):
                make(subjects, Contents(), access)


def test_a_share_opens_what_it_names_and_of_a_span_only_its_time(scene: Scene, make: Make, tmp_path: Path) -> None:
    first, second = scene.incidents
    given = Wanted(camera="bridge-01", from_at=START, to_at=START + timedelta(seconds=3))
    access = Access(NOWHERE, (given,))
    make(scene.subjects.__class__((first.id,), scene.subjects.spans, (scene.snapshot,)), Contents(), access)
    span = manifest_of(tmp_path / "p.zip")["spans"][0]
    assert (span["from"], span["to"]) == ("2026-11-05T05:00:00.250000Z", "2026-11-05T05:00:03.250000Z")
    with pytest.raises(NotFoundError):
        make(Subjects((second.id,)), Contents(), access)


def test_footage_whose_record_was_changed_with_it_does_not_fit_the_worker_s_signature(
    scene: Scene, make: Make, store: ObjectStore, database: Database, tmp_path: Path
) -> None:
    """By somebody who has both the store and the database."""
    first = scene.incidents[0]
    assert first.clip
    forged = b"x" * first.clip.parts[0].size_bytes
    for part in first.clip.parts:  # of the same bytes
        store.delete(part.key)
        sha256 = store.put_bytes(part.key, forged, "video/mp4")
    with database.session() as session:
        session.execute(text("UPDATE incidents SET clip = replace(clip::text, :old, :new)::jsonb WHERE id = :id"),
                        {"old": first.clip.parts[0].sha256, "new": sha256, "id": first.id})  # fmt: skip
    made = make(Subjects((first.id,)))
    assert {each.name.rsplit("/", 1)[-1]: each.state for each in made.problems} == {
        "clip-0000.mp4": "forged", "clip-0001.mp4": "forged",
    }  # fmt: skip

    package = tmp_path / "p.zip"
    failed = [each for each in verify(package).findings if each.outcome == "fails"]
    assert {each.check for each in failed} == {"originals", "recording"}
    assert len(follow(commands(package), package, tmp_path / "follow")) == STEPS - 1
    files = files_in(package)
    assert any(name.endswith("clip-0000.mp4.FORGED.txt") for name in files)
    assert b"NOT WHAT THE RECORDER SIGNED" in files["report.en.html"]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("DELETE FROM seals", "it has no seal, although"),
        ("UPDATE worker_keys SET ended_at = '2026-11-02', ended_by = 'x'", "a key of worker-1 that had been ended"),
    ],
)
def test_what_readers_are_refused_as_forged_is_forged_in_a_package_too(
    scene: Scene, make: Make, database: Database, statement: str, why: str
) -> None:
    """Who changes a file and its row may take its seal away with it, or make one with a key that was stolen."""
    with database.session() as session:
        for each in ("seals", "worker_keys"):
            session.execute(text(f"ALTER TABLE {each} DISABLE TRIGGER USER"))
        session.execute(text("UPDATE worker_keys SET registered_at = '2026-11-01'"))
        session.execute(text(statement))
    made = make(Subjects((scene.incidents[0].id,)), Contents(viewing=True))
    assert {each.name.rsplit("/", 1)[-1] for each in made.problems if why in (each.detail or "")} == {
        "clip-0000.mp4", "clip-0001.mp4", "tracks.json",
    }  # fmt: skip
    assert {each.name.rsplit("/", 1)[-1]: each.state for each in made.problems if each.state != "forged"} == {
        "viewing.mp4": "missing"  # nothing of it is to be shown as if it were footage
    }
    assert any("tracks are altered" in note for note in made.notes)


def test_a_seal_of_another_file_or_key_is_found_by_verify(exported: Exported, tmp_path: Path) -> None:
    """In a package that is signed as a whole by somebody who has the installation's key: only the seals speak."""
    verdict = verify(exported.file)
    assert next(each.detail for each in verdict.findings if each.check == "recording").startswith("5 files bear")
    files = files_in(exported.file)
    name = next(each for each in files if each.endswith("clip-0000.mp4.seal"))
    pem = next(data for each, data in files.items() if each.startswith("workers/")).decode()
    key = exported.scene.worker.id
    statement, signature = files[name], files[f"{name}.sig"]
    assert is_signed(pem, key, statement, signature)
    assert not is_signed(pem, key, statement.replace(b"bridge", b"bridgf"), signature)
    assert not is_signed(pem, "0" * 64, statement, signature)
    assert not is_signed("no key", key, statement, signature)


def test_a_copy_for_viewing_plays_and_tells_other_tools_what_it_was_made_of(
    scene: Scene, make: Make, browser: Chromium, tmp_path: Path
) -> None:
    first = scene.incidents[0]
    make(Subjects((first.id,)), Contents(viewing=True))
    files = files_in(tmp_path / "p.zip")
    name = next(each for each in files if each.endswith("/viewing.mp4"))
    film = files[name]
    with c2pa.Reader("video/mp4", io.BytesIO(film)) as reader:
        assert reader.get_validation_state() == "Valid"
        told = json.loads(reader.json())
    active = told["manifests"][told["active_manifest"]]
    assert [each["relationship"] for each in active["ingredients"]] == ["componentOf", "componentOf"]
    actions = next(each for each in active["assertions"] if each["label"].startswith("c2pa.actions"))
    assert [each["action"] for each in actions["data"]["actions"]] == [
        "c2pa.created", "c2pa.placed", "c2pa.placed", "c2pa.transcoded", "c2pa.edited",
    ]  # fmt: skip
    middle = film.index(b"mdat") + 5000
    with c2pa.Reader("video/mp4", io.BytesIO(film[:middle] + b"?" + film[middle + 1 :])) as reader:
        assert reader.get_validation_state() == "Invalid"
    assert film.rindex(b"suep") > film.index(b"mdat")  # ONVIF's box, at the end
    assert b"cstb" not in film  # its timeline has a slate: no time of a first picture holds for all of it
    copy = manifest_of(tmp_path / "p.zip")["incidents"][0]["copies"][0]
    assert [each["state"] for each in copy["of"]] == ["intact", "intact"]
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        archive.extractall(tmp_path / "x")
    with tab(browser, "", offline=True) as opened:
        opened.page.goto((tmp_path / "x" / "report.en.html").as_uri())
        until(opened, "document.querySelector('video').readyState >= 1")
        assert opened.page.evaluate("document.querySelector('video').src").endswith("viewing.mp4")
        opened.page.evaluate("document.querySelector('video').play()")
        until(opened, "document.querySelector('video').currentTime > 0.3")


@pytest.mark.parametrize("contents", [Contents(originals=False, viewing=True), REDACTED])
def test_a_part_is_read_from_the_store_once_for_a_copy(
    scene: Scene, make: Make, store: ObjectStore, monkeypatch: pytest.MonkeyPatch, contents: Contents
) -> None:
    """However often the copy goes through it."""
    read: list[str] = []
    opens = store.open

    def opened(key: str, offset: int = 0, length: int | None = None) -> AbstractContextManager[Chunks]:
        read.append(key)
        return opens(key, offset, length)

    monkeypatch.setattr(store, "open", opened)
    second = scene.incidents[1]
    assert second.clip
    made = make(Subjects((second.id,)), contents)
    assert not made.problems
    assert read.count(second.clip.parts[0].key) == 1


def test_a_redacted_package_holds_nothing_that_shows_who_is_hidden(scene: Scene, make: Make, tmp_path: Path) -> None:
    first = scene.incidents[0]
    made = make(Subjects((first.id,), (), (scene.snapshot,)), REDACTED)
    files = files_in(tmp_path / "p.zip")
    names = {name.rsplit("/", 1)[-1] for name in files}
    assert names == {
        "certificate.pem", "redacted.mp4", "redacted.jpg", "report.vi.html", "report.vi.pdf", "report.en.html",
        "report.en.pdf", "README.txt", "SHA256SUMS", "manifest.json", "manifest.json.sig",
    }  # fmt: skip
    manifest = manifest_of(tmp_path / "p.zip")
    assert manifest["incidents"][0]["objects"] == [{"class": "motorcycle"}, {"class": "person"}]
    assert any("left out" in note for note in made.notes)
    film = next(data for name, data in files.items() if name.endswith("redacted.mp4"))
    with c2pa.Reader("video/mp4", io.BytesIO(film)) as reader:
        told = json.loads(reader.json())
    assert len(told["manifests"]) == 3  # its own, and those of the two originals
    assert all("thumbnail" not in each for each in told["manifests"].values())
    with av.open(io.BytesIO(film)) as container:
        assert [stream.type for stream in container.streams] == ["video"]  # no sound, no picture of its own
    copy = manifest["incidents"][0]["copies"][0]
    assert (copy["kind"], copy["remaining"], copy["detector"]) == ("redacted", 0, "nobody@0")
    assert verify(tmp_path / "p.zip").holds
    assert len(follow(commands(tmp_path / "p.zip"), tmp_path / "p.zip", tmp_path / "follow")) == STEPS - 1


@pytest.mark.parametrize(
    "contents",
    [
        replace(REDACTED, originals=True),
        replace(REDACTED, viewing=True),
        Contents(languages=()),
        Contents(languages=("fr",)),
    ],
)
def test_contents_that_make_no_sense_are_refused(scene: Scene, make: Make, contents: Contents) -> None:
    with pytest.raises(InputError):
        make(Subjects((scene.incidents[0].id,)), contents)


def test_what_check_raises_ends_the_export_and_is_recorded(scene: Scene, means: Means, database: Database) -> None:
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt

    request = Request(Subjects((scene.incidents[0].id,)), "why", "who")
    with pytest.raises(KeyboardInterrupt):
        export(means, request, io.BytesIO(), Options(check=check))
    with database.session() as session:
        last = session.execute(text("SELECT what, outcome FROM audit ORDER BY seq DESC LIMIT 1")).one()
    assert tuple(last) == ("package.made", "failed")


def test_a_snapshot_goes_in_bit_for_bit_with_its_provenance(exported: Exported) -> None:
    files = files_in(exported.file)
    name = next(each for each in files if each.startswith("snapshots/") and each.endswith(".jpg"))
    assert hashlib.sha256(files[name]).hexdigest() == exported.scene.snapshot.sha256
    with c2pa.Reader("image/jpeg", io.BytesIO(files[name]), manifest_data=files[f"{name}.c2pa"]) as reader:
        assert reader.get_validation_state() == "Valid"
    told = manifest_of(exported.file)["snapshots"][0]
    assert (told["file"], told["state"], told["clock_error_ms"]) == (name, "intact", 40.0)


def test_a_preview_says_what_would_be_in_it_without_reading_footage(
    scene: Scene, means: Means, store: ObjectStore, database: Database
) -> None:
    first, second = scene.incidents
    assert first.clip
    assert second.clip
    for part in (*first.clip.parts, *second.clip.parts):
        store.delete(part.key)  # nobody looks
    before = _records(database)
    seen = preview(means, scene.subjects, Contents(viewing=True))
    assert _records(database) == before
    parts = (*first.clip.parts, *second.clip.parts)
    assert seen.footage_bytes == sum(part.size_bytes for part in parts)
    assert seen.package_bytes > 2 * seen.footage_bytes
    assert [hole.reason for hole in seen.incidents[0].holes] == ["reconnect"]
    assert [hole.reason for hole in seen.spans[0].holes] == ["unrecorded", "reconnect", "unrecorded"]
    assert [each.is_sealed for each in seen.incidents] == [True, True]
    assert _warned(seen) == {WarningKind.GAPS: 3}
    assert _warned(preview(means, scene.subjects, REDACTED)) == {
        WarningKind.GAPS: 3, WarningKind.UNDECIDED: 2, WarningKind.SNAPSHOTS_LEFT_OUT: 1,
    }  # fmt: skip


def test_a_hole_of_a_span_lies_within_the_span(scene: Scene, means: Means) -> None:
    clip = scene.incidents[0].clip
    assert clip
    gap = clip.gaps[0]
    middle = gap.started_at + (gap.ended_at - gap.started_at) / 2
    asked = [
        Span("bridge-01", middle, gap.ended_at + timedelta(seconds=1)),
        Span("bridge-01", gap.ended_at, gap.ended_at + timedelta(minutes=1)),
    ]
    seen = preview(means, Subjects(spans=tuple(asked)))
    found = [
        [(each.started_at, each.ended_at) for each in span.holes if each.reason == "reconnect"] for span in seen.spans
    ]
    assert found == [[(middle, gap.ended_at)], []]


def _warned(seen: Preview) -> dict[WarningKind, int]:
    return {each.kind: each.count for each in seen.warnings}


def _records(database: Database) -> Any:  # noqa: ANN401  a number
    with database.session() as session:
        return session.execute(text("SELECT count(*) FROM audit")).scalar()


def test_the_command_writes_a_span_of_time_and_records_it(
    camsvc: Run, scene: Scene, tmp_path: Path, database: Database
) -> None:
    out = tmp_path / "span.zip"
    times = ("2026-11-05T12:00:00+07:00", "2026-11-05T12:01:00+07:00")
    done = camsvc(
        "export", "span", "bridge-01", *times, "--reason", "why", "--out", str(out), "--language", "vi", "--json"
    )
    assert done.status == 0, done.err
    assert [name for name in files_in(out) if name.startswith("report")] == ["report.vi.html", "report.vi.pdf"]
    with database.session() as session:
        rows = session.execute(text("SELECT what, camera FROM audit ORDER BY seq")).all()
    assert ("span.exported", "bridge-01") in [tuple(row) for row in rows]
