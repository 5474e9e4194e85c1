"""Holds every change of incidents against the saved searches that raise alerts. A duty: one server does it.

Nothing is missed: how far it came is stored in the transaction that stores the alerts, and goes on from there after a
crash or a restart. Nothing is told twice: an incident alerts once for a search, however often it changes.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from camsvc import log
from camsvc.api.services.rights import search_reach
from camsvc.clock import Clock
from camsvc.config import Settings
from camsvc.db import named_filter
from camsvc.db.database import INCIDENTS, Database
from camsvc.db.queries import agencies, alerts, grants, saved_searches
from camsvc.db.queries.alerts import Raise
from camsvc.db.queries.changes import Change, changes_since
from camsvc.domain.account import Action, User
from camsvc.domain.alert import ALERTS_AN_HOUR, Alerting, Watch
from camsvc.domain.matching import matches
from camsvc.errors import InputError

BATCH = 200
"""Changes in one transaction: a burst is done in pieces, and little is done again after a crash."""
LISTEN_S = 2.0
"""A change whose notification was lost waits so long at most."""
HOUR = timedelta(hours=1)
FORGET_EVERY_S = 3600.0

_log = log.get(__name__)


class Alerter:
    """``work`` is what ``Duty`` runs."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._zone = ZoneInfo(settings.timezone)
        self._keep = timedelta(days=settings.alerts.keep_days)
        self._clock = clock
        self._forget_at_s = 0.0
        self._unreadable: set[object] = set()

    def work(self, stop: threading.Event, check: Callable[[], None]) -> None:
        for _ in self._database.listen(INCIDENTS, stop=stop, interval_s=LISTEN_S):
            while not stop.is_set() and self._do(check):
                pass
            self._forget()
            if stop.is_set():
                return

    def _do(self, check: Callable[[], None]) -> bool:
        """One batch; whether there may be more."""
        check()
        with self._database.session() as session:
            position = alerts.position(session)
            changes = changes_since(session, position, BATCH)
            if not changes:
                return False
            watches = self._watches(session)
            found = [each for change in changes for each in self._answering(watches, change)]
            if found:
                alerts.raise_all(session, found)
                self._hold_up(session, found)
            alerts.move(session, changes[-1].seq)
        return len(changes) == BATCH

    def _watches(self, session: Session) -> list[Watch]:
        """As they are at this moment: a search that was changed and a right that was taken count at once."""
        searches = saved_searches.alerting(session)
        owners = {user for user, _, _ in searches}
        held, of = grants.of(session, owners), agencies.of(session, owners)
        found = []
        for user_id, since, search in searches:
            user = User(user_id, "", held.get(user_id, frozenset()), agency=of.get(user_id))
            try:
                wanted = named_filter.parse(search.conditions, self._zone.key)
            except InputError as error:
                if search.id not in self._unreadable:
                    self._unreadable.add(search.id)
                    _log.warning("saved search is no longer understood", search=str(search.id), reason=str(error))
                continue
            wanted = replace(wanted, from_=None, to=None).under(search_reach(user, wanted))
            told = search.alerting or Alerting()
            found.append(Watch(search.id, search.name, user_id, wanted, user.reach(Action.EXPORT), told, since))
        return found

    def _answering(self, watches: Iterable[Watch], change: Change) -> Iterable[Raise]:
        incident = change.incident
        for each in watches:
            hours = each.alerting.hours
            if incident.started_at < each.since or (hours and not hours.hold(incident.started_at, self._zone)):
                continue
            if matches(each.wanted, incident, change.marks):
                channels = each.alerting.channels if each.leaving.covers(incident.area) else frozenset()
                yield Raise(each.id, each.user_id, incident, channels)

    def _hold_up(self, session: Session, found: Iterable[Raise]) -> None:
        for search, number in Counter(each.search for each in found).items():
            if alerts.raised_since(session, search, HOUR) > ALERTS_AN_HOUR:
                saved_searches.pause(session, search)
                _log.warning("saved search raises too many alerts, paused", search=str(search), lately=number)

    def _forget(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s < self._forget_at_s:
            return
        self._forget_at_s = now_s + FORGET_EVERY_S
        with self._database.session() as session:
            alerts.forget(session, self._keep)
