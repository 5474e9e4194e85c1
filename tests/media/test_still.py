from __future__ import annotations

import io
from pathlib import Path

import pytest

from camsvc.errors import UnplayableError
from camsvc.media.still import picture_at
from tests.video import Film, make_film, read_number


@pytest.mark.parametrize("b_frames", [0, 2])
def test_it_is_the_picture_that_a_player_shows_then(tmp_path: Path, b_frames: int) -> None:
    film = make_film(tmp_path / "film.mp4", Film(frames=60, gop=20, b_frames=b_frames))
    shown = {0.0: 0, 0.04: 1, 0.0601: 1, 0.999: 25, 1.0: 25, 1.2: 30, 2.36: 59, 9.0: 59}
    for at_s, number in shown.items():
        assert read_number(picture_at(film, at_s)) == number, at_s
    with film.open("rb") as opened:
        assert read_number(picture_at(opened, 1.2)) == 30


def test_what_is_no_video_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(UnplayableError, match="no picture at 1 s"):
        picture_at(io.BytesIO(b"footage" * 100), 1)
