"""The object store: S3 with versioning and object lock, as MinIO and the embedded server offer it.

Nothing is taken on the store's word: an upload counts when what is read back has the checksum of what was sent.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self

import urllib3
from minio.commonconfig import ENABLED
from minio.error import S3Error
from minio.versioningconfig import VersioningConfig

from camsvc.config import Settings
from camsvc.errors import (
    ConfigError,
    ConflictError,
    InputError,
    IntegrityError,
    NotFoundError,
    StoreError,
    StoreUnavailableError,
)
from camsvc.storage import connection, multipart
from camsvc.storage.answers import translated
from camsvc.storage.local_sync import LocalSync
from camsvc.storage.multipart import Unfinished, Upload
from camsvc.storage.versions import Version, Versions

PART_BYTES = 16 * 1024 * 1024
"""Larger objects go up in parts of this size, one at a time: what an upload holds in memory."""
CHUNK_BYTES = 64 * 1024
PROBES = "probes/"
"""Prefix of objects that only try the store out; nothing else lies there."""
SHA256 = "sha256"
"""Name of the user metadata that carries the checksum."""
METADATA = "x-amz-meta-"
"""Before the names of an uploader's own metadata."""


@dataclass(frozen=True, slots=True)
class ObjectStat:
    size_bytes: int
    sha256: str | None
    """As the uploader said; None: not uploaded by us."""
    content_type: str | None
    modified_at: datetime | None
    version: str | None
    tag: str = ""
    """Of these very bytes, as the store names them: see ``Chunks.tag``."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The uploader's own, by name in small letters, without sha256."""


@dataclass(frozen=True, slots=True)
class ListedObject:
    key: str
    size_bytes: int
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Erased:
    objects: int
    size_bytes: int


class Chunks(Iterator[bytes]):
    """What ``open`` gives: the bytes of one version of an object."""

    def __init__(self, chunks: Iterator[bytes], tag: str, metadata: Mapping[str, str]) -> None:
        self._chunks = chunks
        self.tag = tag
        """Names the version that is read: two reads with one tag read the same bytes, as far as the store can tell."""
        self.metadata = metadata
        """As ``ObjectStat.metadata``."""

    def __next__(self) -> bytes:
        return next(self._chunks)


