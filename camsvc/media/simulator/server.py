"""A small RTSP server (RFC 2326) over TCP and UDP, with optional digest credentials, for simulated cameras."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from camsvc.errors import InputError, SourceError
from camsvc.log import get
from camsvc.media.simulator import reel as reels
from camsvc.media.simulator import sdp
from camsvc.media.simulator.camera import Listener, SimulatedCamera
from camsvc.media.simulator.faults import Fault, FaultKind

CLIENT_BUFFER_BYTES = 4 * 1024 * 1024
"""Unsent bytes a client may have: two seconds of a 16 Mb/s camera. Above, it waits for the next key frame."""
MAX_REQUEST_BYTES = 16 * 1024
STOP_TIMEOUT_S = 5.0
REALM = "camsvc simulator"
_INTERLEAVED = re.compile(r"interleaved=(\d+)-(\d+)")
_CLIENT_PORT = re.compile(r"client_port=(\d+)-(\d+)")
_DIGEST_FIELD = re.compile(r'(\w+)="?([^",]*)"?')

log = get(__name__)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]


class SimulatorServer:
    """Serves each camera at ``rtsp://host:port/NAME``. A context manager; its own thread runs the event loop."""

    def __init__(
        self,
        cameras: Mapping[str, SimulatedCamera],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        credentials: tuple[str, str] | None = None,
    ) -> None:
        self.cameras = dict(cameras)
        self.host = host
        self.port = port
        self.credentials = credentials
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="simulator", daemon=True)
        self._ready: Future[asyncio.AbstractEventLoop] = Future()

    def start(self) -> None:
        """Returns once connections are taken. Raises SourceError when the port cannot be had."""
        self._thread.start()
        self._loop = self._ready.result()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STOP_TIMEOUT_S)

    def url(self, name: str, *, with_credentials: bool = True) -> str:
        user = f"{self.credentials[0]}:{self.credentials[1]}@" if self.credentials and with_credentials else ""
        return f"rtsp://{user}{self.host}:{self.port}/{name}"

    def inject(self, name: str, fault: Fault) -> None:
        """Let one camera misbehave now. Any thread."""
        self._loop.call_soon_threadsafe(self.cameras[name].inject, fault)

    def wait(self) -> None:
        """Until stopped, or interrupted from the keyboard."""
        while self._thread.is_alive():
            self._thread.join(1.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self) -> None:
        try:
            server = await asyncio.start_server(self._client, self.host, self.port)
        except OSError as error:
            cure = f"choose another with --port, or stop what listens on {self.port}"
            failure = SourceError(f"port {self.port} of {self.host} cannot be had: {error.strerror}; {cure}")
            failure.__cause__ = error
            self._ready.set_exception(failure)
            return
        self.port = server.sockets[0].getsockname()[1]
        async with asyncio.TaskGroup() as tasks:
            players = [tasks.create_task(camera.play()) for camera in self.cameras.values()]
            self._ready.set_result(asyncio.get_running_loop())
            await self._stop.wait()
            server.close()
            for player in players:
                player.cancel()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, reader, writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await connection.run()
        connection.close()


