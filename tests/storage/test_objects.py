"""The object store, against a real S3 server."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from camsvc.errors import ConfigError, ConflictError, InputError, IntegrityError, NotFoundError, StoreUnavailableError
from camsvc.storage.objects import PART_BYTES, ObjectStore
from tests.servers import Bucket


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_file_comes_back_as_it_was_with_its_type_and_checksum(store: ObjectStore, tmp_path: Path) -> None:
    data = os.urandom(300_000)
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    store.put_file("a/clip.mp4", path, "video/mp4", _sha256(data))
    stat = store.stat("a/clip.mp4")
    assert stat is not None
    assert (stat.size_bytes, stat.sha256, stat.content_type) == (len(data), _sha256(data), "video/mp4")
    with store.open("a/clip.mp4") as chunks:
        assert b"".join(chunks) == data


def test_a_file_of_several_parts_comes_back_whole(store: ObjectStore, tmp_path: Path) -> None:
    data = os.urandom(PART_BYTES + 12_345)
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    store.put_file("long.mp4", path, "video/mp4", _sha256(data))
    assert store.sha256_of("long.mp4") == _sha256(data)
    with store.open("long.mp4", offset=PART_BYTES - 5, length=10) as chunks:
        assert b"".join(chunks) == data[PART_BYTES - 5 : PART_BYTES + 5]


def test_a_range_is_read_from_its_offset_to_the_end(store: ObjectStore) -> None:
    store.put_bytes("k", b"0123456789", "text/plain")
    with store.open("k", offset=7) as chunks:
        assert b"".join(chunks) == b"789"


def test_a_range_beyond_the_end_is_refused_by_name(store: ObjectStore) -> None:
    store.put_bytes("k", b"0123456789", "text/plain")
    with pytest.raises(InputError) as caught, store.open("k", offset=10):
        pass
    assert caught.value.parameter == "range"


def test_putting_the_same_again_makes_no_second_version(store: ObjectStore) -> None:
    store.put_bytes("k", b"same", "text/plain")
    first = store.stat("k")
    store.put_bytes("k", b"same", "text/plain")
    assert store.stat("k") == first


def test_a_file_that_is_not_what_was_announced_is_not_kept(store: ObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"altered on the way")
    with pytest.raises(IntegrityError, match="k: sent with sha256"):
        store.put_file("k", path, "text/plain", _sha256(b"what it was"))
    assert store.stat("k") is None


def test_what_is_not_there_is_none_or_not_found(store: ObjectStore) -> None:
    assert store.stat("nowhere") is None
    with pytest.raises(NotFoundError, match="nowhere"), store.open("nowhere"):
        pass


def test_a_listing_gives_everything_once_and_is_in_order_within_a_folder(store: ObjectStore) -> None:
    keys = ["b/1", "a/2", "a/10", "a-b/1", "a/x-1", "a.txt", "c"]
    for key in keys:
        store.put_bytes(key, b"x", "text/plain")
    assert sorted(found.key for found in store.list()) == sorted(keys)
    assert [found.key for found in store.list("a/")] == ["a/10", "a/2", "a/x-1"]


def test_a_deleted_object_leaves_no_version_behind(store: ObjectStore) -> None:
    store.put_bytes("k", b"one", "text/plain")
    store.put_bytes("k", b"two", "text/plain")
    store.delete("k")
    left = list(store.client.list_objects(bucket_name=store.bucket, recursive=True, include_version=True))
    assert left == []
    store.delete("k")


def test_deleting_leaves_keys_that_only_begin_alike(store: ObjectStore) -> None:
    store.put_bytes("k", b"one", "text/plain")
    store.put_bytes("k2", b"two", "text/plain")
    store.delete("k")
    assert [found.key for found in store.list()] == ["k2"]


def test_a_held_object_is_not_deleted_until_it_is_released(store: ObjectStore) -> None:
    store.put_bytes("k", b"evidence", "text/plain")
    store.hold("k")
    assert store.is_held("k")
    with pytest.raises(ConflictError, match="k is held"):
        store.delete("k")
    assert store.sha256_of("k") == _sha256(b"evidence")
    store.release("k")
    store.delete("k")
    assert store.stat("k") is None


def test_the_hold_probe_finds_that_holds_are_enforced_and_leaves_nothing(store: ObjectStore) -> None:
    assert store.hold_is_enforced() is True
    left = list(store.client.list_objects(bucket_name=store.bucket, recursive=True, include_version=True))
    assert left == []


def test_the_hold_probe_finds_a_bucket_without_object_lock(bucket: Bucket) -> None:
    store = ObjectStore(**vars(bucket))
    store.client.make_bucket(bucket_name=store.bucket)
    store.ensure_bucket()
    assert store.hold_is_enforced() is False
    assert list(store.list()) == []
    store.close()


def test_the_bucket_is_made_once_with_versioning(store: ObjectStore) -> None:
    store.ensure_bucket()
    assert store.client.get_bucket_versioning(bucket_name=store.bucket).status == "Enabled"


def test_a_store_that_does_not_answer_is_unavailable_without_its_keys_in_the_message(bucket: Bucket) -> None:
    store = ObjectStore("127.0.0.1:1", bucket.access_key, bucket.secret_key, "bucket", bucket.region, False)
    with pytest.raises(StoreUnavailableError) as caught:
        store.stat("k")
    assert "127.0.0.1:1" in str(caught.value)
    assert bucket.secret_key not in str(caught.value) + repr(store)
    store.close()


def test_wrong_keys_are_named_as_the_cause(bucket: Bucket, store: ObjectStore) -> None:
    wrong = ObjectStore(bucket.endpoint, bucket.access_key, "not the key", store.bucket, bucket.region, False)
    with pytest.raises(Exception, match="s3_secret_key"):
        wrong.put_bytes("k", b"x", "text/plain")
    wrong.close()


def test_an_endpoint_with_a_scheme_is_refused_with_the_cure() -> None:
    with pytest.raises(ConfigError, match="without http://"):
        ObjectStore("http://store:9000/path", "a", "b", "c", "us-east-1", True)
