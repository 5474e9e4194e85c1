"""Following somebody from camera to camera: what is around an incident, and its neighbours' clips in step with it.

The films say their own number in every picture: what is seen together is read from the pictures themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from camsvc.db.queries import accounts, holds
from camsvc.domain.account import Grant, Role
from camsvc.domain.hold import Target
from camsvc.domain.incident import GapReason, Incident
from tests.browser import Chromium, Tab, tab
from tests.video import BITS, Film, make_film
from tests.web import town
from tests.web.conftest import PASSWORD, Passage, Web

FPS = 25
LONG_AGO = timedelta(days=44)
"""Incidents of other tests are not around these."""
PLAYER = ".cam-player[data-ready]"
READY = ".cam-companion[data-ready]"
NUMBER = f"""(video) => {{
  if (!video || video.readyState < 2) return -1;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0);
  const block = canvas.width / {BITS};
  const lit = (bit) => pen.getImageData((bit + 0.5) * block, block / 2, 1, 1).data[0] > 126;
  return [...Array({BITS}).keys()].reduce((number, bit) => number | (lit(bit) << bit), 0);
}}"""
"""Of the picture that a video shows."""


@dataclass(frozen=True)
class Chase:
    """Somebody passes a crossing, three seconds later a bridge, and later the market."""

    crossing: Incident
    bridge: Incident
    market: Incident

    def second(self, incident: Incident, number: int) -> float:
        """When picture ``number`` of an incident's film was taken, in seconds from the start of the crossing's."""
        began = incident.started_at - timedelta(seconds=1)
        return (began - self.crossing.started_at).total_seconds() + number / FPS

    def at(self, seconds: float) -> datetime:
        return self.crossing.started_at + timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def chase(web: Web, tmp_path_factory: pytest.TempPathFactory) -> Chase:
    film = make_film(tmp_path_factory.mktemp("chase") / "film.mkv", Film(10 * FPS, FPS, gop=FPS))
    start = web.now - LONG_AGO
    record = web.recorder.record
    town.gap(web.database, "tu-son-02", start, 30, GapReason.RECONNECT)
    return Chase(
        crossing=record("cho-02", film, start, cuts_s=((0, 7),)),
        bridge=record("nhu-nguyet-01", film, start + timedelta(seconds=3), cuts_s=((0, 6),)),
        market=record("cho-01", film, start + timedelta(seconds=14), cuts_s=((0, 8),)),
    )


@pytest.fixture
def around(inside: Tab, chase: Chase) -> Tab:
    """The page of the crossing, looking a kilometre around."""
    look(inside, chase.crossing)
    return inside


def look(tab_: Tab, incident: Incident) -> None:
    tab_.go(f"/incidents/{incident.id}")
    tab_.page.wait_for_selector(PLAYER)
    tab_.page.select_option("[data-test='around.radius']", "1000")
    tab_.page.wait_for_selector("[data-near=cho-01]")


def beside(tab_: Tab) -> None:
    tab_.page.click("[data-test=beside]:not([disabled])")
    tab_.page.wait_for_selector(READY)


def seconds(tab_: Tab, chase: Chase, camera: str, incident: Incident) -> float:
    """The moment that a picture shows."""
    where = ".cam-player video" if camera == "" else f"[data-companion={camera}] video"
    for _ in range(30):  # a frame that was just sought is not drawn yet
        number = tab_.page.eval_on_selector(where, NUMBER)
        if number >= 0:
            break
        tab_.page.wait_for_timeout(100)
    assert number >= 0, f"{camera or 'the player'} shows no picture"
    return chase.second(incident, number)


def go_to(tab_: Tab, at: float) -> None:
    """On the time line, which covers the crossing's clip and those beside it."""
    bar = tab_.page.locator(".cam-timeline").bounding_box()
    from_s, to_s = -1.0, 21.0
    tab_.page.mouse.click(bar["x"] + bar["width"] * (at - from_s) / (to_s - from_s), bar["y"] + bar["height"] / 2)


