from __future__ import annotations

import json
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from camsvc.api.routes import events
from camsvc.api.services import feed
from camsvc.db.queries import accounts
from camsvc.domain.camera import Severity
from camsvc.domain.incident_json import incident_json
from tests.api.conftest import Site, eventually, later, opened
from tests.db import examples
from tests.db.examples import NOON

STREAM = "/api/v1/incidents/stream"
WAIT_S = 10.0


@dataclass
class Event:
    name: str | None
    data: Any
    id: int | None


class Listener:
    """Reads a stream in a thread of its own, as a browser does."""

    def __init__(self, client: httpx.Client, query: str, headers: dict[str, str]) -> None:
        self.events: queue.Queue[Event | None] = queue.Queue()
        self.comments: list[str] = []
        self.headers: httpx.Headers | None = None
        self.started = threading.Event()
        self._socket: socket.socket | None = None
        self._client = client
        self._query = query
        self._sent = headers
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.started.wait(WAIT_S), "the stream did not begin"

    def next(self) -> Event:
        event = self.events.get(timeout=WAIT_S)
        assert event is not None, "the stream ended"
        return event

    def next_named(self) -> Event:
        while (event := self.next()).name is None:
            pass
        return event

    def is_silent(self, for_s: float = 0.3) -> bool:
        try:
            return self.events.get(timeout=for_s) is None
        except queue.Empty:
            return True

    def leave(self) -> None:
        """As a browser that closes the page."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(WAIT_S)

    def _run(self) -> None:
        try:
            with self._client.stream("GET", f"{STREAM}?{self._query}", headers=self._sent) as answer:
                assert answer.status_code == 200, answer.read()
                self.headers = answer.headers
                self._socket = answer.extensions["network_stream"].get_extra_info("socket")
                block: list[str] = []
                for line in answer.iter_lines():
                    if line:
                        block.append(line)
                        continue
                    self._take(block)
                    block = []
        except httpx.TransportError:
            pass
        finally:
            self.events.put(None)
            self.started.set()

    def _take(self, block: list[str]) -> None:
        fields = dict(line.partition(": ")[::2] for line in block if not line.startswith(":"))
        self.comments += [line for line in block if line.startswith(":")]
        if "id" in fields or "event" in fields:
            self.started.set()
            data = json.loads(fields["data"]) if "data" in fields else None
            number = int(fields["id"]) if "id" in fields else None
            self.events.put(Event(fields.get("event"), data, number))


@contextmanager
def listening(site: Site, query: str = "", name: str = "admin", **headers: str) -> Iterator[Listener]:
    with site.client(name) as client:
        sent = {key.replace("_", "-"): value for key, value in headers.items()}
        listener = Listener(client, query, sent)
        try:
            yield listener
        finally:
            listener.leave()


def test_an_incident_appears_by_itself_as_it_opens_changes_and_ends(site: Site) -> None:
    camera = site.camera()
    with listening(site, f"camera={camera}") as listener:
        assert listener.headers is not None
        assert listener.headers["content-type"].startswith("text/event-stream")
        assert listener.headers["cache-control"] == "no-store"
        mark = listener.next()
        assert mark.name is None
        incident = site.publish(opened(camera_=camera))
        first = listener.next()
        assert first.name == "incident"
        assert first.data == incident_json(incident)
        assert first.id is not None
        assert mark.id is not None
        assert first.id > mark.id
        closed = site.publish(later(incident))
        second = listener.next()
        assert second.data == incident_json(closed)
        assert second.id is not None
        assert second.id > first.id


def test_only_what_matches_is_told(site: Site) -> None:
    camera, other = site.camera(), site.camera()
    with listening(site, f"camera={camera}&severity=alarm,notice&from=2026-11-05T00:00Z") as listener:
        listener.next()
        site.publish(examples.incident(other, severity=Severity.ALARM))
        site.publish(examples.incident(camera, severity=Severity.ALARM, started_at=NOON - timedelta(days=9)))
        wanted = site.publish(examples.incident(camera, severity=Severity.ALARM))
        told = [listener.next(), listener.next()]
        assert [each.data["id"] for each in told if each.name == "incident"] == [str(wanted.id)]


def test_what_no_longer_matches_is_said_to_have_left(site: Site) -> None:
    camera = site.camera()
    with listening(site, f"camera={camera}&state=open") as listener:
        listener.next()
        incident = site.publish(opened(camera_=camera))
        assert listener.next().name == "incident"
        site.publish(later(incident))
        left = listener.next()
        assert left.name == "left"
        assert left.data == {"id": str(incident.id), "revision": 2}


def test_a_client_that_comes_back_is_told_what_it_missed_once(site: Site) -> None:
    camera = site.camera()
    with listening(site, f"camera={camera}") as listener:
        listener.next()
        site.publish(opened(camera_=camera))
        seen = listener.next().id
    missed = [site.publish(opened(camera_=camera, started_at=NOON + timedelta(seconds=n))) for n in range(3)]
    with listening(site, f"camera={camera}", last_event_id=str(seen)) as listener:
        told = [listener.next() for _ in missed]
        assert [each.data["id"] for each in told] == [str(each.id) for each in missed]
        assert listener.next().name is None
        live = site.publish(opened(camera_=camera, started_at=NOON + timedelta(hours=1)))
        assert listener.next().data["id"] == str(live.id)


def test_a_client_that_missed_too_much_is_told_to_reload(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "REPLAY_MAX", 2)
    camera = site.camera()
    before = feed_position(site)
    for n in range(3):
        site.publish(opened(camera_=camera, started_at=NOON + timedelta(seconds=n)))
    with listening(site, f"camera={camera}", last_event_id=str(before)) as listener:
        event = listener.next()
        assert event.name == "reload"
        assert event.id == feed_position(site)
        site.publish(opened(camera_=camera, started_at=NOON + timedelta(hours=1)))
        assert listener.next().name == "incident"


def test_a_number_of_another_database_means_reload(site: Site) -> None:
    with listening(site, last_event_id="999999999") as listener:
        assert listener.next().name == "reload"


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 30, "٣"])
def test_a_number_that_is_none_is_refused(admin: httpx.Client, number: str) -> None:
    answer = admin.get(STREAM, headers=[(b"Last-Event-ID", number.encode())])
    assert answer.status_code == 422
    assert answer.json()["parameter"] == "Last-Event-ID"


def test_silence_is_broken_by_heartbeats(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    with listening(site) as listener:
        eventually(lambda: len(listener.comments) >= 2)


def test_a_stream_ends_with_the_session_that_opened_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(events, "RECHECK_S", 0.1)
    name = site.account()
    with listening(site, name=name) as listener:
        time.sleep(0.3)
        assert listener.thread.is_alive()
        with site.database.session() as session:
            user = next(each for each in accounts.all_users(session) if each.name == name)
            accounts.revoke_all(session, user.id)
        listener.thread.join(WAIT_S)
        assert not listener.thread.is_alive()


def test_a_client_that_reads_too_slowly_is_told_to_reload(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = site.camera()
    monkeypatch.setattr(feed.Subscription, "judge", lambda _, each: (each, True))
    with listening(site, f"camera={camera}") as listener:
        listener.next()
        eventually(lambda: site.server.feed.subscriptions == 1)
        [subscription] = site.server.feed._subscriptions
        change = feed.change(feed_position(site) + 1, opened(camera_=camera))
        loop = site.server.feed._seam._loop
        assert loop is not None
        flood = [replace(change, seq=change.seq + n) for n in range(feed.QUEUE_CHANGES + 1)]
        loop.call_soon_threadsafe(site.server.feed._deliver, flood)
        event = listener.next()
        assert event.name == "reload"
        listener.thread.join(WAIT_S)
        assert not listener.thread.is_alive()
        assert site.server.metrics.registry.get_sample_value("camsvc_event_stream_overflows_total") == 1
        eventually(lambda: subscription not in site.server.feed._subscriptions)


def test_without_notifications_changes_are_polled(own_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site = own_site
    monkeypatch.setattr(feed, "POLL_DEAF_S", 0.1)
    monkeypatch.setattr(feed, "RETRY_S", 60.0)
    camera = site.camera()
    eventually(lambda: site.server.feed.is_listening)
    with site.database.session() as session:
        session.connection().exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
        )
    eventually(lambda: not site.server.feed.is_listening)
    with listening(site, f"camera={camera}") as listener:
        listener.next()
        incident = site.publish(opened(camera_=camera))
        assert listener.next().data["id"] == str(incident.id)


def test_a_stream_that_was_left_costs_nothing_more(site: Site) -> None:
    with listening(site) as listener:
        listener.next()
        assert site.server.feed.subscriptions >= 1
    site.publish(opened(camera_=site.camera()))
    eventually(lambda: site.server.feed.subscriptions == 0)


def test_streams_are_bounded(site: Site, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "MAX_SUBSCRIPTIONS", 0)
    answer = admin.get(STREAM)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]


def test_the_server_stops_within_seconds_with_open_streams(own_site: Site) -> None:
    with listening(own_site) as one, listening(own_site) as two:
        one.next()
        two.next()
        assert own_site.stop() < 4.0
        for listener in (one, two):
            listener.thread.join(WAIT_S)
            assert not listener.thread.is_alive()


def feed_position(site: Site) -> int:
    return site.server.feed.newest()
