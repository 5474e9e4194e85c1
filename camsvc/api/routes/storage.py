"""``/api/v1/storage``: how much is stored, how long the disk lasts, what retention did."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from camsvc.api import hold_schemas as schemas
from camsvc.api.access import Administrator
from camsvc.api.context import server_of
from camsvc.api.services import retention
from camsvc.api.services.retention import Storage
from camsvc.domain.incident_json import time_json
from camsvc.domain.retention import Run

router = APIRouter(prefix="/api/v1/storage", tags=["storage"])


@router.get("", response_model=schemas.Storage)
def get(request: Request, _: Administrator) -> Response:
    """By month and by area, as retention counted it last."""
    return JSONResponse(storage_json(retention.storage(server_of(request))))


def storage_json(found: Storage) -> dict[str, Any]:
    months: dict[str, dict[str, Any]] = {}
    areas: dict[str, dict[str, Any]] = {}
    for each in found.tallies:
        month = months.setdefault(
            each.month.isoformat(),
            {"month": each.month.isoformat(), "incidents": 0, "with_footage": 0, "bytes": 0},
        )
        area = areas.setdefault(each.area, {"area": each.area, "incidents": 0, "bytes": 0})
        month["with_footage"] += each.with_footage
        for sums in (month, area):
            sums["incidents"] += each.incidents
            sums["bytes"] += each.bytes
    counted = [each.counted_at for each in found.tallies]
    return {
        "free_bytes": found.disk.free_bytes if found.disk else None,
        "total_bytes": found.disk.total_bytes if found.disk else None,
        "min_free_bytes": found.min_free_bytes,
        "bytes_per_day": found.bytes_per_day,
        "lasts_days": found.lasts_days,
        "counted_at": time_json(max(counted)) if counted else None,
        "months": list(months.values()),
        "areas": sorted(areas.values(), key=lambda each: -each["bytes"]),
        "runs": [run_json(each) for each in found.runs],
        "enforced": found.is_kept,
    }


def run_json(run: Run) -> dict[str, Any]:
    return {
        "started_at": time_json(run.started_at),
        "ended_at": time_json(run.ended_at) if run.ended_at else None,
        **{name: getattr(run, name) for name in Run.__slots__ if name not in {"started_at", "ended_at"}},
    }
