"""What a person or program types to say of an incident, as a Draft: the parser of command line, REST and page.

Every refusal is an InputError: ``parameter`` is the name in the interface.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from sqlalchemy.orm import Session

from camsvc.db.filters import parse_tag
from camsvc.db.queries import accounts
from camsvc.domain.account import Action, User
from camsvc.domain.annotation import NOTE_MAX, REASON_MAX, Disposition, Draft, What
from camsvc.errors import InputError, NotFoundError

UNASSIGNED = Draft(What.UNASSIGNED)


def tagged(tag: str) -> Draft:
    return Draft(What.TAGGED, tag=parse_tag(tag))


def untagged(tag: str) -> Draft:
    return Draft(What.UNTAGGED, tag=parse_tag(tag))


def noted(text: str) -> Draft:
    return Draft(What.NOTED, text=_text(text, "text", NOTE_MAX))


def edited(note: int, text: str) -> Draft:
    return Draft(What.NOTE_EDITED, note=note, text=_text(text, "text", NOTE_MAX))


def withdrawn(note: int) -> Draft:
    return Draft(What.NOTE_WITHDRAWN, note=note)


def judged(disposition: Disposition, reason: str | None) -> Draft:
    told = _text(reason, "reason", REASON_MAX) if reason and reason.strip() else None
    return Draft(What.JUDGED, disposition=disposition, reason=told)


def assigned(session: Session, name: str, areas: Iterable[str], *, done: bool = False) -> Draft:
    """To the account ``name``, which must be able to read what is said in all of ``areas``."""
    try:
        user = accounts.find(session, name.strip().lower())
    except NotFoundError:
        user = None
    if user is None or not all(can_look_after(user, area) for area in areas):
        raise InputError(
            f"there is no account {name!r} that may replay incidents there",
            parameter="assignee",
            cure="choose one of those that are suggested",
        )
    return Draft(What.DONE if done else What.ASSIGNED, assignee_id=user.id, assignee=user.name)


def can_look_after(user: User, area: str) -> bool:
    """Whether an incident in ``area`` can be assigned to ``user``."""
    return not user.disabled and user.may(Action.SEARCH, area) and user.may(Action.REPLAY, area)


def _text(typed: str, parameter: str, most: int) -> str:
    text = unicodedata.normalize("NFC", typed).strip()
    if not 0 < len(text) <= most:
        raise InputError(f"{len(text)} characters", parameter=parameter, cure=f"give 1 to {most}")
    return text
