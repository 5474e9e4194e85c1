"""The clip of another camera beside the player, in step with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nicegui.element import Element

from camsvc.db.queries.surroundings import Nearby
from camsvc.domain.incident import Incident
from camsvc.web.components import modules  # noqa: F401  registers what companion.js imports
from camsvc.web.components.player import gaps_of, parts_of
from camsvc.web.words import Words

TEXTS = (
    "companion.begins",
    "companion.close",
    "companion.ended",
    "companion.failed",
    "companion.follow",
    "companion.follow_short",
    "companion.nothing",
    "companion.preparing",
    "player.copy",
)


class Companion(Element, component="companion.js"):
    """Emits ``go`` with the id of the incident that it shows, or would show next; ``close``.

    ``incidents``: of the camera, those whose clips may be played. ``axis``: what its lane of time covers.
    ``transport``: the player's.
    """

    def __init__(
        self,
        words: Words,
        nearby: Nearby,
        incidents: Sequence[Incident],
        *,
        axis: tuple[datetime, datetime],
        away: str,
        transport: str,
    ) -> None:
        super().__init__()
        say = words.language
        self.props["parts"] = footage(incidents)
        self.props["gaps"] = [
            *(
                {
                    "from_ms": _ms(each.started_at),
                    "to_ms": _ms(each.ended_at),
                    "text": f"{say(f'coverage.{each.what.value}')}: {say.known('gap', each.reason.value)}",
                }
                for each in nearby.missing
            ),
            *(gap for each in incidents for gap in gaps_of(each, say)),
        ]
        self.props["axis"] = {"from_ms": _ms(axis[0]), "to_ms": _ms(axis[1])}
        self.props["name"] = nearby.name
        self.props["where"] = away
        self.props["bearing"] = round(nearby.bearing_deg)
        self.props["transport"] = transport
        self.props["texts"] = say.some(TEXTS)

    def stretch(self, axis: tuple[datetime, datetime]) -> None:
        self.props["axis"] = {"from_ms": _ms(axis[0]), "to_ms": _ms(axis[1])}
        self.update()


def footage(incidents: Sequence[Incident]) -> list[dict[str, Any]]:
    """The parts of all of them in order of time, each with the incident whose clip it is of."""
    parts = [{**part, "incident": str(each.id)} for each in incidents for part in parts_of(each)]
    return sorted(parts, key=lambda part: (part["started_ms"], part["ended_ms"]))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
