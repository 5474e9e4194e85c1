"""Saving searches and asking for their alerts: what routes and pages share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from camsvc.api.context import Server
from camsvc.api.services import audit, rights
from camsvc.api.services.alerts import webhook
from camsvc.api.services.alerts.deliveries import seal_target
from camsvc.api.services.alerts.webhook import Target
from camsvc.db import named_filter
from camsvc.db.queries import alerts, saved_searches
from camsvc.domain.account import Action, User
from camsvc.domain.alert import NAME_MAX, Alert, Alerting, Channel, Draft, SavedSearch, Span
from camsvc.domain.audit import Kind
from camsvc.domain.search_json import search_json
from camsvc.errors import InputError

KEEP = "keep"
"""As a webhook's URL: the one that is there stays."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to save."""

    name: str
    conditions: Mapping[str, Any]
    """By the names of the REST interface."""
    span: Span | None = None
    alerting: Alerting | None = None
    webhook: str | None = None
    """URL; KEEP: as it is; None: none."""


@dataclass(frozen=True, slots=True)
class Saved:
    search: SavedSearch
    secret: str | None = None
    """What signs deliveries to a webhook that is new: shown once."""


def all_of(server: Server, user: User) -> list[SavedSearch]:
    with server.database.session() as session:
        return saved_searches.all_of(session, user.id)


def get(server: Server, user: User, search: UUID) -> SavedSearch:
    """Raises NotFoundError."""
    with server.database.session() as session:
        return saved_searches.get(session, user.id, search)


def add(server: Server, user: User, wish: Wish, *, source: str | None = None) -> Saved:
    """Recorded. Raises InputError, ConflictError, ForbiddenError."""
    return _save(server, user, None, wish, source)


def change(server: Server, user: User, search: UUID, wish: Wish, *, source: str | None = None) -> Saved:
    """In place of what it was; a pause ends. Recorded. Raises as ``add``, and NotFoundError."""
    get(server, user, search)
    return _save(server, user, search, wish, source)


def remove(server: Server, user: User, search: UUID, *, source: str | None = None) -> None:
    """With its alerts; the incidents stay. Recorded. Raises NotFoundError."""
    with server.database.session() as session:
        gone = saved_searches.remove(session, user.id, search)
        audit.append(session, user, Kind.SEARCH, "search.removed", source=source, details={"name": gone.name})


def alerts_of(
    server: Server,
    user: User,
    *,
    before: int | None = None,
    search: UUID | None = None,
    unseen: bool = False,
    limit: int,
    source: str | None = None,
) -> list[Alert]:
    """Newest first, where ``user`` may still search. The first page is recorded, as a search is."""
    reach = rights.require_somewhere(server, user, Action.SEARCH, source=source)
    with server.database.session() as session:
        found = alerts.page(session, user.id, reach, before=before, search=search, unseen=unseen, limit=limit)
        if before is None:
            audit.append(session, user, Kind.SEARCH, "alerts.viewed", source=source, details={"found": len(found)})
    return found


def unseen(server: Server, user: User) -> int:
    with server.database.session() as session:
        return alerts.unseen(session, user.id)


def see(server: Server, user: User, up_to: int, search: UUID | None = None) -> int:
    """Alerts up to this id are looked at; how many were not before."""
    with server.database.session() as session:
        return alerts.see(session, user.id, up_to, search)


def _save(server: Server, user: User, search: UUID | None, wish: Wish, source: str | None) -> Saved:
    """``search``: the one to change; None: a new one."""
    rights.require_somewhere(server, user, Action.SEARCH, source=source)
    checked = _checked(server, wish)
    if wish.alerting and wish.alerting.channels:
        # What is sent outside is no longer ours to protect: who may not export may not send.
        rights.require_somewhere(server, user, Action.EXPORT, source=source)
    with server.database.session() as session:
        sealed = saved_searches.sealed_webhook(session, user.id, search) if search else None
        target = None
        if wish.webhook != KEEP:
            target = Target(wish.webhook, webhook.new_secret()) if wish.webhook else None
            sealed = seal_target(server.cipher, user.id, target) if target else None
        if wish.alerting and Channel.WEBHOOK in wish.alerting.channels and sealed is None:
            raise InputError("a webhook without its URL", parameter="webhook", cure="add the URL to call")
        if search is None:
            saved = saved_searches.add(session, user.id, checked, sealed)
        else:
            saved = saved_searches.change(session, user.id, search, checked, sealed)
        told = {
            "name": saved.name,
            "conditions": dict(saved.conditions),
            "alerts": wish.alerting is not None,
            "channels": sorted(wish.alerting.channels) if wish.alerting else [],
        }
        audit.append(session, user, Kind.SEARCH, "search.saved", source=source, details=told)
    return Saved(saved, target.secret if target else None)


def _checked(server: Server, wish: Wish) -> Draft:
    name = " ".join(wish.name.split())
    if not 0 < len(name) <= NAME_MAX:
        raise InputError(f"{len(name)} characters", parameter="name", cure=f"give it a name of 1 to {NAME_MAX}")
    wanted = named_filter.parse(wish.conditions, server.settings.timezone)
    if wish.span is not None and (wanted.from_ or wanted.to):
        raise InputError(
            "a span beside from or to", parameter="span", cure="leave out from and to: the span moves along"
        )
    if wish.alerting and Channel.MQTT in wish.alerting.channels and server.settings.alerts.mqtt is None:
        raise InputError(
            "there is no MQTT broker", parameter="alerts", cure="an administrator sets alerts.mqtt in the settings"
        )
    if wish.webhook and wish.webhook != KEEP:
        webhook.check_url(wish.webhook, server.settings.alerts.webhook_hosts)
    return Draft(name, search_json(wanted), wish.span, wish.alerting)
