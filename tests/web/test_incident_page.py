"""One incident: its clip plays, its boxes lie over the picture, and one walks on from it."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from camsvc.db.queries import accounts
from camsvc.domain.account import Role
from camsvc.domain.incident import Incident, IncidentState
from camsvc.web.pages import opened as reading
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words
from tests.browser import Tab
from tests.video import Film, make_film
from tests.web import town
from tests.web.conftest import PASSWORD, Web

PLAYER = ".cam-player[data-ready]"
TIME = "document.querySelector('video').currentTime"
DRAWN = "Number(document.querySelector('.cam-player__boxes').dataset.drawn || 0)"
INK = """(() => {
  const canvas = document.querySelector('.cam-player__boxes');
  const ink = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  return ink.some((value) => value > 0);
})()"""


@pytest.fixture
def parts(web: Web, footage: Path) -> Incident:
    """Two parts with three seconds missing between them."""
    film = footage / "ped_onebyone_indoor.mp4"
    return web.recorder.record("tu-son-01", film, web.now - timedelta(days=20), cuts_s=((0, 3), (20, 24)))


def test_from_the_log_in_to_a_playing_clip_with_boxes(visit: Tab, web: Web, walkers: Incident) -> None:
    with web.database.session() as session:
        accounts.create(session, "investigator", PASSWORD, [Role.INVESTIGATOR])
    visit.go("/incidents?camera=cho-01")
    visit.log_in("investigator", PASSWORD)
    visit.page.click(f"[data-id='{walkers.id}']")
    visit.page.wait_for_selector(PLAYER)
    visit.page.wait_for_url(f"{web.url}/incidents/{walkers.id}?camera=cho-01*")
    visit.page.wait_for_function(f"{TIME} > 0.5 && {DRAWN} > 2")
    before = visit.page.evaluate(TIME)
    visit.page.wait_for_function(f"{TIME} > {before}")
    assert visit.page.evaluate(INK)
    visit.page.keyboard.press("b")
    visit.page.wait_for_function(f"!{INK}")
    assert not visit.errors
    assert not visit.foreign


def test_the_boxes_are_where_the_truth_says_at_the_frame_on_screen(
    inside: Tab, walkers: Incident, footage: Path
) -> None:
    """A still frame: the truth's boxes at its media time, scaled to the picture, are what the canvas shows."""
    inside.go(f"/incidents/{walkers.id}")
    inside.page.wait_for_selector(PLAYER)
    inside.page.wait_for_function(f"{DRAWN} > 0")
    inside.page.evaluate("document.querySelector('video').currentTime = 2.0")
    inside.page.wait_for_function(f"Math.abs({TIME} - 2.0) < 0.03 && !document.querySelector('video').seeking")
    inside.page.wait_for_timeout(200)
    there = [box for box in town.truth(footage, "ped_tud_stadtmitte", 640, 480, 25.0) if abs(box.at_s - 2.0) < 0.01]
    assert there
    assert inside.page.evaluate(DRAWN) >= len(there)
    for box in there:
        on_edge = inside.page.evaluate(
            """([left, top, width, height]) => {
              const canvas = document.querySelector('.cam-player__boxes');
              const w = Math.min(canvas.width, canvas.height * 4 / 3), h = w * 3 / 4;
              const x = (canvas.width - w) / 2 + left * w, y = (canvas.height - h) / 2 + (top + height / 2) * h;
              const ink = canvas.getContext('2d').getImageData(x - 3, y, 7, 1).data;
              return ink.some((value) => value > 0);
            }""",
            [box.left, box.top, box.width, box.height],
        )
        assert on_edge, box


def test_frames_are_stepped_one_by_one(inside: Tab, walkers: Incident) -> None:
    inside.go(f"/incidents/{walkers.id}")
    inside.page.wait_for_selector(PLAYER)
    inside.page.wait_for_function(f"{DRAWN} > 0")
    inside.page.evaluate("document.querySelector('video').currentTime = 1.0")
    inside.page.wait_for_timeout(400)
    shown = [inside.page.evaluate(TIME)]
    for key in (".", ".", ".", ",", ","):
        inside.page.keyboard.press(key)
        inside.page.wait_for_timeout(350)
        shown.append(inside.page.evaluate(TIME))
    steps = [round((after - before) * 25) for before, after in pairwise(shown)]
    assert [step > 0 for step in steps] == [True, True, True, False, False], shown
    assert all(abs(step) == 1 for step in steps), shown


