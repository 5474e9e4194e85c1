from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import httpx
import pytest

from camsvc.api import stored
from camsvc.api.services import renditions
from camsvc.domain.incident import Clip, Incident
from camsvc.errors import UnplayableError
from camsvc.media.rendition import MARK
from camsvc.storage import keys
from tests.api.conftest import Site, eventually, later, opened, part
from tests.db import examples
from tests.video import Film, make_film

CONTENT = bytes(range(256)) * 4096
"""A mebibyte: several pieces."""


def path(incident: Incident, rest: str = "clip") -> str:
    return f"/api/v1/incidents/{incident.id}/{rest}"


@pytest.fixture(scope="module")
def recorded(site: Site) -> Incident:
    return site.recorded(CONTENT, camera_=site.camera())


def alter(site: Site, key: str, data: bytes) -> None:
    """As somebody with access to the store could: the object says that it is what it was."""
    stat = site.store.stat(key)
    assert stat is not None
    assert stat.sha256 is not None
    site.store.client.put_object(
        bucket_name=site.store.bucket,
        object_name=key,
        data=io.BytesIO(data),
        length=len(data),
        metadata={"sha256": stat.sha256},
    )


def test_a_clip_is_sent_whole_with_its_checksum(admin: httpx.Client, recorded: Incident) -> None:
    answer = admin.get(path(recorded))
    assert answer.status_code == 200
    assert answer.content == CONTENT
    sha256 = hashlib.sha256(CONTENT).digest()
    assert answer.headers["etag"] == f'"{sha256.hex()}"'
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(sha256).decode()}:"
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["camsvc-rendition"] == "original"
    assert "private" in answer.headers["cache-control"]
    name = f"{recorded.camera}_20261105T050000Z_presence_{str(recorded.id)[-8:]}.mp4"
    assert answer.headers["content-disposition"].startswith("inline;")
    assert f'filename="{name}"' in answer.headers["content-disposition"]
    saved = admin.get(path(recorded), params={"download": "true"})
    assert saved.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize("asked", ["bytes=0-", "bytes=1000-1999", "bytes=-5", "bytes=600000-"])
def test_a_range_is_sent_as_asked(admin: httpx.Client, recorded: Incident, asked: str) -> None:
    answer = admin.get(path(recorded), headers={"Range": asked})
    first, _, last = asked.removeprefix("bytes=").partition("-")
    expected = CONTENT[-int(last) :] if not first else CONTENT[int(first) : int(last) + 1 if last else None]
    assert answer.status_code == 206
    assert answer.content == expected
    start = len(CONTENT) - len(expected) if not first else int(first)
    assert answer.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/{len(CONTENT)}"


def test_what_has_not_changed_is_not_sent_again(admin: httpx.Client, recorded: Incident) -> None:
    etag = admin.get(path(recorded)).headers["etag"]
    answer = admin.get(path(recorded), headers={"If-None-Match": etag})
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == etag


def test_a_range_behind_the_end_and_another_version_are_refused(admin: httpx.Client, recorded: Incident) -> None:
    outside = admin.get(path(recorded), headers={"Range": f"bytes={len(CONTENT)}-"})
    assert outside.status_code == 416
    assert outside.headers["content-range"] == f"bytes */{len(CONTENT)}"
    changed = admin.get(path(recorded), headers={"If-Match": '"x"'})
    assert changed.status_code == 412
    whole = admin.get(path(recorded), headers={"Range": "bytes=5-9", "If-Range": '"x"'})
    assert whole.status_code == 200


def test_head_says_all_and_sends_nothing(admin: httpx.Client, recorded: Incident) -> None:
    full = admin.get(path(recorded))
    head = admin.head(path(recorded))
    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-length", "content-type", "etag", "accept-ranges", "repr-digest", "content-disposition"):
        assert head.headers[name] == full.headers[name], name
    ranged = admin.head(path(recorded), headers={"Range": "bytes=0-9"})
    assert ranged.status_code == 206
    assert ranged.headers["content-length"] == "10"


def test_parts_are_numbered_and_named(site: Site, admin: httpx.Client) -> None:
    incident = site.recorded(b"abc", parts=2, camera_=site.camera())
    listed = admin.get(f"/api/v1/incidents/{incident.id}").json()["clip"]["parts"]
    for index, each in enumerate(listed):
        answer = admin.get(each["url"])
        assert answer.content == b"abc" + bytes(index)
        assert answer.headers["etag"] == f'"{each["sha256"]}"'
        assert f"_part{index}.mp4" in answer.headers["content-disposition"]
    assert admin.get(path(incident)).content == b"abc"
    none = admin.get(path(incident), params={"part": 2})
    assert none.status_code == 404
    assert "0, 1" in none.json()["cure"]


