"""Saved searches and alerts as an officer sees them: in Chromium, with a running server that raises them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from camsvc.api.services.alerts import saved
from camsvc.api.services.alerts.saved import Wish
from camsvc.db.queries import alerts
from camsvc.domain.account import User
from camsvc.domain.alert import Alerting, SavedSearch
from camsvc.domain.incident import Incident
from camsvc.web.language import language
from tests.api.conftest import eventually
from tests.browser import Chromium, Tab, tab
from tests.web.conftest import Web, account, come_in

CAMERA = "cho-02"


def save(web: Web, officer: User, name: str, *, alerting: Alerting | None) -> SavedSearch:
    return saved.add(web.server, officer, Wish(name, {"camera": [CAMERA]}, None, alerting)).search


def happens(web: Web) -> Incident:
    return web.recorder.publish(web.recorder.incident(CAMERA, datetime.now(UTC)))


def unseen(web: Web, officer: User) -> int:
    with web.database.session() as session:
        return alerts.unseen(session, officer.id)


def test_an_alert_rings_on_an_open_page_and_is_listed_until_it_is_seen(web: Web, desk: Tab, officer: User) -> None:
    save(web, officer, "Chợ", alerting=Alerting())
    desk.go("/alerts")
    page = desk.page
    page.wait_for_selector("text=Chợ")
    assert not page.is_visible(".cam-bell .cam-bell__count")
    incident = happens(web)
    page.wait_for_selector(f".cam-told__one--new[data-incident='{incident.id}']")
    page.wait_for_selector(".cam-bell .cam-bell__count:text-is('1')")
    page.click("[data-test=all-seen]")
    page.wait_for_selector(".cam-bell .cam-bell__count", state="hidden")
    page.wait_for_selector(".cam-told__one--new", state="detached")
    assert unseen(web, officer) == 0
    page.click(f"[data-incident='{incident.id}']")
    page.wait_for_url(f"**/incidents/{incident.id}*")


def test_a_saved_search_is_renamed_silenced_and_removed_after_a_question(web: Web, desk: Tab, officer: User) -> None:
    search = save(web, officer, "Đêm", alerting=Alerting())
    desk.go("/alerts")
    page = desk.page
    one = page.locator(f"[data-search='{search.id}']")
    one.locator("button[title='Change this saved search']").click()
    page.fill("form input[name=name]", "Ban đêm")
    page.uncheck("form input[name=alerts]")
    page.click("[data-test=save-search]")
    one.locator("text=Ban đêm").wait_for()
    one.locator("text=No alerts").wait_for()
    one.locator("button[title='Remove']").click()
    page.click("[data-test=do]")
    one.wait_for(state="detached")
    assert saved.all_of(web.server, officer) == []


def test_hours_are_kept_and_a_name_that_is_taken_is_refused_in_words(web: Web, desk: Tab, officer: User) -> None:
    save(web, officer, "one", alerting=None)
    second = save(web, officer, "two", alerting=Alerting())
    desk.go("/alerts")
    page = desk.page
    one = page.locator(f"[data-search='{second.id}']")
    one.locator("button[title='Change this saved search']").click()
    page.fill("form input[name=begin]", "22:00")
    page.fill("form input[name=end]", "05:00")
    page.uncheck("form input[name=day][value='7']")
    page.fill("form input[name=name]", "one")
    page.click("[data-test=save-search]")
    page.wait_for_selector("text=This name is taken already")
    page.fill("form input[name=name]", "nights")
    page.click("[data-test=save-search]")
    one.locator("text=22:00–05:00").wait_for()
    changed = saved.get(web.server, officer, second.id)
    assert changed.alerting is not None
    assert changed.alerting.hours is not None
    assert changed.alerting.hours.days == frozenset(range(1, 7))


def test_who_may_search_nowhere_has_no_bell_and_is_told_why(web: Web, browser: Chromium) -> None:
    nobody = account(web, f"nobody-{uuid4().hex[:8]}")
    with tab(browser, web.url) as opened:
        come_in(opened, nobody.name)
        assert opened.page.query_selector("[data-test=bell]") is None
        opened.go("/alerts")
        opened.page.wait_for_selector(".cam-told .cam-empty")
        told = language("en")("results.forbidden")
        eventually(lambda: told in opened.page.inner_text(".cam-told .cam-empty"))
