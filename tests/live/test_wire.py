from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.domain.camera import StreamRole
from camsvc.errors import CamsvcError, InputError, SourceError
from camsvc.live import wire
from camsvc.live.wire import Part, Request, Unpacker, Viewer

REQUEST = Request(
    "0" * 32,
    "gate",
    "town/gate",
    StreamRole.SUB,
    Viewer(7, "lan", "192.0.2.9", "ab" * 32),
    datetime(2026, 11, 22, 8, 30, tzinfo=UTC),
)


@given(
    st.lists(st.tuples(st.sampled_from(Part), st.binary(max_size=300)), max_size=8),
    st.lists(st.integers(1, 200), max_size=30),
)
def test_parts_come_out_as_they_went_in_however_the_network_cuts_them(
    parts: list[tuple[Part, bytes]], cuts: list[int]
) -> None:
    data = b"".join(wire.pack(*part) for part in parts)
    unpacker, found, position = Unpacker(), [], 0
    for cut in [*cuts, len(data)]:
        found += unpacker.feed(data[position : position + cut])
        position += cut
    assert found == parts


@pytest.mark.parametrize("data", [b"\xff" * 5, wire.PART_HEAD.pack(Part.KEY, wire.PART_MAX_BYTES + 1)])
def test_what_is_no_part_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match="one version"):
        Unpacker().feed(data)


def test_a_request_comes_back_as_it_was() -> None:
    assert Request.of(json.loads(json.dumps(REQUEST.to_json()))) == REQUEST


@pytest.mark.parametrize(
    "change",
    [
        {"stream": "third"},
        {"viewer": {"name": "lan"}},
        {"start": "yesterday"},
        {"start": "2026-11-22T08:30"},
        {"camera": None},
    ],
)
def test_a_request_of_another_version_is_refused_and_the_cure_named(change: dict[str, object]) -> None:
    body = {**REQUEST.to_json(), **change}
    if change == {"camera": None}:
        del body["camera"]
    with pytest.raises(InputError) as caught:
        Request.of(body)
    assert caught.value.cure == "run one version of camsvc everywhere"


def test_no_key_shows_in_a_log() -> None:
    assert "abab" not in repr(REQUEST)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"error": "new"}', b"<html>"])
def test_an_answer_that_is_not_understood_is_an_error_too(content: bytes) -> None:
    assert type(wire.error_of(content, 500)) is CamsvcError
