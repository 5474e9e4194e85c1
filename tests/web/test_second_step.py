"""The second step of a log-in in the browser, and setting it up on the account's page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest

from camsvc.db.models import SecondFactorRow
from camsvc.db.queries import accounts, second_factor
from camsvc.domain.account import Role
from tests.browser import Tab
from tests.web.conftest import PASSWORD, Web


@pytest.fixture
def codes(web: Web) -> tuple[str, pyotp.TOTP, list[str]]:
    """An account with a second factor."""
    name = f"second-{datetime.now(UTC):%H%M%S%f}"
    before = datetime.now(UTC) - timedelta(minutes=5)
    with web.database.session() as session:
        user = accounts.create(session, name, PASSWORD, [Role.POLICE])
        secret = second_factor.begin(session, web.cipher, user.id)
        _, recovery = second_factor.confirm(session, web.cipher, user.id, pyotp.TOTP(secret).at(before), before)
    return name, pyotp.TOTP(secret), recovery


@pytest.fixture
def strict(web: Web) -> Iterator[None]:
    """Policy wants a second factor of investigators."""
    settings = web.server.settings
    wanted = settings.log_in.model_copy(update={"second_factor": (Role.INVESTIGATOR,)})
    object.__setattr__(web.server, "settings", settings.model_copy(update={"log_in": wanted}))
    yield
    object.__setattr__(web.server, "settings", settings)


def test_a_code_is_asked_for_and_leads_to_the_asked_page(
    visit: Tab, web: Web, codes: tuple[str, pyotp.TOTP, list[str]]
) -> None:
    name, totp, _ = codes
    visit.go("/account")
    visit.log_in(name, PASSWORD)
    visit.page.wait_for_selector("#code")
    assert visit.page.evaluate("document.activeElement.id") == "code"
    visit.page.keyboard.type("000 000" if totp.now() != "000000" else "111 111")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("[role=alert]")
    visit.page.keyboard.type(totp.now())
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(f"{web.url}/account")
    assert all("401" in each for each in visit.errors), "only the wrong code"


def test_a_recovery_code_takes_its_place(visit: Tab, web: Web, codes: tuple[str, pyotp.TOTP, list[str]]) -> None:
    name, _, recovery = codes
    visit.go("/login?next=/account")
    visit.log_in(name, PASSWORD)
    visit.page.fill("#code", recovery[4])
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(f"{web.url}/account")


def test_without_the_first_step_there_is_no_second(web: Web, codes: tuple[str, pyotp.TOTP, list[str]]) -> None:
    _, totp, _ = codes
    with httpx.Client(base_url=web.url) as client:
        for ticket in ("", "x", "ề", "gAAAAA" + "x" * 200):
            answer = client.post("/login/code", data={"ticket": ticket, "code": totp.now()})
            assert answer.status_code == 401
            assert "set-cookie" not in answer.headers
        assert client.get("/login/code").headers["location"] == "/login"


def test_a_ticket_ends_with_the_password_it_was_given_for(web: Web, codes: tuple[str, pyotp.TOTP, list[str]]) -> None:
    name, totp, _ = codes
    with httpx.Client(base_url=web.url) as client:
        page = client.post("/login", data={"name": name, "password": PASSWORD}).text
        ticket = page.partition('name="ticket" value="')[2].partition('"')[0]
        with web.database.session() as session:
            accounts.set_password(session, accounts.find(session, name).id, "seven grey herons")
        assert client.post("/login/code", data={"ticket": ticket, "code": totp.now()}).status_code == 401


@pytest.mark.usefixtures("strict")
def test_where_policy_wants_one_the_log_in_leads_through_it(visit: Tab, web: Web) -> None:
    name = "must-enrol"
    with web.database.session() as session:
        user = accounts.create(session, name, PASSWORD, [Role.INVESTIGATOR])
    visit.go("/login?next=/account")
    visit.page.click("text=Tiếng Việt")
    visit.log_in(name, PASSWORD)
    visit.page.wait_for_selector(".qr svg")
    visit.page.click("summary")
    totp = pyotp.TOTP(visit.page.inner_text("li code").replace(" ", ""))
    visit.page.fill("#code", "abcdef")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("[role=alert]")
    visit.page.fill("#code", totp.now())
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector(".codes")
    shown = visit.page.locator(".codes code").all_inner_texts()
    assert len(shown) == second_factor.RECOVERY_CODES
    visit.page.click("a.button")
    visit.page.wait_for_url(f"{web.url}/account")
    with web.database.session() as session:
        assert second_factor.check(session, web.cipher, user.id, shown[0], datetime.now(UTC)).proof
    assert all("401" in each for each in visit.errors), "only the wrong code"


def test_it_is_set_up_and_removed_on_the_page_of_the_account(visit: Tab, web: Web) -> None:
    name = "sets-up"
    with web.database.session() as session:
        user = accounts.create(session, name, PASSWORD, [Role.POLICE])
    page = visit.page
    visit.go("/login?next=/account")
    visit.log_in(name, PASSWORD)
    page.click("[data-test=set-up]")
    page.fill("[data-test=password-again] input[name=password]", "not the password")
    page.click("[data-test=password-again] [data-test=do]")
    page.wait_for_selector("text=The password is wrong.")
    page.fill("[data-test=password-again] input[name=password]", PASSWORD)
    page.click("[data-test=password-again] [data-test=do]")
    page.wait_for_selector(".cam-qr svg")
    page.click(".cam-steps summary")
    totp = pyotp.TOTP(page.inner_text("[data-test=secret]").replace(" ", ""))
    page.fill("[data-test=confirm] input[name=code]", totp.now())
    page.click("[data-test=confirm] [data-test=do]")
    page.wait_for_selector("[data-test=kept]")
    recovery = page.inner_text(".cam-secret code").split()
    assert len(recovery) == second_factor.RECOVERY_CODES
    page.click("[data-test=kept]")
    page.wait_for_selector("[data-test=remove]")
    assert "10" in page.inner_text("[data-test=state]")
    page.click("[data-test=remove]")
    page.fill("[data-test=password-again] input[name=password]", PASSWORD)
    page.fill("[data-test=password-again] input[name=code]", recovery[0])
    page.click("[data-test=password-again] [data-test=do]")
    page.wait_for_selector("[data-test=set-up]")
    with web.database.session() as session:
        assert session.get(SecondFactorRow, user.id) is None
    assert not visit.errors


def test_the_pages_of_the_second_step_run_no_foreign_or_inline_script(
    web: Web, codes: tuple[str, pyotp.TOTP, list[str]]
) -> None:
    name, _, _ = codes
    with httpx.Client(base_url=web.url) as client:
        answer = client.post(
            "/login", data={"name": name, "password": PASSWORD, "next": '/"><script>alert(1)</script>'}
        )
    assert 'name="ticket"' in answer.text
    assert "<script>alert" not in answer.text
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
