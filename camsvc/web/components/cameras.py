"""The list of cameras with their states."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from nicegui.element import Element

from camsvc.domain.camera import CameraState, CameraStatus
from camsvc.log import redact
from camsvc.web.health import CLOCK_WRONG_MS, Health, clock_error_ms
from camsvc.web.lookout import Snapshot
from camsvc.web.words import CAMERA_ICONS, Words

TEXTS = (
    "cameras.list",
    "cameras.no_picture",
    "cameras.none",
    "cameras.none_match",
    "cameras.picture_ago",
    "cameras.picture_now",
    "unit.day",
    "unit.hour",
    "unit.minute",
    "unit.second",
)
FRESH = timedelta(seconds=15)
"""A last picture no older than this is "now": reports come every few seconds, and are read every few."""
GAP_TOLD_S = 10.0
"""Of a day: less is one reconnect."""
WORST_FIRST = (
    CameraState.REFUSED,
    CameraState.UNASSIGNED,
    CameraState.RETRYING,
    CameraState.CONNECTING,
    CameraState.LIVE,
    CameraState.DISABLED,
)


class Cameras(Element, component="cameras.js"):
    """Emits ``pick`` with an id."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self.props["rows"] = []
        self.props["total"] = 0
        self.props["selected"] = None
        self.props["server-ms"] = 0
        self.props["locale"] = words.language.code
        self.props["texts"] = words.language.some(TEXTS)

    def show(self, rows: Sequence[dict[str, Any]], total: int, at: datetime, selected: str | None) -> None:
        """Nothing is sent while nothing changed: the browser counts the seconds itself."""
        props = {"rows": list(rows), "total": total, "selected": selected}
        if any(self.props[name] != value for name, value in props.items()):
            self.props.update(props | {"server-ms": _ms(at)})
            self.update()

    def focus_on(self, camera: str | None) -> None:
        self.run_method("focusOn", camera)


def row(camera: str, snapshot: Snapshot, words: Words, href: str, health: Health) -> dict[str, Any] | None:
    """How a camera is listed; None where nothing is known of it yet. ``health``: within what may be searched."""
    entry, status = snapshot.directory.cameras.get(camera), snapshot.statuses.get(camera)
    if entry is None or status is None or entry.removed:
        return None
    say = words.language
    last = status.last_packet_at
    fresh = last is not None and snapshot.at - last < FRESH
    return {
        "id": camera,
        "href": href,
        "name": entry.name,
        "area": snapshot.directory.area_name(entry.area),
        "state": status.state.value,
        "state_text": say(f"camera_state.{status.state.value}"),
        "icon": CAMERA_ICONS[status.state],
        "since_ms": _ms(status.since),
        "since_utc": words.wall.utc(status.since),
        "fresh": fresh,
        "last_ms": _ms(last) if last and not fresh else None,
        "last_utc": words.wall.utc(last) if last and not fresh else "",
        "about": picture_of(status),
        "why": why(status, words),
        "picture": _picture(health, camera),
        "gap": _gap(status, health, snapshot.at, words),
        "level": "warn" if status.state in {CameraState.RETRYING, CameraState.CONNECTING} else "bad",
    }


def _picture(health: Health, camera: str) -> str:
    """Of its newest incident."""
    newest = health.newest.get(camera)
    return f"/api/v1/incidents/{newest.incident}/thumbnail" if newest and newest.has_picture else ""


def _gap(status: CameraStatus, health: Health, at: datetime, words: Words) -> str:
    """What is missing of its last day, and whether its clock is wrong."""
    say, told = words.language, []
    if status.state is CameraState.LIVE and (missing_s := health.missing_s(status, at)) >= GAP_TOLD_S:
        told.append(say("health.gap", time=words.roughly(missing_s)))
    if (error_ms := clock_error_ms(status)) is not None and error_ms >= CLOCK_WRONG_MS:
        told.append(say("health.clock_wrong", time=words.milliseconds(error_ms)))
    return " · ".join(told)


def picture_of(status: CameraStatus) -> str:
    """``H.264 1920 × 1080``; empty while it is not known."""
    if not (status.codec and status.width and status.height):
        return ""
    codec = {"h264": "H.264", "hevc": "H.265"}.get(status.codec, status.codec)
    return f"{codec} {status.width} × {status.height}"


def stream(status: CameraStatus, words: Words) -> str:
    """``H.264 1920 × 1080, 25 f/s, 4.1 Mb/s``, as far as it is known."""
    say = words.language
    told = [picture] if (picture := picture_of(status)) else []
    if status.fps:
        told.append(say("unit.fps", n=say.number(status.fps, 0 if status.fps == round(status.fps) else 1)))
    if status.bitrate_bps:
        told.append(f"{say.number(status.bitrate_bps / 1e6, 1)} Mb/s")
    return ", ".join(told)


def why(status: CameraStatus, words: Words) -> str:
    """What a state that is not well means, and what its worker said of it. Empty when all is well."""
    if status.state in {CameraState.LIVE, CameraState.DISABLED}:
        return ""
    meaning = words.language(f"camera_why.{status.state.value}")
    return f"{meaning} ({redact(status.detail)})" if status.detail else meaning


def place(camera: str, snapshot: Snapshot, words: Words) -> dict[str, Any] | None:
    """How a camera stands on the map; None where it has no place."""
    entry, status = snapshot.directory.cameras.get(camera), snapshot.statuses.get(camera)
    if entry is None or status is None or entry.removed or entry.location is None:
        return None
    return {
        "id": camera,
        "lat": entry.location.lat,
        "lon": entry.location.lon,
        "heading": entry.location.heading_deg,
        "fov": entry.location.fov_deg,
        "range": entry.location.range_m,
        "title": entry.name,
        "lines": [words.language(f"camera_state.{status.state.value}"), snapshot.directory.area_trail(entry.area)],
        "state": status.state.value,
        "icon": CAMERA_ICONS[status.state],
        "rank": 100 * (len(WORST_FIRST) - WORST_FIRST.index(status.state)),
    }


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
