"""``camsvc audit``: prove the audit chain, anchor it, read it, take it out of the service's own hands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from camsvc.cli import tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, incident_id, site
from camsvc.cli.record import record
from camsvc.db.audit_proof import verify as prove
from camsvc.db.audit_seal import script
from camsvc.db.filters import parse_time
from camsvc.db.queries import audit
from camsvc.db.queries.audit import Wanted
from camsvc.domain.audit import Head, Kind, Outcome, Record
from camsvc.domain.audit_json import record_json
from camsvc.domain.incident_json import time_json
from camsvc.errors import InputError
from camsvc.evidence import anchors

EXIT_BROKEN = 1
LIST_DEFAULT, LIST_MAX = 50, 10_000

app = typer.Typer(no_args_is_help=True, help="Who did what: prove the record of it, anchor it, read it.")


@app.command("verify")
def verify(
    anchor: Annotated[
        str | None,
        typer.Option(metavar="SEQ:HASH|FILE", help="A head, or an anchor, kept elsewhere: it must be in the chain."),
    ] = None,
    roots: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Certificates that the anchor's time stamp must lead to.")
    ] = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove the whole chain, or name the first record that was altered, removed or moved (exit status 1)."""
    kept = _kept(anchor, roots) if anchor else None
    with site(config_file, data) as here:
        verdict = prove(here.database, kept, progress=_progress)
    broken = verdict.broken
    if as_json:
        told = {"seq": broken.seq, "fault": broken.fault.value, "detail": broken.detail} if broken else None
        print(json.dumps({"ok": broken is None, "records": verdict.records, "head": str(verdict.head), "broken": told}))
    elif broken is None:
        print(f"The chain is whole: {verdict.records} records, head {verdict.head}")
        if kept is None:
            print("Compare the head with one kept elsewhere: verify --anchor SEQ:HASH", file=sys.stderr)
    else:
        print(f"BROKEN at record {broken.seq} ({broken.fault.value}): {broken.detail}")
        print(f"Proved before it: {verdict.records} records")
    if broken is not None:
        raise typer.Exit(EXIT_BROKEN)


@app.command("anchor")
def anchor_chain(
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there, which must be new. Default: print it.")
    ] = None,
    tsa: Annotated[
        str | None, typer.Option(metavar="URL", help="Time-stamp authority. Default: that of evidence.tsa_url.")
    ] = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Anchor the chain: its head, with a time stamp (RFC 3161) over it where an authority is set. Keep it elsewhere.

    Nothing before it can then change without `camsvc audit verify --anchor FILE` naming it. Made daily by a timer, it
    needs nobody: each anchor proves all that came before it.
    """
    with site(config_file, data) as here:
        with here.database.session() as session:
            found = audit.head(session)
        made = anchors.make(found, tsa or here.settings.evidence.tsa_url)
        with here.database.session() as session:
            details = {"head": str(found), "stamped": made.stamp is not None}
            record(session, Kind.ADMINISTER, "audit.anchored", details=details)
    text = anchors.to_text(made)
    if out is None:
        print(text, end="")
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}", parameter="--out", cure="name a new file") from error
    print(f"{out}: record {found.seq}{', time-stamped' if made.stamp else ''}. Keep it where this system cannot reach.")


@app.command("head")
def head(config_file: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Print the end of the chain. Kept where this system cannot reach, nothing before it can change unseen."""
    with site(config_file, data) as here, here.database.session() as session:
        found = audit.head(session)
    print(json.dumps({"head": str(found), "seq": found.seq, "hash": found.hash.hex()}) if as_json else str(found))


@app.command("list")
def list_records(
    user: Annotated[str | None, typer.Option(metavar="NAME", help="Of this account.")] = None,
    camera: Annotated[str | None, typer.Option(metavar="ID", help="About this camera.")] = None,
    incident: Annotated[str | None, typer.Option(metavar="ID", help="About this incident.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only this sort.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only with this outcome.")] = None,
    case: Annotated[str | None, typer.Option("--of-case", metavar="NO", help="For this case.")] = None,
    from_: Annotated[str | None, typer.Option("--from", metavar="TIME", help="At or after it.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before it.")] = None,
    before: Annotated[int | None, typer.Option(metavar="SEQ", help="With a lower number: the next page.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=LIST_MAX)] = LIST_DEFAULT,
    config_file: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who did what, newest first. Every condition given must hold."""
    with site(config_file, data) as here:
        zone = here.settings.timezone
        wanted = Wanted(
            user.lower() if user else None,
            camera,
            incident_id(incident, "--incident") if incident else None,
            kind,
            outcome,
            parse_time(from_, "--from", zone) if from_ else None,
            parse_time(to, "--to", zone, later=True) if to else None,
            case,
        )
        with here.database.session() as session:
            found = audit.entries(session, wanted, limit=limit, before=before)
    if as_json:
        print(json.dumps([record_json(each) for each in found], ensure_ascii=False, indent=2))
        return
    rows = [
        (
            each.seq,
            time_json(each.at),
            each.deed.user_name,
            each.deed.source,
            each.deed.what,
            each.deed.outcome,
            each.deed.camera or each.deed.area,
            each.deed.incident,
            _told(each),
        )
        for each in found
    ]
    tables.show(("NO", "AT", "USER", "FROM", "WHAT", "OUTCOME", "WHERE", "INCIDENT", "DETAILS"), rows)


@app.command("seal")
def seal(
    role: Annotated[
        str | None, typer.Option(metavar="ROLE", help="The service's database role. Default: that of database_url.")
    ] = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Print the SQL with which a superuser of PostgreSQL takes the chain out of the service's own hands.

    Run it once, after the first start: `camsvc audit seal | psql -U postgres -d camsvc`. `camsvc up` does it by itself
    with its own PostgreSQL.
    """
    with site(config_file, data) as here:
        url = here.settings.database_url
        name = role or (make_url(url.get_secret_value()).username if url else None)
    if name is None:
        raise InputError("database_url names no role", parameter="--role", cure="name the role of the service")
    print(script(name), end="")


def _told(record: Record) -> str | None:
    deed = record.deed
    extra = {"purpose": deed.purpose, "case_number": deed.case_number, **deed.details}
    return ", ".join(f"{name}={_plain(value)}" for name, value in extra.items() if value is not None) or None


def _plain(value: object) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)


def _progress(records: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{records} records proved", end="", file=sys.stderr)


def _kept(text: str, roots: Path | None) -> Head:
    """A head, or the file of an anchor, whose time stamp is looked at and told on standard error."""
    try:
        return Head.parse(text)
    except ValueError as error:
        file = Path(text)
        if not file.is_file():
            raise InputError(
                f"{text[:100]!r} is no head of a chain, and no file",
                parameter="--anchor",
                cure="give what `camsvc audit head` printed, or the file of `camsvc audit anchor`",
            ) from error
    anchor = anchors.read(file)
    stamp = anchors.proved(anchor, roots)
    if stamp is not None:
        trust = {True: "its authority is trusted", False: "its authority is NOT one of --roots", None: ""}
        said = trust[stamp.is_trusted]
        print(f"Anchored at {time_json(stamp.at)}{f' ({said})' if said else ''}", file=sys.stderr)
        if stamp.is_trusted is False:
            raise InputError("the time stamp is of nobody who is trusted", parameter="--anchor", cure="see --roots")
    return anchor.head
