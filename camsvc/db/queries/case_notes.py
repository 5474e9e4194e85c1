"""Notes of a case. All that they ever said stays. Who calls has locked the case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from camsvc.db.models import CaseNoteRow, CaseNoteTextRow
from camsvc.db.queries.holds import By
from camsvc.domain.case import Note
from camsvc.errors import ConflictError, InputError, NotFoundError

TEXT_MAX = 10_000
"""Characters: some pages."""
NOTES_MAX = 1000
"""Of a case: who writes more keeps a diary."""


@dataclass(frozen=True, slots=True)
class Version:
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Written:
    note: Note
    by_id: int | None
    versions: tuple[Version, ...]
    """The first first; the last is what it says."""


def of_case(session: Session, case_id: int) -> list[Written]:
    """In order, also those that were withdrawn."""
    rows = session.scalars(select(CaseNoteRow).where(CaseNoteRow.case_id == case_id).order_by(CaseNoteRow.id)).all()
    texts: dict[int, list[Version]] = {}
    said = (
        select(CaseNoteTextRow)
        .join(CaseNoteRow, CaseNoteRow.id == CaseNoteTextRow.note)
        .where(CaseNoteRow.case_id == case_id)
        .order_by(CaseNoteTextRow.note, CaseNoteTextRow.number)
    )
    for each in session.scalars(said):
        texts.setdefault(each.note, []).append(Version(each.at, each.text))
    return [_written(row, texts[row.id]) for row in rows]


def add(session: Session, case_id: int, text: str, by: By) -> Written:
    """Raises InputError, ConflictError for too many."""
    text = _checked(text)
    number = select(func.count()).where(CaseNoteRow.case_id == case_id)
    if session.execute(number).scalar_one() >= NOTES_MAX:
        raise ConflictError(f"{NOTES_MAX} notes are in this case", parameter="text", cure="edit one of them")
    row = CaseNoteRow(case_id=case_id, user_name=by.name, user_id=by.id)
    session.add(row)
    session.flush()
    return _say(session, row, 1, text)


def edit(session: Session, case_id: int, note: int, text: str) -> Written:
    """What it said before is kept. Raises NotFoundError, InputError, ConflictError for one that was withdrawn."""
    text, row = _checked(text), _standing(session, case_id, note)
    number = select(func.max(CaseNoteTextRow.number)).where(CaseNoteTextRow.note == note)
    return _say(session, row, (session.scalar(number) or 0) + 1, text)


def withdraw(session: Session, case_id: int, note: int) -> Written:
    """Errors as ``edit``."""
    row = _standing(session, case_id, note)
    row.withdrawn_at = session.execute(select(func.now())).scalar_one()
    session.flush()
    return _written(row, _versions(session, note))


def author(session: Session, case_id: int, note: int) -> int | None:
    """Raises NotFoundError."""
    return _row(session, case_id, note).user_id


def _say(session: Session, row: CaseNoteRow, number: int, text: str) -> Written:
    session.add(CaseNoteTextRow(note=row.id, number=number, text=text))
    session.flush()
    return _written(row, _versions(session, row.id))


def _versions(session: Session, note: int) -> list[Version]:
    rows = session.scalars(select(CaseNoteTextRow).where(CaseNoteTextRow.note == note).order_by(CaseNoteTextRow.number))
    return [Version(row.at, row.text) for row in rows]


def _written(row: CaseNoteRow, versions: list[Version]) -> Written:
    last = versions[-1]
    edited_at = last.at if len(versions) > 1 else None
    note = Note(row.id, row.at, row.user_name, last.text, edited_at, row.withdrawn_at)
    return Written(note, row.user_id, tuple(versions))


def _row(session: Session, case_id: int, note: int) -> CaseNoteRow:
    row = session.get(CaseNoteRow, note, populate_existing=True)
    if row is None or row.case_id != case_id:
        raise NotFoundError(f"there is no note {note} in this case", parameter="note", cure="read the case's notes")
    return row


def _standing(session: Session, case_id: int, note: int) -> CaseNoteRow:
    row = _row(session, case_id, note)
    if row.withdrawn_at is not None:
        raise ConflictError(f"note {note} was withdrawn", parameter="note", cure="write a new one")
    return row


def _checked(text: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= TEXT_MAX:
        raise InputError("the note is empty or too long", parameter="text", cure=f"write 1 to {TEXT_MAX} characters")
    return text
