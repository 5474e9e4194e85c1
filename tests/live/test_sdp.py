"""Offers as browsers send them, and as nobody should; answers."""

from __future__ import annotations

import pytest
from aiortc import RTCIceCandidate, RTCIceParameters
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from camsvc.errors import InputError
from camsvc.live import sdp

FORMATS = {
    "102": ("1", "42001f"),
    "104": ("0", "42001f"),
    "108": ("1", "42e01f"),
    "116": ("1", "4d001f"),
    "41": ("1", "f4001f"),
    "112": ("1", "64001f"),
}
FINGERPRINT = ":".join(["AB"] * 32)


def offer(*types: str, sound: bool = False, direction: str = "recvonly", extra: str = "") -> str:
    """As Chromium writes it, cut down."""
    lines = [
        "v=0",
        "o=- 769033816724595395 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {'0 1' if sound else '1'}",
        "a=extmap-allow-mixed",
        "a=msid-semantic: WMS",
    ]
    transport = ["c=IN IP4 0.0.0.0", "a=ice-ufrag:hQGq", "a=ice-pwd:fHlpGQfXutzNNwViGBWzXp0t", "a=ice-options:trickle"]
    transport += [f"a=fingerprint:sha-256 {FINGERPRINT}", "a=setup:actpass", "a=rtcp-mux"]
    if sound:
        lines += ["m=audio 9 UDP/TLS/RTP/SAVPF 111", *transport, "a=mid:0", "a=recvonly", "a=rtpmap:111 opus/48000/2"]
    lines += [f"m=video 9 UDP/TLS/RTP/SAVPF 96 {' '.join(types)} 120", *transport, "a=mid:1", f"a={direction}"]
    lines += ["a=candidate:1 1 udp 2113937151 31637bf7-4e3a-4a36-a7f9-20b629788ddb.local 51459 typ host generation 0"]
    lines += ["a=candidate:2 1 udp 2113937151 192.0.2.9 51460 typ host", "a=candidate:3 1 tcp 9 192.0.2.9 9 typ host"]
    lines += ["a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack"]
    for each in types:
        mode, profile = FORMATS[each]
        lines += [f"a=rtpmap:{each} H264/90000", f"a=rtcp-fb:{each} nack", f"a=rtcp-fb:{each} nack pli"]
        lines += [f"a=fmtp:{each} level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile}"]
    lines += ["a=rtpmap:120 rtx/90000", f"a=fmtp:120 apt={types[0] if types else 96}"]
    return "\r\n".join([*lines, extra]) + "\r\n"


CHROMIUM = offer("102", "104", "108", "116", "41", sound=True)
LOCAL = sdp.Local(
    RTCIceParameters("abcd", "0123456789012345678901"),
    f"sha-256 {FINGERPRINT}",
    [RTCIceCandidate(1, "f", "192.0.2.2", 4000, 1, "udp", "host")],
    ssrc=1000,
    rtx_ssrc=2000,
    cname="camera",
)


@pytest.mark.parametrize(
    ("profile_idc", "chosen"),
    [(0x4D, 116), (0x42, 102), (0x64, 116), (None, 116)],
    ids=["main", "baseline", "high is called the next below", "not known yet"],
)
def test_the_format_nearest_to_the_stream_is_chosen(profile_idc: int | None, chosen: int) -> None:
    assert sdp.choose(sdp.parse_offer(CHROMIUM), profile_idc).payload_type == chosen


def test_high_profile_is_chosen_where_it_is_offered() -> None:
    assert sdp.choose(sdp.parse_offer(offer("116", "112")), 0x64).payload_type == 112


def test_an_offer_without_fragmenting_h264_is_refused_with_the_way_out() -> None:
    with pytest.raises(InputError, match=r"no H\.264") as refused:
        sdp.choose(sdp.parse_offer(offer("104")), None)
    assert "live.mp4" in (refused.value.cure or "")


def test_the_answer_sends_one_video_and_refuses_the_rest() -> None:
    offered = sdp.parse_offer(CHROMIUM)
    text = sdp.answer(offered, sdp.choose(offered, 0x42), LOCAL)
    sound, video = SessionDescription.parse(text).media
    assert (sound.kind, sound.port) == ("audio", 0)
    assert video.direction == "sendonly"
    assert [codec.payloadType for codec in video.rtp.codecs] == [102, 120]
    assert "a=group:BUNDLE 1\r\n" in text
    assert [each.ssrc for each in video.ssrc] == [1000, 2000], "the stream's own first, or Chromium takes the other"
    assert video.dtls is not None
    assert video.dtls.role == "server"
    assert [each.ip for each in video.ice_candidates] == ["192.0.2.2"]


def test_names_that_nobody_can_look_up_and_tcp_are_left_out() -> None:
    assert [each.ip for each in sdp.parse_offer(CHROMIUM).candidates] == ["192.0.2.9"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "v=0\r\n",
        CHROMIUM.replace("a=ice-pwd:fHlpGQfXutzNNwViGBWzXp0t\r\n", ""),
        CHROMIUM.replace("sha-256", "md5"),
        CHROMIUM.replace("a=setup:actpass", "a=setup:passive"),
        CHROMIUM.replace("a=mid:1\r\n", ""),
        offer("102", direction="sendonly"),
        CHROMIUM + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * 9,
    ],
    ids=["nothing", "words", "no media", "no password", "weak digest", "passive", "no mid", "sends", "too many parts"],
)
def test_what_cannot_be_answered_is_refused_clearly(text: str) -> None:
    with pytest.raises(InputError):
        sdp.parse_offer(text)


@given(st.data())
def test_a_damaged_offer_is_answered_or_refused_and_nothing_else(data: st.DataObject) -> None:
    lines = CHROMIUM.split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        kept = data.draw(st.integers(0, len(lines[at])))
        lines[at] = lines[at][:kept] + data.draw(st.text(st.characters(codec="ascii"), max_size=6)).replace("\n", "")
    try:
        offered = sdp.parse_offer("\r\n".join(lines))
        sdp.answer(offered, sdp.choose(offered, None), LOCAL)
    except InputError:
        pass


def test_later_candidates_are_read() -> None:
    fragment = sdp.parse_fragment(
        "a=ice-ufrag:hQGq\r\na=ice-pwd:x\r\nm=video 9 RTP/AVP 0\r\na=mid:1\r\n"
        "a=candidate:2 1 udp 1 192.0.2.9 51460 typ host\r\na=candidate:1 1 udp 1 x.local 5 typ host\r\n"
        "a=end-of-candidates\r\n"
    )
    assert fragment.username == "hQGq"
    assert [each.port for each in fragment.candidates] == [51460]


def test_a_malformed_candidate_is_refused() -> None:
    with pytest.raises(InputError):
        sdp.parse_fragment("a=candidate:2 1 udp one 192.0.2.9 51460 typ host\r\n")
