"""``camsvc sessions``: who is logged in, from where; ending that."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, site
from camsvc.cli.record import record
from camsvc.db.models import TokenKind
from camsvc.db.queries import accounts, tokens
from camsvc.domain.audit import Kind
from camsvc.domain.incident_json import time_json
from camsvc.errors import InputError

LOG_INS = (TokenKind.SESSION, TokenKind.BEARER)

app = typer.Typer(no_args_is_help=True, help="Log-ins: of browsers, and of programs with a password.")


@app.command("list")
def list_sessions(
    account: Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help="Only of this one.")] = None,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Those in force, the newest first."""
    from camsvc.api.services.credentials import held_json

    with site(config_file, data) as here, here.database.session() as session:
        owner = accounts.find(session, account).id if account else None
        found = tokens.listed(session, LOG_INS, owner)
    if as_json:
        told = [{name: value for name, value in held_json(each, None).items() if name != "current"} for each in found]
        print(json.dumps(told, ensure_ascii=False))
        return
    rows = [
        (
            each.id,
            each.user,
            each.kind.value,
            time_json(each.created_at),
            time_json(each.last_seen_at) if each.last_seen_at else None,
            each.source,
            each.agent,
        )
        for each in found
    ]
    tables.show(["id", "account", "kind", "since", "last seen", "from", "with"], rows)


@app.command("end")
def end(
    id_: Annotated[int | None, typer.Argument(metavar="[ID]", help="As `camsvc sessions list` shows it.")] = None,
    account: Annotated[str | None, typer.Option(metavar="NAME", help="All of this account.")] = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """End one log-in, or all of an account. API tokens stay."""
    if (id_ is None) == (account is None):
        raise InputError("which?", parameter="ID, --account", cure="give one of them")
    with site(config_file, data) as here, here.database.session() as session:
        if account is not None:
            user = accounts.find(session, account)
            name, ended = user.name, tokens.end_others(session, user.id, None, LOG_INS)
        else:
            held = tokens.get(session, id_ or 0, LOG_INS)
            tokens.end(session, held.id)
            name, ended = held.user, 1
        if ended:
            record(session, Kind.ADMINISTER, "session.ended", details={"account": name, "ended": ended})
    print(f"{name}: {ended} ended")