def test_the_cameras_around_are_listed_with_what_they_saw_before_and_after(around: Tab, chase: Chase) -> None:
    bridge = around.page.inner_text("[data-near=nhu-nguyet-01]")
    assert "Cầu Như Nguyệt" in bridge
    assert "0:03 later" in bridge
    assert "634 m" in bridge
    assert "0:14 later" in around.page.inner_text("[data-near=cho-01]")
    silent = around.page.inner_text("[data-near=tu-son-02]")
    assert "Saw nothing" in silent
    assert "connection to the camera was lost" in silent, "where nobody looked, nothing seen means nothing"
    around.page.wait_for_selector(".cam-near__map [data-place=cho-02]")


def test_what_is_held_of_what_the_neighbours_saw_is_marked(inside: Tab, web: Web, chase: Chase) -> None:
    target = Target(incident=chase.bridge.id)
    with web.database.session() as session:
        holds.place(
            session,
            target,
            area=chase.bridge.area,
            started_at=chase.bridge.started_at,
            reason="theft",
            legal=False,
            by=holds.By(1, "admin"),
        )
    look(inside, chase.crossing)
    inside.page.wait_for_selector("[data-near=nhu-nguyet-01] .cam-near__held")
    assert inside.page.locator("[data-near=cho-01] .cam-near__held").count() == 0


def test_the_neighbours_clips_show_the_same_moment_to_the_picture_when_still(around: Tab, chase: Chase) -> None:
    beside(around)
    for at in (4.0, 5.2, 3.4):
        go_to(around, at)
        around.page.wait_for_function(
            "Math.abs(Number(document.querySelector('[data-companion=nhu-nguyet-01]').dataset.apartMs)) <= 20"
            " && ![...document.querySelectorAll('video')].some((video) => video.seeking)"
        )
        around.page.wait_for_timeout(200)
        own = seconds(around, chase, "", chase.crossing)
        other = seconds(around, chase, "nhu-nguyet-01", chase.bridge)
        assert abs(own - at) < 0.1
        assert abs(own - other) <= 1.5 / FPS, (own, other)


def test_one_transport_plays_pauses_and_speeds_up_all_of_them(around: Tab, chase: Chase) -> None:
    beside(around)
    go_to(around, 2.6)
    around.page.keyboard.press("Space")
    moving = "document.querySelector('[data-companion=nhu-nguyet-01] video')"
    around.page.wait_for_function(f"{moving} && !{moving}.paused && {moving}.currentTime > 0.8")
    around.page.wait_for_function(
        "Math.abs(Number(document.querySelector('[data-companion=nhu-nguyet-01]').dataset.apartMs)) < 150"
    )
    around.page.keyboard.press("Space")
    around.page.wait_for_function("[...document.querySelectorAll('video')].every((video) => video.paused)")
    around.page.keyboard.press("ArrowDown")
    go_to(around, 2.2)
    around.page.keyboard.press("Space")
    around.page.wait_for_function(f"!{moving}.paused && Math.abs({moving}.playbackRate - 0.5) < 0.1")


def test_where_a_clip_has_no_picture_it_says_so_and_time_goes_on_to_the_next_that_has(
    around: Tab, chase: Chase
) -> None:
    beside(around)
    go_to(around, 9.5)
    around.page.wait_for_selector(".cam-player__message >> text=No footage of this camera at this moment")
    around.page.wait_for_selector("[data-companion=nhu-nguyet-01] >> text=It ended 0:0")
    around.page.wait_for_selector("[data-companion=cho-01] >> text=It begins in 0:03")
    around.page.keyboard.press("Space")
    market = "document.querySelector('[data-companion=cho-01] video')"
    around.page.wait_for_function(f"{market}.currentTime > 0.3 && !{market}.paused")
    around.page.keyboard.press("Space")
    around.page.wait_for_function(f"{market}.paused")
    assert seconds(around, chase, "cho-01", chase.market) > 13


