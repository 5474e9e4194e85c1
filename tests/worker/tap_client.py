"""A plain client of a tap: blocking, without any of the live process's code; and cameras whose rings a test fills."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from camsvc.domain.camera import CameraState, StreamRole
from camsvc.domain.endpoint import Endpoint
from camsvc.media.ring import Ring
from camsvc.trust import client_context
from camsvc.worker import tap_wire as wire
from camsvc.worker.scenes import SceneBoard
from camsvc.worker.tap import TappedStream
from camsvc.worker.tap_wire import Hello, Messages, StreamState, TapItem
from tests.worker import spooling

TIMEOUT_S = 5.0


class RingUnit:
    """A camera's unit as the tap sees it."""

    def __init__(self, *roles: StreamRole, ring_bytes: int = 64 * 1024 * 1024) -> None:
        self.scenes = SceneBoard()
        self.ending = threading.Event()
        self.state = StreamState(CameraState.CONNECTING, None)
        self.rings = {role: Ring(30, ring_bytes) for role in roles or (StreamRole.MAIN,)}

    @property
    def main(self) -> Ring:
        return self.rings[StreamRole.MAIN]

    def stream(self, role: StreamRole) -> TappedStream:
        role = role if role in self.rings else StreamRole.MAIN
        return TappedStream(role, self.rings[role], lambda: self.state)

    def go_live(self, session: str = "s1") -> None:
        for ring in self.rings.values():
            ring.open_session(session, spooling.parameters(), spooling.reading)
        self.state = StreamState(CameraState.LIVE, None)

    def send(self, from_s: float, to_s: float, *, to: StreamRole = StreamRole.MAIN) -> None:
        for packet in spooling.packets(from_s, to_s):
            self.rings[to].append(packet)


class TapClient:
    """One connection. ``hello`` None: say nothing."""

    def __init__(self, endpoint: Endpoint, hello: Hello | bytes | None) -> None:
        raw = socket.create_connection((endpoint.host, endpoint.port), TIMEOUT_S)
        self.tls = client_context(endpoint.certificate).wrap_socket(raw)
        self._messages = Messages()
        self._read: Iterator[tuple[wire.Message, bytes]] = iter(())
        if hello is not None:
            self.tls.sendall(hello if isinstance(hello, bytes) else wire.hello_message(hello))

    def answer(self) -> StreamRole | tuple[wire.Refusal, str]:
        kind, payload = self._next()
        assert kind is wire.Message.ANSWER
        return wire.read_answer(payload)

    def item(self) -> TapItem:
        return wire.read_item(*self._next())

    def until(self, wanted: Callable[[TapItem], bool]) -> list[TapItem]:
        """All items up to the first that is ``wanted``, with it."""
        items = [self.item()]
        while not wanted(items[-1]):
            items.append(self.item())
        return items

    def is_closed(self) -> bool:
        """Whether the other end closes, whatever it says before."""
        try:
            while self.tls.recv(65536):
                pass
        except TimeoutError:
            return False
        except (ssl.SSLError, OSError):
            return True
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tls.close()

    def _next(self) -> tuple[wire.Message, bytes]:
        while True:
            for message in self._read:
                return message
            data = self.tls.recv(65536)
            if not data:
                raise EOFError("the tap closed the connection")
            self._read = iter(list(self._messages.feed(data)))


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = TIMEOUT_S) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"after {timeout_s:g} s still not: {what}"
        time.sleep(0.01)
