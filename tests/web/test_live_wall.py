"""Filling, ordering and keeping the wall: with the mouse, with the keyboard, saved, and in turns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from camsvc.api.services.cases import items, register
from camsvc.db.models import AuditRow
from camsvc.db.queries import walls
from camsvc.db.queries.cases import Narrowed
from camsvc.db.queries.viewings import BEGAN, ENDED
from camsvc.domain.case import ItemKind
from camsvc.domain.wall import Wall
from camsvc.web.pages.cases.collecting import LOOK_BACK
from tests.browser import Chromium, Tab, tab
from tests.web import town
from tests.web.conftest import Passage, Web, account
from tests.web.live_wall import SOME, becomes, goes_live, on_wall, selected, tile, wall
from tests.web.station import Station

A, B, C, D = SOME


@pytest.fixture
def opened(browser: Chromium, web: Web, passage: Passage, station: Station) -> Iterator[Tab]:
    with wall(browser, web, passage) as made:
        yield made


def test_layouts_are_chosen_by_key_and_by_button_and_keep_the_cameras(opened: Tab) -> None:
    for key, tiles in (("1", 1), ("3", 9), ("5", 25), ("4", 16)):
        opened.page.keyboard.press(key)
        opened.page.wait_for_selector(f".cam-live__grid[data-tiles='{tiles}']")
        assert len(on_wall(opened)) == tiles
        assert opened.page.get_attribute(f".cam-seg [data-tiles='{tiles}']", "aria-pressed") == "true"
    becomes(opened, [A, B, C, D, *[None] * 12])
    opened.page.click(".cam-seg [data-tiles='4']")
    becomes(opened, SOME)


def test_every_layout_fits_the_smallest_and_a_large_screen(opened: Tab) -> None:
    for width, height in ((1366, 768), (2560, 1440)):
        opened.page.set_viewport_size({"width": width, "height": height})
        for key in "12345":
            opened.page.keyboard.press(key)
            opened.page.wait_for_timeout(50)
            for selector in ("html", ".cam-live__bar", ".cam-live__grid", ".cam-pool"):
                assert opened.page.eval_on_selector(
                    selector, "(e) => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight"
                ), (selector, key, width)
            sizes = opened.page.eval_on_selector_all(
                ".cam-tile", "(all) => all.map((e) => [Math.round(e.offsetWidth), Math.round(e.offsetHeight)])"
            )
            assert max(w for w, _ in sizes) - min(w for w, _ in sizes) <= 1
            assert max(h for _, h in sizes) - min(h for _, h in sizes) <= 1


def test_a_camera_is_dragged_from_the_list_into_a_tile_and_from_tile_to_tile(opened: Tab) -> None:
    opened.page.drag_and_drop("[data-pool='tu-son-01']", "[data-tile='1']")
    becomes(opened, [A, "tu-son-01", C, D])
    opened.page.drag_and_drop("[data-tile='0']", "[data-tile='3']")
    becomes(opened, [D, "tu-son-01", C, A])
    # One that is on the wall already changes places: nobody needs it twice.
    opened.page.drag_and_drop(f"[data-pool='{A}']", "[data-tile='2']")
    becomes(opened, [D, "tu-son-01", A, C])
    goes_live(opened, "tu-son-01", A)


def test_a_click_in_the_list_fills_the_next_empty_tile(opened: Tab) -> None:
    opened.page.keyboard.press("3")
    becomes(opened, [*SOME, *[None] * 5])
    opened.page.click("[data-pool='tu-son-01']")
    opened.page.click("[data-pool='tu-son-02']")
    becomes(opened, [*SOME, "tu-son-01", "tu-son-02", None, None, None])
    assert opened.page.locator("[data-pool='tu-son-02'] [aria-label='on the wall']").count() == 1


def test_the_wall_is_worked_by_keyboard_alone(opened: Tab) -> None:
    opened.page.focus("[data-tile='0']")
    opened.page.keyboard.press("ArrowRight")
    assert selected(opened) == 1
    opened.page.keyboard.press("ArrowDown")
    assert selected(opened) == 3
    opened.page.keyboard.press("ArrowRight")  # the edge
    assert selected(opened) == 3
    opened.page.keyboard.press("Delete")
    becomes(opened, [A, B, C, None])
    opened.page.keyboard.press("c")
    opened.page.keyboard.type("ben xe")  # "Bến xe khách, nhà chờ", without diacritics
    opened.page.wait_for_selector("[data-pool='tu-son-02']")
    opened.page.keyboard.press("Enter")
    becomes(opened, [A, B, C, "tu-son-02"])
    opened.page.keyboard.press("Escape")
    assert opened.page.evaluate("document.activeElement.dataset.tile") == "3"
    opened.page.keyboard.press("Shift+ArrowUp")
    becomes(opened, [A, "tu-son-02", C, B])
    assert selected(opened) == 1
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_selector("[data-tile='1'].cam-tile--large")
    opened.page.keyboard.press("ArrowLeft")  # from one large picture to the next
    opened.page.wait_for_selector("[data-tile='0'].cam-tile--large")
    opened.page.keyboard.press("Escape")
    opened.page.wait_for_selector(".cam-live__grid:not(.cam-live__grid--large)")
    opened.page.keyboard.press("?")
    opened.page.wait_for_selector(".cam-keys")
    opened.page.keyboard.press("Escape")
    opened.page.wait_for_selector(".cam-keys", state="hidden")


def test_shortcuts_are_no_shortcuts_while_somebody_types(opened: Tab) -> None:
    opened.page.fill("[name=wall-search]", "")
    opened.page.type("[name=wall-search]", "b5")
    assert len(on_wall(opened)) == 4
    assert opened.page.get_attribute("[data-test=boxes]", "aria-pressed") == "false"


def test_a_live_picture_and_a_span_go_into_a_case_by_key(opened: Tab, web: Web) -> None:
    goes_live(opened, A)
    opened.page.focus("[data-tile='0']")
    opened.page.keyboard.press("e")
    opened.page.check(".cam-casepick__new input[type=radio]")
    opened.page.fill(".cam-casedialog input[name=number]", "45/2026")
    opened.page.fill(".cam-casedialog input[name=title]", "Seen live")
    opened.page.click("[data-test=collect-do]")
    opened.page.wait_for_selector("[data-test=collected] >> text=is in case 45/2026")
    opened.page.wait_for_selector(".cam-casedialog", state="detached")
    opened.page.focus("[data-tile='0']")
    opened.page.keyboard.press("Shift+E")
    opened.page.click("[data-test=collect-do]")
    opened.page.wait_for_selector("[data-test=collected] >> text=Footage of a camera")
    admin = account(web, "admin")
    (case,) = register.listed(web.server, admin, Narrowed(text="45/2026")).items
    found = {each.item.kind: each.item for each in items.listed(web.server, admin, case.case.id)}
    assert set(found) == {ItemKind.SNAPSHOT, ItemKind.SPAN}
    assert {each.camera for each in found.values()} == {A}
    span, picture = found[ItemKind.SPAN], found[ItemKind.SNAPSHOT]
    assert span.to_at - span.from_at == LOOK_BACK
    assert abs(span.to_at - picture.from_at) < timedelta(minutes=1)


def test_a_wall_is_saved_for_its_user_chosen_again_changed_and_removed(opened: Tab, web: Web) -> None:
    opened.page.click("[data-test=walls]")
    opened.page.fill("[name=wall-name]", "Ca đêm")
    opened.page.click("[data-test=save-wall]")
    opened.page.wait_for_selector("[data-test=walls] >> text=Ca đêm")
    with web.database.session() as session:
        stored = walls.all_of(session, 1)
    assert stored == [Wall("Ca đêm", 4, SOME, None)]
    opened.page.keyboard.press("2")
    opened.page.click(tile(A))
    opened.page.keyboard.press("Delete")
    opened.page.wait_for_selector("[data-test=walls] >> text=Ca đêm *")
    opened.page.reload()  # what was left is there again, and still known to be changed
    becomes(opened, [None, B, C, D])
    opened.page.wait_for_selector("[data-test=walls] >> text=Ca đêm *")
    opened.page.click("[data-test=walls]")
    opened.page.click("[data-wall='Ca đêm']")
    becomes(opened, SOME)
    opened.page.evaluate("localStorage.clear()")
    opened.go("/live?wall=Ca%20%C4%91%C3%AAm")  # a link for the watch room
    becomes(opened, SOME)
    opened.page.click("[data-test=walls]")
    for _ in range(2):  # the second press means it
        opened.page.click("[data-wall='Ca đêm'] + button")
    opened.page.wait_for_selector("text=No wall has been saved yet")
    with web.database.session() as session:
        assert walls.all_of(session, 1) == []


@pytest.mark.slow
def test_more_cameras_than_tiles_take_turns_and_wait_while_one_is_looked_at(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    everything = tuple(id_ for id_, *_ in town.CAMERAS)
    with wall(browser, web, passage, everything, 4, cycle_s=5) as opened:
        assert opened.page.inner_text("[data-test=page]") == "1/2"
        goes_live(opened, *everything[:4])
        becomes(opened, everything[4:])
        goes_live(opened, *everything[4:])
        opened.page.dblclick("[data-tile='0']")
        opened.page.wait_for_timeout(6000)
        assert opened.page.inner_text("[data-test=page]") == "2/2"
        opened.page.keyboard.press("Escape")
        becomes(opened, everything[:4])
        opened.page.select_option("[data-test=cycle]", label="do not turn")
        opened.page.focus("[data-tile='0']")
        opened.page.keyboard.press("PageDown")
        becomes(opened, everything[4:])


def test_turning_quickly_leaves_no_picture_behind(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    everything = tuple(id_ for id_, *_ in town.CAMERAS)
    with wall(browser, web, passage, everything, 4) as opened:
        opened.page.add_init_script(COUNT_PEERS)
        opened.page.reload()
        opened.page.wait_for_selector(".cam-live[data-ready]")
        opened.page.focus("[data-tile='0']")
        for wait_ms in (0, 20, 60, 150, 300, 400, 20, 0, 700, 40, 10, 250):
            opened.page.keyboard.press("PageDown")
            opened.page.wait_for_timeout(wait_ms)
        goes_live(opened, *everything[:4])
        opened.page.wait_for_function("() => window.peers.size === 4")
        assert opened.page.locator(".cam-tile video").count() == 4
        assert opened.page.evaluate("window.opened") > 4


COUNT_PEERS = """
  window.peers = new Set();
  window.opened = 0;
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...given) { super(...given); window.peers.add(this); window.opened++; }
    close() { window.peers.delete(this); super.close(); }
  };
