"""The editor of a redaction as people use it: who is hidden, what is drawn, what is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from camsvc.db.queries import redactions
from camsvc.db.queries.holds import By
from camsvc.domain.account import Grant, Role
from camsvc.domain.incident import Incident
from camsvc.domain.redaction import Blur, Redaction
from tests.browser import Chromium, Tab, tab
from tests.web import town
from tests.web.conftest import Enter, Passage, Web, prefer, shot

Show = Callable[[Tab, str], None]


@pytest.fixture
def crowd(web: Web, footage: Path) -> Incident:
    """One of its own for each test: people cross a square, in two parts with a gap between."""
    boxes = town.truth(footage, "ped_tud_stadtmitte", 640, 480, 25.0)
    film = footage / "ped_tud_stadtmitte.mp4"
    return web.recorder.record("cho-01", film, web.now - timedelta(minutes=52), boxes, cuts_s=((0, 3), (4, 7)))


@pytest.fixture
def editor(web: Web, inside: Tab, crowd: Incident) -> Iterator[Tab]:
    inside.go(f"/incidents/{crowd.id}/redact")
    inside.page.wait_for_selector("[data-chip]")
    inside.page.wait_for_selector(".red__box")
    yield inside
    inside.page.on("dialog", lambda dialog: dialog.accept())
    inside.page.goto("about:blank")


def _stored(web: Web, incident: Incident | UUID) -> Redaction:
    id_ = incident.id if isinstance(incident, Incident) else incident
    with web.database.session() as session:
        return redactions.get(session, id_)


def _save(opened: Tab, revision: int) -> None:
    opened.page.click("[data-test=save]")
    opened.page.wait_for_selector(f"[data-test=state] >> text=Saved: revision {revision}")


def _hidden(opened: Tab) -> int:
    return int(opened.page.get_attribute(".red__stage canvas", "data-hidden"))


def test_who_is_clicked_is_seen_and_the_others_stay_hidden(web: Web, editor: Tab, crowd: Incident) -> None:
    page = editor.page
    all_of_them = _hidden(editor)
    assert all_of_them > 3
    box = page.locator(".red__box").last
    key = box.get_attribute("data-track")
    box.click()
    page.wait_for_selector(f'[data-chip="{key}"][aria-pressed=false]')
    assert _hidden(editor) == all_of_them - 1
    page.click("[data-blur=faces]")
    page.wait_for_selector(".red__chip--head")
    page.keyboard.press("Control+z")
    page.click("[data-blur=people]")
    page.fill("[data-test=comment]", "The witness agreed to be seen")
    shot(editor, "redact")
    _save(editor, 1)
    found = _stored(web, crowd)
    assert (found.blur, found.comment) == (Blur.PEOPLE, "The witness agreed to be seen")
    ((ref,), session) = (found.kept, key.split("|")[0])
    assert (ref.session, str(ref.track)) == (session, key.split("|")[2])
    page.click("[data-test=export]")
    page.wait_for_selector("[data-test=export-form]")
    assert page.is_checked("[data-test=export-form] input[value=share]")
    page.wait_for_timeout(500)
    shot(editor, "redact-export")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-test=export-form]", state="detached")
    page.click(f'[data-chip="{key}"]')
    page.wait_for_selector("[data-test=state] >> text=Not saved yet")
    assert page.is_disabled("[data-test=export]")
    page.click("[data-test=history] summary")
    page.wait_for_selector("[data-test=history] >> text=The witness agreed")


def test_what_is_drawn_follows_its_key_boxes(web: Web, editor: Tab, crowd: Incident) -> None:
    page = editor.page
    page.keyboard.press("r")
    frame = page.locator(".red__picture").bounding_box()

    def spot(x: float, y: float) -> tuple[float, float]:
        return frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]

    page.mouse.move(*spot(0.2, 0.2))
    page.mouse.down()
    page.mouse.move(*spot(0.3, 0.35))
    page.mouse.move(*spot(0.4, 0.5))
    page.mouse.up()
    page.wait_for_selector("[data-test=regions] >> text=The whole part")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('video').currentTime > 0.9")
    page.click("[data-test=regions] .red__pick")
    page.wait_for_selector("[data-region='0']")
    page.mouse.move(*spot(0.3, 0.3))
    page.mouse.down()
    page.mouse.move(*spot(0.45, 0.3))
    page.mouse.move(*spot(0.5, 0.3))
    page.mouse.up()
    page.wait_for_selector("[data-test=regions] >> text=2 key boxes")
    assert page.locator(".red__key").count() == 2
    shot(editor, "redact-region")
    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-test=regions] >> text=The whole part")
    page.keyboard.press("Control+y")
    _save(editor, 1)
    (region,) = _stored(web, crowd).regions
    first, second = region.boxes
    assert (first.left, first.top, first.width, first.height) == pytest.approx((0.2, 0.2, 0.2, 0.3), abs=0.01)
    assert first.at_s == pytest.approx(0, abs=0.05)
    assert (second.left, second.top) == pytest.approx((0.4, 0.2), abs=0.01)
    assert second.at_s == pytest.approx(1, abs=0.1)


def test_the_keyboard_alone_draws_moves_and_removes(web: Web, editor: Tab, crowd: Incident) -> None:
    page = editor.page
    page.focus("[data-test=draw]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".red--drawing")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-region='0']:focus")
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+s")
    page.wait_for_selector("[data-test=state] >> text=Saved: revision 1")
    ((box,),) = (each.boxes for each in _stored(web, crowd).regions)
    assert (box.left, box.height) == pytest.approx((0.44, 0.304))
    page.focus("[data-region='0']")
    page.keyboard.press("Delete")
    page.wait_for_selector("[data-region]", state="detached")
    _save(editor, 2)
    assert _stored(web, crowd).regions == ()


def test_who_saves_second_is_told_and_loses_nothing(web: Web, editor: Tab, crowd: Incident) -> None:
    page = editor.page
    with web.database.session() as session:
        redactions.put(session, Redaction(crowd.id, Blur.VEHICLES), By(None, "minh"))
    page.click("[data-blur=faces]")
    page.click("[data-test=save]")
    page.wait_for_selector("text=Somebody else saved changes meanwhile")
    assert page.get_attribute("[data-blur=faces]", "aria-checked") == "true"
    page.click("[data-test=theirs]")
    page.wait_for_selector("[data-blur=vehicles][aria-checked=true]")
    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-blur=faces][aria-checked=true]")
    _save(editor, 2)
    editor.errors[:] = [each for each in editor.errors if "409" not in each]
    assert _stored(web, crowd).blur is Blur.FACES


def test_the_exact_picture_is_made_by_the_server_and_goes_when_anything_changes(editor: Tab) -> None:
    page = editor.page
    page.keyboard.press("p")
    page.wait_for_selector("[data-test=exact-picture]")
    page.wait_for_selector("text=As the copy will show it")
    shot(editor, "redact-exact")
    page.locator("[data-chip]").first.click()
    page.wait_for_selector("[data-test=exact-picture]", state="detached")
    page.wait_for_selector("[data-test=exact-picture]")
    page.keyboard.press("p")
    page.wait_for_selector(".red__box")


def test_it_fits_a_phone_in_vietnamese_and_dark(web: Web, browser: Chromium, passage: Passage, crowd: Incident) -> None:
    with tab(browser, web.url, storage_state=passage, viewport={"width": 390, "height": 844}) as opened:
        prefer(opened, language="vi", theme="dark")
        opened.go(f"/incidents/{crowd.id}/redact")
        opened.page.wait_for_selector(".red__box")
        opened.page.wait_for_selector("text=Người và phương tiện")
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390
        shot(opened, "redact-vi-dark-phone")
        assert not opened.errors


def test_tracks_that_cannot_be_read_are_not_shown_as_nobody(
    web: Web, browser: Chromium, passage: Passage, crowd: Incident
) -> None:
    with tab(browser, web.url, storage_state=passage) as opened:
        opened.page.route("**/tracks", lambda route: route.fulfill(status=503))
        opened.go(f"/incidents/{crowd.id}/redact")
        opened.page.wait_for_selector(".red__save [role=alert] >> text=could not be read")
        assert "saw nobody" not in opened.page.inner_text(".red")


def test_who_may_not_export_there_is_told_so(enter: Enter, crowd: Incident) -> None:
    with enter("redact-viewer", Grant(Role.VIEWER)) as opened:
        opened.go(f"/incidents/{crowd.id}/redact")
        opened.page.wait_for_selector("[data-test=instead]")
        assert opened.page.locator(".red").count() == 0
