"""All cameras with their health, in a table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from nicegui.element import Element

from camsvc.domain.camera import CameraState
from camsvc.web.components.cameras import FRESH, why
from camsvc.web.health import CLOCK_WRONG_MS, HOUR_S, Health, clock_error_ms, trouble_rank
from camsvc.web.lookout import Snapshot
from camsvc.web.words import CAMERA_ICONS, Words

TEXTS = (
    *(
        f"camlist.{name}"
        for name in (
            "ago",
            "clock",
            "fps",
            "incident",
            "last",
            "missing",
            "name",
            "never",
            "none",
            "nothing",
            "now",
            "rate",
            "since",
            "state",
        )
    ),
    "unit.day",
    "unit.hour",
    "unit.minute",
    "unit.second",
)
MISSING_BAD = 0.05
"""Share of a day."""


class CameraTable(Element, component="camera_table.js"):
    def __init__(self, words: Words) -> None:
        super().__init__()
        self.props["rows"] = []
        self.props["server-ms"] = 0
        self.props["locale"] = words.language.code
        self.props["texts"] = words.language.some(TEXTS)

    def show(self, rows: Sequence[dict[str, Any]], at: datetime) -> None:
        """Nothing is sent while nothing changed: the browser counts the seconds itself."""
        if self.props["rows"] != rows:
            self.props["rows"] = list(rows)
            self.props["server-ms"] = _ms(at)
            self.update()


def row(camera: str, snapshot: Snapshot, health: Health, words: Words) -> dict[str, Any]:
    """How a camera of ``snapshot`` is listed."""
    say = words.language
    entry, status = snapshot.directory.cameras[camera], snapshot.statuses[camera]
    last, error_ms = status.last_packet_at, clock_error_ms(status)
    fresh = last is not None and snapshot.at - last < FRESH
    dark_s = health.dark_s(status, snapshot.at)
    missing_s = health.missing_s(status, snapshot.at)
    unseen_s = health.unseen_s(camera)
    newest = health.newest.get(camera)
    is_live = status.state is CameraState.LIVE
    share = missing_s / health.over_s
    return {
        "id": camera,
        "href": f"/admin/cameras/{quote(camera, safe='')}",
        "name": entry.name,
        "area": snapshot.directory.area_name(entry.area),
        "state": status.state.value,
        "state_text": say(f"camera_state.{status.state.value}"),
        "icon": CAMERA_ICONS[status.state],
        "why": why(status, words),
        "trouble": trouble_rank(status, health, snapshot.at),
        "since_ms": _ms(status.since),
        "fresh": fresh,
        "last_ms": _ms(last) if last and not fresh else None,
        "dark": "camtable__bad" if dark_s >= HOUR_S else "",
        "fps": None if status.fps is None or not is_live else round(status.fps, 1),
        "rate": None if status.bitrate_bps is None or not is_live else round(status.bitrate_bps / 1e6, 1),
        "clock_ms": error_ms,
        "clock": "–" if error_ms is None else words.milliseconds(error_ms),
        "clock_level": "camtable__bad" if error_ms is not None and error_ms >= CLOCK_WRONG_MS else "",
        "missing_s": round(missing_s),
        "missing": words.roughly(missing_s) if missing_s >= 1 else "–",
        "missing_level": "camtable__bad" if share >= MISSING_BAD else "camtable__warn" if missing_s >= 1 else "",
        "missing_title": say("camlist.analysis", time=words.roughly(unseen_s)) if unseen_s >= 1 else "",
        "incident_ms": _ms(newest.started_at) if newest else None,
    }


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
