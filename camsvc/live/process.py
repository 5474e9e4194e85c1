"""The live process: one event loop that serves viewers, apart from the workers, so that its end costs them nothing.

Threads::

    main          the event loop: channels, peers, the internal interface
    live-report   tells servers where this process is, and ends it when the event loop is stuck (reporting, pulse)
    live-records  that a viewing is over (records)
    directory     which worker has which camera (directory)
    transcode-*   one for each camera that is transcoded
    others        short questions to the database (asyncio.to_thread)
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import uvicorn
import uvloop

from camsvc import log
from camsvc.clock import Clock, SystemClock
from camsvc.config import LiveSettings, Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.domain.endpoint import Endpoint, EndpointKind
from camsvc.errors import ConfigError
from camsvc.live import wire
from camsvc.live.control import create_control
from camsvc.live.pulse import Pulse
from camsvc.live.reporting import Reporting
from camsvc.live.services import Serving
from camsvc.live.viewings import End, Viewings
from camsvc.trust import Identity

EXIT_RESTART = 75
"""``EX_TEMPFAIL`` of sysexits.h: the supervisor starts it anew."""
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
            uvloop.run(self._main(stop))  # a sixth less processor time than asyncio's own loop (docs/reference/live.md)
        finally:
            self._database.close()
        _log.info("live process stopped")
        return 0

    async def _main(self, stop: threading.Event) -> None:
        serving = Serving(self._settings, self._name, self._database, self._cipher, self._clock)
        viewings, pulse = serving.viewings, Pulse(self._clock)
        identity = Identity.fresh(self._name)
        server = _Server(self._configuration(serving, identity))
        listener = _listener(self._settings.live)
        port = listener.getsockname()[1]
        async with serving.running(), _answering(server, listener) as answering:
            reporting = Reporting(
                self._database,
                self._clock,
                lambda: self._endpoint(port, identity, viewings),
                first=serving.records.tell_of_predecessor,
                pulse=pulse,
                died=lambda: os._exit(EXIT_RESTART),
            )
            tasks = [asyncio.create_task(viewings.run()), asyncio.create_task(pulse.run())]
            reporting.start()
            # What is there now stays. Looking through it again and again cost a tenth of a process with many viewers.
            gc.collect()
            gc.freeze()
            _log.info("live process answers", host=self._host, port=port)
            try:
                stopped = asyncio.create_task(asyncio.to_thread(stop.wait))
                await asyncio.wait({stopped, answering}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stop.set()
                await asyncio.to_thread(reporting.stop)  # first: nobody is sent here any more
                for task in tasks:
                    task.cancel()
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
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="off",
            ws="none",
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
async def _answering(server: _Server, listener: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    """While the block runs ``server`` answers, unless the task ends by itself, which is a defect."""
    task = asyncio.create_task(server.serve([listener]))
    try:
        while not (server.started or task.done()):  # noqa: ASYNC110  uvicorn has no event for it
            await asyncio.sleep(START_POLL_S)
        yield task
    finally:
        server.should_exit = True
        await task


def _listener(settings: LiveSettings) -> socket.socket:
    """Raises ConfigError when nobody can listen there."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"live.host, live.port: {settings.host}, port {settings.port}: cannot be served: {error.strerror};"
            " choose others, or port 0 for any free one"
        ) from error


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
