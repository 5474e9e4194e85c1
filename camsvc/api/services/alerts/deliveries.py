"""Sends alerts out of the system until they arrive, or are too old to be of use. A duty: one server does it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from camsvc import log
from camsvc.api.services.alerts import webhook
from camsvc.api.services.alerts.event import event
from camsvc.api.services.alerts.mqtt import Broker
from camsvc.api.services.alerts.sending import SendingError
from camsvc.clock import Clock
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import alerts, audit, incidents, saved_searches
from camsvc.db.queries.alerts import Due
from camsvc.domain.alert import Channel
from camsvc.domain.audit import Deed, Kind
from camsvc.domain.incident import Incident
from camsvc.errors import ConfigError, NotFoundError

POLL_S = 1.0
"""How long an alert waits at most before it leaves; asking costs one look into an index of what is due."""
AT_ONCE = 8
"""Deliveries at a time: a receiver that hangs holds up few others."""
BATCH = 64
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 900.0
"""After the first failure, and at most: each wait is twice the one before."""
GIVE_UP = timedelta(hours=24)
"""An alert that arrives a day late alarms nobody any more. It stays on the page."""
WHAT = "alert.sent"

_log = log.get(__name__)


class Deliverer:
    """``work`` is what ``Duty`` runs."""

    def __init__(self, database: Database, cipher: Cipher, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._settings = settings.alerts
        self._clock = clock
        self._broker = Broker(settings.alerts.mqtt) if settings.alerts.mqtt else None

    def work(self, stop: threading.Event, check: Callable[[], None]) -> None:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alert-delivery") as pool:
            try:
                while not stop.is_set():
                    check()
                    with self._database.session() as session:
                        due = alerts.due(session, BATCH)
                    list(pool.map(self._deliver, due))
                    if len(due) < BATCH:
                        self._clock.wait(stop, POLL_S)
            finally:
                if self._broker is not None:
                    self._broker.close()

    def _deliver(self, each: Due) -> None:
        try:
            self._send(each)
        except SendingError as error:
            self._put_off(each, str(error))
            return
        with self._database.session() as session:
            alerts.sent(session, each)
            audit.append(session, self._deed(each))

    def _send(self, each: Due) -> None:
        body = event(each.alert, self._incident(each), self._settings.source)
        if each.channel is Channel.MQTT:
            if self._broker is None:
                raise SendingError("no MQTT broker is set (alerts.mqtt)")
            self._broker.send(each.alert.search, body)
        else:
            webhook.send(self._target(each), f"alert-{each.alert.id}", body, self._clock.now())

    def _target(self, each: Due) -> webhook.Target:
        with self._database.session() as session:
            sealed = saved_searches.sealed_webhook(session, each.user, each.alert.search)
        if sealed is None:
            raise SendingError("the search has no webhook any more")
        target = open_target(self._cipher, each.user, sealed)
        if not webhook.may_call(target.url, self._settings.webhook_hosts):
            raise SendingError("its host is not in alerts.webhook_hosts any more")
        return target

    def _incident(self, each: Due) -> Incident | None:
        try:
            with self._database.session() as session:
                return incidents.get(session, each.alert.incident)
        except NotFoundError:
            return None  # retired meanwhile: the alert says what it knows

    def _put_off(self, each: Due, reason: str) -> None:
        waited = self._clock.now() - each.alert.raised_at
        with self._database.session() as session:
            if waited > GIVE_UP:
                alerts.given_up(session, each, reason)
                _log.error("alert given up", alert=each.alert.id, channel=each.channel.value, reason=reason)
                return
            wait_s = min(FIRST_WAIT_S * 2**each.attempts, LONGEST_WAIT_S)
            alerts.again(session, each, reason, timedelta(seconds=wait_s))
        _log.warning("alert not sent", alert=each.alert.id, channel=each.channel.value, reason=reason, retry_s=wait_s)

    def _deed(self, each: Due) -> Deed:
        return Deed(
            Kind.EXPORT,
            WHAT,
            user_id=each.user,
            user_name=None,
            camera=each.alert.camera,
            area=each.alert.area,
            incident=each.alert.incident,
            details={"search": str(each.alert.search), "channel": each.channel.value, "alert": each.alert.id},
        )


def seal_target(cipher: Cipher, user: int, target: webhook.Target) -> bytes:
    return cipher.seal(_subject(user), {"url": target.url, "secret": target.secret})


def open_target(cipher: Cipher, user: int, sealed: bytes) -> webhook.Target:
    """Raises SendingError when it was sealed with another key."""
    try:
        values = cipher.open(_subject(user), sealed)
    except ConfigError as error:
        raise SendingError("the webhook cannot be decrypted with this key: set it again") from error
    return webhook.Target(values["url"], values["secret"])


def _subject(user: int) -> str:
    return f"webhook of account {user}"
