"""A journal of packets on disk that survives a crash at any byte.

Layout: magic, then records. A record is its length and CRC-32 (both little-endian, 32 bits) and its body. The first
body is JSON: session and parameters. Every other is one packet: a fixed head (see ``_HEAD``), then the camera's bytes.
A reader stops at the first record that is short or whose checksum is wrong: that is where the crash was.
"""

from __future__ import annotations

import base64
import json
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from camsvc.errors import UnplayableError
from camsvc.media.packets import AudioParameters, Kind, Packet, Parameters, VideoParameters
from camsvc.media.timeline import EPOCH

MAGIC = b"camsvc packets 1\n"
MAX_RECORD_BYTES = 64 * 1024 * 1024
"""Larger than any picture of any camera; a length beyond it is damage and not worth the memory."""

_RECORD = struct.Struct("<II")
_HEAD = struct.Struct("<BBqqqq")
"""Kind, key, pts, dts, duration (1/90000 s), wall time (µs since the epoch)."""
_KINDS = (Kind.VIDEO, Kind.AUDIO)
_MICROSECOND = timedelta(microseconds=1)


class PacketLogWriter:
    """Writes a new journal; one thread. Raises OSError, FileExistsError among them: a journal is never overwritten.

    Every packet is handed to the operating system at once, so only a power cut can take what was not yet ``sync``-ed.
    After an OSError the journal ends with the last whole packet, and further packets may be tried.
    """

    def __init__(self, path: Path, session: str, parameters: Parameters) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        self._folder = path.parent
        self._folder_is_synced = False
        self.size_bytes = 0
        try:
            self._write(MAGIC + _record(_header(session, parameters)))
        except OSError:
            self.close()
            path.unlink(missing_ok=True)
            raise

    def append(self, packet: Packet) -> None:
        head = _HEAD.pack(
            _KINDS.index(packet.kind),
            packet.is_key,
            packet.pts_90k,
            packet.dts_90k,
            packet.duration_90k,
            (packet.at - EPOCH) // _MICROSECOND,
        )
        self._write(_record(head + packet.data))

    def sync(self) -> None:
        """Returns when everything appended is on the disk, the file's name included."""
        os.fdatasync(self._file)
        if not self._folder_is_synced:
            sync_folder(self._folder)
            self._folder_is_synced = True

    def close(self) -> None:
        """Does not ``sync``; may be called twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, record: bytes) -> None:
        written = 0
        try:
            while written < len(record):
                written += os.write(self._file, record[written:] if written else record)
        except OSError:
            os.ftruncate(self._file, self.size_bytes)
            os.lseek(self._file, self.size_bytes, os.SEEK_SET)
            raise
        self.size_bytes += len(record)


@dataclass(frozen=True, slots=True)
class PacketLog:
    """A journal read back. The file is opened anew for each pass over its packets."""

    path: Path
    session: str
    parameters: Parameters
    _first_record: int

    @classmethod
    def open(cls, path: Path) -> PacketLog:
        """Raises OSError, and UnplayableError when not even the header survived."""
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise UnplayableError(f"{path}: not a packet log, or cut off in its first line")
            header = _read_record(file)
            if header is None:
                raise UnplayableError(f"{path}: the header of this packet log is damaged")
            values = json.loads(header)
            return cls(path, values["session"], _parameters(values), file.tell())

    def packets(self) -> LoggedPackets:
        """Every whole packet, in the order written; may be iterated several times."""
        return LoggedPackets(self.path, self._first_record)


@dataclass(frozen=True, slots=True)
class LoggedPackets:
    """Holds one packet at a time in memory."""

    _path: Path
    _first_record: int

    def __iter__(self) -> Iterator[Packet]:
        with self._path.open("rb") as file:
            file.seek(self._first_record)
            while (body := _read_record(file)) is not None:
                if len(body) < _HEAD.size:
                    return
                kind, is_key, pts, dts, duration, at_us = _HEAD.unpack_from(body)
                at = EPOCH + timedelta(microseconds=at_us)
                yield Packet(_KINDS[kind], body[_HEAD.size :], pts, dts, duration, bool(is_key), at)


def sync_folder(folder: Path) -> None:
    """Makes names that were created, renamed or removed in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _record(body: bytes) -> bytes:
    return _RECORD.pack(len(body), zlib.crc32(body)) + body


def _read_record(file: BinaryIO) -> bytes | None:
    head = file.read(_RECORD.size)
    if len(head) < _RECORD.size:
        return None
    length, checksum = _RECORD.unpack(head)
    if length > MAX_RECORD_BYTES:
        return None
    body = file.read(length)
    return body if len(body) == length and zlib.crc32(body) == checksum else None


def _header(session: str, parameters: Parameters) -> bytes:
    video, audio = parameters.video, parameters.audio
    values: dict[str, Any] = {
        "session": session,
        "video": {
            "codec": video.codec,
            "width": video.width,
            "height": video.height,
            "extradata": base64.b64encode(video.extradata).decode(),
            "nominal_fps": video.nominal_fps,
        },
        "audio": audio
        and {
            "codec": audio.codec,
            "sample_rate_hz": audio.sample_rate_hz,
            "channels": audio.channels,
            "extradata": base64.b64encode(audio.extradata).decode(),
        },
    }
    return json.dumps(values).encode()


def _parameters(values: dict[str, Any]) -> Parameters:
    video, audio = dict(values["video"]), values["audio"]
    video["extradata"] = base64.b64decode(video["extradata"])
    if audio is None:
        return Parameters(VideoParameters(**video))
    return Parameters(
        VideoParameters(**video), AudioParameters(**{**audio, "extradata": base64.b64decode(audio["extradata"])})
    )
