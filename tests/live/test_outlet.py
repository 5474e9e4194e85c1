"""Packets as they leave the socket."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from pylibsrtp import Policy, Session

from camsvc.live import outlet, rtp
from camsvc.live.outlet import Outlet, Route, Scratch
from camsvc.media import nal

TYPE, SSRC, TIME = 102, 77, 900_000
PROFILES = {
    Policy.SRTP_PROFILE_AEAD_AES_256_GCM: (44, 16),
    Policy.SRTP_PROFILE_AEAD_AES_128_GCM: (28, 16),
    Policy.SRTP_PROFILE_AES128_CM_SHA1_80: (30, 10),
}
CUT = rtp.cut(nal.START_CODE + b"\x67abc" + nal.START_CODE + b"\x68ab" + nal.START_CODE + b"\x65" + b"\x01" * 9000)


class Wire:
    """Two ends of a loopback way, and what came out of it in clear."""

    def __init__(self, profile: int, own: socket.socket, far: socket.socket) -> None:
        key_bytes, tag_bytes = PROFILES[profile]
        key = bytes(range(key_bytes))
        self._far = far
        self._inbound = Session(_policy(key, Policy.SSRC_ANY_INBOUND, profile))
        self.outlet = Outlet(Session(_policy(key, Policy.SSRC_ANY_OUTBOUND, profile)), tag_bytes, Scratch())
        self.route = Route(own, far.getsockname(), self._forward)
        self.forwarded: list[bytes] = []

    def _forward(self, packet: bytes) -> None:
        self.forwarded.append(packet)

    def received(self) -> list[bytes]:
        packets = []
        self._far.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                packets.append(self.clear(self._far.recv(2000)))
        return packets

    def clear(self, packet: bytes) -> bytes:
        return bytes(self._inbound.unprotect(packet))


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.socket(type=socket.SOCK_DGRAM) as own, socket.socket(type=socket.SOCK_DGRAM) as far:
        own.bind(("127.0.0.1", 0))
        far.bind(("127.0.0.1", 0))
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        yield own, far


@pytest.mark.parametrize("profile", PROFILES)
def test_a_picture_arrives_as_it_was_cut(profile: int, sockets: tuple[socket.socket, socket.socket]) -> None:
    wire = Wire(profile, *sockets)
    wire.outlet.send(wire.route, CUT, 0, len(CUT), (TYPE, 65_533, TIME, SSRC))
    packets = wire.received()
    assert [packet[rtp.HEADER_BYTES :] for packet in packets] == list(CUT.payloads)
    heads = [rtp.HEADER.unpack_from(packet) for packet in packets]
    assert [head[2] for head in heads] == [(65_533 + index) % 65_536 for index in range(len(CUT))]
    assert [head[1] for head in heads] == [TYPE] * (len(CUT) - 1) + [TYPE | rtp.MARKER]
    assert {head[3:] for head in heads} == {(TIME, SSRC)}
    assert wire.outlet.lost_packets == 0


def test_a_picture_may_leave_in_pieces(sockets: tuple[socket.socket, socket.socket]) -> None:
    wire = Wire(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, *sockets)
    for first, last in ((0, 3), (3, 4), (4, len(CUT))):
        wire.outlet.send(wire.route, CUT, first, last, (TYPE, 10 + first, TIME, SSRC))
    assert [packet[rtp.HEADER_BYTES :] for packet in wire.received()] == list(CUT.payloads)


def test_a_run_of_equal_packets_leaves_in_one_call(sockets: tuple[socket.socket, socket.socket]) -> None:
    own = _Counting(sockets[0])
    wire = Wire(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, own, sockets[1])
    wire.outlet.send(wire.route, CUT, 0, len(CUT), (TYPE, 1, TIME, SSRC))
    assert own.calls == ["sendto", "sendmsg"], "the parameter sets, then all parts of the picture"


@pytest.mark.parametrize("number", sorted(outlet._NO_SEGMENTS), ids=errno.errorcode.get)
def test_where_the_kernel_cannot_split_each_packet_leaves_by_itself(
    number: int, sockets: tuple[socket.socket, socket.socket]
) -> None:
    own = _Counting(sockets[0], number)
    wire = Wire(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, own, sockets[1])
    for turn in range(2):
        wire.outlet.send(wire.route, CUT, 0, len(CUT), (TYPE, turn * len(CUT), TIME, SSRC))
    assert len(wire.received()) == 2 * len(CUT)
    assert own.calls.count("sendmsg") == 1, "it is not tried again"
    assert wire.outlet.lost_packets == 0


def test_what_does_not_leave_is_counted(sockets: tuple[socket.socket, socket.socket]) -> None:
    own = _Counting(sockets[0], errno.EAGAIN)
    wire = Wire(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, own, sockets[1])
    wire.outlet.send(wire.route, CUT, 0, len(CUT), (TYPE, 1, TIME, SSRC))
    assert wire.outlet.lost_packets == len(CUT) - 1
    assert len(wire.received()) == 1


def test_without_a_socket_of_its_own_every_packet_is_forwarded(sockets: tuple[socket.socket, socket.socket]) -> None:
    wire = Wire(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, *sockets)
    wire.route = Route(None, ("192.0.2.1", 9), wire._forward)
    wire.outlet.send(wire.route, CUT, 0, len(CUT), (TYPE, 1, TIME, SSRC))
    assert [wire.clear(packet)[rtp.HEADER_BYTES :] for packet in wire.forwarded] == list(CUT.payloads)


class _Counting(socket.socket):
    """A socket that notes calls, and answers ``sendmsg`` with an error if told so."""

    def __init__(self, below: socket.socket, error: int | None = None) -> None:
        super().__init__(below.family, below.type, fileno=below.fileno())
        self.calls: list[str] = []
        self._error = error

    def __del__(self) -> None:
        self.detach()

    def sendto(self, *arguments: Any) -> int:  # noqa: ANN401  passed on
        self.calls.append("sendto")
        return super().sendto(*arguments)

    def sendmsg(self, buffers: Sequence[memoryview], *arguments: Any) -> int:  # type: ignore[override]  # noqa: ANN401  passed on
        self.calls.append("sendmsg")
        if self._error is not None:
            raise OSError(self._error, "as told")
        return super().sendmsg(buffers, *arguments)


def _policy(key: bytes, kind: int, profile: int) -> Policy:
    policy = Policy(key=key, ssrc_type=kind, srtp_profile=profile)
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return policy
