"""``camsvc accounts``: who may log in, and a new password for who has forgotten theirs."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, site
from camsvc.db.queries import accounts
from camsvc.errors import NotFoundError

NEW_PASSWORD = "CAMSVC_NEW_PASSWORD"  # noqa: S105  the name of a variable

app = typer.Typer(no_args_is_help=True, help="Accounts: list them, set a password.")


@app.command("list")
def list_accounts(config_file: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Names, roles and whether they may log in."""
    with site(config_file, data) as here, here.database.session() as session:
        users = accounts.all_users(session)
    rows = [{"name": user.name, "roles": sorted(user.roles), "disabled": user.disabled} for user in users]
    if as_json:
        print(json.dumps(rows))
    else:
        tables.show(
            ["name", "roles", "may log in"],
            [(user.name, ", ".join(sorted(user.roles)), "no" if user.disabled else "yes") for user in users],
        )


@app.command("password")
def set_password(
    name: Annotated[str, typer.Argument(help="Whose password.")],
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Set a new password: asked for, or taken from CAMSVC_NEW_PASSWORD. Unlocks the account and ends its sessions."""
    with site(config_file, data) as here:
        with here.database.session() as session:
            user = next((user for user in accounts.all_users(session) if user.name == name.lower()), None)
        if user is None:
            raise NotFoundError(f"there is no account {name!r}", parameter="NAME", cure="see `camsvc accounts list`")
        password = os.environ.get(NEW_PASSWORD) or typer.prompt(
            f"New password of {user.name}", hide_input=True, confirmation_prompt=True
        )
        with here.database.session() as session:
            accounts.set_password(session, user.id, password)
    print(f"{user.name}: password changed; log in again everywhere")
