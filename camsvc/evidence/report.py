"""What a report says, as texts in one language: the page and the PDF show the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import camsvc
from camsvc.domain.audit import Outcome
from camsvc.domain.incident import ClipPart
from camsvc.evidence.contents import FileState, Found, Package, Packed, Role
from camsvc.evidence.drawing import Drawing, map_of, timeline
from camsvc.evidence.words import Words, spans

CUSTODY_SHOWN = 200
"""Records in a report; the manifest has all."""


@dataclass(frozen=True, slots=True)
class PartView:
    heading: str
    file: str
    plays: bool
    """False: it is not what was recorded, or not there."""
    lines: tuple[str, ...]
    warning: str | None


@dataclass(frozen=True, slots=True)
class Section:
    """One incident."""

    number: int
    heading: str
    facts: tuple[tuple[str, str], ...]
    picture: str | None
    """Name in the package."""
    timeline: Drawing
    holes: tuple[str, ...]
    """What is missing, in whole sentences."""
    parts: tuple[PartView, ...]
    note: str | None
    """Why there is no footage."""


@dataclass(frozen=True, slots=True)
class Report:
    words: Words
    facts: tuple[tuple[str, str], ...]
    is_sound: bool
    verdict: str
    problems: tuple[tuple[str, str, str], ...]
    """File, state, detail."""
    map: Drawing | None
    sections: tuple[Section, ...]
    custody: tuple[tuple[str, str, str, str], ...]
    """When, who, what, why; the newest."""
    custody_note: str


def report_of(package: Package, language: str) -> Report:
    words, zone = Words(language), ZoneInfo(package.timezone)
    problems = package.problems
    records = package.custody["records"][-CUSTODY_SHOWN:]
    is_all = package.custody["complete"] and len(records) == len(package.custody["records"])
    note = words("custody.note") if is_all else f"{words('custody.note')} {words('custody.more', count=len(records))}"
    return Report(
        words,
        _package_facts(package, words, zone),
        not problems,
        words("unsound", count=len(problems)) if problems else words("sound"),
        tuple((each.name, words.of("file_state", each.state.value), each.detail or "") for each in problems),
        map_of(package.found.incidents, words("map")),
        tuple(_section(each, package, words, zone) for each in package.found.incidents),
        tuple(_record(each["record"], words, zone) for each in records),
        note if records else words("custody.none"),
    )


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Local, with the offset, and UTC: nobody has to compute."""
    local = at.astimezone(zone)
    exact, offset = f"{local:%d/%m/%Y %H:%M:%S}.{local.microsecond // 1000:03}", f"{local:%z}"
    return f"{exact} {offset[:3]}:{offset[3:]} ({at.astimezone(UTC):%H:%M:%S}Z)"


