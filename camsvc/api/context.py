"""What one server process is made of. Routes and pages find it on the application; services are given it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import HTTPConnection

from camsvc.api.metrics import HttpMetrics
from camsvc.clock import Clock
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.storage.holds import Enforcement
from camsvc.storage.objects import ObjectStore

if TYPE_CHECKING:
    from camsvc.api.services.accounts import Gatekeeper
    from camsvc.api.services.duty import Duty
    from camsvc.api.services.exports.runner import Runners
    from camsvc.api.services.feed import Feed
    from camsvc.api.services.openid import Provider
    from camsvc.api.services.prover import Prover
    from camsvc.api.services.readiness import Readiness
    from camsvc.api.services.recent import Recent
    from camsvc.api.services.renditions import Renditions
    from camsvc.api.services.states import States
    from camsvc.api.services.verification import Verifier
    from camsvc.live.client import LiveProcesses


@dataclass(frozen=True, slots=True)
class Server:
    """Shared by all threads of the process; each part says itself what may be called from where."""

    settings: Settings = field(repr=False)
    database: Database
    store: ObjectStore
    cipher: Cipher
    clock: Clock
    metrics: HttpMetrics
    feed: Feed
    renditions: Renditions
    prover: Prover
    gatekeeper: Gatekeeper
    readiness: Readiness
    recent: Recent
    live: LiveProcesses
    states: States
    duties: tuple[Duty, ...]
    exports: Runners
    provider: Provider | None
    """Where people may log in beside here."""
    enforcement: Enforcement
    verifier: Verifier


def server_of(connection: HTTPConnection) -> Server:
    """Dependency: the server that answers ``connection``; also for a Starlette request of a page."""
    server = connection.app.state.camsvc
    assert isinstance(server, Server)  # noqa: S101  set by create_app, nobody else writes it
    return server
