"""What no browser plays, made into what every browser plays: once per camera, while somebody watches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from camsvc.clock import Clock
from camsvc.errors import UnplayableError
from camsvc.live.access_unit import AccessUnit, rtp_time
from camsvc.live.encoder import Encoded, Encoder
from camsvc.media.decode import Decoder, Frame
from camsvc.media.packets import CLOCK_HZ, Kind, Packet, VideoParameters

MAX_PACKETS = 512
"""Waiting at once: more than the longest GOP that a channel remembers (12 s of 30 pictures)."""

MAX_BYTES = 16 * 1024 * 1024
"""Waiting at once: twice the largest GOP that a channel remembers."""

LATE_S = 0.2
"""A picture that lies so far behind the newest packet is decoded, since others refer to it, but not encoded: a viewer
sees fewer pictures rather than old ones. Wider than the distance of two pictures of the slowest camera that moves."""

SHOW_AT_LEAST_EVERY_S = 0.5
"""Also when late: a picture that jumps is better than one that stands."""

SKIP_AHEAD_S = 0.5
"""A picture this far behind is not even decoded when a later key frame waits already."""

GIVE_UP_S = 3.0
"""A packet has waited so long: decoding alone is too slow, and everything that waits is dropped up to the next key
frame. Long enough for the GOP with which a channel begins, which comes at once, and for a machine that was held up:
both are made good sooner than a long GOP ends."""

UNDECODABLE_KEYS = 5
"""After so many key frames without a single picture, none will come."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TranscoderStats:
    decoded: int
    encoded: int
    skipped: int
    """Decoded and not encoded: they were late."""
    dropped: int
    """Packets not decoded: the queue was full, or a later key frame was there already."""
    broken: int
    """Packets that could not be decoded, and those that referred to them."""
    behind_s: float
    """Media time between the picture in work and the newest packet offered."""


