from __future__ import annotations

import asyncio
import io
import json
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from camsvc.errors import UnplayableError
from camsvc.live.access_unit import AccessUnit, Item, Paused
from camsvc.live.fragments import Fragments
from camsvc.live.wire import Part
from camsvc.media.packets import CLOCK_HZ
from tests.live.film_subscription import FilmSubscription, started, units_of
from tests.live.pictures import START, packets_of
from tests.video import Film, make_film, picture, read_number

START_90K = round(START.timestamp()) * CLOCK_HZ
FRAME_90K = CLOCK_HZ // 25


def parts_of(items: Sequence[Item]) -> list[tuple[Part, bytes]]:
    async def gather() -> list[tuple[Part, bytes]]:
        return [part async for part in Fragments(FilmSubscription(items))]

    return asyncio.run(gather())


def film_items(tmp_path: Path, film: Film | None = None) -> list[Item]:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", film or Film()))
    return [started(video), *units_of(packets)]


def file_of(parts: Sequence[tuple[Part, bytes]]) -> bytes:
    return b"".join(content for kind, content in parts if kind is not Part.INFO)


def infos_in(parts: Sequence[tuple[Part, bytes]]) -> list[dict[str, Any]]:
    return [json.loads(content) for kind, content in parts if kind is Part.INFO]


def times_in(parts: Sequence[tuple[Part, bytes]]) -> list[tuple[int, int, int]]:
    """When each picture is decoded and shown, and how long."""
    times = []
    for kind, content in parts:
        position = content.find(b"moof") if kind in (Part.KEY, Part.DELTA) else -1
        while position >= 0:
            decoded = struct.unpack_from(">Q", content, content.index(b"tfdt", position) + 8)[0]
            duration, _, _, offset = struct.unpack_from(">IIIi", content, content.index(b"trun", position) + 16)
            times.append((decoded, decoded + offset, duration))
            position = content.find(b"moof", position + 1)
    return times


def test_the_parts_are_a_file_with_the_cameras_own_pictures_at_their_wall_times(tmp_path: Path) -> None:
    items = film_items(tmp_path)
    parts = parts_of(items)
    assert [kind for kind, _ in parts[:4]] == [Part.INFO, Part.INIT, Part.KEY, Part.DELTA], (
        "the first picture comes with the second"
    )
    assert sum(kind is Part.KEY for kind, _ in parts) == 4
    with av.open(io.BytesIO(file_of(parts)), "r") as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 320, 192)
        frames = list(container.decode(video=0))
        assert [read_number(picture(frame)) for frame in frames] == list(range(100))
        assert stream.time_base is not None
        shown = [round(frame.pts * stream.time_base * CLOCK_HZ) for frame in frames if frame.pts is not None]
        assert shown == [START_90K + number * FRAME_90K for number in range(100)]


def test_other_programs_read_it_without_complaint(tmp_path: Path) -> None:
    (tmp_path / "live.mp4").write_bytes(file_of(parts_of(film_items(tmp_path))))
    command = ["ffprobe", "-v", "warning", "-count_frames", "-show_entries", "stream=nb_read_frames,profile,width"]
    shown = subprocess.run(
        [*command, "-of", "json", str(tmp_path / "live.mp4")], capture_output=True, text=True, timeout=60, check=True
    )
    assert shown.stderr == ""
    assert json.loads(shown.stdout)["streams"][0]["nb_read_frames"] == "100"


def test_the_page_is_told_what_it_plays(tmp_path: Path) -> None:
    (info,) = infos_in(parts_of(film_items(tmp_path, Film(frames=10))))
    assert info.pop("codecs").startswith("avc1.42c0")
    assert info == {
        "state": "playing",
        "width": 320,
        "height": 192,
        "stream": "main",
        "rendition": None,
        "session": "s1",
        "start_s": START.timestamp(),
    }


