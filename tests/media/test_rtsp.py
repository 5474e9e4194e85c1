"""The RTSP source against a server that is not ours (go2rtc), and the simulator where a camera must misbehave."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from camsvc.clock import SystemClock
from camsvc.domain.camera import Transport
from camsvc.domain.incident import GapReason
from camsvc.errors import (
    MediaError,
    ParametersChangedError,
    SourceError,
    SourceRefusedError,
    StallError,
    TimelineError,
    UnplayableError,
)
from camsvc.media.decode import Decoder
from camsvc.media.nal import units
from camsvc.media.packets import CLOCK_HZ, Kind, Packet, gap_reason
from camsvc.media.rtsp import RtspSource
from camsvc.media.simulator.faults import Fault, FaultKind
from camsvc.media.simulator.server import SimulatorServer, cameras_from_files
from tests.media.tls_proxy import TlsProxy
from tests.rtsp_server import RtspServer, free_port
from tests.video import read_number

Go2rtc = Callable[..., RtspServer]
FRAME_90K = CLOCK_HZ // 25
STALL_S = 1.5
PASSWORD = "hunter2secret"


def opened(url: str, *, transport: Transport = Transport.TCP, stop: threading.Event | None = None) -> RtspSource:
    return RtspSource(url, transport=transport, clock=SystemClock(), stop=stop or threading.Event(), stall_s=STALL_S)


def take(packets: Iterator[Packet], seconds: float) -> list[Packet]:
    """What arrives within ``seconds`` of media time."""
    taken = []
    for packet in packets:
        taken.append(packet)
        if packet.kind is Kind.VIDEO and packet.pts_90k >= seconds * CLOCK_HZ:
            break
    return taken


def watched(url: str, seconds: float, *, transport: Transport = Transport.TCP) -> list[Packet]:
    with opened(url, transport=transport) as source:
        return take(source.packets(), seconds)


def pictures(packets: list[Packet]) -> list[Packet]:
    return [packet for packet in packets if packet.kind is Kind.VIDEO]


def until_error(source: RtspSource, *, within_s: float = 15) -> MediaError:
    deadline = time.monotonic() + within_s
    with pytest.raises(MediaError) as caught:
        for _ in source.packets():
            assert time.monotonic() < deadline, "the session did not end"
    return caught.value


@pytest.mark.parametrize(
    ("film", "codec", "audio", "b_frames"),
    [
        ("h264-aac", "h264", "aac", False),
        ("hevc-g711", "hevc", "pcm_mulaw", False),
        ("h264-b", "h264", None, True),
        ("hevc-b-opus", "hevc", "opus", True),
    ],
)
def test_every_picture_arrives_once_with_its_media_time_and_wall_time(
    go2rtc: Go2rtc, films: Mapping[str, Path], film: str, codec: str, audio: str | None, b_frames: bool
) -> None:
    server = go2rtc({"camera": films[film]})
    with opened(server.url("camera")) as source:
        parameters = source.parameters
        assert (parameters.video.codec, parameters.video.width, parameters.video.height) == (codec, 320, 192)
        assert parameters.video.nominal_fps == pytest.approx(25)
        assert (parameters.audio.codec if parameters.audio else None) == audio
        assert (source.reorder_depth > 0) == b_frames
        packets = take(source.packets(), 2.0)
        arrived = datetime.now(UTC)
    video = pictures(packets)
    assert packets[0].is_key
    assert packets[0].pts_90k == 0
    decoder = Decoder(parameters.video)
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    times = [frame.pts_90k for frame in frames]
    assert times[0] == 0
    # RTP time stamps of a muxer that rounds may be off by some ticks.
    assert all(abs(later - earlier - FRAME_90K) < 90 for earlier, later in pairwise(times))
    numbers = [read_number(frame.bgr()) for frame in frames]
    assert all(later == (earlier + 1) % 100 for earlier, later in pairwise(numbers))
    assert all(later.dts_90k > earlier.dts_90k for earlier, later in pairwise(video))
    assert all(packet.dts_90k <= packet.pts_90k for packet in video)
    assert all(later >= earlier for earlier, later in pairwise(frame.at for frame in frames))
    assert abs(arrived - video[-1].at) < timedelta(seconds=0.6)
    if audio:
        sounds = [packet for packet in packets if packet.kind is Kind.AUDIO]
        assert all(later.pts_90k > earlier.pts_90k for earlier, later in pairwise(sounds))
        assert abs(sounds[-1].at - video[-1].at) < timedelta(seconds=0.5)


def test_wall_time_is_laid_evenly_though_the_first_packets_come_in_a_burst(
    go2rtc: Go2rtc, films: Mapping[str, Path]
) -> None:
    video = pictures(watched(go2rtc({"camera": films["h264-aac"]}).url("camera"), 2.0))
    begun = video[0]
    for packet in video:
        media = timedelta(seconds=(packet.pts_90k - begun.pts_90k) / CLOCK_HZ)
        assert abs(packet.at - begun.at - media) < timedelta(milliseconds=120)


def test_the_cameras_own_clock_is_compared_with_ours(films: Mapping[str, Path]) -> None:
    cameras = cameras_from_files([films["h264-aac"]], [Fault(FaultKind.CLOCK, 3600.0)])
    with SimulatorServer(cameras) as server, opened(server.url("h264-aac")) as source:
        take(source.packets(), 1.5)
        reading = source.clock()
    assert reading.camera_offset_ms == pytest.approx(3_600_000, abs=500)
    assert 100 < reading.error_ms < 1000


def test_credentials_are_used(films: Mapping[str, Path]) -> None:
    with SimulatorServer(cameras_from_files([films["h264"]]), credentials=("admin", "p@ss/wörd")) as server:
        url = f"rtsp://admin:p%40ss%2Fw%C3%B6rd@127.0.0.1:{server.port}/h264"
        assert watched(url, 0.2)


def leaks(error: BaseException, secret: str) -> bool:
    shown = "".join(traceback.format_exception(error))
    chain = [error, error.__cause__, error.__context__]
    return secret in shown or any(secret in repr(link) + repr(getattr(link, "args", ())) for link in chain)


@pytest.mark.parametrize("password", [PASSWORD, "hunter@2secret"])
def test_wrong_credentials_are_a_refusal_that_does_not_repeat_them(films: Mapping[str, Path], password: str) -> None:
    with SimulatorServer(cameras_from_files([films["h264"]]), credentials=("admin", "right")) as server:
        url = f"rtsp://admin:{password}@127.0.0.1:{server.port}/h264"
        with pytest.raises(SourceRefusedError, match="wrong") as caught:
            opened(url)
    assert not leaks(caught.value, "2secret")
    assert not leaks(caught.value, "admin:")


def test_an_unknown_path_is_a_refusal_that_names_the_cure(go2rtc: Go2rtc, films: Mapping[str, Path]) -> None:
    server = go2rtc({"camera": films["h264-aac"]})
    with pytest.raises(SourceRefusedError, match="check the path"):
        opened(server.url("nowhere"))


def test_a_camera_that_is_not_there_is_worth_a_retry() -> None:
    url = f"rtsp://admin:{PASSWORD}@127.0.0.1:{free_port()}/camera"
    with pytest.raises(SourceError) as caught:
        opened(url)
    assert not isinstance(caught.value, SourceRefusedError)
    assert gap_reason(caught.value) is GapReason.RECONNECT
    assert not leaks(caught.value, PASSWORD)


def test_a_stream_without_usable_video_is_said_with_the_cure(go2rtc: Go2rtc) -> None:
    source = "exec:ffmpeg -v error -re -f lavfi -i sine -c:a aac -f rtsp {output}"
    with pytest.raises(UnplayableError, match="give the URL of a video stream"):
        opened(go2rtc({"camera": source}).url("camera"))


def test_a_transport_that_is_not_offered_is_a_refusal(go2rtc: Go2rtc, films: Mapping[str, Path]) -> None:
    with pytest.raises(SourceRefusedError, match="try the other"):
        opened(go2rtc({"camera": films["h264-aac"]}).url("camera"), transport=Transport.UDP)


def test_udp_carries_the_same_pictures(films: Mapping[str, Path]) -> None:
    with SimulatorServer(cameras_from_files([films["hevc-g711"]])) as server:
        packets = watched(server.url("hevc-g711"), 1.0, transport=Transport.UDP)
    video = pictures(packets)
    assert [packet.pts_90k for packet in video] == [number * FRAME_90K for number in range(len(video))]


def test_a_camera_that_hangs_is_noticed_within_seconds(go2rtc: Go2rtc, films: Mapping[str, Path]) -> None:
    server = go2rtc({"camera": films["h264-aac"]})
    with opened(server.url("camera")) as source:
        packets = source.packets()
        take(packets, 0.5)
        server.freeze()
        began = time.monotonic()
        with pytest.raises(StallError) as caught:
            take(packets, 60)
        assert time.monotonic() - began < STALL_S + 2
    server.thaw()
    assert gap_reason(caught.value) is GapReason.STALL


def test_pictures_that_stop_while_audio_goes_on_are_a_stall(go2rtc: Go2rtc, tmp_path: Path) -> None:
    """The picture's time stamps are what counts, not that something arrives."""
    source = (
        "exec:ffmpeg -v error -re -f lavfi -i testsrc=size=320x240:rate=10:duration=2 "
        "-re -f lavfi -i sine=sample_rate=8000 -c:v libx264 -g 5 -bf 0 -c:a pcm_mulaw -f rtsp {output}"
    )
    with opened(go2rtc({"camera": source}).url("camera")) as camera:
        assert isinstance(until_error(camera), StallError)


