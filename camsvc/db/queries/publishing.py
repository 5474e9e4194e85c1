"""Into the incident index: many incidents in one transaction, each judged for itself.

What costs is the transaction, not the row: one at a time a worker publishes some hundred incidents a second, two
hundred at a time some thousand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Text, Uuid, bindparam, column, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from camsvc.db.database import INCIDENTS
from camsvc.db.incident_rows import to_values, viewpoint_values
from camsvc.db.models import IncidentRow, LeaseGrantRow, ViewpointRow
from camsvc.db.queries.changes import hold_back
from camsvc.domain.incident import Incident
from camsvc.errors import ConflictError, LeaseLostError

Outcome = bool | LeaseLostError | ConflictError
"""Of one incident: whether that changed anything, or why it was refused."""

_SEPARATOR = "\x1f"
"""Between words of one array: an array of arrays must be rectangular in PostgreSQL."""
_BETWEEN_DOCUMENTS = "\x1e"
"""JSON escapes it. As an array of texts, each quotation mark in them would be escaped on the way: that took as long as
all the rest together."""
_TYPES = {
    "id": "uuid",
    "viewpoint_id": "integer",
    "kind": "text",
    "severity": "text",
    "state": "text",
    "started_at": "timestamptz",
    "last_observed_at": "timestamptz",
    "ended_at": "timestamptz",
    "zone": "text",
    "objects": "text",
    "classes": "text",
    "colours": "text",
    "winds": "text",
    "clip": "text",
    "thumbnail": "text",
    "tracks": "text",
    "model": "text",
    "worker": "text",
    "epoch": "bigint",
    "revision": "integer",
}
"""Columns of a row as they travel: one array for each column, so that the statement is the same for any number."""
_DOCUMENTS = frozenset({"objects", "clip"})
_WORDS = frozenset({"classes", "colours", "winds"})
_FIXED = frozenset({"id", "started_at", "worker", "epoch"})
"""What an incident is known by: a later revision cannot change them."""


def publish(session: Session, incident: Incident) -> bool:
    """:func:`publish_all` of one. Raises what refused it."""
    (outcome,) = publish_all(session, [incident])
    if isinstance(outcome, bool):
        return outcome
    raise outcome


def publish_all(session: Session, items: Sequence[Incident]) -> list[Outcome]:
    """Store ``items``; for each in turn whether that changed anything, or why it was refused. Notifies on commit.

    May be repeated and arrive in any order: the highest revision wins, and an older or equal one changes nothing.
    Refused is, by LeaseLostError, what a worker opened under an epoch that it was not granted, or after a later epoch
    was granted (invariant 7): the worker then keeps it aside; and by ConflictError an id that is another incident's.
    A refused one harms no other. A row that PostgreSQL itself cannot take fails the transaction: then publish fewer.
    """
    refused = _fenced(session, items) | _known_otherwise(session, items)
    newest: dict[UUID, Incident] = {}
    for item in items:
        if item.id not in refused and (item.id not in newest or newest[item.id].revision < item.revision):
            newest[item.id] = item
    # In one order, whoever publishes: two that change the same rows wait for each other at most once.
    stored = _store(session, sorted(newest.values(), key=lambda item: item.id)) if newest else set()
    lost = [item for item in newest.values() if item.id not in stored]
    # Between the first look and the insertion another incident may have taken the id.
    refused |= _known_otherwise(session, lost)
    if stored:
        ids = bindparam("stored", [str(each) for each in stored], ARRAY(Text))
        session.execute(select(func.pg_notify(INCIDENTS, func.unnest(ids))))
    return [refused.get(item.id) or (item.id in stored and newest[item.id] is item) for item in items]


def _fenced(session: Session, items: Iterable[Incident]) -> dict[UUID, Outcome]:
    """Locks the grants, so that none can be superseded before this transaction ends."""
    pairs = sorted({(item.camera, item.epoch) for item in items})
    asked = func.unnest(
        bindparam("cameras", [camera for camera, _ in pairs], ARRAY(Text)),
        bindparam("epochs", [epoch for _, epoch in pairs], ARRAY(BigInteger)),
    ).table_valued(column("camera", Text), column("epoch", BigInteger), name="asked")
    asked = asked.render_derived()
    rows = session.execute(
        select(LeaseGrantRow.camera, LeaseGrantRow.epoch, LeaseGrantRow.worker, LeaseGrantRow.superseded_at)
        .join(asked, (asked.c.camera == LeaseGrantRow.camera) & (asked.c.epoch == LeaseGrantRow.epoch))
        .order_by(LeaseGrantRow.camera, LeaseGrantRow.epoch)  # as a claim locks them: neither waits for ever
        .with_for_update(read=True, of=LeaseGrantRow)
    )
    grants = {(camera, epoch): (worker, superseded_at) for camera, epoch, worker, superseded_at in rows}
    found: dict[UUID, Outcome] = {}
    for item in items:
        what = f"incident {item.id} of camera {item.camera}"
        worker, superseded_at = grants.get((item.camera, item.epoch), (None, None))
        if worker != item.worker:
            found[item.id] = LeaseLostError(f"{what}: epoch {item.epoch} was never granted to worker {item.worker}")
        elif superseded_at is not None and item.started_at >= superseded_at:
            found[item.id] = LeaseLostError(
                f"{what}: worker {item.worker} opened it at {item.started_at.isoformat()} under epoch {item.epoch},"
                f" after the next epoch was granted at {superseded_at.isoformat()}"
            )
    return found


def _known_otherwise(session: Session, items: Sequence[Incident]) -> dict[UUID, Outcome]:
    """Those whose id is stored as another incident's. Looks into every partition: the key holds within one only."""
    if not items:
        return {}
    ids = bindparam("ids", [item.id for item in items], ARRAY(Uuid))
    rows = session.execute(
        select(IncidentRow.id, IncidentRow.started_at, IncidentRow.epoch, IncidentRow.worker, ViewpointRow.camera)
        .join(ViewpointRow, ViewpointRow.id == IncidentRow.viewpoint_id)
        .where(IncidentRow.id == func.any(ids))
    )
    stored = {row.id: row for row in rows}
    found: dict[UUID, Outcome] = {}
    for item in items:
        row = stored.get(item.id)
        mine = (item.camera, item.epoch, item.worker, item.started_at)
        if row is not None and (row.camera, row.epoch, row.worker, row.started_at) != mine:
            found[item.id] = ConflictError(
                f"incident {item.id} is stored as camera {row.camera}'s, epoch {row.epoch}, worker {row.worker}, begun"
                f" {row.started_at.isoformat()}; it cannot become camera {item.camera}'s, epoch {item.epoch}, worker"
                f" {item.worker}, begun {item.started_at.isoformat()}",
                parameter="id",
                cure="two incidents must not share an id",
            )
    return found


