"""Logging in: the password, then the second factor where there is one or policy wants one.

Between the two steps nothing is kept here: a ticket, encrypted with the installation's key, says who proved what.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.errors import (
    BusyError,
    EnrolmentNeededError,
    ForbiddenError,
    LockedOutError,
    SecondFactorNeededError,
    StaleLogInError,
)
from camsvc.api.services import audit, devices
from camsvc.db.models import TokenKind, UserRow
from camsvc.db.queries import accounts, log_in_failures, second_factor
from camsvc.db.queries.log_in_failures import Bucket
from camsvc.db.queries.second_factor import Proof, Verdict
from camsvc.domain.account import User
from camsvc.domain.audit import Kind, Outcome
from camsvc.errors import AccessError, ConfigError, ConflictError, NotFoundError

NAME_RECORDED = 100
"""Characters of a name that was tried; some type their password there."""
TICKET_AGE = timedelta(minutes=10)
"""Between the password and the code: to fetch a telephone, and to set up an authenticator on it."""
ADDRESS_DRAIN_S = 6.0
"""Failures of one address are forgotten one by one: who shares it with a guesser waits for seconds, not for the
guesser's end; a guesser has 14,400 a day for all accounts together."""
_TICKET = "log-in, the password was right"

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """From where somebody logs in."""

    source: str | None = None
    """Address."""
    agent: str | None = None
    """What the browser or program calls itself."""
    device: str | None = field(default=None, repr=False)
    """The browser's cookie of marks (``devices``)."""


@dataclass(frozen=True, slots=True)
class LogIn:
    user: User
    token: str = field(repr=False)
    ttl_s: int
    device: str = field(repr=False)
    """What the browser's cookie of marks is now."""


@dataclass(frozen=True, slots=True)
class Pending:
    """The password was right; something is missing."""

    ticket: str = field(repr=False)
    must_enrol: bool
    """A second factor must be set up first (``enrolment``, ``enrol``); else a code of it is asked (``prove``)."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """For an authenticator: as text to type, and as what a QR code says."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def log_in(
    server: Server, name: str, password: str, kind: TokenKind, origin: Origin, *, code: str | None = None
) -> LogIn:
    """In one step, for programs.

    Raises SecondFactorNeededError when ``code`` is missing, EnrolmentNeededError when there is no second factor and
    policy wants one; AccessError, LockedOutError, BusyError, DatabaseUnavailableError.
    """
    first = begin(server, name, password, kind, origin)
    if isinstance(first, LogIn):
        return first
    if first.must_enrol:
        raise EnrolmentNeededError("This account must set up a second factor before it may log in.")
    if not code:
        raise SecondFactorNeededError("The password is right; a code of the second factor must come with it.")
    return prove(server, first.ticket, code, origin)


def begin(server: Server, name: str, password: str, kind: TokenKind, origin: Origin) -> LogIn | Pending:
    """A new token or page session, or what is still missing for it. A refusal is recorded, with the name.

    Raises AccessError, LockedOutError, BusyError, DatabaseUnavailableError.
    """
    if not server.settings.log_in.passwords and name.strip().lower() != accounts.ADMIN:
        provider = server.settings.oidc.name if server.settings.oidc else "the provider"
        raise ForbiddenError(f"Passwords are not taken here: log in with {provider}.")
    try:
        user = check_password(server, name, password, origin)
    except LockedOutError:
        raise  # not recorded again and again: the attempts that led to it are
    except AccessError:
        _log.warning("log-in refused", user=name[:NAME_RECORDED])
        audit.refuse_sign_in(server, name[:NAME_RECORDED], source=origin.source)
        raise
    with server.database.session() as session:
        has_factor = second_factor.is_set_up(session, user.id)
        if has_factor or is_required(server, user):
            return Pending(_ticket(server, session, user, kind), must_enrol=not has_factor)
        return enter(server, session, user, kind, origin, by="password")


def prove(server: Server, ticket: str, code: str, origin: Origin) -> LogIn:
    """The second step. Raises StaleLogInError, AccessError for a wrong code, LockedOutError after many."""
    with server.database.session() as session:
        user, kind = _opened(server, session, ticket)
        try:
            verdict = second_factor.check(session, server.cipher, user.id, code, server.clock.now())
        except NotFoundError as error:
            raise StaleLogInError() from error
        if verdict.proof is not None:
            how = "a recovery code" if verdict.proof is Proof.RECOVERY else "a code"
            return enter(server, session, user, kind, origin, by=f"password and {how}")
        _record_wrong(session, user, origin)
    raise refusal(verdict)


def enrolment(server: Server, ticket: str) -> Enrolment:
    """What is to be put into an authenticator before ``enrol``. Raises StaleLogInError."""
    with server.database.session() as session:
        user, _ = _opened(server, session, ticket)
        try:
            return described(user, second_factor.begin(session, server.cipher, user.id))
        except ConflictError as error:
            raise StaleLogInError() from error


