"""``camsvc cases``: what investigators collect. By who sits at this machine, who sees and leads them all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from camsvc.api.services.cases import holding
from camsvc.api.services.cases.items import Wish, check, draft, told
from camsvc.api.services.holds import words
from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, incident_id, site
from camsvc.cli.record import operator, record
from camsvc.db.filters import parse_time
from camsvc.db.queries import accounts, case_items, case_people, cases, directory, incidents
from camsvc.db.queries.case_people import Asker
from camsvc.db.queries.cases import Narrowed, Summary
from camsvc.db.queries.holds import By
from camsvc.domain.account import EVERYWHERE
from camsvc.domain.audit import Kind
from camsvc.domain.case import Case, CaseEvent, CaseRole, CaseState, Item
from camsvc.domain.case_json import agency_json, case_json, event_json, item_json, person_json
from camsvc.domain.incident_json import time_json
from camsvc.errors import ConflictError, InputError, NotFoundError

EVERYBODY = Asker(None, None, True)
"""The command line sees what administrators see."""

app = typer.Typer(no_args_is_help=True, help="Cases: what investigators collect, with whom, and what was done to it.")

NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="The case's number.")]
BecauseOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")]


@app.command("list")
def list_cases(
    text: Annotated[str | None, typer.Option(help="In number, title or description.")] = None,
    state: Annotated[CaseState | None, typer.Option(help="Only those.")] = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """All cases, the last changed first."""
    found: list[Summary] = []
    cursor = None
    with site(config_file, data) as here, here.database.session() as session:
        while True:
            page = cases.listed(session, EVERYBODY, Narrowed(text, state), cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
    if as_json:
        told_ = [case_json(each.case) | {"items": each.items, "hold": each.hold, "asked": each.asked} for each in found]
        print(json.dumps(told_, ensure_ascii=False))
        return
    rows = [
        (each.case.number, each.case.title, each.case.state, str(each.items), each.hold or "", each.case.created_by)
        for each in found
    ]
    tables.show(("NUMBER", "TITLE", "STATE", "ITEMS", "HOLD", "BY"), rows)


@app.command("show")
def show(
    number: NumberArgument, config_file: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """A case: who is on it, and what is in it."""
    with site(config_file, data) as here, here.database.session() as session:
        case = _named(session, number)
        people, agencies = case_people.people(session, case.id), case_people.agencies(session, case.id)
        items = case_items.of_case(session, case.id)
    if as_json:
        found = case_json(case) | {
            "people": [person_json(each) for each in people],
            "agencies": [agency_json(each) for each in agencies],
            "items": [item_json(each) for each in items],
        }
        print(json.dumps(found, ensure_ascii=False))
        return
    print(f"{case.number}: {case.title} ({case.state})")
    for line in (case.description, *(f"{each.user_name}: {each.role}" for each in people)):
        if line:
            print(f"  {line}")
    for agency in agencies:
        print(f"  {agency.agency_name} (agency): {agency.role}")
    rows = [
        (str(each.id), each.kind, each.camera, time_json(each.from_at), time_json(each.to_at), each.comment)
        for each in items
    ]
    tables.show(("ID", "KIND", "CAMERA", "FROM", "TO", "COMMENT"), rows)


@app.command("history")
def history(number: NumberArgument, config_file: ConfigOption = None, data: DataOption = None) -> None:
    """All that was ever done to a case, the first first; one JSON object a line."""
    found: list[CaseEvent] = []
    before = None
    with site(config_file, data) as here, here.database.session() as session:
        case = _named(session, number)
        while True:
            page = cases.history(session, case.id, before=before)
            found += page.items
            before = page.next_before
            if before is None:
                break
    for each in reversed(found):
        print(json.dumps(event_json(each), ensure_ascii=False))


@app.command("add")
def add(
    number: NumberArgument,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What it is about, in a line.")],
    lead: Annotated[str, typer.Option("--lead", metavar="ACCOUNT", help="Who leads it.")],
    description: Annotated[str, typer.Option(metavar="TEXT", help="The same at length.")] = "",
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Begin a case."""
    with site(config_file, data) as here, here.database.session() as session:
        leading = accounts.find(session, lead)
        made = cases.add(session, number, title, description, _by())
        case_people.put_person(session, made.id, leading.id, CaseRole.LEAD)
        _done(session, made, "case.opened", {"number": made.number, "title": made.title, "lead": leading.name})
    typer.echo(f"{made.number}: begun, led by {leading.name}", err=True)


