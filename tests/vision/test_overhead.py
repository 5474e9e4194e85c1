"""Vehicles from straight above, which COCO models take for telephones."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from camsvc.domain.track import ObjectClass
from camsvc.vision.detector import Detector

FRAME_OF_A_WHITE_CAR_S = 6.5


def frame(clip: Path, at_s: float) -> NDArray[np.uint8]:
    with av.open(str(clip)) as container:
        for each in container.decode(video=0):
            if each.time is not None and each.time >= at_s:
                return each.to_ndarray(format="bgr24")  # type: ignore[return-value]
    raise AssertionError("the clip is shorter than it was")


def test_a_car_from_above_is_a_car(detector: Detector, footage: Path) -> None:
    (found,) = detector.detect([frame(footage / "veh_overhead_4cars.mp4", FRAME_OF_A_WHITE_CAR_S)])
    assert found[0].object_class is ObjectClass.CAR
    assert found[0].confidence > 0.8
    assert found[0].box.height > 0.4


def test_an_empty_yard_holds_nothing(detector: Detector, footage: Path) -> None:
    (found,) = detector.detect([frame(footage / "veh_overhead_4cars.mp4", 11.0)])
    assert [one for one in found if one.confidence >= 0.4] == []
