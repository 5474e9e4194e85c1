"""A stored file as an HTTP answer: in pieces, with ranges, and proved before the last byte goes out.

A file that is read whole proves itself by its sha256. A range cannot: the whole file is proved beside it, once
(``services.prover``), and the answer's last piece waits for that. Either way no altered file is ever sent completely.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, Protocol
from urllib.parse import quote

import anyio
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from camsvc import log
from camsvc.api.errors import BusyError, FootageFaultError, PreconditionError
from camsvc.api.metrics import HttpMetrics
from camsvc.api.ranges import Outcome, Selection, select
from camsvc.api.streaming import TimedStreamingResponse
from camsvc.domain.fault import FaultKind
from camsvc.domain.incident import ClipPart, Incident
from camsvc.domain.seal import SealOf
from camsvc.errors import InputError, IntegrityError, NotFoundError

if TYPE_CHECKING:
    from camsvc.api.services.prover import Proof, Prover

PIECE_BYTES = 256 * 1024
"""Sent at once. With the piece held back and the one being read, a stream takes under a megabyte."""
CACHE_CONTROL = "private, no-cache"
"""A browser may keep the file, and must ask each time whether its user still may see it (304 costs nothing)."""

HOLD_S = 30.0
"""What an answer's last piece waits for the proof of the whole file: three gigabytes, on one machine."""

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
    incident: Incident | None = None
    """Whose file it is; None: of no incident, and nothing about it is written down."""
    part: ClipPart | None = None
    """The part of the clip that it is, bit for bit."""
    sealed: SealOf | None = None
    """What its worker sealed it as; None: it is not what a worker seals."""

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'


def stored_response(
    request: Request,
    file: StoredFile,
    store: ByteStore,
    metrics: HttpMetrics,
    prover: Prover | None = None,
    *,
    download: bool = False,
) -> Response:
    """The answer to ``request`` for ``file``. Blocks until the first bytes are here: call it in the thread pool.

    Raises PreconditionError; FootageFaultError (without ``prover``: NotFoundError, IntegrityError) when the file is
    known by then to be missing or not what was written; BusyError, StoreUnavailableError. What is found out later
    breaks the answer off: StoredResponse. Without ``prover`` ranges are not proved.
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
    by_itself = selection.outcome is Outcome.WHOLE  # a player asks for bytes=0- and leaves: that proves nothing
    proof = prover.admit(file, whole=by_itself) if prover is not None else None
    reader = PieceReader(store, file, selection, metrics, prover, proof)
    try:
        first = reader.read()
    except BaseException:  # whatever ends the request: the connection goes back to the store
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

    The last piece is given only once the file is proved: by ``proof``, or when the selection is the whole file by the
    sha256 of what was read. A fault (missing, altered, cut short) raises, is logged, counted and written down.
    """

    def __init__(
        self,
        store: ByteStore,
        file: StoredFile,
        selection: Selection,
        metrics: HttpMetrics,
        prover: Prover | None = None,
        proof: Proof | None = None,
    ) -> None:
        self._file = file
        self._metrics = metrics
        self._prover = prover
        self._proof = proof
        self._tag = ""
        self._digest = hashlib.sha256() if selection.is_whole and proof is None else None
        self._left_bytes = selection.length
        self._stack = ExitStack()
        self._waiting = bytearray()
        self._source: Iterator[bytes] = iter(())
        if selection.length == 0:
            return
        try:
            opened = self._stack.enter_context(store.open(file.key, selection.offset, selection.length))
            self._source, self._tag = iter(opened), getattr(opened, "tag", "")
        except NotFoundError as error:
            self._report(FaultKind.MISSING, "the object store does not have it")
            if prover is not None:
                raise FootageFaultError(file.name, FaultKind.MISSING, "the object store does not have it") from error
            raise NotFoundError(
                f"The object store does not have {file.name}, although it is listed.",
                cure="tell the administrator: `camsvc fsck` says what else is missing",
            ) from error
        except InputError as error:  # the range lies beyond the end of what is there
            self._fault(f"it ends before byte {selection.offset}", error)

    @property
    def is_done(self) -> bool:
        return self._left_bytes == 0

    def read(self) -> bytes:
        """The next piece; empty only when all was read."""
        want = min(PIECE_BYTES, self._left_bytes)
        while len(self._waiting) < want:
            block = next(self._source, b"")
            if not block:
                self._fault("it is shorter than what was written")
            self._waiting += block
        piece = bytes(self._waiting[:want])
        del self._waiting[:want]
        self._left_bytes -= want
        if self._digest is not None:
            self._digest.update(piece)
            if self.is_done and self._digest.hexdigest() != self._file.sha256:
                self._fault(f"its sha256 is {self._digest.hexdigest()}, should be {self._file.sha256}")
            if self.is_done and self._prover is not None:
                self._prover.whole(self._file, self._tag)
        self._check(last=self.is_done)
        return piece

    @property
    def is_last(self) -> bool:
        """The next piece is the last one."""
        return self._left_bytes <= PIECE_BYTES

    async def proved(self) -> None:
        """Wait until ``read`` of the last piece need not. Raises BusyError after HOLD_S."""
        if self._proof is None or self._proof.future.done():
            return
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._proof.future)), HOLD_S)
        except TimeoutError as error:
            raise BusyError(f"{self._file.name} could not be proved in {HOLD_S:g} s.") from error

    def _check(self, *, last: bool) -> None:
        """Raises what is known to be wrong with the file; of the ``last`` piece waits until that is known."""
        if self._proof is None or self._prover is None:
            return
        outcome = self._proof.wait(HOLD_S) if last else self._proof.outcome
        if last and outcome is not None and outcome.fault is None and outcome.tag != self._tag:
            self._proof = self._prover.again(self._proof)  # written over since
            outcome = self._proof.wait(HOLD_S)
        if last and (outcome is None or (outcome.fault is None and outcome.tag != self._tag)):
            raise BusyError(f"{self._file.name} could not be proved: it was written over, or reading it takes long.")
        if outcome is not None:
            self._prover.refuse(self._file, outcome)

    def close(self) -> None:
        """Gives the connection to the store back; may be called again."""
        self._stack.close()

    def _fault(self, detail: str, cause: Exception | None = None) -> NoReturn:
        self._report(FaultKind.ALTERED, detail)
        if self._prover is not None:
            raise FootageFaultError(self._file.name, FaultKind.ALTERED, detail) from cause
        raise IntegrityError(
            f"The stored file {self._file.name} is not what was written ({detail}). It is not shown; run `camsvc fsck`."
        ) from cause

    def _report(self, fault: FaultKind, detail: str) -> None:
        if self._prover is not None:
            self._prover.failed(self._file, self._tag, fault, detail)
            return
        self._metrics.stored_faults.labels(fault.value).inc()
        _log.error("stored file is at fault", fault=fault.value, key=self._file.key, reason=detail)


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
            if self._reader.is_last:
                await self._reader.proved()
            yield await run_in_threadpool(self._reader.read)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._reader.close)
