"""Session descriptions (RFC 8866, RFC 9429) as WHEP needs them: an offer that wants to see, an answer that sends H.264.

The offer is parsed by aiortc. The answer is written here, because it must say what aiortc's cannot: that a part of the
offer (sound, a data channel) is refused, and exactly the format that was chosen.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aiortc import RTCIceCandidate, RTCIceParameters
from aiortc.rtcdtlstransport import RTCDtlsParameters
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import MediaDescription, SessionDescription, candidate_from_sdp, candidate_to_sdp

from camsvc.errors import InputError

MAX_CANDIDATES = 32
"""Of one browser: each costs connectivity checks. A host with many interfaces offers about ten."""
MAX_MEDIA = 8
"""Parts of one offer; a viewer needs one or two."""
DIGESTS = frozenset({"sha-256", "sha-384", "sha-512"})
"""Those that aiortc can check a certificate by."""

_PACKETIZATION_MODE = "1"
_HIGH_444 = 0xF4
_CURE = "send the offer of an RTCPeerConnection with one receive-only video transceiver"


@dataclass(frozen=True, slots=True)
class Offer:
    """What of an offer matters."""

    media: tuple[MediaDescription, ...]
    index: int
    """Of the video to be sent, in ``media``."""
    ice: RTCIceParameters
    dtls: RTCDtlsParameters
    candidates: tuple[RTCIceCandidate, ...]

    @property
    def video(self) -> MediaDescription:
        return self.media[self.index]


@dataclass(frozen=True, slots=True)
class Format:
    """How the video travels, as both sides have agreed."""

    payload_type: int
    parameters: str
    """As the browser offered them (``fmtp``); empty when it offered none."""
    rtx_payload_type: int | None = None
    """Of repeated packets; None: the browser takes a repetition in the stream itself."""
    nack: bool = False


@dataclass(frozen=True, slots=True)
class Local:
    """Our side of the answer."""

    ice: RTCIceParameters = field(repr=False)
    fingerprint: str
    """Algorithm and value, as they stand in the answer."""
    candidates: Sequence[RTCIceCandidate]
    ssrc: int
    rtx_ssrc: int
    cname: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a browser sends later (RFC 8840): candidates that it has found meanwhile."""

    username: str | None
    candidates: tuple[RTCIceCandidate, ...]


def parse_offer(text: str) -> Offer:
    """Raises InputError for what is no offer, or one that cannot be answered."""
    try:
        description = SessionDescription.parse(text)
    except (ValueError, KeyError, IndexError, AssertionError, AttributeError, StopIteration, TypeError) as error:
        raise InputError("the body is no session description", parameter="sdp", cure=_CURE) from error
    if len(description.media) > MAX_MEDIA:
        raise InputError(f"the offer has more than {MAX_MEDIA} parts", parameter="sdp", cure=_CURE)
    for index, media in enumerate(description.media):
        if media.kind == "video" and media.port != 0 and media.direction not in {"sendonly", "inactive"}:
            return _offer(tuple(description.media), index, media)
    raise InputError("the offer asks for no video", parameter="sdp", cure=_CURE)


def choose(offer: Offer, profile_idc: int | None) -> Format:
    """The offered H.264 that comes nearest to the stream's profile (None: not known yet): the same, else a greater one.

    Browsers decode every profile under each of these names; but one that filters by it must find its own.
    Raises InputError when there is none.
    """
    usable = [codec for codec in offer.video.rtp.codecs if _is_usable(codec)]
    if not usable:
        raise InputError(
            "the browser offers no H.264 (packetization-mode 1) for the video",
            parameter="sdp",
            cure="use a browser with H.264, or the stream over HTTP (live.mp4)",
        )
    wanted = profile_idc or 0x64
    chosen = min(usable, key=lambda codec: _distance(_profile_idc(codec), wanted))
    repeats = [c for c in offer.video.rtp.codecs if c.name.lower() == "rtx" and _apt(c) == chosen.payloadType]
    feedback = {(each.type, each.parameter) for each in chosen.rtcpFeedback}
    return Format(
        _payload_type(chosen),
        ";".join(key if value is None else f"{key.strip()}={value}" for key, value in chosen.parameters.items()),
        repeats[0].payloadType if repeats else None,
        nack=("nack", None) in feedback,
    )


def answer(offer: Offer, chosen: Format, local: Local) -> str:
    """The body of the answer; all parts of the offer but the video are refused."""
    lines = [
        "v=0",
        f"o=- {secrets.randbits(62)} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {offer.video.rtp.muxId}",
        "a=msid-semantic:WMS *",
    ]
    for index, media in enumerate(offer.media):
        lines += _video(media, chosen, local) if index == offer.index else _refusal(media)
    return "\r\n".join(lines) + "\r\n"


