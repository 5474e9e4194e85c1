"""Getting in and out, and that nothing is open to who is not in."""

from __future__ import annotations

from http import HTTPStatus

import httpx
import pytest

from camsvc.api.access import COOKIE
from camsvc.db.queries import accounts
from camsvc.domain.account import Role
from camsvc.web.plain import local_path
from tests.browser import Chromium, Tab, tab
from tests.web.conftest import PASSWORD, Passage, Web

HTML = {"Accept": "text/html", "Sec-Fetch-Site": "none"}


@pytest.fixture(scope="module")
def account(web: Web) -> str:
    with web.database.session() as session:
        return accounts.create(session, "officer", PASSWORD, [Role.POLICE]).name


def cookie(passage: Passage) -> dict[str, str]:
    return {each["name"]: each["value"] for each in passage["cookies"]}


def test_who_is_not_in_is_led_to_the_log_in_and_then_to_the_asked_page(visit: Tab, web: Web, account: str) -> None:
    visit.go("/incidents?object=car&view=table")
    assert visit.page.url == f"{web.url}/login?next=%2Fincidents%3Fobject%3Dcar%26view%3Dtable"
    visit.log_in(account, PASSWORD)
    visit.page.wait_for_url(f"{web.url}/incidents?object=car&view=table")
    assert visit.page.inner_text(".cam-headbtn--user").endswith(account)
    assert not visit.errors


def test_a_wrong_password_is_refused_without_a_hint_and_keeps_the_name(visit: Tab, account: str) -> None:
    visit.go("/login")
    visit.log_in(account, "wrong password")
    known = visit.page.inner_text("[role=alert]")
    assert visit.page.input_value("#name") == account
    assert visit.page.input_value("#password") == ""
    assert visit.page.evaluate("document.activeElement.id") == "password"
    visit.log_in("nobody-at-all", "wrong password")
    assert visit.page.inner_text("[role=alert]") == known


def test_a_name_that_failed_too_often_is_told_to_wait(web: Web) -> None:
    with httpx.Client(base_url=web.url) as client:
        form = {"name": "guessed", "password": "wrong password"}
        statuses = [client.post("/login", data=form).status_code for _ in range(11)]
        answer = client.post("/login", data=form, headers={"Cookie": "camsvc_language=vi"})
    assert statuses[0] == HTTPStatus.UNAUTHORIZED
    assert statuses[-1] == HTTPStatus.TOO_MANY_REQUESTS
    assert "năm phút" in answer.text


def test_the_log_in_page_works_with_the_keyboard_in_both_languages(visit: Tab, account: str, web: Web) -> None:
    visit.go("/login")
    visit.page.click("text=Tiếng Việt")
    visit.page.wait_for_selector("text=Đăng nhập")
    assert visit.page.get_attribute("html", "lang") == "vi"
    visit.page.keyboard.type(account)
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.type(PASSWORD)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(f"{web.url}/")
    assert visit.page.inner_text(".cam-nav a[aria-current]").endswith("Camera")


def test_logging_out_ends_the_session_for_every_tab(browser: Chromium, web: Web, account: str) -> None:
    with tab(browser, web.url) as first:
        first.go("/login")
        first.log_in(account, PASSWORD)
        first.page.wait_for_url(f"{web.url}/")
        token = next(each["value"] for each in first.page.context.cookies() if each["name"] == COOKIE)
        first.page.click("text=Log out")
        first.page.wait_for_url(f"{web.url}/login")
        assert all(each["name"] != COOKIE for each in first.page.context.cookies())
    answer = httpx.get(f"{web.url}/incidents", headers={**HTML, "Cookie": f"{COOKIE}={token}"})
    assert answer.status_code == HTTPStatus.SEE_OTHER


def test_a_session_that_ended_elsewhere_leads_an_open_page_to_the_log_in(
    browser: Chromium, web: Web, account: str
) -> None:
    with tab(browser, web.url) as opened:
        opened.go("/login?next=/incidents")
        opened.log_in(account, PASSWORD)
        opened.page.wait_for_selector(".cam-rail[data-ready]")
        token = next(each["value"] for each in opened.page.context.cookies() if each["name"] == COOKIE)
        with web.database.session() as session:
            accounts.revoke(session, token)
        opened.page.wait_for_timeout(5500)  # until the page's own look-up is no longer trusted
        opened.page.click("[data-layout=table]")
        opened.page.wait_for_url(f"{web.url}/login?next=*")
        assert "incidents" in opened.page.url


@pytest.mark.parametrize("path", ["/", "/incidents", "/incidents/x", "/cameras/x", "/no/such/page"])
def test_every_page_needs_a_session(web: Web, path: str) -> None:
    answer = httpx.get(f"{web.url}{path}", headers=HTML)
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize(
    "path", ["/_nicegui/3.18.0/static/nicegui.js", "/_nicegui_ws/socket.io/?EIO=4&transport=polling", "/favicon.ico"]
)
def test_the_machinery_of_the_pages_needs_a_session(web: Web, path: str) -> None:
    assert httpx.get(f"{web.url}{path}").status_code == HTTPStatus.UNAUTHORIZED


def test_another_site_may_not_open_a_connection_with_our_cookie(web: Web, passage: Passage) -> None:
    path = f"{web.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    own = httpx.get(path, cookies=cookie(passage), headers={"Origin": web.url})
    assert own.status_code == HTTPStatus.OK
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert httpx.get(path, cookies=cookie(passage), headers=headers).status_code == HTTPStatus.FORBIDDEN


def test_another_site_may_not_log_anybody_in_or_out(web: Web, passage: Passage) -> None:
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    entered = httpx.post(f"{web.url}/login", data={"name": "admin", "password": PASSWORD}, headers=evil)
    assert entered.status_code == HTTPStatus.FORBIDDEN
    assert "set-cookie" not in entered.headers
    httpx.post(f"{web.url}/logout", cookies=cookie(passage), headers=evil)
    still = httpx.get(f"{web.url}/session", cookies=cookie(passage))
    assert still.json() == {"logged_in": True}


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: a=b",
        "",
        "/login",
    ],
)
def test_a_link_never_leads_to_another_site_after_the_log_in(asked: str) -> None:
    assert local_path(asked) == "/"


def test_a_link_may_lead_to_any_page_of_ours() -> None:
    assert local_path("/incidents?camera=a&near=1,2") == "/incidents?camera=a&near=1,2"


def test_the_log_in_page_runs_no_foreign_or_inline_script(web: Web) -> None:
    answer = httpx.get(f"{web.url}/login?next=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_the_session_cookie_cannot_be_read_by_scripts_nor_sent_from_other_sites(passage: Passage) -> None:
    session = next(each for each in passage["cookies"] if each["name"] == COOKIE)
    assert session["httpOnly"]
    assert session["sameSite"] == "Strict"
