"""What somebody deleted or wrote over through the S3 API, with the service's own credentials, is brought back."""

from __future__ import annotations

import hashlib
import io

from camsvc.storage.objects import ObjectStore

CLIP = b"what the camera sent" * 1000
SHA256 = hashlib.sha256(CLIP).hexdigest()


def test_a_held_file_that_was_deleted_is_brought_back(store: ObjectStore) -> None:
    store.put_bytes("k", CLIP, "video/mp4")
    store.hold("k")
    store.client.remove_object(bucket_name=store.bucket, object_name="k")
    assert store.stat("k") is None
    assert store.restore("k", SHA256, "video/mp4")
    stat = store.stat("k")
    assert stat is not None
    assert stat.sha256 == SHA256  # its type is lost: the embedded store forgets it when it holds an object
    assert store.sha256_of("k") == SHA256
    assert store.is_held("k")


def test_a_file_that_was_written_over_is_brought_back_and_what_lay_over_it_stays_as_a_trace(store: ObjectStore) -> None:
    store.put_bytes("k", CLIP, "video/mp4")
    forged = b"forged"
    store.client.put_object(
        bucket_name=store.bucket,
        object_name="k",
        data=io.BytesIO(forged),
        length=len(forged),
        metadata={"sha256": SHA256},
    )
    assert store.sha256_of("k") != SHA256
    assert store.restore("k", SHA256, "video/mp4")
    assert store.sha256_of("k") == SHA256
    sizes = [
        each.size for each in store.client.list_objects(bucket_name=store.bucket, prefix="k", include_version=True)
    ]
    assert len(forged) in sizes


def test_what_is_whole_is_left_alone(store: ObjectStore) -> None:
    store.put_bytes("k", CLIP, "video/mp4")
    before = store.stat("k")
    assert store.restore("k", SHA256, "video/mp4")
    assert store.stat("k") == before


def test_what_the_store_no_longer_has_is_not_restored(store: ObjectStore) -> None:
    store.put_bytes("k", b"other", "video/mp4")
    assert not store.restore("k", SHA256, "video/mp4")
    assert not store.restore("never", SHA256, "video/mp4")
