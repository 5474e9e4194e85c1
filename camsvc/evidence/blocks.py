"""What is read to be packed, in blocks; also ahead, in a thread of its own: meanwhile what came before is hashed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

BLOCK_BYTES = 1024 * 1024
"""Hashed and written at once: the store gives 64 KB pieces, and Python costs something for each."""
WAITING = 8
"""Blocks on their way, a megabyte each. Full: the thread waits; nothing is dropped."""
NOTICE_S = 0.2
"""How soon the thread notices that nobody reads any more."""


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None = None


def blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Joined into pieces of about BLOCK_BYTES."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= BLOCK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def ahead(pieces: Iterator[bytes]) -> Generator[bytes, None, None]:
    """``pieces`` in blocks of about BLOCK_BYTES. They are taken in another thread; what they raise is raised here.

    Close it (``contextlib.closing``) when it is not read to its end.
    """
    line: queue.Queue[bytes | _End] = queue.Queue(WAITING)
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(pieces, line, stop), name="reading-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(got := line.get(), _End):
            yield got
        if got.error is not None:
            raise got.error
    finally:
        stop.set()
        thread.join()


def _run(pieces: Iterator[bytes], line: queue.Queue[bytes | _End], stop: threading.Event) -> None:
    end = _End()
    try:
        for block in blocks(pieces):
            if not _put(line, block, stop):
                return
    except BaseException as error:  # noqa: BLE001  top of the thread: it is raised where the blocks are read
        end = _End(error)
    _put(line, end, stop)


def _put(line: queue.Queue[bytes | _End], item: bytes | _End, stop: threading.Event) -> bool:
    """False: nobody reads any more."""
    while not stop.is_set():
        with suppress(queue.Full):
            line.put(item, timeout=NOTICE_S)
            return True
    return False
