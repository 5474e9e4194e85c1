"""``camsvc incidents tag|note|assign|judge|said``: what people say of incidents, on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.orm import Session

from camsvc.cli import tables
from camsvc.cli.options import CaseOption, ConfigOption, DataOption, JsonOption, PurposeOption, incident_id, site
from camsvc.cli.record import operator, record
from camsvc.db import drafts
from camsvc.db.filters import parse_choices
from camsvc.db.queries import annotations as rows
from camsvc.db.queries import incidents
from camsvc.db.queries.annotations import Place
from camsvc.domain.annotation import Author, Disposition, Draft, Entry, said
from camsvc.domain.annotation_json import annotations_json, deed_of, details_of
from camsvc.domain.audit import Kind
from camsvc.errors import InputError

_Id = Annotated[str, typer.Argument(metavar="ID", help="The incident's id.")]


def tag(
    id_: _Id,
    tags: Annotated[list[str], typer.Argument(metavar="TAG", help="One or several.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take them away.")] = False,
    _purpose: PurposeOption = None,
    _case: CaseOption = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Give an incident tags, or take them away."""
    make = drafts.untagged if remove else drafts.tagged
    _say(id_, lambda *_: [make(each) for each in tags], config_file, data)


def note(
    id_: _Id,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help="What to note.")] = None,
    withdraw: Annotated[
        int | None, typer.Option(metavar="NOTE", help="Withdraw this note (see `said`); the history keeps it.")
    ] = None,
    _purpose: PurposeOption = None,
    _case: CaseOption = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Note something about an incident, or withdraw a note."""
    if (text is None) == (withdraw is None):
        raise InputError("a text or a note to withdraw", parameter="TEXT, --withdraw", cure="give one of both")
    draft = drafts.withdrawn(withdraw) if withdraw is not None else drafts.noted(text or "")
    _say(id_, lambda *_: [draft], config_file, data)


def assign(
    id_: _Id,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Account that is to look after it.")] = None,
    done: Annotated[bool, typer.Option("--done", help="It has been looked after.")] = False,
    nobody: Annotated[bool, typer.Option("--nobody", help="Nobody any more.")] = False,
    _purpose: PurposeOption = None,
    _case: CaseOption = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Say who looks after an incident: an account that may replay it."""
    if (name is None) != nobody:
        raise InputError("an account or nobody", parameter="NAME, --nobody", cure="give one of both")

    def draft(session: Session, place: Place) -> list[Draft]:
        if name is None:
            return [drafts.UNASSIGNED]
        return [drafts.assigned(session, name, [place.area], done=done)]

    _say(id_, draft, config_file, data)


def judge(
    id_: _Id,
    disposition: Annotated[str, typer.Argument(metavar="DISPOSITION", help=f"One of: {', '.join(Disposition)}.")],
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why.")] = None,
    _purpose: PurposeOption = None,
    _case: CaseOption = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Say what an incident turned out to be; none takes that back."""
    chosen = parse_choices(Disposition, [disposition], "DISPOSITION")
    if len(chosen) != 1:
        raise InputError(f"{disposition!r} is not one of them", parameter="DISPOSITION", cure="give one")
    _say(id_, lambda *_: [drafts.judged(chosen[0], reason)], config_file, data)


def said_of(id_: _Id, as_json: JsonOption = False, config_file: ConfigOption = None, data: DataOption = None) -> None:
    """What people say of an incident, and all that they ever said."""
    with site(config_file, data) as here, here.database.session() as session:
        place = _place(session, id_)
        history = rows.history(session, [place.id]).get(place.id, [])
        record(session, Kind.ANNOTATE, "annotations.viewed", camera=place.camera, area=place.area, incident=place.id)
        zone = ZoneInfo(here.settings.timezone)
    if as_json:
        print(json.dumps(annotations_json(place.id, said(history), history), ensure_ascii=False, indent=2))
        return
    lines = [(f"{each.at.astimezone(zone):%Y-%m-%d %H:%M:%S%z}", each.by.name, *_line(each)) for each in history]
    tables.show((f"WHEN ({zone.key})", "WHO", "WHAT", "SAID"), lines)


def add_to(app: typer.Typer) -> None:
    for name, command in (("tag", tag), ("note", note), ("assign", assign), ("judge", judge), ("said", said_of)):
        app.command(name)(command)


def _say(
    id_: str, make: Callable[[Session, Place], Sequence[Draft]], config_file: Path | None, data: Path | None
) -> None:
    with site(config_file, data) as here, here.database.session() as session:
        place = _place(session, id_)
        new = rows.write(session, Author(None, operator()), [place.id], make(session, place))[place.id]
        for entry in new:
            record(
                session,
                Kind.ANNOTATE,
                deed_of(entry),
                camera=place.camera,
                area=place.area,
                incident=place.id,
                details=details_of(entry),
            )
    for entry in new:
        print(" ".join(filter(None, _line(entry))))
    if not new:
        print("Nothing that did not hold already.")


def _place(session: Session, id_: str) -> Place:
    wanted = incident_id(id_)
    found = rows.places(session, [wanted])
    if wanted not in found:
        raise incidents.not_found(wanted)
    return found[wanted]


def _line(entry: Entry) -> tuple[str, str]:
    draft = entry.said
    told = [draft.tag, draft.assignee, draft.disposition.value if draft.disposition else None, draft.reason, draft.text]
    number = draft.note or (entry.id if draft.text is not None else None)
    return draft.what.value, ": ".join([*([f"#{number}"] if number else []), *(each for each in told if each)])
