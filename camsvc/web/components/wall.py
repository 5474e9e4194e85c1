"""The wall of live pictures. Pictures, states and boxes go from the API to the browser; here is only what is around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nicegui.element import Element

from camsvc.api.services.live_events import REMOVED
from camsvc.db.queries.directory import CameraEntry
from camsvc.domain.camera import CameraState, CameraStatus
from camsvc.domain.track import ObjectClass
from camsvc.web.components import modules  # noqa: F401  registers what wall.js imports
from camsvc.web.components.cameras import why
from camsvc.web.directory import Directory
from camsvc.web.words import CAMERA_ICONS, Words

TILE_TEXTS = (
    "live.back",
    "live.behind",
    "live.boxes_late",
    "live.connecting",
    "live.delay",
    "live.empty",
    "live.enlarge",
    "live.late",
    "live.live",
    "live.loading",
    "live.no_picture",
    "live.not_live",
    "live.open_incident",
    "live.over_http",
    "live.pause",
    "live.picture_to_case",
    "live.reconnecting",
    "live.refused.forbidden",
    "live.refused.full",
    "live.refused.not_yet",
    "live.refused.off",
    "live.refused.other",
    "live.refused.unknown",
    "live.refused.unplayable",
    "live.remove",
    "live.rendition.b-frames",
    "live.rendition.hevc",
    "live.rendition.profile",
    "live.replay_ended",
    "live.replay_failed",
    "live.shrink",
    "live.snapshot",
    "live.snapshot_none",
    "live.snapshot_saved",
    "live.span_to_case",
    "live.stale",
    "live.to_live",
    "live.tools",
    "live.transcoded",
    "player.space",
    "unit.hour",
    "unit.minute",
    "unit.second",
)
TEXTS = (
    *TILE_TEXTS,
    "cameras.none_match",
    "live.all_incidents",
    "live.boxes",
    "live.cameras",
    "live.cycle",
    "live.cycle_off",
    "live.cycle_paused",
    "live.cycle_s",
    "live.events_away",
    "live.incidents",
    "live.label",
    "live.layout",
    "live.no_incidents",
    "live.no_walls",
    "live.none",
    "live.on_wall",
    "live.page",
    "live.page_before",
    "live.page_next",
    "live.search",
    "live.show_area",
    "live.tiles",
    "live.toolbar",
    "live.unsaved",
    "live.wall_name",
    "live.wall_remove",
    "live.wall_replace",
    "live.wall_save",
    "live.wall_saved",
    "live.wall_sure",
    "live.walls",
    "player.boxes",
    "player.fullscreen",
    "player.help",
)


@dataclass(frozen=True)
class Asked:
    """What the page's address asks for, in place of the wall as it was left."""

    wall: str | None = None
    camera: str | None = None


class Wall(Element, component="wall.js"):
    """Emits ``open`` with the id of an incident, ``help``; for a case (``collects``) also ``snapshot`` with {token,
    camera, at_ms} of a picture that the browser keeps, ``span`` with {camera, at_ms}."""

    def __init__(
        self,
        words: Words,
        *,
        cameras: Sequence[dict[str, str]],
        states: Mapping[str, dict[str, str]],
        incidents: Sequence[dict[str, Any]],
        asked: Asked,
        user: str,
        ring_s: float,
        now: datetime,
        collects: bool = False,
    ) -> None:
        super().__init__()
        self._states = dict(states)
        self.props["collects"] = collects
        self.props["cameras"] = list(cameras)
        self.props["statuses"] = self._states
        self.props["incidents"] = list(incidents)
        self.props["ask"] = {"wall": asked.wall, "camera": asked.camera}
        self.props["user"] = user
        self.props["texts"] = words.language.some(TEXTS)
        self.props.update(surroundings(words, ring_s, now))

    def show(self, cameras: Sequence[dict[str, str]], states: Mapping[str, dict[str, str]]) -> None:
        """What there is, and how it is. Only what changed is sent."""
        if self.props["cameras"] != cameras:
            # What the page began with would be sent again with the cameras.
            self.props.update({"cameras": list(cameras), "incidents": [], "statuses": {}})
            self.update()
        changed = {camera: state for camera, state in states.items() if self._states.get(camera) != state}
        self._states.update(changed)
        if changed:
            self.run_method("statesChanged", changed)

    def tell(self, incidents: Sequence[dict[str, Any]]) -> None:
        """New and changed ones: listed, and their tiles lit."""
        self.run_method("newsCame", list(incidents))

    def look_back(self, camera: str) -> None:
        """Its tile large, from half a minute ago on."""
        self.run_method("lookBack", camera)

    def take_focus(self) -> None:
        """The keyboard is with the tile again that had it."""
        self.run_method("focusTile")

    def list_again(self, incidents: Sequence[dict[str, Any]]) -> None:
        self.run_method("newsAgain", list(incidents))


class LiveTile(Element, component="live_tile.js"):
    """One camera's live picture by itself; the keyboard of the page is left to the page."""

    def __init__(
        self,
        words: Words,
        camera: dict[str, str],
        state: dict[str, str],
        ring_s: float,
        now: datetime,
        *,
        collects: bool = False,
    ) -> None:
        super().__init__()
        self.props["collects"] = collects
        self.props["camera"] = camera
        self.props["status"] = state
        self.props["texts"] = words.language.some(TILE_TEXTS)
        self.props.update(surroundings(words, ring_s, now))

    def show(self, state: dict[str, str]) -> None:
        if self.props["status"] != state:
            self.props["status"] = state
            self.update()


def surroundings(words: Words, ring_s: float, now: datetime) -> dict[str, Any]:
    """What every live picture needs to know of its page."""
    return {
        "labels": {each.value: words.language(f"class.{each.value}") for each in ObjectClass},
        "state-words": {each.value: _state_words(each, words) for each in CameraState}
        | {REMOVED: {"text": words.language("live.refused.unknown"), "why": "", "icon": "search_off"}},
        "server-ms": round(now.timestamp() * 1000),
        "ring-s": ring_s,
        "locale": words.language.code,
        "timezone": words.wall.zone.key,
        "zone": words.wall.offset(now),
    }


def camera_json(entry: CameraEntry, directory: Directory) -> dict[str, str]:
    return {
        "id": entry.id,
        "name": entry.name,
        "area": entry.area,
        "area_name": directory.area_trail(entry.area),
        "area_short": directory.area_name(entry.area),
    }


def state_json(status: CameraStatus | None, words: Words) -> dict[str, str]:
    """How a camera is; ``unknown`` before anything was heard of it."""
    if status is None:
        return {"state": "unknown", "state_text": "", "why": "", "icon": "videocam"}
    known = _state_words(status.state, words)
    return {"state": status.state.value, "state_text": known["text"], "why": why(status, words), "icon": known["icon"]}


def _state_words(state: CameraState, words: Words) -> dict[str, str]:
    say = words.language
    is_well = state in {CameraState.LIVE, CameraState.DISABLED}
    return {
        "text": say(f"camera_state.{state.value}"),
        "why": "" if is_well else say(f"camera_why.{state.value}"),
        "icon": CAMERA_ICONS[state],
    }
