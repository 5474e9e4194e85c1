"""Incidents beside the wall, and what who may see of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from camsvc.db.queries import accounts
from camsvc.domain.account import Grant, Role
from camsvc.domain.camera import Severity
from camsvc.domain.incident import Incident, IncidentState
from tests.browser import Chromium, Tab, tab
from tests.web.conftest import PASSWORD, Passage, Web
from tests.web.live_wall import SOME, becomes, goes_live, is_expected, tile, wall
from tests.web.station import Station

NAMES = count(1)


def lit(camera: str, severity: str) -> str:
    return f"{tile(camera)}.cam-tile--lit-{severity}"


def test_an_incident_appears_beside_the_wall_and_lights_up_its_tile_for_as_long_as_a_warning_goes_on(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        alarm = web.recorder.incident(
            "cho-02", datetime.now(UTC), severity=Severity.ALARM, state=IncidentState.OPEN, ended_at=None
        )
        web.recorder.publish(alarm)
        item = f"[data-incident='{alarm.id}']"
        opened.page.wait_for_selector(item)
        opened.page.wait_for_selector(lit("cho-02", "alarm"))
        assert "Ngã tư thị trấn Chờ" in opened.page.inner_text(item)
        assert "1 person" in opened.page.inner_text(f"{tile('cho-02')} .cam-tile__lit")
        assert opened.page.locator(".cam-tile__lit").count() == 1
        # What is no warning does not put it out.
        web.recorder.publish(
            web.recorder.incident("cho-02", datetime.now(UTC), state=IncidentState.OPEN, ended_at=None)
        )
        opened.page.wait_for_timeout(700)
        assert opened.page.locator(lit("cho-02", "alarm")).count() == 1
        closed = replace(alarm, state=IncidentState.CLOSED, ended_at=alarm.last_observed_at, revision=2)
        web.recorder.publish(closed)
        opened.page.wait_for_selector(f"{item} .cam-badge", state="detached")
        opened.page.wait_for_selector(lit("cho-02", "alarm"), state="detached", timeout=20_000)


def test_a_click_plays_the_clip_over_the_wall_which_goes_on(
    browser: Chromium, web: Web, passage: Passage, station: Station, walkers: Incident
) -> None:
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        opened.page.click(tile("cho-03"))
        opened.page.click(f"[data-incident='{walkers.id}']")
        opened.page.wait_for_selector(".cam-clip .cam-player[data-ready]")
        opened.page.wait_for_function("() => document.querySelector('.cam-clip video').currentTime > 0.3")
        assert opened.page.get_attribute(".cam-live", "inert") is not None
        assert opened.page.get_attribute(tile("cho-01"), "data-phase") == "live"
        # Keys are the player's now: no tile hears them.
        opened.page.keyboard.press("b")
        assert opened.page.get_attribute(".cam-live [data-test=boxes]", "aria-pressed") == "false"
        opened.page.keyboard.press("Escape")
        opened.page.wait_for_selector(".cam-clip", state="hidden")
        opened.page.wait_for_function("() => document.activeElement.dataset.camera === 'cho-03'")


def test_a_tile_that_is_lit_leads_to_its_clip(browser: Chromium, web: Web, passage: Passage, station: Station) -> None:
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        opening = web.recorder.incident("cho-01", datetime.now(UTC), state=IncidentState.OPEN, ended_at=None)
        web.recorder.publish(opening)
        opened.page.click(f"{tile('cho-01')} .cam-tile__lit")
        opened.page.wait_for_selector("text=The incident is going on")
        # Nothing of it is stored yet, but the ring has it.
        opened.page.click("[data-test=look-back]")
        opened.page.wait_for_selector(tile("cho-01", "replay") + ".cam-tile--large")
        opened.page.wait_for_selector(".cam-clip", state="hidden")


@contextmanager
def somebody(browser: Chromium, web: Web, *grants: Grant) -> Iterator[Tab]:
    """A tab of an account with these rights, logged in."""
    name = f"live-{next(NAMES)}"
    with web.database.session() as session:
        accounts.create(session, name, PASSWORD, grants)
    with tab(browser, web.url) as opened:
        opened.go("/login")
        opened.log_in(name, PASSWORD)
        opened.page.wait_for_url(f"{web.url}/")
        yield opened
        assert not [each for each in opened.errors if not is_expected(each)], opened.errors


def test_who_may_see_one_area_is_shown_its_cameras_and_no_others(browser: Chromium, web: Web, station: Station) -> None:
    with somebody(browser, web, Grant(Role.OPERATOR, "bac-ninh/tu-son")) as opened:
        opened.go("/live")
        becomes(opened, ["tu-son-02", "tu-son-01", "tu-son-03", None])
        goes_live(opened, "tu-son-01")
        listed = opened.page.eval_on_selector_all("[data-pool]", "(rows) => rows.map((row) => row.dataset.pool)")
        assert sorted(listed) == ["tu-son-01", "tu-son-02", "tu-son-03"]
        elsewhere = web.recorder.publish(web.recorder.incident("cho-01", datetime.now(UTC)))
        here = web.recorder.publish(web.recorder.incident("tu-son-01", datetime.now(UTC)))
        opened.page.wait_for_selector(f"[data-incident='{here.id}']")
        assert opened.page.locator(f"[data-incident='{elsewhere.id}']").count() == 0
        assert "Chợ Chờ" not in opened.page.content()


def test_a_wall_that_names_a_camera_out_of_reach_says_that_there_is_none_and_shows_the_others(
    browser: Chromium, web: Web, station: Station
) -> None:
    with somebody(browser, web, Grant(Role.OPERATOR, "bac-ninh/tu-son")) as opened:
        opened.go("/live?camera=cho-01")
        opened.page.wait_for_selector(tile("cho-01", "refused"))
        assert "There is no such camera" in opened.page.inner_text(tile("cho-01"))
        opened.page.keyboard.press("2")
        opened.page.click("[data-pool='tu-son-01']")
        goes_live(opened, "tu-son-01")
        opened.page.wait_for_timeout(1500)
        assert opened.page.locator(".cam-live__apart").count() == 0, "states of the others are still told"


def test_who_may_not_replay_is_told_of_incidents_without_their_clips(
    browser: Chromium, web: Web, station: Station, walkers: Incident
) -> None:
    with somebody(browser, web, Grant(Role.VIEWER)) as opened:
        opened.go("/live")
        opened.page.click(f"[data-incident='{walkers.id}']")
        opened.page.wait_for_selector(".cam-clip >> text=may not play their clips")
        assert opened.page.locator(".cam-clip video").count() == 0
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_selector(".cam-clip", state="hidden")


def test_who_may_see_no_live_picture_is_told_so(browser: Chromium, web: Web, station: Station) -> None:
    with somebody(browser, web, Grant(Role.POLICE)) as opened:
        opened.go("/live")
        opened.page.wait_for_selector("text=There is no camera whose live picture you may see.")
        opened.go("/cameras/cho-01")
        opened.page.wait_for_selector(".cam-detail h1")
        assert opened.page.locator(".cam-tile").count() == 0


@pytest.mark.parametrize(
    "path", ["/live?camera=%3Cimg%20src%3Dx%3E", "/live?wall=%7B%7B1%7D%7D", "/live?camera=" + "x" * 500]
)
def test_an_address_that_asks_for_nothing_of_ours_breaks_nothing(
    browser: Chromium, web: Web, passage: Passage, station: Station, path: str
) -> None:
    with tab(browser, web.url, storage_state=passage) as opened:
        opened.go(path)
        opened.page.wait_for_selector(".cam-live[data-ready]")
        opened.page.wait_for_timeout(500)
        assert opened.page.locator("img[src=x]").count() == 0
        assert not [each for each in opened.errors if not is_expected(each)], opened.errors