def test_parts_play_one_after_another_and_the_gap_is_shown(inside: Tab, parts: Incident) -> None:
    inside.go(f"/incidents/{parts.id}")
    inside.page.wait_for_selector(PLAYER)
    assert inside.page.locator(".cam-timeline__part").count() == 2
    assert inside.page.locator(".cam-timeline__gap").count() == 1
    assert "1 gap" in inside.page.inner_text(".cam-about")
    inside.page.wait_for_function("document.querySelector('video').readyState >= 2")
    inside.page.evaluate("document.querySelector('video').currentTime = document.querySelector('video').duration - 0.4")
    inside.page.keyboard.press("Space")
    inside.page.wait_for_selector("text=connection to the camera was lost >> visible=true")
    inside.page.wait_for_function("document.querySelector('video').src.endsWith('part=1') && " + f"{TIME} > 0.2")
    assert "Part 2 of 2" in inside.page.inner_text(".cam-controls")


def test_what_is_told_of_the_footage_is_what_is_stored(inside: Tab, web: Web, walkers: Incident) -> None:
    assert walkers.clip
    inside.go(f"/incidents/{walkers.id}")
    inside.page.wait_for_selector(PLAYER)
    told = inside.page.inner_text(".cam-about")
    part = walkers.clip.parts[0]
    for expected in (part.sha256, "± 12 ms", "340 ms behind ours", "H.264, 640 × 480", "Asia/Ho_Chi_Minh, UTC+07:00"):
        assert expected in told
    with inside.page.expect_download() as download:
        inside.page.click("[data-test=download]")
    content = Path(download.value.path()).read_bytes()
    assert hashlib.sha256(content).hexdigest() == part.sha256


def test_the_keyboard_alone_is_enough(inside: Tab, web: Web, walkers: Incident) -> None:
    inside.go("/incidents?camera=cho-01")
    inside.page.wait_for_selector(".cam-results[data-ready]")
    inside.page.wait_for_selector(f"[data-id='{walkers.id}']")
    for _ in range(80):
        inside.page.keyboard.press("Tab")
        if inside.page.evaluate("document.activeElement.dataset.id"):
            break
    visible = "getComputedStyle(document.activeElement).outlineStyle"
    assert inside.page.evaluate(visible) == "solid", "the focus is seen"
    while inside.page.evaluate("document.activeElement.dataset.id") != str(walkers.id):
        inside.page.keyboard.press("ArrowRight")
    inside.page.keyboard.press("Enter")
    inside.page.wait_for_selector(PLAYER)
    inside.page.wait_for_function(f"{TIME} > 0.2")
    inside.page.keyboard.press("Space")
    inside.page.wait_for_function("document.querySelector('video').paused")
    inside.page.keyboard.press("?")
    inside.page.wait_for_selector(".cam-keys")
    inside.page.keyboard.press("Escape")
    inside.page.wait_for_selector(".cam-keys", state="detached")
    inside.page.keyboard.press("Escape")
    inside.page.wait_for_selector(PLAYER, state="detached")
    inside.page.wait_for_url(f"{web.url}/incidents?camera=cho-01")
    inside.page.wait_for_function(f"document.activeElement.dataset.id === '{walkers.id}'")


