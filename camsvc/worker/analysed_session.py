"""What an analysis keeps for as long as one session of the stream lasts: decoder, tracker, gate, the current GOP."""

from __future__ import annotations

from datetime import datetime

from camsvc.domain.track import Moment
from camsvc.errors import MediaError
from camsvc.gate.motion import Gate
from camsvc.media.decode import Decoder, Frame
from camsvc.media.packets import Packet, Parameters
from camsvc.vision.tracker import Tracker
from camsvc.worker.sampler import Sampler

MAX_GOP_PACKETS = 3000
"""Of the current GOP, kept by reference for a start at its key frame: 2 minutes at 25 fps. A longer one is only decoded
from its next key frame on, and counted."""


class AnalysedSession:
    """Used by the analysis thread."""

    def __init__(
        self, session: str, parameters: Parameters, gate: Gate | None, tracker: Tracker, sampler: Sampler
    ) -> None:
        self.id = session
        self.gate = gate
        self.tracker = tracker
        self.sampler = sampler
        self.decoding = False
        """Whether the decoder has had every packet of the current GOP."""
        self.last: Moment | None = None
        """Of the latest packet."""
        self._decoder = Decoder(parameters.video)
        self._gop: list[Packet] = []

    def moment(self, pts_90k: int, at: datetime) -> Moment:
        return Moment(self.id, pts_90k, at)

    def keep(self, packet: Packet) -> bool:
        """Remember the current GOP; whether there was room."""
        if packet.is_key:
            self._gop = [packet]
        elif self._gop:
            if len(self._gop) >= MAX_GOP_PACKETS:
                self._gop = []
                return False
            self._gop.append(packet)
        return True

    def gop(self) -> list[Packet]:
        return self._gop

    def forget_gop(self) -> None:
        """Decoding can only go on at the next key frame."""
        self._gop = []
        self.decoding = False
        self._decoder.reset()

    def decode(self, packet: Packet) -> list[Frame]:
        if not self.decoding and not packet.is_key:
            return []
        self.decoding = True
        return self._decoder.decode(packet)

    def decode_alone(self) -> list[Frame]:
        """The key frame that has just come, by itself."""
        frames = self._decoder.decode(self._gop[0]) + self._decoder.flush() if self._gop else []
        self._decoder.reset()
        return frames

    def rest(self) -> list[Frame]:
        """Frames still in the decoder; it starts anew at a key frame."""
        if not self.decoding:
            return []
        self.decoding = False
        try:
            return self._decoder.flush()
        except MediaError:
            return []
        finally:
            self._decoder.reset()
