"""The protocol of the tap: what is said is understood, and what is forged is refused."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.domain.camera import CameraState, StreamRole
from camsvc.errors import SourceError
from camsvc.media.packets import Kind, Packet, VideoParameters
from camsvc.worker import tap_wire as wire
from camsvc.worker.tap_wire import Hello, Message, Messages, PacketsLost, SessionBegan, SessionEnded, StreamState, Want
from tests.worker import spooling

AT = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)
VIDEO = VideoParameters("hevc", 1920, 1080, b"\x00\x00\x00\x01\x67", 25.0)
TOKEN = "0123abcd"
packets = st.builds(
    Packet,
    kind=st.just(Kind.VIDEO),
    data=st.binary(min_size=1, max_size=3000),
    pts_90k=st.integers(-(2**40), 2**40),
    dts_90k=st.integers(-(2**40), 2**40),
    duration_90k=st.integers(0, 2**32 - 1),
    is_key=st.booleans(),
    at=st.integers(0, 10**15).map(lambda us: AT + timedelta(microseconds=us)),
)


def sent(*messages: bytes) -> list[wire.TapItem]:
    return [wire.read_item(kind, payload) for kind, payload in Messages().feed(b"".join(messages))]


@given(st.lists(packets, min_size=1, max_size=5), st.lists(st.integers(1, 4000)))
def test_packets_arrive_as_they_were_however_the_bytes_are_cut(given: list[Packet], cuts: list[int]) -> None:
    stream = b"".join(piece for packet in given for piece in wire.packet_message(packet))
    messages, taken, at = Messages(), [], 0
    for cut in [*cuts, len(stream)]:
        taken += [wire.read_item(*each) for each in messages.feed(stream[at : at + cut])]
        at += cut
    assert taken == given


def test_every_other_message_arrives_as_it_was() -> None:
    began = SessionBegan("s1", StreamRole.SUB, VIDEO)
    ended = SessionEnded("s1", "stall")
    state = StreamState(CameraState.RETRYING, "không trả lời")
    scene = spooling.scene(3.2)
    got = sent(
        wire.session_message(began),
        wire.end_message(ended),
        wire.lost_message(7),
        wire.state_message(state),
        wire.scene_message(scene),
    )
    assert got[:4] == [began, ended, PacketsLost(7), state]
    assert got[4] == {
        "session": "s1",
        "at": scene.moment.at.isoformat(),
        "pts_90k": 288_000,
        "objects": [
            {"track": 1, "class": "person", "confidence": 0.8, "observed": True, "box": [0.1, 0.2, 0.2, 0.2]},
        ],
    }


def test_a_hello_arrives_as_it_was_and_hides_its_token() -> None:
    hello = Hello("gate", StreamRole.SUB, Want.PACKETS, AT, TOKEN)
    ((kind, payload),) = Messages().feed(wire.hello_message(hello))
    assert kind is Message.HELLO
    assert wire.read_hello(payload) == (wire.VERSION, hello)
    assert TOKEN not in repr(hello)


@pytest.mark.parametrize(
    "change",
    [
        {"camera": 7},
        {"camera": None},
        {"token": ["a"]},
        {"token": {"a": 1}},
        {"stream": "third"},
        {"want": "everything"},
        {"start": "yesterday"},
        {"start": "2026-01-01T00:00:00"},
        {"start": 5},
        {"v": "one"},
        {"v": None},
    ],
)
def test_a_forged_hello_is_refused_and_its_token_not_repeated(change: dict[str, object]) -> None:
    whole = {"v": 1, "token": TOKEN, "camera": "gate", "stream": "main", "want": "packets", "start": None}
    with pytest.raises(SourceError) as refused:
        wire.read_hello(json.dumps(whole | change).encode())
    assert TOKEN not in str(refused.value)
    for key in change:
        with pytest.raises(SourceError):
            wire.read_hello(json.dumps({name: value for name, value in whole.items() if name != key}).encode())


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"{", b"\xff\xfe", b"null", b'"text"'])
def test_text_that_is_no_object_is_refused(payload: bytes) -> None:
    for kind in (Message.SESSION, Message.END, Message.LOST, Message.STATE, Message.SCENE):
        with pytest.raises(SourceError):
            wire.read_item(kind, payload)


@given(st.sampled_from(Message), st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(kind: Message, payload: bytes) -> None:
    with contextlib.suppress(SourceError):
        wire.read_item(kind, payload)


@given(
    st.sampled_from([Message.SESSION, Message.END, Message.LOST, Message.STATE]),
    st.dictionaries(
        st.sampled_from(["session", "stream", "codec", "width", "height", "extradata", "reason", "packets", "state"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2)),
    ),
)
def test_any_object_is_understood_or_refused(kind: Message, content: dict[str, object]) -> None:
    with contextlib.suppress(SourceError):
        wire.read_item(kind, json.dumps(content).encode())


@pytest.mark.parametrize(
    ("kind", "length"),
    [
        (Message.PACKET, wire.MAX_PACKET_BYTES + 1024),
        (Message.SCENE, wire.MAX_TEXT_BYTES + 1),
        (Message.HELLO, wire.MAX_HELLO_BYTES + 1),
        (Message.STATE, 2**32 - 1),
    ],
)
def test_a_length_beyond_what_its_kind_may_have_is_refused_before_anything_is_kept(kind: Message, length: int) -> None:
    with pytest.raises(SourceError, match="announced"):
        list(Messages().feed(wire.HEADER.pack(kind, length)))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SourceError, match="unknown type 99"):
        list(Messages().feed(wire.HEADER.pack(99, 0)))


def test_a_packet_cut_short_is_refused() -> None:
    with pytest.raises(SourceError, match="cut short"):
        wire.read_packet(b"\x00" * 20)


def test_an_answer_says_the_stream_or_why_there_is_none() -> None:
    ((_, payload),) = Messages().feed(wire.answer_message(StreamRole.MAIN))
    assert wire.read_answer(payload) is StreamRole.MAIN
    ((_, payload),) = Messages().feed(wire.refusal_message(wire.Refusal.CAMERA, "not here"))
    assert wire.read_answer(payload) == (wire.Refusal.CAMERA, "not here")
    for forged in (b"{}", b'{"error": 1}', b'{"error": {"code": "x", "detail": ""}}', b'{"stream": "third"}'):
        with pytest.raises(SourceError):
            wire.read_answer(forged)


def test_wall_times_keep_their_microseconds() -> None:
    packet = Packet(Kind.VIDEO, b"x", 0, 0, 0, is_key=True, at=AT + timedelta(microseconds=1))
    assert wire.read_packet(b"".join(wire.packet_message(packet))[wire.HEADER.size :]).at == packet.at
