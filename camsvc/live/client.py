"""How a server asks the live processes: finds the one of a camera, goes to the next when that is gone or full."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from camsvc import log
from camsvc.clock import Clock
from camsvc.domain.camera import StreamRole
from camsvc.domain.endpoint import Endpoint
from camsvc.errors import CamsvcError, DatabaseUnavailableError, LimitError, LiveUnavailableError
from camsvc.live import wire
from camsvc.live.choice import by_preference
from camsvc.live.wire import Answer, Part, Request
from camsvc.trust import client_context

FRESH_S = 2.0
"""As often as live processes report."""
SHUN_S = 3.0
"""A process that did not answer is asked last for so long: about what its restart takes."""
CONNECT_TIMEOUT_S = 2.0
"""Within a data centre a connection takes a millisecond; a host that is gone says nothing."""
ANSWER_TIMEOUT_S = 10.0
"""For an offer: addresses are gathered, and a channel may have to begin. For a snapshot: a key frame."""
SILENCE_S = 3 * wire.STILL_EVERY_S
"""Of a stream: its live process is gone, or its host."""
STREAMS_MAX = 2000
"""Connections to one live process: a stream each."""

_log = log.get(__name__)
_GONE = (httpx.TransportError,)


@dataclass(slots=True)
class _Known:
    """One live process; made anew when it restarts, since its certificate is new then."""

    endpoint: Endpoint
    http: httpx.AsyncClient = field(repr=False)
    shunned_until_s: float = 0.0
    streams: int = 0
    """Open now. A process whose reports are late is not asked any more, but what it sends is still taken."""
    retired: bool = False

    async def close_if_done(self) -> None:
        if self.retired and self.streams == 0:
            await self.http.aclose()


class LiveProcesses:
    """Used by the event loop's thread alone; ``close`` it at the end."""

    def __init__(self, find: Callable[[], Sequence[Endpoint]], tokens: Sequence[bytes], clock: Clock) -> None:
        """``find`` reads the fresh endpoints and blocks; it raises DatabaseUnavailableError."""
        self._find = find
        self._token = tokens[0].hex()
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._found_s: float | None = None
        self._finding = asyncio.Lock()

    async def offer(self, request: Request, sdp: str) -> tuple[str, Answer]:
        """The name of the live process that took the viewer, and its answer.

        Raises LiveUnavailableError, LimitError, and what the live process says: NotFoundError, InputError, SourceError,
        UnplayableError.
        """
        name, content = await self._ask(request.camera, "POST", "/peers", {**request.to_json(), "sdp": sdp})
        body = json.loads(content.content)
        return name, Answer(body["sdp"], StreamRole(body["stream"]), body["rendition"])

    async def patch(self, name: str, viewing: str, user: int, fragment: str) -> None:
        """Raises NotFoundError when it is not ``user``'s, LiveUnavailableError."""
        await self._tell(name, "PATCH", viewing, {"user": user}, fragment)

    async def leave(self, name: str, viewing: str, user: int | None, *, failed: bool = False) -> None:
        """``user`` None: whoever's it is. Raises NotFoundError, LiveUnavailableError."""
        parameters: dict[str, Any] = {} if user is None else {"user": user}
        await self._tell(name, "DELETE", viewing, parameters | ({"failed": "true"} if failed else {}))

    async def snapshot(self, request: Request) -> tuple[bytes, dict[str, str]]:
        """A JPEG, and its headers. Raises as ``offer``."""
        _, answer = await self._ask(request.camera, "POST", "/snapshots", request.to_json())
        prefix = wire.HEADER_PREFIX.lower()
        return answer.content, {k: v for k, v in answer.headers.items() if k.startswith(prefix)}

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[tuple[str, AsyncIterator[tuple[Part, bytes]]]]:
        """The live process's name, and parts (INFO, INIT, KEY, DELTA) as they come. Raises as ``offer`` when it begins;
        the iterator raises what ended it: LiveUnavailableError, AccessError when the right was withdrawn, SourceError.
        """
        async with self._open(request.camera, "/streams", request.to_json()) as (name, answer):
            yield name, _parts(answer)

    @contextlib.asynccontextmanager
    async def scenes(self, cameras: Sequence[str]) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Scenes of cameras that one live process has, ``grouped`` says which. Raises as ``stream``."""
        async with self._open(cameras[0], "/scenes", {"cameras": list(cameras)}) as (_, answer):
            yield _scenes(answer)

    async def grouped(self, cameras: Sequence[str]) -> list[list[str]]:
        """Cameras of one live process together."""
        await self._refresh()
        groups: dict[str, list[str]] = {}
        for camera in cameras:
            order = self._order(camera)
            groups.setdefault(order[0].endpoint.name if order else "", []).append(camera)
        return list(groups.values())

    async def statuses(self) -> dict[str, dict[str, float]]:
        """What each says of itself, by name; one that does not answer is left out."""
        await self._refresh()
        known = list(self._known.values())
        answers = await asyncio.gather(*(self._status(each) for each in known))
        return {each.endpoint.name: answer for each, answer in zip(known, answers, strict=True) if answer is not None}

    async def close(self) -> None:
        known, self._known = list(self._known.values()), {}
        for each in known:
            await each.http.aclose()

    async def _status(self, known: _Known) -> dict[str, float] | None:
        try:
            answer = await known.http.get("/status", timeout=CONNECT_TIMEOUT_S)
            return dict(answer.json()) if answer.is_success else None
        except (*_GONE, ValueError):
            return None

    async def _ask(self, camera: str, method: str, path: str, body: dict[str, Any]) -> tuple[str, httpx.Response]:
        async def once(known: _Known) -> httpx.Response:
            return await known.http.request(method, path, json=body, timeout=_timeout(ANSWER_TIMEOUT_S))

        known, answer = await self._first(camera, once)
        return known.endpoint.name, answer

    @contextlib.asynccontextmanager
    async def _open(self, camera: str, path: str, body: dict[str, Any]) -> AsyncIterator[tuple[str, httpx.Response]]:
        async def once(known: _Known) -> httpx.Response:
            request = known.http.build_request("POST", path, json=body, timeout=_timeout(SILENCE_S))
            answer = await known.http.send(request, stream=True)
            if not answer.is_success:
                await answer.aread()
            return answer

        known, answer = await self._first(camera, once)
        known.streams += 1
        try:
            yield known.endpoint.name, answer
        finally:
            known.streams -= 1
            await answer.aclose()
            await known.close_if_done()

    async def _first(
        self, camera: str, once: Callable[[_Known], Awaitable[httpx.Response]]
    ) -> tuple[_Known, httpx.Response]:
        """The first live process, in the camera's order, that takes it. One that was restarted has another port and
        another certificate: before giving up the endpoints are read anew."""
        await self._refresh()
        full: LimitError | None = None
        tried: set[str] = set()
        for _ in range(2):
            for known in self._order(camera):
                if known.endpoint.certificate in tried:
                    continue
                tried.add(known.endpoint.certificate)
                try:
                    answer = await once(known)
                except _GONE as error:
                    self._shun(known, error)
                    continue
                if answer.is_success:
                    return known, answer
                refusal = wire.error_of(answer.content, answer.status_code)
                if not isinstance(refusal, LimitError):
                    raise refusal
                full = refusal
            await self._refresh(now=True)
        if full is not None:
            raise full
        raise LiveUnavailableError("no live process answers: pictures come again when one is back")

    async def _tell(
        self, name: str, method: str, viewing: str, parameters: dict[str, Any], content: str | None = None
    ) -> None:
        await self._refresh()
        known = self._known.get(name)
        if known is None:
            raise LiveUnavailableError(f"the live process {name} does not run (any more): begin a new viewing")
        try:
            answer = await known.http.request(
                method,
                f"/peers/{viewing}",
                params=parameters,
                content=content,
                timeout=_timeout(ANSWER_TIMEOUT_S),
            )
        except _GONE as error:
            self._shun(known, error)
            raise LiveUnavailableError(f"the live process {name} does not answer: begin a new viewing") from error
        if not answer.is_success:
            raise wire.error_of(answer.content, answer.status_code)

    def _shun(self, known: _Known, error: Exception) -> None:
        _log.warning("live process does not answer", name=known.endpoint.name, reason=type(error).__name__)
        known.shunned_until_s = self._clock.monotonic_s() + SHUN_S

    def _order(self, camera: str) -> list[_Known]:
        now_s = self._clock.monotonic_s()
        order = [self._known[each.name] for each in by_preference(camera, [k.endpoint for k in self._known.values()])]
        return sorted(order, key=lambda each: each.shunned_until_s > now_s)  # stable

    async def _refresh(self, *, now: bool = False) -> None:
        """Keeps what is known while PostgreSQL is away."""
        async with self._finding:
            if not now and self._found_s is not None and self._clock.monotonic_s() - self._found_s < FRESH_S:
                return
            try:
                endpoints = await asyncio.to_thread(self._find)
            except DatabaseUnavailableError:
                if not self._known:
                    raise
                endpoints = [each.endpoint for each in self._known.values()]
            self._found_s = self._clock.monotonic_s()
            await self._take(endpoints)

    async def _take(self, endpoints: Sequence[Endpoint]) -> None:
        fresh = {each.name: each for each in endpoints}
        for name, known in list(self._known.items()):
            found = fresh.get(name)
            if found is None or found.certificate != known.endpoint.certificate:
                del self._known[name]
                known.retired = True
                await known.close_if_done()
            else:
                known.endpoint = found
        for name, endpoint in fresh.items():
            if name not in self._known:
                self._known[name] = _Known(endpoint, self._client(endpoint))

    def _client(self, endpoint: Endpoint) -> httpx.AsyncClient:
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        return httpx.AsyncClient(
            base_url=f"https://{host}:{endpoint.port}",
            headers={"Authorization": f"Bearer {self._token}"},
            verify=client_context(endpoint.certificate),
            trust_env=False,  # a proxy of the environment is for other hosts
            limits=httpx.Limits(max_connections=STREAMS_MAX, max_keepalive_connections=20),
        )


async def _parts(answer: httpx.Response) -> AsyncIterator[tuple[Part, bytes]]:
    unpacker = wire.Unpacker()
    try:
        async for data in answer.aiter_raw():
            for kind, content in unpacker.feed(data):
                if kind is Part.END:
                    raise wire.error_of(content, 0)
                if kind is not Part.STILL:
                    yield kind, content
    except _GONE as error:
        raise LiveUnavailableError("the live process is gone in mid-stream") from error
    raise LiveUnavailableError("the live process ended the stream")


async def _scenes(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    try:
        async for line in answer.aiter_lines():
            if line:  # else: it lives
                yield json.loads(line)
    except _GONE as error:
        raise LiveUnavailableError("the live process is gone in mid-stream") from error
    except ValueError as error:
        raise CamsvcError("the live process sends what this server does not know") from error


def _timeout(read_s: float) -> httpx.Timeout:
    return httpx.Timeout(read_s, connect=CONNECT_TIMEOUT_S)
