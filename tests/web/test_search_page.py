"""Searching, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from camsvc.api.services.cases import register
from camsvc.domain.camera import Severity
from camsvc.domain.incident import Incident, IncidentObject, IncidentState
from camsvc.domain.track import ObjectClass
from tests.browser import Chromium, Tab, tab
from tests.web.conftest import Passage, Web, account, shot

OLD = timedelta(days=200)
"""The incidents of these tests lie so far back that those of other tests are not among them."""
CAR_EASTWARD = IncidentObject(1, ObjectClass.CAR, 0.8, direction_deg=90.0)


@pytest.fixture(scope="module")
def old(web: Web) -> list[Incident]:
    """One a minute: 60 people at the market, 5 cars eastward over the bridge, newest last; three of them alarms."""
    start = web.now - OLD
    made = []
    for minute in range(65):
        car = minute >= 60
        made.append(
            web.recorder.publish(
                web.recorder.incident(
                    "nhu-nguyet-01" if car else "cho-01",
                    start + timedelta(minutes=minute),
                    objects=(CAR_EASTWARD if car else IncidentObject(1, ObjectClass.PERSON, 0.8),),
                    severity=Severity.ALARM if minute in {3, 4, 62} else Severity.INFO,
                    state=IncidentState.INTERRUPTED if minute == 7 else IncidentState.CLOSED,
                )
            )
        )
    return made


@pytest.fixture
def until(web: Web, old: list[Incident]) -> str:
    """The condition that leaves only the old incidents, as a link says it."""
    return f"to={(old[-1].started_at + timedelta(minutes=5)).strftime('%Y-%m-%dT%H:%M:%SZ')}"


def ids(tab_: Tab) -> list[str]:
    return list(tab_.page.eval_on_selector_all("[data-id]", "(links) => links.map((link) => link.dataset.id)"))


def count(tab_: Tab, expected: str) -> None:
    tab_.page.wait_for_function("(text) => document.querySelector('.cam-bar__count')?.innerText === text", arg=expected)


def test_a_link_reproduces_the_view_with_its_conditions_and_layout(
    inside: Tab, old: list[Incident], until: str
) -> None:
    inside.go(f"/incidents?{until}&object=car&area=bac-ninh/yen-phong&view=table")
    inside.page.wait_for_selector("table [data-id]")
    assert ids(inside) == [str(each.id) for each in reversed(old[60:])]
    count(inside, "5 incidents")
    assert inside.page.get_attribute("[data-chip='object:car']", "aria-pressed") == "true"
    assert "Yên Phong" in inside.page.inner_text(".cam-rail")
    assert inside.page.input_value("[name=to]")
    inside.page.reload()
    inside.page.wait_for_selector("table [data-id]")
    assert ids(inside) == [str(each.id) for each in reversed(old[60:])]


def test_the_address_follows_what_is_chosen_and_back_returns(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}")
    count(inside, "65 incidents")
    inside.page.click("[data-chip='object:car']")
    count(inside, "5 incidents")
    assert "object=car" in inside.page.url
    inside.page.click("[data-chip='severity:alarm']")
    count(inside, "1 incident")
    inside.page.go_back()
    count(inside, "5 incidents")
    inside.page.go_back()
    count(inside, "65 incidents")
    assert inside.page.get_attribute("[data-chip='object:car']", "aria-pressed") == "false"


def test_typed_times_narrow_the_search_in_local_time(inside: Tab, old: list[Incident], until: str) -> None:
    inside.go(f"/incidents?{until}")
    local = (old[50].started_at + timedelta(hours=7, seconds=-1)).strftime("%d/%m/%Y %H:%M:%S")
    inside.page.fill("[name=from]", local)
    inside.page.press("[name=from]", "Enter")
    count(inside, "15 incidents")
    assert inside.page.input_value("[name=from]") == local


def test_a_wrong_time_is_marked_at_its_field_and_nothing_is_searched(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}")
    count(inside, "65 incidents")
    inside.page.fill("[name=from]", "gestern")
    inside.page.press("[name=from]", "Enter")
    count(inside, "Not searched")
    assert inside.page.get_attribute("[name=from]", "aria-invalid") == "true"
    assert "“gestern” is not a date and time. Write 22/11/2026 08:30" in inside.page.inner_text("#cam-error-from")
    assert inside.page.locator("[data-id]:visible").count() == 0
    inside.page.fill("[name=from]", "")
    inside.page.press("[name=from]", "Enter")
    count(inside, "65 incidents")


def test_an_unknown_camera_in_a_link_is_told_and_can_be_removed(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}&camera=never-was")
    count(inside, "Not searched")
    assert "There is no camera “never-was”" in inside.page.inner_text(".cam-rail")
    inside.page.click(".q-field:has([data-test=camera]) .q-chip__icon--remove")
    count(inside, "65 incidents")


def test_nothing_found_says_what_was_searched_and_offers_to_widen(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}&object=bus&camera=cho-01")
    inside.page.wait_for_selector("text=Nothing found")
    said = inside.page.inner_text(".cam-empty__said")
    assert "Chợ Chờ, cổng chính" in said
    assert "Bus" in said
    without = "[data-widen=objects][data-number='60']"
    inside.page.wait_for_selector(without)
    assert "Without “Bus”" in inside.page.inner_text(without)
    assert inside.page.get_attribute("[data-widen=cameras]", "data-number") == "0"
    inside.page.click(without)
    count(inside, "60 incidents")
    assert "camera=cho-01" in inside.page.url


def test_where_no_single_condition_is_to_blame_wider_searches_are_offered(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}&object=bus&camera=cho-01&severity=notice")
    inside.page.click("[data-widen=what][data-number='60']")
    count(inside, "60 incidents")
    assert "object" not in inside.page.url


def test_scrolling_to_the_end_loads_all_each_once(inside: Tab, old: list[Incident], until: str) -> None:
    inside.go(f"/incidents?{until}")
    inside.page.wait_for_selector("[data-id]")
    while inside.page.locator("text=That is all.").count() == 0:
        inside.page.evaluate(
            "(() => { const e = document.querySelector('.cam-results'); e.scrollTop = e.scrollHeight; })()"
        )
        inside.page.wait_for_timeout(50)
    assert ids(inside) == [str(each.id) for each in reversed(old)]


def test_a_place_is_picked_on_the_map_by_dragging_a_circle(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}")
    inside.page.click("[data-test=pick]")
    inside.page.wait_for_selector(".cam-dialog .cam-map[data-ready]")
    pin = inside.page.locator(".cam-dialog [data-place=nhu-nguyet-01]").bounding_box()
    assert pin
    x, y = pin["x"] - 10, pin["y"] - 10
    inside.page.mouse.move(x, y)
    inside.page.mouse.down()
    inside.page.mouse.move(x + 40, y + 30, steps=5)
    inside.page.mouse.up()
    inside.page.wait_for_selector("[data-test=pick-apply]:not([disabled])")
    inside.page.click("[data-test=pick-apply]")
    count(inside, "5 incidents")
    assert "near=21.24" in inside.page.url
    assert "radius_m=" in inside.page.url


def test_a_place_can_be_typed_without_a_mouse(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}")
    inside.page.focus("[data-test=pick]")
    inside.page.keyboard.press("Enter")
    inside.page.wait_for_selector(".cam-dialog .cam-map[data-ready]")
    inside.page.fill(".cam-dialog [name=near]", "21.2463, 105.9568")
    inside.page.press(".cam-dialog [name=near]", "Tab")
    inside.page.wait_for_selector("[data-test=pick-apply]:not([disabled])")
    inside.page.press("[data-test=pick-apply]", "Enter")
    count(inside, "5 incidents")


def test_results_stand_on_the_map_with_their_number(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}&view=map")
    inside.page.wait_for_selector(".cam-map[data-ready]")
    pins = dict(
        inside.page.eval_on_selector_all(
            "[data-place]:has(.cam-pin__count)", "(pins) => pins.map((pin) => [pin.dataset.place, pin.innerText])"
        )
    )
    assert pins["nhu-nguyet-01"] == "5"
    inside.page.focus("[data-place=nhu-nguyet-01]")
    inside.page.keyboard.press("Enter")
    count(inside, "5 incidents")


def test_a_new_incident_appears_by_itself_and_leaves_when_it_no_longer_matches(inside: Tab, web: Web) -> None:
    inside.go("/incidents?camera=tu-son-01&state=open")
    inside.page.wait_for_selector("text=Nothing found")
    opened = web.recorder.publish(web.recorder.incident("tu-son-01", web.now, state=IncidentState.OPEN, ended_at=None))
    inside.page.wait_for_selector(f"[data-id='{opened.id}']")
    count(inside, "1 incident")
    closed = replace(opened, state=IncidentState.CLOSED, ended_at=opened.last_observed_at, revision=2)
    web.recorder.publish(closed)
    inside.page.wait_for_selector(f"[data-id='{opened.id}']", state="detached")


def test_new_incidents_wait_behind_a_button_while_the_user_reads_further_down(inside: Tab, web: Web) -> None:
    # An open search (no end): the list of this camera alone, long enough to scroll.
    for minute in range(30):
        web.recorder.publish(web.recorder.incident("tu-son-02", web.now - timedelta(hours=3, minutes=minute)))
    inside.go("/incidents?camera=tu-son-02")
    inside.page.wait_for_selector("[data-id]")
    first = ids(inside)[0]
    inside.page.evaluate("document.querySelector('.cam-results').scrollTop = 400")
    new = web.recorder.publish(web.recorder.incident("tu-son-02", web.now - timedelta(minutes=1)))
    inside.page.wait_for_selector("text=1 new incident")
    assert ids(inside)[0] == first, "the list does not jump under the reader"
    assert inside.page.evaluate("document.querySelector('.cam-results').scrollTop") == 400
    inside.page.click("text=1 new incident")
    inside.page.wait_for_selector(f"[data-id='{new.id}']")
    assert ids(inside)[0] == str(new.id)


def test_a_search_is_said_in_one_line(inside: Tab, old: list[Incident], until: str) -> None:
    inside.go(f"/incidents?{until}")
    count(inside, "65 incidents")
    inside.page.keyboard.press("/")
    inside.page.keyboard.type("ô tô 300 m quanh 21.2463, 105.9568")
    inside.page.keyboard.press("Enter")
    count(inside, "5 incidents")
    assert conditions(inside)[-2:] == ["300 m around 21.24630, 105.95680", "Car"]
    assert inside.page.input_value("[name=ask]") == ""
    inside.page.reload()
    count(inside, "5 incidents")


def test_what_is_not_understood_is_told_and_changes_nothing(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}")
    count(inside, "65 incidents")
    inside.page.fill("[name=ask]", "cars unicorn")
    inside.page.press("[name=ask]", "Enter")
    inside.page.wait_for_selector("#cam-ask-error:has-text('“unicorn”')")
    assert inside.page.input_value("[name=ask]") == "cars unicorn"
    assert "object" not in inside.page.url
    count(inside, "65 incidents")


def conditions(tab_: Tab) -> list[str]:
    return list(tab_.page.eval_on_selector_all("[data-condition] > span", "(all) => all.map((each) => each.innerText)"))


def test_each_condition_is_a_chip_that_lets_it_go(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}&object=car&object=bus&severity=alarm")
    count(inside, "1 incident")
    assert conditions(inside)[1:] == ["Car", "Bus", "Alarm"]
    inside.page.click("[data-condition='severities:alarm'] button")
    count(inside, "5 incidents")
    inside.page.click("[data-condition='objects:bus'] button")
    inside.page.wait_for_selector("[data-condition='objects:bus']", state="detached")
    assert conditions(inside)[1:] == ["Car"]


def test_beside_each_choice_stands_how_many_it_would_find(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}&object=car")
    number = "[data-chip='{}'] .cam-chip__count"
    inside.page.wait_for_selector(number.format("object:person"))
    shown = {
        chip: inside.page.inner_text(number.format(chip)) for chip in ("object:person", "object:car", "severity:alarm")
    }
    assert shown == {"object:person": "60", "object:car": "5", "severity:alarm": "1"}
    assert inside.page.locator(number.format("object:bus")).count() == 0


def test_a_direction_is_offered_where_one_is_known_and_stays_while_it_is_asked_for(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}&object=person")
    count(inside, "60 incidents")
    inside.page.wait_for_selector("[data-chip='object:person'] .cam-chip__count")
    assert inside.page.locator(".cam-rose").count() == 0
    inside.page.click("[data-chip='object:person']")
    inside.page.click("[data-chip='direction:e']")
    count(inside, "5 incidents")
    inside.page.click("[data-chip='object:person']")
    count(inside, "0 incidents")
    inside.page.click("[data-chip='direction:e']")
    count(inside, "60 incidents")


def test_a_time_is_brushed_on_the_histogram_and_let_go_again(inside: Tab, old: list[Incident], until: str) -> None:
    from_ = (old[0].started_at - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    inside.go(f"/incidents?from={from_}&{until}")
    inside.page.wait_for_selector(".cam-brush__bar", state="attached")
    box = inside.page.locator("[data-test=brush]").bounding_box()
    assert box
    # The searched 75 minutes are the middle half: its second quarter is drawn over.
    inside.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    inside.page.keyboard.down("Shift")  # a new stretch, not the old one moved
    inside.page.mouse.down()
    inside.page.mouse.move(box["x"] + box["width"] * 0.74, box["y"] + 22, steps=6)
    inside.page.mouse.up()
    inside.page.keyboard.up("Shift")
    inside.page.wait_for_function(
        "() => /^3[0-9] incidents$/.test(document.querySelector('.cam-bar__count').innerText)"
    )
    inside.page.focus("[data-edge=to]")
    inside.page.keyboard.press("Escape")
    inside.page.wait_for_function("() => !window.location.search.includes('from=')")


def test_the_histogram_is_looked_at_closer_without_changing_the_search(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}&object=car")
    count(inside, "5 incidents")
    inside.page.wait_for_selector(".cam-brush__bar", state="attached")
    before = inside.page.inner_text(".cam-brush__axis")
    inside.page.click("[data-brush=zoom_in]")
    inside.page.wait_for_function("(was) => document.querySelector('.cam-brush__axis').innerText !== was", arg=before)
    count(inside, "5 incidents")


def test_several_are_chosen_with_shift_judged_at_once_and_put_into_a_case(inside: Tab, until: str, web: Web) -> None:
    start = web.now - OLD - timedelta(days=3)
    made = [web.recorder.publish(web.recorder.incident("tu-son-03", start + timedelta(minutes=n))) for n in range(5)]
    inside.go(f"/incidents?camera=tu-son-03&{until}")
    count(inside, "5 incidents")
    inside.page.focus(f"[data-id='{made[4].id}']")
    inside.page.keyboard.press("x")
    inside.page.click(f"[data-id='{made[2].id}']", modifiers=["Shift"])
    inside.page.wait_for_selector("text=3 chosen")
    inside.page.click("[data-bulk=false_alarm]")
    inside.page.wait_for_selector("text=Said of 3 incidents.")
    marked = inside.page.locator(".cam-mark:has-text('False alarm')")
    marked.nth(2).wait_for()
    assert marked.count() == 3
    inside.page.click("[data-chip='disposition:false_alarm']")
    count(inside, "3 incidents")
    inside.page.keyboard.press("Escape")
    inside.page.click("[data-choose] >> nth=0", force=True)
    inside.page.click("[data-bulk=say]")
    inside.page.fill(".cam-dialog [name=tags]", "checked, #lorry")
    inside.page.click("[data-test=bulk-say]")
    inside.page.wait_for_selector(".cam-mark:has-text('lorry')")
    for nth in range(2):
        inside.page.click(f"[data-choose] >> nth={nth}", force=True)
    case = register.add(web.server, account(web, "admin"), register.Wish("46/2026", "The lorry")).case
    inside.page.click("[data-bulk=case]")
    inside.page.click(f"[data-test=pick-case] [data-case='{case.id}']")
    assert not inside.page.is_visible(".cam-casedialog input[name=number]"), "only of a new one"
    shot(inside, "pick-case")
    inside.page.click("[data-test=collect-do]")
    inside.page.click("[data-test=collected-open]")
    inside.page.wait_for_selector("[data-kind=incident] >> nth=1")
    assert inside.page.locator("[data-kind]").count() == 2


def test_cameras_stand_on_a_timeline_and_a_bar_opens_its_incident(inside: Tab, old: list[Incident], until: str) -> None:
    from_ = (old[0].started_at - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    inside.go(f"/incidents?from={from_}&{until}&view=timeline")
    inside.page.wait_for_selector("[data-bar]")
    rows = inside.page.eval_on_selector_all(
        "[data-lane]", "(all) => all.map((each) => [each.dataset.lane, each.querySelectorAll('[data-bar]').length])"
    )
    assert dict(rows) == {"cho-01": 60, "nhu-nguyet-01": 5}
    inside.page.click(f"[data-bar='{old[61].id}']")
    inside.page.wait_for_selector(".cam-over h1")
    inside.page.wait_for_url(f"**/incidents/{old[61].id}?*")


def test_the_keyboard_walks_opens_and_lays_out(inside: Tab, old: list[Incident], until: str) -> None:
    from_ = old[0].started_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    inside.go(f"/incidents?from={from_}&{until}")
    count(inside, "65 incidents")
    inside.page.keyboard.press("j")
    inside.page.keyboard.press("j")
    inside.page.keyboard.press("k")
    inside.page.keyboard.press("j")
    inside.page.wait_for_function("(id) => document.activeElement?.dataset.id === id", arg=str(old[63].id))
    inside.page.keyboard.press("2")
    inside.page.wait_for_selector("table [data-id]")
    inside.page.keyboard.press("g")
    inside.page.wait_for_selector(".cam-map[data-ready]")
    inside.page.keyboard.press("1")
    inside.page.wait_for_selector(".cam-results--cards [data-id]")
    inside.page.keyboard.press("?")
    inside.page.wait_for_selector("text=next or previous incident")


def test_of_a_long_list_only_what_is_in_view_is_in_the_document(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}")
    inside.page.wait_for_selector("[data-id]")
    # What pages of a search would bring, ten thousand of them, as the server hands them over.
    inside.page.evaluate(
        """() => {
      const list = document.querySelector('.cam-results').closest('[id^=c]');
      const results = window.getElement(Number(list.id.slice(1)));
      const one = results.items[0];
      const many = Array.from({ length: 10000 }, (_, n) => ({ ...one, id: `made-${n}`, order: `made-${n}` }));
      results.reset(many, false);
    }"""
    )
    for share in (0.5, 1.0, 0.0):
        inside.page.evaluate(
            "(share) => { const e = document.querySelector('.cam-results'); e.scrollTop = e.scrollHeight * share; }",
            share,
        )
        inside.page.wait_for_timeout(100)
        seen = ids(inside)
        assert len(seen) < 120
        expected = {0.0: "made-0", 0.5: "made-5000", 1.0: "made-9999"}[share]
        nearest = min(abs(int(each.removeprefix("made-")) - int(expected.removeprefix("made-"))) for each in seen)
        assert nearest < 60
        shown = inside.page.evaluate(
            "() => { const b = document.querySelector('.cam-results').getBoundingClientRect();"
            " return Boolean(document.elementFromPoint(b.left + 100, b.top + 300)?.closest('[data-id]')) }"
        )
        assert shown, share


def test_the_page_fits_the_smallest_screen_without_scrolling_sideways(inside: Tab, until: str) -> None:
    for layout in ("cards", "table", "map", "timeline"):
        inside.go(f"/incidents?{until}&view={layout}&object=car&object=person&area=bac-ninh/yen-phong/tam-giang")
        inside.page.wait_for_selector(".cam-results[data-ready]", state="attached")
        for selector in ("html", ".cam-rail", ".cam-results"):
            assert inside.page.eval_on_selector(selector, "(e) => e.scrollWidth <= e.clientWidth"), (layout, selector)


@pytest.fixture
def vietnamese(browser: Chromium, web: Web, passage: Passage) -> Iterator[Tab]:
    with tab(browser, web.url, storage_state=passage) as opened:
        opened.page.context.add_cookies([{"name": "camsvc_language", "value": "vi", "url": web.url}])
        yield opened


def test_the_language_is_switched_in_the_header_and_remembered(inside: Tab, until: str) -> None:
    inside.go(f"/incidents?{until}&object=car")
    inside.page.click("[data-language=vi]")
    count(inside, "5 sự việc")
    assert "object=car" in inside.page.url
    assert inside.page.get_attribute("html", "lang") == "vi"
    inside.go("/")
    inside.page.wait_for_selector("[placeholder='Tên, mã hoặc địa bàn']")
    inside.page.click("[data-language=en]")
    inside.page.wait_for_selector("[placeholder='Name, id or area']")


def test_the_theme_is_switched_and_remembered(inside: Tab) -> None:
    inside.go("/incidents")
    inside.page.wait_for_selector("body:not(.body--dark)")
    inside.page.click("[data-theme-toggle]")
    inside.page.wait_for_selector("body.body--dark")
    inside.page.reload()
    inside.page.wait_for_selector("body.body--dark")


def test_errors_are_told_in_vietnamese_too(vietnamese: Tab, until: str) -> None:
    vietnamese.go(f"/incidents?{until}&near=abc")
    vietnamese.page.wait_for_selector("text=Chưa tìm")
    assert "không phải một điểm" in vietnamese.page.inner_text(".cam-rail")
