"""An object written as a stream, without knowing its size: S3's multipart upload, one part in memory at a time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from minio import Minio
from minio.datatypes import Part
from minio.error import S3Error

from camsvc.errors import StoreError, StoreUnavailableError
from camsvc.storage.answers import translated

MIB = 1024 * 1024
PART_BYTES = 16 * MIB
"""Of the first GROW_EVERY parts: what an upload holds in memory."""
GROW_EVERY = 1000
"""Parts after which they become larger by PART_BYTES: S3 takes 10,000 parts, which are 880 GB so, with 160 MiB in
memory for the last."""
PARTS_MAX = 10_000
PATIENCE_S = 120.0
"""How long a part is tried again while the store is away: a store that is restarted is back by then, and a large export
must not begin anew for it."""
RETRY_S = 2.0
SLICE_S = 0.5
"""How soon a wait notices that it is to end."""
GONE = "NoSuchUpload"

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload that nobody completed."""

    key: str
    id: str
    began_at: datetime | None


class Upload:
    """``write``, then ``finish`` or ``abort``; each from any thread, one at a time."""

    def __init__(
        self, client: Minio, where: str, bucket: str, key: str, content_type: str, check: Callable[[], None]
    ) -> None:
        """``where`` names the store in errors. ``check`` is called before each part and while the store is waited for;
        what it raises ends the write."""
        self._client = client
        self._where = where
        self._bucket = bucket
        self._key = key
        self._check = check
        self._waiting = bytearray()
        self._parts: list[Part] = []
        self._digest = hashlib.sha256()
        self.size_bytes = 0
        self._upload: str = self._patiently(
            lambda: client._create_multipart_upload(  # noqa: SLF001  the library offers parts only of what it reads itself
                bucket, key, {"Content-Type": content_type}
            )
        )

    def write(self, data: bytes, /) -> None:
        """Raises StoreUnavailableError after PATIENCE_S, StoreError; what ``check`` raises."""
        self._digest.update(data)
        self.size_bytes += len(data)
        self._waiting += data
        while len(self._waiting) >= (size := self._part_bytes()):
            part = bytes(memoryview(self._waiting)[:size])
            del self._waiting[:size]
            self._send(part)

    @property
    def sha256(self) -> str:
        """Of all that was written so far."""
        return self._digest.hexdigest()

    def finish(self) -> None:
        """The object is there, under its key, when this returns; whether it is what was written, a look will tell.
        Raises as ``write``."""
        if self._waiting or not self._parts:
            self._send(bytes(self._waiting))
            self._waiting.clear()
        try:
            self._patiently(
                lambda: self._client._complete_multipart_upload(  # noqa: SLF001  as in __init__
                    self._bucket, self._key, self._upload, self._parts
                )
            )
        except StoreError as error:
            if not _is_gone(error):  # it was completed, and the answer was lost on its way
                raise

    def abort(self) -> None:
        """The store forgets the parts. Raises StoreError: then ``unfinished`` finds them later."""
        self._waiting.clear()
        with translated(self._where, self._key):
            self._client._abort_multipart_upload(  # noqa: SLF001  as in __init__
                self._bucket, self._key, self._upload
            )

    def _part_bytes(self) -> int:
        return PART_BYTES * (1 + len(self._parts) // GROW_EVERY)

    def _send(self, part: bytes) -> None:
        number = len(self._parts) + 1
        if number > PARTS_MAX:
            raise StoreUnavailableError(f"{self._key}: more than {PARTS_MAX} parts")
        etag = self._patiently(
            lambda: self._client._upload_part(  # noqa: SLF001  as in __init__
                self._bucket, self._key, part, None, self._upload, number
            )
        )
        self._parts.append(Part(number, etag))

    def _patiently(self, call: Callable[[], Answer]) -> Answer:
        until_s = time.monotonic() + PATIENCE_S
        while True:
            self._check()
            try:
                with translated(self._where, self._key):
                    return call()
            except StoreUnavailableError:
                if time.monotonic() >= until_s:
                    raise
            ready_s = time.monotonic() + RETRY_S
            while time.monotonic() < ready_s:
                self._check()
                time.sleep(SLICE_S)


def unfinished(client: Minio, where: str, bucket: str, prefix: str) -> list[Unfinished]:
    """Uploads below ``prefix`` that were begun and neither completed nor aborted: a thousand at most. Whoever gives
    them up and asks again comes to the end (the library misreads the markers of the next page)."""
    with translated(where, prefix):
        found = client._list_multipart_uploads(bucket, prefix=prefix)  # noqa: SLF001  the library has no public way
    return [
        Unfinished(each.object_name, each.upload_id or "", each.initiated_time)
        for each in found.uploads
        if each.object_name.startswith(prefix)
    ]


def give_up(client: Minio, where: str, bucket: str, upload: Unfinished) -> None:
    """Raises StoreError; nothing happens when it is gone already."""
    try:
        with translated(where, upload.key):
            client._abort_multipart_upload(bucket, upload.key, upload.id)  # noqa: SLF001  as above
    except StoreError as error:
        if not _is_gone(error):
            raise


def _is_gone(error: StoreError) -> bool:
    return isinstance(error.__cause__, S3Error) and error.__cause__.code == GONE
