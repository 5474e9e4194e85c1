"""Alerts by HTTP POST, signed as Standard Webhooks (standardwebhooks.com) says: its libraries check them.

The receiver's address is chosen by a person and called by this server, so only hosts that the installation's settings
name are called, and no redirect is followed.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from standardwebhooks import Webhook

from camsvc.api.services.alerts.event import CONTENT_TYPE
from camsvc.api.services.alerts.sending import SendingError
from camsvc.config import LOOPBACK
from camsvc.errors import InputError

TIMEOUT_S = 10.0
"""A receiver that takes longer than this to say "taken" is asked again later."""
URL_MAX = 2000
SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105  names the form of a secret, is none


@dataclass(frozen=True, slots=True)
class Target:
    """``repr`` shows neither: many receivers keep a password in the path."""

    url: str = field(repr=False)
    secret: str = field(repr=False)


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_url(url: str, hosts: Collection[str]) -> None:
    """Raises InputError unless ``url`` is one that may be called; ``hosts``: the setting alerts.webhook_hosts."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise _refused("it is no URL", "write it like https://host/path") from error
    if len(url) > URL_MAX or not parsed.host:
        raise _refused("it is no URL of a host", f"write it like https://host/path, {URL_MAX} characters at most")
    if parsed.userinfo:
        raise _refused("it holds a user name", "leave it out: deliveries are signed")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and parsed.host in LOOPBACK):
        raise _refused("it is not encrypted", "use https")
    named = {parsed.host, f"{parsed.host}:{parsed.port}"}
    if not named & set(hosts):
        raise _refused(
            f"the host {parsed.host} is not allowed",
            "an administrator names the hosts that may be called in the setting alerts.webhook_hosts",
        )


def may_call(url: str, hosts: Collection[str]) -> bool:
    try:
        check_url(url, hosts)
    except InputError:
        return False
    return True


def send(target: Target, message_id: str, body: bytes, now: datetime) -> None:
    """Blocks, TIMEOUT_S for each step at most. Raises SendingError."""
    headers = {
        "Content-Type": CONTENT_TYPE,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(target.secret).sign(message_id, now, body.decode()),
        "User-Agent": "camsvc",
    }
    try:
        with (
            # trust_env: a proxy of the environment would be told what is in the alerts.
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", target.url, content=body, headers=headers) as answer,
        ):
            status = answer.status_code  # the answer's body is of no interest, and of any size
    except httpx.HTTPError as error:
        raise SendingError(f"the webhook's receiver does not answer: {type(error).__name__}") from error
    if not httpx.codes.is_success(status):
        raise SendingError(f"the webhook's receiver answers {status}")


def _refused(what: str, cure: str) -> InputError:
    return InputError(f"webhook: {what}", parameter="webhook", cure=cure)
