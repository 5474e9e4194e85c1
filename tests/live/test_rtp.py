"""Cutting pictures into packets, and out of them again by another's depacketiser."""

from __future__ import annotations

from aiortc.codecs.h264 import h264_depayload
from hypothesis import given
from hypothesis import strategies as st

from camsvc.live import rtp
from camsvc.live.rtp import HEADER_BYTES, Cut, cut
from camsvc.media import nal

MAX = 100
KINDS = (1, 5, 6, 7, 8)


@st.composite
def units(draw: st.DrawFn) -> bytes:
    """A unit as encoders write it: no start code within, no zero at its end."""
    kind = draw(st.sampled_from(KINDS)) | draw(st.sampled_from((0x00, 0x20, 0x60)))
    size = draw(st.one_of(st.integers(1, 12), st.integers(MAX - 6, MAX + 6), st.integers(1, 10 * MAX)))
    return bytes([kind]) + bytes(1 + (7 * index + kind) % 255 for index in range(size))


@given(st.lists(units(), min_size=1, max_size=8))
def test_what_is_cut_is_put_together_again(pieces: list[bytes]) -> None:
    made = cut(b"".join(nal.START_CODE + piece for piece in pieces), MAX)
    assert all(len(payload) <= MAX for payload in made.payloads)
    assert list(nal.units(b"".join(map(h264_depayload, made.payloads)))) == pieces


@given(st.lists(units(), min_size=1, max_size=8))
def test_packets_of_a_run_have_one_size_but_for_the_last(pieces: list[bytes]) -> None:
    made = cut(b"".join(nal.START_CODE + piece for piece in pieces), MAX)
    begin = 0
    while begin < len(made):
        end = made.run_ends[begin]
        sizes = [len(payload) for payload in made.payloads[begin:end]]
        assert len(set(sizes[:-1])) <= 1
        assert sizes[-1] <= sizes[0]
        assert set(made.run_ends[begin:end]) == {end}
        begin = end
    assert begin == len(made)


def test_parts_of_a_large_unit_are_few_and_equal() -> None:
    made = cut(nal.START_CODE + b"\x65" + b"\x01" * 30_000)
    sizes = [len(payload) for payload in made.payloads]
    assert len(sizes) == -(-30_000 // (rtp.MAX_PAYLOAD_BYTES - 2))
    assert len(set(sizes[:-1])) == 1
    assert 0 <= sizes[0] - sizes[-1] < len(sizes)


def test_parameter_sets_travel_in_one_packet() -> None:
    made = cut(nal.START_CODE + b"\x67abc" + nal.START_CODE + b"\x68ab" + nal.START_CODE + b"\x65" + b"\x01" * 3000)
    assert made.payloads[0][0] & 0x1F == 24, "STAP-A"
    assert len(made) == 4


def test_delimiters_and_filler_are_not_sent() -> None:
    assert cut(
        nal.START_CODE + b"\x09\xf0" + nal.START_CODE + b"\x0c\xff\x80" + nal.START_CODE + b"\x41ab"
    ).payloads == (b"\x41ab",)


def test_an_image_has_room_for_header_and_tag_of_each_packet() -> None:
    layout = Cut((b"abc", b"de")).layout(tag_bytes=4)
    assert layout.offsets == (0, HEADER_BYTES + 3 + 4, 2 * HEADER_BYTES + 5 + 8)
    assert layout.image[HEADER_BYTES : HEADER_BYTES + 3] == b"abc"
    assert len(layout.image) == layout.offsets[-1]
