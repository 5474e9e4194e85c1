"""Media time and wall time of one session, kept apart (invariant 4).

Media time: the camera's own time stamps, unwrapped, in 1/90000 s since the session's first picture.

Wall time: a packet cannot arrive before it was made, and the least delayed packets tell how media time lies on our own
clock. So the anchor is the minimum, over the last minute, of arrival (monotonic) minus media time. A packet delayed by
the network keeps the wall time of its media time. The anchor follows downwards at once (a packet that came with less
delay is proof) and upwards slowly (a camera whose clock runs slow). Wall time never runs backwards.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from statistics import median

from camsvc.clock import Clock
from camsvc.errors import TimelineError
from camsvc.media.packets import CLOCK_HZ

JUMP_S = 1.5
"""A step of media time or of the host's clock beyond this ends the session. RTCP synchronisation of audio to video
moves time stamps by a few hundred milliseconds; a camera that sets its clock by NTP moves them by seconds."""

UNSETTLED_FACTOR = 3
"""At the start a camera may send a second of stored pictures at once, and one picture in two seconds."""

BACKWARD_S = 1.0
"""Pictures are reordered by 16 at most (H.264 A.3.1): less than a second at any rate in use."""

WINDOW_S = 1.0
WINDOWS = 60
"""The minimum delay is looked for over the last minute: Wi-Fi and WAN links have an undelayed packet in any minute, and
the clock of a camera, wrong by at most 100 ppm by its crystal, drifts by 6 ms in it."""

SLEW = 0.005
"""The anchor rises by at most 5 ms a second of media: faster than any crystal drifts, too slow for anyone to see."""

PIPELINE_MS = 150.0
"""Exposure, encoding and sending take 50 to 250 ms in IP cameras and cannot be seen from here: part of every error."""

SETTLING_MS = 250.0
"""Further uncertainty of the first second, before an undelayed packet is likely to have been seen."""

CAMERA_CLOCK_SAMPLES = 15
"""One a second: the median of a quarter of a minute shrugs off the wrong first reports of some servers."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Ticks:
    """Time stamps of one stream in 1/90000 s, unwrapped. ``wrap_bits``: RTP time stamps have 32 (RFC 3550 5.1)."""

    def __init__(self, time_base: Fraction, wrap_bits: int | None = None) -> None:
        self.scale = time_base * CLOCK_HZ
        self._numerator, self._denominator = self.scale.numerator, self.scale.denominator
        self._period = 1 << wrap_bits if wrap_bits else None
        self._last: int | None = None

    def to_90k(self, raw: int) -> int:
        if self._period and self._last is not None and abs(raw - self._last) > self._period >> 1:
            raw += round((self._last - raw) / self._period) * self._period
        self._last = raw
        return self.scaled(raw)

    def scaled(self, ticks: int) -> int:
        return (ticks * self._numerator + self._denominator // 2) // self._denominator


class DecodeOrder:
    """Decoding times of pictures whose presentation times are known: RTP carries no others.

    They rise strictly. ``depth`` is how many pictures a decoder holds back (0: no B-frames, both times are the same).
    """

    def __init__(self, depth: int, frame_90k: int) -> None:
        self._depth, self._frame_90k = depth, max(1, frame_90k)
        self._held: list[int] = []
        self._last: int | None = None

    def deepen(self, depth: int) -> None:
        """From the next picture on there are B-frames after all."""
        self._depth = depth

    def dts(self, pts_90k: int) -> int:
        if self._depth == 0:
            dts = pts_90k
        else:
            heapq.heappush(self._held, pts_90k)
            if len(self._held) > self._depth:
                dts = heapq.heappop(self._held)
            else:
                dts = self._held[0] - (self._depth + 1 - len(self._held)) * self._frame_90k
        if self._last is not None:
            dts = max(dts, self._last + 1)
        self._last = dts
        return dts


class WallAnchor:
    """Lays media time on our wall clock. Used by the session's thread; any may look at ``error_ms``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_s: float | None = None
        """Monotonic time of media time 0."""
        self._host_s = _wall_of_monotonic_0(clock)
        self._host_apart_s = 0.0
        """How far the host's wall clock has gone from that since."""
        self._past_minima: deque[float] = deque(maxlen=WINDOWS - 1)
        self._least_past_s = math.inf
        self._minimum_s = math.inf
        """Of the window that is open."""
        self._window_ends_s = 0.0
        self._newest_s = 0.0
        """Greatest media time so far."""
        self.error_ms = PIPELINE_MS + SETTLING_MS
        """What the camera needs to make and send a picture, how far the least delay wandered, and the host's clock."""

    def observe(self, pts_90k: int, arrived_s: float, *, settled: bool = True) -> None:
        """A picture of this media time arrived, by the monotonic clock.

        Until ``settled`` a source may still be sending what it had in store, faster than real time.
        Raises TimelineError when media time jumped, or (within a second) when the host's clock did.
        """
        media_s = pts_90k / CLOCK_HZ
        delay_s = arrived_s - media_s
        if self._offset_s is None:
            self._offset_s, self._newest_s = delay_s, media_s
            self._window_ends_s = arrived_s + WINDOW_S
        step_s = media_s - self._newest_s
        if step_s < -BACKWARD_S or step_s > JUMP_S:
            self._check_jump(step_s, self._offset_s - delay_s, settled=settled)
        if arrived_s >= self._window_ends_s:
            self._turn_window(arrived_s)
        # This runs for every picture of every camera: comparisons, not min() and max().
        if delay_s < self._minimum_s:
            self._minimum_s = delay_s
        if step_s > 0:
            self._newest_s = media_s
            self._follow(self._offset_s, SLEW * step_s)

    def at(self, pts_90k: int) -> datetime:
        """Wall time of this media time, as known now."""
        if self._offset_s is None:
            raise RuntimeError("at() before any picture was observed")
        # From picture to picture this never falls: where a picture lowers the offset, its wall time is its arrival, and
        # no earlier picture was given a wall time after its own; upwards the offset moves less than media time.
        at_s = pts_90k / CLOCK_HZ + self._offset_s + self._host_s
        return EPOCH + timedelta(microseconds=round(at_s * 1e6))

    def _check_jump(self, step_s: float, early_s: float, *, settled: bool) -> None:
        """A step ahead is a jump only where the picture also came before it could: lost pictures come in time."""
        if step_s < -BACKWARD_S:
            raise TimelineError(f"the camera's media time jumped back by {-step_s:.1f} s")
        if early_s > JUMP_S * (1 if settled else UNSETTLED_FACTOR):
            raise TimelineError(f"the camera's media time jumped ahead by {early_s:.1f} s")

    def _turn_window(self, now_s: float) -> None:
        self._past_minima.append(self._minimum_s)
        self._least_past_s = min(self._past_minima)
        self._minimum_s = math.inf
        self._window_ends_s = now_s + WINDOW_S
        self._host_apart_s = _wall_of_monotonic_0(self._clock) - self._host_s
        if abs(self._host_apart_s) > JUMP_S:
            raise TimelineError(f"this host's clock was set by {self._host_apart_s:+.1f} s")
        wander_s = max(self._past_minima) - self._least_past_s
        settling_ms = SETTLING_MS / (1 + len(self._past_minima))
        self.error_ms = PIPELINE_MS + settling_ms + 1000 * (wander_s + abs(self._host_apart_s))

    def _follow(self, offset_s: float, most_s: float) -> None:
        self._offset_s = min(self._least_past_s, self._minimum_s, offset_s + most_s)
        if self._host_apart_s:
            correction_s = min(max(self._host_apart_s, -most_s), most_s)
            self._host_s += correction_s
            self._host_apart_s -= correction_s


def _wall_of_monotonic_0(clock: Clock) -> float:
    """Seconds since the epoch."""
    return clock.now().timestamp() - clock.monotonic_s()


class CameraClock:
    """The camera's own clock against ours, from the sender reports in which it states it (RFC 3550 6.4.1)."""

    def __init__(self) -> None:
        self._samples: deque[float] = deque(maxlen=CAMERA_CLOCK_SAMPLES)
        self.offset_ms: float | None = None
        """Camera's minus ours; None until it is known."""

    def observe(self, camera: datetime, ours: datetime) -> None:
        self._samples.append((camera - ours) / timedelta(milliseconds=1))
        self.offset_ms = median(self._samples)
