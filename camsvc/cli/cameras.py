"""``camsvc cameras``: the desired cameras. No output holds a credential (invariant 9)."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from sqlalchemy.orm import Session

from camsvc.api.services import camera_sheet, imports
from camsvc.api.services.imports import Plan, Row
from camsvc.cli import camera_files, tables
from camsvc.cli.options import ConfigOption, DataOption, JsonOption, site
from camsvc.cli.record import record
from camsvc.clock import SystemClock
from camsvc.config import CAMERA_ID, CameraConfig, StreamUrl, parse
from camsvc.db.filters import parse_choices
from camsvc.db.queries import cameras, status
from camsvc.domain.audit import Kind
from camsvc.domain.camera import CameraState, CameraStatus, Transport
from camsvc.errors import ConfigError, ConflictError, InputError
from camsvc.log import redact

app = typer.Typer(no_args_is_help=True, help="Desired cameras: add, list, show, remove, import, export, probe.")

EXIT_FAULTS = 2
"""The file has faults: nothing of it was stored."""


@app.command("add")
def add(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="YAML with one camera, or with 'cameras:'.")
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Lower case, digits, '-'; never reused.")
    ] = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="For people. Default: the id.")] = None,
    area: Annotated[str | None, typer.Option(metavar="PATH", help="Like bac-ninh/yen-phong/tam-giang.")] = None,
    main: Annotated[
        str | None, typer.Option(metavar="URL", help="Stream that is recorded. Asked for, unseen, when not given.")
    ] = None,
    sub: Annotated[str | None, typer.Option(metavar="URL", help="Stream that is analysed instead of main.")] = None,
    transport: Annotated[Transport, typer.Option(help="Of RTP.")] = Transport.TCP,
    lat: Annotated[float | None, typer.Option(metavar="DEG", help="Latitude.")] = None,
    lon: Annotated[float | None, typer.Option(metavar="DEG", help="Longitude.")] = None,
    heading: Annotated[float | None, typer.Option(metavar="DEG", help="Clockwise from north.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace cameras that are there already.")] = False,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Add cameras from FILE, or one from options. Workers connect within seconds."""
    if file is not None:
        wanted = _without_faults(camera_files.whole(file))
    else:
        place = {"lat": lat, "lon": lon, "heading_deg": heading}
        wanted = [_from_options(id_, name, area, main, sub, transport, place)]
    with site(config_file, data) as here, here.database.session() as session:
        existing = {each.id for each in cameras.all_cameras(session, here.cipher, ids=[each.id for each in wanted])}
        if existing and not replace:
            raise ConflictError(
                f"there already: {', '.join(sorted(existing))}",
                parameter="id",
                cure="add --replace, or choose another id",
            )
        for camera in wanted:
            cameras.put(session, camera, here.cipher)
        _record(session, [(each, "changed" if each.id in existing else "added") for each in wanted])
    _tell([(each.id, "changed" if each.id in existing else "added") for each in wanted], as_json=as_json)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or YAML; `cameras template` writes an empty CSV.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say row by row what would happen, and change nothing.")
    ] = False,
    known_areas: Annotated[
        bool, typer.Option("--known-areas", help="Refuse rows with an area that is not there yet.")
    ] = False,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Add and change many cameras: all of FILE or, when anything in it is wrong, nothing.

    A row of a CSV changes what its cells say: empty ones leave a camera as it is, '-' takes away. A camera of a YAML
    file replaces the stored one whole.
    """
    sheet = camera_files.read(file)
    with site(config_file, data) as here, here.database.session() as session:
        found = imports.plan(session, here.cipher, sheet, make_areas=not known_areas, lock=not dry_run)
        if not dry_run and not found.is_refused:
            imports.store(session, here.cipher, found)
            _record(session, [(row.config, row.outcome.value) for row in found.rows if row.config and row.changes])
    for row in found.rows:
        for fault in row.faults:
            typer.echo(camera_files.told(file, row.entry, fault), err=True)
    if not found.is_refused:
        for area in found.new_areas:
            typer.echo(f"new area: {area}", err=True)
    else:
        typer.echo("nothing was stored", err=True)
    if not found.is_refused or (dry_run and as_json):
        _tell_rows(found, as_json=as_json)
    if found.is_refused:
        raise typer.Exit(EXIT_FAULTS)
    if dry_run:
        typer.echo("dry run: nothing was stored", err=True)


@app.command("export")
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV to write, as `cameras import` reads it.")],
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """All cameras as a spreadsheet. Credentials are ***, which keeps those that are stored when it is read again."""
    from camsvc.api.services.cameras import config_json

    with site(config_file, data) as here, here.database.session() as session:
        found = cameras.all_cameras(session, here.cipher)
        content = camera_sheet.write_csv(camera_sheet.cells_of(config_json(each)) for each in found)
        record(session, Kind.CONFIGURE, "cameras.exported", details={"cameras": len(found)})
    _write(file, content)
    print(f"{len(found)} cameras: {file}")


@app.command("template")
def template(file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV to write.")]) -> None:
    """An empty spreadsheet for `cameras import`, with one row as an example that is left out."""
    _write(file, camera_sheet.template())
    print(file)


@app.command("list")
def list_(
    area: Annotated[str | None, typer.Option(metavar="PATH", help="Only of this area and below.")] = None,
    state: Annotated[
        list[str] | None, typer.Option(metavar="STATE", help=f"Only in it: {', '.join(CameraState)}. Repeatable.")
    ] = None,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """All cameras with their state."""
    states = parse_choices(CameraState, state or (), "state")
    with site(config_file, data) as here, here.database.session() as session:
        if area is not None and area not in {each.path for each in cameras.areas(session)}:
            raise InputError(f"there is no area {area!r}", parameter="--area", cure="give the whole path, like a/b/c")
        states_now = status.statuses(session)
        found = [
            (camera, states_now[camera.id])
            for camera in cameras.all_cameras(session, here.cipher, area=area)
            if camera.id in states_now and (not states or states_now[camera.id].state in states)
        ]
        zone = ZoneInfo(here.settings.timezone)
    if as_json:
        _print_json({"items": [_json(camera, now) for camera, now in found], "next_cursor": None})
        return
    rows = [
        (
            camera.id,
            now.state.value,
            _local(now.since, zone),
            f"{now.fps:.0f}" if now.fps else None,
            now.worker,
            camera.area,
            camera.name,
            redact(now.detail) if now.detail else None,
        )
        for camera, now in found
    ]
    tables.show(("ID", "STATE", f"SINCE ({zone.key})", "FPS", "WORKER", "AREA", "NAME", "DETAIL"), rows)


@app.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID")],
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """One camera as it is wanted and as it is. Credentials are shown as ***."""
    with site(config_file, data) as here, here.database.session() as session:
        document = _json(cameras.get(session, id_, here.cipher), status.statuses(session)[id_])
    if as_json:
        _print_json(document)
        return
    tables.show_facts(_flat(document))


@app.command("remove")
def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID…")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Want cameras no longer. Their incidents and clips stay; their ids never come back."""
    with site(config_file, data) as here:
        with here.database.session() as session:
            for id_ in ids:
                cameras.get(session, id_, here.cipher)
        if not yes:
            typer.confirm(f"Remove {', '.join(ids)}? Recording stops, and the ids can never be used again", abort=True)
        with here.database.session() as session:
            gone = [cameras.get(session, id_, here.cipher) for id_ in dict.fromkeys(ids)]
            for camera in gone:
                cameras.remove(session, camera.id)
            _record(session, [(camera, "removed") for camera in gone])
    _tell([(id_, "removed") for id_ in dict.fromkeys(ids)], as_json=False)


