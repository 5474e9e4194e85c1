"""``camsvc agencies``: who shares the installation, where what their accounts are granted ends, and who is of which."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, site
from camsvc.cli.record import record
from camsvc.db.queries import accounts, agencies
from camsvc.domain.account import Agency
from camsvc.domain.audit import Kind
from camsvc.errors import InputError, NotFoundError

app = typer.Typer(no_args_is_help=True, help="Agencies that share the installation, and whose accounts are of which.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The agency's name.")]
AreasOption = Annotated[
    list[str] | None, typer.Option("--area", metavar="PATH", help="Responsible for it, with all below. Repeatable.")
]
EverywhereOption = Annotated[bool, typer.Option("--everywhere", help="Responsible for every area.")]


@app.command("add")
def add(
    name: NameArgument,
    areas: AreasOption = None,
    everywhere: EverywhereOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Add an agency."""
    chosen = _areas(areas, everywhere=everywhere)
    with site(config_file, data) as here, here.database.session() as session:
        made = agencies.add(session, name, chosen)
        record(session, Kind.ADMINISTER, "agency.added", details=_told(made))
    typer.echo(f"{made.name}: added", err=True)


@app.command("change")
def change(
    name: NameArgument,
    areas: AreasOption = None,
    everywhere: EverywhereOption = False,
    rename: Annotated[str | None, typer.Option(metavar="NAME", help="Call it this from now on.")] = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Change its areas, all of them at once, or its name. In force with its accounts' next requests."""
    with site(config_file, data) as here, here.database.session() as session:
        before = _named(session, name)
        chosen = _areas(areas, everywhere=everywhere) if areas or everywhere else before.areas
        changed = agencies.change(session, before.id, rename or before.name, chosen)
        record(session, Kind.ADMINISTER, "agency.changed", details=_told(changed))
    typer.echo(f"{changed.name}: changed", err=True)


@app.command("remove")
def remove(name: NameArgument, config_file: ConfigOption = None, data: DataOption = None) -> None:
    """Remove an agency that no account is of."""
    with site(config_file, data) as here, here.database.session() as session:
        gone = agencies.remove(session, _named(session, name).id)
        record(session, Kind.ADMINISTER, "agency.removed", details=_told(gone))
    typer.echo(f"{gone.name}: removed", err=True)


@app.command("join")
def join(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name.")],
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The agency's name; left out: of none.")] = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Say which agency an account is of. What it is granted then ends at the agency's areas."""
    with site(config_file, data) as here, here.database.session() as session:
        user = accounts.find(session, account)
        joined = agencies.join(session, user.id, _named(session, name).id if name else None)
        told = {"account": user.name, "agency": joined.name if joined else None}
        record(session, Kind.ADMINISTER, "agency.joined", details=told)
    typer.echo(f"{user.name}: of {joined.name if joined else 'no agency'}", err=True)


@app.command("list")
def list_agencies(as_json: JsonOption = False, config_file: ConfigOption = None, data: DataOption = None) -> None:
    """All of them: their areas, and how many accounts are of each."""
    with site(config_file, data) as here, here.database.session() as session:
        found = agencies.all_agencies(session)
    if as_json:
        told = [_told(each.agency) | {"id": each.agency.id, "accounts": each.accounts} for each in found]
        print(json.dumps(told, ensure_ascii=False))
        return
    rows = [(each.agency.name, ", ".join(each.agency.areas or ("everywhere",)), str(each.accounts)) for each in found]
    tables.show(("AGENCY", "AREAS", "ACCOUNTS"), rows)


def _named(session: Session, name: str) -> Agency:
    for each in agencies.all_agencies(session):
        if each.agency.name == " ".join(name.split()):
            return each.agency
    raise NotFoundError(f"there is no agency {name!r}", parameter="NAME", cure="see `camsvc agencies list`")


def _areas(areas: list[str] | None, *, everywhere: bool) -> list[str] | None:
    if everywhere == bool(areas):
        raise InputError("which areas?", parameter="--area", cure="give --area for each, or --everywhere")
    return None if everywhere else areas


def _told(agency: Agency) -> dict[str, object]:
    return {"agency": agency.name, "areas": agency.areas}
