"""Saved searches and their alerts, over REST, to real receivers: an HTTP server, an MQTT broker."""

from __future__ import annotations

import asyncio
import json
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from amqtt.broker import Broker
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from standardwebhooks import Webhook, WebhookVerificationError

from camsvc.api.services.alerts import deliveries, raising
from camsvc.config import AreaConfig
from camsvc.db.queries import accounts, areas, grants
from camsvc.domain.account import Grant, Role
from camsvc.domain.alert import SEARCHES_MAX
from camsvc.domain.incident import Incident
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.embedded.s3 import EmbeddedS3
from tests.api.conftest import Site, eventually, later, new_bucket, opened, running, temporary_database

CHO = "bac-ninh/yen-phong/cho"
"""Beside the commune of the example cameras."""
SEARCHES, ALERTS = "/api/v1/searches", "/api/v1/alerts"


def happens(site: Site, camera: str | None = None, **changes: Any) -> Incident:  # noqa: ANN401  fields of Incident
    """An incident that begins now."""
    return site.publish(opened(camera_=camera or site.camera(), started_at=datetime.now(UTC), **changes))


def save(client: httpx.Client, **wish: Any) -> dict[str, Any]:  # noqa: ANN401  members of the body
    answer = client.post(SEARCHES, json={"name": f"search {uuid4()}", **wish})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(client: httpx.Client, search: str) -> list[str]:
    """Incidents that ``search`` raised alerts for, newest first."""
    return [each["incident"] for each in client.get(ALERTS, params={"search": search}).json()["items"]]