@app.command("put")
def put(
    number: NumberArgument,
    incident: Annotated[list[str] | None, typer.Option("--incident", metavar="ID", help="Repeatable.")] = None,
    camera: Annotated[str | None, typer.Option("--camera", metavar="ID", help="Footage of this camera …")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="TIME", help="… from then")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="… until then.")] = None,
    comment: Annotated[str, typer.Option(metavar="TEXT", help="What it shows.")] = "",
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Put incidents, or a camera's span of time, into a case. What is in it already stays as it is."""
    with site(config_file, data) as here:
        zone = here.settings.timezone
        wishes = [Wish(incident=incident_id(each, "--incident"), comment=comment) for each in incident or ()]
        if camera is not None:
            from_at = parse_time(from_, "--from", zone) if from_ else None
            to_at = parse_time(to, "--to", zone, later=True) if to else None
            wishes.append(Wish(camera=camera, from_at=from_at, to_at=to_at, comment=comment))
        if not wishes:
            raise InputError("what?", parameter="--incident", cure="give --incident, or --camera with --from and --to")
        with here.database.session() as session, _working(session, number) as case:
            made = case_items.add(session, case.id, _drafts(session, wishes), _by())
            holding.place_added(session, case.number, made, _by(), EVERYWHERE)
            for each in made:
                facts = {"items": [each.id], "kinds": [each.kind.value]}
                _done(session, case, "item.added", facts, each)
    typer.echo(f"{case.number}: {len(made)} added", err=True)


@app.command("remove")
def remove(
    number: NumberArgument,
    item: Annotated[int, typer.Argument(metavar="ITEM", help="As `camsvc cases show` names it.")],
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Take something out of a case. It stays as history, and stays held."""
    with site(config_file, data) as here, here.database.session() as session, _working(session, number) as case:
        gone = case_items.remove(session, case.id, item, _by())
        _done(session, case, "item.removed", {"items": [item], "kinds": [gone.kind.value]}, gone)


@app.command("person")
def person(
    number: NumberArgument,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name.")],
    role: Annotated[CaseRole, typer.Option(help="What they may do in it.")] = CaseRole.MEMBER,
    off: Annotated[bool, typer.Option("--off", help="Take them off the case instead.")] = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Put an account on a case, or take it off. It gives no right to footage."""
    with site(config_file, data) as here, here.database.session() as session, _working(session, number) as case:
        found = accounts.find(session, account)
        if off:
            case_people.take_person(session, case.id, found.id, found.name)
            _done(session, case, "person.removed", {"user": found.name})
            return
        before = case_people.put_person(session, case.id, found.id, role)
        what = "person.added" if before is None else "person.changed"
        _done(session, case, what, {"user": found.name, "role": role.value})


@app.command("close")
def close(
    number: NumberArgument, reason: BecauseOption, config_file: ConfigOption = None, data: DataOption = None
) -> None:
    """Nothing is added or changed any more. It can be read, exported and opened again."""
    _turn(number, CaseState.CLOSED, reason, config_file, data)


@app.command("reopen")
def reopen(
    number: NumberArgument, reason: BecauseOption, config_file: ConfigOption = None, data: DataOption = None
) -> None:
    """Open a closed case again."""
    _turn(number, CaseState.OPEN, reason, config_file, data)


def _turn(number: str, state: CaseState, reason: str, config_file: ConfigOption, data: DataOption) -> None:
    reason = words(reason, "--reason")
    with site(config_file, data) as here, here.database.session() as session:
        case = _named(session, number, lock=True)
        cases.put_state(session, case.id, state)
        _done(session, case, "case.closed" if state is CaseState.CLOSED else "case.reopened", {"reason": reason})


def _named(session: Session, number: str, *, lock: bool = False) -> Case:
    found = cases.of_number(session, number)
    if found is None:
        raise NotFoundError(f"there is no case {number!r}", parameter="NUMBER", cure="see `camsvc cases list`")
    return cases.get(session, found.id, lock=lock)


@contextmanager
def _working(session: Session, number: str) -> Iterator[Case]:
    """Raises ConflictError for a closed case."""
    case = _named(session, number, lock=True)
    if case.state is CaseState.CLOSED:
        raise ConflictError("the case is closed", parameter="NUMBER", cure="`camsvc cases reopen` it first")
    yield case


def _drafts(session: Session, wishes: list[Wish]) -> list[Item]:
    for each in wishes:
        check(each)
    wanted = [each.incident for each in wishes if each.incident is not None]
    found = incidents.named(session, wanted)
    for id_ in wanted:
        if id_ not in found:
            raise incidents.not_found(id_)
    areas: dict[str, str] = {}
    for each in wishes:
        if each.camera is not None:
            entry = directory.find(session, each.camera)
            if entry is None:
                raise directory.not_found(each.camera)
            areas[each.camera] = entry.area
    return [draft(each, found, areas) for each in wishes]


def _done(session: Session, case: Case, what: str, facts: dict[str, Any], item: Item | None = None) -> None:
    cases.record(session, case.id, _by(), what, facts)
    of_item = told(item) if item is not None else {"details": facts}
    record(
        session,
        Kind.CASE,
        what,
        camera=of_item.get("camera"),
        area=of_item.get("area"),
        incident=of_item.get("incident"),
        case_number=case.number,
        details=of_item["details"],
    )


def _by() -> By:
    return By(None, operator())
