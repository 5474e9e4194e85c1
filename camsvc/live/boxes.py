"""Fragmented MP4 of one H.264 video, box by box (ISO/IEC 14496-12 and -15): what Media Source Extensions take.

A muxer of a library could do it too, but holds a frame back until it knows the next one's time, and costs more than
the whole way of a packet to a viewer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from camsvc.live.sps import Sps
from camsvc.media.packets import CLOCK_HZ

TRACK = 1
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNITY = 0x10000
_UNDETERMINED_LANGUAGE = 0x55C4
_KEY_FLAGS = 0x02000000
"""sample_depends_on = 2: on no other."""
_DELTA_FLAGS = 0x01010000
"""sample_depends_on = 1, sample_is_non_sync_sample."""
_BASE_IS_MOOF = 0x020000
_TRUN_FIELDS = 0x000001 | 0x000100 | 0x000200 | 0x000400 | 0x000800
"""data offset; duration, size, flags and composition offset of each sample."""
_MOOF_BYTES = 8 + 16 + 8 + 16 + 20 + 36
"""moof, mfhd, traf, tfhd, tfdt, trun: what the picture's bytes follow on, with the header of their box."""
_MAX_SIDE = 0xFFFF
"""A fixed-point number of 16.16 bits holds no more."""
_HIGH_PROFILES = frozenset({100, 110, 122, 144})


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture, shown ``offset_90k`` after it is decoded."""

    decode_90k: int
    offset_90k: int
    duration_90k: int
    is_key: bool
    content: bytes
    """NAL units, each after its length in four bytes."""


def initialisation(sps_unit: bytes, pps_units: Iterable[bytes]) -> bytes:
    """``ftyp`` and ``moov``. Raises ValueError when the parameter set is not understood."""
    sps = Sps.of(sps_unit)
    brand = _box(b"ftyp", b"iso5", struct.pack(">I", 512), b"iso5iso6avc1mp41")
    header = _full(
        b"mvhd",
        0,
        0,
        struct.pack(">4IIH10x", 0, 0, CLOCK_HZ, 0, _UNITY, 0x100),
        _MATRIX,
        bytes(24),
        struct.pack(">I", TRACK + 1),
    )
    extends = _box(b"mvex", _full(b"trex", 0, 0, struct.pack(">5I", TRACK, 1, 0, 0, 0)))
    return brand + _box(b"moov", header, _track(sps, sps_unit, tuple(pps_units)), extends)


def fragment(number: int, sample: Sample) -> bytes:
    """``moof`` and ``mdat`` of one picture. ``number`` rises by one from fragment to fragment."""
    flags = _KEY_FLAGS if sample.is_key else _DELTA_FLAGS
    track = _box(
        b"traf",
        _full(b"tfhd", 0, _BASE_IS_MOOF, struct.pack(">I", TRACK)),
        _full(b"tfdt", 1, 0, struct.pack(">Q", sample.decode_90k)),
        _full(
            b"trun",
            1,
            _TRUN_FIELDS,
            struct.pack(">Ii", 1, _MOOF_BYTES + 8),
            struct.pack(">IIIi", sample.duration_90k, len(sample.content), flags, sample.offset_90k),
        ),
    )
    return b"".join(
        (_box(b"moof", _full(b"mfhd", 0, 0, struct.pack(">I", number)), track), _box(b"mdat", sample.content))
    )


def _track(sps: Sps, sps_unit: bytes, pps_units: tuple[bytes, ...]) -> bytes:
    shown_width = min(_MAX_SIDE, round(sps.width * sps.pixel_shape))
    header = _full(
        b"tkhd",
        0,
        3,  # enabled, in the movie
        struct.pack(">5I8x4H", 0, 0, TRACK, 0, 0, 0, 0, 0, 0),
        _MATRIX,
        struct.pack(">II", shown_width << 16, sps.height << 16),
    )
    media = _box(
        b"mdia",
        _full(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, CLOCK_HZ, 0, _UNDETERMINED_LANGUAGE, 0)),
        _full(b"hdlr", 0, 0, bytes(4), b"vide", bytes(12), b"camsvc\0"),
        _box(
            b"minf",
            _full(b"vmhd", 0, 1, bytes(8)),
            _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1))),
            _sample_table(sps, sps_unit, pps_units),
        ),
    )
    return _box(b"trak", header, media)


def _sample_table(sps: Sps, sps_unit: bytes, pps_units: tuple[bytes, ...]) -> bytes:
    shape = sps.pixel_shape
    entry = _box(
        b"avc1",
        struct.pack(">6xH16xHH", 1, sps.width, sps.height),
        struct.pack(">III", 72 << 16, 72 << 16, 0),
        struct.pack(">H32xHh", 1, 24, -1),
        _box(b"avcC", _configuration(sps, sps_unit, pps_units)),
        _box(b"pasp", struct.pack(">II", shape.numerator, shape.denominator)),
    )
    return _box(
        b"stbl",
        _full(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        _full(b"stts", 0, 0, bytes(4)),
        _full(b"stsc", 0, 0, bytes(4)),
        _full(b"stsz", 0, 0, bytes(8)),
        _full(b"stco", 0, 0, bytes(4)),
    )


def _configuration(sps: Sps, sps_unit: bytes, pps_units: tuple[bytes, ...]) -> bytes:
    """AVCDecoderConfigurationRecord, 14496-15 §5.3.3.1."""
    record = bytes((1, sps.profile, sps.constraints, sps.level, 0xFF, 0xE1))
    record += struct.pack(">H", len(sps_unit)) + sps_unit + bytes((len(pps_units),))
    record += b"".join(struct.pack(">H", len(unit)) + unit for unit in pps_units)
    if sps.profile in _HIGH_PROFILES:
        depth = 0xF8 | (sps.bit_depth - 8)
        record += bytes((0xFC | sps.chroma_format, depth, depth, 0))
    return record


def _box(kind: bytes, *content: bytes) -> bytes:
    return struct.pack(">I", 8 + sum(map(len, content))) + kind + b"".join(content)


def _full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *content)
