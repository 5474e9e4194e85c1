"""One question asked by REST, on the command line and by a page's link: the same answer, and that of a plain scan."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from camsvc.db import partitions
from camsvc.db.queries import incidents as queries
from camsvc.domain.incident import Incident
from camsvc.domain.matching import matches
from camsvc.domain.search import IncidentFilter
from camsvc.domain.search_json import search_json
from camsvc.web import view
from tests.api.conftest import Site
from tests.cli.console import Run, runner
from tests.db.examples import NOON, camera, owned
from tests.db.strategies import AREAS, PLACES, filters, incidents

ZONES = ["UTC", "Asia/Ho_Chi_Minh", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
OPTIONS = {"radius_m": "radius", "min_duration_s": "min-duration", "max_duration_s": "max-duration"}


@pytest.fixture(scope="module")
def full(site: Site) -> Site:
    owned(site.database, site.cipher, *(camera(id_, area=AREAS[id_]) for id_ in PLACES))
    with site.database.session() as session:
        partitions.extend(session, NOON, since=NOON - timedelta(days=40))
    return site


@pytest.fixture
def camsvc(
    full: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[Run, pytest.MonkeyPatch]:
    url = full.settings.database_url
    assert url is not None
    monkeypatch.setenv("CAMSVC_DATABASE_URL", url.get_secret_value())
    monkeypatch.setenv("CAMSVC_DATA", str(full.settings.data))
    return runner(monkeypatch, capsys), monkeypatch


def _parameters(asked: IncidentFilter, zone: str) -> dict[str, Any]:
    """As somebody in ``zone`` writes them."""
    given_ = dict(search_json(asked))
    for name, moment in (("from", asked.from_), ("to", asked.to)):
        if moment is not None:
            given_[name] = moment.astimezone(ZoneInfo(zone)).isoformat()
    if "sees" in given_:
        given_["sees"] = "false"
    return {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else str(value) for name, value in given_.items()
    }


def _options(parameters: dict[str, str], asked: IncidentFilter, zone: str) -> list[str]:
    found = []
    for name, value in parameters.items():
        if name == "sees":
            found.append("--stands")
            continue
        local = _local({"from": asked.from_, "to": asked.to}.get(name), zone)
        found.append(f"--{OPTIONS.get(name, name)}={local or value}")
    return found


def _local(moment: datetime | None, zone: str) -> str | None:
    """Without an offset, where that says it all: not in an hour that comes twice."""
    if moment is None:
        return None
    local = moment.astimezone(ZoneInfo(zone))
    if local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset():
        return None
    return local.replace(tzinfo=None).isoformat()


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    items=st.lists(incidents(), max_size=20),
    asked=st.lists(filters(), min_size=2, max_size=2),
    zone=st.sampled_from(ZONES),
)
def test_rest_command_line_and_page_find_what_a_plain_scan_finds(
    full: Site,
    admin: httpx.Client,
    camsvc: tuple[Run, pytest.MonkeyPatch],
    items: list[Incident],
    asked: list[IncidentFilter],
    zone: str,
) -> None:
    run, environment = camsvc
    environment.setenv("CAMSVC_TIMEZONE", zone)
    with full.database.session() as session:
        session.execute(text("DELETE FROM incidents"))
        assert all(queries.publish_all(session, items))
    for each in asked:
        matching = [item for item in items if matches(each, item)]
        matching.sort(key=lambda item: (item.started_at, item.id), reverse=True)
        wanted = [str(item.id) for item in matching]
        parameters = _parameters(each, zone)
        answer = admin.get("/api/v1/incidents", params=parameters)
        assert answer.status_code == 200, answer.text
        assert [found["id"] for found in answer.json()["items"]] == wanted
        printed = run("incidents", "search", "--json", *_options(parameters, each, zone))
        assert printed.status == 0, printed.err
        assert [found["id"] for found in printed.json["items"]] == wanted
        link = view.SearchView(each).query()
        parsed = view.parse(parse_qsl(link), zone)
        assert parsed.errors == {}
        with full.database.session() as session:
            page = queries.search(session, parsed.view.filter)
        assert [item.id for item in page.items] == [UUID(id_) for id_ in wanted]
