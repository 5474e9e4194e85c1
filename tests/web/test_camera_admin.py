"""Cameras and areas by people: lists with health, the form, zones on the picture, tests of rules, import."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from camsvc.config import CameraConfig
from camsvc.db.queries import accounts, areas, cameras
from camsvc.domain.account import Grant, Role
from camsvc.domain.camera import CameraState
from camsvc.domain.incident import GapReason, Incident
from tests.browser import Chromium, Tab, tab
from tests.web import town
from tests.web.conftest import PASSWORD, Web

AREA = "bac-ninh/que-vo"
"""Of this module alone."""
READY = ".camform[data-ready]"


def stored(web: Web, camera: str) -> CameraConfig:
    with web.database.session() as session:
        return cameras.get(session, camera, web.cipher)


def put(web: Web, camera: str, **changes: object) -> CameraConfig:
    config = town.camera(camera, f"Camera {camera}", AREA, (21.15, 106.1, 0.0), **changes)
    with web.database.session() as session:
        cameras.put(session, config, web.cipher)
    return config


@pytest.fixture
def spare(web: Web) -> Iterator[str]:
    """A camera that may be spoilt; gone again afterwards, as other tests count cameras."""
    camera = f"spare-{datetime.now(UTC):%H%M%S%f}"
    put(web, camera)
    yield camera
    with web.database.session() as session:
        if camera in cameras.names(session):
            cameras.remove(session, camera)


def draw(page: Any, kind: str, *points: tuple[float, float]) -> None:  # noqa: ANN401  playwright's page
    page.click(f"[data-test=add-{kind}]")
    box = page.locator(".zone__stage").bounding_box()
    for x, y in points:
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.keyboard.press("Enter")


def save(page: Any) -> None:  # noqa: ANN401  playwright's page
    page.click("[data-test=review]")
    page.wait_for_selector(".camdiff")
    page.click("[data-test=do]")
    page.wait_for_url("**?stored=1")
    page.wait_for_selector(READY)


def test_the_camera_that_has_been_dead_for_longest_comes_first_with_its_numbers(inside: Tab, web: Web) -> None:
    now = datetime.now(UTC)
    states = {
        "tu-son-02": (CameraState.RETRYING, "timed out"),
        "tu-son-03": (CameraState.RETRYING, "timed out"),
    }
    since = {"tu-son-02": now - timedelta(hours=2), "tu-son-03": now - timedelta(days=8)}
    town.report(web.database, now, states, since)
    town.gap(web.database, "nhu-nguyet-01", now - timedelta(hours=9), 7200, GapReason.STALL)
    inside.go("/admin/cameras?state=retrying")
    inside.page.wait_for_selector("[data-id='tu-son-03'][data-state=retrying]")
    listed = inside.page.eval_on_selector_all("tr[data-id]", "(rows) => rows.map((row) => row.dataset.id)")
    assert listed[:2] == ["tu-son-03", "tu-son-02"]
    told = inside.page.inner_text("[data-id='tu-son-03']")
    assert "8 days ago" in told
    assert "24 h" in told, "missing of the last day"
    inside.page.click("[data-state=retrying].cam-chip")
    inside.page.wait_for_selector("tr[data-id='nhu-nguyet-01']")
    inside.page.click("[data-sort=missing_s]")
    inside.page.wait_for_function("document.querySelector('tr[data-id]').dataset.id === 'tu-son-03'")
    inside.page.focus("tr[data-id='tu-son-03'] a")
    inside.page.keyboard.press("Enter")
    inside.page.wait_for_url("**/admin/cameras/tu-son-03")


def test_the_overview_says_how_many_are_dark_and_narrows_to_them(inside: Tab, web: Web) -> None:
    now = datetime.now(UTC)
    town.report(web.database, now, {"tu-son-03": (CameraState.REFUSED, "401")}, {"tu-son-03": now - timedelta(days=7)})
    inside.go("/")
    inside.page.wait_for_selector("[data-health=day].camhealth__one--bad")
    assert "1" in inside.page.inner_text("[data-health=day]")
    inside.page.click("[data-health=day]")
    inside.page.wait_for_function("document.querySelectorAll('.cam-list [data-id]').length === 1")
    inside.page.wait_for_url(f"{web.url}/?trouble=day")
    assert inside.page.get_attribute(".cam-list [data-id]", "data-id") == "tu-son-03"
    inside.page.click("[data-health=live]")
    inside.page.wait_for_function("document.querySelectorAll('.cam-list [data-id]').length > 1")


def test_a_camera_is_added_with_a_zone_that_a_rule_uses(inside: Tab, web: Web) -> None:
    page, camera = inside.page, f"new-{datetime.now(UTC):%H%M%S}"
    inside.go("/admin/new-camera")
    page.wait_for_selector(READY)
    assert page.is_disabled("[data-test=review]")
    page.fill("[name=id]", "Not An Id")
    page.press("[name=id]", "Tab")
    page.wait_for_selector(".cam-field--wrong [role=alert]")
    page.fill("[name=id]", camera)
    page.fill("[name=name]", "Ngã tư mới")
    page.select_option("[name=area]", "bac-ninh/yen-phong/cho")
    page.fill("[name=main]", "rtsp://192.0.2.9:554/main")
    page.fill("[name=camera-user]", "viewer")
    page.fill("[name=camera-password]", "p@ss:word")
    page.fill("[name=lat]", "21,25")
    page.fill("[name=lon]", "105.95")
    page.press("[name=lon]", "Tab")
    draw(page, "zone", (0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
    draw(page, "line", (0.1, 0.9), (0.9, 0.9))
    page.wait_for_selector("[data-shape='line-1']")
    page.select_option("[name=rule-zone]", "zone-1")
    page.wait_for_function("!document.querySelector('[data-test=review]').disabled")
    save(page)
    found = stored(web, camera)
    assert found.streams.main == "rtsp://viewer:p%40ss%3Aword@192.0.2.9:554/main"
    assert found.location is not None
    assert (found.location.lat, found.rules[0].zone) == (21.25, "zone-1")
    assert found.zones["zone-1"][0] == pytest.approx((0.2, 0.2), abs=0.01)
    assert list(found.lines) == ["line-1"]
    assert "p@ss" not in page.content()
    with web.database.session() as session:
        cameras.remove(session, camera)


def test_zones_are_drawn_moved_split_removed_and_undone_by_mouse_and_keyboard(
    inside: Tab, web: Web, spare: str
) -> None:
    page = inside.page
    inside.go(f"/admin/cameras/{spare}")
    page.wait_for_selector(READY)
    draw(page, "zone", (0.2, 0.2), (0.8, 0.2), (0.5, 0.8))
    page.wait_for_selector("[data-point='2']")
    page.focus("[data-point='0']")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Insert")
    page.wait_for_selector("[data-point='3']")
    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-point='3']", state="detached")
    page.keyboard.press("Control+y")
    page.wait_for_selector("[data-point='3']")
    page.focus("[data-point='1']")
    page.keyboard.press("Delete")
    page.wait_for_selector("[data-point='3']", state="detached")
    point = page.locator("[data-point='2']").bounding_box()
    page.mouse.move(point["x"] + 7, point["y"] + 7)
    page.mouse.down()
    page.mouse.move(point["x"] + 7, point["y"] + 40, steps=4)
    page.mouse.up()
    page.fill("[data-shape] input", "Lòng đường")
    page.press("[data-shape] input", "Tab")
    page.wait_for_selector("[data-shape='Lòng đường']")
    save(page)
    [(name, corners)] = stored(web, spare).zones.items()
    assert name == "Lòng đường"
    assert corners[0] == pytest.approx((0.14, 0.2), abs=0.01)
    assert corners[2][1] > 0.8
    assert page.locator("[data-shape]").count() == 1


def test_a_zone_is_drawn_with_the_keyboard_alone(inside: Tab, spare: str) -> None:
    page = inside.page
    inside.go(f"/admin/cameras/{spare}")
    page.wait_for_selector(READY)
    page.focus("[data-test=add-zone]")
    page.keyboard.press("Enter")
    for keys in (["ArrowUp"], ["ArrowRight"] * 3, ["ArrowDown"] * 3):
        for key in keys:
            page.keyboard.press(f"Shift+{key}")
        page.keyboard.press("Space")
    page.keyboard.press("Escape") if page.locator(".zone__dot").count() != 3 else page.keyboard.press("Enter")
    page.wait_for_selector("[data-shape='zone-1']")


def test_what_another_administrator_stored_meanwhile_is_not_lost(inside: Tab, web: Web, spare: str) -> None:
    page = inside.page
    inside.go(f"/admin/cameras/{spare}")
    page.wait_for_selector(READY)
    page.fill("[name=name]", "Tên của tôi")
    page.press("[name=name]", "Tab")
    put(web, spare, detect={"fps": 8})
    page.wait_for_function("!document.querySelector('[data-test=review]').disabled")
    page.click("[data-test=review]")
    page.click("[data-test=do]")
    page.wait_for_selector("text=Somebody else changed this camera meanwhile")
    assert stored(web, spare).name == f"Camera {spare}"
    assert page.input_value("[name=fps]") == "8"
    page.click("[role=dialog]:visible [data-test=do]")
    page.wait_for_url("**?stored=1")
    found = stored(web, spare)
    assert (found.name, found.detect.fps) == ("Tên của tôi", 8)


def test_a_camera_is_removed_only_by_who_types_its_id(inside: Tab, web: Web, spare: str) -> None:
    page = inside.page
    inside.go(f"/admin/cameras/{spare}")
    page.wait_for_selector(READY)
    page.click("[data-test=remove]")
    page.wait_for_selector("[name=confirm]")
    assert page.is_disabled("[data-test=do]")
    page.fill("[name=confirm]", spare)
    page.wait_for_function("!document.querySelector('[data-test=do]').disabled")
    page.click("[data-test=do]")
    page.wait_for_url(f"{web.url}/admin/cameras")
    with web.database.session() as session:
        assert spare not in cameras.names(session)


def test_rules_are_tried_on_the_last_hour_before_they_are_stored(inside: Tab, web: Web, walkers: Incident) -> None:
    page = inside.page
    inside.go("/admin/cameras/cho-01")
    page.wait_for_selector(READY)
    page.wait_for_selector(".zone__stage img")
    page.click("[data-test=trial]")
    page.wait_for_selector(f"[data-outcome=kept] [data-incident='{walkers.id}']")
    draw(page, "zone", (0.01, 0.01), (0.05, 0.01), (0.05, 0.05))
    page.wait_for_selector("[data-shape='zone-1']")
    page.select_option("[name=rule-zone]", "zone-1")
    page.click("[data-test=trial]")
    page.wait_for_selector(f"[data-outcome=gone] [data-incident='{walkers.id}']")
    assert "Only what was part of an incident" in page.inner_text(".trial")
    assert page.locator("[data-shape='zone-1']").count() == 1
    assert stored(web, "cho-01").zones == {}


def test_a_camera_that_does_not_answer_says_so_without_its_password(inside: Tab, web: Web) -> None:
    page = inside.page
    inside.go("/admin/new-camera")
    page.wait_for_selector(READY)
    page.fill("[name=main]", "rtsp://op:hidden-word@127.0.0.1:1/x")
    page.press("[name=main]", "Tab")
    page.click("[data-test=probe]")
    page.wait_for_selector("[data-test=probed] .cam-note--bad")
    assert "hidden-word" not in page.inner_text("[data-test=probed]")


SHEET = """\
id,name,area,lat,lon,main
{spare},Tên mới,,,,
{fresh},Camera mới,bac-ninh/{part},21.2,105.9,rtsp://192.0.2.1/x
"""


def test_a_list_is_imported_after_its_dry_run_was_seen(inside: Tab, web: Web, spare: str) -> None:
    page, part = inside.page, f"huyen-{spare[-6:]}"
    fresh = f"fresh-{spare[-6:]}"
    sheet = SHEET.format(spare=spare, fresh=fresh, part=part).encode("utf-16")
    inside.go("/admin/import")
    page.wait_for_selector(".camimport[data-ready]")
    page.set_input_files("input[type=file]", files=[{"name": "a.csv", "mimeType": "text/csv", "buffer": sheet}])
    page.wait_for_selector("tr[data-row='3'][data-outcome=refused]")
    assert page.is_disabled("[data-test=apply]")
    assert "Tên mới" in page.inner_text("tr[data-row='2']")
    page.check("[data-test=make-areas]")
    page.wait_for_selector("tr[data-row='3'][data-outcome=added]")
    with web.database.session() as session:
        assert fresh not in cameras.names(session)
    page.click("[data-test=apply]")
    page.wait_for_selector(".cam-note--live")
    assert stored(web, spare).name == "Tên mới"
    assert stored(web, fresh).area == f"bac-ninh/{part}"
    with web.database.session() as session:
        cameras.remove(session, fresh)


def test_areas_are_added_named_and_their_cameras_moved(inside: Tab, web: Web, spare: str) -> None:
    page, part = inside.page, f"xa-{spare[-6:]}"
    inside.go(f"/admin/areas?area={AREA}")
    page.wait_for_selector(f"[data-area='{AREA}'][aria-current=true]")
    page.click("[data-test=add-below]")
    page.fill("[name=new-name]", "Xã mới")
    page.fill("[name=new-part]", "Sai Tên")
    page.press("[name=new-part]", "Tab")
    page.wait_for_timeout(300)
    page.click("[data-test=do]")
    page.wait_for_selector("[role=alert]:visible >> text=Lower-case letters")
    page.fill("[name=new-part]", part)
    page.press("[name=new-part]", "Tab")
    page.wait_for_timeout(300)
    page.click("[data-test=do]")
    page.wait_for_selector(f"[data-area='{AREA}/{part}'][aria-current=true]")
    page.fill("[name=area-name]", "Xã đổi tên")
    page.press("[name=area-name]", "Enter")
    page.wait_for_selector(f"[data-area='{AREA}/{part}'] >> text=Xã đổi tên")
    page.click(f"[data-area='{AREA}']")
    page.click("[data-test=move]")
    page.select_option("[name=move-to]", "bac-ninh/tu-son")
    page.wait_for_timeout(300)
    page.click("[data-test=do]")
    page.wait_for_selector("text=1 camera moved")
    assert stored(web, spare).area == "bac-ninh/tu-son"


def test_who_configures_one_area_sees_and_changes_only_what_is_there(web: Web, browser: Chromium, spare: str) -> None:
    name = f"chief-{spare[-6:]}"
    with web.database.session() as session:
        areas.ensure(session, AREA)
        accounts.create(session, name, PASSWORD, [Grant(Role.ADMINISTRATOR, AREA)])
    with tab(browser, web.url) as opened:
        opened.go("/login")
        opened.log_in(name, PASSWORD)
        opened.page.wait_for_url(f"{web.url}/")
        opened.go("/admin/cameras")
        opened.page.wait_for_selector(f"tr[data-id='{spare}']")
        assert opened.page.locator("tr[data-id]").count() == 1
        opened.go("/admin/cameras/cho-01")
        opened.page.wait_for_selector(".cam-empty")
        assert opened.page.locator(READY).count() == 0
        opened.go("/admin/areas")
        opened.page.wait_for_selector(f"[data-area='{AREA}']")
        assert opened.page.locator("[data-area='bac-ninh/tu-son']").count() == 0


def test_the_same_words_in_vietnamese(web: Web, browser: Chromium, passage: Any, spare: str) -> None:  # noqa: ANN401
    with tab(browser, web.url, storage_state=passage) as opened:
        opened.page.context.add_cookies([{"name": "camsvc_language", "value": "vi", "url": web.url}])
        opened.go(f"/admin/cameras/{spare}")
        opened.page.wait_for_selector(READY)
        for text in ("Vùng và vạch", "Thử với một giờ vừa qua", "Thử camera", "Chưa thay đổi gì"):
            opened.page.wait_for_selector(f"text={text}")
