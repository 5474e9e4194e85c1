"""What people say of incidents: only ever added to; read as history; kept beside the incident as marks, for search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text, Uuid, bindparam, column, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from camsvc.db.database import INCIDENTS
from camsvc.db.models import AnnotationRow, IncidentRow, UserRow, ViewpointRow
from camsvc.db.models.incidents import incident_change_seq
from camsvc.db.queries.cameras import within
from camsvc.db.queries.changes import hold_back
from camsvc.domain.account import Reach
from camsvc.domain.annotation import Author, Draft, Entry, What, changes, said
from camsvc.domain.marks import marks_of
from camsvc.errors import ConflictError

ENTRIES_MAX = 1000
"""Of one incident: far beyond what people say of one, and reading them stays cheap."""
LATEST_TAGGED = 20_000
"""Tags are suggested by how often they were given among so many last times: older ones are of yesteryear."""

_SEPARATOR = "\x1f"
"""Between marks, none of which holds it: an array of arrays must be rectangular in PostgreSQL."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when an incident was: what its annotations are filed under."""

    id: UUID
    started_at: datetime
    camera: str
    area: str


@dataclass(frozen=True, slots=True)
class Usage:
    tag: str
    count: int


def places(session: Session, incidents: Iterable[UUID]) -> dict[UUID, Place]:
    """Those of ``incidents`` that are in the index."""
    return _places(session, incidents, lock=False)


def history(session: Session, incidents: Iterable[UUID]) -> dict[UUID, list[Entry]]:
    """What was said of each of ``incidents``, in order; of whom nothing was said is left out."""
    assignee = aliased(UserRow)
    rows = session.execute(
        select(AnnotationRow, assignee.name)
        .outerjoin(assignee, assignee.id == AnnotationRow.assignee_id)
        .where(AnnotationRow.incident_id == _any_of(incidents))
        .order_by(AnnotationRow.id)
    )
    found: dict[UUID, list[Entry]] = {}
    for row, name in rows:
        found.setdefault(row.incident_id, []).append(_entry(row, name))
    return found


def write(
    session: Session, author: Author, incidents: Sequence[UUID], drafts: Sequence[Draft]
) -> dict[UUID, list[Entry]]:
    """Say ``drafts`` of each of ``incidents``: what is new of them, for each that is in the index. Notifies on commit.

    Each of ``drafts`` is held against what was said before, not against the others.

    The incidents are locked until the transaction ends, so that two who say something at once are heard one after the
    other. What holds already is not said again (``domain.annotation.changes``).

    Raises ConflictError when more than ENTRIES_MAX things would be said of one.
    """
    known = _places(session, incidents, lock=True)
    before = history(session, known)
    rows = []
    for id_, place in known.items():
        now = said(before.get(id_, ()))
        rows += [_values(place, author, draft) for draft in dict.fromkeys(drafts) if changes(now, draft)]
        if len(before.get(id_, ())) + len(drafts) > ENTRIES_MAX:
            raise ConflictError(f"more than {ENTRIES_MAX} things were said of incident {id_}", parameter="id")
    if not rows:
        return {id_: [] for id_ in known}
    names = {each.assignee_id: each.assignee for each in drafts}
    added = session.scalars(insert(AnnotationRow).returning(AnnotationRow, sort_by_parameter_order=True), rows)
    new: dict[UUID, list[Entry]] = {id_: [] for id_ in known}
    for row in added:
        new[row.incident_id].append(_entry(row, names.get(row.assignee_id)))
    changed = [known[id_] for id_, entries in new.items() if entries]
    _mark(session, changed, {each.id: [*before.get(each.id, ()), *new[each.id]] for each in changed})
    return new


def tags_in_use(session: Session, reach: Reach, limit: int) -> list[Usage]:
    """Tags that were given lately in ``reach``, the most frequent first."""
    if reach.is_nowhere:
        return []
    latest = (
        select(AnnotationRow.tag, AnnotationRow.area)
        .where(AnnotationRow.what == What.TAGGED)
        .order_by(AnnotationRow.id.desc())
        .limit(LATEST_TAGGED)
        .subquery("latest")
    )
    number = func.count().label("number")
    found = select(latest.c.tag, number).group_by(latest.c.tag).order_by(number.desc(), latest.c.tag).limit(limit)
    if reach.areas is not None:
        found = found.where(within(latest.c.area, reach.areas))
    return [Usage(tag, count) for tag, count in session.execute(found)]


def _places(session: Session, incidents: Iterable[UUID], *, lock: bool) -> dict[UUID, Place]:
    """In order of id: who locks several locks them in the order in which publishers do."""
    wanted = (
        select(IncidentRow.id, IncidentRow.started_at, ViewpointRow.camera, ViewpointRow.area)
        .join(ViewpointRow, ViewpointRow.id == IncidentRow.viewpoint_id)
        .where(IncidentRow.id == _any_of(incidents))
        .order_by(IncidentRow.id)
    )
    if lock:
        wanted = wanted.with_for_update(of=IncidentRow)
    return {row.id: Place(row.id, row.started_at, row.camera, row.area) for row in session.execute(wanted)}


def _mark(session: Session, incidents: Sequence[Place], histories: Mapping[UUID, Sequence[Entry]]) -> None:
    """For search; and as a change of the incident, for whoever follows."""
    hold_back(session)
    marks = [_SEPARATOR.join(sorted(marks_of(said(histories[each.id])))) for each in incidents]
    given = (
        func.unnest(
            bindparam("marked", [each.id for each in incidents], ARRAY(Uuid)),
            bindparam("starts", [each.started_at for each in incidents], ARRAY(DateTime(timezone=True))),
            bindparam("marks", marks, ARRAY(Text)),
        )
        .table_valued(column("id", Uuid), column("started_at", DateTime(timezone=True)), column("marks", Text))
        .render_derived(name="given")
    )
    session.execute(
        update(IncidentRow)
        .where(IncidentRow.id == given.c.id, IncidentRow.started_at == given.c.started_at)
        .values(marks=func.string_to_array(given.c.marks, _SEPARATOR), change_seq=incident_change_seq.next_value())
        .execution_options(synchronize_session=False)
    )
    ids = bindparam("changed", [str(each.id) for each in incidents], ARRAY(Text))
    session.execute(select(func.pg_notify(INCIDENTS, func.unnest(ids))))


def _values(place: Place, author: Author, draft: Draft) -> dict[str, Any]:
    return {
        "incident_id": place.id,
        "started_at": place.started_at,
        "area": place.area,
        "user_id": author.user_id,
        "user_name": author.name,
        "what": draft.what,
        "tag": draft.tag,
        "note": draft.note,
        "text": draft.text,
        "assignee_id": draft.assignee_id,
        "disposition": draft.disposition,
        "reason": draft.reason,
    }


def _entry(row: AnnotationRow, assignee: str | None) -> Entry:
    draft = Draft(
        what=row.what,
        tag=row.tag,
        note=row.note,
        text=row.text,
        assignee_id=row.assignee_id,
        assignee=assignee,
        disposition=row.disposition,
        reason=row.reason,
    )
    return Entry(row.id, row.at.astimezone(UTC), Author(row.user_id, row.user_name), draft)


def _any_of(incidents: Iterable[UUID]) -> Any:  # noqa: ANN401  an operand
    return func.any(bindparam("ids", list(incidents), ARRAY(Uuid)))