def _store(session: Session, items: Sequence[Incident]) -> set[UUID]:
    """Ids of those that were new, or newer than what was stored."""
    seen_from = _viewpoints(session, items)
    hold_back(session)
    rows = [to_values(item) | {"viewpoint_id": seen_from[_seen_from(item)]} for item in items]
    return set(session.scalars(_STORE, {name: _travelling(name, [row[name] for row in rows]) for name in _TYPES}))


def _travelling(name: str, values: list[Any]) -> Any:  # noqa: ANN401  any column's values
    if name in _DOCUMENTS:
        return _BETWEEN_DOCUMENTS.join("" if value is None else json.dumps(value) for value in values)
    return [_SEPARATOR.join(value) for value in values] if name in _WORDS else values


def _statement() -> str:
    def value(name: str) -> str:
        if name in _DOCUMENTS:
            return f"given.{name}::jsonb"
        return f"string_to_array(given.{name}, chr({ord(_SEPARATOR)}))" if name in _WORDS else f"given.{name}"

    def array(name: str, type_: str) -> str:
        return (
            f"string_to_array(:{name}, chr({ord(_BETWEEN_DOCUMENTS)}), '')"
            if name in _DOCUMENTS
            else f":{name} ::{type_}[]"
        )

    changed = [name for name in (*_TYPES, "change_seq") if name not in _FIXED]
    return (
        f"INSERT INTO incidents ({', '.join(_TYPES)}, change_seq)"  # noqa: S608  our own words
        f" SELECT {', '.join(map(value, _TYPES))}, nextval('incident_change_seq')"
        f" FROM unnest({', '.join(array(name, type_) for name, type_ in _TYPES.items())})"
        f" AS given ({', '.join(_TYPES)})"
        " ON CONFLICT (id, started_at) DO UPDATE"
        f" SET {', '.join(f'{name} = excluded.{name}' for name in changed)}, published_at = clock_timestamp()"
        " WHERE incidents.revision < excluded.revision"
        " AND incidents.epoch = excluded.epoch AND incidents.worker = excluded.worker"
        " RETURNING incidents.id"
    )


_STORE = text(_statement()).columns(id=Uuid())


def _viewpoints(session: Session, items: Iterable[Incident]) -> dict[tuple[Any, ...], int]:
    wanted = {_seen_from(item): viewpoint_values(item) for item in items}
    known = _known_viewpoints(session, wanted.values())
    missing = [values for key, values in wanted.items() if key not in known]
    if missing:
        # In one order, as the incidents.
        missing.sort(key=lambda values: [(value is not None, value) for value in values.values()])
        session.execute(insert(ViewpointRow).values(missing).on_conflict_do_nothing())
        known = _known_viewpoints(session, wanted.values())
    return known


def _known_viewpoints(session: Session, wanted: Iterable[dict[str, Any]]) -> dict[tuple[Any, ...], int]:
    cameras = bindparam("cameras", sorted({values["camera"] for values in wanted}), ARRAY(Text))
    view = ViewpointRow
    rows = session.execute(
        select(view.id, view.camera, view.area, view.lat, view.lon, view.heading_deg, view.fov_deg, view.range_m).where(
            view.camera == func.any(cameras)
        )
    )
    return {tuple(key): id_ for id_, *key in rows}


def _seen_from(item: Incident) -> tuple[Any, ...]:
    return tuple(viewpoint_values(item).values())
