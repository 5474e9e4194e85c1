"""Cases as people see them: things go in from wherever they are seen, and what lies elsewhere is asked for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from camsvc.api.services.cases import holding, items, people, register
from camsvc.api.services.cases.items import Wish
from camsvc.db.queries import accounts
from camsvc.domain.account import Grant, Role
from camsvc.domain.case import CaseRole
from camsvc.domain.incident import Incident
from tests.web.conftest import Enter, Web, account, prefer, shot

YEN_PHONG, TU_SON = "bac-ninh/yen-phong", "bac-ninh/tu-son"


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
        lan.page.wait_for_selector(".cam-casedialog", state="detached")
        lan.page.wait_for_selector("[data-test=collected] >> text=is in case 41/2026")
        lan.page.wait_for_selector("[data-test=in-cases] >> text=41/2026")
        shot(lan, "collected")
        lan.page.click("[data-test=collected-undo]")
        lan.page.wait_for_selector("[data-test=in-cases] >> text=In none of your cases")
        lan.page.keyboard.press("c")  # the case is remembered: no question any more
        lan.page.wait_for_selector("[data-test=in-cases] a >> text=41/2026")
        lan.page.click("[data-test=collected-open]")
        lan.page.wait_for_selector("[data-test=case-title] >> text=Trộm xe máy")
        lan.page.wait_for_selector("[data-kind=incident]")
        lan.page.click("[data-test=remove-item]")
        lan.page.wait_for_selector("[data-kind=incident]", state="detached")
        lan.page.click("[data-test=put-back]")
        lan.page.wait_for_selector("[data-kind=incident]")
        lan.page.click("[data-test=remove-item]")
        lan.page.wait_for_selector("[data-kind=incident]", state="detached")
        case = int(lan.page.url.rpartition("/")[2])
        register.close(web.server, account(web, "collector-1"), case, "Đã chuyển viện kiểm sát")
        lan.page.click("[data-test=put-back]")  # too late
        lan.page.wait_for_selector(".q-notification:has-text('closed')")


def test_what_lies_elsewhere_is_asked_for_and_given_by_somebody_of_there(
    web: Web, enter: Enter, walkers: Incident, elsewhere: Incident
) -> None:
    lead = account(web, "collector-2", Grant(Role.INVESTIGATOR))
    account(web, "collector-3", Grant(Role.INVESTIGATOR, YEN_PHONG))
    case = register.add(
        web.server,
        lead,
        register.Wish("42/2026", "Gây rối trật tự công cộng", "Nhóm thanh niên tụ tập trước cổng trường, tối 22/11."),
    ).case
    people.put(web.server, lead, case.id, "collector-3", CaseRole.MEMBER)
    ends = walkers.started_at + timedelta(minutes=14)
    items.add(
        web.server,
        lead,
        case.id,
        [
            Wish(incident=walkers.id, comment="Hai người mặc áo đỏ"),
            Wish(incident=elsewhere.id),
            Wish(camera="cho-02", from_at=walkers.started_at + timedelta(minutes=4), to_at=ends),
        ],
    )
    with enter("collector-3") as minh, enter("decider-1", Grant(Role.INVESTIGATOR, TU_SON)) as hoa:
        minh.go(f"/cases/{case.id}")
        closed = minh.page.locator(".cam-piece--closed")
        closed.wait_for()
        assert "tu-son" not in minh.page.content()
        shot(minh, "case")
        closed.locator("[data-test=ask-for]").click()
        minh.page.fill(".cam-casedialog textarea[name=reason]", "Cùng nhóm người, cần xem hướng đi")
        shot(minh, "ask-for")
        minh.page.click("[data-test=request-do]")
        minh.page.wait_for_selector(".cam-request--asked")
        hoa.go("/footage-requests")
        hoa.page.click("[data-test=decide-request]")
        hoa.page.fill(".cam-casedialog textarea[name=words]", "Đồng ý cung cấp")
        shot(hoa, "decide")
        hoa.page.click("[data-test=decide-do]")
        hoa.page.wait_for_selector(".cam-request--approved")
        shot(hoa, "inbox")
        minh.go(f"/cases/{case.id}")
        minh.page.wait_for_selector(f".cam-piece a[href='/incidents/{elsewhere.id}']")
        assert not closed.count()
        minh.page.click("[data-test=case-map] >> visible=true")
        minh.page.click("[data-test=case-history] summary")
        minh.page.fill("[data-test=case-notes] textarea", "Đã gọi cho chủ cửa hàng, hẹn 8 giờ sáng mai.")
        minh.page.click("[data-test=add-note]")
        minh.page.wait_for_selector(".cam-case__note >> text=chủ cửa hàng")
        shot(minh, "case-open")
        prefer(minh, language="vi", theme="dark")
        minh.go(f"/cases/{case.id}")
        minh.page.wait_for_selector("[data-kind=span]")
        shot(minh, "case-vi-dark")
        minh.page.set_viewport_size({"width": 390, "height": 844})
        shot(minh, "case-phone")
        assert minh.page.evaluate("document.querySelector('.cam-page').scrollWidth") <= 390
        minh.go("/cases")
        minh.page.wait_for_selector(f"[data-case='{case.id}']")
        shot(minh, "cases-phone")
        minh.page.set_viewport_size({"width": 1366, "height": 768})
        shot(minh, "cases-vi-dark")


def test_a_picture_and_a_marked_stretch_of_a_clip_go_into_the_case(web: Web, enter: Enter, walkers: Incident) -> None:
    with enter("collector-4", Grant(Role.INVESTIGATOR)) as lan:
        with web.database.session() as session:
            lead = accounts.find(session, "collector-4")
        case = register.add(web.server, lead, register.Wish("43/2026", "Va chạm giao thông")).case
        prefer(lan, case=str(case.id))
        lan.go(f"/incidents/{walkers.id}")
        lan.page.wait_for_selector(".cam-player[data-ready]")
        lan.page.wait_for_function("document.querySelector('.cam-player video').readyState >= 2")
        lan.page.keyboard.press("i")
        lan.page.keyboard.press("Shift+ArrowRight")
        lan.page.wait_for_timeout(300)
        lan.page.keyboard.press("o")
        lan.page.wait_for_selector(".cam-marked")
        shot(lan, "marked")
        lan.page.click("[data-test=span-to-case]")
        lan.page.wait_for_selector("[data-test=collected] >> text=Footage of a camera")
        lan.page.keyboard.press("Home")
        lan.page.wait_for_timeout(300)
        lan.page.keyboard.press("s")
        lan.page.wait_for_selector("[data-test=collected] >> text=Picture")
        lan.go(f"/cases/{case.id}")
        lan.page.click("[data-kind=snapshot] .cam-piece__picture")
        lan.page.wait_for_function("document.querySelector('.cam-case__picture')?.naturalWidth === 640")
        shot(lan, "picture")
    kinds = {each.item.kind.value: each.item for each in items.listed(web.server, lead, case.id)}
    assert set(kinds) == {"span", "snapshot"}
    assert walkers.clip is not None
    first = walkers.clip.parts[0].started_at
    assert abs(kinds["snapshot"].from_at - first) < timedelta(milliseconds=50)


def test_a_case_is_held_by_its_lead_and_let_go_by_somebody_who_was_put_on_it(
    web: Web, enter: Enter, elsewhere: Incident
) -> None:
    lead, second = account(web, "collector-5", Grant(Role.INVESTIGATOR)), account(web, "minh", Grant(Role.INVESTIGATOR))
    case = register.add(web.server, lead, register.Wish("44/2026", "Trộm cắp tài sản")).case
    items.add(web.server, lead, case.id, [Wish(incident=elsewhere.id)])
    with enter("collector-5") as lan:
        lan.go(f"/cases/{case.id}")
        lan.page.click("[data-test=hold-case]")
        lan.page.fill(".cam-casedialog textarea[name=reason]", "Chờ giám định")
        shot(lan, "case-hold-dialog")
        lan.page.click("[data-test=hold-do]")
        lan.page.wait_for_selector("[data-test=case-hold] >> text=All of it that you may see is held")
        lan.page.wait_for_selector("[data-kind=incident] .cam-badge--ok")
        lan.page.click("[data-test=add-person]")
        lan.page.fill(".cam-casedialog input[name=person]", "nobody")
        lan.page.click("[data-test=case-do]")
        lan.page.wait_for_selector(".cam-casedialog [role=alert] >> visible=true")
        lan.page.fill(".cam-casedialog input[name=person]", "minh")
        shot(lan, "case-person-dialog")
        lan.page.click("[data-test=case-do]")
        person = lan.page.locator("[data-test=case-people] [data-name=minh]")
        person.wait_for()
        lan.page.click("[data-test=hold-request]")
        lan.page.fill(".cam-casedialog textarea[name=reason]", "Đã xét xử")
        lan.page.click("[data-test=hold-do]")
        lan.page.wait_for_selector("[data-test=case-hold] >> text=A second person must agree")
        holding.release(web.server, second, case.id, "Đồng ý")
        person.locator("select").select_option("reader")
        lan.page.wait_for_selector("[data-test=case-hold] >> text=Not held")
        person.locator("button").click()
        lan.page.click("[data-test=do]")
        person.wait_for(state="detached")
    assert [each.user_name for each in register.get(web.server, lead, case.id).people] == ["collector-5"]
