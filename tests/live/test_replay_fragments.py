"""Looking back: what a camera's ring still has, as fragmented MP4."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest

from camsvc.db.database import Database
from camsvc.domain.camera import StreamRole
from camsvc.live.fragments import Fragments
from camsvc.live.hub import Hub
from camsvc.live.wire import Part
from camsvc.media.packets import CLOCK_HZ, Packet, Parameters
from tests.live.pictures import packets_of
from tests.live.rig import Rig, RingCamera
from tests.video import Film, make_film, picture, read_number

MAIN = StreamRole.MAIN
WITHIN_S = 30.0


@pytest.fixture
def rig(migrated_url: str) -> Iterator[Rig]:
    rig = Rig(Database(migrated_url))
    yield rig
    rig.close()


def camera_with(path: Path, ago_s: float) -> tuple[RingCamera, list[Packet]]:
    """A camera that began to send the film so long ago, and stands still since its end."""
    video, packets = packets_of(path, datetime.now(UTC) - timedelta(seconds=ago_s))
    camera = RingCamera("gate")
    camera.go_live(Parameters(video))
    camera.put(packets)
    return camera, packets


async def parts_until(fragments: Fragments, last: datetime) -> list[tuple[Part, bytes]]:
    """Up to the picture of this moment."""
    parts: list[tuple[Part, bytes]] = []
    moment = round(last.timestamp() * CLOCK_HZ)
    async with asyncio.timeout(WITHIN_S):
        async for kind, content in fragments:
            parts.append((kind, content))
            position = content.rfind(b"tfdt") if kind in (Part.KEY, Part.DELTA) else -1
            if position >= 0 and abs(int.from_bytes(content[position + 8 : position + 16], "big") - moment) < 10:
                break
    await fragments.close()
    return parts


def shown(parts: list[tuple[Part, bytes]]) -> list[tuple[int, float]]:
    """Number and wall time (s) of each picture."""
    file = b"".join(content for kind, content in parts if kind is not Part.INFO)
    with av.open(io.BytesIO(file), "r") as container:
        return [(read_number(picture(frame)), frame.time or 0.0) for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("film", "rendition"),
    [(Film(frames=200), None), (Film(codec="hevc", frames=200), "hevc"), (Film(b_frames=2, frames=200), "b-frames")],
    ids=["h264", "hevc", "b-frames"],
)
def test_no_picture_is_left_out_and_each_has_its_true_time(
    film: Film, rendition: str | None, rig: Rig, tmp_path: Path
) -> None:
    camera, packets = camera_with(make_film(tmp_path / "film.mkv", film), ago_s=8)
    rig.worker("w1", camera)
    parts: list[tuple[Part, bytes]] = []
    began = time.monotonic()

    async def story(hub: Hub) -> None:
        start = packets[0].at + timedelta(seconds=3.2)
        # Of the last pictures of a film with B-frames a decoder holds some back until more comes.
        last = sorted(packet.at for packet in packets)[-1 if rendition is None else -5]
        parts.extend(await parts_until(Fragments(await hub.replay("gate", MAIN, start)), last))

    rig.run(story)
    info = json.loads(parts[0][1])
    assert (info["state"], info["rendition"]) == ("playing", rendition)
    seen = shown(parts)
    last = 199 if rendition is None else 195
    assert [number for number, _ in seen] == list(range(75, last + 1)), "from the key frame before the moment asked for"
    begin = packets[0].at.timestamp()
    assert [at for _, at in seen] == pytest.approx([begin + number / 25 for number, _ in seen], abs=0.001)
    assert time.monotonic() - began > (5 - 2) / 4, "not faster than four times real time, but for the first two seconds"
