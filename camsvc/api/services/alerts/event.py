"""An alert as a CloudEvent (CloudEvents 1.0.2, structured mode, JSON): what other systems receive."""

from __future__ import annotations

import json
from typing import Any

from camsvc.domain.alert import Alert
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import incident_json, time_json

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
TYPE = "camsvc.incident.alert.v1"


def event(alert: Alert, incident: Incident | None, source: str) -> bytes:
    """``incident``: as it is now; None: it is gone from the index, and only what the alert holds of it is told.

    Sent again after a failure it has the same ``id``: who has it already can tell.
    """
    data: dict[str, Any] = {
        "search": {"id": str(alert.search), "name": alert.search_name},
        "raised_at": time_json(alert.raised_at),
        "incident": incident_json(incident)
        if incident
        else {
            "id": str(alert.incident),
            "camera": alert.camera,
            "area": alert.area,
            "kind": alert.kind,
            "severity": alert.severity.value,
            "started_at": time_json(alert.incident_started_at),
        },
    }
    document = {
        "specversion": "1.0",
        "id": f"alert-{alert.id}",
        "source": source,
        "type": TYPE,
        "subject": str(alert.incident),
        "time": time_json(alert.raised_at),
        "datacontenttype": "application/json",
        "data": data,
    }
    return json.dumps(document, ensure_ascii=False).encode()
