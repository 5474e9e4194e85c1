"""WebRTC viewers: one peer for each browser, from its offer to its end."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiortc.rtp import RTCP_PSFB_FIR, RTCP_PSFB_PLI, RTCP_RTPFB_NACK, AnyRtcpPacket, RtcpPsfbPacket, RtcpRtpfbPacket

from camsvc import log
from camsvc.clock import Clock
from camsvc.config import LiveSettings
from camsvc.domain.camera import StreamRole
from camsvc.errors import InputError, SourceError
from camsvc.live import sdp
from camsvc.live.access_unit import AccessUnit, Started
from camsvc.live.link import Certificates, Link
from camsvc.live.outlet import Scratch
from camsvc.live.pacer import Pacer
from camsvc.live.sdp import Offer
from camsvc.live.sender import Ids, Sender, SenderStats
from camsvc.live.streams import Streams
from camsvc.live.subscription import Subscription
from camsvc.live.viewings import End
from camsvc.live.wire import Answer
from camsvc.media import nal

CONNECT_S = 20.0
"""From the answer to the first packet: a browser gives up after 15 s of failed checks."""
SILENT_S = 12.0
"""A browser checks the connection every 2.5 s and reports every second: so many lost in a row is no accident."""
REPORT_S = 2.0
"""Between sender reports; the browser needs two of them to know the time of a picture, so the second comes sooner."""
RESTART_S = 1.0
RESTART_CAP_S = 16.0
"""Between repetitions of the last GOP for one viewer: at least the first, twice as long after each, up to the second. A
link that is too thin for the stream would carry nothing else; it gets the camera's own next key frame instead."""
CALM_S = 20.0
"""Without a lost picture for so long, the next one is repaired at once again."""
MAX_LOST = 256
"""Packets that are repeated for one request; a browser that lost more asks for a key frame."""
_H264_SPS = 7

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Ground:
    """What all peers of a process share."""

    hub: Streams
    settings: LiveSettings
    clock: Clock
    certificates: Certificates
    scratch: Scratch
    pacer: Pacer


