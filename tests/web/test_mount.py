"""Putting the pages onto a server: what is refused, and the map's own ground."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from camsvc.config import MapSettings
from camsvc.errors import ConfigError
from camsvc.web import layers, mount
from camsvc.web.components.map import BOUNDARIES_URL
from tests.browser import Tab
from tests.web.conftest import Web


@pytest.mark.parametrize("content", [None, "no json", "[1, 2]", '{"features": []}'])
def test_boundaries_that_cannot_be_drawn_are_refused_by_name(web: Web, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "province.geojson"
    if content is not None:
        file.write_text(content)
    settings = MapSettings(boundaries=file)
    with pytest.raises(ConfigError, match=r"map\.boundaries: .*province\.geojson"):
        layers.serve(FastAPI(), settings)


def test_a_time_zone_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="Asia/Nowhere"):
        mount._zone("Asia/Nowhere")


def test_a_second_application_in_one_process_is_refused(web: Web) -> None:
    app = FastAPI()
    app.state.camsvc = web.server
    with pytest.raises(RuntimeError, match="already"):
        mount.mount(app)


def test_the_map_shows_names_of_streets_and_water_and_asks_nobody_else(inside: Tab) -> None:
    inside.go("/")
    inside.page.wait_for_selector(".cam-map[data-ready]")
    inside.page.wait_for_selector(".cam-map__name >> text=Sông Cầu")
    assert inside.page.locator(".cam-map__line--water").count() == 1
    assert inside.page.locator(".cam-map .leaflet-tile").count() == 0
    assert not inside.foreign


def test_boundaries_need_a_session(web: Web) -> None:
    assert httpx.get(f"{web.url}{BOUNDARIES_URL}").status_code == HTTPStatus.UNAUTHORIZED


def test_the_page_allows_no_request_to_another_host(web: Web) -> None:
    policy = httpx.get(f"{web.url}/incidents").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
