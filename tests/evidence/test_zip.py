"""The ZIP of a package: read by other programs, at any size; a sink that fails is told of at once."""

from __future__ import annotations

import io
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camsvc.evidence.sealing import SealingSink
from camsvc.evidence.zip_reader import DamagedError, ZipReader
from camsvc.evidence.zip_writer import ZipWriter

AT = datetime(2026, 11, 5, 5, 0, 2, tzinfo=UTC)
GIB = 1 << 30
BLOCK = bytes(1 << 20)


class Sparse:
    """Zeros take no disk."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, data: bytes, /) -> None:
        if data is BLOCK:
            self._file.seek(len(data), 1)
        else:
            self._file.write(data)


class Broken:
    def write(self, data: bytes, /) -> None:
        raise OSError(28, "No space left on device")


def test_other_programs_read_it(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    with file.open("wb") as sink, ZipWriter(sink, AT) as zip_:
        zip_.add("a.txt", b"first")
        with zip_.entry("b/large.bin", 5 * GIB) as write:  # in 64 bits, as it may become as large
            write(b"second")
        zip_.finish(4, lambda _: b"seal")
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.comment == b"seal"
        assert {each.filename: archive.read(each) for each in archive.infolist()} == {
            "a.txt": b"first",
            "b/large.bin": b"second",
        }
        assert archive.infolist()[0].date_time == (2026, 11, 5, 5, 0, 2)
    subprocess.run(["unzip", "-tq", file], check=True, capture_output=True)
    with file.open("rb") as stream:
        reader = ZipReader(stream)
        assert [reader.read(each).size_bytes for each in reader.entries] == [5, 6]
        assert reader.faults == []


@pytest.mark.slow
def test_beyond_4_gib_it_is_read_by_other_programs_too(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    with file.open("wb") as sink, ZipWriter(Sparse(sink), AT) as zip_:
        with zip_.entry("large.bin", 5 * GIB) as write:
            for _ in range(5 * GIB // len(BLOCK)):
                write(BLOCK)
        zip_.add("after.txt", b"after 4 GiB")
        zip_.finish(4, lambda _: b"seal")
    with zipfile.ZipFile(file) as archive:
        assert [each.file_size for each in archive.infolist()] == [5 * GIB, 11]
        assert archive.read("after.txt") == b"after 4 GiB"
    listed = subprocess.run(["unzip", "-p", file, "after.txt"], check=True, capture_output=True)
    assert listed.stdout == b"after 4 GiB"
    with file.open("rb") as stream:
        reader = ZipReader(stream)
        for each in reader.entries:
            reader.read(each)
        assert reader.faults == []


def test_a_sink_that_fails_ends_the_writing_with_its_error() -> None:
    def fill(zip_: ZipWriter) -> None:
        with zip_.entry("a.bin", GIB) as write:
            for _ in range(100):
                write(BLOCK)

    with ZipWriter(Broken(), AT) as zip_, pytest.raises(OSError, match="No space"):
        fill(zip_)


def test_the_end_waits_for_all_and_tells_of_the_last_failure() -> None:
    with SealingSink(Broken()) as sealing:
        sealing.write(b"x")
        with pytest.raises(OSError, match="No space"):
            sealing.settle()


@pytest.mark.parametrize("name", ["", "/a", "../a", "a//b", "a/", ".a", "a b", "ă", "a" * 101, "a/b/c/d/e/f"])
def test_a_name_that_no_package_has_is_refused(name: str) -> None:
    with ZipWriter(io.BytesIO(), AT) as zip_, pytest.raises(ValueError, match="cannot be added"):
        zip_.add(name, b"")


def test_more_than_was_announced_is_refused() -> None:
    def more(zip_: ZipWriter) -> None:
        with zip_.entry("a", 3) as write:
            write(b"four")

    with ZipWriter(io.BytesIO(), AT) as zip_, pytest.raises(ValueError, match="announced"):
        more(zip_)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    for content in (data, b"PK\3\4" + data, data + b"PK\5\6" + bytes(18)):
        try:
            reader = ZipReader(io.BytesIO(content))
            for each in reader.entries:
                reader.read(each)
        except DamagedError:
            continue
