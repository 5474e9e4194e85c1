"""One session of a camera made fit for browsers: its packets pass, or one transcoder takes them for all viewers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from camsvc import log as logging
from camsvc.errors import UnplayableError
from camsvc.live import passing
from camsvc.live.access_unit import AccessUnit, Item, Paused, Started, rtp_time
from camsvc.media.nal import ParameterSets
from camsvc.media.packets import CLOCK_HZ, Packet, VideoParameters
from camsvc.worker.tap_wire import SessionBegan

_log = logging.get(__name__)

MAX_GOP_BYTES = 8 * 1024 * 1024
MAX_GOP_90K = 12 * CLOCK_HZ
"""What is remembered of the GOP that runs, in bytes and media time: 12 s at 5 Mb/s. Cameras with one key frame a minute
exist; beyond the bound nothing is kept, and a new viewer waits for the next key frame."""
MAX_GOP_UNITS = 1024
"""A camera of 60 pictures a second for 12 s, and some; whatever its time stamps say."""
MAX_REMEMBERED = 10_000
"""Cameras known to send B-frames. Overflow: all are forgotten, and found again."""


class Transcoding(Protocol):
    """What is needed of a transcoder (``live.transcode.Transcoder``)."""

    def offer(self, packet: Packet) -> None:
        """Never blocks."""
        ...

    def close(self) -> None: ...

    @property
    def waiting(self) -> int:
        """Packets offered and not decoded yet."""
        ...


class MakeTranscoder(Protocol):
    """``deliver`` and ``failed`` are called from the transcoder's own thread. Raises UnplayableError."""

    def __call__(
        self,
        video: VideoParameters,
        deliver: Callable[[AccessUnit], None],
        *,
        keep_all: bool,
        failed: Callable[[UnplayableError], None],
    ) -> Transcoding: ...


@dataclass(slots=True)
class Transcodes:
    """How many run, and which cameras need one for a reason that their parameters do not tell."""

    make: MakeTranscoder
    limit: int
    running: int = 0
    reordering: dict[str, bytes] = field(default_factory=dict)
    """Stream → parameter sets with which B-frames were seen."""

    @property
    def full(self) -> bool:
        return self.running >= self.limit

    def rendition(self, stream: str, video: VideoParameters) -> str | None:
        reordered = self.reordering.get(stream) == video.extradata
        return passing.why_not(video) or (passing.B_FRAMES if reordered else None)

    def note_reordering(self, stream: str, video: VideoParameters) -> None:
        if len(self.reordering) >= MAX_REMEMBERED:
            self.reordering.clear()
        self.reordering[stream] = video.extradata


class Gop:
    """What came since the last key frame, bounded."""

    def __init__(self) -> None:
        self.units: list[AccessUnit] = []
        self._bytes = 0

    def add(self, unit: AccessUnit) -> None:
        if unit.is_key:
            self.clear()
        elif not self.units:
            return
        self.units.append(unit)
        self._bytes += len(unit.data)
        lasts_90k = (unit.at - self.units[0].at).total_seconds() * CLOCK_HZ
        if self._bytes > MAX_GOP_BYTES or lasts_90k > MAX_GOP_90K or len(self.units) > MAX_GOP_UNITS:
            self.clear()

    def clear(self) -> None:
        self.units = []
        self._bytes = 0


