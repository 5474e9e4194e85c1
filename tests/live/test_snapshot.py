from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from camsvc.db.database import Database
from camsvc.domain.camera import StreamRole
from camsvc.errors import LimitError, NotFoundError, SourceError, UnplayableError
from camsvc.live.hub import Hub
from camsvc.live.snapshot import AT_ONCE, MAX_WAITING, Picture, Snapshots
from camsvc.live.tap import Tap
from camsvc.media.packets import Packet, Parameters, VideoParameters
from tests.live.pictures import packets_of
from tests.live.rig import Rig, RingCamera
from tests.video import Film, make_film, read_number

MAIN = StreamRole.MAIN


@pytest.fixture
def rig(migrated_url: str) -> Iterator[Rig]:
    rig = Rig(Database(migrated_url))
    yield rig
    rig.close()


def camera_with(path: Path, *, until: int | None = None) -> tuple[RingCamera, list[Packet]]:
    """A camera that has sent the film up to now."""
    video, packets = packets_of(path, datetime.now(UTC) - timedelta(seconds=4))
    camera = RingCamera("gate")
    camera.go_live(Parameters(video))
    camera.put(packets[:until])
    return camera, packets


def take(rig: Rig, camera: RingCamera, *, meanwhile: Callable[[], None] = lambda: None) -> Picture:
    rig.worker("w1", camera)
    taken: list[Picture] = []

    async def story(hub: Hub) -> None:
        task = asyncio.create_task(Snapshots(hub.tap).take("gate", MAIN))
        await asyncio.sleep(0.05)
        await asyncio.to_thread(meanwhile)
        taken.append(await task)

    rig.run(story)
    return taken[0]


def number_in(picture: Picture) -> int:
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return read_number(image.astype(np.uint8, copy=False))


@pytest.mark.parametrize(
    "film",
    [
        Film(gop=40),
        Film(codec="hevc", gop=40, width=1600, height=1200),
        Film(gop=100, b_frames=2),
        Film(pixels="yuv422p10le"),
    ],
    ids=lambda film: f"{film.codec}-{film.pixels}-{film.b_frames}b-{film.width}",
)
def test_it_is_the_newest_picture_in_its_own_size_with_its_time(film: Film, rig: Rig, tmp_path: Path) -> None:
    camera, packets = camera_with(make_film(tmp_path / "film.mkv", film))
    picture = take(rig, camera)
    assert number_in(picture) == 99
    assert picture.at == max(packet.at for packet in packets)
    assert picture.session == "gate-1"
    image = Image.open(io.BytesIO(picture.jpeg))
    assert (image.format, image.size) == ("JPEG", (film.width, film.height))


def test_the_file_itself_says_what_it_shows(rig: Rig, tmp_path: Path) -> None:
    camera, _ = camera_with(make_film(tmp_path / "film.mkv", Film()))
    picture = take(rig, camera)
    comment = Image.open(io.BytesIO(picture.jpeg)).info["comment"].decode()
    assert comment == f"camsvc camera=gate at={picture.at.isoformat()} session=gate-1"


def test_of_a_camera_that_sends_on_it_is_a_picture_from_after_the_question(rig: Rig, tmp_path: Path) -> None:
    camera, packets = camera_with(make_film(tmp_path / "film.mkv", Film(gop=100, fps=50)), until=50)

    def send_on() -> None:
        for packet in packets[50:80]:
            camera.put([packet])
            time.sleep(0.015)

    picture = take(rig, camera, meanwhile=send_on)
    assert 50 <= number_in(picture) < 75


def test_an_old_picture_is_never_given_for_a_new_one(rig: Rig, tmp_path: Path) -> None:
    camera, _ = camera_with(make_film(tmp_path / "film.mkv", Film()))
    camera.go_away("no route to host")
    with pytest.raises(SourceError, match="no route to host"):
        take(rig, camera)


def test_a_camera_that_has_just_come_back_is_waited_for(rig: Rig, tmp_path: Path) -> None:
    camera, packets = camera_with(make_film(tmp_path / "film.mkv", Film()), until=0)

    def come_back() -> None:
        time.sleep(0.3)
        camera.put(packets[:10])

    picture = take(rig, camera, meanwhile=come_back)
    assert number_in(picture) == 9


def test_what_cannot_be_decoded_is_said(rig: Rig, tmp_path: Path) -> None:
    _, packets = packets_of(make_film(tmp_path / "film.mkv", Film(frames=10)), datetime.now(UTC))
    camera = RingCamera("gate")
    camera.go_live(Parameters(VideoParameters("hevc", 320, 192, b"")))
    camera.put(packets)
    with pytest.raises(UnplayableError, match="gate: its newest pictures cannot be decoded"):
        take(rig, camera)


def test_an_unknown_camera_is_not_found(rig: Rig) -> None:
    async def story(hub: Hub) -> None:
        with pytest.raises(NotFoundError):
            await Snapshots(hub.tap).take("nowhere", MAIN)

    rig.run(story)


def test_so_many_are_made_at_once_so_many_wait_and_the_rest_are_refused() -> None:
    opened: list[str] = []
    go_on = asyncio.Event()

    async def open_tap(camera: str, _: StreamRole) -> Tap:
        opened.append(camera)
        await go_on.wait()
        raise SourceError("gone")

    async def story() -> Sequence[object]:
        snapshots = Snapshots(open_tap)
        asked: list[Awaitable[Picture]] = [
            asyncio.ensure_future(snapshots.take(str(number), MAIN)) for number in range(AT_ONCE + MAX_WAITING)
        ]
        await asyncio.sleep(0.01)
        assert opened == ["0", "1"]
        with pytest.raises(LimitError):
            await snapshots.take("one more", MAIN)
        go_on.set()
        answers = await asyncio.gather(*asked, return_exceptions=True)
        with pytest.raises(SourceError):
            await snapshots.take("again", MAIN)
        return answers

    answers = asyncio.run(story())
    assert all(isinstance(answer, SourceError) for answer in answers)
    assert len(opened) == AT_ONCE + MAX_WAITING + 1
