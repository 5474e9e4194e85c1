"""Agencies as an administrator sees them: added, joined, kept while accounts are of them."""

from __future__ import annotations

from uuid import uuid4

from camsvc.db.queries import accounts, agencies
from camsvc.domain.account import Role
from tests.browser import Tab
from tests.web.conftest import PASSWORD, Web

DISTRICT = "bac-ninh/yen-phong"


def test_an_agency_is_added_joined_and_kept_while_an_account_is_of_it(web: Web, inside: Tab) -> None:
    name, account = f"Công an {uuid4().hex[:6]}", f"member-{uuid4().hex[:6]}"
    with web.database.session() as session:
        accounts.create(session, account, PASSWORD, [Role.POLICE])
    page = inside.page
    inside.go("/admin/agencies")
    page.click("[data-test=add]")
    page.fill("[data-test=agency] input[name=name]", name)
    page.click("[data-test=do]")
    page.wait_for_selector("[role=alert]:has-text('Choose where first')")
    page.fill("[data-test=agency] input[type=search]", "Yên Phong")
    page.locator(".q-tree__node-header:has-text('Yên Phong') .q-checkbox").click()
    page.click("[data-test=do]")
    row = page.locator(f"tr:has-text('{name}')")
    row.wait_for()
    with web.database.session() as session:
        [made] = [each.agency for each in agencies.all_agencies(session) if each.agency.name == name]
    assert made.areas == (DISTRICT,)

    inside.go(f"/admin/users/{account}")
    page.select_option("select[name=agency]", label=name)
    page.click("[data-test=save]")
    page.wait_for_selector("text=/^Saved/ >> visible=true")
    with web.database.session() as session:
        assert accounts.find(session, account).agency == made

    inside.go("/admin/agencies")
    row.locator("button[title='Remove this agency']").click()
    page.click("[role=alertdialog] [data-test=do]")
    page.wait_for_selector("text=1 accounts are of")
    assert row.is_visible()
