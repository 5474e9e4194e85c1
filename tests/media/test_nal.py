from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.media.file import FileSource
from camsvc.media.nal import START_CODE, ParameterSets, SetKind, is_annex_b, units
from camsvc.media.packets import Packet
from tests.video import Film, make_film

START = datetime(2026, 11, 22, tzinfo=UTC)


def key_frame(path: Path) -> Packet:
    with FileSource(path, start=START) as source:
        return next(packet for packet in source.packets() if packet.is_key)


@pytest.mark.parametrize(
    ("film", "kinds"),
    [("h264", [SetKind.SPS, SetKind.PPS]), ("hevc-g711", [SetKind.VPS, SetKind.SPS, SetKind.PPS])],
)
def test_the_sets_of_a_real_key_frame_are_found_with_their_ids(
    films: Mapping[str, Path], film: str, kinds: list[SetKind]
) -> None:
    codec = film.partition("-")[0]
    sets = ParameterSets.of(codec, key_frame(films[film]).data)
    assert [key for key, _ in sets.sets] == [(kind, 0) for kind in kinds]
    assert sets.is_complete
    assert ParameterSets.of(codec, sets.annex_b) == sets


def test_another_picture_size_contradicts_and_the_same_video_does_not(
    films: Mapping[str, Path], tmp_path: Path
) -> None:
    ours = ParameterSets.of("h264", key_frame(films["h264"]).data)
    other = ParameterSets.of("h264", key_frame(make_film(tmp_path / "small.mkv", Film(width=160, height=96))).data)
    assert ours.contradicts(other)
    assert not ours.contradicts(ours)


def test_a_picture_set_may_change_in_mid_stream(films: Mapping[str, Path]) -> None:
    ours = ParameterSets.of("h264", key_frame(films["h264"]).data)
    tuned = ours.updated(ParameterSets((((SetKind.PPS, 0), b"\x68other"),)))
    assert not ours.contradicts(tuned)


def test_a_later_set_takes_the_place_of_an_earlier_one_with_its_id(films: Mapping[str, Path], tmp_path: Path) -> None:
    stale = ParameterSets.of("h264", key_frame(make_film(tmp_path / "small.mkv", Film(width=160, height=96))).data)
    fresh = ParameterSets.of("h264", key_frame(films["h264"]).data)
    assert ParameterSets.of("h264", stale.annex_b + fresh.annex_b) == fresh


def test_a_codec_without_nal_units_has_no_sets() -> None:
    assert ParameterSets.of("mjpeg", b"\xff\xd8") == ParameterSets()


@given(st.sampled_from(["h264", "hevc"]), st.binary(max_size=300))
def test_garbage_is_never_an_exception(codec: str, garbage: bytes) -> None:
    ParameterSets.of(codec, START_CODE + garbage)


def test_units_are_split_at_start_codes_of_both_lengths() -> None:
    data = START_CODE + b"\x67one" + b"\0\0\1" + b"\x68two" + START_CODE + b"\x65three"
    assert is_annex_b(data)
    assert list(units(data)) == [b"\x67one", b"\x68two", b"\x65three"]
    assert list(units(b"no start code")) == []
