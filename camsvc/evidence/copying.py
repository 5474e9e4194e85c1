"""Copies a stored file into a package, and says whether it is what was written when it was recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, Protocol
from uuid import UUID

from camsvc.domain.fault import FaultKind
from camsvc.errors import NotFoundError, StoreUnavailableError
from camsvc.evidence.blocks import ahead
from camsvc.evidence.contents import FileState, Packed, Role
from camsvc.evidence.zip_writer import ZipWriter
from camsvc.storage.objects import ObjectStat, ObjectStore

READ_AGAIN = 3
"""Times that a lost connection is taken up where it broke, for each file: a store that is restarted comes back."""
NOTE = {
    FileState.ALTERED: (
        "TỆP {name} ĐÃ BỊ THAY ĐỔI trong kho lưu trữ trước khi xuất. Không dùng làm bản gốc.\n"
        "THE FILE {name} WAS ALTERED in the store before it was exported. Do not take it for the original.\n"
        "{detail}\n"
    ),
    FileState.FORGED: (
        "TỆP {name} KHÔNG có chữ ký hợp lệ của máy ghi: tệp, bản ghi hoặc chữ ký của nó đã bị thay đổi. Không dùng làm"
        " bản gốc.\n"
        "THE FILE {name} bears no valid signature of its recorder: it, its record or its signature was changed. Do not"
        " take it for the original.\n{detail}\n"
    ),
    FileState.MISSING: (
        "TỆP {name} KHÔNG CÒN trong kho lưu trữ.\nTHE FILE {name} IS MISSING from the store.\n{detail}\n"
    ),
}


_FAULTS = {
    FileState.ALTERED: FaultKind.ALTERED,
    FileState.MISSING: FaultKind.MISSING,
    FileState.FORGED: FaultKind.FORGED,
}


@dataclass(frozen=True, slots=True)
class StoredFault:
    key: str
    incident: UUID | None
    what: FaultKind
    detail: str


@dataclass(frozen=True, slots=True)
class Source:
    """A stored file, and what was recorded of it."""

    key: str
    name: str
    """In the package."""
    role: Role
    incident: UUID | None
    part: int | None = None
    size_bytes: int | None = None
    """None: the index does not keep it, the store's note is used."""
    sha256: str | None = None
    forged: str | None = None
    """Why what was recorded of it is not what its worker signed; None: it is, or nobody signed."""


class Copy(Protocol):
    """Somebody else who wants the bytes, and must not fail."""

    def write(self, data: bytes, /) -> object: ...


class _Nobody:
    def write(self, data: bytes, /) -> None: ...


NOBODY = _Nobody()


class Copier:
    """For one thread."""

    def __init__(
        self,
        store: ObjectStore,
        zip_: ZipWriter,
        on_bytes: Callable[[Role, int], None],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """``check`` is called between pieces; what it raises ends the copying."""
        self._store = store
        self._zip = zip_
        self._on_bytes = on_bytes
        self._check = check
        self.faults: list[StoredFault] = []
        """Files of the store that are not what was recorded."""

    def copy(self, source: Source, aside: Copy | BinaryIO = NOBODY) -> list[Packed]:
        """The file, and a note beside it when it is altered or missing. ``aside`` is given the same bytes.

        Raises StoreUnavailableError: then nothing is known of the file, and there is no package.
        """
        packed = self._copied(source, aside)
        if packed.state in _FAULTS:
            self.faults.append(StoredFault(source.key, packed.incident, _FAULTS[packed.state], packed.detail or ""))
        return self._noted(packed)

    def _copied(self, source: Source, aside: Copy | BinaryIO) -> Packed:
        stat = self._store.stat(source.key)
        if stat is None:
            return _missing(source)
        recorded, recorded_in = source.sha256, "index"
        if recorded is None:
            recorded, recorded_in = stat.sha256, "store"
        expected = source.size_bytes if source.size_bytes is not None else stat.size_bytes
        digest, size = hashlib.sha256(), 0
        try:
            # What is longer than recorded is altered already: no more of it is taken.
            pieces = self._pieces(source.key, min(expected, stat.size_bytes))
            with self._zip.entry(source.name, expected) as write, closing(ahead(pieces)) as read:
                for block in read:
                    self._check()
                    digest.update(block)
                    size += len(block)
                    write(block)
                    aside.write(block)
                    self._on_bytes(source.role, len(block))
        except NotFoundError as error:
            raise StoreUnavailableError(f"{source.key} vanished while it was read: export again") from error
        state, detail = _judge(expected, recorded, stat, size, digest.hexdigest())
        if state is FileState.INTACT and source.forged is not None:
            state, detail = FileState.FORGED, source.forged
        return Packed(
            source.name,
            source.role,
            state,
            size,
            digest.hexdigest(),
            source.incident,
            source.part,
            recorded,
            recorded_in if recorded else None,
            detail,
        )

    def _pieces(self, key: str, size: int) -> Iterator[bytes]:
        done, attempts = 0, 0
        while done < size:
            try:
                with self._store.open(key, done) as pieces:
                    for piece in pieces:
                        kept = piece[: size - done]
                        done += len(kept)
                        yield kept
                        if done == size:
                            return
            except StoreUnavailableError:
                attempts += 1
                if attempts > READ_AGAIN:
                    raise
            else:
                return

    def _noted(self, packed: Packed) -> list[Packed]:
        text = NOTE.get(packed.state)
        if text is None:
            return [packed]
        name = f"{packed.name}.{packed.state.value.upper()}.txt"
        data = text.format(name=packed.name, detail=packed.detail or "").encode()
        self._zip.add(name, data)
        note = Packed(
            name, Role.NOTE, FileState.MADE, len(data), hashlib.sha256(data).hexdigest(), packed.incident, packed.part
        )
        return [packed, note]


def _judge(
    expected: int, recorded: str | None, stat: ObjectStat, size: int, sha256: str
) -> tuple[FileState, str | None]:
    if recorded is None:
        return FileState.UNRECORDED, "no sha256 was recorded for it"
    if stat.size_bytes != expected:
        cut = ", cut to that" if stat.size_bytes > expected else ""
        return FileState.ALTERED, f"{stat.size_bytes} bytes in the store, {expected} were recorded{cut}"
    if size != expected or sha256 != recorded:
        return FileState.ALTERED, f"its sha256 is {sha256}, {recorded} was recorded"
    return FileState.INTACT, None


def _missing(source: Source) -> Packed:
    recorded = f"its sha256 was {source.sha256}" if source.sha256 else None
    return Packed(
        source.name,
        source.role,
        FileState.MISSING,
        incident=source.incident,
        part=source.part,
        recorded_sha256=source.sha256,
        recorded_in="index" if source.sha256 else None,
        detail=recorded,
    )
