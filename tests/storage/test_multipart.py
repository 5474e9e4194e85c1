"""Objects written as streams: whole or not at all, in little memory, though the store is away for a while."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import psutil
import pytest

from camsvc.embedded.s3 import EmbeddedS3
from camsvc.errors import IntegrityError, StoreError, StoreUnavailableError
from camsvc.storage import multipart
from camsvc.storage.multipart import PART_BYTES
from camsvc.storage.objects import ObjectStore

KEY, TYPE = "exports/a/b.zip", "application/zip"


class StoppedError(Exception):
    pass


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, 2 * PART_BYTES + 12_345])
def test_a_stream_comes_back_as_it_was_written(store: ObjectStore, size: int) -> None:
    data = os.urandom(size)
    with store.writing(KEY, TYPE) as upload:
        for place in range(0, size, 1_000_003):
            upload.write(data[place : place + 1_000_003])
    assert (upload.size_bytes, upload.sha256) == (size, hashlib.sha256(data).hexdigest())
    stat = store.stat(KEY)
    assert stat is not None
    assert (stat.size_bytes, stat.content_type) == (size, TYPE)
    assert store.sha256_of(KEY) == upload.sha256
    assert store.unfinished("exports/") == []


def test_a_stream_that_breaks_off_leaves_nothing(store: ObjectStore) -> None:
    with pytest.raises(StoppedError), store.writing(KEY, TYPE) as upload:
        upload.write(bytes(PART_BYTES + 1))
        assert [each.key for each in store.unfinished("exports/")] == [KEY]
        assert store.stat(KEY) is None
        raise StoppedError
    assert store.stat(KEY) is None
    assert store.unfinished("exports/") == []


def test_what_a_dead_writer_left_is_found_and_given_up(store: ObjectStore) -> None:
    dead = store.writing(KEY, TYPE)
    dead.__enter__().write(bytes(PART_BYTES))
    (left,) = store.unfinished("exports/a/")
    assert left.began_at is not None
    assert store.unfinished("exports/other/") == []
    store.give_up(left)
    store.give_up(left)
    assert store.unfinished("exports/") == []
    with pytest.raises(StoreError, match="does not have it"):
        dead.__exit__(None, None, None)


def test_what_the_store_gives_back_altered_is_no_object(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart.Upload, "sha256", "0" * 64)
    with pytest.raises(IntegrityError), store.writing(KEY, TYPE) as upload:
        upload.write(b"something")
    assert store.stat(KEY) is None


def test_a_check_that_raises_ends_a_wait_for_the_store(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()

    def check() -> None:
        if stopped.is_set():
            raise StoppedError

    def away(*_: object, **__: object) -> None:
        stopped.set()
        raise StoreUnavailableError("away")

    with pytest.raises(StoppedError), store.writing(KEY, TYPE, check) as upload:
        monkeypatch.setattr(store.client, "_upload_part", away)
        upload.write(bytes(PART_BYTES))


@pytest.mark.slow
def test_a_store_that_stops_in_the_middle_and_comes_back_gets_the_whole(data_dir: Path) -> None:
    data = os.urandom(3 * PART_BYTES)
    first = EmbeddedS3(data_dir)
    first.start()
    store = ObjectStore(first.endpoint, first.access_key, first.secret_key, "away", first.region, secure=False)
    store.ensure_bucket()
    begun, stopped = threading.Event(), threading.Event()

    def write() -> None:
        with store.writing(KEY, TYPE) as upload:
            upload.write(data[: PART_BYTES + 5])
            begun.set()
            stopped.wait()
            upload.write(data[PART_BYTES + 5 :])

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    begun.wait()
    first.stop()
    stopped.set()
    with EmbeddedS3(data_dir) as again:
        assert again.endpoint == first.endpoint
        writer.join(60)
        assert store.sha256_of(KEY) == hashlib.sha256(data).hexdigest()
    store.close()


@pytest.mark.slow
def test_the_memory_of_a_writer_does_not_grow_with_the_object(store: ObjectStore) -> None:
    process, piece = psutil.Process(), os.urandom(1024 * 1024)
    with store.writing(KEY, TYPE) as upload:
        for _ in range(64):
            upload.write(piece)
        early = process.memory_info().rss
        for _ in range(512):
            upload.write(piece)
        assert process.memory_info().rss - early < 2 * PART_BYTES
