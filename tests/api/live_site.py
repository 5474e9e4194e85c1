"""A server with a live process that needs no cameras, and what it leaves in the audit chain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import select, text
from websockets.sync.client import ClientConnection, connect

from camsvc.db.models import AuditRow
from camsvc.db.queries import endpoints
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.live.wire import TOKEN_PURPOSE
from tests.api.conftest import Site
from tests.live.fake_live import FakeCameras, FakeLive, live_process

SDP = {"Content-Type": "application/sdp"}
OFFER = "v=0\r\n"


@contextmanager
def live_of(
    site: Site,
    name: str = "live-1",
    cameras: FakeCameras | None = None,
    **settings: Any,  # noqa: ANN401  Settings'
) -> Iterator[FakeLive]:
    with live_process(site.cipher.derive(TOKEN_PURPOSE), name, cameras, **settings) as live:
        publish(site, live.endpoint)
        try:
            yield live
        finally:
            withdraw(site, name)


def publish(site: Site, endpoint: Endpoint) -> None:
    """For as long as a test runs, without repeating it."""
    with site.database.session() as session:
        endpoints.report(session, endpoint)
        session.execute(text("UPDATE endpoints SET reported_at = clock_timestamp() + interval '1 h'"))
    site.clock.shift_s += 10.0  # the server looks anew


def withdraw(site: Site, name: str) -> None:
    with site.database.session() as session:
        endpoints.withdraw(session, EndpointKind.LIVE, name)
    site.clock.shift_s += 10.0


def whep(client: httpx.Client, camera: str, **parameters: str) -> httpx.Response:
    return client.post(f"/api/v1/cameras/{camera}/whep", params=parameters, content=OFFER, headers=SDP)


def records(site: Site, camera: str) -> list[AuditRow]:
    """Of a camera, in order."""
    with site.database.session() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.camera == camera).order_by(AuditRow.seq)))


@contextmanager
def socket_of(site: Site, path: str, headers: dict[str, str]) -> Iterator[ClientConnection]:
    url = site.url.replace("http:", "ws:")
    with connect(f"{url}{path}", additional_headers=headers, compression=None, open_timeout=10) as socket:
        assert isinstance(socket, ClientConnection)
        yield socket


def said(socket: ClientConnection, timeout_s: float = 10.0) -> dict[str, Any]:
    """The next text message."""
    while True:
        message = socket.recv(timeout=timeout_s)
        if isinstance(message, str):
            body: dict[str, Any] = json.loads(message)
            return body
