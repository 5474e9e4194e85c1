"""How servers ask live processes: the one of a camera first, the next when it is gone or full."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from camsvc.clock import SystemClock
from camsvc.domain.camera import StreamRole
from camsvc.domain.endpoint import Endpoint
from camsvc.errors import (
    AccessError,
    CamsvcError,
    ConflictError,
    DatabaseUnavailableError,
    InputError,
    LimitError,
    LiveUnavailableError,
    NotFoundError,
    SourceError,
    UnplayableError,
)
from camsvc.live.choice import by_preference
from camsvc.live.client import LiveProcesses
from camsvc.live.viewings import End
from camsvc.live.wire import Part, Request, Viewer
from tests.live.fake_live import AT, FakeLive, live_process

TOKENS = (b"t" * 32,)
VIEWER = Viewer(7, "lan", "192.0.2.9", "ab" * 32)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def request(viewing: str = "0" * 32, camera: str = "gate", viewer: Viewer = VIEWER) -> Request:
    return Request(viewing, camera, "town", StreamRole.SUB, viewer)


def run(
    use: Callable[[LiveProcesses], Awaitable[None]],
    *lives: FakeLive,
    find: Callable[[], Sequence[Endpoint]] | None = None,
    tokens: tuple[bytes, ...] = TOKENS,
) -> None:
    async def main() -> None:
        processes = LiveProcesses(find or (lambda: [live.endpoint for live in lives]), tokens, SystemClock())
        try:
            await use(processes)
        finally:
            await processes.close()

    asyncio.run(main())


def in_order(camera: str, *lives: FakeLive) -> list[FakeLive]:
    names = [each.name for each in by_preference(camera, [live.endpoint for live in lives])]
    return sorted(lives, key=lambda live: names.index(live.endpoint.name))


def test_an_offer_is_answered_trickled_and_ended(stack: ExitStack) -> None:
    live = stack.enter_context(live_process(TOKENS))
    live.cameras.renditions["gate"] = "hevc"

    async def use(processes: LiveProcesses) -> None:
        name, answer = await processes.offer(request(), "offer")
        assert (name, answer.sdp, answer.stream, answer.rendition) == (
            "live-1",
            "answer to offer",
            StreamRole.SUB,
            "hevc",
        )
        assert list(live.cameras.peers.values()) == [("gate", StreamRole.SUB, "lan")]
        await processes.patch(name, "0" * 32, VIEWER.user, "a=candidate")
        assert live.cameras.fragments == ["a=candidate"]
        assert (await processes.statuses())["live-1"]["viewers"] == 1
        await processes.leave(name, "0" * 32, VIEWER.user)
        assert live.cameras.peers == {}
        with pytest.raises(NotFoundError):
            await processes.leave(name, "0" * 32, VIEWER.user)

    run(use, live)
    [(viewing, why)] = live.ended
    assert (viewing.request, why, viewing.is_begun) == (request(), End.LEFT, True)


def test_a_viewing_belongs_to_who_began_it(stack: ExitStack) -> None:
    live = stack.enter_context(live_process(TOKENS))

    async def use(processes: LiveProcesses) -> None:
        await processes.offer(request(), "offer")
        for refused in (
            processes.patch("live-1", "0" * 32, 8, "a=candidate"),
            processes.leave("live-1", "0" * 32, 8),
        ):
            with pytest.raises(NotFoundError):
                await refused
        assert len(live.cameras.peers) == 1
        await processes.leave("live-1", "0" * 32, None)

    run(use, live)


def test_all_viewers_of_a_camera_meet_in_one_process_and_cameras_are_spread(stack: ExitStack) -> None:
    lives = [stack.enter_context(live_process(TOKENS, f"live-{n}")) for n in (1, 2, 3)]
    cameras = [f"camera-{n}" for n in range(30)]

    async def use(processes: LiveProcesses) -> None:
        taken: dict[str, set[str]] = {}
        for number, camera in enumerate(cameras * 2):
            name, _ = await processes.offer(request(f"{number:032x}", camera), "offer")
            taken.setdefault(camera, set()).add(name)
        assert all(len(names) == 1 for names in taken.values())
        assert {name for names in taken.values() for name in names} == {"live-1", "live-2", "live-3"}

    run(use, *lives)


def test_a_process_that_comes_or_goes_moves_only_the_cameras_that_are_its_own(stack: ExitStack) -> None:
    endpoints = [live_endpoint(f"live-{n}") for n in range(5)]
    for number in range(200):
        camera = f"camera-{number}"
        before = by_preference(camera, endpoints)
        after = by_preference(camera, endpoints[:-1])
        assert [each for each in before if each.name != "live-4"] == after


def live_endpoint(name: str) -> Endpoint:
    from camsvc.domain.endpoint import EndpointKind

    return Endpoint(EndpointKind.LIVE, name, "127.0.0.1", 1, "none")


def test_one_that_was_killed_is_passed_over_and_one_that_is_full_as_well(stack: ExitStack) -> None:
    lives = [stack.enter_context(live_process(TOKENS, f"live-{n}", max_viewers=1)) for n in (1, 2, 3)]
    first, second, third = in_order("gate", *lives)

    async def use(processes: LiveProcesses) -> None:
        first.kill()
        assert (await processes.offer(request("1" * 32), "offer"))[0] == second.endpoint.name
        assert (await processes.offer(request("2" * 32), "offer"))[0] == third.endpoint.name
        with pytest.raises(LimitError, match="the most that it may"):
            await processes.offer(request("3" * 32), "offer")
        second.kill()
        third.kill()
        with pytest.raises(LiveUnavailableError):
            await processes.offer(request("4" * 32), "offer")

    run(use, *lives)


def test_one_that_was_restarted_is_found_at_its_new_port_with_its_new_certificate_at_once(stack: ExitStack) -> None:
    old = stack.enter_context(live_process(TOKENS))
    endpoints = [old.endpoint]

    async def use(processes: LiveProcesses) -> None:
        await processes.offer(request("1" * 32), "offer")
        old.kill()
        new = stack.enter_context(live_process(TOKENS))
        endpoints[:] = [new.endpoint]
        # What was read less than FRESH_S ago still names the old one.
        assert (await processes.offer(request("2" * 32), "offer"))[0] == "live-1"
        assert len(new.cameras.peers) == 1
        with pytest.raises(NotFoundError):  # it knows nothing of what the old one served
            await processes.leave("live-1", "1" * 32, VIEWER.user)

    run(use, find=lambda: list(endpoints))


def test_another_certificate_than_the_published_one_is_not_trusted(stack: ExitStack) -> None:
    live = stack.enter_context(live_process(TOKENS))
    other = stack.enter_context(live_process(TOKENS, "live-2"))
    forged = replace(live.endpoint, port=other.endpoint.port)

    async def use(processes: LiveProcesses) -> None:
        with pytest.raises(LiveUnavailableError):
            await processes.offer(request(), "offer")

    run(use, find=lambda: [forged])
    assert other.cameras.peers == {}


def test_who_does_not_show_the_token_is_refused(stack: ExitStack) -> None:
    live = stack.enter_context(live_process(TOKENS))

    async def use(processes: LiveProcesses) -> None:
        with pytest.raises(CamsvcError):
            await processes.offer(request(), "offer")
        assert await processes.statuses() == {}

    run(use, live, tokens=(b"x" * 32,))
    assert live.cameras.peers == {}


def test_while_keys_are_changed_both_are_taken(stack: ExitStack) -> None:
    live = stack.enter_context(live_process((b"n" * 32, *TOKENS)))

    async def use(processes: LiveProcesses) -> None:
        await processes.offer(request(), "offer")

    run(use, live)


@pytest.mark.parametrize(
    "error",
    [
        NotFoundError("no camera 'gate'"),
        ConflictError("twice"),
        InputError("no SDP"),
        LimitError("no transcoder is free"),
        SourceError("no worker has the camera now"),
        UnplayableError("MJPEG cannot be shown"),
        DatabaseUnavailableError("PostgreSQL is away"),
    ],
)
def test_an_error_arrives_as_what_it_was(stack: ExitStack, error: CamsvcError) -> None:
    live = stack.enter_context(live_process(TOKENS))
    live.cameras.errors["gate"] = error

    async def use(processes: LiveProcesses) -> None:
        with pytest.raises(type(error), match=str(error)) as caught:
            await processes.offer(request(), "offer")
        assert type(caught.value) is type(error)

    run(use, live)
    assert [(why, viewing.is_begun) for viewing, why in live.ended] == [(End.FAILED, False)]


def test_a_stream_comes_in_parts_and_ends_with_its_reader(stack: ExitStack) -> None:
    live = stack.enter_context(live_process(TOKENS))
    start = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

    async def use(processes: LiveProcesses) -> None:
        kinds = []
        async with processes.stream(replace(request(), start=start)) as (name, parts):
            async for kind, content in parts:
                kinds.append(kind)
                if kind is Part.INIT:
                    assert content == b"init"
                if len(kinds) == 15:
                    break
        assert name == "live-1"
        assert kinds[:5] == [Part.INFO, Part.INIT, Part.KEY, Part.DELTA, Part.DELTA]
        await _until(lambda: live.cameras.open_streams == 0)

    run(use, live)
    assert live.cameras.streams == [("gate", StreamRole.SUB, start)]
    assert [why for _, why in live.ended] == [End.LEFT]


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ("withdrawn", AccessError),
        ("failed", UnplayableError),
        ("killed", LiveUnavailableError),
    ],
)
def test_a_stream_says_why_it_ends(stack: ExitStack, end: str, error: type[CamsvcError]) -> None:
    live = stack.enter_context(live_process(TOKENS))

    async def use(processes: LiveProcesses) -> None:
        with pytest.raises(CamsvcError) as caught:
            async with processes.stream(request()) as (_, parts):
                async for kind, _content in parts:
                    if kind is Part.KEY and end == "withdrawn":
                        live.refused.add("lan")
                        await asyncio.to_thread(live.check)
                    elif kind is Part.KEY and end == "failed":
                        live.cameras.errors["gate"] = UnplayableError("parameter sets are not understood")
                    elif kind is Part.KEY:
                        await asyncio.to_thread(live.kill)
        assert type(caught.value) is error

    run(use, live)


def test_a_silent_stream_lives_on(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camsvc.live.wire.STILL_EVERY_S", 0.1)
    monkeypatch.setattr("camsvc.live.client.SILENCE_S", 0.5)
    live = stack.enter_context(live_process(TOKENS))
    live.cameras.away.add("gate")

    async def use(processes: LiveProcesses) -> None:
        async with processes.stream(request()) as (_, parts):
            assert (await anext(parts))[0] is Part.INFO
            coming = asyncio.ensure_future(anext(parts))
            done, _pending = await asyncio.wait({coming}, timeout=1.5)
            assert not done
            live.cameras.away.clear()
            assert (await coming)[0] is Part.INFO
            assert (await anext(parts))[0] is Part.INIT

    run(use, live)


def test_scenes_of_several_cameras_come_together(stack: ExitStack) -> None:
    live = stack.enter_context(live_process(TOKENS))
    live.cameras.away.add("yard")

    async def use(processes: LiveProcesses) -> None:
        cameras = ["gate", "yard", "street"]
        [group] = await processes.grouped(cameras)
        assert group == cameras
        seen = set()
        async with processes.scenes(group) as scenes:
            async for scene in scenes:
                seen.add(scene["camera"])
                assert scene["session"] == "s-1"
                if seen == {"gate", "street"}:
                    break
        await _until(lambda: live.cameras.open_scenes == 0)

    run(use, live)


def test_a_snapshot_says_of_when_it_is(stack: ExitStack) -> None:
    live = stack.enter_context(live_process(TOKENS))

    async def use(processes: LiveProcesses) -> None:
        jpeg, headers = await processes.snapshot(request())
        assert jpeg == b"\xff\xd8gate\xff\xd9"
        assert headers == {"camsvc-at": AT.isoformat(), "camsvc-session": "s-1"}

    run(use, live)


def test_while_postgresql_is_away_the_processes_that_are_known_go_on(stack: ExitStack) -> None:
    live = stack.enter_context(live_process(TOKENS))
    away = False

    def find() -> list[Endpoint]:
        if away:
            raise DatabaseUnavailableError("PostgreSQL is away")
        return [live.endpoint]

    async def use(processes: LiveProcesses) -> None:
        nonlocal away
        await processes.offer(request("1" * 32), "offer")
        away = True
        await processes._refresh(now=True)
        await processes.offer(request("2" * 32), "offer")

    run(use, find=find)
    away = True

    async def too_late(processes: LiveProcesses) -> None:
        with pytest.raises(DatabaseUnavailableError):
            await processes.offer(request(), "offer")

    run(too_late, find=find)


def test_a_process_whose_reports_are_late_keeps_the_streams_it_has(stack: ExitStack) -> None:
    live = stack.enter_context(live_process(TOKENS))
    endpoints = [live.endpoint]

    async def use(processes: LiveProcesses) -> None:
        async with processes.stream(request()) as (_, parts):
            await anext(parts)
            endpoints.clear()
            await processes._refresh(now=True)
            with pytest.raises(LiveUnavailableError):
                await processes.offer(request("1" * 32), "offer")
            for _ in range(20):
                await anext(parts)

    run(use, find=lambda: list(endpoints))


async def _until(check: Callable[[], bool], timeout_s: float = 5.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not check():  # noqa: ASYNC110  of another thread
            await asyncio.sleep(0.01)
