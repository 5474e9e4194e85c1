"""The few private names of aiortc, aioice and pylibsrtp that ``live.link``, ``agent`` and ``outlet`` touch are there.

Everything else of them is public. When this fails after a new version, read what changed before anything else.
"""

from __future__ import annotations

import inspect

import aioice.ice
import aiortc.rtcdtlstransport
import pylibsrtp
from aioice import Connection
from aiortc import RTCCertificate, RTCIceGatherer, RTCIceTransport
from aiortc.rtcdtlstransport import RTCDtlsTransport
from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

from camsvc.live import link


def test_the_gatherers_agent_can_be_replaced_before_its_transport_is_made() -> None:
    assert "gatherer._connection" in inspect.getsource(RTCIceTransport.__init__)
    assert "self._connection.gather_candidates" in inspect.getsource(RTCIceGatherer.gather)
    assert "_connection" in vars(RTCIceGatherer(iceServers=[]))


def test_the_agent_calls_what_is_overridden() -> None:
    assert list(inspect.signature(Connection.get_component_candidates).parameters) == [
        "self",
        "component",
        "addresses",
        "timeout",
    ]
    source = inspect.getsource(aioice.ice)
    assert "self.get_component_candidates(component=component, addresses=addresses)" in source
    assert "self.receiver.data_received(data, self.local_candidate.component)" in source
    assert "self.check_incoming(message, addr, protocol)" in source
    connection = Connection(ice_controlling=False)
    assert connection._queue.qsize() == 0
    assert connection._nominated == {}
    assert connection._protocols == []
    assert "protocol.local_candidate = Candidate(" in source
    assert list(inspect.signature(aioice.ice.server_reflexive_candidate).parameters) == ["protocol", "stun_server"]


def test_dtls_hands_over_control_packets_and_its_keys() -> None:
    source = inspect.getsource(aiortc.rtcdtlstransport)
    assert "await self._handle_rtcp_data(data)" in source
    assert inspect.iscoroutinefunction(RTCDtlsTransport._handle_rtcp_data)
    transport = RTCDtlsTransport(RTCIceTransport(RTCIceGatherer(iceServers=[])), [RTCCertificate.generateCertificate()])
    assert {"_ssl", "_tx_srtp"} <= vars(transport).keys()
    transport._set_role("server")
    assert {each.openssl_profile for each in aiortc.rtcdtlstransport.SRTP_PROFILES} == link._TAG_BYTES.keys()


def test_libsrtp_encrypts_in_place() -> None:
    profile = Policy.SRTP_PROFILE_AES128_CM_SHA1_80
    session = Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
    clear = bytes.fromhex("8066000100000002000003e8") + b"payload"
    packet = bytearray(clear + bytes(10))
    length = ffi.new("int *", len(clear))
    assert lib.srtp_protect(session._srtp[0], ffi.from_buffer(packet), length) == lib.srtp_err_status_ok
    assert length[0] == len(packet)
    other = Session(Policy(key=bytes(30), ssrc_type=Policy.SSRC_ANY_OUTBOUND, srtp_profile=profile))
    assert bytes(packet) == other.protect(clear)
    assert pylibsrtp.__version__
