"""``camsvc incidents``: what the API's search does, on the command line."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from camsvc.cli import annotating, tables
from camsvc.cli.options import CaseOption, ConfigOption, DataOption, JsonOption, PurposeOption, incident_id, site
from camsvc.cli.record import record
from camsvc.db import filters
from camsvc.db.queries import incidents
from camsvc.domain.annotation import Disposition
from camsvc.domain.audit import Kind
from camsvc.domain.camera import Severity
from camsvc.domain.incident import Incident, IncidentState
from camsvc.domain.incident_json import incident_json, time_json
from camsvc.domain.search import Wind
from camsvc.domain.search_json import search_json
from camsvc.domain.track import ObjectClass
from camsvc.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Search incidents by time and place; show one, and say what it was.")
annotating.add_to(app)

_Several = list[str] | None


@app.command("search")
def search(
    from_: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="What ended at or after it, or is open.")
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="TIME", help="What started before it.")] = None,
    near: Annotated[str | None, typer.Option(metavar="LAT,LON", help="Around this place; with --radius.")] = None,
    route: Annotated[
        str | None, typer.Option(metavar="LAT,LON;…", help="Along this line; with --radius to each side of it.")
    ] = None,
    radius: Annotated[str | None, typer.Option(metavar="M", help="Metres around --near or --route.")] = None,
    bbox: Annotated[str | None, typer.Option(metavar="W,S,E,N", help="Within this box, in degrees.")] = None,
    polygon: Annotated[str | None, typer.Option(metavar="LAT,LON;…", help="Within these corners.")] = None,
    sees: Annotated[
        bool, typer.Option("--sees/--stands", help="What a camera sees counts for the place, or only where it stands.")
    ] = True,
    area: Annotated[_Several, typer.Option(metavar="PATH", help="Area, with all below it. Repeatable.")] = None,
    camera: Annotated[_Several, typer.Option(metavar="ID", help="Camera. Repeatable.")] = None,
    kind: Annotated[_Several, typer.Option(metavar="KIND", help="Kind of rule, like presence. Repeatable.")] = None,
    object_: Annotated[
        _Several, typer.Option("--object", metavar="CLASS", help=f"One of: {', '.join(ObjectClass)}. Repeatable.")
    ] = None,
    colour: Annotated[_Several, typer.Option(metavar="COLOUR", help="Colour of an object. Repeatable.")] = None,
    severity: Annotated[
        _Several, typer.Option(metavar="SEVERITY", help=f"One of: {', '.join(Severity)}. Repeatable.")
    ] = None,
    state: Annotated[
        _Several, typer.Option(metavar="STATE", help=f"One of: {', '.join(IncidentState)}. Repeatable.")
    ] = None,
    direction: Annotated[
        _Several, typer.Option(metavar="WIND", help=f"Where an object went: {', '.join(Wind)}. Repeatable.")
    ] = None,
    min_duration: Annotated[str | None, typer.Option(metavar="S", help="Seconds that it lasted at least.")] = None,
    max_duration: Annotated[str | None, typer.Option(metavar="S", help="Seconds that it lasted at most.")] = None,
    tag: Annotated[_Several, typer.Option(metavar="TAG", help="Tag that people gave it. Repeatable.")] = None,
    disposition: Annotated[
        _Several, typer.Option(metavar="D", help=f"Judged to be: {', '.join(Disposition)}. Repeatable.")
    ] = None,
    assignee: Annotated[_Several, typer.Option(metavar="NAME", help="Who looks after it. Repeatable.")] = None,
    text: Annotated[str | None, typer.Option(metavar="WORDS", help="All of them occur in its notes.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", help="Size of a page.")] = filters.DEFAULT_LIMIT,
    cursor: Annotated[str | None, typer.Option(metavar="CURSOR", help="From the page before: what follows it.")] = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_geojson: Annotated[bool, typer.Option("--geojson", help="Print GeoJSON.")] = False,
    _purpose: PurposeOption = None,
    _case: CaseOption = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Newest first. Every condition given must hold; of several values of one, any.

    Times are ISO 8601, like 2026-11-22T08:30+07:00; without a zone they are local time of the setting 'timezone',
    and it is said how they were taken.
    """
    if as_json + as_csv + as_geojson > 1:
        raise InputError("only one form at a time", parameter="--json, --csv, --geojson", cure="choose one")
    terms = filters.Terms(
        from_=from_,
        to=to,
        near=near,
        route=route,
        radius_m=radius,
        bbox=bbox,
        polygon=polygon,
        sees=sees,
        areas=area or (),
        cameras=camera or (),
        kinds=kind or (),
        objects=object_ or (),
        colours=colour or (),
        severities=severity or (),
        states=state or (),
        directions=direction or (),
        min_duration_s=min_duration,
        max_duration_s=max_duration,
        tags=tag or (),
        dispositions=disposition or (),
        assignees=assignee or (),
        text=text,
    )
    with site(config_file, data) as here:
        zone = here.settings.timezone
        asked = filters.parse(terms, zone)
        _say_zone({"--from": (from_, asked.from_), "--to": (to, asked.to)}, zone)
        with here.database.session() as session:
            page = incidents.search(session, asked, cursor=cursor, limit=limit)
            told = search_json(asked) | {"found": len(page.items), "is_first": cursor is None}
            record(session, Kind.SEARCH, "incidents.searched", details=told)
    if as_json or as_geojson:
        _print_json(page, as_geojson=as_geojson)
        return
    if as_csv:
        from camsvc.api.formats import csv_text

        sys.stdout.writelines(csv_text([page.items]))
    else:
        _print_table(page.items, ZoneInfo(zone))
    if page.next_cursor is not None:
        print(f"There is more: add --cursor {page.next_cursor}", file=sys.stderr)


