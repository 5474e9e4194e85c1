"""What the embedded server leaves to the kernel is synced before an upload counts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from camsvc import config
from camsvc.embedded.s3 import EmbeddedS3
from camsvc.errors import StoreUnavailableError
from camsvc.storage.local_sync import LocalSync
from camsvc.storage.objects import ObjectStore
from tests.servers import Bucket


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of files as they are synced; they really are."""
    names: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        names.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return names


def test_each_upload_syncs_the_servers_index_and_table_and_only_what_changed(data_dir: Path, synced: list[str]) -> None:
    with EmbeddedS3(data_dir) as server:
        settings = config.load(
            data=data_dir,
            s3_endpoint=server.endpoint,
            s3_access_key=server.access_key,
            s3_secret_key=server.secret_key,
            s3_secure=False,
        )
        store = ObjectStore.of(settings)
        store.ensure_bucket()
        store.put_bytes("a", b"1", "text/plain")
        synced.clear()
        store.put_bytes("b", b"2", "text/plain")
        assert [name for name in synced if name.endswith(".idx")] == ["camsvc_2.idx"]
        journals = [name for name in synced if name.endswith(".log")]
        assert 1 <= len(journals) < 8  # of eight shards, those that hold the new entries
        settle = store._settle
        assert settle is not None
        settle()
        synced.clear()
        settle()
        assert synced == []
        store.close()


def test_another_store_is_trusted_to_sync_by_itself(data_dir: Path, bucket: Bucket) -> None:
    assert LocalSync.of(data_dir, bucket.endpoint) is None
    (data_dir / "s3" / "filerldb2").mkdir(parents=True)
    assert LocalSync.of(data_dir, "minio.example:9000") is None


def test_an_upload_that_cannot_be_synced_does_not_count(bucket: Bucket) -> None:
    def broken() -> None:
        raise OSError(5, "Input/output error")

    store = ObjectStore(**vars(bucket), settle=broken)
    store.ensure_bucket()
    with pytest.raises(StoreUnavailableError, match="did not sync"):
        store.put_bytes("k", b"x", "text/plain")
    store.close()


def test_files_that_vanish_meanwhile_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "filerldb2" / "00").mkdir(parents=True)
    sync = LocalSync(tmp_path)
    monkeypatch.setattr(LocalSync, "_files", lambda _: iter([str(tmp_path / "gone.idx")]))
    sync()
