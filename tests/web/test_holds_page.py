"""Holds and storage as people see them: held in two clicks, let go by two people."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

from sqlalchemy import text

from camsvc.api.services import retention
from camsvc.db import partitions
from camsvc.db.queries import holds, incidents
from camsvc.db.queries import retention as rows
from camsvc.domain.account import Grant, Role
from camsvc.domain.incident import Incident
from tests.browser import Tab
from tests.db import examples
from tests.web.conftest import Enter, Web, prefer, shot


def say_why(opened: Tab, reason: str, case: str = "") -> None:
    opened.page.fill(".cam-holdask textarea[name=reason]", reason)
    if case:
        opened.page.fill(".cam-holdask input[name=case]", case)
    opened.page.click("[data-test=hold-do]")


def test_an_incident_is_held_and_let_go_by_two(web: Web, enter: Enter, walkers: Incident) -> None:
    with enter("holder-1", Grant(Role.INVESTIGATOR)) as lan, enter("holder-2", Grant(Role.INVESTIGATOR)) as minh:
        lan.go(f"/incidents/{walkers.id}")
        lan.page.wait_for_selector("[data-test=hold] >> text=Not held")
        lan.page.click("[data-test=hold-place]")
        shot(lan, "hold-dialog")
        say_why(lan, "Theft at the market", "12/2026")
        lan.page.wait_for_selector("[data-test=hold] >> text=locked in the object store")
        lan.page.wait_for_selector(".cam-holdask", state="detached")
        lan.page.locator("[data-test=hold]").scroll_into_view_if_needed()
        shot(lan, "hold-incident")
        lan.page.click("[data-test=hold-request]")
        say_why(lan, "The case is closed")
        lan.page.wait_for_selector("[data-test=hold] >> text=A second person must agree")
        minh.go("/admin/holds")
        minh.page.wait_for_selector("[data-test=hold-confirm]")
        shot(minh, "holds")
        prefer(minh, language="vi")
        minh.go("/admin/holds")
        minh.page.wait_for_selector("[data-test=hold-confirm]")
        shot(minh, "holds-vi")
        minh.page.click("[data-test=hold-confirm]")
        say_why(minh, "Đồng ý")
        minh.page.wait_for_selector(".cam-hold--released >> text=holder-2")


def test_a_camera_and_a_case_are_held_on_the_page_of_holds(web: Web, enter: Enter) -> None:
    with enter("holder-3", Grant(Role.INVESTIGATOR), viewport={"width": 1366, "height": 768}) as lan:
        lan.go("/admin/holds")
        lan.page.click("[data-test=new-hold]")
        span = lan.page.locator("[data-test=hold-span]")
        span.locator("select[name=camera]").select_option("cho-03")
        span.locator("input[name=from]").fill("2026-11-05 17:00")
        span.locator("textarea").fill("Riot")
        span.locator("button[type=submit]").click()
        lan.page.wait_for_selector("text=Give a later time")
        span.locator("input[name=to]").fill("2026-11-05 19:00")
        span.locator("input[name=case]").fill("77/2026")
        shot(lan, "hold-new")
        span.locator("button[type=submit]").click()
        lan.page.wait_for_selector(".cam-hold >> text=Trường THPT Yên Phong")
        case = lan.page.locator("[data-test=hold-case]")
        case.locator("input[name=case]").fill("77/2026")
        case.locator("textarea").fill("All of it")
        case.locator("button[type=submit]").click()
        lan.page.wait_for_selector(".cam-hold >> text=Case 77/2026")


def test_who_may_not_hold_sees_that_it_is_held_and_no_button(web: Web, enter: Enter, walkers: Incident) -> None:
    with enter("looker", Grant(Role.POLICE)) as opened:
        opened.go(f"/incidents/{walkers.id}")
        opened.page.wait_for_selector(".cam-about dl")
        assert not opened.page.locator("[data-test=hold-place]").is_visible()
        opened.go("/admin/holds")
        opened.page.wait_for_selector("text=This is for administrators")


def test_expired_footage_is_said_in_words(web: Web, enter: Enter) -> None:
    with web.database.session() as session:
        spot = next(each for each in rows.spots(session) if each.camera == "cho-01")
    at = web.now - timedelta(days=3)
    old = examples.incident("cho-01", started_at=at, area=spot.area, epoch=web.recorder.epochs["cho-01"])
    with web.database.session() as session:
        incidents.publish(session, old)
        session.execute(text("UPDATE incidents SET footage_expired_at = now() WHERE id = :id"), {"id": old.id})
    with enter("late", Grant(Role.INVESTIGATOR)) as opened:
        opened.go(f"/incidents/{old.id}")
        opened.page.wait_for_selector("[data-test=expired] >> text=was deleted when its time was over")
        shot(opened, "expired")


def test_the_page_of_storage_says_how_much_and_how_long(web: Web, inside: Tab, walkers: Incident) -> None:
    with web.database.session() as session:
        partitions.extend(session, web.now, since=web.now)
    retention.count(web.database, web.now, Event())
    inside.go("/admin/storage")
    inside.page.wait_for_selector("[data-test=by_month] >> text=" + f"{web.now:%Y-%m}")
    inside.page.click("[data-test=plan]")
    inside.page.wait_for_selector("[data-test=planned] >> text=Nothing is due")
    shot(inside, "storage")
    prefer(inside, language="vi")
    inside.page.context.add_cookies([{"name": "camsvc_theme", "value": "dark", "url": web.url}])
    inside.go("/admin/storage")
    inside.page.wait_for_selector("[data-test=by_month]")
    shot(inside, "storage-vi-dark")
    inside.page.set_viewport_size({"width": 390, "height": 844})
    shot(inside, "storage-phone")
    wide = "document.querySelector('.cam-desk__middle').scrollWidth"
    assert inside.page.evaluate(wide) <= 390
    inside.page.context.clear_cookies(name="camsvc_language")
    inside.page.context.clear_cookies(name="camsvc_theme")


def test_a_clip_says_over_the_wall_and_along_the_way_that_it_is_held(web: Web, enter: Enter, walkers: Incident) -> None:
    with enter("holder-9", Grant(Role.ADMINISTRATOR)) as opened:
        page = opened.page
        opened.go("/live")
        page.click(f"[data-incident='{walkers.id}']")
        page.click("[data-test=held] >> text=Hold")
        page.click(".cam-dialog [data-test=hold-place]")
        say_why(opened, "Theft at the market")
        page.wait_for_selector("[data-test=held] .cam-badge >> text=Held")
        shot(opened, "hold-over-the-wall")
        with web.database.session() as session:
            found = holds.of_incident(session, walkers.id)[0]
            for number, step in ((1, holds.request_release), (2, holds.release)):
                step(session, found.id, holds.By(number, f"somebody {number}"), "the test is over")
