"""What a viewer is given: pictures a browser can play, and word of when they begin, stop and go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from camsvc.domain.camera import StreamRole
from camsvc.live.rtp import Cut
from camsvc.media.packets import CLOCK_HZ, VideoParameters

RTP_PERIOD = 1 << 32
"""An RTP time stamp is 32 bits (RFC 3550 §5.1): at 90 kHz it begins anew after 13 h 15 min."""


class Packed:
    """A place on an access unit where senders leave what they made of its data once, for all viewers of it.

    Used by the event loop's thread alone.
    """

    __slots__ = ("cut",)

    def __init__(self) -> None:
        self.cut: Cut | None = None
        """RTP packets (RFC 6184), None until the first viewer needed them."""


@dataclass(frozen=True, slots=True, eq=False)
class AccessUnit:
    """One encoded H.264 picture without B-frames around it: the order of decoding is the order of showing."""

    data: bytes = field(repr=False)
    """Annex B; SPS and PPS stand in front of every IDR picture."""
    is_key: bool
    at: datetime
    """Wall time (UTC) of the picture, always the true one."""
    at_90k: int
    """RTP time stamp: ``rtp_time(at)``, but for a picture that is caught up: those are laid ≤ 1 ms apart just before
    the first live one, so that a player does not play them out at their own pace. Rises strictly (modulo its period)
    from unit to unit of one subscription."""
    caught_up: bool = False
    """From the channel's memory: sent so that a viewer can begin in the middle of a GOP, not to be looked at."""
    packed: Packed = field(default_factory=Packed, repr=False)
    """Shared by all copies of the unit."""


@dataclass(frozen=True, slots=True)
class Started:
    """A session of the camera begins for this viewer, or goes on with other means: the next unit is a key frame."""

    session: str
    video: VideoParameters
    """Of the camera. Those of the pictures stand in each key frame: they differ when ``rendition`` is given."""
    stream: StreamRole
    """What is seen: main where sub was asked for and the camera has none."""
    rendition: str | None
    """None: the camera's own bits. Else why they are transcoded: ``hevc``, ``b-frames`` or ``profile``."""


@dataclass(frozen=True, slots=True)
class Paused:
    """Nothing comes for now; it goes on by itself with ``Started``."""

    reason: str
    """A code: a ``CameraState`` (``retrying``, ``refused``, ``unassigned``, ``disabled``, ``connecting``), ``removed``,
    ``worker`` (it does not answer) or ``transcoders`` (none is free)."""
    detail: str | None
    """One sentence for a person; never holds a credential."""


Item = AccessUnit | Started | Paused


def rtp_time(at: datetime) -> int:
    """The 32-bit RTP time stamp of a wall time: a browser can tell the one from the other without any further word."""
    return round(at.timestamp() * CLOCK_HZ) % RTP_PERIOD