def enrol(server: Server, ticket: str, code: str, origin: Origin) -> tuple[LogIn, list[str]]:
    """Sets up the second factor with its first code: who they are now, and the recovery codes, to be shown once.

    Raises StaleLogInError, AccessError for a wrong code, LockedOutError after many.
    """
    with server.database.session() as session:
        user, kind = _opened(server, session, ticket)
        try:
            verdict, codes = second_factor.confirm(session, server.cipher, user.id, code, server.clock.now())
        except (NotFoundError, ConflictError) as error:
            raise StaleLogInError() from error
        if verdict.proof is not None:
            audit.append(session, user, Kind.SIGN_IN, "second-factor.set-up", source=origin.source)
            return enter(server, session, user, kind, origin, by="password and a first code"), codes
        _record_wrong(session, user, origin)
    raise refusal(verdict)


def enter(server: Server, session: Session, user: User, kind: TokenKind, origin: Origin, *, by: str) -> LogIn:
    """``user`` has proved who they are: a new token or session of theirs, recorded. The transaction's last deed."""
    ttl_s = int(server.settings.server.session_ttl_h * 3600)
    accounts.forgive(session, user.id)
    accounts.purge(session)
    log_in_failures.purge(session)
    token = accounts.issue(session, user, kind, ttl_s, source=origin.source, agent=origin.agent)
    what = "token.issued" if kind is TokenKind.BEARER else "session.begun"
    audit.append(session, user, Kind.SIGN_IN, what, source=origin.source, details={"ttl_s": ttl_s, "by": by})
    _log.info("logged in", user=user.name, kind=kind.value, by=by)
    device = devices.with_mark(server.cipher, origin.device, user.name, server.clock.now())
    return LogIn(user, token, ttl_s, device)


def check_password(server: Server, name: str, password: str, origin: Origin) -> User:
    """Whose it is. Every failure counts, for the account and for the address (or the browser, where it is known).

    Raises AccessError, LockedOutError, BusyError, DatabaseUnavailableError.
    """
    counted, is_known = _count(server, name, origin)
    try:
        with server.gatekeeper.attempt(name, is_known=is_known):
            user = accounts.login(server.database, name, password, is_known=is_known)
    except BusyError:
        _take_back(server, counted)
        raise
    _take_back(server, counted)
    return user


def is_required(server: Server, user: User) -> bool:
    """Whether policy wants a second factor of ``user``."""
    return bool(user.roles & frozenset(server.settings.log_in.second_factor))


def described(user: User, secret: str) -> Enrolment:
    return Enrolment(secret, second_factor.uri(secret, user.name, "camsvc"))


def refusal(verdict: Verdict) -> AccessError:
    if verdict.wait_s:
        return LockedOutError("Too many wrong codes in a row.", retry_after_s=verdict.wait_s)
    return AccessError("the code is wrong, or was used already: wait for the next one")


def _record_wrong(session: Session, user: User, origin: Origin) -> None:
    _log.warning("code refused", user=user.name)
    details = {"reason": "wrong code"}
    audit.append(
        session,
        user,
        Kind.SIGN_IN,
        "session.refused",
        outcome=Outcome.REFUSED,
        source=origin.source,
        details=details,
    )


def _count(server: Server, name: str, origin: Origin) -> tuple[Bucket, bool]:
    """Where the attempt was counted, and whether it comes from a browser that the account is known to use."""
    mark = devices.known(server.cipher, origin.device, name, server.clock.now())
    at_once = server.settings.log_in.failures_per_address
    address = log_in_failures.of_address(origin.source, at_once, ADDRESS_DRAIN_S)
    with server.database.session() as session:
        if mark is not None and log_in_failures.count(session, devices.bucket(mark)) == 0:
            return devices.bucket(mark), True
        wait_s = log_in_failures.count(session, address)
    if wait_s:
        raise LockedOutError("Too many log-ins from this address failed of late.", retry_after_s=wait_s)
    return address, False


def _take_back(server: Server, bucket: Bucket) -> None:
    with server.database.session() as session:
        log_in_failures.take_back(session, bucket)


def _ticket(server: Server, session: Session, user: User, kind: TokenKind) -> str:
    """It ends with the password that was given."""
    until = server.clock.now() + TICKET_AGE
    password_set_at = session.get_one(UserRow, user.id).password_set_at
    values = {
        "user": str(user.id),
        "name": user.name,
        "kind": kind.value,
        "until": until.isoformat(),
        "password": password_set_at.isoformat(),
    }
    return server.cipher.seal(_TICKET, values).decode("ascii")


def _opened(server: Server, session: Session, ticket: str) -> tuple[User, TokenKind]:
    """Raises StaleLogInError."""
    try:
        values = server.cipher.open(_TICKET, ticket.encode("ascii"))
    except (ConfigError, UnicodeEncodeError):
        raise StaleLogInError() from None  # what the cipher says of cameras helps nobody here
    if server.clock.now() >= datetime.fromisoformat(values["until"]):
        raise StaleLogInError()
    row = session.get_one(UserRow, int(values["user"]))
    if row.disabled_at is not None or row.password_set_at != datetime.fromisoformat(values["password"]):
        raise StaleLogInError()
    return accounts.find(session, row.name), TokenKind(values["kind"])
