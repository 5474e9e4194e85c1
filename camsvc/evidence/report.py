"""What a report says, as texts in one language: the page and the PDF show the same."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import camsvc
from camsvc.domain.audit import Outcome
from camsvc.domain.incident import ClipPart
from camsvc.evidence import lanes
from camsvc.evidence.contents import FileState, Found, FoundSnapshot, FoundSpan, Package, Packed, Role
from camsvc.evidence.drawing import map_of, timeline
from camsvc.evidence.report_facts import clock, grouped, hole, holes, incident_facts, moment
from camsvc.evidence.report_views import Facts, GapView, PartView, Report, Section, SnapshotView, SpanView, Tile
from camsvc.evidence.words import Words, spans

CUSTODY_SHOWN = 200
"""Records in a report; the manifest has all."""
TILES_MAX = 24
"""Pictures on the first pages; each incident has its own further on."""


def report_of(package: Package, language: str) -> Report:
    words, zone = Words(language), ZoneInfo(package.timezone)
    problems, found = package.problems, package.found
    records = package.custody["records"][-CUSTODY_SHOWN:]
    is_all = package.custody["complete"] and len(records) == len(package.custody["records"])
    note = words("custody.note") if is_all else f"{words('custody.note')} {words('custody.more', count=len(records))}"
    sections = tuple(_section(each, package, words, zone) for each in found.incidents)
    snapshots = tuple(_snapshot(each, package, words, zone) for each in found.snapshots)
    drawn, undrawn = lanes.stretches(found, zone, words("lanes"))
    return Report(
        words,
        next((each for each in package.contents.languages if each != language), None),
        _package_facts(package, words, zone),
        _summary(package, words, zone),
        grouped(str(package.installation["certificate_sha256"])),
        not problems,
        words("unsound", count=len(problems)) if problems else words("sound"),
        tuple((each.name, words.of("file_state", each.state.value), each.detail or "") for each in problems),
        _tiles(package, sections, snapshots, zone),
        map_of(found, package.ground, words("map")),
        tuple((f"{moment(each.started_at, zone)} – {moment(each.ended_at, zone)}", each.drawing) for each in drawn),
        f"{words('lanes.note')} {words('lanes.more', count=undrawn)}" if undrawn else words("lanes.note"),
        tuple(_span(each, words, zone) for each in found.spans),
        sections,
        snapshots,
        tuple(_record(each["record"], words, zone) for each in records),
        note if records else words("custody.none"),
    )


def _package_facts(package: Package, words: Words, zone: ZoneInfo) -> Facts:
    request = package.request
    facts = [(words("case"), request.case_number or "–")]
    if request.case_title:
        facts.append((words("case.title"), request.case_title))
    if request.case_people:
        facts.append((words("case.people"), ", ".join(request.case_people)))
    return (
        *facts,
        (words("by"), request.by),
        (words("reason"), request.reason),
        (words("organisation"), package.organisation or "–"),
        (words("made"), moment(package.created_at, zone)),
        (words("software"), f"camsvc {camsvc.__version__}"),
        (words("package"), str(package.id)),
    )


def _summary(package: Package, words: Words, zone: ZoneInfo) -> Facts:
    found, files = package.found, package.files
    parts = [part for each in found.incidents for part in each.parts]
    cameras = {each.incident.camera for each in found.incidents} | {each.span.camera for each in found.spans}
    cameras |= {each.snapshot.camera for each in found.snapshots}
    facts = [
        (words("incidents"), str(len(found.incidents))),
        (words("cameras"), str(len(cameras))),
    ]
    if parts:
        length = spans(sum(part.duration_s for part in parts), words.language)
        first, last = min(part.started_at for part in parts), max(part.ended_at for part in parts)
        facts.append((words("period"), f"{moment(first, zone)} – {moment(last, zone)}"))
        facts.append((words("footage"), words("footage.value", length=length, count=len(parts))))
        facts.append((words("clock"), clock(parts, words)))
    if found.spans:
        facts.append((words("spans"), str(len(found.spans))))
    if found.snapshots:
        facts.append((words("snapshots"), str(len(found.snapshots))))
    kinds = (Role.ORIGINAL, Role.VIEWING, Role.REDACTED, Role.THUMBNAIL, Role.TRACKS, Role.SNAPSHOT)
    counts = {role: sum(each.role is role and each.sha256 is not None for each in files) for role in kinds}
    shown = ", ".join(f"{words.of('role', role.value)}: {count}" for role, count in counts.items() if count)
    facts.append((words("contents"), shown or "–"))
    return tuple(facts)


def _tiles(
    package: Package, sections: tuple[Section, ...], snapshots: tuple[SnapshotView, ...], zone: ZoneInfo
) -> tuple[Tile, ...]:
    times = {each.number: each.incident.started_at for each in package.found.incidents}
    tiles = [
        Tile(
            str(each.number),
            each.picture,
            f"{times[each.number].astimezone(zone):%d/%m %H:%M:%S}",
            f"incident-{each.number}",
        )
        for each in sections
        if each.picture
    ]
    tiles += [Tile("", each.picture, each.heading, "snapshots") for each in snapshots if each.picture]
    return tuple(tiles[:TILES_MAX]) if len(tiles) > 1 else ()


def _section(found: Found, package: Package, words: Words, zone: ZoneInfo) -> Section:
    incident = found.incident
    name = found.camera.name or incident.camera
    heading = f"{words('incident', number=found.number)}: {words.of('kind', incident.kind)}, {name}"
    pictures = [each.name for each in package.of(found, Role.THUMBNAIL, Role.PICTURE) if each.sha256 and each.is_sound]
    originals = {each.part: each for each in package.of(found, Role.ORIGINAL)}
    footage: list[PartView | GapView] = [
        _part(each, originals[each.index], words, zone) for each in found.parts if each.index in originals
    ]
    if footage:
        footage += [
            GapView(
                hole("gap", gap.started_at, gap.ended_at, gap.reason.value, words, zone), gap.started_at, gap.ended_at
            )
            for gap in found.gaps
        ]
    return Section(
        found.number,
        heading,
        incident_facts(found, package, words, zone),
        pictures[0] if pictures else None,
        timeline(found, zone, words("timeline")),
        holes(found, words, zone),
        tuple(
            words("fault", file=each.key.rsplit("/", 1)[-1], what=words.of("file_state", each.what.value))
            for each in found.faults
        ),
        tuple(_copy(each, package, words) for each in package.of(found, Role.VIEWING, Role.REDACTED)),
        tuple(sorted(footage, key=lambda each: (each.started_at, isinstance(each, GapView)))),
        None if found.parts else words("expired" if incident.footage_expired_at else "no.footage"),
    )


def _part(part: ClipPart, packed: Packed, words: Words, zone: ZoneInfo) -> PartView:
    state = words.of("file_state", packed.state.value)
    codec = {"h264": "H.264", "hevc": "H.265"}.get(part.codec, part.codec)
    sizes = words("size", bytes=f"{packed.size_bytes:,}".replace(",", " "))
    lines = [
        words("second0", at=moment(part.started_at, zone)),
        f"{spans(part.duration_s, words.language)}, {codec} {part.width}×{part.height}, {sizes}. "
        + words("audio", audio=part.audio or words("audio.none")),
        f"sha256 {packed.sha256 or part.sha256}",
    ]
    if part.codec == "hevc":
        lines.append(words("hevc"))
    good = packed.state is FileState.INTACT
    warning = None if good else words("not.shown", state=state)
    heading = words("part", number=part.index + 1)
    return PartView(heading, packed.name, good, tuple(lines), warning, part.started_at, part.ended_at)


def _copy(packed: Packed, package: Package, words: Words) -> PartView:
    if packed.sha256 is None:
        return PartView(words(f"{packed.role.value}.copy"), packed.name, False, (), packed.detail)
    facts = package.copies.get(packed.name, {})
    lines = [words(f"{packed.role.value}.note")]
    if packed.role is Role.REDACTED:
        lines.append(words.of("blur", str(facts.get("blur"))))
        if facts.get("detector"):
            lines.append(words("redacted.checked", frames=facts["frames"], model=facts["detector"]))
    lines.append(f"sha256 {packed.sha256}")
    return PartView(words(f"{packed.role.value}.copy"), packed.name, True, tuple(lines), None)


def _span(found: FoundSpan, words: Words, zone: ZoneInfo) -> SpanView:
    covered_s = sum((end - start).total_seconds() for start, end in found.footage)
    asked_s = (found.span.to_at - found.span.from_at).total_seconds()
    share = words(
        "covered.value",
        covered=spans(covered_s, words.language),
        asked=spans(asked_s, words.language),
        percent=f"{100 * covered_s / asked_s:.0f}",
    )
    facts = (
        (words("camera"), found.camera.title),
        (words("area"), " / ".join(found.camera.area_names)),
        (words("from"), moment(found.span.from_at, zone)),
        (words("to"), moment(found.span.to_at, zone)),
        (words("covered"), share),
    )
    heading = f"{words('span', number=found.number)}: {found.camera.name or found.span.camera}"
    return SpanView(found.number, heading, facts, holes(found, words, zone), found.incidents)


def _snapshot(found: FoundSnapshot, package: Package, words: Words, zone: ZoneInfo) -> SnapshotView:
    taken = found.snapshot
    packed = next((each for each in package.files if each.name == found.name), None)
    error = "–" if taken.clock_error_ms is None else words("clock.value", ms=f"{taken.clock_error_ms:.0f}")
    facts = [
        (words("camera"), found.camera.title),
        (words("area"), " / ".join(found.camera.area_names)),
        (words("at"), moment(taken.at, zone)),
        (words("clock"), error),
        (words("taken.by"), taken.by),
        ("sha256", taken.sha256),
    ]
    if taken.comment:
        facts.insert(0, (words("comment"), taken.comment))
    state = packed.state if packed else None
    warning = (
        None if state is FileState.INTACT else words("not.shown", state=words.of("file_state", (state or "absent")))
    )
    return SnapshotView(
        words("snapshot", number=found.number), tuple(facts), found.name if state is FileState.INTACT else None, warning
    )


def _record(record: dict[str, object], words: Words, zone: ZoneInfo) -> tuple[str, str, str, str]:
    details = record.get("details")
    by = details.get("by") if isinstance(details, dict) else None
    who = str(record.get("user_name") or (f"{by} ({words('system')})" if by else words("system")))
    why = " · ".join(str(record[name]) for name in ("purpose", "case_number") if record.get(name))
    outcome, what = str(record["outcome"]), words.of("deed", str(record["what"]))
    if outcome != Outcome.ALLOWED:
        what = f"{what} ({words.of('outcome', outcome)})"
    return moment(datetime.fromisoformat(str(record["at"])), zone), who, what, why
