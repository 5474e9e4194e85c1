"""Viewing copies: films whose pictures say their own number, so that it is known which one is shown when."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from camsvc.errors import IntegrityError, NotFoundError, UnplayableError
from camsvc.evidence.slates import SLATE_S
from camsvc.evidence.viewing import make_viewing
from camsvc.media.canvas import Canvas
from camsvc.media.overlay import Clock, Strip, lettering
from tests.evidence.footages import START, footage_of, track, tracks_of
from tests.video import Film, make_film, read_number

FPS = 25


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("film") / "a.mp4", Film(frames=50, width=640, height=360, audio="aac"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of another size and codec, without sound."""
    wanted = Film(frames=25, width=320, height=240, codec="hevc", first=1000)
    return make_film(tmp_path_factory.mktemp("film") / "b.mp4", wanted)


def pictures(copy: Path, height: int = 360) -> list[tuple[float, NDArray[np.uint8], NDArray[np.uint8]]]:
    """Time, strip and picture, in grey."""
    found = []
    with av.open(str(copy)) as container:
        for frame in container.decode(video=0):
            grey = frame.to_ndarray(format="gray").astype(np.uint8, copy=False)
            assert frame.time is not None
            found.append((frame.time, grey[: grey.shape[0] - height], grey[grey.shape[0] - height :]))
    return found


def test_every_picture_is_there_and_the_clock_above_it_tells_its_own_millisecond(film: Path, tmp_path: Path) -> None:
    make_viewing(footage_of(film), tmp_path / "copy.mp4")
    shown = pictures(tmp_path / "copy.mp4")
    assert [read_number(picture) for _, _, picture in shown] == list(range(50))
    assert [time for time, _, _ in shown] == pytest.approx([number / FPS for number in range(50)])
    clocks = [_clock_of(number) for number in range(50)]
    for number, (_, strip, _) in enumerate(shown):
        near = range(max(number - 2, 0), min(number + 3, 50))
        likeness = [_likeness(strip, clocks[each]) for each in near]
        assert near[int(np.argmax(likeness))] == number
        assert max(likeness) > 0.9


def _clock_of(number: int) -> NDArray[np.uint8]:
    """The UTC clock that belongs above a picture, as it is drawn."""
    letters = lettering(12)
    at = START + timedelta(seconds=number / FPS)
    return np.hstack([letters.cells[letter] for letter in Clock(None).text(at)])


def _likeness(strip: NDArray[np.uint8], clock: NDArray[np.uint8]) -> float:
    """How well ``clock`` fits somewhere in ``strip``, 0…1."""
    import cv2

    return float(cv2.matchTemplate(strip, clock, cv2.TM_CCOEFF_NORMED).max())


