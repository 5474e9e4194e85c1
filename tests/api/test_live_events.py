"""States of cameras and tracks as they change, as server-sent events and over a web socket."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection

from camsvc.api.routes import live_events as routes
from camsvc.api.services import live_events
from camsvc.db.queries import accounts, cameras, grants, status
from camsvc.domain.account import Grant, Role
from camsvc.domain.camera import CameraState, CameraStatus
from tests.api.conftest import Site, eventually
from tests.api.live_site import live_of, said, socket_of
from tests.api.test_live import bearer
from tests.db import examples

EVENTS = "/api/v1/live/events"
PROMPT_S = 1.0
"""What is promised of a change."""
WAIT_S = 10.0


def report(site: Site, camera: str, state: CameraState = CameraState.LIVE, detail: str | None = None) -> None:
    """As the worker that owns it does."""
    now = datetime.now(UTC)
    with site.database.session() as session:
        found = CameraStatus(camera, state, now, examples.WORKER, detail=detail, last_packet_at=now)
        status.report(session, examples.WORKER, [found])


class Events:
    """Reads server-sent events in a thread of its own."""

    def __init__(self, client: httpx.Client, parameters: dict[str, Any]) -> None:
        self._client = client
        self._parameters = parameters
        self._found: queue.Queue[tuple[str, dict[str, Any]] | None] = queue.Queue()
        self._answer: httpx.Response | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def next(self, name: str, timeout_s: float = WAIT_S) -> dict[str, Any]:
        """The next of this name."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            event = self._found.get(timeout=max(0.01, deadline_s - time.monotonic()))
            assert event is not None, "the stream ended"
            if event[0] == name:
                return event[1]

    def has_ended(self, timeout_s: float = WAIT_S) -> bool:
        deadline_s = time.monotonic() + timeout_s
        with suppress(queue.Empty):
            while self._found.get(timeout=max(0.01, deadline_s - time.monotonic())) is not None:
                pass
            return True
        return False

    def leave(self) -> None:
        if self._answer is not None:
            with suppress(OSError):
                self._answer.extensions["network_stream"].get_extra_info("socket").shutdown(2)
        self._thread.join(WAIT_S)

    def _run(self) -> None:
        with suppress(httpx.TransportError), self._client.stream("GET", EVENTS, params=self._parameters) as answer:
            assert answer.status_code == 200, answer.read()
            self._answer = answer
            name = ""
            for line in answer.iter_lines():
                kind, _, value = line.partition(": ")
                if kind == "event":
                    name = value
                elif kind == "data":
                    self._found.put((name, json.loads(value)))
        self._found.put(None)


@contextmanager
def listening(client: httpx.Client, **parameters: Any) -> Iterator[Events]:  # noqa: ANN401  httpx's
    events = Events(client, parameters)
    try:
        yield events
    finally:
        events.leave()


def state_of(socket: ClientConnection, camera: str) -> dict[str, Any]:
    while True:
        message = said(socket)
        if message["type"] == "state" and message["camera"] == camera:
            return message


def test_the_state_comes_at_once_and_each_change_promptly(site: Site, admin: httpx.Client) -> None:
    camera, other = site.camera(), site.camera()
    report(site, camera)
    with listening(admin, camera=camera) as events:
        server_at = datetime.fromisoformat(events.next("time")["at"])
        assert abs((datetime.now(UTC) - server_at).total_seconds()) < 5
        first = events.next("state")
        assert (first["camera"], first["state"], first["detail"]) == (camera, "live", None)
        assert first["last_packet_at"].endswith("Z")
        report(site, other, CameraState.RETRYING, "none of its business")
        began_s = time.monotonic()
        report(site, camera, CameraState.RETRYING, "the camera does not answer")
        changed = events.next("state", PROMPT_S + 1)
        assert time.monotonic() - began_s < PROMPT_S
        assert (changed["camera"], changed["state"]) == (camera, "retrying")
        assert changed["detail"] == "the camera does not answer"


def test_a_worker_that_says_nothing_more_is_noticed_without_any_word(own_site: Site) -> None:
    camera = own_site.camera()
    report(own_site, camera)
    with own_site.client() as admin, listening(admin, camera=camera) as events:
        assert events.next("state")["state"] == "live"
        with own_site.database.session() as session:
            from sqlalchemy import text

            session.execute(text("UPDATE leases SET expires_at = clock_timestamp() - interval '1 s'"))
        assert events.next("state")["state"] == "unassigned"


def test_without_a_camera_all_that_may_be_seen_are_told_also_later_ones(own_site: Site) -> None:
    one, off = own_site.camera(), "switched-off"
    examples.put(own_site.database, own_site.cipher, examples.camera(off, enabled=False))
    with own_site.client() as admin, socket_of(own_site, EVENTS, bearer(admin)) as socket:
        assert {state_of(socket, one)["state"], state_of(socket, off)["state"]} == {"connecting", "disabled"}
        late = own_site.camera()
        assert state_of(socket, late)["camera"] == late
        with own_site.database.session() as session:
            cameras.remove(session, one)
        assert state_of(socket, one) == {"type": "state", "camera": one, "state": "removed"}


