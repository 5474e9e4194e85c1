from __future__ import annotations

import errno
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camsvc.errors import UnplayableError
from camsvc.media.packet_log import MAGIC, PacketLog, PacketLogWriter
from camsvc.media.packets import AudioParameters, Packet, Parameters, VideoParameters
from tests.forking import in_a_process_of_its_own
from tests.media.made_packets import START, audio_packet, video_packet, video_packets

PARAMETERS = Parameters(
    VideoParameters("hevc", 3840, 2160, b"\0\0\0\1\x40sets", 12.5), AudioParameters("aac", 48_000, 2, b"\x11\x90")
)


def written(path: Path, packets: list[Packet], parameters: Parameters = PARAMETERS) -> Path:
    with PacketLogWriter(path, "session-1", parameters) as log:
        for packet in packets:
            log.append(packet)
        log.sync()
    return path


def test_what_is_written_is_read_back_exactly(tmp_path: Path) -> None:
    odd = replace(video_packet(3), pts_90k=-7200, dts_90k=-9000, at=START + timedelta(microseconds=123_457))
    packets = [video_packet(0), audio_packet(-1), odd, video_packet(4, size=100_000)]
    log = PacketLog.open(written(tmp_path / "a.log", packets))
    assert (log.session, log.parameters) == ("session-1", PARAMETERS)
    assert list(log.packets()) == packets


def test_a_camera_without_audio_stays_without(tmp_path: Path) -> None:
    silent = Parameters(VideoParameters("h264", 320, 192, b"sets"))
    assert PacketLog.open(written(tmp_path / "a.log", [], silent)).parameters == silent


def test_the_packets_may_be_gone_through_several_times(tmp_path: Path) -> None:
    packets = PacketLog.open(written(tmp_path / "a.log", list(video_packets(5)))).packets()
    assert list(packets) == list(packets)


@settings(max_examples=60)
@given(cut=st.integers(0, 2000))
def test_a_log_cut_off_at_any_byte_gives_every_whole_packet_before_the_cut(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "a.log"
    packets = list(video_packets(10))
    with PacketLogWriter(path, "session-1", PARAMETERS) as log:
        header_bytes = log.size_bytes
        ends = []
        for packet in packets:
            log.append(packet)
            ends.append(log.size_bytes)
    left = max(0, path.stat().st_size - cut)
    os.truncate(path, left)
    if left < header_bytes:
        with pytest.raises(UnplayableError):
            PacketLog.open(path)
    else:
        assert list(PacketLog.open(path).packets()) == packets[: sum(end <= left for end in ends)]


@settings(max_examples=60)
@given(place=st.floats(0, 1, exclude_max=True))
def test_a_flipped_byte_ends_the_log_before_the_damaged_packet(
    tmp_path_factory: pytest.TempPathFactory, place: float
) -> None:
    path = tmp_path_factory.mktemp("flip") / "a.log"
    packets = list(video_packets(10))
    written(path, [])
    begin = path.stat().st_size
    path.unlink()
    written(path, packets)
    data = bytearray(path.read_bytes())
    data[begin + int(place * (len(data) - begin))] ^= 0x10
    path.write_bytes(data)
    read = list(PacketLog.open(path).packets())
    assert read == packets[: len(read)]
    assert len(read) < len(packets)


def test_what_is_no_packet_log_is_refused_by_name(tmp_path: Path) -> None:
    for content in (b"", MAGIC[:5], MAGIC, b"something else entirely"):
        path = tmp_path / "other.log"
        path.write_bytes(content)
        with pytest.raises(UnplayableError, match=r"other\.log"):
            PacketLog.open(path)


def test_a_log_is_never_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path / "a.log", [video_packet(0)])
    with pytest.raises(FileExistsError):
        PacketLogWriter(path, "session-2", PARAMETERS)
    assert list(PacketLog.open(path).packets()) == [video_packet(0)]


def test_the_size_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with PacketLogWriter(path, "s", PARAMETERS) as log:
        for packet in video_packets(5):
            log.append(packet)
            assert log.size_bytes == path.stat().st_size


def test_a_crash_of_the_process_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    path = tmp_path / "a.log"

    def write() -> None:
        log = PacketLogWriter(path, "s", PARAMETERS)
        for packet in video_packets(20):
            log.append(packet)
        os._exit(9)

    assert os.WEXITSTATUS(in_a_process_of_its_own(write)) == 9
    assert list(PacketLog.open(path).packets()) == list(video_packets(20))


def test_a_full_disk_leaves_whole_packets_and_the_log_usable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.log"
    real_write, room = os.write, [400]

    def write_until_full(descriptor: int, data: bytes) -> int:
        if room[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = real_write(descriptor, data[: room[0]])
        room[0] -= done
        return done

    with PacketLogWriter(path, "s", PARAMETERS) as log:
        monkeypatch.setattr("camsvc.media.packet_log.os.write", write_until_full)
        log.append(video_packet(0))
        log.append(video_packet(1))
        with pytest.raises(OSError, match="No space"):
            log.append(video_packet(2))
        room[0] = 10_000
        log.append(video_packet(3))
        assert log.size_bytes == path.stat().st_size
    assert list(PacketLog.open(path).packets()) == [video_packet(0), video_packet(1), video_packet(3)]
