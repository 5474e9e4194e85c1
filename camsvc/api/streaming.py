"""Answers of unknown length, sent piece by piece to clients of unknown patience."""

from __future__ import annotations

import asyncio

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from camsvc.errors import CamsvcError

SEND_TIMEOUT_S = 30.0
"""For one piece to leave. Pieces are at most 256 KiB: a client slower than 8 kB/s would hold what feeds its stream
(a connection to the store, a queue) for hours."""


class ClientTooSlowError(CamsvcError):
    """The stream is given up, so that what fed it is free again."""


class TimedStreamingResponse(StreamingResponse):
    """Ends with ClientTooSlowError when one piece does not leave within SEND_TIMEOUT_S."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await send(message)
            except TimeoutError as error:
                raise ClientTooSlowError(f"The client took nothing for {SEND_TIMEOUT_S:g} s.") from error

        await super().__call__(scope, receive, send_in_time)
