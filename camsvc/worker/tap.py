"""A worker's tap: packets and scenes of its cameras for live processes, while somebody watches.

One thread a connection, blocking code. It reads the camera's ring by a reader of its own, so the slow client of a tap
loses packets and nobody else does (invariant 1). Who connects shows the installation's token first.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from camsvc import log as logging
from camsvc.clock import Clock
from camsvc.config import WorkerSettings
from camsvc.domain.camera import StreamRole
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.errors import ConfigError, SourceError
from camsvc.media.ring import Ring
from camsvc.trust import Identity, is_token
from camsvc.worker import tap_wire as wire
from camsvc.worker.scenes import SceneBoard
from camsvc.worker.tap_feed import feed_packets, feed_scenes

_log = logging.get(__name__)

TAPS_PER_CAMERA = 4
"""Main, sub, scenes and a replay at once of every camera: more serves nobody."""
LEAST_TAPS = 64
"""For a worker of few cameras that several live processes watch and replay."""
MAX_GREETINGS = 128
"""Connections that have not shown a token yet: all channels of a restarted live process come at once. Overflow: the
next is closed at once and counted."""
HELLO_TIMEOUT_S = 5.0
"""For the handshake, and again for the Hello: milliseconds on any network that can carry video."""
SEND_TIMEOUT_S = 10.0
"""For one batch to be taken by the client's host. One that takes nothing for so long is gone or stuck; a thread and its
place in the ring are not kept for it."""
ACCEPT_POLL_S = 1.0
"""How late a stop is noticed by the accepting thread where closing its socket does not wake it."""
JOIN_S = 2.0
"""For a connection's thread to end once its socket is shut."""
BACKLOG = 128
"""Connections that the kernel keeps until they are accepted: as MAX_GREETINGS, and for the same reason."""


@dataclass(frozen=True, slots=True)
class TappedStream:
    role: StreamRole
    ring: Ring
    state: Callable[[], wire.StreamState]
    """Any thread."""


class Tapped(Protocol):
    """What the tap needs of a camera's unit; any thread."""

    scenes: SceneBoard
    ending: threading.Event
    """Set when the unit is told to stop."""

    def stream(self, role: StreamRole) -> TappedStream:
        """Main where there is no sub stream."""
        ...


@dataclass(frozen=True, slots=True)
class TapStats:
    connections: int
    """Open now, greeted or not."""
    served: int
    """Since the start."""
    refused: int
    """Since the start: wrong token, unreadable, unknown camera, or full."""