class ObjectStore:
    """Any thread may call any method. ``close()`` at the end.

    Raises StoreUnavailableError when the store does not answer or says "later", StoreError when it refuses,
    IntegrityError when what it holds is not what was written.
    """

    def __init__(
        self,
        endpoint: str,
        access_key: str,
        secret_key: str,
        bucket: str,
        region: str,
        secure: bool,
        settle: Callable[[], None] | None = None,
    ) -> None:
        """``endpoint`` is ``host[:port]``. Does not connect yet. Raises ConfigError when it is malformed.

        ``settle`` is called after each upload, before it counts; see ``local_sync``. It may raise OSError.
        """
        self._settle = settle
        self.endpoint = endpoint
        self.bucket = bucket
        self.region = region
        self._http = connection.pool()
        self.client = connection.client(endpoint, access_key, secret_key, region, secure, self._http)
        self._versions = Versions(self.client, endpoint, bucket)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The store that resolved settings name. Raises ConfigError when they name none."""
        if settings.s3_endpoint is None or settings.s3_access_key is None or settings.s3_secret_key is None:
            raise ConfigError("s3_endpoint is not set: start `camsvc up` first, or name your own object store")
        return cls(
            settings.s3_endpoint,
            settings.s3_access_key.get_secret_value(),
            settings.s3_secret_key.get_secret_value(),
            settings.s3_bucket,
            settings.s3_region,
            settings.s3_secure,
            LocalSync.of(settings.data, settings.s3_endpoint),
        )

    def __repr__(self) -> str:
        return f"ObjectStore({self.endpoint!r}, bucket={self.bucket!r})"

    def close(self) -> None:
        self._http.clear()

    def ensure_bucket(self) -> None:
        """Makes the bucket, with versioning and object lock, unless it is there; any number of times, by any number."""
        with self._translated("bucket"):
            if not self.client.bucket_exists(bucket_name=self.bucket):
                try:
                    self.client.make_bucket(bucket_name=self.bucket, object_lock=True)
                except S3Error as error:
                    if error.code != "BucketAlreadyOwnedByYou":  # made meanwhile by another process of ours
                        raise
            if self.client.get_bucket_versioning(bucket_name=self.bucket).status != ENABLED:
                self.client.set_bucket_versioning(bucket_name=self.bucket, config=VersioningConfig(ENABLED))

    def put_file(
        self, key: str, path: Path, content_type: str, sha256: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Uploads and verifies. When ``key`` holds just that already, nothing is sent. ``metadata``: ASCII, 1 KiB.

        ``sha256`` is what the file is meant to be, in hex; raises IntegrityError when what arrived differs: then the
        file changed since, or the way damages it, and nothing is left under ``key``.
        """
        with path.open("rb") as file:
            self._put(key, file, path.stat().st_size, content_type, sha256, metadata)

    def put_bytes(self, key: str, data: bytes, content_type: str) -> str:
        """As ``put_file``, for something small; its sha256 in hex."""
        sha256 = hashlib.sha256(data).hexdigest()
        self._put(key, io.BytesIO(data), len(data), content_type, sha256)
        return sha256

    @contextmanager
    def writing(self, key: str, content_type: str, check: Callable[[], None] = lambda: None) -> Iterator[Upload]:
        """An object of unknown size, written as a stream, one part in memory (``multipart``). When the block ends well
        it is stored and verified by reading it once; when it raises, there is nothing under ``key``.

        ``check`` is called now and then; what it raises ends all. Raises StoreUnavailableError, IntegrityError.
        """
        upload = Upload(self.client, self.endpoint, self.bucket, key, content_type, check)
        try:
            yield upload
            upload.finish()
        except BaseException:  # also of who gives up: parts that nobody completes take room for ever
            with suppress(StoreError):  # the error itself says more; what is left is found by ``unfinished``
                upload.abort()
            raise
        try:
            self._prove(key, upload.sha256, check)
        except BaseException:  # also of who gives up: what is not proved does not stay
            with suppress(StoreError, InputError):
                self.delete(key)
            raise
        self._synced(key)

    def unfinished(self, prefix: str) -> Sequence[Unfinished]:
        """Uploads below ``prefix`` that are going on, or whose writer died."""
        return multipart.unfinished(self.client, self.endpoint, self.bucket, prefix)

    def give_up(self, upload: Unfinished) -> None:
        multipart.give_up(self.client, self.endpoint, self.bucket, upload)

    @contextmanager
    def open(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[Chunks]:
        """The bytes from ``offset``, at most ``length`` of them, in chunks. Raises NotFoundError at once.

        A connection that breaks while the chunks are read raises StoreUnavailableError from the iterator.
        """
        if offset < 0 or (length is not None and length < 1):
            raise InputError(f"offset {offset}, length {length}: not a range", parameter="range")
        with self._opened(key, None, offset, length) as chunks:
            yield chunks

    @contextmanager
    def _opened(self, key: str, version: str | None, offset: int = 0, length: int | None = None) -> Iterator[Chunks]:
        """``version`` None: the newest."""
        with self._translated(key):
            answer = self.client.get_object(
                bucket_name=self.bucket, object_name=key, offset=offset, length=length or 0, version_id=version
            )
        try:
            yield Chunks(self._chunks(key, answer), _tag(answer.headers), _metadata(answer.headers))
        finally:
            answer.close()  # what was not read is not worth reading: the connection is given up
            answer.release_conn()

    def stat(self, key: str) -> ObjectStat | None:
        """None: there is no such object."""
        try:
            with self._translated(key):
                found = self.client.stat_object(bucket_name=self.bucket, object_name=key)
        except NotFoundError:
            return None
        headers = found.metadata or {}
        return ObjectStat(
            size_bytes=found.size or 0,
            sha256=headers.get(METADATA + SHA256),
            content_type=found.content_type,
            modified_at=found.last_modified,
            version=found.version_id,
            tag=_tag(headers),
            metadata=_metadata(headers),
        )

    def list(self, prefix: str = "", *, after: str | None = None) -> Iterator[ListedObject]:
        """All objects below ``prefix`` (and behind the key ``after``), page by page as they are asked for.

        Plain keys (ASCII letters and digits, ``-._``) come in their order within one folder; whether ``a-b`` comes
        before what is in ``a/`` differs between stores.
        """
        with self._translated(prefix):
            for found in self.client.list_objects(
                bucket_name=self.bucket, prefix=prefix, recursive=True, start_after=after
            ):
                if found.object_name is not None and not found.is_dir:
                    yield ListedObject(found.object_name, found.size or 0, found.last_modified)

    def delete(self, key: str) -> None:
        """All versions of it, so that the space comes back; nothing happens when there is none.

        Raises ConflictError when the store refuses because one of them is held (invariant 6).
        """
        for version in self._versions.of(key):
            self._versions.remove(version)

    def erase(self, prefix: str) -> Erased:
        """As ``delete``, of all that lies below ``prefix``. What is held stays, and the rest goes all the same.

        Raises ConflictError, at the end, when something was held.
        """
        keys: set[str] = set()
        size_bytes = 0
        held: ConflictError | None = None
        for version in self._versions.below(prefix):
            try:
                self._versions.remove(version)
            except ConflictError as error:
                held = error
            else:
                keys.add(version.key)
                size_bytes += version.size_bytes
        if held is not None:
            raise held
        return Erased(len(keys), size_bytes)

    def hold(self, key: str) -> None:
        """Locks the newest version (legal hold): the store itself refuses to delete it, whoever asks."""
        self._versions.hold(key)

    def release(self, key: str) -> None:
        """Takes the hold of all versions away."""
        self._versions.release(key)

    def is_held(self, key: str) -> bool:
        """The newest version."""
        return self._versions.is_held(key)

    def hold_is_enforced(self) -> bool:
        """Whether the store keeps its word: puts a probe, holds it, tries to delete that version, expects refusal.

        The probe is released and removed afterwards. False also when the store knows no holds.
        """
        key = f"{PROBES}{secrets.token_hex(8)}"
        self.put_bytes(key, b"hold probe", "text/plain")
        try:
            self.hold(key)
            self.delete(key)
        except StoreUnavailableError:
            raise
        except ConflictError:
            return self.stat(key) is not None
        except StoreError:  # it does not know holds: the bucket was made without object lock
            return False
        else:
            return False
        finally:
            with suppress(StoreError, InputError):
                self.release(key)
            with suppress(StoreError, InputError):
                self.delete(key)

    def restore(self, key: str, sha256: str, content_type: str) -> bool:
        """Make the version whose sha256 is this the newest again, if the store still has it; whether it is now.

        What lay over it, a deletion or other bytes, stays as an older version: who did that left a trace. Where that
        version was held, the newest is too.
        """
        if self.stat(key) is not None and self.sha256_of(key) == sha256:
            return True
        for version in self._versions.of(key):
            if not version.is_marker and self._digest(key, version.id) == sha256:
                self._renew(key, version, sha256, content_type)
                return self.sha256_of(key) == sha256
        return False

    def sha256_of(self, key: str) -> str:
        """Of what the store really gives, read whole. Raises NotFoundError."""
        return self._digest(key, None)

    def _digest(self, key: str, version: str | None, check: Callable[[], None] = lambda: None) -> str:
        digest = hashlib.sha256()
        with self._opened(key, version) as chunks:
            for chunk in chunks:
                check()
                digest.update(chunk)
        return digest.hexdigest()

    def _renew(self, key: str, version: Version, sha256: str, content_type: str) -> None:
        """Through a temporary file: not every store copies a version of an object, or tells its type."""
        with tempfile.TemporaryFile() as file:
            with self._opened(key, version.id) as chunks:
                file.writelines(chunks)
            file.seek(0)
            self._upload(key, file, version.size_bytes, content_type, sha256, chunks.metadata)
        if self._versions.is_held(key, version.id):
            self.hold(key)

    def _put(
        self,
        key: str,
        data: BinaryIO,
        size_bytes: int,
        content_type: str,
        sha256: str,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        found = self.stat(key)
        claimed = found is not None and (found.size_bytes, found.sha256) == (size_bytes, sha256)
        if not claimed or self.sha256_of(key) != sha256:
            self._upload(key, data, size_bytes, content_type, sha256, metadata or {})
        self._synced(key)

    def _synced(self, key: str) -> None:
        if self._settle is not None:
            try:
                self._settle()
            except OSError as error:
                raise StoreUnavailableError(f"{key}: the store's disk did not sync: {error.strerror}") from error

    def _prove(self, key: str, sha256: str, check: Callable[[], None] = lambda: None) -> None:
        try:
            arrived = self._digest(key, None, check)
        except NotFoundError as error:
            raise StoreUnavailableError(f"{key} was uploaded, and the store does not have it") from error
        if arrived != sha256:
            raise IntegrityError(f"{key}: sent with sha256 {sha256}, the store gives back {arrived}")

    def _upload(
        self, key: str, data: BinaryIO, size_bytes: int, content_type: str, sha256: str, metadata: Mapping[str, str]
    ) -> None:
        """Under a key that holds something else already (altered?), that stays as an older version: evidence."""
        with self._translated(key):
            written = self.client.put_object(
                bucket_name=self.bucket,
                object_name=key,
                data=data,
                length=size_bytes,
                content_type=content_type,
                metadata={SHA256: sha256, **metadata},
                part_size=PART_BYTES,
                num_parallel_uploads=1,
            )
        try:
            self._prove(key, sha256)
        except IntegrityError:
            with suppress(S3Error, urllib3.exceptions.HTTPError):  # the error below says what matters
                self.client.remove_object(bucket_name=self.bucket, object_name=key, version_id=written.version_id)
            raise

    def _chunks(self, key: str, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        with self._translated(key):
            yield from answer.stream(CHUNK_BYTES)

    def _translated(self, key: str) -> AbstractContextManager[None]:
        return translated(self.endpoint, key)


def _tag(headers: Mapping[str, str]) -> str:
    """Version and ETag: a store without versions still tells by the ETag that something else was written."""
    named = {name.lower(): value for name, value in headers.items()}
    return f"{named.get('x-amz-version-id', '')}:{named.get('etag', '').strip(chr(34))}"


def _metadata(headers: Mapping[str, str]) -> dict[str, str]:
    named = {name.lower(): value for name, value in headers.items()}
    return {
        name.removeprefix(METADATA): value
        for name, value in named.items()
        if name.startswith(METADATA) and name != METADATA + SHA256
    }
