"""Live view of a whole installation: WHEP in, pictures out; the live process killed, the camera pulled."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect

from camsvc.cli.bench.viewer import WebRtcViewer
from camsvc.live.access_unit import RTP_PERIOD, rtp_time
from camsvc.media.packets import CLOCK_HZ
from camsvc.media.simulator.faults import Fault, FaultKind
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from tests.system.installation import PASSWORD, Installation, wait_for
from tests.video import Film, make_film

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LIVE_S = 30.0
"""Until a camera is live after the start, on a busy machine."""
RECOVERY_S = 20.0
"""A live process that was killed: its restart takes 2 s on a quiet machine."""
FRAMES = 30
GOP_S = 10
"""Long, so that whoever waited for the next key frame would be found out."""
FIRST_FRAME_S = 2.5
"""On a machine that others load tenfold; 0.1 s on a quiet one."""


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorServer]:
    folder = tmp_path_factory.mktemp("films")
    films = [
        make_film(folder / "gate.mp4", Film(frames=250, gop=GOP_S * 25)),
        make_film(folder / "yard.mp4", Film(frames=250, gop=50, codec="hevc")),
    ]
    with SimulatorServer(cameras_from_files(films)) as server:
        yield server


@pytest.fixture(scope="module")
def installation(module_workspace: Path, simulator: SimulatorServer) -> Iterator[Installation]:
    cameras = {name: simulator.url(name) for name in ("gate", "yard")}
    with Installation(module_workspace, cameras) as installation:
        for name in cameras:
            wait_for(lambda name=name: state(installation, name) == "live", LIVE_S, f"{name} is not live")  # type: ignore[misc]
        wait_for(lambda: status_of(installation, "/cameras/gate/snapshot.jpg") == 200, LIVE_S, "no picture comes")
        yield installation


def state(installation: Installation, camera: str) -> str:
    return str(installation.get(f"/cameras/{camera}").json()["status"]["state"])


def status_of(installation: Installation, path: str) -> int:
    try:
        return installation.get(path).status_code
    except httpx.HTTPStatusError as error:
        return error.response.status_code


class Viewer:
    """A program that watches over WHEP."""

    def __init__(self, installation: Installation, camera: str) -> None:
        self.base = installation.url
        self.path = f"/api/v1/cameras/{camera}/whep"
        self.http = httpx.AsyncClient(base_url=installation.url, headers=authorization(installation), timeout=20)
        self.client = WebRtcViewer(decrypt=True)
        self.answer: httpx.Response | None = None
        self.began_s = 0.0
        """When the offer was sent."""

    async def watch(self) -> None:
        offer = await self.client.offer()
        self.began_s = time.monotonic()
        self.answer = await self.http.post(self.path, content=offer, headers={"Content-Type": "application/sdp"})
        self.answer.raise_for_status()
        await self.client.take(self.answer.text)

    async def refused(self) -> httpx.Response | None:
        """The refusal; None: it watches."""
        try:
            await self.watch()
        except httpx.HTTPStatusError as error:
            return error.response
        return None

    async def leave(self) -> int:
        assert self.answer is not None
        return (await self.http.delete(self.answer.headers["location"])).status_code


@asynccontextmanager
async def watching(installation: Installation, camera: str) -> AsyncIterator[Viewer]:
    viewer = Viewer(installation, camera)
    async with viewer.http, viewer.client:
        await viewer.watch()
        yield viewer


@cache
def authorization(installation: Installation) -> dict[str, str]:
    form = {"username": "admin", "password": PASSWORD}
    token = httpx.post(f"{installation.url}/api/v1/auth/token", data=form, timeout=30).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def token(installation: Installation) -> str:
    return authorization(installation)["Authorization"]


def age_s(client: WebRtcViewer) -> float:
    """How old the newest picture is, by its RTP time stamp, which is its wall time."""
    newest = client.rtp[client.numbers()[-1] % 0x10000].timestamp
    difference = (rtp_time(datetime.now(UTC)) - newest + RTP_PERIOD // 2) % RTP_PERIOD - RTP_PERIOD // 2
    return float(difference / CLOCK_HZ)


def test_a_picture_is_there_at_once_and_is_of_now(installation: Installation) -> None:
    async def watch() -> None:
        first_frame_s = []
        for _ in range(5):
            async with watching(installation, "gate") as viewer:
                await viewer.client.until_frames(1)
                first_frame_s.append(time.monotonic() - viewer.began_s)
                assert viewer.answer is not None
                assert viewer.answer.headers["camsvc-stream"] == "main"
                assert "camsvc-rendition" not in viewer.answer.headers
                await viewer.client.until_frames(FRAMES)
                assert -0.1 < age_s(viewer.client) < 1.0
                assert await viewer.leave() == 200
        print(f"first frame after {sorted(first_frame_s)[2]:.2f} s (median)")
        assert sorted(first_frame_s)[2] < FIRST_FRAME_S, first_frame_s

    asyncio.run(watch())
    ends = [each for each in audit(installation, "live.ended") if each["details"]["way"] == "webrtc"]
    assert [each["details"]["why"] for each in ends[-5:]] == ["left"] * 5


def test_h265_is_seen_too_and_said_to_be_transcoded(installation: Installation) -> None:
    async def watch() -> None:
        async with watching(installation, "yard") as viewer:
            assert viewer.answer is not None
            assert viewer.answer.headers["camsvc-rendition"] == "hevc"
            await viewer.client.until_frames(FRAMES)

    asyncio.run(watch())


def test_a_killed_live_process_is_back_within_seconds_and_recording_never_noticed(installation: Installation) -> None:
    sessions = installation.get("/cameras/gate").json()["status"]["sessions"]
    [worker] = [each.pid for each in workers(installation)]

    async def watch() -> None:
        async with watching(installation, "gate") as viewer, connect(**events(installation)) as socket:
            await viewer.client.until_frames(FRAMES)
            [live] = processes(installation, "live")
            live.send_signal(signal.SIGKILL)
            killed_s = time.monotonic()
            # Until it is back every answer is clear: 503 and when to come again, never a hanging connection.
            statuses = set()
            while True:
                again = Viewer(installation, "gate")
                async with again.http, again.client:
                    asked_s = time.monotonic()
                    if (refused := await again.refused()) is not None:
                        assert refused.headers["retry-after"]
                        statuses.add(refused.status_code)
                    else:
                        await again.client.until_frames(FRAMES)
                        break
                    assert time.monotonic() - asked_s < 5
                assert time.monotonic() - killed_s < RECOVERY_S
                await asyncio.sleep(0.2)
            assert statuses <= {503}
            # The events of states come from the server: they went on meanwhile.
            await asyncio.wait_for(socket.recv(), 15)
            print(f"viewer back after {time.monotonic() - killed_s:.1f} s")

    asyncio.run(watch())
    assert installation.get("/cameras/gate").json()["status"]["sessions"] == sessions
    assert [each.pid for each in workers(installation)] == [worker]
    wait_for(lambda: "interrupted" in whys(installation), RECOVERY_S, "the cut viewing has no end on record")


def test_fragmented_mp4_comes_over_a_web_socket_and_back_from_the_ring(installation: Installation) -> None:
    async def watch() -> None:
        live = f"{installation.url}/api/v1/cameras/gate/live.mp4".replace("http:", "ws:")
        header = {"Authorization": token(installation)}
        for query, earliest_s, latest_s in (("", -0.5, GOP_S + 3), ("?start=-12s", 8.0, 12 + GOP_S + 3)):
            async with connect(live + query, additional_headers=header, max_size=None, compression=None) as socket:
                info = json.loads(await socket.recv())
                assert (info["state"], info["stream"]) == ("playing", "main")
                assert info["codecs"].startswith("avc1.")
                assert (await socket.recv())[4:8] == b"ftyp"
                for _ in range(FRAMES):
                    assert (await socket.recv())[4:8] == b"moof"
                assert earliest_s < datetime.now(UTC).timestamp() - info["start_s"] < latest_s

    asyncio.run(watch())


def test_a_camera_that_is_pulled_is_told_within_a_second_or_two_and_comes_back(
    installation: Installation, simulator: SimulatorServer
) -> None:
    async def watch() -> None:
        async with watching(installation, "gate") as viewer, connect(**events(installation)) as socket:
            await viewer.client.until_frames(FRAMES)
            await until_state(socket, "live")
            pulled_s = time.monotonic()
            simulator.inject("gate", Fault(FaultKind.REFUSE, 5.0))
            await until_state(socket, "retrying")
            assert time.monotonic() - pulled_s < 3
            frames = viewer.client.frames
            await until_state(socket, "live")
            # The same connection goes on, with the new session's parameter sets.
            await viewer.client.until(lambda: viewer.client.frames > frames + FRAMES, 20)

    asyncio.run(watch())


def test_without_viewers_nothing_is_fetched_or_transcoded(installation: Installation) -> None:
    wait_for(lambda: metric(installation, "camsvc_live_channels") == 0, 20, "channels stay open")
    assert metric(installation, "camsvc_live_transcodes") == 0
    assert metric(installation, "camsvc_live_viewers") == 0


def events(installation: Installation) -> dict[str, Any]:
    url = installation.url.replace("http:", "ws:")
    return {
        "uri": f"{url}/api/v1/live/events?camera=gate",
        "additional_headers": {"Authorization": token(installation)},
    }


async def until_state(socket: Any, wanted: str) -> None:  # noqa: ANN401  a connection of websockets
    async with asyncio.timeout(30):
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "state" and message["state"] == wanted:
                return


def processes(installation: Installation, command: str) -> list[psutil.Process]:
    """Of the service, by the command that they run."""
    return [each for each in installation.children(command) if each.cmdline()[3:4] == [command]]


def audit(installation: Installation, what: str) -> list[dict[str, Any]]:
    """Records of live view, oldest first."""
    answer = installation.command("audit", "list", "--kind", "live", "--limit", "1000")
    items = answer["items"] if isinstance(answer, dict) else answer
    return [each for each in reversed(items) if each["what"] == what]


def whys(installation: Installation) -> set[str]:
    return {each["details"]["why"] for each in audit(installation, "live.ended")}


def workers(installation: Installation) -> list[psutil.Process]:
    return processes(installation, "worker")


def metric(installation: Installation, name: str) -> float:
    """The sum over all live processes."""
    text = httpx.get(f"{installation.url}/metrics", headers=authorization(installation), timeout=20).text
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"{name}{{"))
