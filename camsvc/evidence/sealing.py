"""Hashes and writes what comes, in order, in a thread of its own: the reader meanwhile reads and hashes the next."""

from __future__ import annotations

import hashlib
import queue
import threading
from types import TracebackType
from typing import Protocol, Self

WAITING = 8
"""Pieces on their way, about a megabyte each. Full: the writer waits; nothing is dropped."""


class Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


class SealingSink:
    """Use it as a context; ``write`` and ``settle`` from one thread. The inner sink is called from another."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._digest = hashlib.sha256()
        self._pieces: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="sealing", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def write(self, data: bytes, /) -> None:
        """Raises what the inner sink raised, for this piece or one before it."""
        self._raise()
        self._pieces.put(data)

    def settle(self) -> bytes:
        """Waits until all is written; SHA-256 of all. Nothing may be written after it. Raises as ``write``."""
        self._end()
        self._raise()
        return self._digest.digest()

    def _end(self) -> None:
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (piece := self._pieces.get()) is not None:
            if self._error is not None:
                continue  # the writer is told; what still waits is let go
            try:
                self._digest.update(piece)
                self._sink.write(piece)
            except BaseException as error:  # noqa: BLE001  top of the thread: it is raised where the next is written
                self._error = error
