"""Options that many commands share, and the way from them to what a command works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from camsvc import config, log
from camsvc.cli.record import POLICY
from camsvc.cli.said import say
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.embedded.stack import resolve
from camsvc.errors import ConfigError, InputError

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Data folder of the `camsvc up` to talk to. Default: your data folder."),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings; YAML. See configs/camsvc.yaml.")
]


def _purpose(text: str | None) -> str | None:
    say(purpose=text)
    return text


def _case(text: str | None) -> str | None:
    say(case=text)
    return text


PurposeOption = Annotated[
    str | None, typer.Option("--purpose", metavar="TEXT", help="What this is done for; recorded.", callback=_purpose)
]
CaseOption = Annotated[
    str | None, typer.Option("--case", metavar="NO", help="Case that this is done for; recorded.", callback=_case)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, with the names of the REST API.")]


def incident_id(text: str, parameter: str = "ID") -> UUID:
    """Raises InputError."""
    try:
        return UUID(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no incident's id", parameter=parameter, cure="copy it from a search") from error


@dataclass
class Site:
    """What a command works on. ``settings.database_url`` is set."""

    settings: Settings
    database: Database = field(repr=False)

    @cached_property
    def cipher(self) -> Cipher:
        return Cipher.of(self.settings)


@contextmanager
def site(config_file: Path | None, data: Path | None) -> Iterator[Site]:
    """Raises ConfigError when no database is set and no `camsvc up` runs, DatabaseUnavailableError when it is away."""
    settings = config.load(config_file, data=data)
    if settings.database_url is None:  # what these commands need; they leave the object store alone
        settings = resolve(settings)
    POLICY.set(settings.policy)
    log.configure("error" if settings.log_level == "info" else settings.log_level)
    if settings.database_url is None:
        raise ConfigError("database_url is not set: start `camsvc up` first, or name your own PostgreSQL")
    database = Database(settings.database_url, application="camsvc command")
    try:
        database.ping()
        yield Site(settings, database)
    finally:
        database.close()
