"""The live process's end of a worker's tap: one connection for one watched stream, or one camera's scenes."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from typing import Self, cast

from camsvc import trust
from camsvc.domain.camera import StreamRole
from camsvc.domain.endpoint import Endpoint
from camsvc.errors import CamsvcError, NotFoundError, SourceError, SourceRefusedError
from camsvc.media.packets import Packet
from camsvc.worker.tap_wire import (
    Hello,
    Message,
    Messages,
    Refusal,
    TapItem,
    Want,
    hello_message,
    read_answer,
    read_item,
)

OPEN_TIMEOUT_S = 3.0
"""To connect, shake hands and be answered: 10 ms on one host; three round trips over the slowest link of a province."""
SILENCE_S = 3.5
"""A worker says its state every second: three missed, and it is frozen, or its host is gone."""
MAX_WAITING_BYTES = 2 * 1024 * 1024
"""Received and not yet taken. Overflow: nothing more is read from the connection, so the worker's end waits, and what
leaves its ring meanwhile is reported as lost."""


class Tap:
    """``async with await Tap.open(…) as tap: async for item in tap: …``. Used by the event loop's thread alone."""

    def __init__(self, line: _Line, stream: StreamRole) -> None:
        self._line = line
        self.stream = stream
        """What is sent: main where the camera has no sub stream."""

    @classmethod
    async def open(
        cls,
        endpoint: Endpoint,
        tokens: tuple[bytes, ...],
        camera: str,
        stream: StreamRole,
        start: datetime | None = None,
        want: Want = Want.PACKETS,
    ) -> Self:
        """``start``: None begins with the newest key frame. Raises NotFoundError when the camera is not with this
        worker (any more), SourceRefusedError when it refuses us, SourceError when it cannot be reached.
        """
        hello = hello_message(Hello(camera, stream, want, start, tokens[0].hex()))
        loop = asyncio.get_running_loop()
        line = _Line(loop, hello)
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                await loop.create_connection(
                    lambda: line, endpoint.host, endpoint.port, ssl=_context(endpoint.certificate), server_hostname=""
                )
                answer = await line.answered
        except (OSError, SourceError) as error:
            await line.close()
            raise SourceError(f"worker {endpoint.name} cannot be reached: {_reason(error)}") from error
        except BaseException:
            await line.close()
            raise
        if isinstance(answer, StreamRole):
            return cls(line, answer)
        await line.close()
        raise _refused(endpoint, *answer)

    def __aiter__(self) -> AsyncIterator[TapItem]:
        return self

    async def __anext__(self) -> TapItem:
        """Raises SourceError when the connection ends, whichever end it was that closed it."""
        return await self._line.take()

    def abort(self) -> None:
        """Closed, from the next turn of the event loop on. May be called twice."""
        self._line.abort()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._line.close()


class _Line(asyncio.Protocol):
    """Bytes into items, with a bound. Callbacks instead of a stream reader: a third of its cost for each packet."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hello: bytes) -> None:
        self._loop = loop
        self._hello = hello
        self._messages = Messages()
        self._items: deque[TapItem] = deque()
        self._waiting_bytes = 0
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._heard = True
        self._watch: asyncio.TimerHandle | None = None
        self._error: SourceError | None = None
        self._wanted: asyncio.Future[None] | None = None
        self._lost: asyncio.Future[None] = loop.create_future()
        self.answered: asyncio.Future[StreamRole | tuple[Refusal, str]] = loop.create_future()

    async def take(self) -> TapItem:
        while not self._items:
            if self._error is not None:
                raise self._error
            self._wanted = self._loop.create_future()
            await self._wanted
        item = self._items.popleft()
        if isinstance(item, Packet):
            self._waiting_bytes -= len(item.data)
            if self._paused and self._waiting_bytes <= MAX_WAITING_BYTES // 2 and self._transport is not None:
                self._paused, self._heard = False, True
                self._transport.resume_reading()
        return item

    def abort(self) -> None:
        self._fail(SourceError("the tap was closed"))

    async def close(self) -> None:
        """Nothing is left open on return."""
        self.abort()
        if self._transport is not None:
            await self._lost
        if self.answered.done() and not self.answered.cancelled():
            self.answered.exception()  # It may never have been asked for.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A stream's transport, by ``create_connection``; uvloop's is none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        if self._error is not None:
            self._transport.abort()
            return
        self._transport.write(self._hello)
        self._watch = self._loop.call_later(SILENCE_S, self._listen)

    def data_received(self, data: bytes) -> None:
        self._heard = True
        try:
            for kind, payload in self._messages.feed(data):
                self._took(kind, payload)
        except SourceError as error:
            self._fail(error)
        if self._waiting_bytes > MAX_WAITING_BYTES and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        if self._items:
            self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(SourceError(f"the worker's tap ended: {_reason(error) if error else 'it was closed'}"))
        if not self._lost.done():
            self._lost.set_result(None)

    def _took(self, kind: Message, payload: bytes) -> None:
        if not self.answered.done():
            if kind is not Message.ANSWER:
                raise SourceError("the worker speaks before it has answered")
            self.answered.set_result(read_answer(payload))
            return
        item = read_item(kind, payload)
        self._items.append(item)
        if isinstance(item, Packet):
            self._waiting_bytes += len(item.data)

    def _listen(self) -> None:
        if not (self._heard or self._paused):
            self._fail(SourceError(f"the worker's tap has been silent for {SILENCE_S:g} s"))
            return
        self._heard = False
        self._watch = self._loop.call_later(SILENCE_S, self._listen)

    def _fail(self, error: SourceError) -> None:
        """The first reason is the one that is told."""
        if self._error is None:
            self._error = error
        if not self.answered.done():
            self.answered.set_exception(self._error)
        if self._watch is not None:
            self._watch.cancel()
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._wanted is not None and not self._wanted.done():
            self._wanted.set_result(None)


@lru_cache(maxsize=64)
def _context(certificate: str) -> ssl.SSLContext:
    return trust.client_context(certificate)


def _refused(endpoint: Endpoint, code: Refusal, detail: str) -> CamsvcError:
    if code is Refusal.CAMERA:
        return NotFoundError(detail)
    kind = SourceError if code is Refusal.FULL else SourceRefusedError
    return kind(f"worker {endpoint.name} refuses: {detail}")


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {OPEN_TIMEOUT_S:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "another process answers there"
    return str(error) or type(error).__name__
