"""The simulated cameras, seen by FFmpeg's own RTSP client."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.error import FFmpegError

from camsvc.errors import InputError, SourceError, UnplayableError
from camsvc.media.simulator import faults, reel
from camsvc.media.simulator.camera import Listener
from camsvc.media.simulator.faults import Fault, FaultKind
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from tests.video import Film, make_film

FPS = 25
CLIP_FRAMES = 25
GOP = 5
TCP = {"rtsp_transport": "tcp", "timeout": "4000000", "analyzeduration": "200000"}


def make_clip(path: Path, codec: str = "libx264", *, audio: str | None = None, frames: int = CLIP_FRAMES) -> Path:
    """One second of a grey ramp: frame N has brightness 16 + 8 N."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(
            codec, rate=FPS, options={"bf": "0", "preset": "ultrafast", "x265-params": "log-level=0:bframes=0:keyint=5"}
        )
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        stream.codec_context.gop_size = GOP
        sound: Any = out.add_stream(audio, rate=8000) if audio else None
        for index in range(frames):
            picture = np.full((128, 192, 3), 16 + 8 * index, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(stream.encode(None))
        if sound:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
            silence.sample_rate = 8000
            out.mux(sound.encode(silence))
            out.mux(sound.encode(None))
    return path


def watch(url: str, packets: int, **options: str) -> list[tuple[int, bool]]:
    """(pts in 1/90000 s, is key) of the first video packets that have a time."""
    with av.open(url, options=TCP | options) as container:
        timed = ((p.pts, p.is_keyframe) for p in container.demux(container.streams.video[0]) if p.pts is not None)
        return list(itertools.islice(timed, packets))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "street.mp4")


