"""Exports as jobs over REST: asked for, made, fetched in pieces, stopped, expired; who may; how much."""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from camsvc.domain.account import Role
from camsvc.domain.incident import Incident
from tests.api.conftest import Site, eventually

CLIP = b"footage" * 20_000
EXPORTS = "/api/v1/exports"
MADE_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def lan(site: Site) -> Iterator[httpx.Client]:
    with site.client(site.account(Role.INVESTIGATOR)) as client:
        yield client


def ask(client: httpx.Client, *incidents: Incident, **wish: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    body = {"incidents": [str(each.id) for each in incidents], "reason": "theft", **wish}
    body.setdefault("contents", {"provenance": False})
    answer = client.post(EXPORTS, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ended(client: httpx.Client, export: dict[str, Any]) -> dict[str, Any]:
    """The export once it is queued and running no more."""
    found: dict[str, Any] = {}

    def is_over() -> bool:
        found.update(client.get(f"{EXPORTS}/{export['id']}").json())
        return found["state"] not in {"queued", "running"}

    eventually(is_over, MADE_WITHIN_S)
    return found


def test_an_export_is_made_and_fetched_whole(site: Site, lan: httpx.Client) -> None:
    incident = site.recorded(CLIP, camera_=site.camera())
    asked = ask(lan, incident)
    made = ended(lan, asked)
    assert made["state"] == "done", made
    answer = lan.get(f"{EXPORTS}/{made['id']}/package")
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == made["sha256"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        (clip,) = [each for each in package.namelist() if each.endswith("clip-0000.mp4")]
        assert package.read(clip) == CLIP + bytes(0)
