"""What the live process sends for as long as somebody takes it: parts of fragmented MP4, scenes of cameras."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol, TypeVar

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from camsvc import log
from camsvc.errors import AccessError, CamsvcError, LiveUnavailableError
from camsvc.live import wire
from camsvc.live.viewings import End, Viewing, Viewings
from camsvc.live.wire import Part

SCENES_WAITING = 64
"""Of one listener: a few seconds of a wall. Full: the oldest goes, for a box that is late is wrong."""

ItemT = TypeVar("ItemT")

_log = log.get(__name__)


class Scenes(Protocol):
    """One listener to a camera's tracks (``live.scenes.Scenes``)."""

    def __aiter__(self) -> AsyncIterator[dict[str, Any]]: ...

    async def aclose(self) -> None: ...


class Mp4(Protocol):
    """One viewer of fragmented MP4."""

    def __aiter__(self) -> AsyncIterator[tuple[Part, bytes]]: ...

    async def close(self) -> None: ...


class PartsResponse(StreamingResponse):
    """Gives its viewing back however it ends."""

    def __init__(self, viewings: Viewings, viewing: Viewing, mp4: Mp4) -> None:
        super().__init__(_packed(viewing, mp4), media_type="application/octet-stream")
        self._viewings = viewings
        self._viewing = viewing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await asyncio.shield(self._viewings.end(self._viewing, End.LEFT))


async def _packed(viewing: Viewing, mp4: Mp4) -> AsyncIterator[bytes]:
    yield wire.pack(Part.STILL, b"")  # so that the head of the answer leaves now
    try:
        async for part in _lively(aiter(mp4)):
            yield wire.pack(*part) if part else wire.pack(Part.STILL, b"")
        why = _why(viewing)
    except CamsvcError as error:
        why = error
    body, _ = wire.error_json(why)
    yield wire.pack(Part.END, json.dumps(body).encode())


def _why(viewing: Viewing) -> CamsvcError:
    if viewing.over is End.WITHDRAWN:
        return AccessError("The session has ended, or the right to see this camera.")
    return LiveUnavailableError("The live process is stopping, or the camera is gone.")


async def _lively(source: AsyncIterator[ItemT]) -> AsyncIterator[ItemT | None]:
    """``source``, and None for every STILL_EVERY_S in which nothing came of it."""
    coming: asyncio.Future[ItemT] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(source))
            done, _ = await asyncio.wait({coming}, timeout=wire.STILL_EVERY_S)
            if not done:
                yield None
                continue
            finished, coming = coming, None
            try:
                item = finished.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)


class Wall:
    """Scenes of several cameras as they come. A camera that ends or fails leaves the others alone."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(SCENES_WAITING)

    async def lines(self, opened: Mapping[str, Scenes]) -> AsyncIterator[bytes]:
        """One line of JSON a scene; an empty one for every while in which there was none."""
        yield b"\n"  # so that the head of the answer leaves now
        readers = [asyncio.create_task(self._read(camera, scenes)) for camera, scenes in opened.items()]
        try:
            while True:
                try:
                    async with asyncio.timeout(wire.STILL_EVERY_S):
                        line = await self._waiting.get()
                except TimeoutError:
                    line = b"\n"
                yield line
        finally:
            for reader in readers:
                reader.cancel()
            # Shielded: we may be here because the listener went, and then every wait of ours is cut short.
            closing = (each.aclose() for each in opened.values())
            await asyncio.shield(asyncio.gather(*readers, *closing, return_exceptions=True))

    async def _read(self, camera: str, scenes: Scenes) -> None:
        try:
            async for scene in scenes:
                if self._waiting.full():
                    self._waiting.get_nowait()
                line = json.dumps({"camera": camera, **scene}, separators=(",", ":"))
                self._waiting.put_nowait(line.encode() + b"\n")
        except CamsvcError as error:
            _log.info("no scenes of a camera", camera=camera, reason=str(error))
