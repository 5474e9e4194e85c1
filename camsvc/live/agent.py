"""aioice's agent as a server needs it: on ports that a firewall knows, bounded in time and memory, and aware of when
it last heard of its browser."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Any

from aioice import Candidate, Connection, stun
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol, server_reflexive_candidate
from aiortc import RTCIceServer
from aiortc.rtcicetransport import connection_kwargs

from camsvc import log
from camsvc.config import IceServerConfig, LiveSettings

GATHER_S = 1
"""For answers of STUN and TURN servers. The viewer waits for it, and a server that is there answers in 0.1 s."""
MAX_WAITING_DATAGRAMS = 256
"""Of one viewer, before and while DTLS reads them; a browser sends a few a second. Full: the datagram is dropped."""
RECEIVE_BUFFER_BYTES = 256 * 1024
"""Of a viewer's socket: what it says fits many times over."""

_log = log.get(__name__)


class Agent(Connection):
    """Event loop's thread only."""

    def __init__(self, settings: LiveSettings) -> None:
        super().__init__(ice_controlling=False, **_servers(settings.ice_servers))
        self._ports = settings.udp_ports
        self.heard_s = 0.0
        """When the browser last checked the connection (``time.monotonic``)."""

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = GATHER_S,  # noqa: ASYNC109  the library's
    ) -> list[Candidate]:
        addresses = addresses or ["127.0.0.1"]  # a host without any network still serves itself
        if self._ports is None:
            return await super().get_component_candidates(component, addresses, min(timeout, GATHER_S))
        first, last = self._ports
        own = [await self._bind(component, address, range(first, last + 1)) for address in addresses]
        protocols = [each for each in own if each is not None]
        self._protocols += protocols
        hosts = [each.local_candidate for each in protocols]
        reflexive, relayed = await asyncio.gather(
            self._reflexive(protocols), super().get_component_candidates(component, [], min(timeout, GATHER_S))
        )
        return [*hosts, *reflexive, *relayed]

    def data_received(self, data: bytes, component: int) -> None:
        if self._queue.qsize() < MAX_WAITING_DATAGRAMS:
            super().data_received(data, component)

    def check_incoming(self, message: stun.Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        # Called for requests that show the password only, so nobody else keeps a dead viewer alive.
        self.heard_s = time.monotonic()
        super().check_incoming(message, addr, protocol)

    async def _bind(self, component: int, address: str, ports: Sequence[int]) -> StunProtocol | None:
        """A socket on one of ``ports``, tried from a random one on."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        start = random.randrange(len(ports))  # noqa: S311  so that few are tried; no secret
        for index in range(len(ports)):
            below = socket.socket(family, socket.SOCK_DGRAM)
            try:
                below.bind((address, ports[(start + index) % len(ports)]))
            except OSError:
                below.close()
            else:
                return await self._listen(component, below)
        _log.warning("no free UDP port for a viewer: widen live.udp_ports", address=address)
        return None

    async def _listen(self, component: int, below: socket.socket) -> StunProtocol:
        """As aioice does it, but for the socket."""
        below.setblocking(False)
        below.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        address, port = below.getsockname()[:2]
        _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(lambda: StunProtocol(self), sock=below)
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", address),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=address,
            port=port,
            type="host",
        )
        return protocol

    async def _reflexive(self, protocols: Iterable[StunProtocol]) -> list[Candidate]:
        """What the STUN server sees of our IPv4 sockets; nothing when it does not answer in time."""
        server = self.stun_server
        if server is None:
            return []
        asked = [
            asyncio.create_task(server_reflexive_candidate(each, server))
            for each in protocols
            if ":" not in each.local_candidate.host
        ]
        if not asked:
            return []
        done, late = await asyncio.wait(asked, timeout=GATHER_S)
        for task in late:
            task.cancel()
        return [task.result()[0] for task in done if task.exception() is None]


def _servers(configured: Sequence[IceServerConfig]) -> dict[str, Any]:
    """As aioice wants them; it uses the first STUN and the first TURN server of all."""
    return connection_kwargs(
        [
            RTCIceServer(
                urls=list(each.urls),
                username=each.username,
                credential=each.credential.get_secret_value() if each.credential else None,
            )
            for each in configured
        ]
    )