class Showing:
    """Begins with its session and lives once; ``close`` it. Used by the event loop's thread alone."""

    def __init__(
        self,
        name: str,
        began: SessionBegan,
        transcodes: Transcodes,
        emit: Callable[[Item], None],
        *,
        keep_all: bool = False,
    ) -> None:
        """``name``: camera and stream. ``emit`` is given what viewers are to see, in order. ``keep_all``: replayed, so
        no picture is left out when transcoding is slow; offer no more while ``waiting`` is high.
        """
        self._name = name
        self._began = began
        self._transcodes = transcodes
        self._emit = emit
        self._keep_all = keep_all
        self._loop = asyncio.get_running_loop()
        self._order = passing.OrderWatch()
        self._packets: list[Packet] = []
        """Of the GOP that runs, to begin a transcoder with when a B-frame turns up."""
        self._packets_bytes = 0
        self._transcoder: Transcoding | None = None
        self._failed = False
        self._closed = False
        self.rendition = transcodes.rendition(name, began.video)
        if self.rendition is None:
            self._say_started()
        else:
            self._begin_transcoder()

    def take(self, packet: Packet) -> None:
        """The session's next packet."""
        if self.rendition is None:
            self._keep(packet)
            if not self._order.is_reordered(packet):
                self._emit(self._unit(packet))
                return
            self._turn_over()
            return
        if self._transcoder is None and packet.is_key and not self._failed:
            self._begin_transcoder()
        if self._transcoder is not None:
            self._transcoder.offer(packet)

    def lost(self) -> None:
        """Packets are missing before the next one, which is a key frame."""
        self._packets, self._packets_bytes = [], 0

    @property
    def waiting(self) -> int:
        """Packets that its transcoder has yet to decode."""
        return self._transcoder.waiting if self._transcoder else 0

    def close(self) -> None:
        """Nothing is emitted from now on."""
        self._closed = True
        self._end_transcoder()

    def _unit(self, packet: Packet) -> AccessUnit:
        data = packet.data
        if packet.is_key and not ParameterSets.of("h264", data[:_HEAD_BYTES]).is_complete:
            data = self._began.video.extradata + data
        return AccessUnit(data, packet.is_key, packet.at, rtp_time(packet.at))

    def _keep(self, packet: Packet) -> None:
        if packet.is_key:
            self._packets, self._packets_bytes = [], 0
        self._packets.append(packet)
        self._packets_bytes += len(packet.data)
        if self._packets_bytes > MAX_GOP_BYTES or len(self._packets) > MAX_GOP_UNITS:
            self._packets, self._packets_bytes = [], 0

    def _turn_over(self) -> None:
        """A B-frame: from here on a transcoder, which begins with the GOP that runs."""
        _log.info("stream has B-frames: it is transcoded while watched", stream=self._name)
        self._transcodes.note_reordering(self._name, self._began.video)
        self.rendition = passing.B_FRAMES
        packets, self._packets, self._packets_bytes = self._packets, [], 0
        self._begin_transcoder()
        if self._transcoder is not None and packets and packets[0].is_key:
            for packet in packets:
                self._transcoder.offer(packet)

    def _begin_transcoder(self) -> None:
        if self._transcodes.full:
            detail = f"{self._transcodes.limit} cameras are transcoded already, and this one needs it too"
            self._emit(Paused("transcoders", detail))
            return
        try:
            self._transcoder = self._transcodes.make(
                self._began.video, self._delivered, keep_all=self._keep_all, failed=self._told_failed
            )
        except UnplayableError as error:
            self._fail(error)
            return
        self._transcodes.running += 1
        self._say_started()

    def _end_transcoder(self) -> None:
        transcoder, self._transcoder = self._transcoder, None
        if transcoder is not None:
            transcoder.close()
            self._transcodes.running -= 1

    def _say_started(self) -> None:
        began = self._began
        self._emit(Started(began.session, began.video, began.stream, self.rendition))

    def _delivered(self, unit: AccessUnit) -> None:
        """The transcoder's thread."""
        self._soon(lambda: None if self._closed else self._emit(unit))

    def _told_failed(self, error: UnplayableError) -> None:
        """The transcoder's thread."""
        self._soon(lambda: self._fail(error))

    def _soon(self, call: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    def _fail(self, error: UnplayableError) -> None:
        if self._closed:
            return
        self._failed = True
        self._end_transcoder()
        _log.warning("stream cannot be transcoded", stream=self._name, reason=str(error))
        self._emit(Paused("unplayable", str(error)))


_HEAD_BYTES = 1024
"""Parameter sets stand before the picture and are short; the picture is not searched."""
