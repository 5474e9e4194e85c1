"""Reading ahead: the same bytes, the same errors, and no thread that goes on for nobody."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.errors import StoreUnavailableError
from camsvc.evidence.blocks import BLOCK_BYTES, ahead


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_what_is_read_ahead_is_what_there_was(pieces: list[bytes]) -> None:
    assert b"".join(ahead(iter(pieces))) == b"".join(pieces)


def test_it_comes_in_blocks_and_in_order() -> None:
    pieces = [bytes([n]) * (BLOCK_BYTES // 4) for n in range(10)]
    read = list(ahead(iter(pieces)))
    assert [len(each) // BLOCK_BYTES for each in read] == [1, 1, 0]
    assert b"".join(read) == b"".join(pieces)


def test_what_the_store_raises_is_raised_to_who_reads_after_what_came_before() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a" * BLOCK_BYTES
        raise StoreUnavailableError("away")

    read = ahead(pieces())
    assert next(read) == b"a" * BLOCK_BYTES
    with pytest.raises(StoreUnavailableError, match="away"):
        next(read)


def test_who_gives_up_ends_the_reading() -> None:
    closed = threading.Event()

    def pieces() -> Generator[bytes, None, None]:
        try:
            while True:
                yield b"a" * BLOCK_BYTES
        finally:
            closed.set()

    source = pieces()
    with closing(ahead(source)) as read:
        next(read)
    source.close()
    assert closed.is_set()
    assert not [each for each in threading.enumerate() if each.name == "reading-ahead"]