def test_decoding_times_never_jump_further_than_players_allow_whatever_the_camera_leaves_out(tmp_path: Path) -> None:
    items = film_items(tmp_path, Film(gop=100))
    left = [item for number, item in enumerate(items) if number not in (10, 11, 12) and not 20 <= number < 45]
    times = times_in(parts_of(left))
    for (decoded, _, duration), (next_decoded, _, _) in pairwise(times):
        assert decoded < next_decoded <= decoded + 2 * duration
    assert all(decoded <= shown for decoded, shown, _ in times)
    numbers = [number for number in range(100) if number not in (9, 10, 11) and not 19 <= number < 44]
    assert [shown for _, shown, _ in times] == [START_90K + number * FRAME_90K for number in numbers]
    assert {duration for _, _, duration in times[1:]} == {FRAME_90K}, "no buffer is feigned"
    assert times[-1][0] == times[-1][1], "decoding has caught up"


def test_after_a_long_gap_a_key_frame_begins_anew(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(frames=50)))
    later = units_of([replace(packet, at=packet.at + timedelta(seconds=20)) for packet in packets[25:]])
    parts = parts_of([started(video), *units_of(packets[:20]), *later])
    decoded, shown, _ = times_in(parts)[20]
    assert decoded == shown == START_90K + 21 * CLOCK_HZ
    assert sum(kind is Part.INIT for kind, _ in parts) == 1


def test_times_never_stand_or_go_back_within_a_session(tmp_path: Path) -> None:
    video, packets = packets_of(make_film(tmp_path / "film.mkv", Film(frames=5)))
    units = units_of(packets)
    items: list[Item] = [started(video), units[0], units[2], units[1], units[1], units[4]]
    times = times_in(parts_of(items))
    assert all(later[1] > earlier[1] and later[0] > earlier[0] for earlier, later in pairwise(times))


def test_a_new_session_brings_its_own_initialisation(tmp_path: Path) -> None:
    video, small = packets_of(make_film(tmp_path / "small.mkv", Film(frames=10)))
    wide, large = packets_of(
        make_film(tmp_path / "large.mkv", Film(frames=10, first=10, width=640, height=384)),
        START + timedelta(seconds=60),
    )
    items: list[Item] = [
        started(video),
        *units_of(small),
        Paused("retrying", "the camera does not answer"),
        started(wide, session="s2"),
        *units_of(large),
    ]
    parts = parts_of(items)
    first, paused, second = infos_in(parts)
    assert (first["session"], first["width"]) == ("s1", 320)
    assert paused == {"state": "paused", "reason": "retrying", "detail": "the camera does not answer"}
    assert (second["session"], second["width"], second["start_s"]) == ("s2", 640, START.timestamp() + 60)
    kinds = [kind for kind, _ in parts]
    assert kinds.count(Part.INIT) == 2
    assert kinds[kinds.index(Part.INIT, 3) + 1] is Part.KEY


def test_other_parameter_sets_in_mid_session_bring_a_new_initialisation(tmp_path: Path) -> None:
    items = film_items(tmp_path, Film(frames=10))
    _, packets = packets_of(
        make_film(tmp_path / "other.mkv", Film(frames=10, first=10, width=640, height=384)),
        START + timedelta(seconds=0.4),
    )
    parts = parts_of([*items, *units_of(packets)])
    assert [info["width"] for info in infos_in(parts)] == [320, 640]
    same = parts_of([*items, *film_items(tmp_path, Film(frames=10))[1:]])
    assert len(infos_in(same)) == 1


def test_what_is_not_understood_is_said(tmp_path: Path) -> None:
    items = film_items(tmp_path, Film(frames=2))
    key = items[1]
    assert isinstance(key, AccessUnit)
    with pytest.raises(UnplayableError, match="parameter sets"):
        parts_of([items[0], replace(key, data=b"\0\0\0\1\x67\x42\xc0" + key.data)])


def test_closing_ends_the_iteration_and_the_subscription(tmp_path: Path) -> None:
    async def close_soon() -> tuple[int, bool]:
        subscription = FilmSubscription(film_items(tmp_path, Film(frames=5)), ends=False)
        fragments = Fragments(subscription)
        asyncio.get_running_loop().call_later(0.1, lambda: tasks.append(asyncio.ensure_future(fragments.close())))
        tasks: list[asyncio.Future[None]] = []
        count = 0
        async for _ in fragments:
            count += 1
        await fragments.close()
        return count, subscription.closed.is_set()

    assert asyncio.run(asyncio.wait_for(close_soon(), 10)) == (6, True)
