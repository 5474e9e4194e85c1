"""What people say of an incident, said on its page."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from camsvc.db.queries import accounts
from camsvc.db.queries import annotations as rows
from camsvc.domain.account import Grant, Role
from camsvc.domain.annotation import Author, Disposition, Draft, Said, What, said
from camsvc.domain.incident import Incident
from tests.browser import Chromium, Tab, tab
from tests.web.conftest import PASSWORD, Passage, Web

LAN = "lan-of-judgement"


@pytest.fixture(scope="module")
def lan(web: Web) -> str:
    with web.database.session() as session:
        accounts.create(session, LAN, PASSWORD, [Grant(Role.POLICE, "bac-ninh/yen-phong")])
    return LAN


@pytest.fixture
def item(web: Web, lan: str) -> Incident:
    return web.recorder.publish(web.recorder.incident("tam-giang-02", web.now - timedelta(days=120)))


@pytest.fixture
def page(inside: Tab, item: Incident) -> Page:
    inside.page.set_viewport_size({"width": 1366, "height": 768})
    inside.go(f"/incidents/{item.id}")
    inside.page.wait_for_selector(".cam-said")
    opened: Page = inside.page
    return opened


def now(web: Web, incident: UUID) -> Said:
    with web.database.session() as session:
        return said(rows.history(session, [incident]).get(incident, ()))


def test_an_officer_judges_by_keys_tags_notes_and_assigns(page: Page, web: Web, item: Incident) -> None:
    page.keyboard.press("x")
    expect(page.locator("[data-test=judge-false_alarm]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("t")
    expect(page.locator("[data-test=judge-true]")).to_have_attribute("aria-pressed", "true")
    page.fill("[data-test=reason]", "đúng xe")
    page.press("[data-test=reason]", "Enter")
    expect(page.locator(".cam-said__reason")).to_contain_text("đúng xe")
    page.fill("[data-test=tag-new]", "Xe-Trộm")
    page.press("[data-test=tag-new]", "Enter")
    expect(page.locator(".cam-said__tag")).to_have_text("xe-trộmclose")
    expect(page.locator("[data-test=tag-new]")).to_have_value("")
    page.fill("[data-test=tag-new]", "bus")
    page.press("[data-test=tag-new]", ",")
    expect(page.locator(".cam-said__tag")).to_have_count(2)
    page.fill("[data-test=note-new]", "Biển số 99A-123.45")
    page.press("[data-test=note-new]", "Control+Enter")
    expect(page.locator("[data-test=note]")).to_contain_text("99A-123.45")
    page.fill("[data-test=assign]", LAN)
    page.press("[data-test=assign]", "Enter")
    expect(page.locator("[data-test=assigned]")).to_contain_text(LAN)
    page.click("[data-test=done]")
    expect(page.locator(".cam-said__assigned--done")).to_be_visible()
    page.click("[data-test=history] summary")
    expect(page.locator("[data-test=history] li")).to_have_count(8)
    held = now(web, item.id)
    assert (held.disposition, held.judgement and held.judgement.reason) == (Disposition.TRUE, "đúng xe")
    assert [each.tag for each in held.tags] == ["bus", "xe-trộm"]
    assert held.assignment is not None
    assert held.assignment.done_at is not None


def test_the_same_key_takes_a_judgement_back(page: Page, web: Web, item: Incident) -> None:
    page.keyboard.press("t")
    expect(page.locator("[data-test=judge-true]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("t")
    expect(page.locator("[data-test=judge-true]")).to_have_attribute("aria-pressed", "false")
    assert now(web, item.id).disposition is Disposition.NONE


def test_keys_that_are_typed_into_a_note_judge_nothing(page: Page, web: Web, item: Incident) -> None:
    page.locator("[data-test=note-new]").press_sequentially("xt")
    page.wait_for_timeout(300)
    assert now(web, item.id) == Said()


def test_what_another_says_appears_and_what_is_being_typed_stays(page: Page, web: Web, item: Incident) -> None:
    page.fill("[data-test=note-new]", "chưa xong")
    with web.database.session() as session:
        rows.write(session, Author(None, "root"), [item.id], [Draft(What.TAGGED, tag="from-outside")])
    expect(page.locator(".cam-said__tag")).to_contain_text("from-outside")
    expect(page.locator("[data-test=note-new]")).to_have_value("chưa xong")


def test_what_is_refused_stays_typed_and_says_why(page: Page) -> None:
    page.fill("[data-test=assign]", "nobody-of-this-name")
    page.press("[data-test=assign]", "Enter")
    expect(page.locator("[data-test=said-trouble]")).to_be_visible()
    expect(page.locator("[data-test=assign]")).to_have_value("nobody-of-this-name")


def test_a_note_is_changed_by_its_author_and_withdrawn(page: Page, web: Web, item: Incident) -> None:
    page.fill("[data-test=note-new]", "nhầm")
    page.click("[data-test=note-add]")
    page.click("[data-test=note] button >> nth=0")
    page.fill("[data-test=note] textarea", "đúng")
    page.press("[data-test=note] textarea", "Control+Enter")
    expect(page.locator("[data-test=note]")).to_contain_text("đúng")
    page.click("[data-test=note] button >> nth=1")
    expect(page.locator("[data-test=note]")).to_have_count(0)
    assert now(web, item.id).notes == ()


def test_who_may_not_replay_reads_nothing_of_it(web: Web, browser: Chromium, item: Incident) -> None:
    with web.database.session() as session:
        accounts.create(session, "viewer-of-judgement", PASSWORD, [Role.VIEWER])
        rows.write(session, Author(None, "root"), [item.id], [Draft(What.TAGGED, tag="not-for-viewers")])
    with tab(browser, web.url) as opened:
        opened.go(f"/incidents/{item.id}")
        opened.log_in("viewer-of-judgement", PASSWORD)
        opened.page.wait_for_selector("[data-test=may-not-replay]")
        opened.page.wait_for_timeout(300)
        assert opened.page.locator(".cam-said").count() == 0
        assert "not-for-viewers" not in opened.page.content()


@pytest.mark.parametrize("language", ["en", "vi"])
@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_nothing_is_wider_than_the_screen(
    web: Web, browser: Chromium, passage: Passage, item: Incident, language: str, width: int, height: int
) -> None:
    with web.database.session() as session:
        lan = accounts.find(session, LAN)
        drafts = [
            Draft(What.TAGGED, tag="xe-máy-trộm-cắp-có-tên-rất-dài-không-ngắt-được"),
            Draft(What.NOTED, text="Biển số 99A-123.45, " + "khôngcódấucách" * 12),
            Draft(What.ASSIGNED, assignee_id=lan.id, assignee=lan.name),
            Draft(What.JUDGED, disposition=Disposition.FALSE_ALARM, reason="Bóng cây lay động trong gió"),
        ]
        rows.write(session, Author(lan.id, LAN), [item.id], drafts)
    with tab(browser, web.url, storage_state=passage, viewport={"width": width, "height": height}) as opened:
        opened.page.context.add_cookies([{"name": "camsvc_language", "value": language, "url": web.url}])
        opened.go(f"/incidents/{item.id}")
        pane = opened.page.locator(".cam-said")
        pane.wait_for()
        opened.page.click("[data-test=history] summary")
        assert pane.evaluate(
            "(e) => e.scrollWidth <= e.clientWidth + 1 && e.getBoundingClientRect().right <= innerWidth"
        )