"""


def test_an_area_is_shown_whole_with_one_click(opened: Tab) -> None:
    opened.page.click("[data-area='bac-ninh/tu-son/dong-ngan']")
    becomes(opened, ["tu-son-02", "tu-son-01", "tu-son-03", None])


def test_a_page_that_nobody_sees_for_long_gives_its_streams_back(
    browser: Chromium, web: Web, passage: Passage, station: Station
) -> None:
    with tab(browser, web.url, storage_state=passage) as opened:
        opened.page.clock.install()
        opened.go("/live?camera=tu-son-03")
        goes_live(opened, "tu-son-03")
        hide(opened, True)
        opened.page.clock.run_for(10_000)
        assert opened.page.locator(tile("tu-son-03", "asleep")).count() == 0
        with opened.page.expect_request(lambda request: request.method == "DELETE" and "/whep/" in request.url):
            opened.page.clock.run_for(25_000)
        opened.page.wait_for_selector(tile("tu-son-03", "asleep"))
        hide(opened, False)
        goes_live(opened, "tu-son-03")


def hide(opened: Tab, hidden: bool) -> None:
    """As if the tab went behind another."""
    opened.page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_closing_the_page_ends_its_pictures(browser: Chromium, web: Web, passage: Passage, station: Station) -> None:
    before = told(web, BEGAN)
    with wall(browser, web, passage) as opened:
        goes_live(opened, *SOME)
        begun = {viewing: camera for viewing, camera in told(web, BEGAN).items() if viewing not in before}
        assert set(begun.values()) == set(SOME)
        opened.go("/incidents")
        for _ in range(50):
            if begun.keys() <= told(web, ENDED).keys():
                break
            opened.page.wait_for_timeout(100)
        assert begun.keys() <= told(web, ENDED).keys()


def told(web: Web, what: str) -> dict[str, str]:
    """Viewings of which the audit tells that, and their cameras."""
    with web.database.session() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.what == what))
        return {row.details["viewing"]: str(row.camera) for row in rows}


def test_the_page_of_a_camera_shows_it_live(opened: Tab) -> None:
    opened.go("/cameras/cho-01")
    goes_live(opened, "cho-01")
    assert re.search(r"\d\d:\d\d:\d\d", opened.page.inner_text(tile("cho-01")))
    opened.page.click("text=Enlarge on the wall")
    opened.page.wait_for_selector(".cam-live__grid[data-tiles='1']")
    goes_live(opened, "cho-01")


def test_all_is_said_in_vietnamese_too(browser: Chromium, web: Web, passage: Passage, station: Station) -> None:
    with tab(browser, web.url, storage_state=passage) as opened:
        opened.page.context.add_cookies([{"name": "camsvc_language", "value": "vi", "url": web.url}])
        opened.go("/live?camera=cho-01")
        goes_live(opened, "cho-01")
        assert "Trực tiếp" in opened.page.inner_text(tile("cho-01"))
        assert re.search(r"\d,\d giây", opened.page.inner_text(tile("cho-01")))
        station.stall("cho-01")
        try:
            opened.page.wait_for_selector(tile("cho-01", "stale"))
            assert "Không có hình mới đã" in opened.page.inner_text(tile("cho-01"))
        finally:
            station.go_on("cho-01")
        assert not opened.errors
