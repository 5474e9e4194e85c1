"""Where the feed reads changes of incidents: the database."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from camsvc.api.services.feed import Change, change
from camsvc.db.database import INCIDENTS, Database
from camsvc.db.queries import incidents


class DatabaseChanges:
    """A feed's ChangeSource. Any thread may call any method; each raises DatabaseUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self) -> int:
        with self._database.session() as session:
            return incidents.latest(session)

    def since(self, seq: int, limit: int) -> Sequence[Change]:
        with self._database.session() as session:
            found = incidents.changes_since(session, seq, limit)
        return [change(each.seq, each.incident, each.marks) for each in found]

    def listen(self, stop: threading.Event) -> Iterator[str | None]:
        return self._database.listen(INCIDENTS, stop=stop, interval_s=1.0)
