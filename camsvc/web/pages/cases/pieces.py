"""The items of a case as the page shows them. ``directory`` names also what lies outside of the viewer's areas: it is
used for what is open to them, which may have been given to the case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from camsvc.domain.case import Item, ItemKind
from camsvc.domain.incident import Incident
from camsvc.web import places
from camsvc.web.components.player import api_path
from camsvc.web.directory import Directory
from camsvc.web.pages.cases.casework import Piece
from camsvc.web.words import Words

KIND_ICONS = {
    ItemKind.INCIDENT: "local_police",
    ItemKind.CLIP: "movie",
    ItemKind.SPAN: "date_range",
    ItemKind.SNAPSHOT: "photo_camera",
}
APART_S = 60.0
"""A pause in the story that is worth a line."""


def told(pieces: Iterable[Piece], words: Words, directory: Directory, *, may_ask: bool) -> list[dict[str, Any]]:
    """In the order of time. ``may_ask``: whether footage that is closed may be asked for from here."""
    found: list[dict[str, Any]] = []
    last: datetime | None = None
    for piece in sorted(pieces, key=lambda each: (each.item.from_at, each.item.id)):
        one = _told(piece, words, directory, may_ask=may_ask)
        pause_s = (piece.item.from_at - last).total_seconds() if last else 0.0
        same_day = last is not None and words.wall.date(last) == words.wall.date(piece.item.from_at)
        if same_day and pause_s >= APART_S:
            one["apart"] = words.language("case.later", length=words.roughly(pause_s))
        last = max(last or piece.item.to_at, piece.item.to_at)
        found.append(one)
    return found


def on_map(pieces: Sequence[Piece], words: Words, directory: Directory) -> list[dict[str, Any]]:
    """Cameras that the items are of, each with their number. Without those that the visitor may not know of."""
    counts: dict[str, int] = {}
    for each in pieces:
        counts[each.item.camera] = counts.get(each.item.camera, 0) + 1
    found = []
    for camera, number in counts.items():
        entry = directory.cameras.get(camera)
        where = entry.location if entry else None
        if where is None:
            seen = (each.incident for each in pieces if each.item.camera == camera and each.incident is not None)
            where = next((each.location for each in seen if each.location is not None), None)
        if where is not None:
            lines = [words.language.count("collect.items", number)]
            made = places.place(camera, where, directory.camera_name(camera), lines)
            found.append(made | {"state": "found", "count": str(number), "rank": 500})
    return found


def _told(piece: Piece, words: Words, directory: Directory, *, may_ask: bool) -> dict[str, Any]:
    item, incident = piece.item, piece.incident
    say, wall = words.language, words.wall
    kind = say(f"case.kind.{item.kind.value}")
    camera = directory.camera_name(item.camera) if piece.is_open else say("case.elsewhere")
    area = directory.area_name(item.area) if piece.is_open else ""
    title = words.what(incident) if incident else camera
    clock = wall.clock(item.from_at)
    if item.kind is ItemKind.SNAPSHOT:
        clock += f".{item.from_at.microsecond // 1000:03}"
    state, state_text, state_icon = _state(piece, words)
    return {
        "id": item.id,
        "kind": item.kind.value,
        "kind_text": kind,
        "icon": KIND_ICONS[item.kind],
        "picture_icon": KIND_ICONS[item.kind] if piece.is_open else "lock",
        "day": item.from_at.astimezone(wall.zone).strftime("%Y-%m-%d"),
        "day_text": wall.date(item.from_at),
        "clock": clock,
        "utc": _utc(item, words),
        "length": _length(item, words),
        "camera": item.camera if piece.is_open else "",
        "camera_name": camera,
        "area_name": area,
        "title": title,
        "where": f"{camera} · {area}" if piece.is_open and incident else area,
        "comment": item.comment if piece.is_open else "",
        "added": say("case.added_by", who=item.added_by, at=wall.date_clock(item.added_at)),
        "href": _href(piece),
        "looks": piece.picture_path is not None,
        "thumbnail": _thumbnail(piece, incident),
        "label": f"{kind}. {title if piece.is_open else ''}. {wall.date(item.from_at)} {clock}. {camera}",
        "state": state,
        "state_text": state_text,
        "state_icon": state_icon,
        "marks": list(_marks(piece, words)),
        "asks": may_ask and not piece.is_open,
        "chooses": piece.is_open,
        "words": " ".join((kind, title, camera, area, item.comment, item.added_by, item.camera)).casefold()
        if piece.is_open
        else kind.casefold(),
        "apart": "",
    }


def _utc(item: Item, words: Words) -> str:
    began = words.wall.utc(item.from_at)
    return began if item.to_at == item.from_at else f"{began} – {words.wall.utc(item.to_at)}"


def _length(item: Item, words: Words) -> str:
    return words.length((item.to_at - item.from_at).total_seconds()) if item.to_at > item.from_at else ""


def _href(piece: Piece) -> str | None:
    """Of the incident; a picture is shown by itself."""
    of_footage = piece.is_open and piece.incident is not None and piece.item.kind is not ItemKind.SNAPSHOT
    return f"/incidents/{piece.item.incident}" if of_footage else None


def _thumbnail(piece: Piece, incident: Incident | None) -> str | None:
    if not piece.is_open:
        return None
    if piece.item.kind is ItemKind.SNAPSHOT:
        return piece.picture_path
    return f"{api_path(incident)}/thumbnail#{incident.revision}" if incident and incident.thumbnail else None


def _state(piece: Piece, words: Words) -> tuple[str, str, str]:
    """How it stands: a name for its colour, words, their icon."""
    say = words.language
    if not piece.is_open:
        return "closed", say("case.outside"), "lock"
    if piece.item.kind is ItemKind.SNAPSHOT:
        return "open", "", ""  # it is kept, whatever becomes of what it was taken of
    if piece.incident is not None and piece.incident.footage_expired_at is not None:
        at = words.wall.date_clock(piece.incident.footage_expired_at)
        return "expired", say("case.expired", at=at), "auto_delete"
    if piece.is_unknown:
        return "gone", say("case.gone"), "report_problem"
    return "open", "", ""


def _marks(piece: Piece, words: Words) -> Iterator[dict[str, str]]:
    say = words.language
    if piece.is_held:
        yield {"icon": "lock", "text": say("hold.mark"), "kind": "ok"}
    if piece.is_shared:
        yield {"icon": "handshake", "text": say("case.by_share"), "kind": "idle", "hint": say("case.by_share_hint")}
    error_ms = piece.item.clock_error_ms
    if error_ms is not None and piece.is_open:
        text = f"± {words.milliseconds(abs(error_ms))}"
        yield {"icon": "timelapse", "text": text, "kind": "idle", "hint": say("case.clock_error")}
