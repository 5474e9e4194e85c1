"""The threads of a server that make packages, one job at a time each.

A job is claimed in the database, so that any number of servers share one queue; one whose server died is taken over.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session

from camsvc import log
from camsvc.api.services import audit, notices
from camsvc.api.services.exports import history, making
from camsvc.api.services.exports.pulse import EndedError, Pulse, Why
from camsvc.api.services.retention import disk_of
from camsvc.db.queries import export_runs, exports
from camsvc.db.queries.export_runs import ATTEMPTS_MAX, Claimed, Ready
from camsvc.domain.audit import Kind, Outcome
from camsvc.domain.export_job import Export
from camsvc.domain.notice import NoticeKind
from camsvc.errors import CamsvcError, DatabaseUnavailableError, InputError, StoreUnavailableError
from camsvc.evidence.means import Means

LISTEN_S = 1.0
"""How soon an idle thread notices that it is to stop."""
LOOK_S = 10.0
"""Between two looks at the queue when nothing is heard: for jobs whose time comes, or whose server died."""
RETRY_S = 5.0
"""Without the database."""
AGAIN = (timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
"""Before the second, third, … attempt of a job that failed because the store or the database was away."""
TELL_FOR_S = 60.0
"""How long the end of a job is tried to be written: its package is made already."""
SCRATCH = "exports"
"""Below the data folder: the copies of one incident at a time."""
NO_ROOM = f"{Why.NO_ROOM.value}: ask an administrator for room, or for `camsvc export`, which writes to another disk"
UNFORESEEN = "something unforeseen went wrong: tell the administrator, who finds it in the log under this export's id"

_log = log.get(__name__)


class Runners:
    """``start`` once; ``close`` tells them to stop, which puts a running job back into the queue; ``join`` waits."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"exports-{number}", daemon=True)
            for number in range(means.settings.exports.parallel)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except DatabaseUnavailableError as error:
                _log.warning("exports wait for the database", reason=str(error), retry_s=RETRY_S)
            except Exception:  # noqa: BLE001  top of a thread: one bad turn must not end it for good
                _log.error("exports: a turn failed", retry_s=RETRY_S, exc_info=True)
            self._means.clock.wait(self._stop, RETRY_S)

    def _follow(self) -> None:
        due_s = self._means.clock.monotonic_s()
        for note in self._means.database.listen(exports.QUEUE, stop=self._stop, interval_s=LISTEN_S):
            if note is None and self._means.clock.monotonic_s() < due_s:
                continue
            while not self._stop.is_set() and (job := self._claim()) is not None:
                Run(self._means, job, self._stop).run()
            due_s = self._means.clock.monotonic_s() + LOOK_S

    def _claim(self) -> Claimed | None:
        with self._means.database.session() as session:
            return export_runs.claim(session, f"{socket.gethostname()} {os.getpid()}")


class Run:
    """One attempt at one job. ``run`` once; it raises DatabaseUnavailableError when its end could not be written:
    then the job is taken for dead, and begun again."""

    def __init__(self, means: Means, job: Claimed, stop: threading.Event) -> None:
        self._means = means
        self._job = job
        self._stop = stop
        self._id = str(job.export.id)

    def run(self) -> None:
        _log.info("export begins", export=self._id, attempt=self._job.export.attempts)
        began_s = self._means.clock.monotonic_s()
        try:
            with Pulse(self._means.database, self._means.clock, self._job, self._stop, self._has_room) as pulse:
                scratch = self._means.settings.data / SCRATCH
                ready = making.make(self._means, self._job, pulse, scratch)
        except EndedError as error:
            self._ended(error.why)
        except (StoreUnavailableError, DatabaseUnavailableError) as error:
            self._later(str(error))
        except InputError as error:
            self._failed(f"{error}: {error.cure}" if error.cure else str(error))
        except CamsvcError as error:
            self._failed(str(error))
        except Exception:  # noqa: BLE001  top of a job: the next one must be made all the same
            _log.error("export failed", export=self._id, exc_info=True)
            self._failed(UNFORESEEN)
        else:
            self._done(ready)
            _log.info(
                "export is done",
                export=self._id,
                size_bytes=ready.size_bytes,
                took_s=round(self._means.clock.monotonic_s() - began_s, 1),
            )

    def _has_room(self) -> bool:
        disk = disk_of(self._means.settings)
        return disk is None or disk.free_bytes >= self._means.settings.retention.min_free_bytes

    def _done(self, ready: Ready) -> None:
        keep = timedelta(days=self._means.settings.exports.keep_days)
        problems = len(ready.problems)

        def write(session: Session) -> bool:
            made = export_runs.done(session, self._job, ready, keep)
            if made is not None:
                facts = {"size_bytes": ready.size_bytes, "problems": problems or None}
                self._tell(session, made, NoticeKind.EXPORT_DONE, **facts)
                history.record(session, None, made, "package.made", sha256=ready.sha256, problems=problems)
            return made is not None

        if not self._written(write):
            making.discard(self._means, self._job)

    def _ended(self, why: Why) -> None:
        _log.info("export ends before it is done", export=self._id, reason=why.value)
        if why is Why.CANCELLED:
            self._written(lambda session: export_runs.cancelled(session, self._job) is not None)
        elif why is Why.STOPPING:
            self._put_back(None, timedelta(0), counts=False, for_s=0)
        elif why is Why.NO_ROOM:
            self._failed(NO_ROOM)

    def _later(self, reason: str) -> None:
        attempts = self._job.export.attempts
        if attempts >= ATTEMPTS_MAX:
            self._failed(f"{reason} (tried {attempts} times)")
            return
        wait = AGAIN[min(attempts, len(AGAIN)) - 1]
        _log.warning("export is begun again", export=self._id, reason=reason, retry_s=wait.total_seconds())
        self._put_back(reason, wait)

    def _put_back(self, reason: str | None, wait: timedelta, *, counts: bool = True, for_s: float = TELL_FOR_S) -> None:
        self._written(
            lambda session: export_runs.again(session, self._job, reason, wait, counts=counts) is not None, for_s
        )

    def _failed(self, reason: str) -> None:
        def write(session: Session) -> bool:
            failed = export_runs.failed(session, self._job, reason)
            if failed is not None:
                self._tell(session, failed, NoticeKind.EXPORT_FAILED, error=reason)
                record_failure(session, failed)
            return failed is not None

        _log.warning("export failed", export=self._id, reason=reason)
        self._written(write)

    def _tell(self, session: Session, export: Export, kind: NoticeKind, **facts: object) -> None:
        path = page_of(export)
        notices.tell(session, [self._job.user_id], kind, path, reason=export.reason, case=export.case_number, **facts)

    def _written(self, write: Callable[[Session], bool], for_s: float = TELL_FOR_S) -> bool:
        """Whether the job was still ours. Tried again while the database is away."""
        until_s = time.monotonic() + for_s
        while True:
            try:
                with self._means.database.session() as session:
                    return write(session)
            except DatabaseUnavailableError:
                if time.monotonic() >= until_s or self._stop.wait(LISTEN_S):
                    raise


def record_failure(session: Session, export: Export) -> None:
    """The last of the transaction."""
    history.record(session, None, export, "export.failed", error=export.error)
    audit.append(
        session,
        None,
        Kind.EXPORT,
        "export.failed",
        outcome=Outcome.FAILED,
        purpose=export.reason,
        case_number=export.case_number,
        details={"export": str(export.id), "asked_by": export.created_by, "error": export.error},
    )


def page_of(export: Export) -> str:
    """Where pages show it."""
    return f"/exports?export={export.id}"
