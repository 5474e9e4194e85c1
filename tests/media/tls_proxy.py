"""TLS in front of a TCP server: what makes RTSPS out of RTSP."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from types import TracebackType
from typing import Self


class TlsProxy:
    """Each connection in a thread of its own until either side closes."""

    def __init__(self, target_port: int, context: ssl.SSLContext) -> None:
        self._target_port, self._context = target_port, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Wakes accept(), which close() alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._relay, args=(plain,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _relay(self, plain: socket.socket) -> None:
        with (
            plain,
            contextlib.suppress(OSError),
            self._context.wrap_socket(plain, server_side=True) as client,
            socket.create_connection(("127.0.0.1", self._target_port)) as server,
        ):
            while True:
                readable = [client] if client.pending() else select.select([client, server], [], [])[0]
                for side in readable:
                    other = server if side is client else client
                    data = side.recv(65536)
                    if not data:
                        return
                    other.sendall(data)
