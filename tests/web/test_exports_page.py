"""Exports as people make them: the dialog with its preview, a job that is followed, the list, the download."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from camsvc.api.services.exports.runner import NO_ROOM, UNFORESEEN
from camsvc.db.queries import accounts, exports, grants
from camsvc.domain.account import Grant, Role
from camsvc.domain.export_job import Contents
from camsvc.domain.incident import Incident
from camsvc.evidence.identity import SigningIdentity
from camsvc.evidence.renditions import STILL_SEEN
from camsvc.evidence.verification import verify
from camsvc.web import who
from camsvc.web.language import language
from camsvc.web.noticing import why_failed
from camsvc.web.pages.exporting import COURT, SHARE, contents_of
from tests.web.conftest import Enter, Web, shot

INVESTIGATOR = Grant(Role.INVESTIGATOR)


def test_a_package_is_made_in_the_dialog_followed_fetched_and_holds(
    web: Web, enter: Enter, walkers: Incident, tmp_path: Path
) -> None:
    with enter("exporter-1", INVESTIGATOR, accept_downloads=True) as opened:
        page = opened.page
        opened.go(f"/incidents/{walkers.id}")
        page.click("[data-test=export]")
        page.wait_for_selector("[data-test=sums]")
        assert page.locator(".xp__item").count() == 1
        assert page.locator(".xp__has").count() == len(walkers.clip.parts if walkers.clip else ())
        before = page.locator("[data-test=sums]").inner_text()
        page.click("text=Own choice")
        page.uncheck("input[name=viewing]")
        page.wait_for_function("before => document.querySelector('[data-test=sums]')?.innerText !== before", arg=before)
        shot(opened, "export-dialog")
        page.uncheck("input[name=provenance]")
        page.fill(".xp__form textarea[name=reason]", "Street robbery")
        page.fill(".xp__form input[name=case]", "HS-2026/7")
        page.click("[data-test=export-do]")
        page.wait_for_selector(".xp__following .xp-card[data-state=done]", timeout=40_000)
        shot(opened, "export-made")
        page.click("a[href='/exports']:visible >> nth=0")
        page.wait_for_url("**/exports")
        page.wait_for_selector(".xp-card[data-state=done]")
        page.click("[data-test=prints]")
        shot(opened, "exports-list")
        sha256 = page.locator("[data-test=sha256]").inner_text()
        with page.expect_download() as download:
            page.click("[data-test=fetch-package]")
        file = tmp_path / "package.zip"
        download.value.save_as(str(file))
        assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256
        assert verify(file).holds
        page.click("[data-test=delete]")
        page.click("[data-test=do]")
        page.wait_for_selector(".xp-card[data-state=expired]")


def test_gaps_are_drawn_as_gaps_before_anything_is_made(web: Web, enter: Enter, footage: Path) -> None:
    film = footage / "ped_tud_stadtmitte.mp4"
    torn = web.recorder.record("tu-son-02", film, web.now - timedelta(days=51), cuts_s=((0, 2), (4, 7)))
    with enter("exporter-3", INVESTIGATOR, language="vi", color_scheme="dark") as opened:
        page = opened.page
        opened.go(f"/incidents/{torn.id}")
        page.click("[data-test=export]")
        page.wait_for_selector("[data-warning=gaps]")
        assert page.locator(".xp__has").count() == 2
        hole, line = page.locator(".xp__hole").bounding_box(), page.locator(".xp__line").bounding_box()
        assert 0.15 < hole["width"] / line["width"] < 0.5
        assert "thiếu 0:02" in page.locator(".xp__gap").first.inner_text()
        shot(opened, "export-gaps-dark-vi")


def test_a_recipient_is_named_before_anything_is_encrypted_for_them(
    enter: Enter, walkers: Incident, tmp_path: Path
) -> None:
    theirs = SigningIdentity.fresh("Viện kiểm sát tỉnh")
    (tmp_path / "theirs.pem").write_text(theirs.certificate)
    (tmp_path / "wrong.pem").write_text("no certificate")
    with enter("exporter-2", INVESTIGATOR, language="vi", viewport={"width": 390, "height": 844}) as opened:
        page = opened.page
        opened.go(f"/incidents/{walkers.id}")
        page.click("[data-test=export]")
        page.wait_for_selector("[data-test=sums]")
        page.set_input_files("[data-test=recipient]", str(tmp_path / "wrong.pem"))
        page.wait_for_selector("[data-test=recipient-said].cam-field__error")
        page.set_input_files("[data-test=recipient]", str(tmp_path / "theirs.pem"))
        page.wait_for_selector("[data-test=recipient-said] >> text=Viện kiểm sát tỉnh")
        shot(opened, "export-dialog-phone-vi")
        page.click("text=Chia sẻ")
        page.wait_for_selector(f"[data-test=redact][href='/incidents/{walkers.id}/redact']")


def test_who_administers_no_more_is_led_from_the_exports_of_all_to_their_own(
    web: Web, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(who, "FRESH_S", 0.0)
    with enter("exporter-4", Grant(Role.ADMINISTRATOR)) as opened:
        opened.go("/exports?everyone=true")
        opened.page.wait_for_selector("[data-test=room] .xp__told")
        with web.database.session() as session:
            user = accounts.find(session, "exporter-4").id
            grants.give(session, user, INVESTIGATOR)
            grants.take(session, user, Grant(Role.ADMINISTRATOR))
        opened.page.evaluate("fetch('/account')")
        with web.database.session() as session:
            exports.tell(session, user, uuid4())
        opened.page.wait_for_url("**/exports")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (STILL_SEEN.format(incident="0193", n=3) + ": draw it", "3 lần, trong sự việc 0193. Hãy vẽ thêm"),
        (NO_ROOM, "ổ đĩa của kho lưu trữ sắp đầy"),
        (UNFORESEEN, "Hãy báo quản trị viên"),
        ("evidence.tsa_url: no answer", "Không lập được gói. evidence.tsa_url: no answer"),
        (None, "Không lập được gói."),
    ],
)
def test_why_no_package_was_made_is_told_in_the_language_of_the_page(error: str | None, said: str) -> None:
    assert said in why_failed(language("vi"), error)


def test_the_presets_never_mix_originals_with_what_is_redacted() -> None:
    assert contents_of({"preset": ["court"], "language": ["vi"]}) == Contents(viewing=COURT.viewing, languages=("vi",))
    shared = contents_of({"preset": ["share"], "language": ["vi", "en"], "originals": ["on"]})
    assert shared == SHARE
    assert (shared.originals, shared.thumbnails, shared.tracks) == (False, False, False)
    own = contents_of({"preset": ["own"], "redacted": ["on"], "language": ["xx"]})
    assert (own.redacted, own.originals, own.languages) == (True, False, ())