@pytest.mark.parametrize(
    "query", ["part=-1", "part=x", "part=99999999999999", "rendition=gif", "download=perhaps", "p=1"]
)
def test_a_wrong_parameter_is_named(admin: httpx.Client, recorded: Incident, query: str) -> None:
    for method in ("GET", "HEAD"):
        answer = admin.request(method, f"{path(recorded)}?{query}")
        assert answer.status_code == 422
    assert admin.get(f"{path(recorded)}?{query}").json()["parameter"] == query.partition("=")[0]


def test_thumbnail_and_tracks_are_sent_for_what_they_are(admin: httpx.Client, recorded: Incident) -> None:
    picture = admin.get(path(recorded, "thumbnail"))
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8")
    tracks = admin.get(path(recorded, "tracks"))
    assert tracks.headers["content-type"] == "application/json"
    assert tracks.json() == {"frames": []}
    assert admin.head(path(recorded, "thumbnail")).headers["content-length"] == str(len(picture.content))
    etag = tracks.headers["etag"]
    assert admin.get(path(recorded, "tracks"), headers={"If-None-Match": etag}).status_code == 304


def test_a_clip_that_will_come_says_when_to_come_back(site: Site, admin: httpx.Client) -> None:
    incident = site.publish(opened(camera_=site.camera()))
    for rest in ("clip", "thumbnail", "tracks"):
        answer = admin.get(path(incident, rest))
        assert answer.status_code == 409, rest
        assert int(answer.headers["retry-after"]) > 0
        assert "open" in answer.json()["detail"]
        assert answer.json()["cure"]
    site.publish(later(incident))
    assert admin.get(path(incident)).status_code == 409
    assert admin.get(path(incident, "thumbnail")).status_code == 404


def test_a_short_file_that_was_altered_is_never_shown(site: Site, admin: httpx.Client) -> None:
    incident = site.recorded(b"what was seen", camera_=site.camera())
    key = keys.clip_part(incident.id, 0)
    alter(site, key, b"what was SEEN")
    answer = admin.get(path(incident))
    assert answer.status_code == 502
    assert answer.json()["type"].endswith("footage-altered")
    assert answer.json()["id"]
    assert b"SEEN" not in answer.content
    alter(site, keys.thumbnail(incident.id), b"\xff\xd8JPEG\xff\xd9")
    assert admin.get(path(incident, "thumbnail")).status_code == 502


def test_a_long_file_that_was_altered_breaks_off_before_its_end(site: Site, admin: httpx.Client) -> None:
    incident = site.recorded(CONTENT, camera_=site.camera())
    alter(site, keys.clip_part(incident.id, 0), CONTENT[:-1] + b"!")
    before = site.server.metrics.registry.get_sample_value("camsvc_stored_file_faults_total", {"fault": "altered"}) or 0
    received = 0
    with pytest.raises(httpx.RemoteProtocolError), admin.stream("GET", path(incident)) as answer:
        for piece in answer.iter_raw():
            received += len(piece)
    assert received < len(CONTENT)
    after = site.server.metrics.registry.get_sample_value("camsvc_stored_file_faults_total", {"fault": "altered"})
    assert after == before + 1