@pytest.fixture
def server(clip: Path) -> Iterator[SimulatorServer]:
    with SimulatorServer(cameras_from_files([clip])) as running:
        yield running


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_time_stamps_go_on_evenly_over_the_end_of_the_file(server: SimulatorServer, transport: str) -> None:
    seen = watch(server.url("street"), 2 * CLIP_FRAMES, rtsp_transport=transport)
    steps = {later - earlier for (earlier, _), (later, _) in itertools.pairwise(seen)}
    assert steps == {90_000 // FPS}


def test_a_client_begins_with_a_key_frame(server: SimulatorServer) -> None:
    with av.open(server.url("street"), options=TCP) as container:
        assert next(container.demux(container.streams.video[0])).is_keyframe


def test_several_clients_see_the_same_camera(server: SimulatorServer) -> None:
    url = server.url("street")
    with av.open(url, options=TCP) as one, av.open(url, options=TCP) as two:
        first = {bytes(p) for p in itertools.islice(one.demux(), CLIP_FRAMES)}
        second = {bytes(p) for p in itertools.islice(two.demux(), CLIP_FRAMES)}
    assert len(first & second) >= 2 * GOP


def test_pictures_come_out_as_they_went_in(server: SimulatorServer) -> None:
    with av.open(server.url("street"), options=TCP) as container:
        shades = [int(f.to_ndarray(format="gray").mean()) for f in itertools.islice(container.decode(video=0), 30)]
    steps = [later - earlier for earlier, later in itertools.pairwise(shades)]
    assert sum(5 <= step <= 11 for step in steps) >= 27, (
        "brightness rises frame by frame but where the film starts anew"
    )


@pytest.mark.parametrize(("codec", "name"), [("libx264", "h264"), ("libx265", "hevc")])
@pytest.mark.parametrize(("audio", "ending"), [(None, "mp4"), ("aac", "mp4"), ("pcm_mulaw", "mov")])
def test_codecs_and_audio_are_described(tmp_path: Path, codec: str, name: str, audio: str | None, ending: str) -> None:
    file = make_clip(tmp_path / f"cam.{ending}", codec, audio=audio)
    with (
        SimulatorServer(cameras_from_files([file])) as server,
        av.open(server.url("cam"), options=TCP) as container,
    ):
        assert container.streams.video[0].codec_context.name == name
        assert (container.streams.video[0].width, container.streams.video[0].height) == (192, 128)
        assert [s.codec_context.name for s in container.streams.audio] == ([audio] if audio else [])
        kinds = {p.stream.type for p in itertools.islice(container.demux(), 60) if p.size}
        assert kinds == ({"video", "audio"} if audio else {"video"})


def test_credentials_are_asked_for(clip: Path) -> None:
    with SimulatorServer(cameras_from_files([clip]), credentials=("admin", "s3cret")) as server:
        assert len(watch(server.url("street"), 3)) == 3
        for url in (server.url("street", with_credentials=False), f"rtsp://admin:wrong@127.0.0.1:{server.port}/street"):
            with pytest.raises(FFmpegError, match=r"401|nauthorized"):
                watch(url, 1)


def test_an_unknown_camera_is_not_found(server: SimulatorServer) -> None:
    with pytest.raises(FFmpegError, match=r"404|ound"):
        watch(server.url("elsewhere"), 1)


def test_the_port_being_taken_is_said(server: SimulatorServer) -> None:
    second = SimulatorServer({}, port=server.port)
    with pytest.raises(SourceError, match=rf"{server.port}.*--port"):
        second.start()


def test_jump_moves_time_stamps(server: SimulatorServer) -> None:
    with av.open(server.url("street"), options=TCP) as container:
        packets = (p.pts for p in container.demux(container.streams.video[0]) if p.pts is not None)
        before = list(itertools.islice(packets, 5))[-1]
        server.inject("street", Fault(FaultKind.JUMP, 10.0))
        after = list(itertools.islice(packets, 100))[-1]
    assert 10.0 < (after - before) / 90_000 < 16.0


def test_refuse_hangs_up_and_answers_no(server: SimulatorServer) -> None:
    with av.open(server.url("street"), options=TCP) as container:
        next(container.demux())
        server.inject("street", Fault(FaultKind.REFUSE, 30.0))
        ended = sum(1 for packet in container.demux() if packet.size)
    assert ended < 10 * CLIP_FRAMES
    with pytest.raises(FFmpegError, match=r"503|5XX"):
        watch(server.url("street"), 1)


def test_stall_sends_nothing_but_keeps_the_connection(server: SimulatorServer) -> None:
    with av.open(server.url("street"), options=TCP) as container:
        packets = (p.pts for p in container.demux(container.streams.video[0]) if p.pts is not None)
        before = list(itertools.islice(packets, 5))[-1]
        server.inject("street", Fault(FaultKind.STALL, 1.0))
        after = list(itertools.islice(packets, 100))
    assert max((b - a) / 90_000 for a, b in itertools.pairwise([before, *after])) > 0.9


def test_resize_changes_the_picture_in_mid_stream(clip: Path) -> None:
    fault = faults.parse("resize=0.5/600")
    with (
        SimulatorServer(cameras_from_files([clip], [fault])) as server,
        av.open(server.url("street"), options=TCP) as container,
    ):
        frames = container.decode(video=0)
        next(frames)
        server.inject("street", fault)
        widths = {frame.width for frame in itertools.islice(frames, 40)}
    assert widths == {192, 96}


def test_loss_and_corruption_damage_the_picture(clip: Path) -> None:
    for text in ("loss=0.3", "corrupt=0.5"):
        with (
            SimulatorServer(cameras_from_files([clip], [faults.parse(text)])) as server,
            av.open(server.url("street"), options=TCP) as container,
        ):
            seen = [bytes(p) for p in itertools.islice(container.demux(), 60)]
        whole = {bytes(p) for p in av.open(str(clip), "r").demux() if p.size}
        assert len(seen) == 60
        assert len({data[-16:] for data in seen} - {data[-16:] for data in whole}) > 0 or len(set(seen)) < CLIP_FRAMES


def test_sender_reports_tell_the_cameras_own_clock(clip: Path) -> None:
    with (
        SimulatorServer(cameras_from_files([clip], [faults.parse("clock=+3600")])) as server,
        av.open(server.url("street"), options=TCP) as container,
    ):
        import time

        for packet in itertools.islice(container.demux(), 10):
            data = packet.get_sidedata("prft")
            if data is not None:
                wall_us, _flags = struct.unpack_from("<qi", bytes(data))
                assert wall_us / 1e6 - time.time() == pytest.approx(3600, abs=2)
                return
    pytest.fail("no packet carried the camera's clock")


def test_a_client_that_does_not_keep_up_is_left_out_until_a_key_frame(clip: Path) -> None:
    camera = cameras_from_files([clip])["street"]
    room, got = [True], []
    listener = Listener(
        lambda _track, is_rtcp, packet: None if is_rtcp else got.append(packet), lambda: None, lambda: room[0]
    )
    listener.tracks.add(0)
    camera.join(listener)
    units = [unit for index, unit in camera.reel.round() if index == 0]
    sent = []
    for number, unit in enumerate(units):
        room[0] = number not in (2, 3)
        before = len(got)
        camera._send(0, unit, 0.0)
        sent.append(len(got) > before)
    assert sent == [number < 2 or number >= GOP for number in range(CLIP_FRAMES)]
    assert camera.dropped_units == GOP - 2


def test_b_frames_are_sent_in_decoding_order_also_from_a_container_that_does_not_tell_it(tmp_path: Path) -> None:
    file = make_film(tmp_path / "b.mkv", Film(frames=CLIP_FRAMES, gop=GOP, b_frames=2))
    loaded = reel.load(file)
    sent = [unit.send_s for unit in loaded.video.units]
    assert sent == sorted(sent)
    assert all(unit.timestamp / reel.RTP_CLOCK_HZ >= unit.send_s - 1e-4 for unit in loaded.video.units)
    assert [unit.timestamp for unit in loaded.video.units] != sorted(unit.timestamp for unit in loaded.video.units)


def test_a_film_of_another_codec_is_encoded_once(tmp_path: Path) -> None:
    file = make_clip(tmp_path / "old.avi", "mpeg4")
    loaded = reel.load(file)
    assert loaded.video.codec == "h264"
    assert len(loaded.video.units) == CLIP_FRAMES


@pytest.mark.parametrize("text", ["", "explode", "stall=x", "loss=2", "stall=10/0", "resize=0", "stall=10/60/3"])
def test_a_fault_that_is_none_is_refused_with_the_cure(text: str) -> None:
    with pytest.raises(InputError) as caught:
        faults.parse(text)
    assert caught.value.parameter == "--fault"
    assert caught.value.cure


def test_what_is_no_video_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("not a film")
    with pytest.raises(SourceError, match=r"notes\.mp4"):
        reel.load(tmp_path / "notes.mp4")
    with pytest.raises(SourceError, match=r"missing\.mp4"):
        reel.load(tmp_path / "missing.mp4")


def test_a_file_without_video_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "song.mp4"), "w") as out:
        sound = out.add_stream("aac", rate=8000)
        assert isinstance(sound, av.AudioStream)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
        silence.sample_rate = 8000
        out.mux(sound.encode(silence))
        out.mux(sound.encode(None))
    with pytest.raises(UnplayableError, match="no video"):
        reel.load(tmp_path / "song.mp4")


def test_two_files_of_one_name_are_refused(tmp_path: Path, clip: Path) -> None:
    with pytest.raises(InputError, match="street"):
        cameras_from_files([clip, clip])
