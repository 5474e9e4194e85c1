"""Stream URLs without their credentials going out, and with them coming back (invariant 9)."""

from __future__ import annotations

import re
from urllib.parse import quote

from camsvc.config import StreamsConfig
from camsvc.errors import InputError
from camsvc.log import redact

MASK = "***"
_PARTS = re.compile(r"(?P<scheme>[a-z]+://)(?:(?P<userinfo>[^/?#]*)@)?(?P<host>[^/?#@]*)(?P<rest>.*)", re.DOTALL)


def redacted(url: str) -> str:
    """``url`` as it is shown: credentials, wherever the camera takes them, replaced by ``***``."""
    return redact(url)


def restored(given: str, stored: str | None, parameter: str) -> str:
    """``given`` with ``***`` replaced by what ``stored`` has there; a URL without ``***`` is taken as it is.

    Credentials are kept only for the same scheme, host and port: else whoever may edit a camera could have its
    password sent to a machine of his own. Raises InputError naming ``parameter``, and never repeating a URL.
    """
    if MASK not in given:
        return given
    if stored is not None:
        if redact(stored) == given:
            return stored
        new, old = _PARTS.fullmatch(given), _PARTS.fullmatch(stored)
        same_place = new and old and (new["scheme"], new["host"]) == (old["scheme"], old["host"])
        if new and old and same_place and new["userinfo"] == MASK and old["userinfo"] and MASK not in new["rest"]:
            return f"{old['scheme']}{old['userinfo']}@{old['host']}{new['rest']}"
    raise InputError(
        f"{parameter}: has {MASK} in the place of credentials, and none are stored for this scheme, host and port",
        parameter=parameter,
        cure="write the credentials again, as in rtsp://user:password@host/path",
    )


def signed(url: str, user: str, password: str) -> str:
    """``url`` with these credentials, percent-encoded, instead of what it has."""
    scheme, slashes, rest = url.partition("://")
    host = rest.rpartition("@")[2] if has_userinfo(url) else rest
    return f"{scheme}{slashes}{quote(user, safe='')}:{quote(password, safe='')}@{host}"


def has_userinfo(url: str) -> bool:
    """Whether it names a user, also as ``***``."""
    found = _PARTS.fullmatch(url)
    return found is not None and found["userinfo"] is not None


def has_credentials(streams: StreamsConfig) -> bool:
    return any(url is not None and redact(url) != url for url in (streams.main, streams.sub))
