"""A case: what investigators collect, with whom, and what was done to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from camsvc.domain.account import Reach
from camsvc.domain.export_job import Snapshot
from camsvc.domain.incident import Incident

NUMBER_MAX, TITLE_MAX = 100, 200
"""Characters. A number is free text, as agencies write theirs, and names one case only."""
ITEMS_MAX = 1000
"""Of a case: what one evidence package can hold (``evidence.contents.INCIDENTS_MAX``)."""
SPAN_MAX = timedelta(days=1)
"""Of one item or request: whoever needs more adds several."""


class CaseState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    """Nothing is added or changed any more; it can be read, exported and opened again."""


class CaseRole(StrEnum):
    """What a person or an agency may do in one case. It gives no right to footage: an approved request does."""

    LEAD = "lead"
    """All that members may; and people, sharing, closing."""
    MEMBER = "member"
    """Adds and removes items, writes notes, asks for footage, exports."""
    READER = "reader"


class ItemKind(StrEnum):
    INCIDENT = "incident"
    CLIP = "clip"
    """One part of an incident's clip."""
    SPAN = "span"
    """All footage that one camera has of a span of time. What of it no incident kept is shown as missing."""
    SNAPSHOT = "snapshot"
    """A picture taken from a live camera or a clip, kept in the store with its sha256."""


@dataclass(frozen=True, slots=True)
class Case:
    id: int
    number: str
    title: str
    description: str
    state: CaseState
    created_at: datetime
    created_by: str
    revision: int
    """Rises with every change of number, title, description, state."""
    closed_at: datetime | None = None
    changed_at: datetime | None = None
    """When something was last done to it or in it; None: just being made."""


@dataclass(frozen=True, slots=True)
class Person:
    user_id: int
    user_name: str
    role: CaseRole


@dataclass(frozen=True, slots=True)
class SharedWith:
    """An agency, all of whose accounts that may export somewhere have ``role`` in the case."""

    agency_id: int
    agency_name: str
    role: CaseRole


@dataclass(frozen=True, slots=True)
class Item:
    """Of an incident or a clip: ``incident`` (and ``part``). Of a snapshot: its key, and its incident if of one."""

    id: int
    kind: ItemKind
    added_at: datetime
    added_by: str
    area: str
    """Where it was then: whose right it needs."""
    camera: str
    from_at: datetime
    to_at: datetime
    """Of a snapshot: the same as ``from_at``."""
    comment: str = ""
    incident: UUID | None = None
    part: int | None = None
    snapshot: str | None = None
    """Object key of a JPEG."""
    snapshot_sha256: str | None = None
    snapshot_bytes: int | None = None
    clock_error_ms: float | None = None
    """Of a snapshot; None: not known."""
    incident_started_at: datetime | None = None
    """Of an incident, a clip, or a snapshot of one."""
    removed_at: datetime | None = None
    """Since when it is not in the case any more; it can be put back."""
    removed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    id: int
    at: datetime
    by: str
    text: str
    edited_at: datetime | None = None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """History: one thing that was done to the case. Never changed or removed."""

    at: datetime
    by: str
    what: str
    """Thing and verb: ``case.opened``, ``item.added``, ``person.removed``, ``package.downloaded``, …"""
    facts: dict[str, object]


class RequestState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Footage outside of one's areas: an incident, or a camera or an area with both times."""

    incident: UUID | None = None
    camera: str | None = None
    area: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FootageRequest:
    id: int
    case_id: int
    case_number: str
    wanted: Wanted
    reason: str
    state: RequestState
    asked_at: datetime
    asked_by: str
    asked_by_id: int
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str | None = None
    """What who decided said."""
    until: datetime | None = None
    """An approval ends then; None: never, or not approved."""
    place: str | None = None
    """Path of the area whose right decides; None: it names nothing that exists. Never for who asked."""
    ended_at: datetime | None = None
    """When somebody ended the approval before its time."""
    ended_by: str | None = None
    end_reason: str | None = None
    item: int | None = None
    """Row of the case that it was asked for by; None: who asked named it."""

    def is_live(self, now: datetime) -> bool:
        """Whether it gives footage at ``now``."""
        is_timely = self.until is None or now < self.until
        return self.state is RequestState.APPROVED and self.ended_at is None and is_timely


@dataclass(frozen=True, slots=True)
class Access:
    """Whose footage may be touched: what is in ``reach``, and what was given for a case."""

    reach: Reach
    shares: tuple[Wanted, ...] = ()

    def covers(self, incident: Incident) -> bool:
        return self.reach.covers(incident.area) or any(gives(each, incident) for each in self.shares)

    def opens(self, item: Item) -> bool:
        """Whether ``item`` of a case may be looked at, as far as it goes: of a span all of it."""
        return self.reach.covers(item.area) or any(gives_item(each, item) for each in self.shares)

    def shows(self, picture: Snapshot) -> bool:
        """Whether a picture of a case may go out: as ``opens`` of its item."""
        return self.reach.covers(picture.area) or any(_gives_picture(each, picture) for each in self.shares)

    def given(self, camera: str, area: str, from_at: datetime, to_at: datetime) -> list[tuple[datetime, datetime]]:
        """Of that time of a camera in ``area`` what may be had: spans, oldest first, which may overlap."""
        if self.reach.covers(area):
            return [(from_at, to_at)]
        spans = (
            (max(from_at, each.from_at), min(to_at, each.to_at))
            for each in self.shares
            if each.from_at is not None and each.to_at is not None and is_there(each, camera, area)
        )
        return sorted(each for each in spans if each[0] < each[1])


def gives(wanted: Wanted, incident: Incident) -> bool:
    """Whether footage of ``incident`` is meant by ``wanted``: it is named, or went on there within the time."""
    if wanted.incident is not None:
        return wanted.incident == incident.id
    if wanted.from_at is None or wanted.to_at is None:
        return False
    if incident.until < wanted.from_at or incident.started_at >= wanted.to_at:
        return False
    return is_there(wanted, incident.camera, incident.area)


def gives_item(wanted: Wanted, item: Item) -> bool:
    """Whether ``item`` is meant by ``wanted``: its incident is named, or all of it lies there within the time."""
    if wanted.incident is not None:
        return wanted.incident == item.incident
    if wanted.from_at is None or wanted.to_at is None:
        return False
    if item.kind in {ItemKind.SPAN, ItemKind.SNAPSHOT}:
        if item.from_at < wanted.from_at or item.to_at > wanted.to_at:
            return False
    elif item.to_at < wanted.from_at or item.from_at >= wanted.to_at:
        return False
    return is_there(wanted, item.camera, item.area)


def is_there(wanted: Wanted, camera: str, area: str) -> bool:
    """Whether a camera, in the area it was in, is meant by ``wanted``: by name or by area."""
    if wanted.camera is not None:
        return wanted.camera == camera
    return wanted.area is not None and Reach((wanted.area,)).covers(area)


def _gives_picture(wanted: Wanted, picture: Snapshot) -> bool:
    if wanted.incident is not None:
        return wanted.incident == picture.incident
    if wanted.from_at is None or wanted.to_at is None or not wanted.from_at <= picture.at <= wanted.to_at:
        return False
    return is_there(wanted, picture.camera, picture.area)
