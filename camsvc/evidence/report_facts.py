"""Facts of a report's parts, as texts in one language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from camsvc.domain.coverage import Coverage
from camsvc.domain.incident import ClipPart
from camsvc.evidence.contents import UNRECORDED, Found, FoundSpan, Package, clip_name
from camsvc.evidence.words import Words, spans


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Local, with the offset, and UTC: nobody has to compute."""
    local = at.astimezone(zone)
    exact, offset = f"{local:%d/%m/%Y %H:%M:%S}.{local.microsecond // 1000:03}", f"{local:%z}"
    return f"{exact} {offset[:3]}:{offset[3:]} ({at.astimezone(UTC):%H:%M:%S}Z)"


def grouped(fingerprint: str) -> str:
    """As OpenSSL shows it, so that the two are compared by eye."""
    return ":".join(fingerprint[place : place + 2].upper() for place in range(0, len(fingerprint), 2))


def incident_facts(found: Found, package: Package, words: Words, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    incident, clip = found.incident, found.incident.clip
    facts = [
        (words("camera"), found.camera.title),
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
    ]
    if not package.contents.redacted:
        facts.append((words("objects"), _objects(found, words)))
    if clip:
        length = spans(clip.duration_s, words.language)
        facts.append((words("clip"), f"{moment(clip.started_at, zone)} – {moment(clip.ended_at, zone)}, {length}"))
        facts.append((words("clock"), clock(clip.parts, words)))
        facts.append((words("sessions"), ", ".join(dict.fromkeys(part.session for part in clip.parts))))
    return (
        *facts,
        (words("model"), incident.model),
        (words("worker"), _worker(found, package, words)),
        (words("id"), str(incident.id)),
    )


def clock(parts: Iterable[ClipPart], words: Words) -> str:
    """In whole sentences: what the numbers mean for somebody who compares times."""
    known = tuple(parts)
    text = words("clock.value", ms=f"{max(part.clock_error_ms for part in known):.0f}")
    offsets = [part.camera_clock_offset_ms for part in known if part.camera_clock_offset_ms is not None]
    if not offsets:
        return text
    worst = max(offsets, key=abs)
    key = "clock.behind" if worst < 0 else "clock.ahead"
    return f"{text} {words(key, ms=f'{abs(worst):.0f}')}"


def holes(found: Found | FoundSpan, words: Words, zone: ZoneInfo) -> tuple[str, ...]:
    """Of footage and of analysis, each once, oldest first."""
    unknown = UNRECORDED if isinstance(found, Found) else "unkept"
    told = {
        ("gap", each.started_at, each.ended_at, unknown if each.reason == UNRECORDED else each.reason)
        for each in found.holes
    }
    told |= {
        ("unseen", each.started_at, each.ended_at, each.reason.value)
        for each in found.missing
        if each.what is Coverage.ANALYSIS
    }
    return tuple(hole(*each, words, zone) for each in sorted(told, key=lambda each: (each[1], each[2], each[0])))


def hole(key: str, started_at: datetime, ended_at: datetime, reason: str, words: Words, zone: ZoneInfo) -> str:
    return words(
        key,
        length=spans((ended_at - started_at).total_seconds(), words.language),
        from_=moment(started_at, zone),
        to=moment(ended_at, zone),
        reason=words.of("gap_reason", reason),
    )


def _worker(found: Found, package: Package, words: Words) -> str:
    """With whether the footage bears its signature."""
    if not found.parts or not package.contents.originals:
        return found.incident.worker
    names = [clip_name(part.index) for part in found.parts]
    sealed = sum(name in found.seals for name in names)
    key = "sealed" if sealed == len(names) else "unsealed" if sealed == 0 else "partly.sealed"
    return f"{found.incident.worker}; {words(key)}"


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
