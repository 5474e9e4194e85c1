"""What cannot pass is transcoded once for all its viewers, by the real transcoder, and only while watched."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camsvc.config import LiveSettings
from camsvc.db.database import Database
from camsvc.domain.camera import StreamRole
from camsvc.errors import LimitError
from camsvc.live import channel as channel_module
from camsvc.live.access_unit import AccessUnit, Item, Paused, Started
from camsvc.live.hub import Hub
from camsvc.live.passing import facts_of
from camsvc.live.subscription import Viewing
from camsvc.media.nal import START_CODE, ParameterSets, SetKind
from camsvc.media.packets import Packet, Parameters, VideoParameters
from tests.live.pictures import numbers_in, packets_of
from tests.live.rig import Rig, RingCamera, eventually, next_of, skip_to
from tests.video import Film, make_film

MAIN = StreamRole.MAIN
PATIENCE_S = 20.0


@pytest.fixture
def rig(migrated_url: str) -> Iterator[Rig]:
    rig = Rig(Database(migrated_url), settings=LiveSettings(max_transcodes=1))
    yield rig
    rig.close()


@pytest.fixture(autouse=True)
def short_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "LINGER_S", 0.1)


class FilmCamera(RingCamera):
    """Sends a film, with wall times of now."""

    def __init__(self, rig: Rig, name: str, path: Path) -> None:
        super().__init__(name)
        self.video, self.film = packets_of(path, datetime.now(UTC))
        rig.worker(name, self)
        self.next = 0

    def begin(self) -> None:
        self.go_live(Parameters(self.video))

    def show(self, count: int) -> None:
        """The next packets, at once; the film again when it is over."""
        for _ in range(count):
            whole, index = divmod(self.next, len(self.film))
            packet, lasts = self.film[index], self.film[-1].pts_90k + 3600
            shift = whole * lasts
            self.put([replace(packet, pts_90k=packet.pts_90k + shift, dts_90k=packet.dts_90k + shift)])
            self.next += 1

    @asynccontextmanager
    async def showing(self) -> AsyncIterator[None]:
        """In real time meanwhile."""
        task = asyncio.create_task(self._show_on())
        try:
            yield
        finally:
            task.cancel()

    async def _show_on(self) -> None:
        while True:
            self.show(1)
            await asyncio.sleep(1 / 25)


async def collected(viewing: Viewing, count: int) -> list[AccessUnit]:
    """The next ``count`` pictures; words are passed over."""
    units: list[AccessUnit] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(units) < count:
            item: Item = await viewing.next()
            if isinstance(item, AccessUnit):
                units.append(item)
    return units


def transcoders() -> int:
    return sum(thread.name == "transcode" for thread in threading.enumerate())


@pytest.mark.parametrize(
    ("film", "rendition"),
    [
        (Film(frames=100, codec="hevc"), "hevc"),
        (Film(frames=100, b_frames=2), "b-frames"),
    ],
)
def test_one_transcode_serves_ten_viewers_and_ends_with_the_last(
    rig: Rig, tmp_path: Path, film: Film, rendition: str
) -> None:
    camera = FilmCamera(rig, "gate", make_film(tmp_path / "film.mkv", film))

    async def story(hub: Hub) -> None:
        camera.begin()
        camera.show(30)
        assert transcoders() == 0
        async with camera.showing():
            viewers = [await hub.subscribe("gate", MAIN) for _ in range(10)]
            seen = await asyncio.gather(*(collected(viewer, 20) for viewer in viewers))
            assert (hub.stats.transcodes, transcoders()) == (1, 1)
            for viewer, units in zip(viewers, seen, strict=True):
                assert viewer.started is not None
                assert viewer.started.rendition == rendition
                assert units[0].is_key
                numbers = numbers_in(units)
                assert len(numbers) == 20
                assert numbers == sorted(numbers)
            for viewer in viewers:
                viewer.close()
            await eventually(lambda: transcoders() == 0, "no transcoder while nobody watches")
        assert hub.stats.transcodes == 0

    rig.run(story)


def test_b_frames_that_the_parameters_do_not_tell_of_turn_the_channel_over_to_a_transcoder(
    rig: Rig, tmp_path: Path
) -> None:
    camera = FilmCamera(rig, "gate", make_film(tmp_path / "film.mkv", Film(frames=100, b_frames=2)))
    camera.video, camera.film = silenced(camera.video, camera.film)

    async def story(hub: Hub) -> None:
        camera.begin()
        camera.show(1)
        viewer = await hub.subscribe("gate", MAIN)
        assert (await next_of(viewer, Started)).rendition is None
        assert (await next_of(viewer, AccessUnit)).data == camera.film[0].data
        camera.show(10)
        async with camera.showing():
            while (await skip_to(viewer, Started)).rendition != "b-frames":
                pass
            units = await collected(viewer, 20)
            assert units[0].is_key
            # The transcoder began with the GOP that ran, not with the next; late pictures of it may be left out.
            assert numbers_in(units)[0] < 25
            assert numbers_in(units) == sorted(numbers_in(units))
            viewer.close()
            await eventually(lambda: hub.stats.channels == 0, "ended")
            # It is remembered: the next viewer is not shown torn pictures first.
            again = await hub.subscribe("gate", MAIN)
            assert (await next_of(again, Started)).rendition == "b-frames"

    rig.run(story)


def test_one_transcode_too_many_is_refused_and_those_that_play_as_they_are_never_are(rig: Rig, tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mkv", Film(frames=50, codec="hevc"))
    first, second = FilmCamera(rig, "gate", film), FilmCamera(rig, "yard", film)
    plain = FilmCamera(rig, "road", make_film(tmp_path / "plain.mkv", Film(frames=50)))

    async def story(hub: Hub) -> None:
        for camera in (first, second, plain):
            camera.begin()
            camera.show(10)
        viewer = await hub.subscribe("gate", MAIN)
        await hub.subscribe("gate", MAIN)
        with pytest.raises(LimitError, match="1 cameras are transcoded already"):
            await hub.subscribe("yard", MAIN)
        assert (await hub.subscribe("road", MAIN)).started is not None
        assert hub.stats.viewers == 3
        viewer.close()

    rig.run(story)


def test_a_viewer_who_found_no_transcoder_free_in_mid_stream_goes_on_when_one_is(rig: Rig, tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mkv", Film(frames=100, codec="hevc", gop=10))
    first, second = FilmCamera(rig, "gate", film), FilmCamera(rig, "yard", film)

    async def story(hub: Hub) -> None:
        # The second camera is away when its viewer comes, and is back while the only transcoder is taken.
        waiting = await hub.subscribe("yard", MAIN)
        first.begin()
        first.show(10)
        taker = await hub.subscribe("gate", MAIN)
        assert taker.started is not None
        second.begin()
        async with first.showing(), second.showing():
            paused = await skip_to(waiting, Paused)
            while paused.reason != "transcoders":
                paused = await skip_to(waiting, Paused)
            taker.close()
            assert (await skip_to(waiting, Started)).rendition == "hevc"
            assert (await collected(waiting, 3))[0].is_key

    rig.run(story)


def test_a_camera_that_goes_away_gives_its_transcoder_back(rig: Rig, tmp_path: Path) -> None:
    camera = FilmCamera(rig, "gate", make_film(tmp_path / "film.mkv", Film(frames=50, codec="hevc")))

    async def story(hub: Hub) -> None:
        camera.begin()
        camera.show(10)
        viewer = await hub.subscribe("gate", MAIN)
        assert hub.stats.transcodes == 1
        camera.go_away()
        await skip_to(viewer, Paused)
        assert hub.stats.transcodes == 0
        await eventually(lambda: transcoders() == 0, "its thread has ended")
        camera.begin()
        camera.next = 0
        async with camera.showing():
            assert (await skip_to(viewer, Started)).rendition == "hevc"
            await collected(viewer, 3)

    rig.run(story)


def test_what_no_decoder_knows_is_said_to_be_unplayable(rig: Rig, tmp_path: Path) -> None:
    camera = FilmCamera(rig, "gate", make_film(tmp_path / "film.mkv", Film(frames=10)))
    camera.video = replace(camera.video, codec="h266-of-tomorrow")

    async def story(hub: Hub) -> None:
        camera.begin()
        camera.show(5)
        viewer = await hub.subscribe("gate", MAIN)
        assert viewer.started is None
        assert (await skip_to(viewer, Paused)).reason == "unplayable"
        camera.show(20)
        assert hub.stats.transcodes == 0

    rig.run(story)


def test_the_look_back_of_h265_shows_every_picture(rig: Rig, tmp_path: Path) -> None:
    camera = FilmCamera(rig, "gate", make_film(tmp_path / "film.mkv", Film(frames=75, codec="hevc")))

    async def story(hub: Hub) -> None:
        camera.begin()
        camera.show(60)
        replay = await hub.replay("gate", MAIN, camera.film[0].at)
        async with camera.showing():
            units = await collected(replay, 55)
        assert replay.started is not None
        assert replay.started.rendition == "hevc"
        assert numbers_in(units) == list(range(55))
        assert [unit.at for unit in units] == [packet.at for packet in camera.film[:55]]
        assert hub.stats.transcodes == 1
        replay.close()
        assert hub.stats.transcodes == 0

    rig.run(story)


def silenced(video: VideoParameters, film: Sequence[Packet]) -> tuple[VideoParameters, list[Packet]]:
    """The same, but that its sequence set does not say how pictures are reordered, as those of many cameras do not."""
    sets = ParameterSets.of("h264", video.extradata).sets
    (spoken,) = [unit for key, unit in sets if key[0] is SetKind.SPS]
    silent = _without_restriction(spoken)

    def change(data: bytes) -> bytes:
        return data.replace(START_CODE[1:] + spoken, START_CODE[1:] + silent)

    changed = replace(video, extradata=change(video.extradata))
    assert changed.extradata != video.extradata
    return changed, [replace(packet, data=change(packet.data)) for packet in film]


def _without_restriction(sps: bytes) -> bytes:
    """bitstream_restriction_flag is 0, and nothing follows it."""
    bits = "".join(f"{byte:08b}" for byte in sps.replace(b"\x00\x00\x03", b"\x00\x00"))
    for end in range(len(bits) - 1, 0, -1):
        whole = bits[:end] + "01"
        whole += "0" * (-len(whole) % 8)
        raw = bytes(int(whole[at : at + 8], 2) for at in range(0, len(whole), 8))
        cut = re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", raw)
        try:
            facts = facts_of(cut)
        except ValueError:
            continue
        if facts.reordered is None and facts_of(sps).profile == facts.profile:
            return cut
    raise AssertionError("no such flag in this set")
