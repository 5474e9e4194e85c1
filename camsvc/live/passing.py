"""What every browser plays over WebRTC as the camera sends it: H.264 of 8 bits in 4:2:0, progressive, without B-frames.

The sequence parameter set says most of it at once. Of B-frames it need not: cameras whose set is silent are watched for
pictures that come after one to be shown later.
"""

from __future__ import annotations

from dataclasses import dataclass

from camsvc.gate.bits import Bits
from camsvc.media.nal import ParameterSets, SetKind
from camsvc.media.packets import Packet, VideoParameters

HEVC = "hevc"
B_FRAMES = "b-frames"
PROFILE = "profile"

PASSED_PROFILES = frozenset({66, 77, 100})
"""profile_idc of baseline, main and high (A.2): decoded by Chromium, Firefox and Safari, whatever they negotiated."""
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_EXTENDED_SAR = 255


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """Of an H.264 sequence parameter set (ITU-T H.264 7.3.2.1.1, E.1.1)."""

    profile: int
    is_420_8bit: bool
    is_progressive: bool
    reordered: int | None
    """max_num_reorder_frames; None when the set does not say."""


def why_not(video: VideoParameters) -> str | None:
    """The rendition that this video needs; None: it is passed through, unless ``OrderWatch`` objects."""
    if video.codec == "hevc":
        return HEVC
    if video.codec != "h264":
        return PROFILE
    found = [unit for key, unit in ParameterSets.of("h264", video.extradata).sets if key[0] is SetKind.SPS]
    try:
        facts = [facts_of(unit) for unit in found]
    except ValueError:
        return PROFILE
    if not all(each.profile in PASSED_PROFILES and each.is_420_8bit and each.is_progressive for each in facts):
        return PROFILE
    return B_FRAMES if any(each.reordered for each in facts) else None


def facts_of(unit: bytes) -> SequenceFacts:
    """Of one set without its start code. Raises ValueError when it is cut or not understood."""
    bits = Bits(unit[1:])
    profile = bits.u(8)
    bits.u(16), bits.ue()
    is_420_8bit = True
    if profile in _WITH_CHROMA:
        is_420_8bit = _chroma(bits)
    bits.ue()
    _skip_order(bits)
    bits.ue(), bits.u(1), bits.ue(), bits.ue()
    is_progressive = bits.flag()
    if not is_progressive:
        bits.u(1)
    bits.u(1)
    if bits.flag():
        for _ in range(4):
            bits.ue()
    reordered = _reordered(bits) if bits.flag() else None
    return SequenceFacts(profile, is_420_8bit, is_progressive, reordered)


class OrderWatch:
    """Watches one session for B-frames: a picture to be shown before one that came earlier."""

    def __init__(self) -> None:
        self._latest_90k: int | None = None

    def is_reordered(self, packet: Packet) -> bool:
        latest = self._latest_90k
        if latest is None or packet.pts_90k > latest or packet.is_key:
            self._latest_90k = packet.pts_90k
            return False
        return packet.pts_90k < latest


def _chroma(bits: Bits) -> bool:
    chroma = bits.ue()
    if chroma == 3:
        bits.u(1)
    luma_depth, chroma_depth = bits.ue(), bits.ue()
    bits.u(1)
    if bits.flag():
        for index in range(12 if chroma == 3 else 8):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma == 1 and luma_depth == 0 and chroma_depth == 0


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _skip_order(bits: Bits) -> None:
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.u(1), bits.se(), bits.se()
        for _ in range(bits.ue()):
            bits.se()


def _reordered(bits: Bits) -> int | None:
    """The end of the usability information; what stands before it is only passed over."""
    if bits.flag() and bits.u(8) == _EXTENDED_SAR:
        bits.u(32)
    if bits.flag():
        bits.u(1)
    if bits.flag():
        bits.u(4)
        if bits.flag():
            bits.u(24)
    if bits.flag():
        bits.ue(), bits.ue()
    if bits.flag():
        bits.u(32), bits.u(32), bits.u(1)
    has_rates = [_skip_rates(bits), _skip_rates(bits)]
    if any(has_rates):
        bits.u(1)
    bits.u(1)
    if not bits.flag():
        return None
    bits.u(1)
    for _ in range(4):
        bits.ue()
    return bits.ue()


def _skip_rates(bits: Bits) -> bool:
    """hrd_parameters (E.1.2), if they are there."""
    if not bits.flag():
        return False
    count = bits.ue() + 1
    bits.u(8)
    for _ in range(count):
        bits.ue(), bits.ue(), bits.u(1)
    bits.u(20)
    return True
