"""Everything on one machine, in order: PostgreSQL, S3, schema, bucket, administrator, cameras, services."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

import urllib3

from camsvc import log
from camsvc.config import Settings
from camsvc.embedded import handover, ports, runtime
from camsvc.embedded.lock import DataLock
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.embedded.runtime import resolve
from camsvc.embedded.s3 import EmbeddedS3
from camsvc.embedded.setup import Prepared, prepare
from camsvc.errors import ConfigError
from camsvc.worker.process import Place, ProcessSpec
from camsvc.worker.supervisor import Supervisor

__all__ = ["Running", "resolve", "run"]

SERVERS, SERVICES = 0, 1
"""Layers: the services are stopped first, together, then the servers that they need."""
SERVER_GRACE_S = 10.0
"""Requests that run may end; live streams are cut."""
WORKER_GRACE_S = 30.0
"""A worker closes its incidents and writes their clips to the spool. The rest is recovered at its next start."""
LIVE_GRACE_S = 10.0
"""Viewers are told that it ends; nothing of it is kept."""
LIVE = "live-1"
PROBE_TIMEOUT_S = 2.0
OK = 200
ADMIN_PASSWORD = "CAMSVC_ADMIN_PASSWORD"  # noqa: S105  the name of a variable

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """What a person needs to know when all is up."""

    url: str
    settings: Settings
    """Resolved."""
    prepared: Prepared


def run(
    settings: Settings,
    *,
    extra_processes: Sequence[ProcessSpec] = (),
    on_ready: Callable[[Running], None],
    on_step: Callable[[str], None] = lambda _: None,
) -> int:
    """Runs until SIGINT, SIGTERM or SIGHUP; the exit status. Call it from the main thread.

    ``extra_processes`` start after the database is ready and before the workers. ``on_step`` is told, in a few words,
    what is being done; ``on_ready`` once, when the web application answers. Everything is stopped again whatever
    happens; raises ConfigError, EmbeddedServerError and the errors of database and store when the start fails.
    """
    stop, hurry = threading.Event(), threading.Event()
    with ExitStack() as stack:
        stack.enter_context(_signals(stop, hurry))
        stack.enter_context(DataLock(settings.data))
        ports.require_free(settings.server.host, settings.server.port, option="--port")
        place = Place.under(settings.data)
        supervisor = Supervisor(place, stop, hurry=hurry)
        stack.callback(runtime.withdraw, settings.data)
        stack.callback(supervisor.stop_all)
        running = _start(settings, supervisor, place, extra_processes, on_step, stop)
        if running is not None:
            on_ready(running)
            supervisor.run()
        on_step("Stopping")
    return 0


def _start(
    settings: Settings,
    supervisor: Supervisor,
    place: Place,
    extra_processes: Sequence[ProcessSpec],
    on_step: Callable[[str], None],
    stop: threading.Event,
) -> Running | None:
    """None: ``stop`` was set on the way."""
    postgres = s3 = None
    if settings.database_url is None:
        on_step("Starting PostgreSQL")
        postgres = EmbeddedPostgres(settings.data)
        if not _serve(postgres, supervisor):
            return None
    if settings.s3_endpoint is None:
        on_step("Starting the object store")
        s3 = EmbeddedS3(settings.data)
        if not _serve(s3, supervisor):
            return None
    settings = runtime.publish(settings, runtime.values_of(postgres, s3))
    on_step("Preparing database and object store")
    prepared = prepare(settings, os.environ.get(ADMIN_PASSWORD))
    if postgres is not None:
        postgres.seal_audit()
    settings = _with_port(settings)
    handover.write(settings, place.run / "settings.json")
    for spec in extra_processes:
        if stop.is_set() or not supervisor.start(spec):
            return None
    on_step("Starting the web application")
    url = _url(settings)
    workers = [_worker(place, number) for number in range(1, settings.worker.processes + 1)]
    services = [_server(settings, place, url), *workers, _live(place)]
    for spec in services:
        if stop.is_set() or not supervisor.start(spec):
            return None
    return Running(url, settings, prepared)


def _serve(server: EmbeddedPostgres | EmbeddedS3, supervisor: Supervisor) -> bool:
    """False: stopped on the way."""
    try:
        server.prepare()
    except OSError as error:
        raise ConfigError(
            f"{error.filename}: {error.strerror}: the embedded servers cannot keep their data there; "
            "mend the rights or make room, or give another folder with --data"
        ) from error
    if not supervisor.start(server.process()):
        return False
    server.provision()
    return True


def _server(settings: Settings, place: Place, url: str) -> ProcessSpec:
    http = urllib3.PoolManager(timeout=PROBE_TIMEOUT_S, retries=False)

    def answers() -> bool:
        try:
            answered = http.request("GET", f"{url}healthz").status == OK
        except urllib3.exceptions.HTTPError:
            return False
        http.clear()
        return answered

    return ProcessSpec(
        name="server",
        argv=_camsvc(place, "server"),
        env=handover.environment(dict(os.environ)),
        grace_s=SERVER_GRACE_S,
        layer=SERVICES,
        ready=answers,
    )


def _worker(place: Place, number: int) -> ProcessSpec:
    return ProcessSpec(
        name=f"worker-{number}",
        argv=[*_camsvc(place, "worker"), "--id", f"local-{number}"],
        env=handover.environment(dict(os.environ)),
        grace_s=WORKER_GRACE_S,
        layer=SERVICES,
    )


def _live(place: Place) -> ProcessSpec:
    """Not waited for: everything but live pictures works without it."""
    return ProcessSpec(
        name=LIVE,
        argv=[*_camsvc(place, "live"), "--id", LIVE],
        env=handover.environment(dict(os.environ)),
        grace_s=LIVE_GRACE_S,
        layer=SERVICES,
    )


def _camsvc(place: Place, command: str) -> list[str]:
    return [sys.executable, "-m", "camsvc.cli.main", command, "--config", str(place.run / "settings.json")]


def _with_port(settings: Settings) -> Settings:
    """Port 0 becomes a free one, so that the server comes back on it after a crash."""
    if settings.server.port != 0:
        return settings
    server = settings.server.model_copy(update={"port": ports.choose_ports(1)[0]})
    return settings.model_copy(update={"server": server})


def _url(settings: Settings) -> str:
    host = settings.server.host
    if host in ("0.0.0.0", "::", ""):  # noqa: S104  reached on loopback too
        host = ports.LOOPBACK
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}/"


@contextmanager
def _signals(stop: threading.Event, hurry: threading.Event) -> Iterator[None]:
    """The first signal asks to stop, the second to be quick about it."""

    def handle(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            hurry.set()
        stop.set()

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            with suppress(TypeError):  # a handler that was not set from Python cannot be put back
                signal.signal(number, handler)
