"""Cases as people see them: things go in from wherever they are seen, and what lies elsewhere is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from camsvc.api.services.cases import items, people, register
from camsvc.api.services.cases.items import Wish
from camsvc.db.queries import accounts
from camsvc.domain.account import Grant, Role, User
from camsvc.domain.case import CaseRole
from camsvc.domain.incident import Incident
from tests.browser import Chromium, Tab, tab
from tests.web.conftest import PASSWORD, Web

SHOTS = Path(os.environ["SHOTS"]) if "SHOTS" in os.environ else None
"""Where to put pictures of the pages, for people to look at."""
YEN_PHONG, TU_SON = "bac-ninh/yen-phong", "bac-ninh/tu-son"
Enter = Callable[..., AbstractContextManager[Tab]]


@pytest.fixture
def enter(web: Web, browser: Chromium) -> Enter:
    """A tab of an account, which is made with these grants where it is not there yet."""

    @contextmanager
    def entered(name: str, *given: Grant, **options: object) -> Iterator[Tab]:
        account(web, name, *given)
        with tab(browser, web.url, **options) as opened:
            opened.go("/login")
            opened.log_in(name, PASSWORD)
            opened.page.wait_for_url(f"{web.url}/")
            yield opened
            assert not [each for each in opened.errors if "/whep" not in each], opened.errors
            assert not opened.foreign, opened.foreign

    return entered


def account(web: Web, name: str, *given: Grant) -> User:
    with web.database.session() as session:
        try:
            return accounts.find(session, name)
        except Exception:  # noqa: BLE001  it is not there yet
            return accounts.create(session, name, PASSWORD, list(given))


def shot(opened: Tab, name: str) -> None:
    if SHOTS is not None:
        opened.page.wait_for_timeout(700)
        opened.page.screenshot(path=str(SHOTS / f"{name}.png"))


def preferring(opened: Tab, web: Web, **cookies: str) -> None:
    opened.page.context.add_cookies(
        [{"name": f"camsvc_{name}", "value": value, "url": web.url} for name, value in cookies.items()]
    )


@pytest.fixture(scope="module")
def elsewhere(web: Web, footage: Path) -> Incident:
    """An incident of another agency's area."""
    film = footage / "ped_onebyone_indoor.mp4"
    return web.recorder.record(
        "tu-son-01", film, web.now - timedelta(minutes=31), [], cuts_s=((0, 5),), thumbnail_s=2.0
    )


def test_an_incident_goes_into_a_new_case_by_one_key_and_out_again(web: Web, enter: Enter, walkers: Incident) -> None:
    with enter("collector-1", Grant(Role.INVESTIGATOR)) as lan:
        lan.go(f"/incidents/{walkers.id}")
        lan.page.wait_for_selector("[data-test=in-cases] >> text=In none of your cases")
        lan.page.keyboard.press("c")
        lan.page.fill(".cam-casedialog input[name=number]", "41/2026")
        lan.page.fill(".cam-casedialog input[name=title]", "Trộm xe máy ở chợ Chờ")
        lan.page.fill(".cam-casedialog input[name=comment]", "Hai người đi về phía cổng")
        shot(lan, "collect-new")
        lan.page.click("[data-test=collect-do]")
        lan.page.wait_for_selector("[data-test=collected] >> text=is in case 41/2026")
        lan.page.wait_for_selector("[data-test=in-cases] >> text=41/2026")
        shot(lan, "collected")
        lan.page.click("[data-test=collected-undo]")
        lan.page.wait_for_selector("[data-test=in-cases] >> text=In none of your cases")
        lan.page.keyboard.press("c")  # the case is remembered: no question any more
        lan.page.wait_for_selector("[data-test=in-cases] >> text=41/2026")
        lan.page.click("[data-test=collected-open]")
        lan.page.wait_for_selector("[data-test=case-title] >> text=Trộm xe máy")
        lan.page.wait_for_selector("[data-kind=incident]")
        lan.page.click("[data-test=remove-item]")
        lan.page.click("[data-test=put-back]")
        lan.page.wait_for_selector("[data-kind=incident]")
