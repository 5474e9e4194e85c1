"""What loading ultralytics does to the rest of a process: nothing."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, UnidentifiedImageError

from camsvc.vision.runtime import load_ultralytics


def test_what_is_no_picture_is_still_called_so_where_a_detector_runs(tmp_path: Path) -> None:
    load_ultralytics(tmp_path)
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(b"no picture"))
