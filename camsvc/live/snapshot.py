"""The newest picture of a camera as a JPEG, in its own size, whatever its codec."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import cv2

from camsvc.domain.camera import CameraState, StreamRole
from camsvc.errors import LimitError, SourceError, UnplayableError
from camsvc.live.tap import Tap
from camsvc.media.decode import Decoder, Frame
from camsvc.media.packets import Packet, VideoParameters
from camsvc.worker.tap_wire import PacketsLost, SessionBegan, SessionEnded, StreamState

AT_ONCE = 2
"""Decoded side by side: a GOP of 4K takes a core for a second, and viewers come first."""
MAX_WAITING = 16
"""More are refused: each waits for a second or two then."""
SETTLED_S = 0.1
"""The tap sends at once what the ring has of the GOP: by then it has come, from a worker nearby."""
REST_S = 0.02
"""Then the first such rest means that nothing newer is there: half the distance of two pictures of most cameras."""
PACE_OVER_S = 0.05
TWICE = 2.0
"""Without a rest: packets that come less than twice as fast as they were filmed, over so long, come from the camera and
not from the ring."""
TIMEOUT_S = 5.0
"""For the first picture: a worker that has the camera has it at once, unless the camera has just come back."""
MAX_BYTES = 32 * 1024 * 1024
"""Of one GOP. What follows is left out: then the picture is not quite the newest, and its time says so."""
QUALITY = 92
"""Of 100: it is looked at closely, and kept."""


OpenTap = Callable[[str, StreamRole], Awaitable[Tap]]


@dataclass(frozen=True, slots=True)
class Picture:
    jpeg: bytes = field(repr=False)
    at: datetime
    """Its wall time (UTC)."""
    session: str


class Snapshots:
    """Used by the event loop's thread; decoding has threads of its own."""

    def __init__(self, open_tap: OpenTap) -> None:
        """``open_tap``: ``Hub.tap``."""
        self._open_tap = open_tap
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def take(self, camera: str, stream: StreamRole) -> Picture:
        """From the camera's own bits by a tap of its own, also where viewers see a rendition.

        Raises NotFoundError, LimitError (too many at once), SourceError (the camera is away: an old picture is never
        given for a new one) and UnplayableError (it cannot be decoded).
        """
        if self._waiting >= MAX_WAITING + AT_ONCE:
            raise LimitError(f"{self._waiting} snapshots are being made or wait already: ask again in a moment")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._take(camera, stream)
        finally:
            self._waiting -= 1

    async def _take(self, camera: str, stream: StreamRole) -> Picture:
        gop = _Gop()
        async with await self._open_tap(camera, stream) as tap:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    await self._read(tap, gop)
            except TimeoutError as error:
                raise SourceError(f"{camera}: no picture within {TIMEOUT_S:g} s") from error
        if gop.began is None:
            raise SourceError(f"{camera}: no picture")
        return await asyncio.to_thread(_picture, camera, gop.began.session, gop.began.video, gop.packets)

    async def _read(self, tap: Tap, gop: _Gop) -> None:
        """Until there is nothing newer."""
        arrival = _Arrival(asyncio.get_running_loop().time)
        while not (gop.is_full or arrival.is_live):
            try:
                async with asyncio.timeout(arrival.patience_s):
                    item = await anext(tap)
            except TimeoutError:
                return
            if isinstance(item, StreamState) and item.state is not CameraState.LIVE:
                raise SourceError(f"the camera is away: {item.detail or item.state.value}")
            if isinstance(item, Packet):
                arrival.note(item)
            gop.take(item)


class _Arrival:
    """Tells packets that come out of the ring from those that the camera sends now, by their pace: no clock can tell,
    as those of other hosts differ from ours."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.is_live = False
        self._now_s = now_s
        self._settled_s: float | None = None
        self._since: tuple[float, datetime] | None = None

    @property
    def patience_s(self) -> float | None:
        """How long the next packet is waited for: without end while there was none."""
        return None if self._settled_s is None else max(REST_S, self._settled_s - self._now_s())

    def note(self, packet: Packet) -> None:
        now_s = self._now_s()
        if self._settled_s is None or self._since is None:
            self._settled_s, self._since = now_s + SETTLED_S, (now_s, packet.at)
            return
        lasted_s, gained_s = now_s - self._since[0], (packet.at - self._since[1]).total_seconds()
        if lasted_s >= PACE_OVER_S:
            self.is_live = now_s >= self._settled_s and gained_s < TWICE * lasted_s
            self._since = now_s, packet.at


class _Gop:
    """What came since the last key frame."""

    def __init__(self) -> None:
        self.began: SessionBegan | None = None
        self.packets: list[Packet] = []
        self.is_full = False
        self._bytes = 0

    def take(self, item: object) -> None:
        if isinstance(item, Packet):
            if item.is_key:
                self._clear()
            if item.is_key or self.packets:
                self.packets.append(item)
                self._bytes += len(item.data)
                self.is_full = self._bytes > MAX_BYTES
        elif isinstance(item, SessionBegan):
            self.began = item
            self._clear()
        elif isinstance(item, SessionEnded | PacketsLost):
            self._clear()

    def _clear(self) -> None:
        self.packets, self._bytes = [], 0


def _picture(camera: str, session: str, video: VideoParameters, packets: Sequence[Packet]) -> Picture:
    """In a thread. Raises UnplayableError."""
    newest: Frame | None = None
    decoder = Decoder(video)
    for packet in packets:
        for frame in decoder.decode(packet):
            newest = frame
    for frame in decoder.flush():
        newest = frame
    if newest is None:
        raise UnplayableError(f"{camera}: its newest pictures cannot be decoded")
    done, encoded = cv2.imencode(".jpg", newest.bgr(), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise UnplayableError(f"{camera}: a picture of {newest.video.width}x{newest.video.height} cannot be a JPEG")
    said = f"camsvc camera={camera} at={newest.at.isoformat()} session={session}"
    return Picture(_with_comment(encoded.tobytes(), said), newest.at, session)


def _with_comment(jpeg: bytes, text: str) -> bytes:
    """The file itself says what it shows, whatever it is called later: a COM segment after SOI (ITU-T T.81 B.2.4.5)."""
    content = text.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(content) + 2).to_bytes(2, "big") + content + jpeg[2:]