class TapServer:
    """``start`` and ``stop`` belong to one thread; ``stop`` once, for good. ``units`` may change meanwhile."""

    def __init__(
        self,
        identity: Identity,
        tokens: tuple[bytes, ...],
        units: Mapping[str, Tapped],
        settings: WorkerSettings,
        clock: Clock,
    ) -> None:
        """``tokens``: ``cipher.derive("tap")``; all are accepted."""
        self._identity = identity
        self._context = identity.server_context()
        self._tokens = tokens
        self._units = units
        self._settings = settings
        self._clock = clock
        self._capacity = max(LEAST_TAPS, settings.max_cameras * TAPS_PER_CAMERA)
        self._stop = threading.Event()
        self._greetings = threading.BoundedSemaphore(MAX_GREETINGS)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._served = 0
        self._refused = 0
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._accept, name="tap", daemon=True)

    def start(self) -> None:
        """Does nothing when it runs already. Raises ConfigError when the address cannot be had; try again later."""
        if self._listener is not None:
            return
        settings = self._settings
        address = (settings.tap_host, settings.tap_port)
        try:
            self._listener = socket.create_server(address, backlog=BACKLOG)
        except OSError as error:
            raise ConfigError(
                f"worker.tap_host, tap_port: cannot listen on {settings.tap_host}:{settings.tap_port}:"
                f" {error.strerror}: name an address of this host and a free port (0: any)"
            ) from error
        self._listener.settimeout(ACCEPT_POLL_S)
        self._thread.start()

    def stop(self) -> None:
        """Every connection is closed on return."""
        self._stop.set()
        if self._listener is None:
            return
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(ACCEPT_POLL_S + JOIN_S)
        self._listener.close()
        with self._lock:
            threads = dict(self._open)
        for connection in threads:
            _shut(connection)
        for thread in threads.values():
            thread.join(JOIN_S)

    def endpoint(self, worker: str) -> Endpoint:
        """Where it is reached, for others to be told. Call it after ``start``."""
        if self._listener is None:
            raise RuntimeError("the tap does not listen yet: call start() first")
        port: int = self._listener.getsockname()[1]
        host = self._settings.tap_advertise or self._settings.tap_host
        certificate = self._identity.certificate
        return Endpoint(EndpointKind.TAP, worker, host, port, certificate, self.stats.connections, self._capacity)

    @property
    def stats(self) -> TapStats:
        """Any thread."""
        with self._lock:
            return TapStats(len(self._open), self._served, self._refused)

    def _accept(self) -> None:
        """The top of the accepting thread."""
        listener = self._listener
        while listener is not None and not self._stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                if not self._stop.is_set():
                    # No file descriptors left, most likely: others may give theirs back.
                    _log.warning("tap cannot take a connection", reason=error.strerror)
                    self._clock.wait(self._stop, ACCEPT_POLL_S)
                continue
            self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        with self._lock:
            full = len(self._open) >= self._capacity
            if full or not self._greetings.acquire(blocking=False):
                self._refused += 1
                connection.close()
                return
            thread = threading.Thread(target=self._run, args=(connection,), name="tap-connection", daemon=True)
            self._open[connection] = thread
            try:
                thread.start()
            except RuntimeError as error:
                # The host gives no more threads: those that run go on.
                _log.warning("tap cannot serve a connection", reason=str(error))
                del self._open[connection]
                self._greetings.release()
                self._refused += 1
                connection.close()

    def _run(self, connection: socket.socket) -> None:
        """The top of a connection's thread."""
        greeted = contextlib.ExitStack()
        greeted.callback(self._greetings.release)
        try:
            with greeted, contextlib.closing(connection):
                self._serve(connection, greeted)
        except (OSError, SourceError) as error:
            _log.debug("tap connection ended", reason=str(error))
        except Exception:  # noqa: BLE001  a defect met with one viewer's tap must not show in others'
            _log.exception("tap connection failed")
        finally:
            with self._lock:
                del self._open[connection]

    def _serve(self, connection: socket.socket, greeted: contextlib.ExitStack) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(HELLO_TIMEOUT_S)
        # A duplicate, so that `stop` may shut the connection under the TLS object without reaching into it.
        with contextlib.closing(
            self._context.wrap_socket(connection.dup(), server_side=True, suppress_ragged_eofs=True)
        ) as tls:
            hello = self._greet(tls)
            if hello is None:
                with self._lock:
                    self._refused += 1
                return
            greeted.close()
            tls.settimeout(SEND_TIMEOUT_S)
            # A client says nothing after its Hello: what is to be read is its farewell, or the end of the connection.
            farewell = select.poll()
            farewell.register(connection, select.POLLIN)
            self._feed(tls, hello, lambda: bool(farewell.poll(0)))

    def _greet(self, tls: ssl.SSLSocket) -> wire.Hello | None:
        """The Hello of one who may; None when refused, and told so."""
        try:
            version, hello = wire.read_hello(_read_message(tls, self._clock))
        except SourceError as error:
            tls.sendall(wire.refusal_message(wire.Refusal.REQUEST, str(error)))
            return None
        refusal = self._why_not(version, hello)
        if refusal is None:
            return hello
        tls.sendall(wire.refusal_message(*refusal))
        return None

    def _why_not(self, version: int, hello: wire.Hello) -> tuple[wire.Refusal, str] | None:
        if not is_token(hello.token, self._tokens):
            # The camera's name is the stranger's word, and cut.
            _log.warning("tap refused: wrong token", camera=hello.camera[:64])
            return wire.Refusal.TOKEN, "the token is not this installation's: do both use one secret_key?"
        if version != wire.VERSION:
            return wire.Refusal.VERSION, f"this worker speaks version {wire.VERSION}, not {version}"
        if hello.camera not in self._units:
            return wire.Refusal.CAMERA, f"camera {hello.camera} is not with this worker"
        return None

    def _feed(self, tls: ssl.SSLSocket, hello: wire.Hello, gone: Callable[[], bool]) -> None:
        unit = self._units.get(hello.camera)
        if unit is None or unit.ending.is_set():
            return
        with self._lock:
            self._served += 1
        stream = unit.stream(hello.stream)
        tls.sendall(wire.answer_message(stream.role))
        going_on = lambda: not (self._stop.is_set() or unit.ending.is_set() or gone())  # noqa: E731
        if hello.want is wire.Want.SCENES:
            feed_scenes(tls.sendall, unit.scenes, stream.state, going_on, self._clock)
        else:
            feed_packets(tls.sendall, stream.role, stream.ring, hello.start, stream.state, going_on, self._clock)


def _read_message(tls: ssl.SSLSocket, clock: Clock) -> bytes:
    """The payload of the Hello. Raises SourceError, OSError."""
    deadline_s = clock.monotonic_s() + HELLO_TIMEOUT_S
    kind, length = wire.parse_header(_read_exactly(tls, wire.HEADER.size, deadline_s, clock))
    if kind is not wire.Message.HELLO:
        raise SourceError(f"the first message must be a Hello, not {kind.name}")
    return _read_exactly(tls, length, deadline_s, clock)


def _read_exactly(tls: ssl.SSLSocket, size: int, deadline_s: float, clock: Clock) -> bytes:
    data = b""
    while len(data) < size:
        left_s = deadline_s - clock.monotonic_s()
        if left_s <= 0:
            raise TimeoutError("no Hello in time")
        tls.settimeout(left_s)
        piece = tls.recv(size - len(data))
        if not piece:
            raise SourceError("the connection ended before its Hello")
        data += piece
    return data


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
