from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import av
import pytest

from camsvc.errors import UnplayableError
from camsvc.media.file import FileSource
from camsvc.media.remux import write_mp4
from camsvc.media.rendition import MARK, MAX_HEIGHT, transcode_for_browser
from tests.video import Film, make_film, numbers_of

START = datetime(2026, 11, 22, tzinfo=UTC)


def clip_of(film: Path, path: Path) -> Path:
    with FileSource(film, start=START) as source:
        write_mp4(path, source.parameters, source.packets())
    return path


@pytest.mark.parametrize(("film", "audio"), [("hevc-g711", []), ("hevc-b-opus", ["opus"]), ("h264-b", [])])
def test_a_rendition_shows_the_same_pictures_at_the_same_times_in_what_browsers_play(
    films: Mapping[str, Path], tmp_path: Path, film: str, audio: list[str]
) -> None:
    original, made = clip_of(films[film], tmp_path / "original.mp4"), tmp_path / "browser.mp4"
    transcode_for_browser(original, made, threading.Event())
    assert numbers_of(made) == list(range(100))
    with av.open(str(made)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert [stream.codec_context.name for stream in container.streams.audio] == audio
        assert [frame.time for frame in container.decode(video=0)] == pytest.approx([n * 0.04 for n in range(100)])
    data = made.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_rendition_says_itself_that_it_is_one(films: Mapping[str, Path], tmp_path: Path) -> None:
    transcode_for_browser(clip_of(films["h264"], tmp_path / "a.mp4"), tmp_path / "b.mp4", threading.Event())
    with av.open(str(tmp_path / "a.mp4")) as original, av.open(str(tmp_path / "b.mp4")) as made:
        assert "title" not in original.metadata
        assert made.metadata["title"] == MARK
        assert made.metadata["creation_time"] == original.metadata["creation_time"]


def test_large_and_odd_pictures_are_fitted(tmp_path: Path) -> None:
    film = make_film(tmp_path / "large.mkv", Film(frames=5, gop=5, width=2562, height=1442))
    transcode_for_browser(clip_of(film, tmp_path / "a.mp4"), tmp_path / "b.mp4", threading.Event())
    with av.open(str(tmp_path / "b.mp4")) as made:
        context = made.streams.video[0].codec_context
        assert context.height == MAX_HEIGHT
        assert context.width % 2 == 0
        assert context.width / context.height == pytest.approx(2562 / 1442, rel=0.01)


def test_stopping_leaves_nothing_behind(films: Mapping[str, Path], tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(UnplayableError, match="stopping"):
        transcode_for_browser(films["h264"], tmp_path / "b.mp4", stop)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(UnplayableError, match=r"text\.mp4"):
        transcode_for_browser(tmp_path / "text.mp4", tmp_path / "b.mp4", threading.Event())
