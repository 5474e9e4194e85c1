"""Live pictures for who may see them: WHEP, fragmented MP4 and snapshots, before a live process that makes them up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from camsvc.api.services import audit
from camsvc.db.queries import grants
from camsvc.domain.account import Grant, Role
from camsvc.domain.camera import StreamRole
from camsvc.errors import DatabaseUnavailableError, LimitError, NotFoundError, SourceError, UnplayableError
from camsvc.live.viewings import End
from tests.api.conftest import PASSWORD, Site, eventually
from tests.api.live_site import OFFER, SDP, live_of, records, said, socket_of, whep
from tests.db import examples
from tests.live.fake_live import FakeLive

HEADERS = {"Authorization": ""}


@pytest.fixture(scope="module")
def live(site: Site) -> Iterator[FakeLive]:
    with live_of(site) as live:
        yield live


@pytest.fixture
def camera(site: Site) -> str:
    return site.camera()


def name_of(client: httpx.Client) -> str:
    return str(client.get("/api/v1/auth/me").json()["name"])


def test_an_offer_is_answered_and_what_was_begun_is_ended(
    site: Site, admin: httpx.Client, live: FakeLive, camera: str
) -> None:
    live.cameras.renditions[camera] = "hevc"
    answer = whep(admin, camera, stream="sub")
    assert answer.status_code == 201, answer.text
    assert answer.headers["content-type"] == "application/sdp"
    assert answer.text == f"answer to {OFFER}"
    assert answer.headers["accept-patch"] == "application/trickle-ice-sdpfrag"
    assert (answer.headers["camsvc-stream"], answer.headers["camsvc-rendition"]) == ("sub", "hevc")
    location = answer.headers["location"]
    assert location.startswith(f"/api/v1/cameras/{camera}/whep/")
    fragment = {"Content-Type": "application/trickle-ice-sdpfrag"}
    assert admin.patch(location, content="a=candidate:1", headers=fragment).status_code == 204
    assert live.cameras.fragments[-1] == "a=candidate:1"
    assert admin.delete(location).status_code == 200
    assert (camera, StreamRole.SUB, "admin") not in live.cameras.peers.values()
    assert admin.delete(location).status_code == 404
    [began] = records(site, camera)
    assert (began.what, str(began.kind), began.user_name, began.source) == ("live.began", "live", "admin", "127.0.0.1")
    assert began.details == {
        "viewing": location.rpartition("/")[2].partition(".")[0],
        "process": "live-1",
        "way": "webrtc",
        "stream": "sub",
        "rendition": "hevc",
    }
    viewing, why = live.ended[-1]
    assert (viewing.request.viewing, why) == (began.details["viewing"], End.LEFT)


def test_only_who_began_it_or_an_administrator_ends_it(
    site: Site, admin: httpx.Client, live: FakeLive, camera: str
) -> None:
    with site.client(site.account(Role.OPERATOR)) as one, site.client(site.account(Role.OPERATOR)) as other:
        location = whep(one, camera).headers["location"]
        assert other.delete(location).status_code == 404
        fragment = {"Content-Type": "application/trickle-ice-sdpfrag"}
        assert other.patch(location, content="a=x", headers=fragment).status_code == 404
        assert one.delete(location).status_code == 200
        location = whep(one, camera).headers["location"]
        assert admin.delete(location).status_code == 200


def test_ice_servers_are_told(migrated_url: str, bucket: object, tmp_path: object) -> None:
    from tests.api.conftest import running

    servers = [
        {"urls": ["stun:stun.example:3478"]},
        {"urls": ["turn:turn.example:3478"], "username": "camsvc", "credential": 'se"cret'},
    ]
    with running(migrated_url, bucket, tmp_path, live={"ice_servers": servers}) as site, site.client() as admin:  # type: ignore[arg-type]
        assert admin.get("/api/v1/live/ice").json() == {"iceServers": servers}
        answer = admin.request("OPTIONS", f"/api/v1/cameras/{site.camera()}/whep")
        assert (answer.status_code, answer.headers["accept-post"]) == (204, "application/sdp")
        assert answer.headers.get_list("link") == [
            '<stun:stun.example:3478>; rel="ice-server"',
            '<turn:turn.example:3478>; rel="ice-server"; username="camsvc"; credential="se\\"cret"'
            '; credential-type="password"',
        ]


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("whep", {"Content-Type": "text/plain"}, OFFER, 415),
        ("whep", SDP, "x" * 70_000, 413),
        ("whep", SDP, b"\xff\xfe", 422),
        ("whep?stream=third", SDP, OFFER, 422),
        ("whep?strem=sub", SDP, OFFER, 422),
        ("whep/nothing", {}, "", 405),
    ],
)
def test_what_is_no_offer_is_refused(
    admin: httpx.Client, live: FakeLive, camera: str, path: str, headers: dict[str, str], body: str | bytes, status: int
) -> None:
    answer = admin.post(f"/api/v1/cameras/{camera}/{path}", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_stranger_sees_nothing_and_a_foreign_page_neither(
    site: Site, stranger: httpx.Client, live: FakeLive, camera: str
) -> None:
    for path in ("snapshot.jpg", "live.mp4"):
        assert stranger.get(f"/api/v1/cameras/{camera}/{path}").status_code == 401
    assert whep(stranger, camera).status_code == 401
    assert stranger.get("/api/v1/live/ice").status_code == 401
    assert stranger.get("/api/v1/live/events").status_code == 401
    with site.client(None) as page:
        page.post("/api/v1/auth/login", data={"username": "admin", "password": PASSWORD})
        forged = {**SDP, "Origin": "https://evil.example"}
        assert page.post(f"/api/v1/cameras/{camera}/whep", content=OFFER, headers=forged).status_code == 403
        own = {**SDP, "Origin": site.url}
        assert page.post(f"/api/v1/cameras/{camera}/whep", content=OFFER, headers=own).status_code == 201


def test_without_the_right_it_is_refused_and_recorded(site: Site, live: FakeLive, camera: str) -> None:
    before = len(live.cameras.peers)
    with site.client(site.account(Role.POLICE)) as client:
        for answer in (
            whep(client, camera),
            client.get(f"/api/v1/cameras/{camera}/snapshot.jpg"),
            client.get(f"/api/v1/cameras/{camera}/live.mp4"),
            client.get("/api/v1/live/events", params={"camera": camera}),
        ):
            assert answer.status_code == 403, answer.text
        name = name_of(client)
    found = [(each.what, str(each.outcome), each.user_name) for each in records(site, camera)]
    assert found == [("access.refused", "refused", name)] * 4
    assert len(live.cameras.peers) == before


def test_a_camera_of_a_foreign_area_answers_as_one_that_does_not_exist(site: Site, live: FakeLive, camera: str) -> None:
    name = site.account(Role.POLICE)
    with site.database.session() as session:
        from camsvc.config import AreaConfig
        from camsvc.db.queries import accounts, areas

        areas.put(session, AreaConfig(path="elsewhere", name="Elsewhere"))
        user = next(each for each in accounts.all_users(session) if each.name == name)
        grants.give(session, user.id, Grant(Role.OPERATOR, "elsewhere"))
        grants.take(session, user.id, Grant(Role.POLICE, None))
    with site.client(name) as client:
        for path in ("snapshot.jpg", "live.mp4"):
            foreign = client.get(f"/api/v1/cameras/{camera}/{path}")
            missing = client.get(f"/api/v1/cameras/no-such-camera/{path}")
            assert foreign.status_code == missing.status_code == 404
            assert foreign.text.replace(camera, "X") == missing.text.replace("no-such-camera", "X")
        assert whep(client, camera).status_code == 404
    assert [str(each.outcome) for each in records(site, camera)] == ["refused"] * 3


def test_a_camera_that_is_switched_off_is_no_secret_and_shows_nothing(
    site: Site, admin: httpx.Client, live: FakeLive
) -> None:
    examples.put(site.database, site.cipher, examples.camera("switched-off", enabled=False))
    answer = whep(admin, "switched-off")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:problem-type:camsvc:conflict")


@pytest.mark.parametrize(
    ("error", "status", "name", "retries"),
    [
        (SourceError("no worker has the camera now"), 409, "not-yet", True),
        (LimitError("no transcoder is free"), 503, "unavailable", True),
        (UnplayableError("MJPEG cannot be shown"), 409, "conflict", False),
        (NotFoundError("no camera"), 404, "not-found", False),
    ],
)
def test_what_a_live_process_refuses_is_said(
    site: Site,
    admin: httpx.Client,
    live: FakeLive,
    camera: str,
    error: UnplayableError,
    status: int,
    name: str,
    retries: bool,
) -> None:
    live.cameras.errors[camera] = error
    for answer in (
        whep(admin, camera),
        admin.get(f"/api/v1/cameras/{camera}/live.mp4"),
        admin.get(f"/api/v1/cameras/{camera}/snapshot.jpg"),
    ):
        problem = answer.json()
        assert (answer.status_code, problem["type"].rpartition(":")[2]) == (status, name)
        assert problem["detail"] == str(error)
        assert ("retry-after" in answer.headers) == retries
    assert records(site, camera) == []


def test_without_a_live_process_it_says_so_and_when_to_come_back(own_site: Site) -> None:
    camera = own_site.camera()
    with own_site.client() as admin:
        answer = whep(admin, camera)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "no live process" in answer.json()["detail"]
        with live_of(own_site) as live:
            assert whep(admin, camera).status_code == 201
            live.kill()
            assert whep(admin, camera).status_code == 503
        with live_of(own_site):
            assert whep(admin, camera).status_code == 201


def test_two_servers_and_two_live_processes_serve_as_one(own_site: Site, bucket: object, tmp_path: object) -> None:
    """The end of a viewing may be asked of another server than its beginning."""
    from camsvc.api.services.live import live_processes

    camera = own_site.camera()
    with live_of(own_site, "live-1"), live_of(own_site, "live-2"), own_site.client() as admin:
        location = whep(admin, camera).headers["location"]
        other = live_processes(own_site.database, own_site.cipher, own_site.clock)
        import asyncio

        session = location.rpartition("/")[2]
        viewing, _, process = session.partition(".")

        async def end() -> None:
            await other.leave(process, viewing, None)
            await other.close()

        asyncio.run(end())
        assert admin.delete(location).status_code == 404


def test_what_cannot_be_recorded_is_not_seen(
    admin: httpx.Client, live: FakeLive, camera: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailableError("PostgreSQL is away")

    monkeypatch.setattr(audit, "record", away)
    ended = len(live.ended)
    assert whep(admin, camera).status_code == 503
    assert admin.get(f"/api/v1/cameras/{camera}/live.mp4").status_code == 503
    assert admin.get(f"/api/v1/cameras/{camera}/snapshot.jpg").status_code == 503
    eventually(lambda: len(live.ended) == ended + 2)
    assert camera not in {found for found, *_ in live.cameras.peers.values()}


def test_fragmented_mp4_comes_as_it_is_made(site: Site, admin: httpx.Client, live: FakeLive, camera: str) -> None:
    with admin.stream("GET", f"/api/v1/cameras/{camera}/live.mp4", params={"stream": "sub"}) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == 'video/mp4; codecs="avc1.42c01e"'
        assert answer.headers["camsvc-stream"] == "sub"
        assert answer.headers["cache-control"] == "no-store"
        pieces = answer.iter_raw()
        began_s = time.monotonic()
        content = b""
        while content.count(b"picture") < 2000:
            content += next(pieces)
        assert content.startswith(b"initpicture      0")
        assert time.monotonic() - began_s < 5
        assert live.cameras.open_streams == 1
    eventually(lambda: live.cameras.open_streams == 0)
    assert [each.details["way"] for each in records(site, camera)] == ["mp4"]


def test_a_jump_back_names_its_start(site: Site, admin: httpx.Client, live: FakeLive, camera: str) -> None:
    path = f"/api/v1/cameras/{camera}/live.mp4"
    with admin.stream("GET", path, params={"start": "-20s"}) as answer:
        assert answer.status_code == 200
    _, _, start = live.cameras.streams[-1]
    assert start is not None
    assert abs(datetime.now(UTC) - timedelta(seconds=20) - start) < timedelta(seconds=5)
    at = (datetime.now(UTC) - timedelta(seconds=10)).isoformat()
    with admin.stream("GET", path, params={"start": at}) as answer:
        assert answer.status_code == 200
    assert live.cameras.streams[-1][2] == datetime.fromisoformat(at)
    assert records(site, camera)[-1].details["start"] == at.replace("+00:00", "Z")


@pytest.mark.parametrize(
    "start", ["yesterday", "-900s", "2026-11-22T08:30:00", "2020-01-01T00:00Z", "2099-01-01T00:00Z"]
)
def test_a_start_that_the_ring_cannot_hold_is_refused(
    admin: httpx.Client, live: FakeLive, camera: str, start: str
) -> None:
    answer = admin.get(f"/api/v1/cameras/{camera}/live.mp4", params={"start": start})
    assert (answer.status_code, answer.json()["parameter"]) == (422, "start")


def test_a_camera_that_is_away_has_no_stream_now(admin: httpx.Client, live: FakeLive, camera: str) -> None:
    live.cameras.away.add(camera)
    answer = admin.get(f"/api/v1/cameras/{camera}/live.mp4")
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "5")
    assert "the camera does not answer" in answer.json()["detail"]
    eventually(lambda: live.cameras.open_streams == 0)


def test_a_snapshot_says_of_when_it_is_and_is_recorded(
    site: Site, admin: httpx.Client, live: FakeLive, camera: str
) -> None:
    answer = admin.get(f"/api/v1/cameras/{camera}/snapshot.jpg")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content == b"\xff\xd8" + camera.encode() + b"\xff\xd9"
    assert answer.headers["camsvc-at"] == "2026-11-22T08:30:00.250000+00:00"
    assert answer.headers["content-disposition"] == f'inline; filename="{camera}-20261122T083000Z.jpg"'
    [record] = records(site, camera)
    assert (record.what, record.details["picture_at"]) == ("live.snapshot", "2026-11-22T08:30:00.250000+00:00")


def bearer(client: httpx.Client) -> dict[str, str]:
    return {"Authorization": client.headers["Authorization"]}


def test_a_web_socket_sends_a_message_a_frame(site: Site, admin: httpx.Client, live: FakeLive, camera: str) -> None:
    with socket_of(site, f"/api/v1/cameras/{camera}/live.mp4?stream=sub", bearer(admin)) as socket:
        info = said(socket)
        assert (info["state"], info["codecs"], info["stream"]) == ("playing", "avc1.42c01e", "sub")
        assert socket.recv(timeout=5) == b"init"
        frames = [socket.recv(timeout=5) for _ in range(20)]
        assert [frame[:14] for frame in frames] == [f"picture {number:6}".encode() for number in range(20)]
        socket.send("what is said is not heard")
        socket.recv(timeout=5)
    eventually(lambda: live.cameras.open_streams == 0)
    assert live.ended[-1][1] is End.LEFT


def test_a_web_socket_waits_for_a_camera_that_is_away(
    site: Site, admin: httpx.Client, live: FakeLive, camera: str
) -> None:
    live.cameras.away.add(camera)
    with socket_of(site, f"/api/v1/cameras/{camera}/live.mp4", bearer(admin)) as socket:
        assert said(socket)["state"] == "paused"
        live.cameras.away.clear()
        assert said(socket)["state"] == "playing"


@pytest.mark.parametrize(
    ("path", "code", "parameter"),
    [
        ("/api/v1/cameras/no-such-camera/live.mp4", 4404, "camera"),
        ("/api/v1/cameras/UPPER/live.mp4", 4422, "camera"),
        ("/api/v1/cameras/{camera}/live.mp4?stream=third", 4422, "stream"),
        ("/api/v1/cameras/{camera}/live.mp4?strem=sub", 4422, "strem"),
        ("/api/v1/live/events?camera=no-such-camera", 4404, "camera"),
        ("/api/v1/live/events?tracks=true", 4422, "tracks"),
        ("/api/v1/live/events?tracks=maybe", 4422, "tracks"),
    ],
)
def test_what_is_wrong_is_said_before_a_web_socket_is_closed(
    site: Site, admin: httpx.Client, live: FakeLive, camera: str, path: str, code: int, parameter: str
) -> None:
    with socket_of(site, path.format(camera=camera), bearer(admin)) as socket:
        error = said(socket)
        assert (error["type"], error["status"], error["parameter"]) == ("error", code - 4000, parameter)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


def test_a_web_socket_is_opened_by_our_own_pages_and_by_programs_with_a_token(
    site: Site, live: FakeLive, camera: str
) -> None:
    path = f"/api/v1/cameras/{camera}/live.mp4"
    with site.client(None) as page:
        page.post("/api/v1/auth/login", data={"username": "admin", "password": PASSWORD})
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in page.cookies.items())}
    for headers in (cookie, {**cookie, "Origin": "https://evil.example"}, {"Origin": "null", **cookie}):
        with pytest.raises(InvalidStatus) as refused, socket_of(site, path, headers):
            pass
        assert refused.value.response.status_code == 403
    with socket_of(site, path, {**cookie, "Origin": site.url}) as socket:
        assert said(socket)["state"] == "playing"
    for headers in ({"Origin": site.url}, {"Authorization": "Bearer no-such-token"}):
        with socket_of(site, path, headers) as socket:
            assert said(socket)["status"] == 401


def test_who_loses_the_right_loses_the_picture_and_is_told(site: Site, live: FakeLive, camera: str) -> None:
    name = site.account(Role.OPERATOR)
    with site.client(name) as client, socket_of(site, f"/api/v1/cameras/{camera}/live.mp4", bearer(client)) as socket:
        assert said(socket)["state"] == "playing"
        live.refused.add(name)
        live.check()
        assert said(socket)["status"] == 403
    assert live.ended[-1][1] is End.WITHDRAWN


def test_a_live_process_that_dies_is_told_and_another_takes_over(own_site: Site) -> None:
    camera = own_site.camera()
    with own_site.client() as admin, live_of(own_site, "live-1") as first, live_of(own_site, "live-2") as second:
        path = f"/api/v1/cameras/{camera}/live.mp4"
        with socket_of(own_site, path, bearer(admin)) as socket:
            assert said(socket)["state"] == "playing"
            serving, spare = (first, second) if first.cameras.open_streams else (second, first)
            serving.kill()
            error = said(socket)
            assert (error["status"], error["retry_after_s"]) == (503, 5)
        with socket_of(own_site, path, bearer(admin)) as socket:
            assert said(socket)["state"] == "playing"
        assert len(spare.cameras.streams) == 1


def test_the_server_stops_though_pictures_are_sent(own_site: Site, caplog: pytest.LogCaptureFixture) -> None:
    camera = own_site.camera()
    path = f"/api/v1/cameras/{camera}/live.mp4"
    with live_of(own_site) as live, own_site.client() as admin:
        with (
            admin.stream("GET", path) as answer,
            socket_of(own_site, path, bearer(admin)) as socket,
            socket_of(own_site, "/api/v1/live/events", bearer(admin)) as events,
            admin.stream("GET", "/api/v1/live/events") as states,
        ):
            pieces, lines = answer.iter_raw(), states.iter_lines()
            next(pieces)
            next(lines)
            assert said(socket)["state"] == "playing"
            assert said(events)["type"] == "time"
            own_site.stop()
            assert "timeout graceful shutdown exceeded" not in caplog.text
            with pytest.raises(httpx.TransportError):
                list(pieces)
        eventually(lambda: live.cameras.open_streams == 0)


def test_metrics_tell_of_each_live_process_that_answers(own_site: Site) -> None:
    camera = own_site.camera()
    with own_site.client() as admin:
        assert "camsvc_live_processes 0.0" in admin.get("/metrics").text
        assert admin.get("/readyz").json()["parts"]["live"] == "not ready"
        with live_of(own_site, "live-1") as first, live_of(own_site, "live-2"):
            assert whep(admin, camera).status_code == 201
            found = admin.get("/metrics").text
            assert "camsvc_live_processes 2.0" in found
            assert admin.get("/readyz").json()["parts"]["live"] == "ready"
            viewers = [line for line in found.splitlines() if line.startswith("camsvc_live_webrtc_viewers{")]
            assert sorted(line[-3:] for line in viewers) == ["0.0", "1.0"]
            first.kill()
            found = admin.get("/metrics").text
            assert "camsvc_live_processes 1.0" in found
            assert 'process="live-1"' not in found
