"""``camsvc workers``: the keys by which workers' seals are checked. A worker registers its own when it starts."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, site
from camsvc.cli.record import operator, record
from camsvc.db.queries import seals
from camsvc.domain.audit import Kind
from camsvc.domain.incident_json import time_json
from camsvc.domain.seal import WorkerKey
from camsvc.errors import NotFoundError

SHOWN = 16
"""Digits of a key's id in the table: told apart by far fewer; ``--json`` has all."""

app = typer.Typer(no_args_is_help=True, help="Workers: the keys that seal what they record.")


@app.command("keys")
def list_keys(config_file: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """All keys that were ever registered, the oldest first: also an ended one still checks what it sealed."""
    with site(config_file, data) as here, here.database.session() as session:
        found = seals.keys(session)
    if as_json:
        print(json.dumps([_json(each) for each in found], ensure_ascii=False))
        return
    rows = [(each.id[:SHOWN], each.worker, _time(each.registered_at), _time(each.ended_at)) for each in found]
    tables.show(("KEY", "WORKER", "REGISTERED", "ENDED"), rows)


@app.command("end-key")
def end_key(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, or how that begins.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: it was stolen, its host is gone.")],
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """From now on nothing that is sealed with it is trusted. What was sealed before stays as it is.

    A worker that still has the key goes on to seal with it: delete its seal-key.pem first, and restart it.
    """
    with site(config_file, data) as here, here.database.session() as session:
        fitting = [each for each in seals.keys(session) if each.id.startswith(key.lower()) and each.ended_at is None]
        if len(fitting) != 1:
            raise NotFoundError(
                f"{len(fitting)} keys in use begin with {key}", parameter="KEY", cure="see `camsvc workers keys`"
            )
        (found,) = fitting
        seals.end(session, found.id, operator())
        details = {"worker": found.worker, "key": found.id, "reason": reason}
        record(session, Kind.ADMINISTER, "worker.key_ended", details=details)
    print(f"ended: {found.id} of {found.worker}")


def _json(key: WorkerKey) -> dict[str, object]:
    return {
        "id": key.id,
        "worker": key.worker,
        "public_pem": key.public_pem,
        "registered_at": time_json(key.registered_at),
        "ended_at": time_json(key.ended_at) if key.ended_at else None,
        "ended_by": key.ended_by,
    }


def _time(moment: object) -> str | None:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z" if moment is not None else None
