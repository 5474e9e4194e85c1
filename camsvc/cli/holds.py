"""``camsvc holds``: what must not be deleted. Letting go takes two accounts, so it is done on the page or over REST."""

from __future__ import annotations

import getpass
import json
from typing import Annotated

import typer

from camsvc.api.services.holds import NOT_KEPT, NOT_KEPT_CURE, checked, hold_json, words
from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, Site, incident_id, site
from camsvc.cli.record import record
from camsvc.clock import SystemClock
from camsvc.db.filters import parse_time
from camsvc.db.queries import directory, holds, incidents
from camsvc.db.queries.holds import By
from camsvc.domain.account import EVERYWHERE
from camsvc.domain.audit import Kind
from camsvc.domain.hold import Hold, HoldState, Target
from camsvc.domain.incident_json import time_json
from camsvc.embedded.stack import resolve
from camsvc.errors import ConflictError, InputError
from camsvc.storage.holds import Enforcement
from camsvc.storage.objects import ObjectStore

app = typer.Typer(no_args_is_help=True, help="Holds: what must not be deleted, whatever retention or the disk want.")


@app.command("list")
def list_holds(
    state: Annotated[HoldState | None, typer.Option(help="Only those.")] = None,
    before: Annotated[int | None, typer.Option(metavar="ID", help="With a lower id: the next page.")] = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """All holds, the newest first."""
    with site(config_file, data) as here, here.database.session() as session:
        found = holds.listed(session, EVERYWHERE, state=state, before=before)
    if as_json:
        print(json.dumps([hold_json(each) for each in found], ensure_ascii=False))
        return
    rows = [
        (each.id, _what(each), each.target.case_number, each.state, each.legal, each.placed_by, each.reason)
        for each in found
    ]
    tables.show(("ID", "WHAT", "CASE", "STATE", "LEGAL", "BY", "REASON"), rows)


@app.command("add")
def add(
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    incident: Annotated[str | None, typer.Option("--incident", metavar="ID", help="Hold this incident.")] = None,
    camera: Annotated[str | None, typer.Option("--camera", metavar="ID", help="Hold a span of this camera …")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="TIME", help="… from then")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="… until then; may lie ahead.")] = None,
    case: Annotated[
        str | None, typer.Option("--case-number", metavar="NO", help="The case; alone: all ever held under it.")
    ] = None,
    database_only: Annotated[
        bool, typer.Option("--database-only", help="Not as legal hold of the object store.")
    ] = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hold an incident, a camera's span of time, or all that was ever held under a case number."""
    with site(config_file, data) as here:
        zone = here.settings.timezone
        target = Target(
            incident_id(incident, "--incident") if incident else None,
            camera,
            parse_time(from_, "--from", zone) if from_ else None,
            parse_time(to, "--to", zone, later=True) if to else None,
            case,
        )
        checked(target)
        if not database_only:
            _require_kept(here)
        with here.database.session() as session:
            found = incidents.get(session, target.incident) if target.incident else None
            entry = directory.find(session, camera) if camera else None
            if camera and entry is None:
                raise directory.not_found(camera)
            if not found and not entry and not holds.covers_case(session, EVERYWHERE, case):
                raise InputError(f"nothing is held under the case number {case!r}", parameter="--case-number")
            made = holds.place(
                session,
                target,
                area=found.area if found else entry.area if entry else None,
                started_at=found.started_at if found else None,
                reason=words(reason, "--reason"),
                legal=not database_only,
                by=By(None, getpass.getuser()),
            )
            record(
                session,
                Kind.HOLD,
                "hold.placed",
                camera=camera,
                area=made.area,
                incident=target.incident,
                details={"hold": made.id, "reason": made.reason, "case_number": case, "legal": made.legal},
            )
    if as_json:
        print(json.dumps(hold_json(made), ensure_ascii=False))
    else:
        print(f"Hold {made.id}: {_what(made)}. Two accounts release it, on the page or over REST.")


def _require_kept(here: Site) -> None:
    store = ObjectStore.of(resolve(here.settings))
    try:
        if not Enforcement(store, SystemClock()).is_kept():
            raise ConflictError(NOT_KEPT, parameter="--database-only", cure=NOT_KEPT_CURE)
    finally:
        store.close()


def _what(hold: Hold) -> str:
    target = hold.target
    if target.incident is not None:
        return f"incident {target.incident}"
    if target.camera is not None and target.from_at is not None and target.to_at is not None:
        return f"{target.camera} {time_json(target.from_at)} – {time_json(target.to_at)}"
    return f"case {target.case_number}"