def test_a_killed_server_ends_the_session_and_the_next_begins_anew(go2rtc: Go2rtc, films: Mapping[str, Path]) -> None:
    server = go2rtc({"camera": films["h264-aac"]})
    with opened(server.url("camera")) as source:
        packets = source.packets()
        before = take(packets, 0.6)
        server.kill()
        with pytest.raises(SourceError):
            take(packets, 60)
        first_session = source.session
    server.start()
    with opened(server.url("camera")) as source:
        after = take(source.packets(), 0.3)
        assert source.session > first_session
    assert after[0].is_key
    assert after[0].pts_90k == 0
    assert after[0].at > before[-1].at


def test_stop_ends_the_session_without_an_error(go2rtc: Go2rtc, films: Mapping[str, Path]) -> None:
    stop = threading.Event()
    with opened(go2rtc({"camera": films["h264-aac"]}).url("camera"), stop=stop) as source:
        taken = 0
        for packet in source.packets():
            taken += 1
            if packet.pts_90k > 0.7 * CLOCK_HZ:
                stop.set()
    assert taken


@pytest.mark.parametrize("seconds", [10.0, -10.0])
def test_a_jump_of_the_cameras_media_time_ends_the_session(films: Mapping[str, Path], seconds: float) -> None:
    with SimulatorServer(cameras_from_files([films["h264"]])) as server, opened(server.url("h264")) as source:
        packets = source.packets()
        take(packets, 1.5)
        server.inject("h264", Fault(FaultKind.JUMP, seconds))
        with pytest.raises(TimelineError, match="jumped") as caught:
            take(packets, 60)
    assert gap_reason(caught.value) is GapReason.JUMP


