"""A real camera (simulated RTSP) in a whole worker, seen through its tap, the directory and the hub."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import av
import pytest

from camsvc.clock import SystemClock
from camsvc.config import LiveSettings
from camsvc.domain.camera import StreamRole
from camsvc.live.access_unit import AccessUnit, Started, rtp_time
from camsvc.live.directory import Directory
from camsvc.live.hub import Hub
from camsvc.live.transcode import Transcoder
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from camsvc.storage.objects import ObjectStore
from tests.live.rig import next_of
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
            directory = Directory(stage.database, clock)
            directory.start()
            hub = Hub(directory, stage.cipher.derive("tap"), LiveSettings(), partial(Transcoder, clock=clock), clock)
            try:
                scenes = await hub.scenes("gate")
                viewer = await hub.subscribe("gate", StreamRole.SUB)
                started = await next_of(viewer, Started)
                assert (started.stream, started.rendition) == (StreamRole.MAIN, None)
                decoder = av.CodecContext.create("h264", "r")
                assert isinstance(decoder, av.VideoCodecContext)
                pictures, last = 0, None
                for index in range(2 * FPS):
                    unit = await next_of(viewer, AccessUnit)
                    assert unit.is_key or index > 0
                    if not unit.caught_up:
                        assert unit.at_90k == rtp_time(unit.at)
                        assert (clock.now() - unit.at).total_seconds() < 1.0
                    pictures += len(decoder.decode(av.Packet(unit.data)))
                    last = unit
                assert pictures >= 2 * FPS - 1
                assert last is not None
                async with asyncio.timeout(LOOP_S + 5):
                    async for scene in scenes:
                        if scene["objects"]:
                            break
                assert [each["class"] for each in scene["objects"]] == ["person"]
                await scenes.aclose()
            finally:
                await hub.close()
                directory.close()

        asyncio.run(watch())
