"""Cameras with their states, and that nothing from outside becomes markup."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from camsvc.config import AreaConfig
from camsvc.db.queries import areas, cameras
from camsvc.domain.camera import CameraState
from camsvc.domain.incident import GapReason
from tests.browser import Tab
from tests.web import town
from tests.web.conftest import Web

ROWS = ".cam-list[data-ready] [data-id]"


@pytest.fixture
def sick(web: Web) -> None:
    now = datetime.now(UTC)
    states = {
        "cho-03": (CameraState.RETRYING, "no answer from rtsp://viewer:hidden-secret@192.0.2.7/x for 10 s"),
        "tu-son-03": (CameraState.REFUSED, "401 Unauthorized"),
    }
    town.report(web.database, now, states)


def test_sick_cameras_come_first_with_icon_word_time_and_reason(inside: Tab, sick: None) -> None:
    inside.go("/")
    inside.page.wait_for_function(f"document.querySelectorAll('{ROWS}').length === 8")
    inside.page.wait_for_selector("[data-id='tu-son-03'][data-state=refused]")
    inside.page.wait_for_selector("[data-id='cho-03'][data-state=retrying]")  # each comes by itself
    rows = inside.page.eval_on_selector_all(ROWS, "(rows) => rows.map((row) => row.dataset.id)")
    assert rows[0] == "tu-son-03"
    assert rows.index("cho-03") <= 2  # other modules may have made gaps at one other camera
    told = inside.page.inner_text("[data-id='tu-son-03']")
    assert "Refused" in told
    assert "401 Unauthorized" in told
    assert "last picture" in told
    assert inside.page.inner_text("[data-id='tu-son-03'] .cam-badge .material-icons") == "lock"
    assert "min" in inside.page.inner_text("[data-id='cho-03'] .cam-badge") or "h" in inside.page.inner_text(
        "[data-id='cho-03'] .cam-badge"
    )


def test_a_change_of_state_shows_without_reloading(inside: Tab, web: Web) -> None:
    town.report(web.database, datetime.now(UTC))
    inside.go("/")
    inside.page.wait_for_selector("[data-id='cho-02'][data-state=live]")
    town.report(web.database, datetime.now(UTC), {"cho-02": (CameraState.RETRYING, "timed out")})
    inside.page.wait_for_selector("[data-id='cho-02'][data-state=retrying]")
    inside.page.wait_for_selector("[data-place='cho-02'] .cam-pin--retrying")


def test_cameras_are_found_by_name_without_diacritics_by_area_and_by_state(inside: Tab, sick: None, web: Web) -> None:
    inside.go("/")
    inside.page.wait_for_function(f"document.querySelectorAll('{ROWS}').length === 8")
    inside.page.fill("[name=search]", "cho cho cong")
    inside.page.wait_for_function(f"document.querySelectorAll('{ROWS}').length === 1")
    inside.page.fill("[name=search]", "")
    inside.page.select_option("select", "bac-ninh/tu-son")
    inside.page.wait_for_function(f"document.querySelectorAll('{ROWS}').length === 3")
    inside.page.click("[data-state=refused].cam-chip")
    inside.page.wait_for_function(f"document.querySelectorAll('{ROWS}').length === 1")
    inside.page.wait_for_url(f"{web.url}/?area=bac-ninh/tu-son&state=refused")
    inside.page.reload()
    inside.page.wait_for_function(f"document.querySelectorAll('{ROWS}').length === 1")


def test_a_camera_opens_from_the_map_by_keyboard_and_back_returns(inside: Tab, web: Web) -> None:
    town.gap(web.database, "cho-01", web.now - timedelta(hours=5), 130, GapReason.STALL)
    inside.go("/")
    inside.page.wait_for_selector(".cam-map[data-ready]")
    inside.page.focus("[data-place='cho-01']")
    inside.page.keyboard.press("Enter")
    inside.page.wait_for_url(f"{web.url}/cameras/cho-01")
    detail = inside.page.inner_text(".cam-detail")
    assert "Chợ Chờ, cổng chính" in detail
    assert "Bắc Ninh › Yên Phong › Thị trấn Chờ" in detail
    assert "the camera sent nothing" in detail
    assert "rtsp://192.0.2.7:554" in detail
    inside.page.go_back()
    inside.page.wait_for_selector(ROWS)
    assert inside.page.url == f"{web.url}/"


def test_no_credential_reaches_a_page(inside: Tab, sick: None) -> None:
    received: list[str] = []
    inside.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(str(frame))))
    for path in ("/", "/cameras/cho-01", "/cameras/cho-03", "/incidents"):
        inside.go(path)
        inside.page.wait_for_selector("[data-ready]", state="attached")
        inside.page.wait_for_timeout(300)
        assert town.SECRET not in inside.page.content()
    assert received
    assert not any(town.SECRET in frame for frame in received)


EVIL = (
    "<img src=x onerror=alert(1)>",
    "</script><script>window.pwned=1</script>",
    "{{constructor.constructor('window.pwned=1')()}}",
    "`${window.pwned=1}` &lt;b&gt; \"'",
)


@pytest.fixture
def evil(web: Web) -> Iterator[dict[str, str]]:
    """Names by id of cameras (and areas) that somebody named with malice."""
    named = {f"evil-{number}": name for number, name in enumerate(EVIL)}
    with web.database.session() as session:
        for id_, name in named.items():
            areas.put(session, AreaConfig(path=id_, name=name))
            cameras.put(session, town.camera(id_, name, id_, (21.11, 105.97, 0.0)), web.cipher)
    yield named
    with web.database.session() as session:
        for id_ in named:
            cameras.remove(session, id_)


def test_names_from_outside_are_shown_as_they_are_and_never_run(inside: Tab, evil: dict[str, str]) -> None:
    dialogs: list[str] = []
    inside.page.on("dialog", lambda dialog: dialogs.extend([dialog.message, str(dialog.dismiss())]))
    inside.go("/")
    inside.page.wait_for_selector("[data-id=evil-3]")
    for id_, name in evil.items():
        assert inside.page.inner_text(f"[data-id={id_}] .cam-row__name") == " ".join(name.split())
    for path in ("/incidents?camera=evil-1&area=evil-2", "/incidents?view=map", *(f"/cameras/{id_}" for id_ in evil)):
        inside.go(path)
        inside.page.wait_for_selector("[data-ready]", state="attached")
        inside.page.wait_for_timeout(150)
        assert not inside.page.evaluate("Boolean(window.pwned)")
        assert inside.page.locator("img[src=x]").count() == 0
    inside.page.hover("[data-place=evil-3]", force=True)
    inside.page.wait_for_selector(".cam-map__tip")
    assert inside.page.inner_text(".cam-map__tip strong") in evil.values()
    assert not dialogs
