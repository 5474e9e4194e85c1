"""The bell in the header: notices ring on open pages, lead where they belong, and are read."""

from __future__ import annotations

import pytest

from camsvc.api.services import notices
from camsvc.domain.account import User
from camsvc.domain.notice import NoticeKind
from camsvc.web.bell import PAGE
from tests.api.conftest import eventually
from tests.browser import Tab
from tests.web.conftest import Web, shot

COUNT = ".cam-bell .cam-bell__count"


def tell(web: Web, officer: User, kind: NoticeKind, path: str = "/alerts", **facts: object) -> None:
    with web.database.session() as session:
        notices.tell(session, [officer.id], kind, path, **facts)


def test_a_notice_rings_is_listed_leads_to_its_page_and_is_read(web: Web, desk: Tab, officer: User) -> None:
    page = desk.page
    page.wait_for_selector("[data-test=bell]")
    assert not page.is_visible(COUNT)
    tell(
        web, officer, NoticeKind.EXPORT_DONE, "/account", reason="theft at the market", size_bytes=2_500_000, problems=1
    )
    page.wait_for_selector(f"{COUNT}:text-is('1')")
    page.wait_for_selector(".q-notification:has-text('An evidence package is ready (2.5 MB)')")
    page.click("[data-test=bell]")
    first = page.locator(".cam-notice--unread")
    first.locator("text=theft at the market").wait_for()
    first.locator("text=1 file in it is altered or missing").wait_for()
    tell(web, officer, NoticeKind.FOOTAGE_ASKED, by="minh", case="12/2026", reason="the same car")
    page.locator(".cam-notice", has_text="minh asks for footage for case 12/2026").wait_for()  # the open list follows
    page.keyboard.press("Escape")
    page.wait_for_selector("#bell-panel", state="hidden")
    page.click("[data-test=bell]")
    page.locator(".cam-notice", has_text="evidence package").click()
    page.wait_for_url("**/account")
    page.wait_for_selector(f"{COUNT}:text-is('1')")
    page.click("[data-test=bell]")
    page.click("[data-test=all-read]")
    page.wait_for_selector(COUNT, state="hidden")
    eventually(lambda: notices.unread(web.server, officer) == 0)


def test_earlier_notices_are_listed_once_however_often_they_are_asked_for(web: Web, desk: Tab, officer: User) -> None:
    for _ in range(PAGE + 3):
        tell(web, officer, NoticeKind.FOOTAGE_ASKED)
    page = desk.page
    page.wait_for_selector(f"{COUNT}:text-is('{PAGE + 3}')")
    page.click("[data-test=bell]")
    page.wait_for_function(f"document.querySelectorAll('.cam-notice').length == {PAGE}")
    page.dblclick("[data-test=earlier-notices]")
    page.wait_for_selector("[data-test=earlier-notices]", state="hidden")
    page.wait_for_timeout(300)
    assert page.locator(".cam-notice").count() == PAGE + 3


@pytest.mark.parametrize("language", ["en", "vi"])
def test_every_kind_of_notice_is_a_sentence(web: Web, desk: Tab, officer: User, language: str) -> None:
    facts = {
        "by": "minh",
        "case": "12/2026",
        "reason": "Cướp giật tại chợ Chờ",
        "title": "Cướp giật tại chợ Chờ",
        "decision": "approved",
        "camera": "cho-02",
        "what": "altered",
        "error": "the object store does not answer",
        "at": "2026-11-29T03:12:00Z",
        "downloads": "0",
    }
    for kind in NoticeKind:
        tell(web, officer, kind, **facts)
        tell(web, officer, kind)  # a fact may be missing
    page = desk.page
    page.wait_for_selector(f"{COUNT}:text-is('{2 * len(NoticeKind)}')")
    if language == "vi":
        page.click("[data-language=vi]")
        page.wait_for_selector("[data-test=bell][title^='14 thông báo']")
    page.click("[data-test=bell]")
    page.wait_for_function(f"document.querySelectorAll('.cam-notice').length == {2 * len(NoticeKind)}")
    shot(desk, f"bell-{language}")
    texts = page.locator(".cam-notice__what").all_inner_texts()
    assert all(text and "{" not in text for text in texts)
