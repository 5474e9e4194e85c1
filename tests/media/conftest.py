"""Films that several tests share: made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.video import Film, make_film

FILMS = {
    "h264-aac.mkv": Film(audio="aac"),
    "hevc-g711.mov": Film(codec="hevc", audio="pcm_mulaw"),
    "h264.mkv": Film(),
    "h264-b.mkv": Film(b_frames=2),
    "hevc-b-opus.mkv": Film(codec="hevc", b_frames=2, audio="opus"),
}
"""Four seconds each, 25 pictures a second, a key frame every second."""


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By name without suffix: ``h264``, ``h264-aac``, ``hevc-g711``, ``h264-b``, ``hevc-b-opus``."""
    folder = tmp_path_factory.mktemp("films")
    return {Path(name).stem: make_film(folder / name, film) for name, film in FILMS.items()}
