"""Footage that is not what was recorded, as people see it: never as if it were fine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from camsvc.domain.incident import Incident
from tests.browser import Chromium, Tab, tab
from tests.sealed import overwrite
from tests.web.conftest import Passage, Web, prefer, shot


@pytest.fixture
def looking(web: Web, browser: Chromium, passage: Passage) -> Iterator[Tab]:
    """As ``inside``; that the player is refused a clip is what is tested here."""
    with tab(browser, web.url, storage_state=passage) as opened:
        yield opened
        assert not opened.foreign, opened.foreign


def altered(web: Web, footage: Path, days: int) -> Incident:
    film = footage / "ped_onebyone_indoor.mp4"
    incident = web.recorder.record("cho-01", film, web.now - timedelta(days=days), cuts_s=((0, 6), (8, 12)))
    assert incident.clip is not None
    part = incident.clip.parts[0]
    with web.server.store.open(part.key) as chunks:
        data = b"".join(chunks)
    overwrite(web.server.store, part.key, data[:-1] + bytes([data[-1] ^ 1]))
    return incident


def test_who_plays_altered_footage_is_told_while_they_look_and_so_is_everybody_after_them(
    web: Web, footage: Path, looking: Tab
) -> None:
    incident = altered(web, footage, days=47)
    page: Any = looking.page
    looking.go(f"/incidents/{incident.id}?play=1")
    page.wait_for_selector("[data-fault=altered] >> text=part 1 of the clip")
    shot(looking, "fault-incident")
    day = incident.started_at
    asked = f"from={(day - timedelta(hours=1)):%Y-%m-%dT%H:%M:%SZ}&to={(day + timedelta(hours=1)):%Y-%m-%dT%H:%M:%SZ}"
    looking.go(f"/incidents?{asked}")
    page.wait_for_selector(".cam-mark--bad >> text=Footage altered")
    shot(looking, "fault-results")
    looking.go("/admin/storage")
    page.wait_for_selector(f"[data-test=fault-list] a[href='/incidents/{incident.id}']")
    shot(looking, "fault-storage")
    prefer(looking, language="vi")
    looking.go(f"/incidents/{incident.id}")
    page.wait_for_selector("[data-fault=altered] >> text=Đoạn hình này đã bị sửa đổi.")
    shot(looking, "fault-incident-vi")
    looking.go("/admin/storage")
    page.wait_for_selector("[data-test=fault-list]")
    shot(looking, "fault-storage-vi")
    prefer(looking, language="en")
