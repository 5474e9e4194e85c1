from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from camsvc.errors import UnplayableError
from camsvc.media.decode import Decoder, Frame, examine
from camsvc.media.file import FileSource
from camsvc.media.nal import ParameterSets
from camsvc.media.packets import Kind, Packet, VideoParameters
from tests.video import draw, read_number

START = datetime(2026, 11, 22, tzinfo=UTC)


def read(path: Path) -> tuple[VideoParameters, list[Packet]]:
    with FileSource(path, start=START) as source:
        return source.parameters.video, [packet for packet in source.packets() if packet.kind is Kind.VIDEO]


def decode(decoder: Decoder, packets: list[Packet]) -> list[Frame]:
    return [frame for packet in packets for frame in decoder.decode(packet)]


def numbers(frames: list[Frame]) -> list[int]:
    return [read_number(frame.bgr()) for frame in frames]


@pytest.mark.parametrize("film", ["h264", "h264-b", "hevc-g711", "hevc-b-opus"])
def test_every_picture_comes_out_in_order_of_presentation_with_the_times_of_its_packet(
    films: Mapping[str, Path], film: str
) -> None:
    video, packets = read(films[film])
    decoder = Decoder(video)
    frames = decode(decoder, packets) + decoder.flush()
    assert numbers(frames) == list(range(100))
    at = {packet.pts_90k: packet.at for packet in packets}
    assert [(frame.pts_90k, frame.at) for frame in frames] == sorted(at.items())


def test_decoding_waits_for_a_key_frame(films: Mapping[str, Path]) -> None:
    video, packets = read(films["h264"])
    decoder = Decoder(video)
    assert numbers(decode(decoder, packets[10:30])) == [25, 26, 27, 28, 29]
    assert decoder.skipped_packets == 15


def test_a_broken_packet_costs_the_pictures_up_to_the_next_key_frame_and_is_counted(
    films: Mapping[str, Path],
) -> None:
    video, packets = read(films["h264"])
    spoilt = [*packets]
    spoilt[30] = replace(packets[30], data=b"\0\0\0\1" + bytes(range(60, 90)))
    decoder = Decoder(video)
    shown = numbers(decode(decoder, spoilt))
    assert shown[:30] == list(range(30))
    assert shown[-50:] == list(range(50, 100))
    assert decoder.broken_packets >= 1


def test_after_reset_decoding_begins_with_the_next_key_frame(films: Mapping[str, Path]) -> None:
    video, packets = read(films["h264"])
    decoder = Decoder(video)
    decode(decoder, packets[:10])
    decoder.reset()
    assert numbers(decode(decoder, packets[40:60])) == list(range(50, 60))


def test_a_key_frame_alone_gives_its_picture_on_flush(films: Mapping[str, Path]) -> None:
    video, packets = read(films["h264-b"])
    decoder = Decoder(video)
    assert numbers(decode(decoder, packets[50:51]) + decoder.flush()) == [50]
    assert numbers(decode(decoder, packets[75:76]) + decoder.flush()) == [75]


def test_parameter_sets_beside_the_stream_are_enough(films: Mapping[str, Path]) -> None:
    video, packets = read(films["h264"])
    first = packets[0]
    bare = replace(first, data=first.data[first.data.index(b"\0\0\1\x65") :])
    assert ParameterSets.of("h264", bare.data) == ParameterSets()
    assert numbers(decode(Decoder(video), [bare, *packets[1:3]])) == [0, 1, 2]


def test_audio_is_ignored(films: Mapping[str, Path]) -> None:
    with FileSource(films["h264-aac"], start=START) as source:
        decoder = Decoder(source.parameters.video)
        assert numbers(decode(decoder, list(source.packets()))) == list(range(100))


def test_a_picture_is_scaled_to_the_size_asked_for(films: Mapping[str, Path]) -> None:
    video, packets = read(films["h264"])
    frame = decode(Decoder(video), packets[:1])[0]
    assert frame.bgr().shape == (192, 320, 3)
    small = frame.bgr(160, 96)
    assert small.shape == (96, 160, 3)
    assert small.dtype == np.uint8
    assert small.flags["C_CONTIGUOUS"]
    assert frame.bgr(640, 384).shape == (384, 640, 3)
    assert np.abs(frame.bgr().astype(int) - draw(0, 320, 192)).mean() < 6


def test_the_times_of_pictures_in_flight_stay_few(films: Mapping[str, Path]) -> None:
    video, packets = read(films["h264"])
    decoder = Decoder(video)
    for turn in range(5):
        for packet in packets[25:50]:
            decoder.decode(replace(packet, is_key=False, pts_90k=packet.pts_90k + turn * 10**6))
    assert decoder.skipped_packets == 125
    assert len(decoder._times) == 0


def test_a_key_frame_tells_size_and_reordering(films: Mapping[str, Path]) -> None:
    for film, reorders in (("h264", False), ("h264-b", True)):
        video, packets = read(films[film])
        seen = examine(video.codec, video.extradata, packets[0].data)
        assert seen is not None
        assert seen[:2] == (320, 192)
        assert (seen[2] > 0) == reorders
    assert examine("h264", b"", b"\0\0\0\1junk") is None


def test_an_unknown_codec_is_refused() -> None:
    with pytest.raises(UnplayableError, match="no-such-codec"):
        Decoder(VideoParameters("no-such-codec", 1, 1, b""))


def test_wall_times_are_those_of_the_file(films: Mapping[str, Path]) -> None:
    video, packets = read(films["h264"])
    frames = decode(Decoder(video), packets)
    assert frames[50].at == START + timedelta(seconds=2)
