"""The live process: one event loop that serves viewers, apart from the workers, so that its end costs them nothing.

Threads::

    main          the event loop: channels, peers, the internal interface
    live-report   tells servers where this process is (reporting)
    directory     which worker has which camera (directory)
    transcode-*   one for each camera that is transcoded
    others        short questions to the database (asyncio.to_thread)
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import threading
from collections.abc import AsyncIterator, Iterator

import uvicorn

from camsvc import log
from camsvc.clock import Clock, SystemClock
from camsvc.config import LiveSettings, Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.errors import ConfigError
from camsvc.live import wire
from camsvc.live.control import create_control
from camsvc.live.reporting import Reporting
from camsvc.live.services import Serving
from camsvc.live.viewings import End, Viewings
from camsvc.trust import Identity

START_POLL_S = 0.01
STOP_TIMEOUT_S = 2
"""For answers under way; streams have been ended by then."""
KEEP_ALIVE_S = 75
"""Longer than a server keeps an idle connection to us: else it sends on one that is just being closed."""
BACKLOG = 512
DATABASE_CONNECTIONS = 3
"""Reporting, directory and checks, one each."""

_log = log.get(__name__)


class LiveProcess:
    """Made once, ``run`` once. ``settings`` are resolved."""

    def __init__(self, settings: Settings, name: str, *, clock: Clock | None = None) -> None:
        """Raises ConfigError."""
        if settings.database_url is None:
            raise ConfigError("database_url is not set: start `camsvc up` first, or name your own PostgreSQL")
        self._settings = settings
        self._name = name
        self._clock = clock or SystemClock()
        self._host = advertised(settings.live)
        self._cipher = Cipher.of(settings)
        self._database = Database(
            settings.database_url, application=f"camsvc live {name}", pool_size=DATABASE_CONNECTIONS
        )

    def run(self, stop: threading.Event) -> int:
        """Until ``stop`` is set; the exit status. Raises ConfigError when the port cannot be had."""
        try:
            asyncio.run(self._main(stop))
        finally:
            self._database.close()
        _log.info("live process stopped")
        return 0

    async def _main(self, stop: threading.Event) -> None:
        serving = Serving(self._settings, self._name, self._database, self._cipher, self._clock)
        viewings = serving.viewings
        identity = Identity.fresh(self._name)
        server = _Server(self._configuration(serving, identity))
        async with serving.running(), _answering(server):
            port = server.servers[0].sockets[0].getsockname()[1]
            reporting = Reporting(self._database, self._clock, lambda: self._endpoint(port, identity, viewings))
            checks = asyncio.create_task(viewings.run())
            reporting.start()
            _log.info("live process answers", host=self._host, port=port)
            try:
                await asyncio.to_thread(stop.wait)
            finally:
                await asyncio.to_thread(reporting.stop)  # first: nobody is sent here any more
                checks.cancel()
                await viewings.end_all(End.STOPPED)

    def _endpoint(self, port: int, identity: Identity, viewings: Viewings) -> Endpoint:
        most = self._settings.live.max_viewers
        return Endpoint(
            EndpointKind.LIVE, self._name, self._host, port, identity.certificate, load=len(viewings), capacity=most
        )

    def _configuration(self, serving: Serving, identity: Identity) -> uvicorn.Config:
        app = create_control(serving.services, serving.viewings, self._cipher.derive(wire.TOKEN_PURPOSE))
        context = identity.server_context()
        return uvicorn.Config(
            app,
            host=self._settings.live.host,
            port=self._settings.live.port,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="off",
            ws="none",
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
            ssl_context_factory=lambda *_: context,
        )


class _Server(uvicorn.Server):
    """Leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _answering(server: _Server) -> AsyncIterator[None]:
    """While the block runs ``server`` answers. Raises ConfigError when it cannot."""
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                await _why(task)
            await asyncio.sleep(START_POLL_S)
        yield
    finally:
        server.should_exit = True
        with contextlib.suppress(SystemExit):
            await task


async def _why(task: asyncio.Task[None]) -> None:
    try:
        await task
    except SystemExit as error:  # uvicorn's way to say that the port is taken; it has logged the reason
        raise ConfigError("live.host, live.port: cannot be served, see the log: choose others, or port 0") from error
    raise ConfigError("live.host, live.port: cannot be served, see the log")


def advertised(settings: LiveSettings) -> str:
    """The name under which servers reach this process. Raises ConfigError when none is known."""
    if settings.advertise:
        return settings.advertise
    try:
        unspecified = ipaddress.ip_address(settings.host).is_unspecified
    except ValueError:  # a name
        unspecified = not settings.host
    if unspecified:
        raise ConfigError(
            f"live.host is {settings.host or 'empty'}, which is every address of this host: set live.advertise to the"
            " name under which the servers reach it"
        )
    return settings.host
