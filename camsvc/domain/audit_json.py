"""A record of the audit chain as JSON: REST, command line and page tell it under the same names."""

from __future__ import annotations

from typing import Any

from camsvc.domain.audit import Record
from camsvc.domain.incident_json import time_json


def record_json(record: Record) -> dict[str, Any]:
    deed = record.deed
    return {
        "seq": record.seq,
        "at": time_json(record.at),
        "kind": str(deed.kind),
        "what": deed.what,
        "outcome": str(deed.outcome),
        "user": deed.user_name,
        "source": deed.source,
        "camera": deed.camera,
        "area": deed.area,
        "incident": str(deed.incident) if deed.incident else None,
        "purpose": deed.purpose,
        "case_number": deed.case_number,
        "details": deed.details,
        "hash": record.hash.hex(),
    }
