"""Zones and rules that somebody considers, tried on what is stored of a camera's last hour: what would have been
concluded, and what not.

What is stored are the boxes of incidents, from some seconds before each to some seconds after. So this shows well what
narrower zones and stricter rules would let go; of what the rules in force never took for an incident nothing is kept,
and nothing is invented: ``Limit`` says which wishes this hour cannot answer.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from camsvc.api.context import Server
from camsvc.api.errors import BusyError, InvalidBodyError
from camsvc.api.services import audit, rights
from camsvc.api.services import stored_scenes as scenes
from camsvc.api.services.stored_scenes import Stored
from camsvc.api.services.text import refuse_unstorable
from camsvc.config import CameraConfig
from camsvc.db.queries import cameras as rows
from camsvc.db.queries import coverage
from camsvc.db.queries import incidents as incident_rows
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.camera import Severity
from camsvc.domain.coverage import Coverage, MissingSpan
from camsvc.domain.incident import Incident, IncidentObject
from camsvc.domain.incident_json import time_json
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError, IntegrityError
from camsvc.rules.events import Closed, Opened
from camsvc.rules.registry import make_rules
from camsvc.rules.rule import Rule

WINDOW = timedelta(hours=1)
MAX_INCIDENTS = 300
"""Of the hour, the newest: one every twelve seconds."""
AT_ONCE = 2
"""Reading and replaying an hour takes a core for some seconds."""
MAX_S = 60.0
"""What has not been read by then is left out, and said so."""
SAME_S = 1.0
"""Two things are of one incident when they are no further apart."""
CANDIDATE = ("zones", "lines", "rules", "detect")
"""Members that may be tried; what is left out is as it is stored."""

_turns = threading.BoundedSemaphore(AT_ONCE)


class Limit(StrEnum):
    """What the stored hour cannot answer."""

    ONLY_INCIDENTS = "only_incidents"
    """Always: time that was no incident is not stored, and is taken for time without anything."""
    CLASSES = "classes"
    """Classes are asked for that were not detected."""
    CONFIDENCE = "confidence"
    """A lower confidence is asked for than what was stored."""
    RATE = "rate"
    """Another rate of pictures is asked for; what is stored is at the rate of then."""
    UNREADABLE = "unreadable"
    """The boxes of some incidents are missing or not readable (yet)."""
    LEFT_OUT = "left_out"
    """There were more incidents than are looked at."""
    NOT_ANALYSED = "not_analysed"
    """Some of the time nobody analysed."""


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    total: int
    """Incidents read, of all."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """What a rule under test says."""

    rule: int
    """Its place among the camera's rules, from 0."""
    kind: str
    zone: str | None
    severity: Severity
    started_at: datetime
    ended_at: datetime
    is_open: bool
    """It had not ended when what is stored ends."""
    objects: tuple[IncidentObject, ...]
    incidents: tuple[UUID, ...]
    """Stored incidents of the same time: their pictures show it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    incident: Incident
    is_read: bool
    """False: its boxes could not be read, and nothing can be said of it."""
    is_kept: bool
    """Something of the same kind would have been concluded at its time."""


@dataclass(frozen=True, slots=True)
class RuleTest:
    from_: datetime
    to: datetime
    verdicts: tuple[Verdict, ...]
    """Newest first."""
    concluded: tuple[Concluded, ...]
    """Newest first."""
    limits: tuple[Limit, ...]
    missing: tuple[MissingSpan, ...]
    """Time that was not analysed."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A test that may begin: who asks may, and what they ask makes sense."""

    server: Server
    stored: CameraConfig
    candidate: CameraConfig
    incidents: tuple[Incident, ...]
    missing: tuple[MissingSpan, ...]
    from_: datetime
    to: datetime
    has_more: bool

    def run(self, stop: threading.Event | None = None) -> Generator[Progress | RuleTest, None, None]:
        """Any number of ``Progress``, then the result. Blocks; for one thread. Raises BusyError, StoreError."""
        if not _turns.acquire(blocking=False):
            raise BusyError(f"{AT_ONCE} tests of rules run already.")
        try:
            yield from self._run(stop or threading.Event())
        finally:
            _turns.release()

    def result(self) -> RuleTest:
        """At once. Raises as ``run``."""
        return next(each for each in self.run() if isinstance(each, RuleTest))

    def _run(self, stop: threading.Event) -> Iterator[Progress | RuleTest]:
        clock = self.server.clock
        until_s = clock.monotonic_s() + MAX_S
        read: list[Stored] = []
        left_out = self.has_more
        for number, incident in enumerate(self.incidents):
            yield Progress(number, len(self.incidents))
            if stop.is_set():
                return
            if clock.monotonic_s() > until_s:
                left_out = True
                break
            found = self._read(incident)
            if found is not None:
                read.append(found)
        yield Progress(len(self.incidents), len(self.incidents))
        concluded = sorted(self._replay(read), key=lambda each: each.started_at, reverse=True)
        readable = {each.incident.id for each in read}
        verdicts = tuple(
            Verdict(each, each.id in readable, any(_is_kept(each, other) for other in concluded))
            for each in self.incidents
        )
        limits = self._limits(unreadable=len(readable) < len(self.incidents), left_out=left_out)
        yield RuleTest(self.from_, self.to, verdicts, tuple(concluded), limits, self.missing)

    def _read(self, incident: Incident) -> Stored | None:
        try:
            return scenes.read(self.server.store, incident)
        except (InputError, IntegrityError):  # also NotFoundError: there are none yet
            return None

    def _replay(self, read: Sequence[Stored]) -> list[Concluded]:
        camera = self.candidate.to_domain()
        heard = scenes.merged(read, camera.detect)
        known = [(each.incident.started_at, each.incident.last_observed_at) for each in read]
        quiet_s = max((spec.settings.get("close_after_s", 0.0) for spec in self.stored.to_domain().rules), default=0.0)
        found: list[Concluded] = []
        for number, rule in enumerate(make_rules(camera)):
            played = scenes.play(rule, heard, known, self.missing, self.to, quiet_s=quiet_s)
            found += self._told(number, rule, played)
        return found

    def _told(self, number: int, rule: Rule, events: Iterator[Any]) -> Iterator[Concluded]:
        opened: dict[str, Opened] = {}
        for event in events:
            if isinstance(event, Opened):
                opened[event.key] = event
            elif isinstance(event, Closed):
                began = opened.pop(event.key)
                started_at, ended_at = began.started.at, event.ended.at
                is_open = (self.to - ended_at).total_seconds() < SAME_S
                among = tuple(each.id for each in self.incidents if _overlap(each, started_at, ended_at))
                yield Concluded(
                    number, began.kind, began.zone, began.severity, started_at, ended_at, is_open, event.objects, among
                )

    def _limits(self, *, unreadable: bool, left_out: bool) -> tuple[Limit, ...]:
        now, then = self.candidate.detect, self.stored.detect
        asked = {
            Limit.ONLY_INCIDENTS: True,
            Limit.CLASSES: not set(now.classes) <= set(then.classes),
            Limit.CONFIDENCE: now.min_confidence < then.min_confidence,
            Limit.RATE: now.fps != then.fps,
            Limit.UNREADABLE: unreadable,
            Limit.LEFT_OUT: left_out,
            Limit.NOT_ANALYSED: bool(self.missing),
        }
        return tuple(limit for limit, is_so in asked.items() if is_so)


