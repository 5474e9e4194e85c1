"""Logging in with a sign-in provider: from what the provider says to a session here. Recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.errors import NothingGrantedError, NotLinkedError, ProviderRefusedError, StaleLogInError
from camsvc.api.services import audit, sign_in
from camsvc.api.services.openid import Person, Provider
from camsvc.api.services.sign_in import LogIn, Origin
from camsvc.db.models import TokenKind
from camsvc.db.queries import accounts, identities
from camsvc.domain.account import User
from camsvc.domain.audit import Kind
from camsvc.errors import AccessError, ConfigError, NotFoundError

BEGUN_AGE = timedelta(minutes=15)
"""For logging in at the provider, its own second factor included."""
_COOKIE = "log-in at the provider, begun"

_log = log.get(__name__)


def begin(server: Server, next_: str) -> tuple[str, str]:
    """Where the browser goes, and the cookie that it keeps meanwhile: only it can finish what it began.

    Raises NotFoundError when there is no provider, ProviderAwayError, ProviderRefusedError.
    """
    begun = provider(server).begin()
    until = server.clock.now() + BEGUN_AGE
    values = {
        "state": begun.state,
        "nonce": begun.nonce,
        "verifier": begun.verifier,
        "next": next_,
        "until": until.isoformat(),
    }
    return begun.url, server.cipher.seal(_COOKIE, values).decode("ascii")


def finish(server: Server, cookie: str | None, answer: Mapping[str, str], origin: Origin) -> tuple[LogIn, str]:
    """Who came back is logged in; and which page they wanted. A refusal is recorded.

    Raises StaleLogInError, ProviderRefusedError, ProviderAwayError, NotLinkedError, NothingGrantedError.
    """
    begun = _opened(server, cookie)
    try:
        person = provider(server).finish(answer, begun["state"], begun["nonce"], begun["verifier"])
    except ProviderRefusedError as error:
        _log.warning("log-in at the provider refused", reason=str(error))
        if not error.denied:
            audit.refuse_sign_in(server, "?", source=origin.source)
        raise
    try:
        with server.database.session() as session:
            user = _account(server, session, person, origin)
            if user.grants:
                entered = sign_in.enter(server, session, user, TokenKind.SESSION, origin, by="the provider")
                return entered, begun["next"]
        raise NothingGrantedError(user.name)  # that the account is theirs is kept
    except AccessError:
        audit.refuse_sign_in(server, (person.name or person.subject)[: sign_in.NAME_RECORDED], source=origin.source)
        raise


def provider(server: Server) -> Provider:
    """Raises NotFoundError when there is none."""
    if server.provider is None:
        raise NotFoundError("no sign-in provider is set up")
    return server.provider


def _account(server: Server, session: Session, person: Person, origin: Origin) -> User:
    """Raises NotLinkedError."""
    settings = provider(server).settings
    found = identities.link(session, settings.issuer, person.subject, person.name, create=settings.create)
    if found.user is None:
        refusal = found.refusal or identities.Refusal.UNKNOWN
        _log.warning("log-in of the provider refused", user=person.name, reason=refusal.value)
        raise NotLinkedError(refusal)
    user, source = found.user, origin.source
    details = {"account": user.name, "issuer": settings.issuer, "subject": person.subject}
    if found.is_new:
        audit.append(session, user, Kind.ADMINISTER, "account.added", source=source, details=details)
    elif found.is_linked:
        audit.append(session, user, Kind.ADMINISTER, "account.linked", source=source, details=details)
    if settings.grants:
        wanted = {grant for group in person.groups for grant in settings.granted(group)}
        given, taken = identities.follow_groups(session, user.id, wanted)
        for what, changed in (("grant.given", given), ("grant.taken", taken)):
            if changed:
                told = {"account": user.name, "grants": [str(each) for each in changed], "by": settings.issuer}
                audit.append(session, user, Kind.ADMINISTER, what, source=source, details=told)
    return accounts.find(session, user.name)


def _opened(server: Server, cookie: str | None) -> dict[str, str]:
    """Raises StaleLogInError."""
    try:
        values = server.cipher.open(_COOKIE, (cookie or "").encode("ascii"))
    except (ConfigError, UnicodeEncodeError):
        raise StaleLogInError from None  # what the cipher says of cameras helps nobody here
    if server.clock.now() >= datetime.fromisoformat(values["until"]):
        raise StaleLogInError
    return values
