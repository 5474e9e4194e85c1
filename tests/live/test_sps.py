from __future__ import annotations

import contextlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.live.boxes import initialisation
from camsvc.live.sps import Sps
from camsvc.media.nal import units
from tests.live.pictures import packets_of
from tests.video import Film, make_film

HD_HIGH = bytes.fromhex("6764001facd9405005bb011000000300100000030320f1831960")
"""1280x720, high profile, by x264."""


def sps_of(path: Path) -> Sps:
    video, packets = packets_of(path)
    return Sps.of(next(unit for unit in units(video.extradata + packets[0].data) if unit and unit[0] & 31 == 7))


@pytest.mark.parametrize(
    ("film", "expected"),
    [
        (Film(), {"width": 320, "height": 192, "chroma_format": 1, "bit_depth": 8, "profile": 66}),
        (Film(width=1920, height=1080), {"width": 1920, "height": 1080}),
        (Film(width=322, height=190), {"width": 322, "height": 190}),
        (Film(width=321, height=193, pixels="yuv444p"), {"width": 321, "height": 193, "chroma_format": 3}),
        (Film(pixels="yuv422p10le"), {"bit_depth": 10, "chroma_format": 2, "height": 192}),
        (Film(pixel_shape="12/11"), {"pixel_shape": Fraction(12, 11)}),
        (Film(pixel_shape="123/77"), {"pixel_shape": Fraction(123, 77)}),
        (Film(b_frames=0), {"reorder_frames": 0, "frames_only": True}),
        (Film(b_frames=2), {"reorder_frames": 2}),
    ],
    ids=str,
)
def test_it_says_what_the_encoder_was_asked_for(film: Film, expected: dict[str, object], tmp_path: Path) -> None:
    sps = sps_of(make_film(tmp_path / "film.mkv", replace(film, frames=4)))
    assert {name: getattr(sps, name) for name in expected} == expected


def test_real_footage_is_read(footage: Path) -> None:
    for path in sorted(footage.glob("*.mp4")):
        video, packets = packets_of(path)
        sps = Sps.of(next(unit for unit in units(video.extradata + packets[0].data) if unit and unit[0] & 31 == 7))
        assert (sps.width, sps.height) == (video.width, video.height), path.name


def test_every_cut_is_refused_or_read_and_nothing_else() -> None:
    assert (Sps.of(HD_HIGH).width, Sps.of(HD_HIGH).height) == (1280, 720)
    for length in range(len(HD_HIGH)):
        try:
            Sps.of(HD_HIGH[:length])
        except ValueError:
            continue


def test_the_name_of_the_codec_is_what_browsers_ask_for() -> None:
    assert Sps.of(HD_HIGH).codecs == "avc1.64001f"


@given(st.binary(max_size=200), st.integers(0, 200))
def test_whatever_comes_is_read_or_refused_and_a_box_can_be_made_of_it(noise: bytes, cut: int) -> None:
    for unit in (noise, HD_HIGH[:cut] + noise):
        with contextlib.suppress(ValueError):
            sps = Sps.of(unit)
            assert 0 < sps.width < 1 << 15
            assert 0 < sps.height < 1 << 15
            initialisation(unit, [b"\x68"])