def test_one_goes_on_from_a_neighbour_and_back_along_the_steps(around: Tab, web: Web, chase: Chase) -> None:
    around.page.click(f"[data-go='{chase.bridge.id}']")
    around.page.wait_for_url(f"{web.url}/incidents/{chase.bridge.id}*")
    around.page.wait_for_selector(f"[data-step='{chase.crossing.id}']")
    around.page.wait_for_selector(f"[data-go='{chase.crossing.id}'] >> text=0:03 earlier")
    around.page.click(f"[data-step='{chase.crossing.id}']")
    around.page.wait_for_url(f"{web.url}/incidents/{chase.crossing.id}*")
    around.page.wait_for_selector(f"[data-go='{chase.bridge.id}']")
    assert around.page.locator("[data-step]").count() == 0


def test_clips_beside_lead_on_and_stay_beside(around: Tab, web: Web, chase: Chase) -> None:
    around.page.keyboard.press("n")
    around.page.wait_for_selector(READY)
    go_to(around, 5)
    around.page.click("[data-companion=nhu-nguyet-01] .cam-companion__go")
    around.page.wait_for_url(f"{web.url}/incidents/{chase.bridge.id}*")
    around.page.wait_for_selector(f"[data-companion=cho-02]{READY.removeprefix('.cam-companion')}")
    around.page.keyboard.press("n")
    around.page.wait_for_selector(".cam-companion", state="detached")


def test_three_at_most_are_shown_and_any_can_be_taken_away(around: Tab) -> None:
    around.page.check("[data-beside=cho-01]")
    around.page.wait_for_selector("[data-companion=cho-01]")
    assert around.page.locator(".cam-companion").count() == 1
    around.page.click("[data-companion=cho-01] .cam-companion__close")
    around.page.wait_for_selector(".cam-companion", state="detached")
    assert not around.page.is_checked("[data-beside=cho-01]")


@pytest.fixture
def viewer(web: Web, browser: Chromium) -> Iterator[Tab]:
    """Of somebody who may search everywhere, but replay only in one commune."""
    with web.database.session() as session:
        accounts.create(
            session,
            "near-viewer",
            PASSWORD,
            [Grant(Role.VIEWER, "bac-ninh"), Grant(Role.POLICE, "bac-ninh/yen-phong/cho")],
        )
    with tab(browser, web.url) as opened:
        opened.go("/login")
        opened.log_in("near-viewer", PASSWORD)
        opened.page.wait_for_url(f"{web.url}/")
        yield opened


def test_who_may_not_replay_a_neighbour_is_offered_no_clip_of_it(viewer: Tab, chase: Chase) -> None:
    viewer.go(f"/incidents/{chase.crossing.id}")
    viewer.page.wait_for_selector(PLAYER)
    viewer.page.select_option("[data-test='around.radius']", "1000")
    viewer.page.wait_for_selector("[data-near=cho-01]")
    assert viewer.page.locator("[data-beside=cho-01]").count() == 1
    assert viewer.page.locator("[data-beside=nhu-nguyet-01]").count() == 0


def test_the_strip_speaks_vietnamese_and_fits_the_smallest_screen(
    browser: Chromium, web: Web, passage: Passage, chase: Chase
) -> None:
    with tab(browser, web.url, storage_state=passage) as opened:
        opened.page.context.add_cookies([{"name": "camsvc_language", "value": "vi", "url": web.url}])
        look_vi = f"/incidents/{chase.crossing.id}"
        opened.go(look_vi)
        opened.page.wait_for_selector(PLAYER)
        opened.page.select_option("[data-test='around.radius']", "1000")
        opened.page.wait_for_selector("[data-near=cho-01] >> text=sau 0:14")
        opened.page.click("[data-test=beside]")
        opened.page.wait_for_selector(READY)
        for selector in ("html", ".cam-over", ".cam-near__bar"):
            assert opened.page.eval_on_selector(selector, "(e) => e.scrollWidth <= e.clientWidth"), selector
        picture = opened.page.locator(".cam-player__stage").bounding_box()
        assert picture["height"] > 200
