"""Accounts, tokens, sessions and the audit, as people see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import pytest

from camsvc.db.models import TokenKind
from camsvc.db.queries import accounts, audit, people, tokens
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Action, Grant, Role, User
from tests.browser import Chromium, Tab, tab
from tests.web.conftest import PASSWORD, Web, prefer, shot

HERE = "bac-ninh/yen-phong"
Enter = Callable[..., AbstractContextManager[tuple[Tab, User]]]


@pytest.fixture
def enter(web: Web, browser: Chromium) -> Enter:
    """A tab of a new account with these grants."""

    @contextmanager
    def entered(name: str, *given: Grant, **options: object) -> Iterator[tuple[Tab, User]]:
        with web.database.session() as session:
            user = accounts.create(session, name, PASSWORD, list(given))
        with tab(browser, web.url, **options) as opened:
            opened.go("/login")
            opened.log_in(name, PASSWORD)
            opened.page.wait_for_url(f"{web.url}/")
            yield opened, user
            assert not [each for each in opened.errors if "/whep" not in each], opened.errors
            assert not opened.foreign, opened.foreign

    return entered


class TestAccountPage:
    def test_it_says_in_words_what_one_may_and_where(self, web: Web, enter: Enter) -> None:
        with enter("words", Grant(Role.POLICE, HERE), Grant(Role.VIEWER)) as (inside, _):
            inside.go("/account")
            told = inside.page.inner_text("[data-test=rights]")
            assert "play clips" in told
            assert "Yên Phong" in told
            assert "everywhere" in told
            assert "export" not in told
            shot(inside, "account")
            prefer(inside, language="vi")
            inside.go("/account")
            shot(inside, "account-vi")

    def test_a_token_is_made_shown_once_used_and_revoked(self, web: Web, enter: Enter) -> None:
        with enter("maker", Grant(Role.POLICE, HERE)) as (inside, user):
            page = inside.page
            inside.go("/account")
            page.click("[data-test=make]")
            page.fill("[data-test=make-token] [name=name]", "traffic")
            page.click("[data-test=make-token] [data-test=do]")
            page.wait_for_selector("[data-test=make-token] [role=alert] >> text=Choose what")
            page.check("[data-test=make-token] [value=search]")
            assert page.query_selector("[data-test=make-token] [value=export]") is None
            shot(inside, "make-token")
            page.click("[data-test=make-token] [data-test=do]")
            token = page.inner_text("[data-test=secret]")
            shot(inside, "made-token")
            page.click("[data-test=kept]")
            page.wait_for_selector("td >> text=traffic")
            page.wait_for_selector("[data-test=secret]", state="detached")
            assert token not in page.content()
            with httpx.Client(base_url=web.url, headers={"Authorization": f"Bearer {token}"}) as program:
                assert program.get("/api/v1/incidents").status_code == 200
                with web.database.session() as session:
                    [held] = tokens.listed(session, [TokenKind.API], user.id)
                assert held.scope is not None
                assert held.scope.actions == {Action.SEARCH}
                page.click("[data-test=revoke]")
                page.click("[role=alertdialog] [data-test=do]")
                page.wait_for_selector("text=There are none.")
                assert program.get("/api/v1/incidents").status_code == 401

    def test_a_session_elsewhere_is_seen_and_ended(self, web: Web, browser: Chromium, enter: Enter) -> None:
        with enter("twice", Grant(Role.POLICE)) as (inside, _), tab(browser, web.url) as other:
            other.go("/login")
            other.log_in("twice", PASSWORD)
            other.page.wait_for_url(f"{web.url}/")
            inside.go("/account")
            page = inside.page
            assert page.inner_text("tr:has(.cam-badge--ok)").count("Chrome") == 1
            assert page.query_selector("tr:has(.cam-badge--ok) [data-test=end]") is None
            page.click("[data-test=end]")
            page.click("[role=alertdialog] [data-test=do]")
            page.wait_for_selector("[data-test=end]", state="detached")
            other.page.wait_for_timeout(5500)  # a session that ended lives on for at most 5 s
            other.go("/incidents")
            assert "/login" in other.page.url

    def test_who_changes_their_password_goes_on_and_a_wrong_old_one_is_refused(self, web: Web, enter: Enter) -> None:
        with enter("changer", Grant(Role.POLICE)) as (inside, _):
            page = inside.page
            inside.go("/account")
            page.fill("[data-test=password] [name=old]", "not the password")
            page.fill("[data-test=password] [name=new]", "another fine password")
            page.fill("[data-test=password] [name=again]", "another fine passwort")
            page.click("[data-test=change]")
            page.wait_for_selector("text=The two new passwords differ.")
            page.fill("[data-test=password] [name=again]", "another fine password")
            page.click("[data-test=change]")
            page.wait_for_selector("[data-test=password] [role=alert] >> text=The password is wrong.")
            page.fill("[data-test=password] [name=old]", PASSWORD)
            page.click("[data-test=change]")
            page.wait_for_selector("text=Your password is changed")
            assert page.input_value("[data-test=password] [name=new]") == ""
            inside.go("/account")
            assert "/account" in page.url


class TestUsersPage:
    def test_an_account_is_added_with_a_temporary_password_that_must_be_changed(
        self, web: Web, browser: Chromium, enter: Enter
    ) -> None:
        with enter("chief-add", Grant(Role.ADMINISTRATOR)) as (inside, _):
            page = inside.page
            inside.go("/admin/users")
            page.click("[data-test=add]")
            page.fill("[data-test=add-user] [name=name]", "lan.nguyen")
            page.fill("[data-test=add-user] [name=full_name]", "Nguyễn Thị Lan")
            page.click("[data-test=add-user] [data-test=do]")
            page.wait_for_selector("text=Choose where first")
            page.fill("[data-test=add-user] [type=search]", "yen phong")
            page.click("[data-test=add-user] .q-tree__node-header >> text=Yên Phong")
            shot(inside, "add-user")
            page.click("[data-test=add-user] [data-test=do]")
            password = page.inner_text("[data-test=secret]")
            page.click("[data-test=kept]")
            page.wait_for_url("**/admin/users/lan.nguyen")
            page.wait_for_selector("text=password to be changed")
            assert "Yên Phong" in page.inner_text("[data-test=grants]")
            shot(inside, "user")
            prefer(inside, language="vi")
            inside.go("/admin/users/lan.nguyen")
            shot(inside, "user-vi")
            inside.go("/admin/users")
            page.wait_for_selector("[data-account='lan.nguyen']")
            shot(inside, "users-vi")
        with tab(browser, web.url) as lan:
            lan.go("/login")
            lan.log_in("lan.nguyen", password)
            lan.page.wait_for_url("**/account")
            lan.go("/incidents")
            assert "/account" in lan.page.url
            shot(lan, "must-change")
            lan.page.fill("[name=old]", password)
            lan.page.fill("[name=new]", "con trâu đi trước")
            lan.page.fill("[name=again]", "con trâu đi trước")
            lan.page.click("[data-test=change]")
            lan.page.wait_for_selector("[data-test=rights]")
            lan.go("/incidents")
            assert "/incidents" in lan.page.url

    def test_grants_are_given_and_taken_and_the_list_is_searched(self, web: Web, enter: Enter) -> None:
        with web.database.session() as session:
            user = accounts.create(session, "minh-grants", PASSWORD, [Grant(Role.VIEWER)])
            people.change(session, user.id, {"full_name": "Trần Minh"})
        with enter("chief-grants", Grant(Role.ADMINISTRATOR)) as (inside, _):
            page = inside.page
            inside.go("/admin/users")
            page.fill("[name=q]", "trần minh")
            page.wait_for_selector("[data-account='minh-grants']")
            page.wait_for_selector("[data-account='chief-grants']", state="detached")
            page.wait_for_url("**/admin/users?q=*")
            page.click("text=minh-grants")
            page.click("[data-test=grant]")
            page.select_option("[data-test=give] [name=role]", "investigator")
            page.click("[data-test=give] .q-tree__node-header >> text=Everywhere")
            page.click("[data-test=give] [data-test=do]")
            page.wait_for_selector("[data-test=grants] >> text=investigator")
            page.click("[data-test=grants] li:has-text('viewer') [data-test=take]")
            page.click("[role=alertdialog] [data-test=do]")
            page.wait_for_selector("[data-test=grants] >> text=viewer", state="detached")
        with web.database.session() as session:
            assert people.get(session, "minh-grants").user.grants == {Grant(Role.INVESTIGATOR)}
            whats = [each.deed.what for each in audit.entries(session, Wanted(user="chief-grants"), limit=10)]
        assert {"grant.given", "grant.taken"} <= set(whats)

    def test_disabling_ends_what_is_open_and_is_asked_first(self, web: Web, enter: Enter) -> None:
        with (
            enter("victim", Grant(Role.POLICE)) as (theirs, _),
            enter("chief-off", Grant(Role.ADMINISTRATOR)) as (
                inside,
                _,
            ),
        ):
            page = inside.page
            inside.go("/admin/users/victim")
            page.click("[data-test=disable]")
            page.wait_for_selector("[role=alertdialog]")
            shot(inside, "disable")
            page.click("[role=alertdialog] [data-test=do]")
            page.wait_for_selector("[data-test=enable]")
            theirs.page.wait_for_timeout(5500)
            theirs.go("/incidents")
            assert "/login" in theirs.page.url

    def test_who_may_not_administer_everywhere_is_told_so(self, enter: Enter) -> None:
        with enter("district-chief", Grant(Role.ADMINISTRATOR, HERE)) as (inside, _):
            for path in ("/admin/users", "/admin/users/admin", "/admin/audit"):
                inside.go(path)
                inside.page.wait_for_selector("text=This is for administrators")
                assert "victim" not in inside.page.content()


class TestAuditPage:
    def test_records_are_found_unfolded_and_the_link_reproduces_it(self, web: Web, enter: Enter) -> None:
        with enter("auditor", Grant(Role.ADMINISTRATOR)) as (inside, _):
            page = inside.page
            inside.go("/admin/audit")
            page.wait_for_selector("[data-test=records] details")
            shot(inside, "audit")
            page.fill("[name=user]", "auditor")
            page.select_option("[name=kind]", "sign-in")
            page.press("[name=user]", "Enter")
            page.wait_for_url("**/admin/audit?user=auditor&kind=sign-in")
            page.wait_for_function("document.querySelectorAll('[data-test=records] details').length === 1")
            page.click("[data-test=records] summary")
            assert "127.0.0.1" in page.inner_text("[data-test=records] details")
            prefer(inside, language="vi")
            page.reload()
            page.wait_for_selector("[data-test=records] details")
            assert page.input_value("[name=user]") == "auditor"
            assert "Đăng nhập" in page.inner_text("[data-test=records] details")
            shot(inside, "audit-vi")
            with page.expect_download() as download:
                page.click("a[href*='format=csv']")
            text = Path(download.value.path()).read_text(encoding="utf-8-sig")
            assert text.splitlines()[0].startswith("seq,at,kind")
            assert "session.begun" in text
            page.fill("[name=from]", "32/13/2026")
            page.press("[name=from]", "Enter")
            page.wait_for_selector("[data-test=filter] [role=alert] >> text=Không đọc được")

    def test_the_chain_is_proved_by_a_button(self, web: Web, enter: Enter) -> None:
        with enter("prover", Grant(Role.ADMINISTRATOR)) as (inside, _):
            page = inside.page
            inside.go("/admin/audit")
            page.click("[data-test=verify]")
            page.wait_for_selector("[data-test=verdict] >> text=The chain is whole")
            head = page.inner_text("[data-test=head]")
            shot(inside, "proof")
            page.fill("[name=anchor]", head)
            page.click("[data-test=verify]")
            page.wait_for_selector("text=kept elsewhere is in it")
            page.fill("[name=anchor]", head[:-2] + ("00" if head[-2:] != "00" else "11"))
            page.click("[data-test=verify]")
            page.wait_for_selector("text=The chain was rewritten")
            shot(inside, "proof-broken")


@pytest.fixture
def asking(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Policy wants to know what a search is for, and the case when there is one."""
    monkeypatch.setitem(web.server.settings.policy.__dict__, "purpose", (Action.SEARCH,))