class Peer:
    """Lives once: ``open``, then it runs by itself until ``close``; ``ended`` is called once if it ends by itself."""

    def __init__(self, ground: Ground, offer: Offer, user: str, ended: Callable[[Peer, End], None]) -> None:
        self.id = secrets.token_urlsafe(16)
        self.user = user
        self._ground = ground
        self._offer = offer
        self._ended = ended
        self._ids = Ids.fresh()
        self._link = Link(
            offer,
            ground.certificates.current(),
            ground.settings,
            ground.scratch,
            self._heard,
            lambda: self._end(End.LEFT if self.is_connected else End.FAILED),
        )
        self._subscription: Subscription | None = None
        self._sender: Sender | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_over = False
        self._connected_s = 0.0
        self._report_due_s = 0.0
        self._restarted_s = 0.0
        self._restart_wait_s = 0.0

    @property
    def is_connected(self) -> bool:
        return self._sender is not None

    @property
    def stats(self) -> SenderStats:
        return self._sender.stats if self._sender else SenderStats(0, 0, 0, 0)

    async def open(self, camera: str, stream: StreamRole) -> Answer:
        """Raises NotFoundError and LimitError as the hub does, SourceError when it was closed meanwhile; ``close`` it
        then, and when it is cancelled, too."""
        gathering = asyncio.create_task(self._link.gather())
        try:
            self._subscription = await self._ground.hub.subscribe(camera, stream)
        finally:
            await gathering
        if self._is_over:
            raise SourceError("this live process is stopping")
        started = self._subscription.started
        chosen = sdp.choose(self._offer, _profile_idc(started))
        answer = sdp.answer(self._offer, chosen, self._local())
        self._task = asyncio.create_task(self._run(self._subscription, chosen), name=f"peer {self.id}")
        return Answer(answer, started.stream if started else stream, started.rendition if started else None)

    async def patch(self, text: str) -> None:
        """Candidates that the browser has found meanwhile. Raises InputError."""
        fragment = sdp.parse_fragment(text)
        if fragment.username not in {None, self._offer.ice.usernameFragment}:
            raise InputError(
                "this is an ICE restart, which is not supported", parameter="sdpfrag", cure="begin a new session"
            )
        for candidate in fragment.candidates:
            await self._link.add(candidate)

    def watch(self, now_s: float) -> None:
        """Called every second or so: sends what is due, and ends a peer whose browser is gone."""
        if self._sender is None or self._is_over:
            return
        if now_s - max(self._link.heard_s, self._connected_s) > SILENT_S:
            self._end(End.VANISHED)
        elif now_s >= self._report_due_s:
            self._report_due_s = now_s + REPORT_S
            self._sender.report()

    async def close(self) -> None:
        """Frees everything. May be called twice."""
        self._is_over = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            subscription.close()
        if self._sender is not None:
            self._sender.close()
        await self._link.close()

    async def _run(self, subscription: Subscription, chosen: sdp.Format) -> None:
        try:
            async with asyncio.timeout(CONNECT_S):
                outlet = await self._link.connect()
            self._sender = Sender(self._link, outlet, chosen, self._ids, self._ground.pacer, self._ground.clock)
            self._connected_s = self._restarted_s = time.monotonic()
            self._restart_wait_s = RESTART_S
            self._sender.report()
            # What has come meanwhile would be played late: begin with the newest picture.
            subscription.restart()
            await _feed(subscription, self._sender)
        except (SourceError, TimeoutError) as error:
            _log.info("viewer ended", peer=self.id, user=self.user, reason=str(error) or "did not connect")
            self._end(End.FAILED)

    def _heard(self, packets: Sequence[AnyRtcpPacket]) -> None:
        """What the browser says about what it gets."""
        sender, ssrc = self._sender, self._ids.ssrc
        if sender is None:
            return
        for packet in packets:
            if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK and packet.media_ssrc == ssrc:
                sender.repeat(packet.lost[:MAX_LOST])
            elif isinstance(packet, RtcpPsfbPacket) and packet.fmt in {RTCP_PSFB_PLI, RTCP_PSFB_FIR}:
                self._restart(sender)

    def _restart(self, sender: Sender) -> None:
        now_s = time.monotonic()
        since_s = now_s - self._restarted_s
        if self._subscription is None or since_s < self._restart_wait_s:
            return
        self._restart_wait_s = RESTART_S if since_s > CALM_S else min(2 * self._restart_wait_s, RESTART_CAP_S)
        self._restarted_s = now_s
        sender.give_up()
        self._subscription.restart()

    def _end(self, why: End) -> None:
        if not self._is_over:
            self._is_over = True
            self._ended(self, why)

    def _local(self) -> sdp.Local:
        gatherer, certificate = self._link.gatherer, self._ground.certificates.current()
        print_ = next(each for each in certificate.getFingerprints() if each.algorithm == "sha-256")
        return sdp.Local(
            gatherer.getLocalParameters(),
            f"{print_.algorithm} {print_.value}",
            self._link.candidates(self._ground.settings.announce),
            self._ids.ssrc,
            self._ids.rtx_ssrc,
            self._ids.cname,
        )


async def _feed(subscription: Subscription, sender: Sender) -> None:
    subscription.direct = sender
    while True:
        item = await subscription.next()
        if isinstance(item, AccessUnit):
            # Live pictures wait in the subscription, which has a bound; those that are caught up are few enough.
            if sender.is_behind and not item.caught_up:
                subscription.direct = None  # none may overtake the one in our hands
                await sender.settled()
                subscription.direct = sender
            sender.send(item)


def _profile_idc(started: Started | None) -> int | None:
    """H.264 7.3.2.1.1; None for what is transcoded or not known."""
    if started is None or started.rendition is not None:
        return None
    sets = (unit for unit in nal.units(started.video.extradata) if unit[0] & 0x1F == _H264_SPS and len(unit) > 1)
    return next((unit[1] for unit in sets), None)
