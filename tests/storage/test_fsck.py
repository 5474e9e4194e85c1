"""Store against index: each kind of difference is found, nothing else is, and nothing is ever changed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from camsvc.errors import StoreUnavailableError
from camsvc.storage import fsck
from camsvc.storage.fsck import Expected, Finding, Kind, Report
from camsvc.storage.objects import PROBES, ObjectStore


@dataclass
class Index:
    """Stands for database and spool."""

    files: dict[str, Expected] = field(default_factory=dict)
    spooled: set[str] = field(default_factory=set)
    going: set[str] = field(default_factory=set)

    def is_spooled(self, key: str) -> bool:
        return key in self.spooled

    def is_going(self, key: str) -> bool:
        return key in self.going

    def expected(self, key: str) -> Expected | None:
        return self.files.get(key)

    def put(self, store: ObjectStore, key: str, data: bytes) -> None:
        sha256 = store.put_bytes(key, data, "video/mp4")
        self.files[key] = Expected(key, sha256, len(data))

    def by_key(self) -> Iterator[Expected]:
        return iter(fsck.with_renditions(self.files[key] for key in sorted(self.files)))


@pytest.fixture
def index(store: ObjectStore) -> Index:
    index = Index()
    for number in range(5):
        index.put(store, f"i/{number}/clip-0000.mp4", bytes([number]) * 1000)
    return index


def overwrite(store: ObjectStore, key: str, data: bytes, claimed: bytes) -> None:
    """As somebody with the keys of the store could: the metadata still say what was there."""
    store.client.put_object(
        bucket_name=store.bucket,
        object_name=key,
        data=io.BytesIO(data),
        length=len(data),
        metadata={"sha256": hashlib.sha256(claimed).hexdigest()},
    )


def found(report: Report) -> list[tuple[Kind, str]]:
    return [(finding.kind, finding.key) for kind in Kind for finding in report.findings[kind]]


def test_what_agrees_is_clean_and_all_of_it_was_read(store: ObjectStore, index: Index) -> None:
    report = fsck.check(store, index.by_key(), index)
    assert report.is_clean
    assert (report.objects, report.files, report.bytes_read) == (5, 5, 5000)


def test_an_empty_store_and_an_empty_index_agree(store: ObjectStore) -> None:
    assert fsck.check(store, iter(()), Index()).is_clean


@pytest.mark.parametrize("number", [0, 2, 4])
def test_a_lost_object_is_missing(store: ObjectStore, index: Index, number: int) -> None:
    store.delete(f"i/{number}/clip-0000.mp4")
    report = fsck.check(store, index.by_key(), index)
    assert found(report) == [(Kind.MISSING, f"i/{number}/clip-0000.mp4")]


@pytest.mark.parametrize("key", ["a", "i/2/other", "z"])
def test_an_object_that_nobody_names_is_extra(store: ObjectStore, index: Index, key: str) -> None:
    store.put_bytes(key, b"?", "text/plain")
    assert found(fsck.check(store, index.by_key(), index)) == [(Kind.EXTRA, key)]


def test_changed_bytes_of_the_same_length_are_altered_unless_fast(store: ObjectStore, index: Index) -> None:
    overwrite(store, "i/3/clip-0000.mp4", b"x" * 1000, claimed=bytes([3]) * 1000)
    assert found(fsck.check(store, index.by_key(), index)) == [(Kind.ALTERED, "i/3/clip-0000.mp4")]
    fast = fsck.check(store, index.by_key(), index, fast=True)
    assert fast.is_clean
    assert fast.bytes_read == 0


def test_another_length_is_altered_also_when_fast(store: ObjectStore, index: Index) -> None:
    overwrite(store, "i/3/clip-0000.mp4", b"x", claimed=bytes([3]) * 1000)
    report = fsck.check(store, index.by_key(), index, fast=True)
    assert found(report) == [(Kind.ALTERED, "i/3/clip-0000.mp4")]
    assert "1 bytes, should be 1000" in report.findings[Kind.ALTERED][0].detail


def test_a_file_whose_checksum_the_index_does_not_keep_is_held_to_its_uploaders_word(
    store: ObjectStore, index: Index
) -> None:
    for key, data in (("j/thumbnail.jpg", b"good"), ("j/tracks.json", b"bad")):
        overwrite(store, key, data, claimed=b"good")
        index.files[key] = Expected(key)
    assert found(fsck.check(store, index.by_key(), index)) == [(Kind.ALTERED, "j/tracks.json")]


def test_a_file_that_camsvc_did_not_write_is_altered(store: ObjectStore, index: Index) -> None:
    store.client.put_object(bucket_name=store.bucket, object_name="j/t", data=io.BytesIO(b"x"), length=1)
    index.files["j/t"] = Expected("j/t")
    report = fsck.check(store, index.by_key(), index)
    assert found(report) == [(Kind.ALTERED, "j/t")]


def test_a_rendition_may_be_there_or_not_but_must_be_whole(store: ObjectStore, index: Index) -> None:
    store.put_bytes("i/1/clip-0000.browser.mp4", b"rendition", "video/mp4")
    assert fsck.check(store, index.by_key(), index).is_clean
    overwrite(store, "i/1/clip-0000.browser.mp4", b"x", claimed=b"rendition")
    assert found(fsck.check(store, index.by_key(), index)) == [(Kind.ALTERED, "i/1/clip-0000.browser.mp4")]


def test_an_object_whose_row_waits_in_a_spool_is_counted_not_blamed(store: ObjectStore, index: Index) -> None:
    store.put_bytes("i/9/clip-0000.mp4", b"new", "video/mp4")
    index.spooled.add("i/9/clip-0000.mp4")
    report = fsck.check(store, index.by_key(), index)
    assert report.is_clean
    assert report.spooled == 1


def test_a_row_that_arrived_after_the_index_was_read_is_found_at_the_second_look(
    store: ObjectStore, index: Index
) -> None:
    before = list(index.by_key())
    index.put(store, "i/9/clip-0000.mp4", b"new")
    assert fsck.check(store, before, index).is_clean


def test_an_incident_that_was_removed_meanwhile_is_not_missing(store: ObjectStore, index: Index) -> None:
    before = list(index.by_key())
    store.delete("i/2/clip-0000.mp4")
    del index.files["i/2/clip-0000.mp4"]
    assert fsck.check(store, before, index).is_clean


def test_keys_out_of_order_are_no_findings(store: ObjectStore, index: Index) -> None:
    shuffled = sorted(index.by_key(), key=lambda each: hashlib.sha256(each.key.encode()).digest())
    assert fsck.check(store, shuffled, index).is_clean


def test_probes_are_not_looked_at(store: ObjectStore, index: Index) -> None:
    store.put_bytes(f"{PROBES}1", b"x", "text/plain")
    assert fsck.check(store, index.by_key(), index).is_clean


def test_checking_changes_nothing(store: ObjectStore, index: Index) -> None:
    def all_versions() -> set[tuple[str | None, str | None]]:
        listed = store.client.list_objects(bucket_name=store.bucket, recursive=True, include_version=True)
        return {(each.object_name, each.version_id) for each in listed}

    store.put_bytes("extra", b"x", "text/plain")
    overwrite(store, "i/3/clip-0000.mp4", b"x", claimed=b"")
    before = all_versions()
    fsck.check(store, index.by_key(), index)
    assert all_versions() == before


def test_each_finding_is_told_at_once_and_only_so_many_are_kept(
    store: ObjectStore, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fsck, "LISTED_MAX", 2)
    told: list[Finding] = []
    report = fsck.check(store, iter(()), Index(), on_finding=told.append)
    assert [finding.key for finding in told] == sorted(index.files)
    assert (report.counts[Kind.EXTRA], len(report.findings[Kind.EXTRA])) == (5, 2)


def test_a_store_that_goes_away_is_an_error_not_a_finding(store: ObjectStore, index: Index) -> None:
    gone = ObjectStore("127.0.0.1:1", "a", "b", store.bucket, "us-east-1", secure=False)
    with pytest.raises(StoreUnavailableError):
        fsck.check(gone, index.by_key(), index)
    gone.close()


def test_what_retention_is_about_to_delete_is_no_finding(store: ObjectStore, index: Index) -> None:
    store.put_bytes("i/9/clip-0000.mp4", b"due", "video/mp4")
    index.going.add("i/9/clip-0000.mp4")
    report = fsck.check(store, index.by_key(), index)
    assert (report.is_clean, report.going) == (True, 1)
