"""``camsvc accounts``: who may log in, and what they may do where."""

from __future__ import annotations

import json
import os
from itertools import product
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, site
from camsvc.cli.record import record
from camsvc.db.queries import accounts, grants, second_factor
from camsvc.domain.account import ACTIONS, Grant, Role, User
from camsvc.domain.audit import Kind

NEW_PASSWORD = "CAMSVC_NEW_PASSWORD"  # noqa: S105  the name of a variable

app = typer.Typer(no_args_is_help=True, help="Accounts: make them, say what they may do where, set passwords.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Of the account.")]
RolesOption = Annotated[
    list[Role], typer.Option("--role", help="What they may do; see `camsvc accounts roles`. Repeatable.")
]
AreasOption = Annotated[
    list[str] | None,
    typer.Option("--area", metavar="PATH", help="Where, with all below it. Repeatable. Default: everywhere."),
]


@app.command("list")
def list_accounts(config_file: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Names, what they may do where, and whether they may log in."""
    with site(config_file, data) as here, here.database.session() as session:
        users = accounts.all_users(session)
    if as_json:
        print(json.dumps([_user_json(user) for user in users], ensure_ascii=False))
        return
    rows = [
        (user.name, ", ".join(map(str, _sorted(user.grants))) or None, "no" if user.disabled else "yes")
        for user in users
    ]
    tables.show(["name", "granted", "may log in"], rows)


@app.command("roles")
def list_roles(as_json: JsonOption = False) -> None:
    """What each role may do."""
    told = {role.value: sorted(action.value for action in actions) for role, actions in ACTIONS.items()}
    if as_json:
        print(json.dumps(told))
    else:
        tables.show(["role", "may"], [(role, ", ".join(actions)) for role, actions in told.items()])


@app.command("add")
def add(
    name: NameArgument,
    roles: RolesOption,
    areas: AreasOption = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Make an account: each role in each area. Its password is asked for, or taken from CAMSVC_NEW_PASSWORD."""
    given = _grants(roles, areas)
    with site(config_file, data) as here:
        password = _new_password(name)
        with here.database.session() as session:
            user = accounts.create(session, name, password, given)
            details = {"account": user.name, "granted": [str(each) for each in given]}
            record(session, Kind.ADMINISTER, "account.added", details=details)
    print(f"{user.name}: added, {', '.join(map(str, given))}")


@app.command("grant")
def grant(
    name: NameArgument,
    roles: RolesOption,
    areas: AreasOption = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Let an account do more: each role in each area. In force at once."""
    with site(config_file, data) as here, here.database.session() as session:
        user = accounts.find(session, name)
        new = [each for each in _grants(roles, areas) if grants.give(session, user.id, each)]
        _record_grants(session, "grant.given", user, new)
    print(f"{user.name}: {_told(new) or 'had that already'}")


@app.command("revoke")
def revoke(
    name: NameArgument,
    roles: RolesOption,
    areas: AreasOption = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Take grants away, exactly as `camsvc accounts list` shows them. In force at once."""
    with site(config_file, data) as here, here.database.session() as session:
        user = accounts.find(session, name)
        gone = [each for each in _grants(roles, areas) if grants.take(session, user.id, each)]
        _record_grants(session, "grant.taken", user, gone)
    print(f"{user.name}: {_told(gone) or 'had none of that'}{' taken away' if gone else ''}")


@app.command("disable")
def disable(name: NameArgument, config_file: ConfigOption = None, data: DataOption = None) -> None:
    """An account may not log in any more; its sessions and tokens end at once. It is never deleted."""
    _set_disabled(config_file, data, name, disabled=True)


@app.command("enable")
def enable(name: NameArgument, config_file: ConfigOption = None, data: DataOption = None) -> None:
    """A disabled account may log in again."""
    _set_disabled(config_file, data, name, disabled=False)


@app.command("password")
def set_password(name: NameArgument, config_file: ConfigOption = None, data: DataOption = None) -> None:
    """Set a new password: asked for, or taken from CAMSVC_NEW_PASSWORD. Unlocks the account and ends its sessions."""
    with site(config_file, data) as here:
        with here.database.session() as session:
            user = accounts.find(session, name)
        password = _new_password(user.name)
        with here.database.session() as session:
            accounts.set_password(session, user.id, password)
            record(session, Kind.ADMINISTER, "password.set", details={"account": user.name})
    print(f"{user.name}: password changed; log in again everywhere")


@app.command("reset-second-factor")
def reset_second_factor(name: NameArgument, config_file: ConfigOption = None, data: DataOption = None) -> None:
    """For who lost their second factor and the recovery codes too. Where policy wants one, the next log-in sets up
    another."""
    with site(config_file, data) as here, here.database.session() as session:
        user = accounts.find(session, name)
        was = second_factor.remove(session, user.id)
        if was:
            record(session, Kind.ADMINISTER, "second-factor.reset", details={"account": user.name})
    print(f"{user.name}: {'second factor taken away' if was else 'had no second factor'}")


def _set_disabled(config_file: ConfigOption, data: DataOption, name: str, *, disabled: bool) -> None:
    with site(config_file, data) as here, here.database.session() as session:
        user = accounts.find(session, name)
        accounts.set_disabled(session, user.id, disabled=disabled)
        what = "account.disabled" if disabled else "account.enabled"
        record(session, Kind.ADMINISTER, what, details={"account": user.name})
    print(f"{user.name}: {'disabled' if disabled else 'may log in again'}")


def _new_password(name: str) -> str:
    asked: str = os.environ.get(NEW_PASSWORD) or typer.prompt(
        f"New password of {name}", hide_input=True, confirmation_prompt=True
    )
    return asked


def _grants(roles: list[Role], areas: list[str] | None) -> list[Grant]:
    where: list[str | None] = [*dict.fromkeys(areas)] if areas else [None]
    return [Grant(role, area) for role, area in product(dict.fromkeys(roles), where)]


def _record_grants(session: Session, what: str, user: User, changed: list[Grant]) -> None:
    if changed:
        details = {"account": user.name, "grants": [str(each) for each in changed]}
        record(session, Kind.ADMINISTER, what, details=details)


def _user_json(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "roles": sorted(user.roles),
        "grants": [{"role": each.role.value, "area": each.area} for each in _sorted(user.grants)],
        "disabled": user.disabled,
    }


def _sorted(given: frozenset[Grant]) -> list[Grant]:
    return sorted(given, key=lambda each: (each.area or "", each.role.value))


def _told(changed: list[Grant]) -> str:
    return ", ".join(map(str, changed))
