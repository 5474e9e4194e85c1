from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from camsvc.domain.track import Moment, Scene
from camsvc.gate import motion
from camsvc.gate.likeness import Likeness
from camsvc.gate.motion import Decision, Gate
from camsvc.media.packets import Packet
from tests.gate.scenes import drive, encode, nobody, pictures, walk


def key_frames(clip: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        return [(each.time or 0.0, each.to_ndarray(format="bgr24")) for each in container.decode(stream)]  # type: ignore[misc]


def test_an_empty_room_looks_like_itself_and_not_like_one_with_somebody_in_it(footage: Path) -> None:
    frames = key_frames(footage / "ped_onebyone_indoor.mp4")
    likeness = Likeness()
    likeness.keep(frames[1][1])
    assert [at_s for at_s, image in frames if 1 < at_s < 5.5 and likeness.differs(image)] == []
    inside = [at_s for at_s, image in frames if 7 < at_s < 19.5 and not likeness.differs(image)]
    assert inside == []


def every_frame(clip: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    with av.open(str(clip)) as container:
        return [(each.time or 0.0, each.to_ndarray(format="bgr24")) for each in container.decode(video=0)]  # type: ignore[misc]


def test_an_empty_yard_looks_like_itself_and_not_like_one_with_a_car(footage: Path) -> None:
    frames = every_frame(footage / "veh_overhead_4cars.mp4")
    likeness = Likeness()
    likeness.keep(next(image for at_s, image in frames if at_s > 10))
    assert not any(likeness.differs(image) for at_s, image in frames if 10 < at_s < 12.5)
    assert all(likeness.differs(image) for at_s, image in frames if 15.2 < at_s < 18.5)


def test_a_man_in_the_dark_differs_from_the_dark_without_him(footage: Path) -> None:
    frames = every_frame(footage / "night_dark_person_1080p.mp4")[::60]
    likeness = Likeness()
    likeness.keep(frames[0][1])
    assert all(likeness.differs(image) for _, image in frames[1:])


def test_noise_and_a_change_of_light_are_no_difference() -> None:
    random = np.random.default_rng(0)
    scene = random.integers(40, 180, (360, 640, 3)).astype(np.float32)
    likeness = Likeness()
    likeness.keep(scene.astype(np.uint8))
    assert not likeness.differs(np.clip(scene + random.normal(0, 6, scene.shape), 0, 255).astype(np.uint8))
    assert not likeness.differs(np.clip(scene + 25, 0, 255).astype(np.uint8))
    scene[150:250, 300:340] += 40
    assert likeness.differs(np.clip(scene, 0, 255).astype(np.uint8))


def test_with_nothing_to_compare_it_differs() -> None:
    likeness = Likeness()
    image = np.zeros((10, 10, 3), np.uint8)
    assert likeness.differs(image)
    likeness.keep(image)
    assert not likeness.differs(image)
    likeness.forget()
    assert likeness.differs(image)


@pytest.fixture(scope="module")
def packets() -> list[Packet]:
    return encode(pictures(120, nobody))


def test_a_checked_picture_like_the_last_is_not_analysed_again_until_it_is_due(packets: list[Packet]) -> None:
    gate = Gate()
    drive(gate, packets[:300], nobody)
    images = list(pictures(1, nobody))
    analysed: list[float] = []
    for packet in packets[300:]:
        if gate.observe(packet) is Decision.CHECK and gate.look(images[0]):
            at_s = packet.pts_90k / 90_000
            analysed.append(at_s)
            gate.feedback(Scene(Moment("s", packet.pts_90k, packet.at), ()))
    assert len(analysed) == pytest.approx(90 / motion.LOOK_MOST_S, abs=1)


def test_a_checked_picture_with_somebody_in_it_is_analysed(packets: list[Packet]) -> None:
    gate = Gate()
    drive(gate, packets[:300], nobody)
    empty, somebody = next(iter(pictures(1, nobody))), list(pictures(1, walk(0, 1)))[5]
    looked: list[bool] = []
    for packet in packets[300:]:
        if gate.observe(packet) is Decision.CHECK:
            looked.append(gate.look(somebody if len(looked) == 2 else empty))
            if looked[-1]:
                gate.feedback(Scene(Moment("s", packet.pts_90k, packet.at), ()))
            if len(looked) == 3:
                break
    assert looked == [True, False, True]
