"""An incident as the list in the browser shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from camsvc.domain.annotation import Disposition, Said
from camsvc.domain.fault import Fault
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import time_json
from camsvc.web.components.player import api_path
from camsvc.web.directory import Directory
from camsvc.web.view import SearchView
from camsvc.web.words import DISPOSITION_ICONS, FAULT_ICONS, STATE_ICONS, WORST_FIRST, Words


def card(
    incident: Incident,
    words: Words,
    directory: Directory,
    view: SearchView,
    said: Said | None = None,
    *,
    is_held: bool = False,
    cases: Sequence[str] = (),
    faults: Sequence[Fault] = (),
) -> dict[str, Any]:
    """Everything is text, for the component to show as text. ``said``: what people said of it; ``cases``: numbers of
    those of the reader's cases that it is in."""
    say = words.language
    what = words.what(incident)
    time = words.wall.date_clock(incident.started_at)
    camera = directory.camera_name(incident.camera)
    state = say(f"state.{incident.state.value}")
    return {
        "id": str(incident.id),
        "order": f"{time_json(incident.started_at)} {incident.id}",
        "href": view.path(str(incident.id)),
        # The fragment never reaches the server; it makes the browser ask again when there is a better picture.
        "thumbnail": f"{api_path(incident)}/thumbnail#{incident.revision}" if incident.thumbnail else None,
        "state": incident.state.value,
        "state_text": state,
        "state_icon": STATE_ICONS[incident.state],
        "severity": incident.severity.value,
        "severity_text": say(f"severity.{incident.severity.value}"),
        "what": what,
        "time": time,
        "utc": words.wall.utc(incident.started_at),
        "duration": words.lasting(incident),
        "camera_name": camera,
        "area_name": directory.area_name(incident.area),
        "label": f"{what}. {time}. {camera}. {state}",
        "marks": [*_wrong(faults, words), *_held(is_held, words), *_in(cases), *(marks(said, words) if said else [])],
        "false_alarm": said is not None and said.disposition is Disposition.FALSE_ALARM,
    }


def _held(is_held: bool, words: Words) -> list[dict[str, str]]:
    return [{"icon": "lock", "text": words.language("hold.mark")}] if is_held else []


def _wrong(faults: Sequence[Fault], words: Words) -> list[dict[str, str]]:
    """Of what is wrong with its footage, the worst."""
    kinds = {each.what for each in faults}
    worst = next((kind for kind in WORST_FIRST if kind in kinds), None)
    if worst is None:
        return []
    return [{"icon": FAULT_ICONS[worst], "text": words.language(f"integrity.mark.{worst.value}"), "kind": "bad"}]


def _in(cases: Sequence[str]) -> list[dict[str, str]]:
    return [{"icon": "folder_special", "text": each} for each in cases]


def marks(said: Said, words: Words) -> list[dict[str, str]]:
    """What holds, in few words: {icon, text}."""
    say = words.language
    found = []
    if said.disposition is not Disposition.NONE:
        text = say(f"searched.disposition.{said.disposition.value}")
        found.append({"icon": DISPOSITION_ICONS[said.disposition], "text": text})
    if said.assignment:
        done = said.assignment.done_at is not None
        found.append({"icon": "task_alt" if done else "assignment_ind", "text": said.assignment.assignee})
    found += [{"icon": "sell", "text": each.tag} for each in said.tags]
    if said.notes:
        found.append({"icon": "notes", "text": say.number(len(said.notes))})
    return found