def test_one_walks_through_the_search_or_through_the_camera(inside: Tab, web: Web) -> None:
    start = web.now - timedelta(days=90)
    made = [
        web.recorder.publish(web.recorder.incident(camera, start + timedelta(minutes=minute)))
        for minute, camera in enumerate(["cho-02", "cho-03", "cho-02"])
    ]
    until = (start + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    inside.go(f"/incidents/{made[2].id}?to={until}")
    inside.page.wait_for_selector("[data-test=older]:not([disabled])")
    assert inside.page.is_disabled("[data-test=newer]")
    inside.page.keyboard.press("j")
    inside.page.wait_for_url(f"**/incidents/{made[1].id}?to=*")
    inside.page.wait_for_selector("[data-test=newer]:not([disabled])")
    inside.page.keyboard.press("k")
    inside.page.wait_for_url(f"**/incidents/{made[2].id}?to=*")
    inside.page.wait_for_selector("[data-test=older]:not([disabled])")
    inside.page.select_option(".cam-walk select", "camera")
    inside.page.wait_for_timeout(300)
    inside.page.click("[data-test=older]")
    inside.page.wait_for_url(f"**/incidents/{made[0].id}?to=*")
    sheets = inside.page.eval_on_selector_all("link[rel=stylesheet]", "(all) => all.map((each) => each.href)")
    assert len(sheets) == len(set(sheets)), "the page does not grow with each incident"


def test_an_answer_that_comes_late_does_not_take_the_place_of_what_was_asked_for_since(
    inside: Tab, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = web.now - timedelta(days=91)
    made = [web.recorder.publish(web.recorder.incident("cho-02", start + timedelta(minutes=n))) for n in range(3)]
    read = reading.read

    async def slow(site: Site, visitor: Visitor, words: Words, asked: str) -> tuple[Incident | None, str]:
        await asyncio.sleep(1.0 if asked == str(made[0].id) else 0.0)
        return await read(site, visitor, words, asked)

    monkeypatch.setattr(reading, "read", slow)
    inside.go(f"/incidents/{made[1].id}")
    inside.page.wait_for_selector("[data-test=older]:not([disabled])")
    inside.page.wait_for_selector("[data-test=newer]:not([disabled])")
    inside.page.keyboard.press("j")
    inside.page.keyboard.press("k")
    inside.page.wait_for_url(f"**/incidents/{made[2].id}")
    inside.page.wait_for_timeout(1300)
    assert inside.page.url.endswith(f"/incidents/{made[2].id}")
    local = made[2].started_at.astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
    assert f"{local:%H:%M:%S}" in inside.page.inner_text(".cam-over__title")


def test_an_open_incident_says_so_and_changes_on_the_screen_when_it_ends(inside: Tab, web: Web) -> None:
    opened = web.recorder.publish(
        web.recorder.incident("cho-03", web.now - timedelta(minutes=2), state=IncidentState.OPEN, ended_at=None)
    )
    inside.go(f"/incidents/{opened.id}")
    inside.page.wait_for_selector("text=This incident is going on")
    assert "is going on" in inside.page.inner_text(".cam-player__message")
    ended = replace(opened, state=IncidentState.INTERRUPTED, ended_at=opened.last_observed_at, revision=2)
    web.recorder.publish(ended)
    inside.page.wait_for_selector("text=The end of this incident was not observed")
    inside.page.wait_for_selector(".cam-player__message >> text=None of its footage has been stored")


def test_h265_plays_as_a_viewing_copy_that_is_marked(inside: Tab, web: Web, tmp_path: Path) -> None:
    film = make_film(tmp_path / "hevc.mp4", Film(codec="hevc", frames=50))
    incident = web.recorder.record("cho-02", film, web.now - timedelta(days=30), cuts_s=((0, 2),), thumbnail_s=0.5)
    assert incident.clip
    assert incident.clip.parts[0].codec == "hevc"
    inside.go(f"/incidents/{incident.id}")
    inside.page.wait_for_selector("text=Viewing copy, not the original")
    inside.page.wait_for_function("document.querySelector('video').readyState >= 2", timeout=60_000)
    inside.page.keyboard.press("Space")
    inside.page.wait_for_function(f"{TIME} > 0.2")


@pytest.mark.parametrize("asked", ["no-id", "01980000-0000-7000-8000-000000000000"])
def test_an_incident_that_nobody_knows_is_said_to_be_unknown(inside: Tab, asked: str) -> None:
    inside.go(f"/incidents/{asked}")
    inside.page.wait_for_selector("text=There is no such incident.")
