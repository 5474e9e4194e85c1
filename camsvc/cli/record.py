"""What the command line does is recorded as well: who may use it needs no account, but has one on this machine."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.cli.said import OPTIONS, SAID
from camsvc.config import PolicySettings
from camsvc.db.queries import audit
from camsvc.domain.account import Action
from camsvc.domain.audit import Deed, Kind
from camsvc.errors import InputError

_ASKS_NOTHING = PolicySettings()
POLICY: ContextVar[PolicySettings] = ContextVar("policy", default=_ASKS_NOTHING)
"""Of the site that the command works on."""


def record(
    session: Session,
    kind: Kind,
    what: str,
    *,
    camera: str | None = None,
    area: str | None = None,
    incident: UUID | None = None,
    case_number: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append to the audit chain, in the transaction of the deed itself; let it be its last statement. ``case_number``:
    of what is done, in place of what was said on the command line.

    Raises InputError where policy asks for a purpose or a case number, and none was said: then it must not be done.
    """
    said = SAID.get()
    missing = POLICY.get().lacks(Action(kind.value), said) if kind.value in set(Action) else ()
    if missing:
        options = " and ".join(OPTIONS[each] for each in missing)
        raise InputError(f"policy wants to know what this is for: '{kind}'", parameter=options, cure=f"give {options}")
    told = {**(details or {}), "command_line_of": operator()}
    deed = Deed(
        kind,
        what,
        camera=camera,
        area=area,
        incident=incident,
        purpose=said.purpose,
        case_number=case_number or said.case_number,
        details=told,
    )
    audit.append(session, deed)


def operator() -> str:
    """Account of the operating system."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an id without a name, as in a container
        return "unknown"