@app.command("probe")
def probe(
    url: Annotated[str, typer.Argument(metavar="URL|ID", help="A stream's URL, or the id of a camera that was added.")],
    transport: Annotated[Transport, typer.Option(help="Of RTP.")] = Transport.TCP,
    as_json: JsonOption = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Watch a camera for some seconds: what it sends, and what to change on it."""
    from camsvc.media.probe import probe as measure

    if CAMERA_ID.fullmatch(url):
        with site(config_file, data) as here, here.database.session() as session:
            streams = cameras.get(session, url, here.cipher).streams
        url, transport = streams.main, streams.transport
    else:
        _require_url(url)
    found = measure(url, clock=SystemClock(), stop=threading.Event(), transport=transport)
    if as_json:
        _print_json(asdict(found))
        return
    tables.show_facts((name, value) for name, value in asdict(found).items() if name != "advice")
    typer.echo("")
    for advice in found.advice or ["Nothing to change."]:
        typer.echo(f"- {advice}")


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}", parameter="FILE") from error


def _record(session: Session, done: list[tuple[CameraConfig, str]]) -> None:
    """Last in the transaction: who appends to the audit waits for whoever does."""
    for camera, word in done:
        record(session, Kind.CONFIGURE, f"camera.{word}", camera=camera.id, area=camera.area)


def _from_options(
    id_: str | None,
    name: str | None,
    area: str | None,
    main: str | None,
    sub: str | None,
    transport: Transport,
    place: dict[str, float | None],
) -> CameraConfig:
    for option, value in (("--id", id_), ("--area", area)):
        if not value:
            raise InputError("missing", parameter=option, cure="give it, or a FILE with cameras")
    if (place["lat"] is None) != (place["lon"] is None):
        raise InputError("a latitude needs a longitude, and the reverse", parameter="--lat, --lon", cure="give both")
    main = main or typer.prompt("Main stream (rtsp://user:password@host/path)", hide_input=True)
    values: dict[str, Any] = {
        "id": id_,
        "name": name or id_,
        "area": area,
        "streams": {"main": main, "sub": sub, "transport": transport},
        "location": place if place["lat"] is not None else None,
    }
    try:
        return parse(CameraConfig, values, None)
    except ConfigError as error:
        raise InputError(str(error).replace("settings: ", "")) from error


def _without_faults(found: camera_files.CameraFile) -> list[CameraConfig]:
    if found.faults:
        raise ConfigError("\n".join(found.faults))
    return found.cameras


def _require_url(url: str) -> None:
    from pydantic import TypeAdapter, ValidationError

    try:
        TypeAdapter(StreamUrl).validate_python(url)
    except ValidationError:
        # Neither the text nor the cause, which repeats it: it may hold a password.
        raise InputError(
            "neither a stream's URL nor a camera's id", parameter="URL", cure="write rtsp://user:password@host/path"
        ) from None


def _json(camera: CameraConfig, now: CameraStatus) -> dict[str, Any]:
    from camsvc.api.services.cameras import CameraView, camera_json

    return camera_json(CameraView(camera, now))


def _print_json(document: object) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def _tell(outcome: list[tuple[str, str]], *, as_json: bool) -> None:
    if as_json:
        _print_json([{"id": id_, "outcome": what} for id_, what in outcome])
        return
    for id_, what in outcome:
        print(f"{id_}: {what}")


def _tell_rows(found: Plan, *, as_json: bool) -> None:
    if as_json:
        _print_json(
            [
                {"id": row.entry.id, "outcome": row.outcome.value, **({"faults": _faults(row)} if row.faults else {})}
                for row in found.rows
            ]
        )
        return
    for row in found.rows:
        print(f"{row.entry.id}: {row.outcome.value}")


def _faults(row: Row) -> list[dict[str, str | None]]:
    return [{"column": each.column, "detail": each.detail, "cure": each.cure} for each in row.faults]


def _flat(document: dict[str, Any], above: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for name, value in document.items():
        if isinstance(value, dict) and value:
            rows += _flat(value, f"{above}{name}.")
        else:
            rows.append((f"{above}{name}", json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value))
    return rows


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
