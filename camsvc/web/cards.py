"""An incident as the list in the browser shows it."""

from __future__ import annotations

from typing import Any

from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import time_json
from camsvc.web.components.player import api_path
from camsvc.web.directory import Directory
from camsvc.web.view import SearchView
from camsvc.web.words import STATE_ICONS, Words


def card(incident: Incident, words: Words, directory: Directory, view: SearchView) -> dict[str, Any]:
    """Everything is text, for the component to show as text."""
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
    }
