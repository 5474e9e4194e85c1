from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.gate import h264
from camsvc.gate.bits import Bits, units
from camsvc.gate.measure import Meter, Shape
from camsvc.media.packets import Packet
from tests.gate.scenes import HEIGHT, WIDTH, encode, pictures, walk

VARIANTS = {
    "baseline": ({"profile": "baseline", "preset": "veryfast"}, "bframes=0"),
    "main, CAVLC": ({"preset": "veryfast"}, "bframes=0:cabac=0:8x8dct=0"),
    "high, CABAC": ({"preset": "veryfast"}, "bframes=0"),
    "B-frames, pyramid, weights": ({"preset": "slow"}, "bframes=3:b-pyramid=normal:weightp=2:weightb=1:ref=4"),
    "slices": ({"preset": "veryfast"}, "bframes=0:slices=4"),
    "interlaced": ({"preset": "veryfast"}, "bframes=0:interlaced=1"),
    "intra refresh": ({"preset": "veryfast"}, "bframes=0:intra-refresh=1"),
    "scaling lists": ({"preset": "veryfast"}, "bframes=0:cqm=jvt"),
}


def headers(packets: list[Packet]) -> list[tuple[int, h264.Slice]]:
    sequences: dict[int, h264.Sequence] = {}
    pictures_: dict[int, h264.Picture] = {}
    found = []
    for packet in packets:
        for unit in units(packet.data, 512):
            kind = unit[0] & 31
            if kind == h264.SPS:
                number, sequence = h264.sequence(unit)
                sequences[number] = sequence
            elif kind == h264.PPS:
                number, picture = h264.picture(unit)
                pictures_[number] = picture
            elif kind in h264.SLICES:
                found.append(h264.slice_header(unit, pictures_, sequences))
                break
    assert all(abs(sequence.pixels - WIDTH * HEIGHT) < 0.2 * WIDTH * HEIGHT for sequence in sequences.values())
    return found


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("quantiser", [12, 38])
def test_the_quantiser_is_read_as_the_encoder_set_it(name: str, quantiser: int) -> None:
    options, parameters = VARIANTS[name]
    constant = f"qp={quantiser}:ipratio=1.0:pbratio=1.0:{parameters}"
    packets = encode(pictures(3, walk(0, 3)), options={**options, "x264-params": constant})
    found = headers(packets)
    assert len(found) == len(packets)
    assert {each for each, _ in found} == {quantiser}
    assert {kind for _, kind in found} <= {h264.Slice.P, h264.Slice.B, h264.Slice.I}
    assert (h264.Slice.B in {kind for _, kind in found}) == ("B-frames" in name)


def test_motion_that_a_rate_control_squeezes_into_fewer_bits_is_not_less_news() -> None:
    sizes, news = [], []
    for quantiser in (22, 34):
        meter = Meter()
        options = {"preset": "veryfast", "tune": "zerolatency", "x264-params": f"qp={quantiser}"}
        packets = encode(pictures(6, walk(0, 6)), options=options)
        measured = [meter.measure(packet) for packet in packets]
        assert all(each.quantised for each in measured)
        news.append(np.median([each.news for each in measured if each.shape is Shape.FORWARD]))
        sizes.append(np.median([len(packet.data) for packet in packets if not packet.is_key]))
    assert sizes[1] < sizes[0]
    assert news[1] >= news[0]


def test_pictures_between_others_are_not_measured() -> None:
    meter = Meter()
    options = {"preset": "veryfast", "crf": "26", "x264-params": "bframes=2:b-adapt=0"}
    shapes = [meter.measure(packet).shape for packet in encode(pictures(3, walk(0, 3)), options=options)]
    assert shapes.count(Shape.OTHER) > shapes.count(Shape.FORWARD) > 5


def test_what_cannot_be_read_is_measured_by_its_size() -> None:
    meter = Meter()
    packets = encode(pictures(1, walk(0, 1)))[1:]
    measured = [meter.measure(packet) for packet in packets]
    assert not any(each.quantised for each in measured)
    assert {each.shape for each in measured} == {Shape.FORWARD}


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_an_unreadable_header(data: bytes) -> None:
    for read in (h264.sequence, h264.picture):
        try:
            read(b"\x67" + data)
        except ValueError:
            continue


@given(st.lists(st.tuples(st.sampled_from(["u", "ue", "se"]), st.integers(0, 200)), max_size=20))
def test_numbers_are_read_back_as_they_were_written(numbers: list[tuple[str, int]]) -> None:
    text, expected = "", []
    for kind, value in numbers:
        signed = value - 100
        code = {"u": value, "ue": value, "se": 2 * signed - 1 if signed > 0 else -2 * signed}[kind]
        text += f"{code:08b}" if kind == "u" else "0" * ((code + 1).bit_length() - 1) + f"{code + 1:b}"
        expected.append(signed if kind == "se" else value)
    padded = text + "0" * (-len(text) % 8)
    bits = Bits(_escaped(int(padded or "0", 2).to_bytes(max(1, len(padded) // 8), "big")))
    read = {"u": lambda: bits.u(8), "ue": bits.ue, "se": bits.se}
    assert [read[kind]() for kind, _ in numbers] == expected


def _escaped(data: bytes) -> bytes:
    out = bytearray()
    for byte in data:
        if byte <= 3 and out[-2:] == b"\x00\x00":
            out.append(3)
        out.append(byte)
    return bytes(out)


def test_units_are_cut_and_only_as_far_as_asked_for() -> None:
    data = b"\x00\x00\x00\x01\x67abc\x00\x00\x01\x68d\x00\x00\x01\x65" + b"x" * 1000
    assert [unit[:4] for unit in units(data, 16)] == [b"\x67abc", b"\x68d", b"\x65xxx"]
    assert max(len(unit) for unit in units(data, 16)) == 16