@dataclass
class Receiver:
    """Of webhooks."""

    url: str
    taken: queue.Queue[tuple[dict[str, str], bytes]] = field(default_factory=queue.Queue)
    answers: list[int] = field(default_factory=list)
    """What it answers to the next ones; then 204."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.taken.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            self.send_header("Location", f"{receiver.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hook/hidden-word")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def broker(port: int) -> Iterator[None]:
    """A real one, in a thread of its own."""
    started, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        settings = {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        made = Broker(settings)
        await made.start()
        started.set()
        await asyncio.to_thread(stop.wait)
        await made.shutdown()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


@pytest.fixture(scope="module")
def mqtt_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def site(
    embedded_postgres: EmbeddedPostgres,
    migrated_template: str,
    embedded_s3: EmbeddedS3,
    tmp_path_factory: pytest.TempPathFactory,
    mqtt_port: int,
) -> Iterator[Site]:
    alerts = {
        "webhook_hosts": ["127.0.0.1"],
        "mqtt": {"host": "127.0.0.1", "port": mqtt_port, "tls": False, "topic": "police/alerts"},
        "source": "urn:camsvc:test",
    }
    with (
        temporary_database(embedded_postgres, migrated_template) as url,
        running(url, new_bucket(embedded_s3), tmp_path_factory.mktemp("data"), alerts=alerts) as site,
    ):
        with site.database.session() as session:
            areas.put(session, AreaConfig(path=CHO, name="Thị trấn Chờ"))
        yield site


def test_a_search_is_saved_changed_listed_and_removed(site: Site) -> None:
    wanted = {"near": "21.2417,105.9556", "radius_m": 500, "object": ["truck", "bus"], "direction": ["ne"]}
    with site.client(site.account(Role.POLICE)) as client:
        made = save(client, name="Xe tải đêm", conditions=wanted, span="yesterday")
        assert made["conditions"] == {**wanted, "radius_m": 500.0}
        assert (made["span"], made["alerts"], made["has_webhook"], made["unseen"]) == ("yesterday", None, False, 0)
        path = f"{SEARCHES}/{made['id']}"
        hours = {"begin": "22:00", "end": "05:00", "days": [6, 7]}
        changed = client.put(path, json={"name": "Xe tải", "alerts": {"hours": hours}})
        assert changed.json()["alerts"] == {"channels": [], "hours": hours}
        assert client.get(path).json() == changed.json()
        assert [each["name"] for each in client.get(SEARCHES).json()["items"]] == ["Xe tải"]
        assert client.delete(path).status_code == 204
        assert client.get(path).status_code == 404


def test_nobody_sees_or_changes_the_search_of_another(site: Site, admin: httpx.Client) -> None:
    with site.client(site.account(Role.POLICE)) as client:
        path = f"{SEARCHES}/{save(client)['id']}"
        assert admin.get(path).status_code == 404
        assert admin.put(path, json={"name": "x"}).status_code == 404
        assert admin.delete(path).status_code == 404
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("wish", "parameter"),
    [
        ({"conditions": {"camera": "Not An Id"}}, "camera"),
        ({"conditions": {"colours": ["red"]}}, "conditions"),
        ({"conditions": {"area": 5}}, "area"),
        ({"conditions": {"from": "2026-11-22T00:00Z"}, "span": "today"}, "span"),
        ({"alerts": {"channels": ["webhook"]}}, "webhook"),
        ({"webhook": "http://example.org/x"}, "webhook"),
        ({"webhook": "https://example.org/x"}, "webhook"),
        ({"webhook": "https://name:hidden@127.0.0.1/x"}, "webhook"),
        ({"name": "   "}, "name"),
    ],
)
def test_what_cannot_be_saved_is_refused_naming_what_is_wrong(
    admin: httpx.Client, wish: dict[str, Any], parameter: str
) -> None:
    answer = admin.post(SEARCHES, json={"name": "x", **wish})
    assert (answer.status_code, answer.json()["parameter"]) == (422, parameter)
    assert "hidden" not in answer.text


def test_a_name_is_taken_once_and_an_account_has_a_bounded_number(site: Site) -> None:
    with site.client(site.account(Role.POLICE)) as client:
        save(client, name="one")
        assert client.post(SEARCHES, json={"name": "one"}).status_code == 409
        for number in range(SEARCHES_MAX - 1):
            save(client, name=f"more {number}")
        assert client.post(SEARCHES, json={"name": "too many"}).status_code == 409


def test_an_incident_that_answers_is_told_once_however_often_it_changes(site: Site) -> None:
    camera, other = site.camera(), site.camera()
    with site.client(site.account(Role.POLICE)) as client:
        search = save(client, conditions={"camera": [camera]}, alerts={})["id"]
        happens(site, other)
        incident = happens(site, camera)
        eventually(lambda: told(client, search) == [str(incident.id)])
        site.publish(later(incident))
        last = happens(site, camera)
        eventually(lambda: told(client, search) == [str(last.id), str(incident.id)])
        listed = client.get(ALERTS, params={"unseen": True}).json()
        assert (listed["unseen"], listed["next_before"]) == (2, None)
        assert listed["items"][0]["camera"] == camera


def test_what_people_say_of_an_incident_raises_alerts_too(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    search = save(admin, conditions={"camera": [camera], "tag": ["xe-trom"]}, alerts={})["id"]
    incident = happens(site, camera)
    happens(site, camera)
    tagged = admin.put(f"/api/v1/incidents/{incident.id}/tags/xe-trom")
    assert tagged.is_success, tagged.text
    eventually(lambda: told(admin, search) == [str(incident.id)])


def test_what_was_looked_at_is_not_new_any_more(site: Site) -> None:
    camera = site.camera()
    with site.client(site.account(Role.POLICE)) as client:
        search = save(client, conditions={"camera": [camera]}, alerts={})["id"]
        for _ in range(3):
            happens(site, camera)
        eventually(lambda: len(told(client, search)) == 3)
        newest, middle, _ = client.get(ALERTS).json()["items"]
        assert client.post(f"{ALERTS}/seen", json={"up_to": middle["id"]}).status_code == 204
        left = client.get(ALERTS, params={"unseen": True}).json()
        assert ([each["id"] for each in left["items"]], left["unseen"]) == ([newest["id"]], 1)
        assert client.get(SEARCHES).json()["items"][0]["unseen"] == 1
        page = client.get(ALERTS, params={"limit": 2}).json()
        assert len(client.get(ALERTS, params={"before": page["next_before"]}).json()["items"]) == 1


def test_a_search_without_alerts_and_one_of_a_disabled_account_tell_nothing(site: Site, admin: httpx.Client) -> None:
    camera, name = site.camera(), site.account(Role.POLICE)
    with site.client(name) as client:
        silent = save(client, conditions={"camera": [camera]})["id"]
        loud = save(client, conditions={"camera": [camera]}, alerts={})["id"]
        with site.database.session() as session:
            accounts.set_disabled(session, accounts.find(session, name).id, disabled=True)
        happens(site, camera)
        witness = save(admin, conditions={"camera": [camera]}, alerts={})["id"]
        seen = happens(site, camera)
        eventually(lambda: told(admin, witness) == [str(seen.id)])
        with site.database.session() as session:
            accounts.set_disabled(session, accounts.find(session, name).id, disabled=False)
    with site.client(name) as client:
        assert told(client, silent) == told(client, loud) == []


def test_nobody_is_told_of_what_they_may_not_search(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    name = site.account(Role.VIEWER)
    with site.database.session() as session:
        user = accounts.find(session, name)
        grants.take(session, user.id, Grant(Role.VIEWER))
        grants.give(session, user.id, Grant(Role.POLICE, "bac-ninh"))
    with site.client(name) as client:
        search = save(client, alerts={})["id"]
        incident = happens(site, camera)
        eventually(lambda: told(client, search) == [str(incident.id)])
        with site.database.session() as session:
            grants.take(session, user.id, Grant(Role.POLICE, "bac-ninh"))
            grants.give(session, user.id, Grant(Role.POLICE, CHO))
        witness = save(admin, conditions={"camera": [camera]}, alerts={})["id"]
        last = happens(site, camera)
        eventually(lambda: told(admin, witness) == [str(last.id)])
        assert told(client, search) == []


def test_alerts_keep_to_their_hours(site: Site, admin: httpx.Client) -> None:
    camera = site.camera()
    local = datetime.now(UTC) + timedelta(hours=7)  # Asia/Ho_Chi_Minh has no other offset
    before, after = (f"{local + timedelta(hours=h):%H}:00" for h in (-1, 2))
    inside = save(admin, conditions={"camera": [camera]}, alerts={"hours": {"begin": before, "end": after}})["id"]
    outside = save(admin, conditions={"camera": [camera]}, alerts={"hours": {"begin": after, "end": before}})["id"]
    incident = happens(site, camera)
    eventually(lambda: told(admin, inside) == [str(incident.id)])
    assert told(admin, outside) == []


def test_a_search_that_would_flood_is_paused_and_goes_on_when_it_is_saved_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raising, "ALERTS_AN_HOUR", 3)
    camera = site.camera()
    with site.client(site.account(Role.POLICE)) as client:
        wish = {"name": "all", "conditions": {"camera": [camera]}, "alerts": {}}
        path = f"{SEARCHES}/{save(client, **wish)['id']}"
        for number in range(4):
            happens(site, camera)
            eventually(lambda wanted=number + 1: client.get(path).json()["unseen"] == wanted)  # type: ignore[misc]
        assert client.get(path).json()["paused_at"] is not None
        monkeypatch.undo()
        assert client.put(path, json=wish).json()["paused_at"] is None
        happens(site, camera)
        eventually(lambda: client.get(path).json()["unseen"] == 5)


def test_what_happened_while_no_server_ran_is_told_when_one_does(
    migrated_url: str, embedded_s3: EmbeddedS3, tmp_path: Path
) -> None:
    bucket = new_bucket(embedded_s3)
    with running(migrated_url, bucket, tmp_path / "first") as first:
        camera = first.camera()
        with first.client() as client:
            search = save(client, conditions={"camera": [camera]}, alerts={})["id"]
            happens(first, camera)
            eventually(lambda: len(told(client, search)) == 1)
        first.stop()
        missed = happens(first, camera)
    with running(migrated_url, bucket, tmp_path / "second") as second, second.client() as client:
        eventually(lambda: told(client, search)[:1] == [str(missed.id)])
        assert len(told(client, search)) == 2


def test_a_webhook_gets_a_signed_cloud_event_again_until_it_takes_it(
    site: Site, admin: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "FIRST_WAIT_S", 0.2)
    camera = site.camera()
    with receiving() as receiver:
        receiver.answers = [500, 302]
        made = save(admin, conditions={"camera": [camera]}, alerts={"channels": ["webhook"]}, webhook=receiver.url)
        incident = happens(site, camera)
        tries = [receiver.taken.get(timeout=20) for _ in range(3)]
        assert len({headers["webhook-id"] for headers, _ in tries}) == 1
        headers, body = tries[-1]
        Webhook(made["webhook_secret"]).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(made["webhook_secret"]).verify(body.replace(b"alert", b"alarm"), headers)
        assert headers["content-type"].startswith("application/cloudevents+json")
        event = JSONFormat().read(CloudEvent, body)
        assert (event.get_source(), event.get_subject()) == ("urn:camsvc:test", str(incident.id))
        data = event.get_data()
        assert isinstance(data, dict)
        assert data["incident"]["camera"] == camera
        assert data["search"]["id"] == made["id"]
        assert "webhook_secret" not in admin.get(f"{SEARCHES}/{made['id']}").json()
        assert "hidden-word" not in admin.get(f"{SEARCHES}/{made['id']}").text


def test_mqtt_gets_alerts_also_those_raised_while_the_broker_was_away(
    site: Site, admin: httpx.Client, mqtt_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "FIRST_WAIT_S", 0.2)
    camera = site.camera()
    search = save(admin, conditions={"camera": [camera]}, alerts={"channels": ["mqtt"]})["id"]
    first = happens(site, camera)
    eventually(lambda: told(admin, search) == [str(first.id)])
    heard: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
    with broker(mqtt_port):
        client = Client(CallbackAPIVersion.VERSION2)
        client.on_message = lambda _, __, message: heard.put((message.topic, json.loads(message.payload)))
        client.connect("127.0.0.1", mqtt_port)
        client.loop_start()
        eventually(client.is_connected)
        client.subscribe("police/alerts/#", qos=1)
        topic, event = heard.get(timeout=20)
        assert (topic, event["subject"]) == (f"police/alerts/{search}", str(first.id))
        second = happens(site, camera)
        assert heard.get(timeout=20)[1]["subject"] == str(second.id)
        client.disconnect()
        client.loop_stop()


def test_who_may_not_export_sends_nothing_outside(site: Site) -> None:
    with site.client(site.account(Role.POLICE)) as client:
        answer = client.post(SEARCHES, json={"name": "x", "alerts": {"channels": ["mqtt"]}})
        assert answer.status_code == 403


def test_incidents_where_their_owner_may_not_export_stay_on_the_page(site: Site) -> None:
    camera, name = site.camera(), site.account(Role.POLICE)
    with site.database.session() as session:
        grants.give(session, accounts.find(session, name).id, Grant(Role.INVESTIGATOR, CHO))
    with receiving() as receiver, site.client(name) as client:
        search = save(client, conditions={"camera": [camera]}, alerts={"channels": ["webhook"]}, webhook=receiver.url)[
            "id"
        ]
        incident = happens(site, camera)
        eventually(lambda: told(client, search) == [str(incident.id)])
        with site.database.session() as session:
            from camsvc.db.queries import alerts

            assert all(each.alert.incident != incident.id for each in alerts.due(session, 1000))
        assert receiver.taken.empty()