class StepClock(SystemClock):
    """A host whose clock somebody sets."""

    def __init__(self) -> None:
        self.step = timedelta()

    def now(self) -> datetime:
        return super().now() + self.step


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_step_of_the_hosts_clock_ends_the_session(go2rtc: Go2rtc, films: Mapping[str, Path], seconds: float) -> None:
    clock = StepClock()
    url = go2rtc({"camera": films["h264-aac"]}).url("camera")
    with RtspSource(url, clock=clock, stop=threading.Event()) as source:
        packets = source.packets()
        take(packets, 1.0)
        clock.step = timedelta(seconds=seconds)
        with pytest.raises(TimelineError, match="host's clock"):
            take(packets, 60)


def test_another_picture_size_in_mid_stream_ends_the_session(films: Mapping[str, Path]) -> None:
    cameras = cameras_from_files([films["h264"]], [Fault(FaultKind.RESIZE, 0.5)])
    with SimulatorServer(cameras) as server, opened(server.url("h264")) as source:
        packets = source.packets()
        take(packets, 1.0)
        server.inject("h264", Fault(FaultKind.RESIZE, 0.5))
        with pytest.raises(ParametersChangedError):
            take(packets, 60)
        with opened(server.url("h264")) as again:
            assert again.parameters.video.width == 160


def test_packets_lost_on_the_way_do_not_end_the_session(films: Mapping[str, Path]) -> None:
    cameras = cameras_from_files([films["h264-aac"]])
    with SimulatorServer(cameras) as server, opened(server.url("h264-aac")) as source:
        packets = source.packets()
        decoder = Decoder(source.parameters.video)
        server.inject("h264-aac", Fault(FaultKind.LOSS, 0.1))
        shown = [frame for packet in take(packets, 2.0) for frame in decoder.decode(packet)]
        server.inject("h264-aac", Fault(FaultKind.LOSS, 0.0))
        healed = [frame for packet in take(packets, 4.0) for frame in decoder.decode(packet)]
    assert len(shown) < 51
    assert read_number(healed[-1].bgr()) == (read_number(healed[-2].bgr()) + 1) % 100


def damaged_sets(key_frame: bytes) -> bytes:
    """The same key frame with a sequence set that no decoder understands."""
    sps = next(unit for unit in units(key_frame) if unit[0] & 0x1F == 7)
    return key_frame.replace(sps, sps[:4] + bytes(len(sps) - 4), 1)


def test_a_parameter_set_damaged_on_its_way_is_no_change_of_parameters(films: Mapping[str, Path]) -> None:
    with SimulatorServer(cameras_from_files([films["h264"]])) as server, opened(server.url("h264")) as source:
        source._check_parameters(damaged_sets(source._first.data))


@pytest.fixture
def tls_certificate(tmp_path: Path) -> tuple[Path, Path]:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    names = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=camera"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names]
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(command, check=True, capture_output=True)
        return certificate, key
    pytest.skip("openssl is missing: install Debian's package `openssl` to run the RTSPS test")


def test_rtsps_carries_the_same_pictures(
    go2rtc: Go2rtc, films: Mapping[str, Path], tls_certificate: tuple[Path, Path]
) -> None:
    server = go2rtc({"camera": films["h264-aac"]})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls_certificate)
    with TlsProxy(server.port, context) as proxy:
        url = server.url("camera", port=proxy.port).replace("rtsp://", "rtsps://")
        packets = watched(url, 1.0)
        assert proxy.connections == 1
    assert len(pictures(packets)) >= 25
