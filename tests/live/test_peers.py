"""Viewers as the live process has them, against a client of another make."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import uvloop
from aiortc.clock import datetime_from_ntp
from aiortc.rtp import RtcpSrPacket

from camsvc.cli.bench.viewer import WebRtcViewer
from camsvc.clock import SystemClock
from camsvc.config import LiveSettings
from camsvc.domain.camera import StreamRole
from camsvc.errors import InputError, LimitError, NotFoundError
from camsvc.live import link, pacer, peer, sender
from camsvc.live.access_unit import RTP_PERIOD, rtp_time
from camsvc.live.peers import Peers
from camsvc.live.viewings import End
from camsvc.media import nal
from tests.live.broadcast import CAMERA, Broadcast
from tests.video import Film, make_film

FPS = 25
GOP = 50


class Stage:
    """Peers and a film that is played, on the test's event loop."""

    def __init__(self, film: Path, settings: LiveSettings) -> None:
        self.broadcast = Broadcast(film)
        self.peers = Peers(self.broadcast, settings, SystemClock())

    async def watch(self, client: WebRtcViewer, user: str = "an", on_close: Callable[[End], None] | None = None) -> str:
        """The peer's id, once the client is connected."""
        peer_id, answer = await self.peers.offer(await client.offer(), CAMERA, StreamRole.MAIN, user, on_close)
        await client.take(answer.sdp)
        return peer_id

    async def until(self, condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110  nothing tells
                await asyncio.sleep(0.01)


@asynccontextmanager
async def staged(film: Path, settings: LiveSettings | None = None) -> AsyncIterator[Stage]:
    stage = Stage(film, settings or LiveSettings())
    playing = asyncio.create_task(stage.broadcast.play())
    await asyncio.sleep(0.5)
    try:
        yield stage
    finally:
        playing.cancel()
        await stage.peers.close_all()
        assert stage.peers.stats.peers == 0
        assert not stage.broadcast.subscriptions


def run(work: Awaitable[None]) -> None:
    async def all_of_it() -> None:
        await work

    uvloop.run(all_of_it())


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    return make_film(path, Film(frames=2 * GOP, width=320, height=192, gop=GOP))


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its key frames have hundreds of kilobytes, for nothing in them can be foretold."""
    import av
    import numpy as np

    path = tmp_path_factory.mktemp("film") / "heavy.mkv"
    noise = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        options = {"g": "50", "bf": "0", "preset": "ultrafast", "crf": "14", "sc_threshold": "0"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 640, 384, "yuv420p"
        still = noise.integers(0, 255, (384, 640, 3), np.uint8)
        for _ in range(50):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(still, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def test_the_cameras_own_bits_arrive_each_with_its_wall_time(film: Path) -> None:
    async def scene() -> None:
        async with staged(film) as stage, WebRtcViewer(decrypt=True) as client:
            sent: dict[int, bytes] = {}
            stage.broadcast.on_show = lambda unit: sent.__setitem__(unit.at_90k, unit.data)
            await stage.watch(client)
            await client.until(lambda: client.frames > 60)
            live = [(time, data) for time, data in client.pictures() if time in sent]
            assert len(live) > 40
            for time, data in live:
                assert list(nal.units(data)) == list(nal.units(sent[time]))

    run(scene())


def test_a_viewer_begins_with_the_last_gop_squeezed_in_before_the_newest_picture(film: Path) -> None:
    async def scene() -> None:
        async with staged(film) as stage, WebRtcViewer(decrypt=True) as client:
            await asyncio.sleep(0.5)
            missed = len(stage.broadcast.gop())
            await stage.watch(client)
            await client.until(lambda: client.frames > missed + 5)
            times = [time for time, _ in client.pictures()]
            first = client.pictures()[0][1]
            assert any(unit[0] & 0x1F == 5 for unit in nal.units(first)), "a key frame"
            assert times[missed - 2] - times[0] <= 90 * missed, "1 ms apart"
            assert all(later > sooner for sooner, later in itertools.pairwise(times))

    run(scene())


def test_lost_packets_are_sent_again(film: Path) -> None:
    async def scene() -> None:
        async with staged(film) as stage, WebRtcViewer(decrypt=True, loses=lambda index: index % 7 == 3) as client:
            await stage.watch(client)
            await client.until(lambda: client.frames > 40)
            numbers = client.numbers()
            missing = sorted(set(range(numbers[0], numbers[-1])) - set(numbers))
            assert len(missing) > 4
            client._loses = None
            await client.ask_again(*(number & 0xFFFF for number in missing[-4:]))
            await client.until(lambda: client.repeated >= 4)
            assert set(missing[-4:]) <= set(client.numbers())
            assert stage.peers.stats.repeated_packets == 4
            await client.ask_again((numbers[0] - 500) & 0xFFFF)
            await asyncio.sleep(0.1)
            assert stage.peers.stats.repeated_packets == 4, "what was never sent cannot be sent again"

    run(scene())


def test_a_browser_that_lost_the_picture_gets_the_last_gop_again_but_not_without_end(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "RESTART_S", 0.4)

    async def scene() -> None:
        async with staged(film) as stage, WebRtcViewer(decrypt=True) as client:
            await stage.watch(client)
            await client.until(lambda: client.frames > 10)
            await asyncio.sleep(0.4)
            before = client.frames
            for _ in range(5):
                await client.ask_for_key_frame()
            await asyncio.sleep(0.2)
            again = client.pictures()[before:]
            keys = [any(unit[0] & 0x1F == 5 for unit in nal.units(data)) for _, data in again]
            assert keys.count(True) in {1, 2}, "once, and perhaps the film's own next"
            assert keys[0] or keys[1]
            times = [time for time, _ in client.pictures()]
            assert all(later > sooner for sooner, later in itertools.pairwise(times))

    run(scene())


def test_a_large_key_frame_leaves_at_a_bounded_pace(heavy: Path) -> None:
    async def scene() -> None:
        async with staged(heavy) as stage, WebRtcViewer(decrypt=True) as client:
            await stage.watch(client)
            await client.until(lambda: client.frames >= 1)
            size = sum(count for _, count in client.bursts)
            assert size > 200_000
            begin_s = client.bursts[0][0]
            pace = pacer.MIN_BYTES_PER_S
            for at_s, _ in client.bursts:
                so_far = sum(count for when, count in client.bursts if when <= at_s)
                allowed = pace * (pacer.BURST_S + 3 * pacer.TICK_S + at_s - begin_s)
                assert so_far < 1.1 * allowed
            assert client.bursts[-1][0] - begin_s < 2 * size / pace, "nor much slower"

    run(scene())


def test_sender_reports_tie_wall_time_to_media_time(film: Path) -> None:
    async def scene() -> None:
        async with staged(film) as stage, WebRtcViewer(decrypt=True) as client:
            await stage.watch(client)
            await stage.until(lambda: sum(isinstance(each, RtcpSrPacket) for each in client.control) >= 2)
            for report in client.control:
                if isinstance(report, RtcpSrPacket):
                    said = rtp_time(datetime_from_ntp(report.sender_info.ntp_timestamp))
                    assert (report.sender_info.rtp_timestamp - said + 2) % RTP_PERIOD <= 4

    run(scene())


def test_a_camera_that_goes_away_and_comes_back_keeps_its_viewers(film: Path) -> None:
    async def scene() -> None:
        async with staged(film) as stage, WebRtcViewer(decrypt=True) as client:
            await stage.watch(client)
            await client.until(lambda: client.frames > 10)
            stage.broadcast.pause()
            await asyncio.sleep(0.3)
            before = client.frames
            stage.broadcast.resume()
            await client.until(lambda: client.frames > before + GOP)
            assert stage.peers.stats.opened == 1

    run(scene())


def test_limits_are_kept_and_explained(film: Path) -> None:
    async def scene() -> None:
        async with staged(film, LiveSettings(max_viewers=3, max_viewers_per_user=2)) as stage:
            clients = [WebRtcViewer() for _ in range(4)]
            offers = [await each.offer() for each in clients]

            async def ask(index: int, user: str) -> str:
                return (await stage.peers.offer(offers[index], CAMERA, StreamRole.MAIN, user))[0]

            first = await ask(0, "an")
            await ask(1, "an")
            with pytest.raises(LimitError, match="This account watches 2 pictures"):
                await ask(2, "an")
            await ask(2, "binh")
            with pytest.raises(LimitError, match="serves 3 viewers"):
                await ask(3, "binh")
            await stage.peers.close(first)
            await ask(3, "binh")
            for each in clients:
                await each.close()

    run(scene())


def test_what_cannot_be_begun_leaves_nothing_behind(film: Path) -> None:
    async def scene() -> None:
        async with staged(film) as stage, WebRtcViewer() as client:
            before = open_sockets()
            with pytest.raises(NotFoundError):
                await stage.peers.offer(await client.offer(), "nowhere", StreamRole.MAIN, "an")
            with pytest.raises(InputError):
                await stage.peers.offer("v=0", CAMERA, StreamRole.MAIN, "an")
            with pytest.raises(NotFoundError):
                await stage.peers.patch("nobody", "")
            await stage.peers.close("nobody")
            await client.close()
            assert open_sockets() <= before
            assert stage.peers.stats.peers == 0

    run(scene())


def test_candidates_may_come_later(film: Path) -> None:
    async def scene() -> None:
        async with staged(film) as stage, WebRtcViewer() as client:
            text = await client.offer()
            late = [line for line in text.splitlines() if line.startswith("a=candidate")]
            bare = "\r\n".join(line for line in text.splitlines() if line not in late) + "\r\n"
            peer_id, answer = await stage.peers.offer(bare, CAMERA, StreamRole.MAIN, "an")
            username = next(line for line in text.splitlines() if line.startswith("a=ice-ufrag"))
            await stage.peers.patch(peer_id, "\r\n".join([username, *late]))
            with pytest.raises(InputError, match="ICE restart"):
                await stage.peers.patch(peer_id, "a=ice-ufrag:another\r\n")
            await client.take(answer.sdp)
            await client.until(lambda: client.frames > 3)

    run(scene())


def test_announced_addresses_stand_in_the_answer(film: Path) -> None:
    async def scene() -> None:
        async with staged(film, LiveSettings(announce=("198.51.100.7",))) as stage, WebRtcViewer() as client:
            _, answer = await stage.peers.offer(await client.offer(), CAMERA, StreamRole.MAIN, "an")
            lines = [line.split() for line in answer.sdp.splitlines() if line.startswith("a=candidate")]
            announced = next(line for line in lines if line[4] == "198.51.100.7")
            assert announced[5] in {line[5] for line in lines if line[4] != "198.51.100.7"}, "the port of a socket"

    run(scene())


def test_viewers_come_in_on_the_ports_that_are_open_to_them(film: Path) -> None:
    async def scene() -> None:
        first = free_ports(8)
        settings = LiveSettings(udp_ports=(first, first + 7), max_viewers=8)
        async with staged(film, settings) as stage:
            clients = [WebRtcViewer() for _ in range(4)]
            for each in clients:
                await stage.watch(each)
                await each.until_frames(3)
            remote = [each._connection._nominated[1].remote_candidate.port for each in clients]
            assert all(first <= port <= first + 7 for port in remote)
            assert len(set(remote)) == 4
            for each in clients:
                await each.close()

    run(scene())


def free_ports(count: int) -> int:
    """The first of so many UDP ports in a row."""
    for first in range(42_000, 60_000, count):
        with contextlib.ExitStack() as sockets, contextlib.suppress(OSError):
            for port in range(first, first + count):
                sockets.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind(("0.0.0.0", port))  # noqa: S104
            return first
    pytest.fail("no free ports")


def test_a_browser_that_says_farewell_is_gone_at_once(film: Path) -> None:
    async def scene() -> None:
        async with staged(film) as stage, WebRtcViewer() as client:
            ended: list[End] = []
            await stage.watch(client, on_close=ended.append)
            await client.until(lambda: client.frames > 3)
            await client.close()
            await stage.until(lambda: stage.peers.stats.peers == 0)
            assert ended == [End.LEFT]

    run(scene())


def test_a_browser_that_vanishes_is_found_out(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "SILENT_S", 2.5)

    async def scene() -> None:
        async with staged(film) as stage:
            gone, stays = WebRtcViewer(), WebRtcViewer()
            await stage.watch(gone)
            await stage.watch(stays)
            await stays.until(lambda: stays.frames > 3)
            gone.vanish()
            await stage.until(lambda: stage.peers.stats.peers == 1, 6.0)
            assert stage.peers.stats.vanished == 1
            await asyncio.sleep(1.0)
            assert stage.peers.stats.peers == 1, "who is heard of stays"
            await gone.close()
            await stays.close()

    run(scene())


def test_one_that_never_connects_is_given_up(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "CONNECT_S", 0.3)

    async def scene() -> None:
        async with staged(film) as stage, WebRtcViewer() as client:
            await stage.peers.offer(await client.offer(), CAMERA, StreamRole.MAIN, "an")
            await stage.until(lambda: stage.peers.stats.peers == 0)
            assert stage.peers.stats.failed == 1

    run(scene())


def test_viewers_that_come_and_go_leave_nothing_behind(film: Path) -> None:
    before = peers_alive()

    async def round_(stage: Stage) -> None:
        clients = [WebRtcViewer() for _ in range(6)]
        await asyncio.gather(*(stage.watch(each) for each in clients))
        await asyncio.gather(*(each.until_frames(3) for each in clients))
        await asyncio.gather(*(each.close() for each in clients))
        await stage.until(lambda: stage.peers.stats.peers == 0)
        await stage.until(lambda: peers_alive() <= before)

    async def scene() -> None:
        async with staged(film) as stage:
            await round_(stage)
            tasks, sockets = len(asyncio.all_tasks()), open_sockets()
            for _ in range(3):
                await round_(stage)
            await stage.until(lambda: len(asyncio.all_tasks()) <= tasks)
            await stage.until(lambda: open_sockets() <= sockets)

    run(scene())


def open_sockets() -> int:
    return psutil.Process().num_fds()


def peers_alive() -> int:
    gc.collect()
    return sum(type(each) in {peer.Peer, link.Link, sender.Sender} for each in gc.get_objects())
