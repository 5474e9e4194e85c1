"""The page that checks a package: dropped, told in sentences, shown from the file itself."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from camsvc.domain.account import Grant, Role
from camsvc.domain.export_job import Contents, Subjects
from camsvc.domain.incident import Incident
from camsvc.evidence.checks import Check
from camsvc.evidence.contents import Request
from camsvc.evidence.identity import SigningIdentity
from camsvc.evidence.package import Means, Options, export
from camsvc.web.components.verify import KNOWN_CHECKS
from tests.browser import Tab
from tests.web.conftest import Enter, Web, shot


@pytest.fixture(scope="module")
def package(web: Web, walkers: Incident, tmp_path_factory: pytest.TempPathFactory) -> Path:
    server = web.server
    file = io.BytesIO()
    export(
        Means(server.database, server.store, server.cipher, server.settings, server.clock),
        Request(Subjects((walkers.id,)), "Điều tra vụ cướp giật", "Đại úy Trần Văn A", "HS-2026/114"),
        file,
        Options(contents=Contents(provenance=False)),
    )
    path = tmp_path_factory.mktemp("package") / "case.zip"
    path.write_bytes(file.getvalue())
    return path


@pytest.fixture
def clerk(enter: Enter) -> Enter:
    """A tab of somebody who sees no footage at all."""

    @contextmanager
    def entered(name: str, language: str = "en") -> Iterator[Tab]:
        with enter(name, Grant(Role.VIEWER, "bac-ninh/tu-son"), language=language) as opened:
            opened.go("/verify")
            opened.page.wait_for_selector(".vfy[data-ready]")
            yield opened

    return entered


def test_a_genuine_package_is_called_so_and_its_clip_plays_from_the_file(package: Path, clerk: Enter) -> None:
    with clerk("verify-1") as opened:
        page = opened.page
        shot(opened, "verify-empty")
        page.set_input_files("[data-test=package]", str(package))
        page.wait_for_selector("[data-ruling=holds]")
        shot(opened, "verify-holds")
        assert page.locator("[data-outcome=fails]").count() == 0
        assert page.locator("[data-check=certificate][data-outcome=holds]").count() == 1
        assert page.locator("[data-check=custody][data-outcome=holds]").count() == 1
        page.wait_for_function("document.querySelector('.vfy__card img').naturalWidth > 0")
        page.click(".vfy__plays button")
        page.wait_for_function("document.querySelector('.vfy__card video').readyState >= 2")
        page.locator(".vfy__card").first.scroll_into_view_if_needed()
        shot(opened, "verify-plays")


def test_a_changed_package_is_refused_with_the_file_that_was_changed(
    package: Path, clerk: Enter, tmp_path: Path
) -> None:
    changed = bytearray(package.read_bytes())
    changed[changed.index(b"mdat") + 5000] ^= 1
    file = tmp_path / "changed.zip"
    file.write_bytes(changed)
    with clerk("verify-2", "vi") as opened:
        page = opened.page
        page.set_input_files("[data-test=package]", str(file))
        page.wait_for_selector("[data-ruling=fails]")
        shot(opened, "verify-fails-vi")
        told = page.locator("[data-check=files]").inner_text()
        assert "clip-0000.mp4" in told
        assert "nội dung đã bị sửa" in told
        assert page.locator(".vfy__card img, .vfy__plays").count() == 0
        page.click("[data-test=another]")
        page.wait_for_selector("[data-test=package]", state="attached")


def test_the_certificate_of_an_unknown_signer_is_compared_with_a_given_one(
    web: Web, walkers: Incident, clerk: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, stranger = SigningIdentity.fresh("Công an tỉnh Bắc Giang"), SigningIdentity.fresh("Somebody")
    monkeypatch.setattr("camsvc.evidence.keeping.current", lambda *_: other)
    server, file = web.server, tmp_path / "foreign.zip"
    with file.open("wb") as sink:
        export(
            Means(server.database, server.store, server.cipher, server.settings, server.clock),
            Request(Subjects((walkers.id,)), "Phối hợp", "Công an tỉnh Bắc Giang"),
            sink,
            Options(contents=Contents(provenance=False)),
        )
    (tmp_path / "theirs.pem").write_text(other.certificate)
    (tmp_path / "wrong.pem").write_text(stranger.certificate)
    with clerk("verify-3") as opened:
        page = opened.page
        page.set_input_files("[data-test=package]", str(file))
        page.wait_for_selector("[data-ruling=unknown_signer]")
        page.set_input_files("[data-test=certificate]", str(tmp_path / "wrong.pem"))
        page.wait_for_selector("[data-vouches=false]")
        page.wait_for_selector("[data-ruling=other]")
        page.wait_for_selector("[data-check=certificate][data-outcome=fails]")
        page.set_input_files("[data-test=certificate]", str(tmp_path / "theirs.pem"))
        page.wait_for_selector("[data-vouches=true]")
        page.wait_for_selector("[data-ruling=given]")
        shot(opened, "verify-unknown")


def test_every_check_has_its_sentences() -> None:
    assert {each.value for each in Check} <= KNOWN_CHECKS