def test_a_file_that_was_cut_short_breaks_off(site: Site, admin: httpx.Client) -> None:
    incident = site.recorded(CONTENT, camera_=site.camera())
    alter(site, keys.clip_part(incident.id, 0), CONTENT[: len(CONTENT) // 2])
    with pytest.raises(httpx.RemoteProtocolError):
        admin.get(path(incident))


def test_a_file_that_the_store_lost_is_said_to_be_lost(site: Site, admin: httpx.Client) -> None:
    incident = site.recorded(b"abc", camera_=site.camera())
    for rest, key in (("clip", keys.clip_part(incident.id, 0)), ("thumbnail", keys.thumbnail(incident.id))):
        site.store.delete(key)
        answer = admin.get(path(incident, rest))
        assert answer.status_code == 404, answer.text
        assert "fsck" in answer.json()["cure"]


def test_a_client_that_leaves_gives_its_connection_back(
    site: Site, admin: httpx.Client, recorded: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = threading.Event()
    close = stored.PieceReader.close

    def noticed(reader: stored.PieceReader) -> None:
        close(reader)
        closed.set()

    monkeypatch.setattr(stored.PieceReader, "close", noticed)
    monkeypatch.setattr(stored, "PIECE_BYTES", 1024)
    with admin.stream("GET", path(recorded)) as answer:
        next(answer.iter_raw(10))
    assert closed.wait(10)


class Transcoder:
    """Stands for FFmpeg, so that a test decides when it ends; the real one is tested with the media."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.fails = False
        self.calls = 0

    def __call__(self, source: Path, target: Path, stop: threading.Event) -> None:
        self.calls += 1
        self.began.set()
        while not self.may_end.wait(0.02):
            if stop.is_set():
                raise UnplayableError("stopped")
        if self.fails:
            raise UnplayableError("no picture in it")
        target.write_bytes(b"for browsers: " + source.read_bytes())


@pytest.fixture
def transcoder(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Transcoder]:
    transcoder = Transcoder()
    monkeypatch.setattr(site.server.renditions, "_transcode", transcoder)
    yield transcoder
    transcoder.may_end.set()


def hevc(site: Site, content: bytes = b"h265 bits") -> Incident:
    incident = examples.incident(site.camera())
    key = keys.clip_part(incident.id, 0)
    site.store.put_bytes(key, content, "video/mp4")
    return site.publish(replace(incident, clip=Clip((part(key, 0, content, codec="hevc"),))))


def test_what_a_browser_cannot_play_is_converted_once(site: Site, admin: httpx.Client, transcoder: Transcoder) -> None:
    incident = hevc(site)
    asked = {"rendition": "browser"}
    first = admin.get(path(incident), params=asked)
    assert first.status_code == 202
    assert int(first.headers["retry-after"]) > 0
    assert transcoder.began.wait(5)
    second = admin.get(path(incident), params=asked)
    assert second.status_code == 202
    assert second.json()["stage"] == "converting"
    assert set(second.json()) == {"stage", "elapsed_s", "retry_after_s"}
    transcoder.may_end.set()
    eventually(lambda: admin.get(path(incident), params=asked).status_code == 200)
    done = admin.get(path(incident), params=asked)
    assert done.content == b"for browsers: h265 bits"
    assert done.headers["camsvc-rendition"] == "browser"
    assert done.headers["etag"] == f'"{hashlib.sha256(done.content).hexdigest()}"'
    assert "_browser.mp4" in done.headers["content-disposition"]
    assert admin.get(path(incident)).content == b"h265 bits"
    assert transcoder.calls == 1
    assert site.store.stat(keys.rendition(keys.clip_part(incident.id, 0))) is not None


def test_a_real_h265_clip_becomes_one_that_browsers_play(site: Site, admin: httpx.Client, tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mp4", Film(frames=25, codec="hevc"))
    incident = hevc(site, film.read_bytes())
    asked = {"rendition": "browser"}
    eventually(lambda: admin.get(path(incident), params=asked).status_code == 200, timeout_s=60)
    made = admin.get(path(incident), params=asked).content
    with av.open(io.BytesIO(made), "r") as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.metadata["title"] == MARK
        assert len(list(container.decode(video=0))) == 25


def test_another_server_takes_the_rendition_that_is_there(
    site: Site, admin: httpx.Client, transcoder: Transcoder
) -> None:
    incident = hevc(site)
    site.store.put_bytes(keys.rendition(keys.clip_part(incident.id, 0)), b"made elsewhere", "video/mp4")
    answer = admin.get(path(incident), params={"rendition": "browser"})
    assert answer.status_code == 200
    assert answer.content == b"made elsewhere"
    assert transcoder.calls == 0


def test_what_a_browser_can_play_is_given_as_it_is(admin: httpx.Client, recorded: Incident) -> None:
    answer = admin.get(path(recorded), params={"rendition": "browser"})
    assert answer.status_code == 200
    assert answer.headers["camsvc-rendition"] == "original"


def test_a_conversion_that_fails_says_why_and_is_tried_again_later(
    site: Site, admin: httpx.Client, transcoder: Transcoder
) -> None:
    incident = hevc(site)
    transcoder.fails = True
    transcoder.may_end.set()
    asked = {"rendition": "browser"}
    eventually(lambda: admin.get(path(incident), params=asked).status_code == 500)
    answer = admin.get(path(incident), params=asked)
    assert "no picture in it" in answer.json()["detail"]
    assert transcoder.calls == 1
    transcoder.fails = False
    site.clock.shift_s += renditions.FAILED_FOR_S
    eventually(lambda: admin.get(path(incident), params=asked).status_code == 200)


def test_an_altered_original_is_never_converted(site: Site, admin: httpx.Client, transcoder: Transcoder) -> None:
    incident = hevc(site)
    alter(site, keys.clip_part(incident.id, 0), b"ha65 bits")
    refused = admin.get(path(incident), params={"rendition": "browser"})
    assert refused.status_code == 502
    assert "sha256" in refused.json()["detail"]
    assert transcoder.calls == 0


def test_too_many_conversions_are_refused_for_now(site: Site, admin: httpx.Client, transcoder: Transcoder) -> None:
    asked = {"rendition": "browser"}
    statuses = [
        admin.get(path(hevc(site)), params=asked).status_code
        for _ in range(renditions.WAITING + renditions.THREADS + 1)
    ]
    assert statuses[: renditions.WAITING] == [202] * renditions.WAITING
    assert statuses[-1] == 503
    refused = admin.get(path(hevc(site)), params=asked)
    assert refused.headers["retry-after"]
    transcoder.may_end.set()
    eventually(lambda: admin.get(path(hevc(site)), params=asked).status_code == 202)


def test_problem_documents_of_files_are_json(admin: httpx.Client, recorded: Incident) -> None:
    answer = admin.get(path(recorded), params={"part": 7})
    assert json.loads(answer.text)["status"] == 404
