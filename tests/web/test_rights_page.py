"""What somebody sees on the pages who is granted one area only, or not everything in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest

from camsvc.db.queries import accounts, audit, grants
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Grant, Role, User
from camsvc.domain.incident import Incident
from tests.browser import Chromium, Tab, tab
from tests.web.conftest import PASSWORD, Web

HERE, THERE = "bac-ninh/yen-phong", "bac-ninh/tu-son"

Enter = Callable[..., AbstractContextManager[tuple[Tab, User]]]


@pytest.fixture
def enter(web: Web, browser: Chromium) -> Enter:
    """A tab of a new account with these grants."""

    @contextmanager
    def entered(name: str, *given: Grant) -> Iterator[tuple[Tab, User]]:
        with web.database.session() as session:
            user = accounts.create(session, name, PASSWORD, list(given))
        with tab(browser, web.url) as opened:
            opened.go("/login")
            opened.log_in(name, PASSWORD)
            opened.page.wait_for_url(f"{web.url}/")
            yield opened, user

    return entered


@pytest.fixture(scope="module")
def near(web: Web) -> Incident:
    return web.recorder.publish(web.recorder.incident("cho-02", web.now - timedelta(days=150)))


@pytest.fixture(scope="module")
def far(web: Web) -> Incident:
    return web.recorder.publish(web.recorder.incident("tu-son-01", web.now - timedelta(days=150, minutes=1)))


def span(web: Web) -> str:
    from_, to = web.now - timedelta(days=150, hours=1), web.now - timedelta(days=149, hours=23)
    return f"from={from_:%Y-%m-%dT%H:%M:%SZ}&to={to:%Y-%m-%dT%H:%M:%SZ}"


def test_cameras_areas_and_incidents_elsewhere_are_not_on_any_page(
    web: Web, enter: Enter, near: Incident, far: Incident
) -> None:
    with enter("district", Grant(Role.POLICE, HERE)) as (inside, _):
        page = inside.page
        page.wait_for_selector("[data-ready]", state="attached")
        page.wait_for_selector("text=Cầu Như Nguyệt")
        assert "Từ Sơn" not in page.content()
        assert "Vòng xuyến" not in page.content()
        inside.go("/cameras/tu-son-01")
        page.wait_for_selector(".cam-note--bad")
        assert "Cổng làng" not in page.content()
        inside.go(f"/incidents?{span(web)}")
        page.wait_for_selector(f"[data-id='{near.id}'], a[href*='{near.id}']")
        assert str(far.id) not in page.content()
        assert "1 " in page.inner_text(".cam-bar__count")
        inside.go(f"/incidents/{far.id}")
        page.wait_for_selector(".cam-over .cam-empty")
        foreign = page.inner_text(".cam-over .cam-empty")
        inside.go("/incidents/01a1aa14-0080-7c64-8962-d808addf4936")
        page.wait_for_selector(".cam-over .cam-empty")
        assert page.inner_text(".cam-over .cam-empty") == foreign
        inside.go(f"/incidents?{span(web)}&area={THERE}")
        page.wait_for_selector(".cam-empty")
        assert str(far.id) not in page.content()
    with web.database.session() as session:
        found = audit.entries(session, Wanted(user="district"), limit=50)
    whats = [each.deed.what for each in found]
    assert "incidents.searched" in whats
    assert whats.count("access.refused") == 3
    assert {each.deed.source for each in found} == {"127.0.0.1"}


def test_who_may_search_but_not_replay_sees_the_picture_and_no_player(
    web: Web, enter: Enter, walkers: Incident
) -> None:
    with enter("watcher", Grant(Role.VIEWER)) as (inside, _):
        inside.go(f"/incidents/{walkers.id}")
        inside.page.wait_for_selector("[data-test=may-not-replay]")
        assert inside.page.query_selector(".cam-player") is None
        assert inside.page.get_attribute("[data-test=download]", "aria-disabled") == "true"


def test_who_is_granted_nothing_is_told_so(web: Web, enter: Enter) -> None:
    with enter("nobody-yet") as (inside, _):
        inside.go("/incidents")
        inside.page.wait_for_selector("text=may not search")


def test_a_grant_that_is_taken_from_an_open_page_ends_what_it_shows(web: Web, enter: Enter, near: Incident) -> None:
    with enter("for-now", Grant(Role.POLICE, HERE)) as (inside, user):
        page = inside.page
        inside.go(f"/incidents?{span(web)}")
        page.wait_for_selector(f"a[href*='{near.id}']")
        with web.database.session() as session:
            grants.take(session, user.id, Grant(Role.POLICE, HERE))
            grants.give(session, user.id, Grant(Role.POLICE, THERE))
        page.wait_for_timeout(6000)  # who is asked again after 5 s
        inside.go(f"/incidents/{near.id}")
        page.wait_for_selector(".cam-over .cam-empty")
        inside.go("/")
        page.wait_for_selector("text=Vòng xuyến")
        assert "Cầu Như Nguyệt" not in page.content()