class Transcoder:
    """Decodes the packets of one stream and encodes them as H.264 baseline without B-frames, in a thread of its own.

    Any thread may call ``offer``, ``close``, ``stats`` and ``failure``. ``deliver`` is called from the transcoder's
    thread with each picture in order of showing, each with the wall time of its packet; once ``close`` has returned at
    most one more may come. Raises UnplayableError when there is no decoder for ``video``.

    ``keep_all``: for what is replayed, where pictures must not be left out and delay does not matter. The caller then
    watches ``waiting`` and offers no faster than it shrinks.
    """

    def __init__(
        self,
        video: VideoParameters,
        deliver: Callable[[AccessUnit], None],
        *,
        clock: Clock,
        keep_all: bool = False,
        failed: Callable[[UnplayableError], None] | None = None,
    ) -> None:
        self._decoder = Decoder(video)
        self._encoder = Encoder()
        self._deliver, self._failed = deliver, failed
        self._clock = clock
        self._backlog = _Backlog(clock, keep_all=keep_all)
        self._keep_all = keep_all
        self._last_shown_s = clock.monotonic_s()
        self._last_90k = 0
        self._keys_without_picture = 0
        self._decoded = self._encoded = self._skipped = 0
        self._failure: UnplayableError | None = None
        self._thread = threading.Thread(target=self._run, name="transcode", daemon=True)
        self._thread.start()

    def offer(self, packet: Packet) -> None:
        """Never blocks. When too much waits, what waits is dropped up to the next key frame, and counted."""
        if packet.kind is Kind.VIDEO:
            self._backlog.put(packet)

    def close(self) -> None:
        """Does not wait for the picture in work; may be called twice."""
        self._backlog.close()

    def join(self, timeout_s: float) -> bool:
        """After ``close``: whether the thread has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """Packets offered and not decoded yet."""
        return self._backlog.waiting

    @property
    def failure(self) -> UnplayableError | None:
        """Why nothing more will come; ``failed`` was called with it once."""
        return self._failure

    @property
    def stats(self) -> TranscoderStats:
        broken = self._decoder.broken_packets + self._decoder.skipped_packets
        backlog = self._backlog
        return TranscoderStats(self._decoded, self._encoded, self._skipped, backlog.dropped, broken, backlog.behind_s)

    def _run(self) -> None:
        try:
            while (taken := self._backlog.take()) is not None:
                self._work(*taken)
        except UnplayableError as error:
            self._fail(error)
        except Exception as error:  # noqa: BLE001  top of the thread: a viewer is told, the process lives on
            _log.exception("transcoder failed")
            self._fail(UnplayableError(f"the video could not be made fit for browsers: {error}"))

    def _work(self, packet: Packet, follows_gap: bool) -> None:
        if follows_gap:
            self._decoder.reset()
        frames = self._decoder.decode(packet)
        self._decoded += len(frames)
        self._notice_undecodable(packet, frames)
        for frame in frames:
            if self._is_worth_showing(frame):
                self._show(frame)
            else:
                self._skipped += 1

    def _notice_undecodable(self, packet: Packet, frames: list[Frame]) -> None:
        if frames:
            self._keys_without_picture = 0
        elif packet.is_key:
            self._keys_without_picture += 1
            if self._keys_without_picture > UNDECODABLE_KEYS:
                raise UnplayableError(f"no picture could be decoded from {UNDECODABLE_KEYS} key frames")

    def _is_worth_showing(self, frame: Frame) -> bool:
        if self._keep_all or self._backlog.behind_of_s(frame.at) <= LATE_S:
            return True
        return self._clock.monotonic_s() - self._last_shown_s >= SHOW_AT_LEAST_EVERY_S

    def _show(self, frame: Frame) -> None:
        self._last_shown_s = self._clock.monotonic_s()
        # The encoder wants times that rise; the wall time of a new session may be that of the old one's last picture.
        time_90k = max(round(frame.at.timestamp() * CLOCK_HZ), self._last_90k + 1)
        self._last_90k = time_90k
        for made in self._encoder.encode(frame.video, time_90k, self._decoder.pixel_shape):
            self._encoded += 1
            if not self._backlog.closed:
                self._deliver(_unit(made, frame.at))

    def _fail(self, error: UnplayableError) -> None:
        self._failure = error
        self._backlog.close()
        if self._failed is not None:
            self._failed(error)


def _unit(made: Encoded, at: datetime) -> AccessUnit:
    return AccessUnit(made.data, made.is_key, at, rtp_time(at))


class _Backlog:
    """What waits to be decoded: bounded, and the place where a late decoder is helped to catch up."""

    def __init__(self, clock: Clock, *, keep_all: bool) -> None:
        self._clock = clock
        self._keep_all = keep_all
        self._packets: deque[tuple[float, Packet]] = deque()
        """With the monotonic time of their arrival."""
        self._bytes = 0
        self._keys = 0
        """Key frames among those that wait."""
        self._newest: datetime | None = None
        self._in_work: datetime | None = None
        self._changed = threading.Condition()
        self._waits_for_key = True
        self._follows_gap = False
        self.closed = False
        self.dropped = 0

    @property
    def waiting(self) -> int:
        return len(self._packets)

    @property
    def behind_s(self) -> float:
        return self.behind_of_s(self._in_work) if self._in_work else 0.0

    def behind_of_s(self, at: datetime) -> float:
        newest = self._newest
        return (newest - at).total_seconds() if newest is not None else 0.0

    def put(self, packet: Packet) -> None:
        with self._changed:
            if self.closed:
                return
            now_s = self._clock.monotonic_s()
            if self._is_too_much(packet, now_s):
                self._drop_all()
            if self._waits_for_key and not packet.is_key:
                self.dropped += 1
                return
            self._waits_for_key = False
            self._packets.append((now_s, packet))
            self._bytes += len(packet.data)
            self._keys += packet.is_key
            self._newest = packet.at
            self._changed.notify()

    def take(self) -> tuple[Packet, bool] | None:
        """The next packet, and whether packets before it are missing. Waits; None after ``close``."""
        with self._changed:
            while not self._packets and not self.closed:
                self._changed.wait()
            if self.closed:
                return None
            if not self._keep_all and self.behind_of_s(self._packets[0][1].at) > SKIP_AHEAD_S:
                self._skip_to_last_key()
            packet = self._pop()
            self._in_work = packet.at
            follows_gap, self._follows_gap = self._follows_gap, False
            return packet, follows_gap

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._packets.clear()
            self._changed.notify_all()

    def _is_too_much(self, packet: Packet, now_s: float) -> bool:
        if len(self._packets) >= MAX_PACKETS or self._bytes + len(packet.data) > MAX_BYTES:
            return True
        return not self._keep_all and bool(self._packets) and now_s - self._packets[0][0] > GIVE_UP_S

    def _skip_to_last_key(self) -> None:
        while self._keys > self._packets[0][1].is_key:
            self._pop()
            self.dropped += 1
            self._follows_gap = True

    def _drop_all(self) -> None:
        self.dropped += len(self._packets)
        self._packets.clear()
        self._bytes = self._keys = 0
        self._waits_for_key = self._follows_gap = True

    def _pop(self) -> Packet:
        _, packet = self._packets.popleft()
        self._bytes -= len(packet.data)
        self._keys -= packet.is_key
        return packet
