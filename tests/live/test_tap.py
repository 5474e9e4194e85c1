"""The client of a tap against workers that are there, gone, frozen, other, or speak nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from camsvc.config import WorkerSettings
from camsvc.domain.camera import CameraState, StreamRole
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.errors import NotFoundError, SourceError, SourceRefusedError
from camsvc.live import tap as tap_module
from camsvc.live.tap import MAX_WAITING_BYTES, Tap
from camsvc.media.packets import Packet
from camsvc.trust import Identity
from camsvc.worker import tap_wire as wire
from camsvc.worker.tap import TapServer
from camsvc.worker.tap_wire import CaughtUp, PacketsLost, SessionBegan, StreamState, TapItem, Want
from tests.live.rig import CLOCK, RingCamera, eventually
from tests.rtsp_server import free_port
from tests.worker import spooling

MAIN = StreamRole.MAIN
TOKENS = (b"\x07" * 32,)
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def gate() -> RingCamera:
    return RingCamera("gate", ring_bytes=8 * 1024 * 1024)


@pytest.fixture
def worker(gate: RingCamera) -> Iterator[TapServer]:
    server = TapServer(Identity.fresh("a"), TOKENS, {"gate": gate}, WorkerSettings(), CLOCK)
    server.start()
    yield server
    server.stop()


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)
    gc.collect()  # A socket left open is warned of here, and a warning is an error.


async def opened(worker: TapServer, camera: str = "gate", **values: Any) -> Tap:  # noqa: ANN401  of Tap.open
    return await Tap.open(worker.endpoint("a"), TOKENS, camera, MAIN, **values)


async def following(tap: Tap, kind: type[TapItem]) -> TapItem:
    async with asyncio.timeout(10):
        async for item in tap:
            if isinstance(item, kind):
                return item
    raise AssertionError("the iteration ended")


def test_items_come_in_order_with_all_that_they_carry(worker: TapServer, gate: RingCamera) -> None:
    async def story() -> None:
        session = gate.go_live()
        sent = gate.send(3)
        async with await opened(worker) as tap:
            assert tap.stream is MAIN
            assert await anext(tap) == StreamState(CameraState.LIVE, None)
            assert await anext(tap) == SessionBegan(session, MAIN, spooling.parameters().video)
            assert [await anext(tap) for _ in sent] == sent
            assert await anext(tap) == CaughtUp()

    run(story())


def test_a_replay_and_scenes_are_asked_for_by_words(worker: TapServer, gate: RingCamera) -> None:
    async def story() -> None:
        gate.go_live()
        sent = gate.send(25)
        async with await opened(worker, start=sent[12].at) as tap:
            assert await following(tap, Packet) == sent[10]
        async with await opened(worker, want=Want.SCENES) as tap:
            await eventually(lambda: gate.scenes.listeners == 1, "heard")
            gate.scenes.put(spooling.scene(1))
            scene = await following(tap, dict)
            assert isinstance(scene, dict)
            assert scene["objects"]

    run(story())


def test_why_it_is_refused_decides_the_error(worker: TapServer) -> None:
    async def story() -> None:
        with pytest.raises(NotFoundError, match="not with this worker"):
            await opened(worker, "yard")
        with pytest.raises(SourceRefusedError, match="secret_key") as refused:
            await Tap.open(worker.endpoint("a"), (b"\x08" * 32,), "gate", MAIN)
        assert (b"\x08" * 32).hex() not in str(refused.value)

    run(story())


def test_who_answers_with_another_certificate_is_not_believed(worker: TapServer) -> None:
    async def story() -> None:
        other = replace(worker.endpoint("a"), certificate=Identity.fresh("a").certificate)
        with pytest.raises(SourceError, match="another process answers there"):
            await Tap.open(other, TOKENS, "gate", MAIN)
        assert worker.stats.served == 0

    run(story())


def test_nobody_at_that_address_is_a_source_error() -> None:
    async def story() -> None:
        nobody = Endpoint(EndpointKind.TAP, "a", "127.0.0.1", free_port(), Identity.fresh("a").certificate)
        with pytest.raises(SourceError, match="worker a cannot be reached"):
            await Tap.open(nobody, TOKENS, "gate", MAIN)

    run(story())


@asynccontextmanager
async def impostor(handler: Handler) -> AsyncIterator[Endpoint]:
    """A worker with a right certificate that does what ``handler`` does."""
    identity = Identity.fresh("a")
    tasks: set[asyncio.Task[None]] = set()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readexactly(wire.HEADER.size)
            await handler(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=identity.server_context())
    port = server.sockets[0].getsockname()[1]
    try:
        yield Endpoint(EndpointKind.TAP, "a", "127.0.0.1", port, identity.certificate)
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(*messages: bytes, then_close: bool = False) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        writer.write(b"".join(messages))
        await writer.drain()
        if not then_close:
            await asyncio.sleep(60)

    return handler


ANSWER = wire.answer_message(MAIN)


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "unknown type"),
        (says(wire.state_message(StreamState(CameraState.LIVE, None))), "before it has answered"),
        (says(wire.HEADER.pack(wire.Message.ANSWER, 2**31)), "announced"),
        (says(wire.HEADER.pack(wire.Message.ANSWER, 2) + b"[]"), "no object"),
        (says(then_close=True), "closed"),
        (says(), "no answer within"),
    ],
)
def test_a_worker_that_answers_nonsense_or_nothing_is_given_up(
    handler: Handler, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tap_module, "OPEN_TIMEOUT_S", 0.5)

    async def story() -> None:
        async with impostor(handler) as endpoint:
            with pytest.raises(SourceError, match=words):
                await Tap.open(endpoint, TOKENS, "gate", MAIN)

    run(story())


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([wire.HEADER.pack(wire.Message.PACKET, wire.MAX_PACKET_BYTES * 2)], "announced"),
        ([wire.HEADER.pack(wire.Message.PACKET, 3) + b"abc"], "cut short"),
        ([wire.HEADER.pack(wire.Message.STATE, 2) + b"{}"], "cannot be read"),
        ([ANSWER], "out of turn"),
    ],
)
def test_nonsense_later_ends_the_tap_after_what_came_before_it(messages: list[bytes], words: str) -> None:
    async def story() -> None:
        good = wire.lost_message(3)
        async with (
            impostor(says(ANSWER, good, *messages)) as endpoint,
            await Tap.open(endpoint, TOKENS, "gate", MAIN) as tap,
        ):
            assert await anext(tap) == PacketsLost(3)
            with pytest.raises(SourceError, match=words):
                await anext(tap)

    run(story())


def test_a_worker_that_freezes_is_given_up_when_it_misses_its_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap_module, "SILENCE_S", 0.3)

    async def story() -> None:
        async with impostor(says(ANSWER)) as endpoint, await Tap.open(endpoint, TOKENS, "gate", MAIN) as tap:
            with pytest.raises(SourceError, match=r"silent for 0\.3 s"):
                await anext(tap)

    run(story())


def test_a_worker_that_stops_ends_the_tap_at_once(worker: TapServer, gate: RingCamera) -> None:
    async def story() -> None:
        async with await opened(worker) as tap:
            await anext(tap)
            stopping = asyncio.create_task(asyncio.to_thread(worker.stop))
            async with asyncio.timeout(5):
                with pytest.raises(SourceError, match="the worker's tap ended"):
                    while True:
                        await anext(tap)
            await stopping

    run(story())


def test_a_client_that_takes_nothing_holds_no_more_than_its_bound_and_later_hears_what_it_lost(
    worker: TapServer, gate: RingCamera
) -> None:
    async def story() -> None:
        gate.go_live()
        gate.send(1)
        async with await opened(worker) as tap:
            await following(tap, Packet)
            for _ in range(60):
                gate.send(10, padding=100_000)
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.2)
            # One read of the socket may pass the bound.
            assert tap._line._waiting_bytes <= MAX_WAITING_BYTES + 300_000
            lost = got = 0
            async with asyncio.timeout(20):
                while True:
                    item = await anext(tap)
                    if isinstance(item, PacketsLost):
                        lost += item.packets
                    elif isinstance(item, Packet):
                        got += 1
                        if item.at == gate.sent[-1].at:
                            break
            assert lost > 0
            assert got + lost == 600

    run(story())


def test_closing_wakes_who_waits_and_leaves_nothing_open(worker: TapServer, gate: RingCamera) -> None:
    async def story() -> None:
        tap = await opened(worker)
        waiting = asyncio.create_task(following(tap, Packet))
        await asyncio.sleep(0.05)
        tap.abort()
        with pytest.raises(SourceError, match="closed"):
            await waiting
        async with tap:
            pass
        # The worker finds out by itself.
        await eventually(lambda: worker.stats.connections == 0, "the worker's end is closed")

    run(story())


def test_an_opening_that_is_cancelled_leaves_nothing_open() -> None:
    async def story() -> None:
        async with impostor(says()) as endpoint:
            opening = asyncio.create_task(Tap.open(endpoint, TOKENS, "gate", MAIN))
            await asyncio.sleep(0.1)
            opening.cancel()
            with pytest.raises(asyncio.CancelledError):
                await opening

    run(story())


def test_no_token_is_logged_by_anyone(
    worker: TapServer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        with contextlib.suppress(SourceError):
            await Tap.open(worker.endpoint("a"), (b"\x09" * 32,), "gate", MAIN)
        async with await opened(worker) as tap:
            await anext(tap)

    with caplog.at_level(logging.DEBUG):
        run(story())
    worker.stop()
    said = caplog.text + "".join(capsys.readouterr())
    assert "wrong token" in said
    assert (b"\x09" * 32).hex() not in said
    assert TOKENS[0].hex() not in said


def test_opening_takes_milliseconds(worker: TapServer, gate: RingCamera) -> None:
    """The picture must be there within half a second of the click; this is the smallest part of it."""

    async def story() -> None:
        gate.go_live()
        gate.send(1)
        (await opened(worker)).abort()
        took = []
        for _ in range(5):
            began = time.perf_counter()
            async with await opened(worker) as tap:
                await following(tap, Packet)
            took.append(time.perf_counter() - began)
        assert min(took) < 0.2

    run(story())


def test_the_context_of_a_pinned_certificate_takes_no_other() -> None:
    context = tap_module._context(Identity.fresh("a").certificate)
    assert context.verify_mode is ssl.CERT_REQUIRED
