"""A real camera (simulated RTSP) in a whole worker, seen through its tap, the directory and the hub."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from camsvc.clock import SystemClock
from camsvc.config import LiveSettings
from camsvc.db.queries import endpoints
from camsvc.domain.camera import StreamRole
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.live.access_unit import AccessUnit, Paused, Started, rtp_time
from camsvc.live.directory import Directory
from camsvc.live.hub import Hub
from camsvc.live.transcode import Transcoder
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from camsvc.storage.objects import ObjectStore
from tests.live.pictures import frames_of
from tests.live.rig import next_of, skip_to
from tests.servers import Bucket
from tests.worker.stage import FPS, LOOP_S, Stage, camera, make_walk, wait_for


@pytest.fixture
def stage(tmp_path: Path, migrated_url: str, bucket: Bucket, store: ObjectStore) -> Iterator[Stage]:
    stage = Stage.build(tmp_path, migrated_url, bucket)
    yield stage
    stage.database.close()


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[SimulatorServer]:
    with SimulatorServer(cameras_from_files([make_walk(tmp_path / "walk.mp4")])) as server:
        yield server


def test_a_viewer_of_a_real_camera_sees_its_pictures_and_its_boxes(stage: Stage, simulator: SimulatorServer) -> None:
    stage.put(camera("gate", simulator.url("walk")))
    clock = SystemClock()
    with stage.worker() as worker:
        wait_for(
            lambda: "gate" in worker.units and worker.units["gate"].stream(StreamRole.MAIN).ring.stats.gops > 1,
            15,
            "live",
        )

        async def watch() -> None:
            async with watching(stage) as hub:
                scenes = await hub.scenes("gate")
                viewer = await hub.subscribe("gate", StreamRole.SUB)
                started = await next_of(viewer, Started)
                assert (started.stream, started.rendition) == (StreamRole.MAIN, None)
                seen = []
                for _ in range(2 * FPS):
                    unit = await next_of(viewer, AccessUnit)
                    if not unit.caught_up:
                        assert unit.at_90k == rtp_time(unit.at)
                        assert (clock.now() - unit.at).total_seconds() < 1.0
                    seen.append(unit)
                assert seen[0].is_key
                assert len(frames_of(seen)) == 2 * FPS
                async with asyncio.timeout(LOOP_S + 5):
                    async for scene in scenes:
                        if scene["objects"]:
                            break
                assert [each["class"] for each in scene["objects"]] == ["person"]
                await scenes.aclose()

        asyncio.run(watch())


def test_a_worker_tells_where_its_tap_is_until_it_ends_and_records_where_it_cannot_have_one(
    stage: Stage, simulator: SimulatorServer
) -> None:
    stage.put(camera("gate", simulator.url("walk")))

    def published() -> list[Endpoint]:
        with stage.database.session() as session:
            return endpoints.fresh(session, EndpointKind.TAP)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = stage.settings.worker.model_copy(update={"tap_port": port})
        with stage.worker(worker=settings) as worker:
            wait_for(lambda: "gate" in worker.units, 15, "started")
            ring = worker.units["gate"].stream(StreamRole.MAIN).ring
            wait_for(lambda: ring.stats.packets > 0, 15, "live")
            assert published() == []
            taken.close()
            (found,) = wait_for(published, 10, "published once the port is free")
            assert (found.name, found.host, found.port) == ("a", "127.0.0.1", port)
    assert published() == []


def test_a_viewer_goes_on_after_its_worker_was_restarted(stage: Stage, simulator: SimulatorServer) -> None:
    stage.put(camera("gate", simulator.url("walk")))

    async def watch(first: ExitStack) -> None:
        async with watching(stage) as hub:
            viewer = await hub.subscribe("gate", StreamRole.MAIN)
            began = await skip_to(viewer, Started)
            await skip_to(viewer, AccessUnit)
            await asyncio.to_thread(first.close)
            await skip_to(viewer, Paused)
            with ExitStack() as second:
                await asyncio.to_thread(second.enter_context, stage.worker())
                again = await skip_to(viewer, Started, timeout_s=20)
                assert again.session != began.session
                assert (await next_of(viewer, AccessUnit)).is_key
                await asyncio.to_thread(second.close)

    with ExitStack() as first:
        worker = first.enter_context(stage.worker())
        wait_for(lambda: worker.units and worker.units["gate"].stream(StreamRole.MAIN).ring.stats.gops, 15, "live")
        asyncio.run(watch(first))


@asynccontextmanager
async def watching(stage: Stage) -> AsyncIterator[Hub]:
    clock = SystemClock()
    directory = Directory(stage.database, clock)
    directory.start()
    hub = Hub(directory, stage.cipher.derive("tap"), LiveSettings(), partial(Transcoder, clock=clock), clock)
    try:
        yield hub
    finally:
        await hub.close()
        await asyncio.to_thread(directory.close)
