from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from camsvc.errors import SourceError, TimelineError, UnplayableError
from camsvc.media.decode import Decoder
from camsvc.media.file import FileSource
from camsvc.media.nal import is_annex_b
from camsvc.media.packets import Kind, Source
from tests.video import Film, make_film, read_number

START = datetime(2026, 11, 22, 13, tzinfo=UTC)


def numbers(path: Path) -> list[int]:
    with FileSource(path, start=START) as source:
        decoder = Decoder(source.parameters.video)
        frames = [frame for packet in source.packets() for frame in decoder.decode(packet)] + decoder.flush()
    return [read_number(frame.bgr()) for frame in frames]


@pytest.mark.parametrize(
    ("suffix", "codec", "b_frames"),
    [
        ("mp4", "h264", 0),
        ("mp4", "h264", 2),
        ("mp4", "hevc", 2),
        ("mkv", "h264", 2),
        ("ts", "h264", 2),
        ("avi", "h264", 0),
        ("avi", "mjpeg", 0),
        ("mov", "hevc", 0),
    ],
)
def test_every_picture_of_common_containers_comes_with_its_time(
    tmp_path: Path, suffix: str, codec: str, b_frames: int
) -> None:
    path = make_film(tmp_path / f"film.{suffix}", Film(codec=codec, b_frames=b_frames, frames=60))
    with FileSource(path, start=START) as source:
        packets = list(source.packets())
        assert source.parameters.video.codec == codec
        assert (source.parameters.video.width, source.parameters.video.height) == (320, 192)
        assert source.duration_s == pytest.approx(2.4, abs=0.1)
        assert source.clock().error_ms == 0
    assert packets[0].is_key
    assert sorted(packet.pts_90k for packet in packets) == [number * 3600 for number in range(60)]
    assert all(packet.at == START + timedelta(seconds=packet.pts_90k / 90_000) for packet in packets)
    assert all(later.dts_90k > earlier.dts_90k for earlier, later in pairwise(packets))
    if codec != "mjpeg":
        assert all(is_annex_b(packet.data) for packet in packets)
        assert is_annex_b(source.parameters.video.extradata)
    assert numbers(path) == list(range(60))


def test_audio_comes_on_the_same_time_as_the_pictures(films: Mapping[str, Path]) -> None:
    with FileSource(films["hevc-g711"], start=START) as source:
        packets = list(source.packets())
        assert source.parameters.audio is not None
        assert source.parameters.audio.codec == "pcm_mulaw"
    sound = [packet for packet in packets if packet.kind is Kind.AUDIO]
    assert sound[0].pts_90k == 0
    assert sound[-1].pts_90k + sound[-1].duration_90k == pytest.approx(4 * 90_000, abs=9000)


def test_it_is_a_source(films: Mapping[str, Path]) -> None:
    source: Source = FileSource(films["h264"], start=START)
    with source:
        assert source.session.startswith("20261122T130000")


def test_a_start_without_a_time_zone_is_refused(films: Mapping[str, Path]) -> None:
    with pytest.raises(ValueError, match="time zone"):
        FileSource(films["h264"], start=START.replace(tzinfo=None))


def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(SourceError, match=r"text\.mp4"):
        FileSource(tmp_path / "text.mp4", start=START)
    with pytest.raises(SourceError, match=r"missing\.mp4"):
        FileSource(tmp_path / "missing.mp4", start=START)


def test_a_file_without_pictures_is_refused(tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        sound.writeframes(bytes(16_000))
    with pytest.raises(UnplayableError, match="no video"):
        FileSource(tmp_path / "sound.wav", start=START)


def test_a_truncated_file_gives_the_pictures_it_has(films: Mapping[str, Path], tmp_path: Path) -> None:
    whole = films["h264"].read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    shown = numbers(tmp_path / "cut.mkv")
    assert 10 < len(shown) < 100
    assert shown == list(range(len(shown)))


def test_time_stamps_that_jump_back_are_an_error_with_the_place(tmp_path: Path) -> None:
    first, second = (make_film(tmp_path / f"{name}.ts", Film(frames=75, first=n)) for name, n in (("a", 0), ("b", 75)))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    with FileSource(joined, start=START) as source, pytest.raises(TimelineError, match=r"jump back at 3\.0 s"):
        list(source.packets())


@pytest.mark.parametrize("name", ["ped_onebyone_indoor.mp4", "veh_overhead_4cars.mp4", "veh_street_8cars.mp4"])
def test_every_frame_of_real_footage_is_counted(footage: Path, name: str) -> None:
    frames = {"ped_onebyone_indoor.mp4": 1394, "veh_overhead_4cars.mp4": 377, "veh_street_8cars.mp4": 905}
    with FileSource(footage / name, start=START) as source:
        packets = list(source.packets())
    assert len(packets) == frames[name]
    assert source.repaired_timestamps == 0
