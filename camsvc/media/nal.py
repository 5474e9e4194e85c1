"""NAL units of H.264 and H.265 in Annex B form (ITU-T H.264 and H.265, Annex B): just enough to know parameter sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

START_CODE = b"\x00\x00\x00\x01"
_SHORT_START_CODE = b"\x00\x00\x01"


class SetKind(IntEnum):
    """In the order in which a decoder needs them."""

    VPS = 0
    SPS = 1
    PPS = 2


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The sets in force, by kind and id. A later set of the same id takes the earlier's place."""

    sets: tuple[tuple[tuple[SetKind, int], bytes], ...] = ()

    @classmethod
    def of(cls, codec: str, data: bytes) -> ParameterSets:
        """The sets that stand before the first picture in ``data``; none for a codec without NAL units."""
        if codec not in _KINDS:
            return cls()
        found: dict[tuple[SetKind, int], bytes] = {}
        for unit in units(data):
            kind = _kind(codec, unit)
            if kind is None:
                break
            if kind is not _OTHER and len(unit) > _HEADER_BYTES[codec]:
                found[SetKind(kind), _set_id(codec, SetKind(kind), unit)] = unit
        return cls(tuple(sorted(found.items())))

    def updated(self, newer: ParameterSets) -> ParameterSets:
        return ParameterSets(tuple(sorted({**dict(self.sets), **dict(newer.sets)}.items())))

    def contradicts(self, newer: ParameterSets) -> bool:
        """Whether ``newer`` describes another video: its sequence or video set differs from ours of that id, or is new.

        Picture sets may change: some encoders tune them from GOP to GOP, and they travel with the pictures.
        """
        ours = dict(self.sets)
        return any(ours.get(key) != unit for key, unit in newer.sets if key[0] is not SetKind.PPS)

    @property
    def is_complete(self) -> bool:
        """Whether a decoder could start."""
        kinds = {key[0] for key, _ in self.sets}
        return SetKind.SPS in kinds and SetKind.PPS in kinds

    @property
    def annex_b(self) -> bytes:
        return b"".join(START_CODE + unit for _, unit in self.sets)


def is_annex_b(data: bytes) -> bool:
    return data.startswith((START_CODE, _SHORT_START_CODE))


def units(data: bytes) -> Iterator[bytes]:
    """The NAL units of ``data`` without their start codes. Nothing when there is no start code."""
    begin = data.find(_SHORT_START_CODE)
    while begin >= 0:
        begin += len(_SHORT_START_CODE)
        end = data.find(_SHORT_START_CODE, begin)
        yield (data[begin:end] if end >= 0 else data[begin:]).rstrip(b"\x00")
        begin = end


_OTHER = -1
_KINDS: dict[str, dict[int, SetKind]] = {
    "h264": {7: SetKind.SPS, 8: SetKind.PPS},
    "hevc": {32: SetKind.VPS, 33: SetKind.SPS, 34: SetKind.PPS},
}
"""By nal_unit_type: H.264 table 7-1, H.265 table 7-1."""
_HEADER_BYTES = {"h264": 1, "hevc": 2}


def _kind(codec: str, unit: bytes) -> int | None:
    """A SetKind, _OTHER, or None when the pictures begin."""
    if not unit:
        return _OTHER
    if codec == "h264":
        number = unit[0] & 0x1F
        is_picture = 1 <= number <= 5
    else:
        number = unit[0] >> 1 & 0x3F
        is_picture = number < 32
    return None if is_picture else _KINDS[codec].get(number, _OTHER)


def _set_id(codec: str, kind: SetKind, unit: bytes) -> int:
    # Enough bytes for every field before the id; emulation prevention (7.4.1.1) is undone first.
    bits = _Bits(unit[: 64 + 32].replace(b"\x00\x00\x03", b"\x00\x00")[_HEADER_BYTES[codec] :])
    if kind is SetKind.VPS:
        return bits.take(4)
    if kind is SetKind.SPS and codec == "h264":
        bits.take(24)  # profile_idc, constraint flags, level_idc (7.3.2.1.1)
    elif kind is SetKind.SPS:
        bits.take(4)
        _skip_profile_tier_level(bits, sub_layers=bits.take(3), nesting_bits=1)
    return bits.exp_golomb()


def _skip_profile_tier_level(bits: _Bits, *, sub_layers: int, nesting_bits: int) -> None:
    """H.265 7.3.3, with sps_max_sub_layers_minus1 as ``sub_layers``."""
    bits.take(nesting_bits)
    bits.take(88 + 8)
    if sub_layers == 0:
        return
    present = [(bits.take(1), bits.take(1)) for _ in range(sub_layers)]
    bits.take(2 * (8 - sub_layers))
    for has_profile, has_level in present:
        bits.take(88 * has_profile + 8 * has_level)


class _Bits:
    """Reads beyond the end as zeros: a torn set gets some id, and never an exception."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        mask = (1 << count) - 1
        return (self._value >> self._left if self._left >= 0 else self._value << -self._left) & mask

    def exp_golomb(self) -> int:
        """ue(v), H.264 9.1."""
        zeros = 0
        while zeros < 16 and self._left > 0 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)
