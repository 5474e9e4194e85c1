"""A stored file as an HTTP answer: in pieces, with ranges, and its sha256 proved before the last byte goes out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote

import anyio
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from camsvc import log
from camsvc.api.errors import PreconditionError
from camsvc.api.metrics import HttpMetrics
from camsvc.api.ranges import Outcome, Selection, select
from camsvc.api.streaming import TimedStreamingResponse
from camsvc.errors import IntegrityError, NotFoundError

PIECE_BYTES = 256 * 1024
"""Sent at once. With the piece held back and the one being read, a stream takes under a megabyte."""
CACHE_CONTROL = "private, no-cache"
"""A browser may keep the file, and must ask each time whether its user still may see it (304 costs nothing)."""

_log = log.get(__name__)


class ByteStore(Protocol):
    """What is needed of ``storage.objects.ObjectStore``."""

    def open(self, key: str, offset: int = 0, length: int | None = None) -> AbstractContextManager[Iterator[bytes]]: ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    key: str
    size_bytes: int
    sha256: str
    media_type: str
    name: str
    """For the file on the user's disk."""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'


def stored_response(
    request: Request, file: StoredFile, store: ByteStore, metrics: HttpMetrics, *, download: bool = False
) -> Response:
    """The answer to ``request`` for ``file``. Blocks until the first bytes are here: call it in the thread pool.

    Raises PreconditionError; NotFoundError when the store lacks the file; IntegrityError when a file that fits one
    piece is not what was written; StoreUnavailableError. A longer file is checked while it goes out: StoredResponse.
    """
    selection = select(request.headers, file.size_bytes, file.etag)
    headers = _headers(file, selection, download=download)
    match selection.outcome:
        case Outcome.CHANGED:
            raise PreconditionError(
                "The file is not the version that If-Match names.", parameter="If-Match", cure="get it anew"
            )
        case Outcome.UNCHANGED:
            return Response(status_code=304, headers=headers)
        case Outcome.OUTSIDE:
            headers["Content-Range"] = f"bytes */{file.size_bytes}"
            return Response(status_code=416, headers=headers)
        case _:
            status = selection.outcome.value
    if request.method == "HEAD":
        return _Bodiless(status, file.media_type, headers, selection.length)
    reader = PieceReader(store, file, selection, metrics)
    try:
        first = reader.read()
    except BaseException:
        reader.close()
        raise
    return StoredResponse(status, headers, reader, first)


def _headers(file: StoredFile, selection: Selection, *, download: bool) -> dict[str, str]:
    disposition = "attachment" if download else "inline"
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": file.etag,
        "Cache-Control": CACHE_CONTROL,
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode('ascii')}:",  # RFC 9530
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(file.name)}; filename=\"{_ascii(file.name)}\"",
        **file.headers,
    }
    if selection.outcome in {Outcome.WHOLE, Outcome.PART}:
        headers["Content-Type"] = file.media_type
        headers["Content-Length"] = str(selection.length)
    if selection.content_range:
        headers["Content-Range"] = selection.content_range
    return headers


def _ascii(name: str) -> str:
    return "".join(each if each.isascii() and (each.isalnum() or each in "-_.") else "_" for each in name)


class _Bodiless(Response):
    """The answer to HEAD: the length is the file's, not the empty body's."""

    def __init__(self, status: int, media_type: str, headers: dict[str, str], length: int) -> None:
        super().__init__(status_code=status, headers=headers, media_type=media_type)
        self.headers["Content-Length"] = str(length)


class PieceReader:
    """Reads a selection of a stored file in pieces of PIECE_BYTES, for one caller at a time, from any thread.

    When the selection is the whole file, the last piece is given only once the sha256 of all is right. A fault
    (missing, altered, cut short) raises, is logged, and is counted.
    """

    def __init__(self, store: ByteStore, file: StoredFile, selection: Selection, metrics: HttpMetrics) -> None:
        self._file = file
        self._metrics = metrics
        self._digest = hashlib.sha256() if selection.is_whole else None
        self._left_bytes = selection.length
        self._stack = ExitStack()
        self._waiting = bytearray()
        self._source: Iterator[bytes] = iter(())
        if selection.length == 0:
            return
        try:
            self._source = iter(self._stack.enter_context(store.open(file.key, selection.offset, selection.length)))
        except NotFoundError as error:
            self._report("missing")
            raise NotFoundError(
                f"The object store does not have {file.name}, although it is listed.",
                cure="tell the administrator: `camsvc fsck` says what else is missing",
            ) from error

    @property
    def is_done(self) -> bool:
        return self._left_bytes == 0

    def read(self) -> bytes:
        """The next piece; empty only when all was read."""
        want = min(PIECE_BYTES, self._left_bytes)
        while len(self._waiting) < want:
            block = next(self._source, b"")
            if not block:
                self._fault("cut-short", "shorter than what was written")
            self._waiting += block
        piece = bytes(self._waiting[:want])
        del self._waiting[:want]
        self._left_bytes -= want
        if self._digest is not None:
            self._digest.update(piece)
            if self.is_done and self._digest.hexdigest() != self._file.sha256:
                self._fault("altered", "not what was written: its sha256 differs")
        return piece

    def close(self) -> None:
        """Gives the connection to the store back; may be called again."""
        self._stack.close()

    def _fault(self, fault: str, sentence: str) -> None:
        self._report(fault)
        raise IntegrityError(f"The stored file {self._file.name} is {sentence}. It is not shown; run `camsvc fsck`.")

    def _report(self, fault: str) -> None:
        self._metrics.stored_faults.labels(fault).inc()
        _log.error("stored file is at fault", fault=fault, key=self._file.key, sha256=self._file.sha256)


class StoredResponse(TimedStreamingResponse):
    """Sends what a PieceReader reads. A fault after the first piece breaks the answer off before its last byte: the
    client sees a transfer that failed, never a whole file that is wrong."""

    def __init__(self, status: int, headers: dict[str, str], reader: PieceReader, first: bytes) -> None:
        super().__init__(self._pieces(), status_code=status, headers=headers)
        self._reader = reader
        self._first = first

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield self._first
        while not self._reader.is_done:
            yield await run_in_threadpool(self._reader.read)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._reader.close)
