"""Which worker has a camera now, and how it is reached."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from camsvc import log as logging
from camsvc.clock import Clock
from camsvc.db.database import Database
from camsvc.db.queries import cameras, endpoints, leases, status
from camsvc.domain.camera import CameraStatus
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.errors import CamsvcError, DatabaseUnavailableError, NotFoundError

_log = logging.get(__name__)

REFRESH_EVERY_S = 2.0
"""As often as workers report; a channel whose tap broke asks sooner."""
LEAST_PAUSE_S = 0.2
"""Between two looks, however many channels ask: when a worker dies, all its channels ask at once."""
JOIN_S = 5.0
"""For a query under way to end."""


@dataclass(frozen=True, slots=True)
class Place:
    """One wanted camera as PostgreSQL last told it."""

    camera: str
    name: str
    status: CameraStatus | None
    """Why there is no ``endpoint``; None where there is one: its tap tells."""
    endpoint: Endpoint | None
    """Of the worker that holds its lease; None: nobody does, or it has no tap."""


class Directory:
    """Refreshed every 2 s by a thread of its own; while PostgreSQL is away the last known is kept.

    ``start`` once, ``close`` once.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._places: Mapping[str, Place] | None = None
        """Replaced as a whole: readers need no lock."""
        self._stop = threading.Event()
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._away = False
        self._thread = threading.Thread(target=self._run, name="directory", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._asked.set()
        self._thread.join(JOIN_S)
        self._answer(self._take_waiters())

    def place(self, camera: str) -> Place:
        """Any thread, at once. Raises NotFoundError; DatabaseUnavailableError when nothing was ever read."""
        places = self.places()
        if camera not in places:
            raise NotFoundError(f"no camera {camera!r}", parameter="camera", cure="name one that exists")
        return places[camera]

    def places(self) -> Mapping[str, Place]:
        """All wanted cameras, by id. Any thread, at once. Raises DatabaseUnavailableError: nothing was ever read."""
        places = self._places
        if places is None:
            raise DatabaseUnavailableError("PostgreSQL has not answered yet: no camera is known")
        return places

    @property
    def away(self) -> bool:
        """Whether PostgreSQL did not answer when it was last asked: what is known may be old."""
        return self._away

    async def refreshed(self) -> None:
        """Returns once PostgreSQL was asked anew after this call, or does not answer. Raises nothing."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._lock:
            if self._stop.is_set():
                return
            self._waiters.append((loop, future))
        self._asked.set()
        await future

    def _run(self) -> None:
        while not self._stop.is_set():
            self._asked.clear()
            waiters = self._take_waiters()
            self._look()
            self._answer(waiters)
            if not self._clock.wait(self._stop, LEAST_PAUSE_S):
                self._clock.wait(self._asked, REFRESH_EVERY_S - LEAST_PAUSE_S)

    def _look(self) -> None:
        try:
            self._places = self._read()
        except CamsvcError as error:
            if not self._away:
                _log.warning("PostgreSQL is away: cameras are looked for where they were", reason=str(error))
            self._away = True
            return
        except Exception:  # noqa: BLE001  a defect in one look must not end all later ones
            _log.exception("directory could not be read")
            return
        if self._away:
            _log.info("PostgreSQL is back")
        self._away = False

    def _read(self) -> dict[str, Place]:
        """A thousand cameras take 5 ms: their full states, which take 90, are read of those that nobody serves only."""
        with self._database.session() as session:
            names = cameras.names(session)
            holders = leases.holders(session)
            taps = {each.name: each for each in endpoints.fresh(session, EndpointKind.TAP)}
            served = {camera: taps[worker] for camera, worker in holders.items() if worker in taps}
            unserved = names.keys() - served.keys()
            states = status.statuses(session, unserved) if unserved else {}
        return {camera: Place(camera, name, states.get(camera), served.get(camera)) for camera, name in names.items()}

    def _take_waiters(self) -> list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]]:
        with self._lock:
            waiters, self._waiters = self._waiters, []
        return waiters

    @staticmethod
    def _answer(waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]]) -> None:
        for loop, future in waiters:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_done, future)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