@app.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The incident's id.")],
    as_json: JsonOption = False,
    _purpose: PurposeOption = None,
    _case: CaseOption = None,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Everything that is known of one incident."""
    wanted = incident_id(id_)
    with site(config_file, data) as here, here.database.session() as session:
        found = incidents.get(session, wanted)
        record(session, Kind.SEARCH, "incident.viewed", camera=found.camera, area=found.area, incident=found.id)
        zone = ZoneInfo(here.settings.timezone)
    if as_json:
        print(json.dumps(incident_json(found), ensure_ascii=False, indent=2))
        return
    tables.show_facts(_facts(found, zone))


def _say_zone(times: dict[str, tuple[str | None, datetime | None]], zone: str) -> None:
    for option, (typed, taken) in times.items():
        if typed and taken and filters.names_no_zone(typed):
            print(f"{option} {typed} is taken as local time of {zone}: {time_json(taken)}", file=sys.stderr)


def _print_json(page: incidents.IncidentPage, *, as_geojson: bool) -> None:
    items = [incident_json(item) for item in page.items]
    document: dict[str, Any] = {"items": items, "next_cursor": page.next_cursor}
    if as_geojson:
        from camsvc.api.formats import geojson

        document = geojson(items, page.next_cursor)
    print(json.dumps(document, ensure_ascii=False, indent=2))


def _print_table(items: tuple[Incident, ...], zone: ZoneInfo) -> None:
    if not items:
        print("No incident matches.", file=sys.stderr)
        return
    rows = [
        (
            _local(item.started_at, zone),
            _lasted(item),
            item.camera,
            item.kind,
            item.severity.value,
            item.state.value,
            _objects(item),
            item.id,
        )
        for item in items
    ]
    tables.show((f"STARTED ({zone.key})", "LASTED", "CAMERA", "KIND", "SEVERITY", "STATE", "OBJECTS", "ID"), rows)


def _facts(item: Incident, zone: ZoneInfo) -> list[tuple[str, object]]:
    place, clip = item.location, item.clip
    facts: list[tuple[str, object]] = [
        ("id", item.id),
        ("camera", item.camera),
        ("area", item.area),
        ("place", f"{place.lat}, {place.lon}" if place else None),
        ("kind", item.kind),
        ("zone", item.zone),
        ("severity", item.severity.value),
        ("state", item.state.value),
        ("started", _local(item.started_at, zone)),
        ("ended", _local(item.ended_at, zone) if item.ended_at else None),
        ("last observed", _local(item.last_observed_at, zone)),
        ("objects", _objects(item)),
        ("model", item.model),
        ("worker", f"{item.worker}, epoch {item.epoch}, revision {item.revision}"),
    ]
    if clip is None:
        return [*facts, ("clip", None)]
    facts.append(("clip", f"{_local(clip.started_at, zone)} to {_local(clip.ended_at, zone)}, {clip.duration_s:.3f} s"))
    facts.append(("clock error", f"±{clip.clock_error_ms:.0f} ms"))
    for part in clip.parts:
        size = f"{part.codec} {part.width}x{part.height}, {part.size_bytes} bytes, audio {part.audio or 'none'}"
        facts.append((f"part {part.index}", f"{size}, sha256 {part.sha256}"))
    facts += [
        ("gap", f"{_local(gap.started_at, zone)} to {_local(gap.ended_at, zone)}: {gap.reason.value}")
        for gap in clip.gaps
    ]
    return facts


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S%z")


def _lasted(item: Incident) -> str:
    if item.ended_at is None:
        return "open"
    seconds = round((item.ended_at - item.started_at).total_seconds())
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def _objects(item: Incident) -> str:
    counts: dict[str, int] = {}
    for each in item.objects:
        counts[each.object_class.value] = counts.get(each.object_class.value, 0) + 1
    return ", ".join(f"{count} {name}" if count > 1 else name for name, count in sorted(counts.items())) or "-"
