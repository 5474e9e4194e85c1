from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from camsvc.errors import IntegrityError
from camsvc.storage.seeking import BLOCK_BYTES, BLOCKS_MAX, SeekableObject

DATA = random.Random(7).randbytes(BLOCK_BYTES * 3 + 1234)


class Store:
    """Counts what is asked of it."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[int] = []

    @contextmanager
    def open(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[Iterator[bytes]]:
        assert length is not None
        self.asked.append(offset)
        piece = self.data[offset : offset + length]
        yield iter((piece[:1000], piece[1000:]))


def test_any_place_of_an_object_can_be_read_and_is_fetched_once() -> None:
    store = Store(DATA)
    file = SeekableObject(store, "clip", len(DATA))
    chance = random.Random(8)
    for _ in range(50):
        at, size = chance.randrange(len(DATA)), chance.randrange(1, 2 * BLOCK_BYTES)
        assert file.seek(at) == at
        assert file.read(size) == DATA[at : at + size]
    assert sorted(store.asked) == [number * BLOCK_BYTES for number in range(4)]
    assert len(store.asked) <= BLOCKS_MAX
    file.seek(-4, 2)
    assert file.read() == DATA[-4:]
    assert file.read(1) == b""


def test_an_object_that_was_cut_is_not_taken_for_a_whole_one() -> None:
    file = SeekableObject(Store(DATA[:-10]), "clip", len(DATA))
    file.seek(3 * BLOCK_BYTES)
    with pytest.raises(IntegrityError, match="clip"):
        file.read(10)
