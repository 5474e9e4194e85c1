"""``camsvc tokens``: API tokens, for programs: made, listed, revoked."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, site
from camsvc.cli.record import record
from camsvc.db.models import AreaRow, TokenKind
from camsvc.db.queries import accounts, tokens
from camsvc.domain.account import Action, Scope
from camsvc.domain.audit import Kind
from camsvc.domain.incident_json import time_json
from camsvc.errors import ConflictError, InputError

DAY_S = 24 * 3600.0

app = typer.Typer(no_args_is_help=True, help="API tokens: for programs, with a name, a scope and an end.")


@app.command("add")
def add(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Whose. It may do no more than this account.")],
    name: Annotated[str, typer.Option(metavar="TEXT", help="What it is for: people will know it by this.")],
    actions: Annotated[list[Action], typer.Option("--action", help="What it may be used for. Repeatable.")],
    areas: Annotated[
        list[str] | None, typer.Option("--area", metavar="PATH", help="Only there, with all below it. Repeatable.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(metavar="N", help="How long. Default: as long as policy allows.")
    ] = None,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Make a token. It is printed here and never again; what is on standard output is the token alone."""
    with site(config_file, data) as here, here.database.session() as session:
        most = here.settings.policy.token_max_days
        if days is not None and not 0 < days <= most:
            raise InputError("not so long", parameter="--days", cure=f"give at most {most:g}")
        user = accounts.find(session, account)
        if user.disabled:
            raise ConflictError(f"the account {user.name!r} is disabled", parameter="ACCOUNT")
        for path in areas or ():
            if session.get(AreaRow, path) is None:
                raise InputError(f"there is no area {path!r}", parameter="--area", cure="see `camsvc cameras list`")
        scope = Scope(frozenset(actions), tuple(dict.fromkeys(areas)) if areas else None)
        id_, token = tokens.issue(session, user.id, name, scope, (days or most) * DAY_S)
        held = tokens.get(session, id_, [TokenKind.API])
        details = {"token": id_, "name": held.name, "account": user.name, "actions": sorted(scope.actions)}
        limits = {"areas": list(scope.areas) if scope.areas else None, "expires_at": time_json(held.expires_at)}
        record(session, Kind.ADMINISTER, "token.made", details={**details, **limits})
    if as_json:
        print(json.dumps({"id": id_, "token": token, "name": held.name, "expires_at": time_json(held.expires_at)}))
        return
    print(token)
    typer.echo(f"{user.name}: token {id_} ({held.name}), until {time_json(held.expires_at)}", err=True)


@app.command("list")
def list_tokens(
    account: Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help="Only of this one.")] = None,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Those in force: what they may be used for, when they were last."""
    from camsvc.api.services.credentials import held_json

    with site(config_file, data) as here, here.database.session() as session:
        owner = accounts.find(session, account).id if account else None
        found = tokens.listed(session, [TokenKind.API], owner)
    if as_json:
        told = [{name: value for name, value in held_json(each, None).items() if name != "current"} for each in found]
        print(json.dumps(told, ensure_ascii=False))
        return
    rows = [
        (
            each.id,
            each.user,
            each.name,
            ", ".join(sorted(each.scope.actions)) if each.scope else None,
            ", ".join(each.scope.areas) if each.scope and each.scope.areas else "everywhere",
            time_json(each.last_seen_at) if each.last_seen_at else "never",
            time_json(each.expires_at),
        )
        for each in found
    ]
    tables.show(["id", "account", "name", "for", "where", "last used", "until"], rows)


@app.command("revoke")
def revoke(
    id_: Annotated[int, typer.Argument(metavar="ID", help="As `camsvc tokens list` shows it.")],
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """End a token: it is refused from now on."""
    with site(config_file, data) as here, here.database.session() as session:
        held = tokens.get(session, id_, [TokenKind.API])
        tokens.end(session, id_)
        details = {"token": id_, "name": held.name, "account": held.user}
        record(session, Kind.ADMINISTER, "token.revoked", details=details)
    print(f"{held.user}: token {id_} ({held.name}) revoked")