def _package_facts(package: Package, words: Words, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    request = package.request
    facts = [
        (words("package"), str(package.id)),
        (words("made"), moment(package.created_at, zone)),
        (words("organisation"), package.organisation or "–"),
        (words("by"), request.by),
        (words("reason"), request.reason),
        (words("case"), request.case_number or "–"),
        (words("software"), f"camsvc {camsvc.__version__}"),
        (words("fingerprint"), grouped(str(package.installation["certificate_sha256"]))),
    ]
    return tuple(facts)


def grouped(fingerprint: str) -> str:
    """As OpenSSL shows it, so that the two are compared by eye."""
    return ":".join(fingerprint[place : place + 2].upper() for place in range(0, len(fingerprint), 2))


def _section(found: Found, package: Package, words: Words, zone: ZoneInfo) -> Section:
    incident = found.incident
    name = found.camera.name or incident.camera
    heading = f"{words('incident', number=found.number)}: {words.of('kind', incident.kind)}, {name}"
    pictures = [each.name for each in package.of(found, Role.THUMBNAIL) if each.sha256 and each.is_sound]
    originals = {each.part: each for each in package.of(found, Role.ORIGINAL)}
    parts = tuple(_part(each, originals[each.index], words, zone) for each in found.parts if each.index in originals)
    return Section(
        found.number,
        heading,
        _facts(found, words, zone),
        pictures[0] if pictures else None,
        timeline(found, zone, words("timeline")),
        _holes(found, words, zone),
        parts,
        None if parts else words("no.footage"),
    )


def _facts(found: Found, words: Words, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    incident, clip = found.incident, found.incident.clip
    facts = [
        (words("camera"), f"{found.camera.name} ({incident.camera})" if found.camera.name else incident.camera),
        (words("area"), " / ".join(found.camera.area_names)),
    ]
    if incident.location:
        facing = incident.location.heading_deg
        shown = f"{incident.location.lat:.6f}, {incident.location.lon:.6f}"
        facts.append(
            (words("place"), shown if facing is None else f"{shown}, {words('heading', degrees=f'{facing:g}')}")
        )
    facts += [(words("kind"), words.of("kind", incident.kind))]
    if incident.zone:
        facts.append((words("zone"), incident.zone))
    facts += [
        (words("state"), words.of("incident_state", incident.state.value)),
        (words("started"), moment(incident.started_at, zone)),
        (words("ended"), moment(incident.ended_at, zone))
        if incident.ended_at
        else (words("last"), moment(incident.last_observed_at, zone)),
        (words("objects"), _objects(found, words)),
    ]
    if clip:
        length = spans(clip.duration_s, words.language)
        facts.append((words("clip"), f"{moment(clip.started_at, zone)} – {moment(clip.ended_at, zone)}, {length}"))
        facts.append((words("clock"), _clock(clip.parts, words)))
        facts.append((words("sessions"), ", ".join(dict.fromkeys(part.session for part in clip.parts))))
    return (
        *facts,
        (words("model"), incident.model),
        (words("worker"), incident.worker),
        (words("id"), str(incident.id)),
    )


def _clock(parts: tuple[ClipPart, ...], words: Words) -> str:
    text = words("clock.value", ms=f"{max(part.clock_error_ms for part in parts):.0f}")
    offsets = [part.camera_clock_offset_ms for part in parts if part.camera_clock_offset_ms is not None]
    return f"{text}; {words('clock.camera', ms=f'{max(offsets, key=abs):.0f}')}" if offsets else text


def _objects(found: Found, words: Words) -> str:
    shown = [
        words(
            "object",
            name=words.of("class", each.object_class.value),
            track=each.track,
            confidence=round(each.confidence * 100),
        )
        for each in found.incident.objects
    ]
    return ", ".join(shown) or "–"


def _holes(found: Found, words: Words, zone: ZoneInfo) -> tuple[str, ...]:
    """Each once, however often it was told: by the clip, and by the camera's record of what it missed."""
    clip = found.incident.clip
    holes = {("gap", each.started_at, each.ended_at, each.reason.value) for each in (clip.gaps if clip else ())}
    kinds = {"footage": "gap", "analysis": "unseen"}
    holes |= {(kinds[each.what.value], each.started_at, each.ended_at, each.reason.value) for each in found.missing}
    holes |= {("gap", *each, "unrecorded") for each in found.uncovered}
    return tuple(
        words(
            key,
            length=spans((ended_at - started_at).total_seconds(), words.language),
            from_=moment(started_at, zone),
            to=moment(ended_at, zone),
            reason=words.of("gap_reason", reason),
        )
        for key, started_at, ended_at, reason in sorted(holes, key=lambda each: each[1])
    )


def _parts(found: Found) -> tuple[ClipPart, ...]:
    return found.incident.clip.parts if found.incident.clip else ()


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
    return PartView(words("part", number=part.index + 1), packed.name, good, tuple(lines), warning)


def _record(record: dict[str, object], words: Words, zone: ZoneInfo) -> tuple[str, str, str, str]:
    details = record.get("details")
    by = details.get("by") if isinstance(details, dict) else None
    who = str(record.get("user_name") or (f"{by} ({words('system')})" if by else words("system")))
    why = " · ".join(str(record[name]) for name in ("purpose", "case_number") if record.get(name))
    outcome, what = str(record["outcome"]), words.of("deed", str(record["what"]))
    if outcome != Outcome.ALLOWED:
        what = f"{what} ({words.of('outcome', outcome)})"
    return moment(datetime.fromisoformat(str(record["at"])), zone), who, what, why
