"""A viewer without a browser: WebRTC by aiortc's ICE and DTLS, that takes packets and looks at no picture.

Cheap enough that 25 of them load a machine less than what they measure. It behaves as a browser does towards a server:
checks the connection, sends receiver reports, asks for what is lost. Tests of live view use it as well.
"""

# ruff: noqa: SLF001  aiortc keeps its packets private; tests/live/test_seams.py and every use of this would tell

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aioice import Connection
from aiortc import RTCCertificate, RTCIceGatherer, RTCIceTransport
from aiortc.codecs.h264 import h264_depayload
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    RtpPacket,
    is_rtcp,
)
from aiortc.sdp import SessionDescription, candidate_to_sdp

PAYLOAD_TYPE, RTX_PAYLOAD_TYPE = 102, 103
REPORT_S = 1.0
CONNECT_S = 10.0


class WebRtcViewer:
    """``offer``, ``take`` the answer, then it counts. ``decrypt`` keeps the packets as well. ``loses`` says which RTP
    packets (counted from 0) never arrive."""

    def __init__(
        self, *, decrypt: bool = False, loses: Callable[[int], bool] | None = None, profile: str = "42e01f"
    ) -> None:
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._connection = self._gatherer._connection = _Connection(ice_controlling=True)
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [_certificate()])
        self._dtls._set_role("client")
        self._profile = profile
        self._decrypt = decrypt
        self._loses = loses
        self._reporting: asyncio.Task[None] | None = None
        self.arrivals = 0
        """RTP packets that reached us, those that were then "lost" included."""
        self.bytes = 0
        self.frames = 0
        self.first_frame_s: float | None = None
        """``time.monotonic`` of the end of the first key frame: a decoder can show it."""
        self.first_packet_s: float | None = None
        self._key_time: int | None = None
        self.rtp: dict[int, RtpPacket] = {}
        """By sequence number; repeated ones in the place of those that were lost."""
        self.repeated = 0
        self.bursts: list[tuple[float, int]] = []
        """When bytes came, and how many."""
        self.control: list[AnyRtcpPacket] = []
        self._on_arrival = asyncio.Event()

    async def offer(self) -> str:
        await self._gatherer.gather()
        ice, digest = self._gatherer.getLocalParameters(), _fingerprint()
        lines = [
            "v=0",
            f"o=- {secrets.randbits(60)} 2 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            "a=msid-semantic: WMS",
            f"m=video 9 UDP/TLS/RTP/SAVPF {PAYLOAD_TYPE} {RTX_PAYLOAD_TYPE}",
            "c=IN IP4 0.0.0.0",
            *[f"a=candidate:{candidate_to_sdp(each)}" for each in self._gatherer.getLocalCandidates()],
            f"a=ice-ufrag:{ice.usernameFragment}",
            f"a=ice-pwd:{ice.password}",
            f"a=fingerprint:sha-256 {digest}",
            "a=setup:actpass",
            "a=mid:0",
            "a=recvonly",
            "a=rtcp-mux",
            "a=rtcp-rsize",
            f"a=rtpmap:{PAYLOAD_TYPE} H264/90000",
            f"a=rtcp-fb:{PAYLOAD_TYPE} nack",
            f"a=rtcp-fb:{PAYLOAD_TYPE} nack pli",
            f"a=rtcp-fb:{PAYLOAD_TYPE} ccm fir",
            f"a=fmtp:{PAYLOAD_TYPE} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={self._profile}",
            f"a=rtpmap:{RTX_PAYLOAD_TYPE} rtx/90000",
            f"a=fmtp:{RTX_PAYLOAD_TYPE} apt={PAYLOAD_TYPE}",
        ]
        return "\r\n".join(lines) + "\r\n"

    async def take(self, answer: str) -> None:
        """Connects. Raises TimeoutError, ConnectionError."""
        video = next(each for each in SessionDescription.parse(answer).media if each.kind == "video")
        if video.ice is None or video.dtls is None:
            raise ConnectionError("the answer names no transport")
        self.ssrc = video.ssrc[0].ssrc if video.ssrc else 0
        self.rtx_ssrc = video.ssrc[1].ssrc if len(video.ssrc) > 1 else None
        async with asyncio.timeout(CONNECT_S):
            for candidate in video.ice_candidates:
                await self._ice.addRemoteCandidate(candidate)
            await self._ice.addRemoteCandidate(None)
            await self._ice.start(video.ice)
            self._dtls._set_role("server" if video.dtls.role == "client" else "client")
            await self._dtls.start(video.dtls)
        if self._dtls.state != "connected":
            raise ConnectionError(f"ICE {self._ice.state}, DTLS {self._dtls.state}")
        self._connection.listener = self._arrived
        # What came while DTLS finished waits in its queue.
        while not self._connection._queue.empty():
            waiting = self._connection._queue.get_nowait()
            if waiting is not None:
                self._connection.data_received(*waiting)
        self._reporting = asyncio.create_task(self._report())

    async def until(self, condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Until ``condition`` holds; it is looked at whenever a packet arrives."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._on_arrival.clear()
                await self._on_arrival.wait()

    async def until_frames(self, count: int) -> None:
        await self.until(lambda: self.frames >= count)

    async def ask_for_key_frame(self) -> None:
        await self._say(RtcpPsfbPacket(RTCP_PSFB_PLI, 1, self.ssrc))

    async def ask_again(self, *numbers: int) -> None:
        await self._say(RtcpRtpfbPacket(RTCP_RTPFB_NACK, 1, self.ssrc, list(numbers)))

    def pictures(self) -> list[tuple[int, bytes]]:
        """RTP time and Annex B of each picture that arrived in full, in order of sequence numbers."""
        pictures: list[tuple[int, bytes]] = []
        whole, data, expected = False, b"", None
        for number in self.numbers():
            packet = self.rtp[number & 0xFFFF]
            if expected != number:
                whole, data = expected is None, b""
            data += h264_depayload(packet.payload)
            if packet.marker:
                if whole:
                    pictures.append((packet.timestamp, data))
                whole, data = True, b""
            expected = number + 1
        return pictures

    def numbers(self) -> list[int]:
        """Sequence numbers that arrived, unwrapped and in order. Good for half a period."""
        first = next(iter(self.rtp), 0)
        return sorted(first + (number - first + 0x8000) % 0x10000 - 0x8000 for number in self.rtp)

    def vanish(self) -> None:
        """As a browser whose machine lost its power: it sends nothing more, and says no farewell."""
        if self._reporting is not None:
            self._reporting.cancel()
        if self._connection._query_consent_task is not None:
            self._connection._query_consent_task.cancel()
        for protocol in self._connection._protocols:
            protocol.transport.abort()

    async def close(self) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
        await self._dtls.stop()
        await self._ice.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _arrived(self, data: bytes) -> bool:
        """Whether it was media, and is thus done with."""
        if not 127 < data[0] < 192:
            return False
        if is_rtcp(data):
            self.control.extend(RtcpPacket.parse(self._dtls._rx_srtp.unprotect_rtcp(data)))
            return True
        index, now_s = self.arrivals, time.monotonic()
        self.arrivals += 1
        self.bytes += len(data)
        if self.first_packet_s is None:
            self.first_packet_s = now_s
        if self._loses is not None and self._loses(index):
            return True
        if data[1] & 0x80:
            self.frames += 1
        if self._decrypt or self.first_frame_s is None:
            packet = RtpPacket.parse(self._dtls._rx_srtp.unprotect(data))
            self._look_for_first(packet, now_s)
            if self._decrypt:
                self.bursts.append((now_s, len(data)))
                self._keep(packet)
        self._on_arrival.set()
        return True

    def _look_for_first(self, packet: RtpPacket, now_s: float) -> None:
        """A picture can be shown once a key frame is there."""
        if self.first_frame_s is not None:
            return
        if self._key_time is None and _begins_key_frame(packet.payload):
            self._key_time = packet.timestamp
        if packet.marker and packet.timestamp == self._key_time:
            self.first_frame_s = now_s

    def _keep(self, packet: RtpPacket) -> None:
        number = packet.sequence_number
        if packet.payload_type == RTX_PAYLOAD_TYPE:
            number = int.from_bytes(packet.payload[:2], "big")
            packet.payload = packet.payload[2:]
            self.repeated += 1
        self.rtp[number] = packet

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_S)
            reports = [each for each in self.control if isinstance(each, RtcpSrPacket)]
            middle = reports[-1].sender_info.ntp_timestamp >> 16 & 0xFFFFFFFF if reports else 0
            info = RtcpReceiverInfo(self.ssrc, 0, 0, 0, 0, middle, 0)
            await self._say(RtcpRrPacket(1, [info]))

    async def _say(self, packet: AnyRtcpPacket) -> None:
        await self._dtls._send_rtp(bytes(packet))


class _Connection(Connection):
    """Gives media to ``listener`` at once, without the queue that DTLS reads."""

    listener: Callable[[bytes], bool] | None = None

    def data_received(self, data: bytes, component: int) -> None:
        if self.listener is None or not self.listener(data):
            super().data_received(data, component)


def _begins_key_frame(payload: bytes) -> bool:
    """RFC 6184: a sequence parameter set or an IDR slice, by itself, first of several, or the first part of one."""
    kind = payload[0] & 0x1F
    if kind == _STAP_A:
        kind = payload[3] & 0x1F
    elif kind == _FU_A:
        kind = payload[1] & 0x1F
    return kind in {_IDR, _SPS}


_IDR, _SPS, _STAP_A, _FU_A = 5, 7, 24, 28
_CERTIFICATES: list[RTCCertificate] = []


def _certificate() -> RTCCertificate:
    if not _CERTIFICATES:
        _CERTIFICATES.append(RTCCertificate.generateCertificate())
    return _CERTIFICATES[0]


def _fingerprint() -> str:
    return next(each.value for each in _certificate().getFingerprints() if each.algorithm == "sha-256")