def test_tracks_come_from_the_cameras_live_process(site: Site, admin: httpx.Client) -> None:
    camera, other = site.camera(), site.camera()
    with live_of(site) as live, listening(admin, camera=[camera, other], tracks="true") as events:
        seen: set[str] = set()
        while seen != {camera, other}:
            scene = events.next("tracks")
            assert (scene["session"], scene["objects"]) == ("s-1", [])
            seen.add(scene["camera"])
        events.leave()
        eventually(lambda: live.cameras.open_scenes == 0)


def test_tracks_come_again_after_their_live_process_died(own_site: Site) -> None:
    camera = own_site.camera()
    with (
        own_site.client() as admin,
        live_of(own_site, "live-1") as first,
        listening(admin, camera=camera, tracks="true") as events,
    ):
        events.next("tracks")
        first.kill()
        with live_of(own_site, "live-1"):
            events.next("time")  # still open
            eventually(lambda: bool(events.next("tracks")))


def test_a_page_changes_what_it_watches_and_asks_for_the_time(site: Site, admin: httpx.Client) -> None:
    one, other = site.camera(), site.camera()
    with live_of(site) as live, socket_of(site, f"{EVENTS}?camera={one}", bearer(admin)) as socket:
        assert state_of(socket, one)["camera"] == one
        socket.send(json.dumps({"type": "ping", "id": 17}))
        pong = said(socket)
        assert (pong["type"], pong["id"]) == ("time", 17)
        socket.send(json.dumps({"type": "watch", "cameras": [other], "tracks": [other]}))
        assert state_of(socket, other)["camera"] == other
        while said(socket)["type"] != "tracks":
            pass
        assert live.cameras.open_scenes == 1
        socket.send(json.dumps({"type": "watch", "cameras": [other]}))
        eventually(lambda: live.cameras.open_scenes == 0)


@pytest.mark.parametrize(
    "message",
    [
        "no JSON",
        "[]",
        '{"type": "dance"}',
        '{"type": "watch", "cameras": "all"}',
        '{"type": "watch", "cameras": ["No Id"]}',
    ],
)
def test_what_a_client_may_not_say_is_told_and_ends_it(site: Site, admin: httpx.Client, message: str) -> None:
    with socket_of(site, EVENTS, bearer(admin)) as socket:
        socket.send(message)
        while (answer := said(socket))["type"] != "error":
            pass
        assert answer["status"] == 422


def test_who_is_out_hears_no_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "RECHECK_S", 0.2)
    monkeypatch.setattr(live_events, "TIME_EVERY_S", 0.2)
    name = site.account(Role.OPERATOR)
    with site.client(name) as client, socket_of(site, EVENTS, bearer(client)) as socket:
        with listening(client) as events:
            events.next("time")
            assert client.post("/api/v1/auth/logout").status_code == 204
            assert events.has_ended()
        while (message := said(socket))["type"] != "error":
            pass
        assert message["status"] == 401


def test_a_grant_that_is_taken_ends_what_hangs_on_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "RECHECK_S", 0.2)
    monkeypatch.setattr(live_events, "TIME_EVERY_S", 0.2)
    camera, name = site.camera(), site.account(Role.OPERATOR)
    with (
        live_of(site) as live,
        site.client(name) as client,
        socket_of(site, f"{EVENTS}?camera={camera}&tracks=true", bearer(client)) as socket,
    ):
        assert state_of(socket, camera)["state"] == "connecting"
        eventually(lambda: live.cameras.open_scenes == 1)
        with site.database.session() as session:
            user = next(each for each in accounts.all_users(session) if each.name == name)
            grants.give(session, user.id, Grant(Role.POLICE))
            grants.take(session, user.id, Grant(Role.OPERATOR))
        assert state_of(socket, camera)["state"] == "removed"
        eventually(lambda: live.cameras.open_scenes == 0)


def test_while_nobody_listens_the_database_is_left_in_peace(own_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    states = own_site.server.states
    reads = 0
    read = states._read

    def counting() -> Any:  # noqa: ANN401  as the real one
        nonlocal reads
        reads += 1
        return read()

    monkeypatch.setattr(states, "_read", counting)
    time.sleep(1.5)
    assert reads == 0
    camera = own_site.camera()
    with own_site.client() as admin:
        for _ in range(2):  # also the second to come is told all
            with listening(admin, camera=camera) as events:
                assert events.next("state")["camera"] == camera
            eventually(lambda: states.listeners == 0)
        time.sleep(1.5)
        before = reads
        time.sleep(2.5)
        assert reads == before


def test_more_clients_than_a_server_takes_are_refused(
    site: Site, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_events, "CLIENTS_MAX", 0)
    answer = admin.get(EVENTS)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_a_slow_client_loses_the_oldest_tracks_and_no_state(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    tracks = live_events._Tracks(site.server, lambda: None)
    for number in range(live_events.TRACKS_WAITING + 10):
        tracks._add({"number": number})
    taken = tracks.take()
    assert [each["number"] for each in (taken[0], taken[-1])] == [10, live_events.TRACKS_WAITING + 9]
    assert tracks.dropped == 10
