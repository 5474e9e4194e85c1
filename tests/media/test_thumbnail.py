from __future__ import annotations

import cv2
import numpy as np

from camsvc.media.thumbnail import encode_jpeg
from tests.video import draw, read_number


def decoded(jpeg: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8)


def test_a_wide_picture_is_scaled_down_and_keeps_its_shape() -> None:
    jpeg = encode_jpeg(draw(4711, 1280, 720), 320)
    assert jpeg.startswith(b"\xff\xd8")
    image = decoded(jpeg)
    assert image.shape == (180, 320, 3)
    assert read_number(image) == 4711


def test_a_small_picture_is_never_scaled_up() -> None:
    assert decoded(encode_jpeg(draw(1, 160, 96), 320)).shape == (96, 160, 3)