class _Connection:
    """One RTSP connection; its session dies with it."""

    def __init__(self, server: SimulatorServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._session = secrets.token_hex(8)
        self._nonce = secrets.token_hex(16)
        self._channels: dict[tuple[int, bool], int | tuple[str, int]] = {}
        self._udp: dict[tuple[int, bool], asyncio.DatagramTransport] = {}
        self._camera: SimulatedCamera | None = None
        self._listener = Listener(self._send, self.close, self._has_room)

    async def run(self) -> None:
        while request := await self._read():
            status, headers, body = await self._answer(request)
            lines = [f"RTSP/1.0 {status}", f"CSeq: {request.headers.get('cseq', '0')}", *headers]
            if body:
                lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
            self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            await self._writer.drain()
            if request.method == "PLAY" and self._camera and status.startswith("200"):
                self._camera.join(self._listener)
            if request.method == "TEARDOWN":
                return

    def close(self) -> None:
        if self._camera:
            self._camera.leave(self._listener)
        for transport in self._udp.values():
            transport.close()
        self._udp.clear()
        self._writer.close()

    async def _read(self) -> _Request | None:
        """The next request; interleaved data from the client (receiver reports) is skipped."""
        while True:
            first = await self._reader.read(1)
            if not first:
                return None
            if first != b"$":
                break
            _, size = await self._reader.readexactly(1), int.from_bytes(await self._reader.readexactly(2), "big")
            await self._reader.readexactly(size)
        head = first + await self._reader.readuntil(b"\r\n\r\n")
        if len(head) > MAX_REQUEST_BYTES:
            return None
        start, *lines = head.decode("utf-8", "replace").strip().split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
            return None
        await self._reader.readexactly(int(length))
        method, _, rest = start.partition(" ")
        return _Request(method, rest.rpartition(" ")[0], headers)

    async def _answer(self, request: _Request) -> tuple[str, list[str], bytes]:
        if request.method == "OPTIONS":
            return "200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"], b""
        if not self._may(request):
            challenge = f'WWW-Authenticate: Digest realm="{REALM}", nonce="{self._nonce}"'
            return "401 Unauthorized", [challenge], b""
        name = unquote(urlsplit(request.url).path).strip("/").partition("/")[0]
        camera = self._server.cameras.get(name)
        if camera is None:
            return "404 Not Found", [], b""
        if camera.refuses:
            return "503 Service Unavailable", [], b""
        if request.method == "DESCRIBE":
            body = sdp.describe(camera.current, self._server.host).encode()
            return "200 OK", [f"Content-Base: {request.url.rstrip('/')}/"], body
        if request.method == "SETUP":
            return await self._set_up(request, camera)
        if request.method in ("PLAY", "GET_PARAMETER", "TEARDOWN"):
            return "200 OK", [f"Session: {self._session}"], b""
        return "405 Method Not Allowed", [], b""

    async def _set_up(self, request: _Request, camera: SimulatedCamera) -> tuple[str, list[str], bytes]:
        index = 1 if request.url.rstrip("/").endswith(sdp.AUDIO_CONTROL) else 0
        wanted = request.headers.get("transport", "")
        session = [f"Session: {self._session};timeout=60"]
        if match := _INTERLEAVED.search(wanted):
            rtp, rtcp = int(match[1]) & 0xFF, int(match[2]) & 0xFF
            self._channels |= {(index, False): rtp, (index, True): rtcp}
            transport = f"Transport: RTP/AVP/TCP;unicast;interleaved={rtp}-{rtcp}"
        elif match := _CLIENT_PORT.search(wanted):
            host = self._writer.get_extra_info("peername")[0]
            ports = []
            for is_rtcp, port in ((False, int(match[1])), (True, int(match[2]))):
                loop = asyncio.get_running_loop()
                udp, _ = await loop.create_datagram_endpoint(
                    asyncio.DatagramProtocol, local_addr=(self._server.host, 0)
                )
                self._udp[index, is_rtcp] = udp
                self._channels[index, is_rtcp] = (host, port)
                ports.append(str(udp.get_extra_info("sockname")[1]))
            transport = f"Transport: RTP/AVP;unicast;client_port={match[1]}-{match[2]};server_port={'-'.join(ports)}"
        else:
            return "461 Unsupported Transport", [], b""
        self._camera = camera
        self._listener.tracks.add(index)
        return "200 OK", [transport, *session], b""

    def _may(self, request: _Request) -> bool:
        """RFC 2617 §3.2.2 without qop, as cameras do it."""
        if not self._server.credentials:
            return True
        user, password = self._server.credentials
        given = dict(_DIGEST_FIELD.findall(request.headers.get("authorization", "").removeprefix("Digest ")))
        secret = _md5(f"{user}:{REALM}:{password}")
        asked = _md5(f"{request.method}:{given.get('uri', '')}")
        wanted = _md5(f"{secret}:{self._nonce}:{asked}")
        return given.get("username") == user and secrets.compare_digest(given.get("response", ""), wanted)

    def _send(self, index: int, is_rtcp: bool, packet: bytes) -> None:
        channel = self._channels.get((index, is_rtcp))
        if self._writer.is_closing():
            return
        if isinstance(channel, int):
            self._writer.write(b"$" + bytes((channel,)) + len(packet).to_bytes(2, "big") + packet)
        elif channel:
            self._udp[index, is_rtcp].sendto(packet, channel)

    def _has_room(self) -> bool:
        return self._writer.transport.get_write_buffer_size() < CLIENT_BUFFER_BYTES


def cameras_from_files(files: Sequence[Path], faults: Sequence[Fault] = ()) -> dict[str, SimulatedCamera]:
    """One camera a file, named by the file without its ending. Raises InputError, SourceError, UnplayableError."""
    cameras: dict[str, SimulatedCamera] = {}
    for file in files:
        name = file.stem
        if name in cameras:
            raise InputError(
                f"two files are named {name!r}", parameter="VIDEO", cure="rename one: the name is the path"
            )
        own = tuple(fault for fault in faults if fault.camera in (None, name))
        resize = next((fault for fault in own if fault.kind is FaultKind.RESIZE), None)
        resized = reels.load(file, scale=resize.amount) if resize else None
        cameras[name] = SimulatedCamera(reels.load(file), own, resized)
    unknown = {fault.camera for fault in faults if fault.camera} - set(cameras)
    if unknown:
        cure = f"cameras are {', '.join(sorted(cameras))}"
        raise InputError(f"a fault names the camera {sorted(unknown)[0]!r}", parameter="--fault", cure=cure)
    return cameras


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