def parse_fragment(text: str) -> Fragment:
    """Raises InputError."""
    username: str | None = None
    candidates: list[RTCIceCandidate] = []
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "a=ice-ufrag":
            username = value.strip()
        elif name == "a=candidate":
            try:
                candidates.append(candidate_from_sdp(value))
            except (ValueError, IndexError, AssertionError) as error:
                raise InputError(
                    "a candidate line is malformed", parameter="sdpfrag", cure="send what the browser reported"
                ) from error
    return Fragment(username, tuple(_reachable(candidates)))


def _offer(media: tuple[MediaDescription, ...], index: int, video: MediaDescription) -> Offer:
    ice, dtls = video.ice, video.dtls
    if ice is None or not ice.usernameFragment or not ice.password:
        raise InputError("the offer lacks ice-ufrag or ice-pwd", parameter="sdp", cure=_CURE)
    if dtls is None or not any(each.algorithm.lower() in DIGESTS for each in dtls.fingerprints):
        raise InputError("the offer lacks setup, or a SHA-256 fingerprint", parameter="sdp", cure=_CURE)
    if dtls.role == "server":
        raise InputError("the offer's setup must be actpass or active", parameter="sdp", cure=_CURE)
    if not video.rtp.muxId:
        raise InputError("the offer's video has no mid", parameter="sdp", cure=_CURE)
    return Offer(media, index, ice, dtls, tuple(_reachable(video.ice_candidates)))


def _reachable(candidates: Sequence[RTCIceCandidate]) -> Iterator[RTCIceCandidate]:
    """Without those that name no address: mDNS names hide a browser's, and looking one up takes seconds. A browser
    that has only such is found by its own checks, which reach us first anyway."""
    for candidate in candidates[:MAX_CANDIDATES]:
        if candidate.protocol.lower() == "udp" and not candidate.ip.lower().endswith(".local"):
            yield candidate


def _is_usable(codec: RTCRtpCodecParameters) -> bool:
    mode = str(_parameter(codec, "packetization-mode") or "0")
    return codec.name.upper() == "H264" and codec.clockRate == 90_000 and mode == _PACKETIZATION_MODE


def _parameter(codec: RTCRtpCodecParameters, name: str) -> str | int | None:
    return next((value for key, value in codec.parameters.items() if key.strip() == name), None)


def _apt(codec: RTCRtpCodecParameters) -> str | int | None:
    return _parameter(codec, "apt")


def _payload_type(codec: RTCRtpCodecParameters) -> int:
    if codec.payloadType is None:
        raise InputError("a format of the offer has no payload type", parameter="sdp", cure=_CURE)
    return codec.payloadType


def _profile_idc(codec: RTCRtpCodecParameters) -> int:
    """Constrained baseline where the parameters do not say (RFC 6184 §8.1)."""
    try:
        return int(str(_parameter(codec, "profile-level-id") or "42e01f")[:2], 16)
    except ValueError:
        return 0


def _distance(offered: int, wanted: int) -> tuple[bool, bool, int]:
    return offered == _HIGH_444 != wanted, offered < wanted, abs(offered - wanted)


def _video(media: MediaDescription, chosen: Format, local: Local) -> list[str]:
    main, repeat = chosen.payload_type, chosen.rtx_payload_type
    types = [main] if repeat is None else [main, repeat]
    lines = [
        f"m=video 9 {media.profile} {' '.join(map(str, types))}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{media.rtp.muxId}",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        f"a=msid:{local.cname} video",
        f"a=rtpmap:{main} H264/90000",
        f"a=rtcp-fb:{main} nack pli",
        f"a=rtcp-fb:{main} ccm fir",
    ]
    if chosen.nack:
        lines.append(f"a=rtcp-fb:{main} nack")
    if chosen.parameters:
        lines.append(f"a=fmtp:{main} {chosen.parameters}")
    if repeat is not None:
        lines += [f"a=rtpmap:{repeat} rtx/90000", f"a=fmtp:{repeat} apt={main}"]
        lines.append(f"a=ssrc-group:FID {local.ssrc} {local.rtx_ssrc}")
    # Chromium takes the first that is named for the stream's own, whatever the group says.
    lines.append(f"a=ssrc:{local.ssrc} cname:{local.cname}")
    if repeat is not None:
        lines.append(f"a=ssrc:{local.rtx_ssrc} cname:{local.cname}")
    lines += [
        f"a=ice-ufrag:{local.ice.usernameFragment}",
        f"a=ice-pwd:{local.ice.password}",
        f"a=fingerprint:{local.fingerprint}",
        "a=setup:passive",
        *[f"a=candidate:{candidate_to_sdp(candidate)}" for candidate in local.candidates],
        "a=end-of-candidates",
    ]
    return lines


def _refusal(media: MediaDescription) -> list[str]:
    """RFC 9429 §5.3.1: port 0, its formats repeated."""
    formats = " ".join(map(str, media.fmt)) or "0"
    lines = [f"m={media.kind} 0 {media.profile} {formats}", "c=IN IP4 0.0.0.0", "a=inactive"]
    return [*lines, f"a=mid:{media.rtp.muxId}"] if media.rtp.muxId else lines