class TestReason:
    def test_it_is_asked_once_before_anything_is_searched_and_recorded_with_all_that_follows(
        self, web: Web, browser: Chromium, asking: None
    ) -> None:
        with web.database.session() as session:
            accounts.create(session, "reasoner", PASSWORD, [Grant(Role.POLICE)])
        with tab(browser, web.url) as inside:
            page = inside.page
            inside.go("/incidents?object=truck")
            inside.log_in("reasoner", PASSWORD)
            page.wait_for_selector("#purpose")
            prefer(inside, language="vi")
            page.reload()
            shot(inside, "reason-vi")
            page.fill("#purpose", "   ")
            page.press("#purpose", "Enter")
            page.wait_for_selector("[role=alert]")
            page.fill("#purpose", "điều tra vụ trộm")
            page.fill("#case_number", "12/2026")
            page.press("#case_number", "Enter")
            page.wait_for_url("**/incidents?object=truck")
            page.wait_for_selector(".cam-headbtn--reason >> text=12/2026")
            shot(inside, "reason-header-vi")
            page.click(".cam-headbtn--reason")
            page.wait_for_selector("#purpose")
            assert page.input_value("#purpose") == "điều tra vụ trộm"
            page.fill("#case_number", "13/2026")
            page.press("#case_number", "Enter")
            page.wait_for_url("**/incidents?object=truck")
            page.wait_for_selector(".cam-headbtn--reason >> text=13/2026")
        with web.database.session() as session:
            found = audit.entries(session, Wanted(user="reasoner", what="incidents.searched"), limit=9)
            given = audit.entries(session, Wanted(user="reasoner", what="reason.given"), limit=9)
        assert {each.deed.purpose for each in found} == {"điều tra vụ trộm"}
        assert {each.deed.case_number for each in found} == {"12/2026", "13/2026"}
        assert len(given) == 2

    def test_who_may_do_nothing_that_asks_for_it_is_not_asked(self, asking: None, enter: Enter) -> None:
        with enter("unasked") as (inside, _):
            inside.go("/account")
            assert inside.page.query_selector(".cam-headbtn--reason") is None