def test_the_copy_plays_in_every_browser_and_says_what_it_is(film: Path, tmp_path: Path) -> None:
    make_viewing(footage_of(film), tmp_path / "copy.mp4")
    data = (tmp_path / "copy.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        video, audio = copy.streams.video[0], copy.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert audio.codec_context.name == "aac"
        assert copy.metadata["title"] == "camsvc viewing copy"
        assert str(footage_of(film).incident.camera) not in copy.metadata["title"]
    assert [each.name for each in tmp_path.iterdir()] == ["copy.mp4"]


def test_a_gap_is_a_slate_of_two_seconds_and_parts_of_other_size_and_codec_follow(
    film: Path, other: Path, tmp_path: Path
) -> None:
    make_viewing(footage_of(film, other, gap_s=7.0), tmp_path / "copy.mp4")
    shown = pictures(tmp_path / "copy.mp4")
    slate = [time for time, _, picture in shown if picture[-20:].max() < 60]
    assert [slate[0], slate[-1]] == pytest.approx([2.0, 2.0 + SLATE_S - 0.2])
    second = [each for each in shown if each[0] > slate[-1]]
    assert len(second) == 25
    assert second[0][0] == pytest.approx(2.0 + SLATE_S)
    assert [read_number(picture[:, 80:560]) for _, _, picture in second] == list(range(1000, 1025))
    assert second[5][2][:, :70].max() < 30  # beside it nothing is left of the slate


def test_parts_that_follow_each_other_have_no_slate_between_them(film: Path, tmp_path: Path) -> None:
    make_viewing(footage_of(film, film, gap_s=0.2), tmp_path / "copy.mp4")
    assert [read_number(picture) for _, _, picture in pictures(tmp_path / "copy.mp4")] == [*range(50), *range(50)]


def test_sound_goes_on_with_its_pictures_and_is_silent_in_a_gap(film: Path, tmp_path: Path) -> None:
    make_viewing(footage_of(film, film, gap_s=7.0), tmp_path / "copy.mp4")
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        heard = [(frame.time or 0.0, float(np.abs(frame.to_ndarray()).mean())) for frame in copy.decode(audio=0)]
    assert heard[-1][0] == pytest.approx(6.0, abs=0.1)
    assert min(level for time, level in heard if 0.1 < time < 1.9) > 0.05
    assert max(level for time, level in heard if 2.1 < time < 3.9) < 0.01
    assert min(level for time, level in heard if 4.1 < time < 5.9) > 0.05


def test_a_part_that_is_missing_altered_or_broken_has_a_slate_in_its_place(film: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    faults = (NotFoundError("gone"), IntegrityError("not what was written"))
    footage = footage_of(film, *faults, film)
    make_viewing(footage, tmp_path / "copy.mp4")
    shown = pictures(tmp_path / "copy.mp4")
    assert len(shown) == 50 + 2 * 10 + 50
    assert shown[-1][0] == pytest.approx(2 + 2 * SLATE_S + 2 - 1 / FPS)
    with pytest.raises(UnplayableError, match="no picture"):
        make_viewing(footage_of(NotFoundError("gone")), tmp_path / "none.mp4")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["broken.mp4", "copy.mp4"]


def test_boxes_move_between_their_sightings_and_are_not_invented_over_a_hole(film: Path, tmp_path: Path) -> None:
    near = track(7, [(0.0, 0.2, 0.5, 0.1, 0.3), (0.8, 0.6, 0.5, 0.1, 0.3)])
    far = track(8, [(0.0, 0.85, 0.6, 0.1, 0.3), (1.8, 0.85, 0.6, 0.1, 0.3)], "car")
    tracks = tracks_of(near, far, start_pts_90k=900_000)
    for each in tracks["tracks"]:
        for point in each["points"]:
            point[0] += 900_000
    make_viewing(footage_of(film, tracks=tracks, start_pts_90k=900_000), tmp_path / "copy.mp4")
    shown = [picture for _, _, picture in pictures(tmp_path / "copy.mp4")]
    row = round(0.7 * 360)
    for number, left in ((0, 0.2), (10, 0.4), (20, 0.6)):
        line = shown[number][row].astype(int)
        assert line[round(left * 640)] > 150
        assert line[round((left + 0.1) * 640) - 1] > 150
        assert abs(line[round((left + 0.05) * 640)] - 96) < 40  # the picture is seen through it
    assert shown[20][row, round(0.85 * 640)] < 130
    assert shown[46][row, round(0.85 * 640)] > 130


def test_giving_up_leaves_nothing_behind(film: Path, tmp_path: Path) -> None:
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 20:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        make_viewing(footage_of(film), tmp_path / "copy.mp4", check=check)
    assert not list(tmp_path.iterdir())


def test_progress_rises_to_the_end(film: Path, tmp_path: Path) -> None:
    told: list[float] = []
    make_viewing(footage_of(film, film), tmp_path / "copy.mp4", on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_name_too_long_for_the_strip_is_cut_and_strange_letters_do_no_harm() -> None:
    canvas = Canvas(320, 200)
    from camsvc.media.overlay import Said

    strip = Strip([Said("x" * 300), Said("a\x00\n\u202eb"), Clock(None)], 320, START)
    strip.begin(canvas, strip.height_px)
    strip.tell(canvas, START)
    assert canvas.planes[0][: strip.height_px].max() > 200
    assert Fraction(strip.height_px, 2).denominator == 1
