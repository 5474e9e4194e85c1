"""A stored object as a file that can be read from anywhere, for libraries that want one: nothing of it on the disk."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from camsvc.errors import IntegrityError

BLOCK_BYTES = 512 * 1024
"""Read at once: two seconds of a 2 Mb/s camera, so that a picture and its key frame are a few requests."""
BLOCKS_MAX = 8
"""Kept: an MP4's index is read in turns with its pictures."""


class Ranges(Protocol):
    """What is needed of ``storage.objects.ObjectStore``."""

    def open(self, key: str, offset: int = 0, length: int | None = None) -> AbstractContextManager[Iterator[bytes]]: ...


class SeekableObject(io.RawIOBase):
    """Object ``key`` of ``size_bytes``. One thread. Reading raises what the store raises; IntegrityError where it is
    shorter than that."""

    def __init__(self, store: Ranges, key: str, size_bytes: int) -> None:
        super().__init__()
        self._store = store
        self._key = key
        self._size = size_bytes
        self._at = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  whatever takes bytes: 3.11 has no name for it
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), max(0, self._size - self._at))
        done = 0
        while done < wanted:
            number, skip = divmod(self._at, BLOCK_BYTES)
            piece = self._block(number)[skip : skip + wanted - done]
            view[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
        return done

    def _block(self, number: int) -> bytes:
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        offset = number * BLOCK_BYTES
        length = min(BLOCK_BYTES, self._size - offset)
        with self._store.open(self._key, offset, length) as chunks:
            data = b"".join(chunks)
        if len(data) != length:
            raise IntegrityError(f"{self._key}: {len(data)} bytes from {offset} on, and {length} were expected")
        self._blocks[number] = data
        if len(self._blocks) > BLOCKS_MAX:
            self._blocks.popitem(last=False)
        return data
