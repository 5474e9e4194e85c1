"""The player: the parts of a clip on one axis of time, boxes over the picture."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nicegui.element import Element

from camsvc.domain.incident import Incident
from camsvc.domain.track import ObjectClass
from camsvc.web.components import modules  # noqa: F401  registers what player.js imports
from camsvc.web.language import Language
from camsvc.web.words import Words

TEXTS = (
    "integrity.player.altered",
    "integrity.player.forged",
    "integrity.player.missing",
    "player.boxes",
    "player.copy",
    "player.copy_failed",
    "player.copy_preparing",
    "player.failed",
    "player.frame_back",
    "player.frame_forward",
    "player.fullscreen",
    "player.gap",
    "player.help",
    "player.incident",
    "player.label",
    "player.loading",
    "player.mark_in",
    "player.mark_out",
    "player.marked",
    "player.no_footage_now",
    "player.part",
    "player.pause",
    "player.picture_none",
    "player.picture_to_case",
    "player.play",
    "player.position",
    "player.sound",
    "player.space",
    "player.span_to_case",
    "player.speed",
    "player.unmark",
)


class Player(Element, component="player.js"):
    """Emits ``walk`` with ``older`` or ``newer``, ``beside``, ``help``, ``leave``; for a case (``collects``) also
    ``collect``, ``snapshot`` with {token, at_ms} of a picture that the browser keeps, ``span`` {from_ms, to_ms}."""

    def __init__(
        self,
        words: Words,
        incident: Incident,
        *,
        autoplay: bool = False,
        transport: str = "",
        collects: bool = False,
    ) -> None:
        """``transport``: name of the one by which others show the same moment (``components.companion``)."""
        super().__init__()
        self._words = words
        self.props["transport"] = transport
        self.props["collects"] = collects
        self.props["axis"] = None
        self.props["autoplay"] = autoplay
        self.props["locale"] = words.language.code
        self.props["timezone"] = words.wall.zone.key
        self.props["zone"] = words.wall.offset(incident.started_at)
        self.props["labels"] = {each.value: words.language(f"class.{each.value}") for each in ObjectClass}
        self.props["texts"] = words.language.some(TEXTS)
        self._fill(incident)

    def renew(self, incident: Incident) -> None:
        """Show a later revision without disturbing what plays."""
        self._fill(incident)
        self.update()

    def stretch(self, axis: tuple[datetime, datetime] | None) -> None:
        """Let the time line cover more than the clip, so that those beside it are seen when it shows nothing."""
        moments = [_ms(each.timestamp()) for each in axis] if axis else None
        self.props["axis"] = {"from_ms": moments[0], "to_ms": moments[1]} if moments else None
        self.update()

    def _fill(self, incident: Incident) -> None:
        say = self._words.language
        self.props["parts"] = parts_of(incident)
        self.props["gaps"] = gaps_of(incident, say)
        self.props["incident"] = {
            "from_ms": _ms(incident.started_at.timestamp()),
            "to_ms": _ms(incident.ended_at.timestamp()) if incident.ended_at else None,
        }
        self.props["tracks"] = f"{api_path(incident)}/tracks" if incident.tracks else None
        self.props["poster"] = f"{api_path(incident)}/thumbnail" if incident.thumbnail else None
        self.props["nothing"] = say("player.nothing_yet" if incident.ended_at is None else "player.nothing")


def api_path(incident: Incident) -> str:
    return f"/api/v1/incidents/{incident.id}"


def parts_of(incident: Incident) -> list[dict[str, Any]]:
    if incident.clip is None:
        return []
    return [
        {
            "url": f"{api_path(incident)}/clip?part={part.index}",
            "copy_url": f"{api_path(incident)}/clip?part={part.index}&rendition=browser",
            "started_ms": _ms(part.started_at.timestamp()),
            "ended_ms": _ms(part.ended_at.timestamp()),
            "start_pts": part.start_pts_90k,
            "duration_s": part.duration_s,
            "codec": part.codec,
            "width": part.width,
            "height": part.height,
            "session": part.session,
            "audio": part.audio is not None,
        }
        for part in incident.clip.parts
    ]


def gaps_of(incident: Incident, say: Language) -> list[dict[str, Any]]:
    if incident.clip is None:
        return []
    return [
        {
            "from_ms": _ms(gap.started_at.timestamp()),
            "to_ms": _ms(gap.ended_at.timestamp()),
            "text": say.known("gap", gap.reason.value),
        }
        for gap in incident.clip.gaps
    ]


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
