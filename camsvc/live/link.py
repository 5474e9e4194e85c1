"""One browser's connection: ICE, DTLS and SRTP by aiortc and aioice, put together here without their RTP sender.

aiortc's RTCPeerConnection would send each picture in one burst and spend most of a core on it. Its parts do the rest
well and are public (as in ORTC): gatherer, ICE transport, DTLS transport. The few private names that are touched are
touched in this module, ``agent`` and ``outlet`` alone; ``tests/live/test_seams.py`` fails when a new version moves one.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

from aioice import Candidate
from aioice.candidate import candidate_foundation, candidate_priority
from aiortc import RTCCertificate, RTCIceCandidate, RTCIceGatherer, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import candidate_from_aioice
from aiortc.rtp import AnyRtcpPacket, RtcpPacket

from camsvc.config import LiveSettings
from camsvc.errors import SourceError
from camsvc.live.agent import Agent
from camsvc.live.outlet import Outlet, Route, Scratch, duplicate
from camsvc.live.sdp import Offer

CERTIFICATE_S = 24 * 3600.0
"""One certificate serves all viewers of a day: making one costs as much as a handshake. It is valid for 30 days."""

_TAG_BYTES = {b"SRTP_AEAD_AES_256_GCM": 16, b"SRTP_AEAD_AES_128_GCM": 16, b"SRTP_AES128_CM_SHA1_80": 10}
"""RFC 7714 §12, RFC 3711 §5.2."""

OnControl = Callable[[Sequence[AnyRtcpPacket]], None]


class Certificates:
    """The certificate of the day."""

    def __init__(self) -> None:
        self._current: tuple[float, RTCCertificate] | None = None

    def current(self) -> RTCCertificate:
        now_s = time.monotonic()
        if self._current is None or now_s - self._current[0] > CERTIFICATE_S:
            self._current = now_s, RTCCertificate.generateCertificate()
        return self._current[1]


class Link:
    """Lives once: ``gather``, then ``connect``, then send; ``close`` it whatever happened. Event loop's thread only.

    ``on_control`` is given what the browser says over RTCP, ``on_end`` is called once when the connection fails or the
    browser closes it.
    """

    def __init__(
        self,
        offer: Offer,
        certificate: RTCCertificate,
        settings: LiveSettings,
        scratch: Scratch,
        on_control: OnControl,
        on_end: Callable[[], None],
    ) -> None:
        gatherer = RTCIceGatherer(iceServers=[])
        self._connection = gatherer._connection = Agent(settings)  # noqa: SLF001
        self._gatherer = gatherer
        self._ice = RTCIceTransport(gatherer)
        self._dtls = _DtlsTransport(self._ice, certificate, on_control)
        self._dtls._set_role("server")  # noqa: SLF001  our answer says so: the browser may begin at once
        self._offer = offer
        self._scratch = scratch
        self._on_end = on_end
        self._ice.on("statechange", self._changed)
        self._dtls.on("statechange", self._changed)
        self._route: tuple[object, Route] | None = None
        self._gathering: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def gatherer(self) -> RTCIceGatherer:
        return self._gatherer

    @property
    def heard_s(self) -> float:
        """When the browser was last heard of (``time.monotonic``): media reports, or its connectivity checks."""
        return max(self._connection.heard_s, self._dtls.heard_s)

    async def gather(self) -> None:
        """Opens sockets; done within ``agent.GATHER_S`` or so."""
        self._gathering = asyncio.create_task(self._gatherer.gather())
        await asyncio.shield(self._gathering)

    def candidates(self, announce: Sequence[str]) -> list[RTCIceCandidate]:
        """Ours, and one for each announced address: a router there passes the same port on to us."""
        found = self._connection.local_candidates
        hosts = [each for each in found if each.type == "host"]
        for address in announce:
            own = next((each for each in hosts if (":" in each.host) == (":" in address)), None)
            if own is not None:
                found.append(
                    Candidate(
                        foundation=candidate_foundation("srflx", "udp", address),
                        component=own.component,
                        transport="udp",
                        priority=candidate_priority(own.component, "srflx"),
                        host=address,
                        port=own.port,
                        type="srflx",
                        related_address=own.host,
                        related_port=own.port,
                    )
                )
        return [candidate_from_aioice(each) for each in found]

    async def connect(self) -> Outlet:
        """Waits for the browser. Raises SourceError when ICE or DTLS fail."""
        for candidate in self._offer.candidates:
            await self.add(candidate)
        await self._ice.start(self._offer.ice)
        if self._ice.state != "completed":
            raise SourceError("no network path to the browser was found (ICE failed)")
        await self._dtls.start(self._offer.dtls)
        if self._dtls.state != "connected":
            raise SourceError("the browser did not complete the DTLS handshake")
        return self._dtls.outlet(self._scratch)

    async def add(self, candidate: RTCIceCandidate) -> None:
        """What ICE cannot use is ignored."""
        with contextlib.suppress(ValueError):
            await self._ice.addRemoteCandidate(candidate)

    def route(self) -> Route | None:
        """The way to the browser now; None when there is none (any more)."""
        pair = self._connection._nominated.get(1)  # noqa: SLF001
        if self._route is not None and self._route[0] is pair:
            return self._route[1]
        if self._route is not None:
            self._route[1].close()
            self._route = None
        if pair is None:
            return None
        transport, remote = pair.protocol.transport, pair.remote_addr
        own = duplicate(transport) if pair.local_candidate.type == "host" else None
        route = Route(own, remote, lambda packet: transport.sendto(packet, remote))
        self._route = pair, route
        return route

    async def close(self) -> None:
        """Tells the browser, frees the sockets. May be called twice."""
        self._ended = True
        if self._gathering is not None:
            # One that is cut short leaves sockets that nobody knows of.
            await asyncio.gather(self._gathering, return_exceptions=True)
        await self._dtls.stop()
        await self._ice.stop()
        if self._route is not None:
            self._route[1].close()
            self._route = None

    def _changed(self) -> None:
        over = self._ice.state in {"failed", "closed"} or self._dtls.state in {"failed", "closed"}
        if over and not self._ended:
            self._ended = True
            self._on_end()


class _DtlsTransport(RTCDtlsTransport):
    """Hands RTCP to one listener: there is one stream, and nothing to route."""

    heard_s = 0.0

    def __init__(self, transport: RTCIceTransport, certificate: RTCCertificate, on_control: OnControl) -> None:
        super().__init__(transport, [certificate])
        self._on_control = on_control

    def outlet(self, scratch: Scratch) -> Outlet:
        """Once connected."""
        assert self._ssl is not None  # noqa: S101  connected
        return Outlet(self._tx_srtp, _TAG_BYTES[self._ssl.get_selected_srtp_profile()], scratch)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self.heard_s = time.monotonic()
        with contextlib.suppress(ValueError):  # malformed: as if it had been lost
            self._on_control(RtcpPacket.parse(data))
