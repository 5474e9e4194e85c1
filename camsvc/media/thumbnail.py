"""A small JPEG of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from camsvc.errors import UnplayableError

QUALITY = 85
"""Of 100; above it JPEG grows fast and shows no more."""


def encode_jpeg(image: NDArray[np.uint8], max_width: int) -> bytes:
    """``image`` (BGR) as JPEG, scaled down to ``max_width`` where it is wider; never up."""
    height, width = image.shape[:2]
    if width > max_width:
        size = (max_width, max(1, round(height * max_width / width)))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    done, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise UnplayableError(f"a picture of {width}x{height} could not be made into a JPEG")
    return encoded.tobytes()