def prepare(server: Server, user: User, camera: str, body: Mapping[str, Any], *, source: str | None = None) -> Trial:
    """``body``: those of CANDIDATE that are to be tried, as in a camera. Recorded.

    Raises NotFoundError, ForbiddenError for who may not configure the camera, InputError for what no camera can have.
    """
    rights.require_somewhere(server, user, Action.CONFIGURE, source=source)
    rights.require(server, user, Action.CONFIGURE, camera, source=source)
    refuse_unstorable(body)
    if unknown := [name for name in body if name not in CANDIDATE]:
        raise InputError(
            f"{unknown[0][:100]!r} cannot be tried", parameter=unknown[0][:100], cure=f"give {', '.join(CANDIDATE)}"
        )
    to = server.clock.now()
    from_ = to - WINDOW
    wanted = IncidentFilter(cameras=(camera,), from_=from_, to=to).under(user.reach(Action.SEARCH))
    with server.database.session() as session:
        stored = rows.get(session, camera, server.cipher)
        candidate = _candidate(stored, body)
        page = incident_rows.search(session, wanted, limit=MAX_INCIDENTS)
        missing = coverage.spans(session, camera, from_, to, Coverage.ANALYSIS)
        details = {"incidents": len(page.items)}
        audit.append(
            session,
            user,
            Kind.CONFIGURE,
            "rules.tested",
            source=source,
            camera=camera,
            area=stored.area,
            details=details,
        )
    has_more = page.next_cursor is not None
    return Trial(server, stored, candidate, page.items, tuple(missing), from_, to, has_more)


def test_json(found: RuleTest) -> dict[str, Any]:
    return {
        "from": time_json(found.from_),
        "to": time_json(found.to),
        "limits": [each.value for each in found.limits],
        "incidents": [
            {
                "id": str(each.incident.id),
                "kind": each.incident.kind,
                "zone": each.incident.zone,
                "started_at": time_json(each.incident.started_at),
                "ended_at": time_json(each.incident.ended_at) if each.incident.ended_at else None,
                "outcome": ("kept" if each.is_kept else "gone") if each.is_read else "unknown",
            }
            for each in found.verdicts
        ],
        "concluded": [
            {
                "rule": each.rule,
                "kind": each.kind,
                "zone": each.zone,
                "severity": each.severity.value,
                "started_at": time_json(each.started_at),
                "ended_at": time_json(each.ended_at),
                "open": each.is_open,
                "objects": [{"class": one.object_class.value, "confidence": one.confidence} for one in each.objects],
                "incidents": [str(one) for one in each.incidents],
            }
            for each in found.concluded
        ],
        "not_analysed": [
            {
                "started_at": time_json(each.started_at),
                "ended_at": time_json(each.ended_at),
                "reason": each.reason.value,
            }
            for each in found.missing
        ],
    }


def _candidate(stored: CameraConfig, body: Mapping[str, Any]) -> CameraConfig:
    try:
        return CameraConfig.model_validate({**stored.model_dump(mode="json"), **body})
    except ValidationError as error:
        raise InvalidBodyError.of(error) from error


def _is_kept(incident: Incident, concluded: Concluded) -> bool:
    return concluded.kind == incident.kind and incident.id in concluded.incidents


def _overlap(incident: Incident, started_at: datetime, ended_at: datetime) -> bool:
    slack = timedelta(seconds=SAME_S)
    return incident.started_at <= ended_at + slack and incident.until >= started_at - slack
