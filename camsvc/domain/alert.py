"""Searches that people saved, and what they are told of when an incident answers one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from enum import StrEnum
from typing import Any
from uuid import UUID

from camsvc.domain.account import Reach
from camsvc.domain.camera import Severity
from camsvc.domain.search import IncidentFilter

NAME_MAX = 100
SEARCHES_MAX = 100
"""Of one account: each is held against every incident."""
ALERTS_AN_HOUR = 300
"""Of one search. Nobody looks at one in 12 seconds: a search that raises more is paused, and its owner told."""


class Span(StrEnum):
    """A time that moves along: what "yesterday" is, is found out when the search is opened."""

    HOUR = "hour"
    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"


class Channel(StrEnum):
    """Where an alert leaves the system. On the page it always appears."""

    WEBHOOK = "webhook"
    MQTT = "mqtt"


@dataclass(frozen=True, slots=True)
class Hours:
    """When alerts are wanted, in local time; ``begin`` after ``end`` goes over midnight and belongs to the day of
    ``begin``; both alike: all day."""

    begin: time
    end: time
    days: frozenset[int] = frozenset(range(1, 8))
    """1: Monday … 7: Sunday (ISO 8601)."""

    def hold(self, at: datetime, zone: tzinfo) -> bool:
        """Whether ``at`` lies within; ``begin`` belongs to it, ``end`` does not."""
        local = at.astimezone(zone)
        now, day = local.time(), local.isoweekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= now < self.end
        yesterday = (day - 2) % 7 + 1
        return (day in self.days and now >= self.begin) or (yesterday in self.days and now < self.end)


@dataclass(frozen=True, slots=True)
class Alerting:
    """How a search tells of what it finds. What alerts look at is everything it asks but the time span."""

    channels: frozenset[Channel] = frozenset()
    hours: Hours | None = None
    """None: at all hours."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A search as its owner wants it saved."""

    name: str
    conditions: Mapping[str, Any]
    """By the names of the REST interface (``domain.search_json``)."""
    span: Span | None = None
    """In place of ``from`` and ``to`` in the conditions; None: those."""
    alerting: Alerting | None = None
    """None: it raises no alerts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch(Draft):
    id: UUID
    has_webhook: bool = False
    paused_at: datetime | None = None
    """Since when it raises no more alerts, as there were too many; None: it does."""
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """A search that raises alerts, as the one who watches needs it."""

    id: UUID
    name: str
    user_id: int
    wanted: IncidentFilter
    """Within the reach of its owner now, without a time span."""
    leaving: Reach
    """Where its incidents may be told outside of the system: where its owner may export."""
    alerting: Alerting
    since: datetime
    """Incidents that began before it raise none."""


@dataclass(frozen=True, slots=True)
class Alert:
    id: int
    search: UUID
    search_name: str
    incident: UUID
    camera: str
    area: str
    kind: str
    severity: Severity
    incident_started_at: datetime
    raised_at: datetime
    seen_at: datetime | None
