"""One's own second factor and password, changed by oneself; reset by an administrator. All recorded.

What would let a thief of an open session stay in asks for the password again. API tokens may do none of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError, WrongProofError
from camsvc.api.services import audit, rights, sign_in
from camsvc.api.services.credentials import refuse_tokens
from camsvc.api.services.sign_in import Enrolment, Origin
from camsvc.db.queries import accounts, second_factor
from camsvc.db.queries.second_factor import State
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.errors import AccessError, InputError

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    state: State
    is_required: bool
    """Policy wants one of this account: it can be replaced, not removed."""


def standing(server: Server, user: User) -> Standing:
    with server.database.session() as session:
        return Standing(second_factor.state(session, user.id), sign_in.is_required(server, user))


def begin(server: Server, user: User, password: str, origin: Origin) -> Enrolment:
    """What is to be put into an authenticator before ``confirm``.

    Raises AccessError, LockedOutError, BusyError for the password; ConflictError when one is set up already.
    """
    _require_password(server, user, password, origin, "second-factor.begun")
    with server.database.session() as session:
        return sign_in.described(user, second_factor.begin(session, server.cipher, user.id))


def confirm(server: Server, user: User, code: str, origin: Origin) -> list[str]:
    """Sets up what was begun: from the next log-in on a code is asked for. The recovery codes, to be shown once.

    Raises InputError for a wrong code, LockedOutError after many; NotFoundError when nothing was begun, ConflictError
    when one is set up already.
    """
    refuse_tokens(server, user, "second-factor.set-up", source=origin.source)
    with server.database.session() as session:
        verdict, codes = second_factor.confirm(session, server.cipher, user.id, code, server.clock.now())
        if verdict.proof is not None:
            audit.append(session, user, Kind.SIGN_IN, "second-factor.set-up", source=origin.source)
            return codes
    raise _wrong(sign_in.refusal(verdict))


def renew_recovery_codes(server: Server, user: User, password: str, origin: Origin) -> list[str]:
    """New ones in place of all before. Raises as ``begin``; NotFoundError when no second factor is set up."""
    _require_password(server, user, password, origin, "recovery-codes.made")
    with server.database.session() as session:
        second_factor.require(session, user.id)
        codes = second_factor.renew_recovery_codes(session, user.id)
        audit.append(session, user, Kind.SIGN_IN, "recovery-codes.made", source=origin.source)
    return codes


def remove(server: Server, user: User, password: str, code: str, origin: Origin) -> None:
    """Raises as ``begin`` and ``confirm``; ForbiddenError where policy wants one; NotFoundError when there is none."""
    _require_password(server, user, password, origin, "second-factor.removed")
    if sign_in.is_required(server, user):
        raise ForbiddenError("Policy wants a second factor of this account. An administrator can reset it.")
    with server.database.session() as session:
        verdict = second_factor.check(session, server.cipher, user.id, code, server.clock.now())
        if verdict.proof is not None:
            second_factor.remove(session, user.id)
            audit.append(session, user, Kind.SIGN_IN, "second-factor.removed", source=origin.source)
            return
    raise _wrong(sign_in.refusal(verdict))


def reset(server: Server, administrator: User, name: str, *, source: str | None = None) -> bool:
    """Take away the second factor of ``name``, who lost it and the recovery codes too. Whether there was one.

    Their sessions go on; where policy wants one, they set it up anew at the next log-in. Raises ForbiddenError,
    NotFoundError.
    """
    refuse_tokens(server, administrator, "second-factor.reset", source=source)
    rights.require_everywhere(server, administrator, Action.ADMINISTER, source=source)
    with server.database.session() as session:
        account = accounts.find(session, name)
        was = second_factor.remove(session, account.id)
        if was:
            details = {"account": account.name}
            audit.append(session, administrator, Kind.ADMINISTER, "second-factor.reset", source=source, details=details)
    _log.info("second factor reset", user=administrator.name, account=account.name, was=was)
    return was


def change_password(server: Server, user: User, old: str, new: str, origin: Origin) -> None:
    """All other log-ins of ``user`` end; API tokens stay.

    Raises AccessError, LockedOutError, BusyError for ``old``; InputError for ``new``.
    """
    _require_password(server, user, old, origin, "password.changed")
    if new == old:
        raise InputError("the new password is the old one", parameter="new", cure="choose another")
    with server.database.session() as session:
        accounts.change_password(session, user.id, new, keep=user.proof.id if user.proof else None)
        audit.append(session, user, Kind.SIGN_IN, "password.changed", source=origin.source)
    _log.info("password changed", user=user.name)


def _require_password(server: Server, user: User, password: str, origin: Origin, what: str) -> None:
    refuse_tokens(server, user, what, source=origin.source)
    try:
        sign_in.check_password(server, user.name, password, origin)
    except AccessError as error:
        raise _wrong(error) from error


def _wrong(error: AccessError) -> AccessError | WrongProofError:
    """Who asks is logged in: a wrong password or code is a wrong value, and must not end the page's session."""
    if type(error) is AccessError:
        return WrongProofError("the password or the code is wrong", parameter="password or code", cure="type it again")
    return error
