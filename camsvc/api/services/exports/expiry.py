"""The duty of exports: packages whose time is over go, their accounts are told a day before; and what dead servers left
behind is ended and removed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc import log
from camsvc.api.services import notices
from camsvc.api.services.exports import history
from camsvc.api.services.exports.runner import page_of, record_failure
from camsvc.clock import Clock
from camsvc.config import Settings
from camsvc.db.database import Database
from camsvc.db.queries import export_runs, exports
from camsvc.db.queries import notices as notice_rows
from camsvc.domain.export_job import Export, ExportState
from camsvc.domain.incident_json import time_json
from camsvc.domain.notice import NoticeKind
from camsvc.errors import CamsvcError, ConflictError, NotFoundError
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore

LOOK_S = 10.0
"""Between two looks: what is deleted by hand is to give its room back soon."""
SWEEP_S = 3600.0
"""Between two searches of the store for what nobody names."""
AT_ONCE = 100
WARN = timedelta(days=1)
WARN_FROM = timedelta(days=2)
"""Kept for less, a package that is new would be told of as one that ends tomorrow: nobody is told."""
YOUNG = timedelta(hours=6)
"""A stored file or upload that nobody names is left alone for so long: its row may be on the way."""
NOTICES_KEPT = timedelta(days=180)

_log = log.get(__name__)


class Expirer:
    """What the one server of all that has the duty does."""

    def __init__(self, settings: Settings, database: Database, store: ObjectStore, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._clock = clock

    def work(self, stop: threading.Event, check: Callable[[], None]) -> None:
        sweep_s = self._clock.monotonic_s()
        while not stop.is_set():
            check()
            try:
                self.turn()
                if self._clock.monotonic_s() >= sweep_s:
                    sweep_s = self._clock.monotonic_s() + SWEEP_S
                    self.sweep()
            except CamsvcError as error:
                check()  # the database is away: another turn of the duty
                _log.warning("expired exports are not removed; tried again", reason=str(error), retry_s=LOOK_S)
            self._clock.wait(stop, LOOK_S)

    def turn(self) -> None:
        """Raises DatabaseUnavailableError, StoreError."""
        self._end_lost()
        self._warn()
        with self._database.session() as session:
            over = export_runs.expired(session, AT_ONCE)
        for each in over:
            self._expire(each)
        with self._database.session() as session:
            gone = export_runs.to_remove(session, AT_ONCE)
        for each in gone:
            self._store.erase(keys.export(each))
            with self._database.session() as session:
                exports.removed(session, each)

    def sweep(self) -> None:
        """What the store has below ``exports/`` and no row names: left by servers that died. Raises as ``turn``."""
        with self._database.session() as session:
            notice_rows.forget(session, NOTICES_KEPT)
        young = self._clock.now() - YOUNG
        for upload in self._store.unfinished(keys.EXPORTS):
            if upload.began_at is not None and upload.began_at < young and not self._is_named(upload.key):
                self._store.give_up(upload)
        for found in self._store.list(keys.EXPORTS):
            if found.modified_at is not None and found.modified_at < young and not self._is_named(found.key):
                _log.info("a package that nobody names is removed", key=found.key)
                self._store.delete(found.key)

    def _is_named(self, key: str) -> bool:
        export = keys.export_of(key)
        if export is None:
            return True  # not ours to judge: fsck reports it
        with self._database.session() as session:
            named = export_runs.named(session, [export])
        return key in named or str(export) in named

    def _end_lost(self) -> None:
        with self._database.session() as session:
            for each in export_runs.lost(session):
                _log.warning("export is given up", export=str(each.id), state=each.state.value)
                if each.state is ExportState.FAILED:
                    self._tell(session, each, NoticeKind.EXPORT_FAILED, error=each.error)
                    record_failure(session, each)

    def _warn(self) -> None:
        if timedelta(days=self._settings.exports.keep_days) < WARN_FROM:
            return
        with self._database.session() as session:
            for each in export_runs.expiring(session, WARN, AT_ONCE):
                at = time_json(each.expires_at) if each.expires_at else None
                self._tell(session, each, NoticeKind.EXPORT_EXPIRES, at=at, downloads=each.downloads)

    def _expire(self, export: UUID) -> None:
        try:
            with self._database.session() as session:
                history.ended(session, None, exports.delete(session, export, None), "export.expired")
        except (ConflictError, NotFoundError):
            return  # somebody deleted it meanwhile

    def _tell(self, session: Session, export: Export, kind: NoticeKind, **facts: object) -> None:
        if export.created_by_id is not None:
            notices.tell(
                session,
                [export.created_by_id],
                kind,
                page_of(export),
                reason=export.reason,
                case=export.case_number,
                **facts,
            )
