"""Reading a parameter set or a slice header bit by bit: H.264 (ITU-T H.264 §7.2, §9.1) and H.265 share the coding."""

from __future__ import annotations

from collections.abc import Iterator

START = b"\x00\x00\x01"


class Bits:
    """A cursor over the payload of one NAL unit. Reading past the end raises ValueError: the caller lacks bytes."""

    __slots__ = ("_at", "_length", "_value")

    def __init__(self, payload: bytes) -> None:
        clean = payload.replace(b"\x00\x00\x03", b"\x00\x00")  # emulation prevention, §7.4.1
        self._value = int.from_bytes(clean, "big")
        self._length = 8 * len(clean)
        self._at = 0

    def u(self, bits: int) -> int:
        """Unsigned integer of ``bits`` bits."""
        self._at += bits
        if self._at > self._length:
            raise ValueError("the header is longer than what was given of it")
        return self._value >> (self._length - self._at) & ((1 << bits) - 1)

    def flag(self) -> bool:
        return self.u(1) == 1

    def ue(self) -> int:
        """Exp-Golomb, unsigned."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("no such number: the bits are not what they were taken for")
        return (1 << zeros) - 1 + (self.u(zeros) if zeros else 0)

    def se(self) -> int:
        """Exp-Golomb, signed."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def units(data: bytes, most: int) -> Iterator[bytes]:
    """The NAL units of an Annex B access unit, each cut to its first ``most`` bytes: headers are short, slices are not.

    Stop iterating at the first slice: what follows it is searched only when asked for.
    """
    at = data.find(START)
    while at >= 0:
        at += len(START)
        following = data.find(START, at, at + most)
        yield data[at : following if following >= 0 else at + most]
        at = data.find(START, at)
