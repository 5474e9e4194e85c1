from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from camsvc.errors import UnplayableError
from camsvc.media.file import FileSource
from camsvc.media.nal import units
from camsvc.media.packets import CLOCK_HZ, Kind, Packet, Parameters
from camsvc.media.remux import write_mp4
from tests.video import Film, make_film, numbers_of

START = datetime(2026, 11, 22, 6, 30, 15, 250_000, tzinfo=UTC)
FRAME_90K = CLOCK_HZ // 25


def read(path: Path) -> tuple[Parameters, list[Packet]]:
    with FileSource(path, start=START) as source:
        return source.parameters, list(source.packets())


def from_picture(packets: list[Packet], number: int, count: int) -> list[Packet]:
    """The packets from the key frame that is picture ``number`` on, up to ``count`` pictures (whole GOPs)."""
    begin, end = number * FRAME_90K, (number + count) * FRAME_90K
    index = next(i for i, packet in enumerate(packets) if packet.is_key and packet.pts_90k == begin)
    return [packet for packet in packets[index:] if packet.kind is Kind.AUDIO or packet.pts_90k < end]


def ffprobe(path: Path) -> dict[str, Any]:
    """Fails on any error or warning that ffprobe or a full decode has to tell."""
    command = ["ffprobe", "-v", "warning", "-count_frames", "-show_streams", "-show_format", "-of", "json", str(path)]
    probed = subprocess.run(command, capture_output=True, text=True, check=True)
    decoded = subprocess.run(
        ["ffmpeg", "-v", "warning", "-xerror", "-i", str(path), "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (probed.stderr, decoded.stderr, decoded.returncode) == ("", "", 0)
    values: dict[str, Any] = json.loads(probed.stdout)
    return values


@pytest.mark.parametrize(
    ("film", "tag", "audio", "note"),
    [
        ("h264-aac", "avc1", "aac", None),
        ("hevc-g711", "hvc1", None, "G.711"),
        ("h264-b", "avc1", None, None),
        ("hevc-b-opus", "hvc1", "opus", None),
    ],
)
def test_a_clip_from_the_middle_shows_its_first_picture_at_player_time_0_and_lasts_as_long_as_its_pictures(
    films: Mapping[str, Path], tmp_path: Path, film: str, tag: str, audio: str | None, note: str | None
) -> None:
    parameters, packets = read(films[film])
    path = tmp_path / "clip.mp4"
    clip = write_mp4(path, parameters, from_picture(packets, 25, 50))
    assert numbers_of(path) == list(range(25, 75))
    assert clip.start_pts_90k == 25 * FRAME_90K
    assert clip.duration_s == pytest.approx(2.0)
    assert (clip.started_at, clip.ended_at) == (START + timedelta(seconds=1), START + timedelta(seconds=3))
    assert clip.audio == audio
    assert (note in (clip.audio_note or "")) if note else clip.audio_note is None
    probed = ffprobe(path)
    video = next(stream for stream in probed["streams"] if stream["codec_type"] == "video")
    assert video["codec_tag_string"] == tag
    assert float(video["start_time"]) == 0
    assert float(video["duration"]) == pytest.approx(2.0, abs=0.001)
    assert float(probed["format"]["duration"]) == pytest.approx(2.0, abs=0.001)
    assert [stream["codec_name"] for stream in probed["streams"]][1:] == ([audio] if audio else [])
    with av.open(str(path)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == pytest.approx([number * 0.04 for number in range(50)])


def test_the_stated_size_and_checksum_are_those_of_the_file_and_the_same_packets_give_the_same_bytes(
    films: Mapping[str, Path], tmp_path: Path
) -> None:
    parameters, packets = read(films["h264-aac"])
    clips = [write_mp4(tmp_path / name, parameters, packets) for name in ("a.mp4", "b.mp4")]
    data = (tmp_path / "a.mp4").read_bytes()
    assert (clips[0].size_bytes, clips[0].sha256) == (len(data), sha256(data).hexdigest())
    assert clips[0] == clips[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4"]


def test_the_pictures_are_the_cameras_own_bits(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["h264"])
    path = tmp_path / "clip.mp4"
    write_mp4(path, parameters, packets)
    again = [packet.data for packet in read(path)[1]]

    def units_of(data: bytes) -> list[bytes]:
        return [unit for unit in units(data) if unit[0] & 0x1F in {1, 5}]

    assert len(again) == 100
    assert [units_of(data) for data in again] == [units_of(packet.data) for packet in packets]


def test_the_index_comes_before_the_pictures_so_that_a_browser_starts_at_once(
    films: Mapping[str, Path], tmp_path: Path
) -> None:
    write_mp4(tmp_path / "clip.mp4", *read(films["h264"]))
    data = (tmp_path / "clip.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(("codec", "suffix"), [("mp3", "mkv"), ("ac3", "mkv"), ("opus", "mkv"), ("aac", "ts")])
def test_audio_that_mp4_carries_is_kept(tmp_path: Path, codec: str, suffix: str) -> None:
    source = make_film(tmp_path / f"film.{suffix}", Film(audio=codec))
    clip = write_mp4(tmp_path / "clip.mp4", *read(source))
    assert clip.audio == codec
    sound = next(s for s in ffprobe(tmp_path / "clip.mp4")["streams"] if s["codec_type"] == "audio")
    assert (sound["codec_name"], sound["channels"]) == (codec, 1)
    assert float(sound["duration"]) == pytest.approx(4.0, abs=0.1)


def test_audio_is_cut_to_the_span_of_the_video(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["h264-aac"])
    kept = from_picture(packets, 25, 25)
    write_mp4(tmp_path / "clip.mp4", parameters, kept)
    assert kept[-1].pts_90k > 3 * CLOCK_HZ
    probed = ffprobe(tmp_path / "clip.mp4")
    assert float(probed["format"]["duration"]) == pytest.approx(1.0, abs=0.001)


def test_audio_stays_in_step_with_the_pictures(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["h264-aac"])
    kept = from_picture(packets, 50, 50)
    write_mp4(tmp_path / "clip.mp4", parameters, kept)
    first_sound = next(p for p in kept if p.kind is Kind.AUDIO and p.pts_90k >= 2 * CLOCK_HZ)
    sound = next(packet for packet in read(tmp_path / "clip.mp4")[1] if packet.kind is Kind.AUDIO)
    assert sound.pts_90k == pytest.approx(first_sound.pts_90k - 2 * CLOCK_HZ, abs=90)


def test_audio_that_cannot_be_written_never_costs_the_video(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["h264-aac"])
    assert parameters.audio is not None
    broken = replace(parameters, audio=replace(parameters.audio, codec="opus", extradata=b"junk"))
    clip = write_mp4(tmp_path / "clip.mp4", broken, packets)
    assert clip.audio is None
    assert clip.audio_note
    assert numbers_of(tmp_path / "clip.mp4") == list(range(100))


def test_a_camera_whose_audio_is_silent_says_so(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["h264-aac"])
    clip = write_mp4(tmp_path / "clip.mp4", parameters, [p for p in packets if p.kind is Kind.VIDEO])
    assert (clip.audio, clip.audio_note) == (None, "the camera sent no audio in this time")


def test_pictures_lost_on_the_way_leave_the_others_at_their_times(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["h264"])
    kept = [packet for packet in packets if not 30 <= packet.pts_90k // FRAME_90K < 50]
    clip = write_mp4(tmp_path / "clip.mp4", parameters, kept)
    assert clip.duration_s == pytest.approx(4.0)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        times = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
    assert times == [packet.pts_90k for packet in kept]


def test_time_stamps_given_twice_are_written_once(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["h264"])
    doubled = [packet for packet in packets for _ in range(2)]
    assert write_mp4(tmp_path / "clip.mp4", parameters, doubled).duration_s == pytest.approx(4.0)
    assert numbers_of(tmp_path / "clip.mp4") == list(range(100))


def test_pictures_that_an_open_gop_shows_before_the_first_key_frame_are_left_out(
    films: Mapping[str, Path], tmp_path: Path
) -> None:
    parameters, packets = read(films["h264-b"])
    leading = [replace(packets[1], pts_90k=-2 * FRAME_90K), replace(packets[1], pts_90k=-FRAME_90K)]
    clip = write_mp4(tmp_path / "clip.mp4", parameters, [packets[0], *leading, *packets[1:]])
    assert clip.start_pts_90k == 0
    assert numbers_of(tmp_path / "clip.mp4") == list(range(100))


def test_a_single_picture_makes_a_clip(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["h264"])
    clip = write_mp4(tmp_path / "clip.mp4", parameters, packets[:1])
    assert clip.duration_s == pytest.approx(0.04)
    assert numbers_of(tmp_path / "clip.mp4") == [0]


def test_an_iterator_of_packets_will_do(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["h264-aac"])
    assert write_mp4(tmp_path / "clip.mp4", parameters, iter(packets)).duration_s == pytest.approx(4.0)


def test_what_cannot_be_a_clip_is_refused_and_leaves_nothing_behind(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["h264"])
    bare = replace(parameters, video=replace(parameters.video, extradata=b""))
    other = replace(parameters, video=replace(parameters.video, codec="mjpeg"))
    for given, described, reason in (
        ([], parameters, "no packets"),
        (packets[1:], parameters, "key frame"),
        (packets, bare, "parameter sets"),
        (packets, other, "mjpeg"),
    ):
        with pytest.raises(UnplayableError, match=reason):
            write_mp4(tmp_path / "clip.mp4", described, given)
    assert list(tmp_path.iterdir()) == []


def test_decoding_times_rise_though_the_cameras_own_do_not(films: Mapping[str, Path], tmp_path: Path) -> None:
    parameters, packets = read(films["hevc-b-opus"])
    spoilt = [replace(packet, dts_90k=0) for packet in packets]
    write_mp4(tmp_path / "clip.mp4", parameters, spoilt)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        times = [packet.dts for packet in container.demux(video=0) if packet.dts is not None]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert numbers_of(tmp_path / "clip.mp4") == list(range(100))
