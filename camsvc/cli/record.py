"""What the command line does is recorded as well: who may use it needs no account, but has one on this machine."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.db.queries import audit
from camsvc.domain.audit import Deed, Kind


def record(
    session: Session,
    kind: Kind,
    what: str,
    *,
    camera: str | None = None,
    area: str | None = None,
    incident: UUID | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append to the audit chain, in the transaction of the deed itself; let it be its last statement."""
    told = {**(details or {}), "command_line_of": _operator()}
    audit.append(session, Deed(kind, what, camera=camera, area=area, incident=incident, details=told))


def _operator() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an id without a name, as in a container
        return "unknown"
