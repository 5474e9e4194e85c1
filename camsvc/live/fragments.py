"""One viewer of fragmented MP4: for browsers that WebRTC does not reach, and for what is replayed."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Iterable
from statistics import median
from typing import Any

from camsvc.errors import SourceError, UnplayableError
from camsvc.live.access_unit import AccessUnit, Paused, Started
from camsvc.live.boxes import Sample, fragment, initialisation
from camsvc.live.sps import Sps
from camsvc.live.subscription import Viewing
from camsvc.live.wire import Part
from camsvc.media.nal import units
from camsvc.media.packets import CLOCK_HZ

DEFAULT_FPS = 25.0
"""Where a stream does not say: how long its first picture is shown."""

PAUSE_90K = 8 * CLOCK_HZ
"""A picture may come so much later than the one before it: longer than a camera may stall within one session. After
more, a key frame begins anew; what is missing is a hole in the player's buffer, over which the page jumps."""

DISTANCES = 9
"""The usual distance of two pictures is the median of so many: a stutter does not change it, another rate soon does."""

SPS, PPS = 7, 8
_LEFT_OUT = frozenset({SPS, PPS, 9, 10, 11, 12})
"""Parameter sets stand in the initialisation segment; delimiters, ends and filler have no place in MP4."""


class Fragments:
    """Turns a subscription into parts of fragmented MP4 (``live.wire.Part``), each picture as soon as it is there (the
    first with the second).

    Media time is the wall time of the picture in 1/90000 s since 1970 (UTC), so that a page knows the picture's age
    and moment. ``INFO`` parts are JSON: ``{"state": "playing", "codecs", "width", "height", "stream", "rendition",
    "session", "start_s"}`` before each initialisation segment, and ``{"state": "paused", "reason", "detail"}`` when
    nothing comes for now. ``start_s`` is the media time of the picture that follows, in seconds.

    Iterated once, on the event loop. Ends when the subscription does; raises UnplayableError for parameter sets that
    are not understood.
    """

    def __init__(self, subscription: Viewing) -> None:
        self._subscription = subscription
        self._closed = False
        self._started: Started | None = None
        self._sets: tuple[bytes, ...] = ()
        """Parameter sets in force; empty: an initialisation segment is due."""
        self._timeline = _Timeline()
        self._first = b""
        """Waits for the second (``_Timeline`` says why)."""
        self._number = 0

    async def __aiter__(self) -> AsyncIterator[tuple[Part, bytes]]:
        while not self._closed:
            try:
                item = await self._subscription.next()
            except SourceError:
                return
            match item:
                case AccessUnit():
                    for part in self._picture(item):
                        yield part
                case Started():
                    self._begin(item)
                case Paused():
                    yield _info(state="paused", reason=item.reason, detail=item.detail)

    async def close(self) -> None:
        """May be called while it is iterated, and twice."""
        if not self._closed:
            self._closed = True
            self._subscription.close()

    def _begin(self, started: Started) -> None:
        self._started = started
        self._sets = ()
        self._first = b""
        self._timeline.begin(started.video.nominal_fps)

    def _picture(self, unit: AccessUnit) -> Iterable[tuple[Part, bytes]]:
        nals = [nal for nal in units(unit.data) if nal]
        if unit.is_key:
            sets = tuple(nal for nal in nals if nal[0] & 31 in (SPS, PPS))
            if sets and sets != self._sets:
                yield from self._initialise(sets, unit)
        if not self._sets:
            return
        decode_90k, shown_90k, duration_90k = self._timeline.place(unit)
        content = b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals if nal[0] & 31 not in _LEFT_OUT)
        self._number += 1
        made = fragment(self._number, Sample(decode_90k, shown_90k - decode_90k, duration_90k, unit.is_key, content))
        if self._timeline.is_first:
            self._first = made
        elif self._first:
            yield Part.KEY, self._first + made
            self._first = b""
        else:
            yield Part.KEY if unit.is_key else Part.DELTA, made

    def _initialise(self, sets: tuple[bytes, ...], unit: AccessUnit) -> Iterable[tuple[Part, bytes]]:
        started = self._started
        if started is None:
            return
        sps_unit = next((nal for nal in sets if nal[0] & 31 == SPS), b"")
        pps_units = [nal for nal in sets if nal[0] & 31 == PPS]
        try:
            sps = Sps.of(sps_unit)
            segment = initialisation(sps_unit, pps_units)
        except ValueError as error:
            raise UnplayableError(f"the camera's parameter sets are not understood: {error}") from error
        self._sets = sets
        self._timeline.begin(started.video.nominal_fps)
        yield _info(
            state="playing",
            codecs=sps.codecs,
            width=sps.width,
            height=sps.height,
            stream=started.stream.value,
            rendition=started.rendition,
            session=started.session,
            start_s=_wall_90k(unit) / CLOCK_HZ,
        )
        yield Part.INIT, segment


class _Timeline:
    """Lays pictures on wall time, though a picture's duration is only known when the next one is there.

    What players make of durations (W3C Media Source Extensions §3.5.8, and Chromium's buffer): when two decoding times
    lie further apart than twice the former's duration, all is dropped up to the next key frame; when two pictures lie
    further apart than twice the longest duration so far, there is a hole between them, which a player does not cross;
    and the end of the newest picture is the end of the buffer, by which a page knows how late it plays.

    So the time of showing is the true one; the duration is the usual distance of two pictures; only the first has a
    long one, which makes room for pauses (it is sent together with the second, so that no page sees the end of its
    buffer there); and after a pause the time of decoding, which nobody sees, follows in steps that no player minds.
    """

    def __init__(self) -> None:
        self.is_first = False
        """The picture placed last follows on nothing."""
        self.begin(None)

    def begin(self, fps: float | None) -> None:
        """The next picture follows on nothing."""
        self._shown_90k: int | None = None
        self._decoded_90k = self._duration_90k = 0
        self._distances = deque([round(CLOCK_HZ / (fps or DEFAULT_FPS))], maxlen=DISTANCES)

    def place(self, unit: AccessUnit) -> tuple[int, int, int]:
        """When it is decoded and shown, and its duration."""
        shown, previous = _wall_90k(unit), self._shown_90k
        if previous is None or (unit.is_key and shown - previous > PAUSE_90K):
            self.is_first = True
            decoded, duration = shown, PAUSE_90K // 2
        else:
            self.is_first = False
            shown = max(shown, previous + 1)
            decoded = min(shown, self._decoded_90k + 2 * self._duration_90k)
            distance = shown - previous
            self._distances.append(distance)
            duration = int(median(self._distances))
        self._shown_90k, self._decoded_90k, self._duration_90k = shown, decoded, duration
        return decoded, shown, duration


def _wall_90k(unit: AccessUnit) -> int:
    return round(unit.at.timestamp() * CLOCK_HZ)


def _info(**facts: Any) -> tuple[Part, bytes]:  # noqa: ANN401  whatever JSON takes
    return Part.INFO, json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode()
