from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from camsvc.clock import SystemClock
from camsvc.errors import SourceError
from camsvc.media.probe import Probe, advise, probe
from camsvc.media.simulator.faults import Fault, FaultKind
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from tests.rtsp_server import RtspServer, free_port

GOOD = Probe(
    codec="h264",
    profile="Main",
    width=1920,
    height=1080,
    fps=25.0,
    gop_s=2.0,
    has_b_frames=False,
    audio_codec="aac",
    audio_sample_rate_hz=16_000,
    bitrate_bps=4_000_000,
    clock_offset_ms=-80.0,
    opened_in_s=0.8,
    watched_s=6.0,
    corrupt_packets=0,
    repaired_timestamps=0,
)


def test_a_camera_is_measured(go2rtc: Callable[..., RtspServer], films: Mapping[str, Path]) -> None:
    url = go2rtc({"camera": films["hevc-g711"]}).url("camera")
    found = probe(url, clock=SystemClock(), stop=threading.Event(), watch_s=2.5)
    assert (found.codec, found.profile, found.width, found.height) == ("hevc", "Main", 320, 192)
    assert found.fps == pytest.approx(25, abs=0.1)
    assert found.gop_s == pytest.approx(1.0, abs=0.01)
    assert not found.has_b_frames
    assert (found.audio_codec, found.audio_sample_rate_hz) == ("pcm_mulaw", 8000)
    assert 1_000 < found.bitrate_bps < 1_000_000
    assert found.clock_offset_ms == pytest.approx(0, abs=1000)
    assert [sentence for sentence in found.advice if "H.264" in sentence]
    assert [sentence for sentence in found.advice if "AAC" in sentence]


def test_b_frames_and_a_wrong_clock_are_noticed(go2rtc: Callable[..., RtspServer], films: Mapping[str, Path]) -> None:
    found = probe(
        go2rtc({"camera": films["h264-b"]}).url("camera"), clock=SystemClock(), stop=threading.Event(), watch_s=1.2
    )
    assert found.has_b_frames
    assert any("B-frames" in sentence for sentence in found.advice)
    wrong = cameras_from_files([films["h264"]], [Fault(FaultKind.CLOCK, -7200.0)])
    with SimulatorServer(wrong) as server:
        found = probe(server.url("h264"), clock=SystemClock(), stop=threading.Event(), watch_s=1.2)
    assert any("2 hours behind" in sentence for sentence in found.advice)


def test_a_camera_that_is_not_there_is_an_error() -> None:
    with pytest.raises(SourceError):
        probe(f"rtsp://127.0.0.1:{free_port()}/camera", clock=SystemClock(), stop=threading.Event())


def test_a_camera_set_up_well_is_left_alone() -> None:
    assert advise(GOOD) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"codec": "hevc"}, "H.264"),
        ({"has_b_frames": True}, "B-frames off"),
        ({"width": 3840, "height": 2160, "bitrate_bps": 8_000_000}, "sub stream"),
        ({"gop_s": 10.0}, "50 frames"),
        ({"gop_s": None, "watched_s": 25.0}, "less than every 25 s"),
        ({"gop_s": 0.04}, "most of the bit rate"),
        ({"fps": 60.0, "bitrate_bps": 8_000_000}, "25 or less"),
        ({"fps": 2.0, "bitrate_bps": 500_000}, "10 or more"),
        ({"bitrate_bps": 20_000_000}, "Limit the bit rate to about 5.2 Mb/s"),
        ({"repaired_timestamps": 7}, "7 wrong time stamps"),
        ({"clock_offset_ms": None}, "NTP"),
        ({"clock_offset_ms": 5_000.0}, "5 s ahead"),
        ({"clock_offset_ms": -20.0 * 365 * 86_400_000}, "7300 days behind"),
        ({"audio_codec": "pcm_alaw"}, "AAC"),
        ({"audio_codec": "opus"}, "AAC"),
    ],
)
def test_each_fault_is_answered_with_one_cure_and_its_reason(fault: dict[str, object], words: str) -> None:
    advice = advise(replace(GOOD, **fault))  # type: ignore[arg-type]
    assert len(advice) == 1
    assert words in advice[0]
