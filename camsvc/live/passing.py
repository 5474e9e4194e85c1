"""What every browser plays over WebRTC as the camera sends it: H.264 of 8 bits in 4:2:0, progressive, without B-frames.

The sequence parameter set says most of it at once. Of B-frames it need not: cameras whose set is silent are watched for
pictures that come after one to be shown later.
"""

from __future__ import annotations

from dataclasses import dataclass

from camsvc.live.sps import Sps
from camsvc.media.nal import ParameterSets, SetKind
from camsvc.media.packets import Packet, VideoParameters

HEVC = "hevc"
B_FRAMES = "b-frames"
PROFILE = "profile"

PASSED_PROFILES = frozenset({66, 77, 100})
"""profile_idc of baseline, main and high (A.2): decoded by Chromium, Firefox and Safari, whatever they negotiated."""


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """Of an H.264 sequence parameter set."""

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
    sps = Sps.of(unit)
    return SequenceFacts(
        sps.profile, sps.chroma_format == 1 and sps.bit_depth == 8, sps.frames_only, sps.reorder_frames
    )


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
