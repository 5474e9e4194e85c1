"""Makes an evidence package: one ZIP, written forwards, with the footage of some incidents and what proves it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

from camsvc.db.queries import audit
from camsvc.domain.audit import Deed, Kind, Outcome
from camsvc.domain.case import Access
from camsvc.domain.export_job import Contents
from camsvc.domain.incident_json import time_json
from camsvc.errors import CamsvcError, InputError
from camsvc.evidence import keeping
from camsvc.evidence.contents import Gathered, Request
from camsvc.evidence.gathering import gather
from camsvc.evidence.making import Making
from camsvc.evidence.means import ANY_FOOTAGE, AS_USUAL, Made, Means, Options
from camsvc.evidence.sealing import Sink
from camsvc.evidence.words import LANGUAGES

__all__ = ["Made", "Means", "Options", "Request", "effective", "export"]


def export(
    means: Means,
    request: Request,
    sink: Sink,
    options: Options = AS_USUAL,
    access: Access = ANY_FOOTAGE,
) -> Made:
    """Writes the package to ``sink``. What is asked for is recorded in the audit chain before, how it ended after.

    When it raises, what was written is no package: throw it away. Raises NotFoundError for an incident that does not
    exist or that ``access`` does not cover, InputError, DatabaseUnavailableError, StoreUnavailableError, ConfigError;
    OSError of the sink; whatever ``options.check`` raises.
    """
    options = replace(options, contents=effective(options.contents))
    with means.database.session() as session:
        found = gather(session, request.subjects, access)
        identity = keeping.current(session, means.cipher, means.settings.evidence.organisation)
    package_id = uuid4()
    _record_begin(means, request, found, options.contents, str(package_id))
    try:
        made = Making(means, request, options, identity, found, package_id).run(sink)
    except BaseException as error:  # whatever ended it, also who gave up: the chain says that it ended
        reason = str(error) if isinstance(error, CamsvcError) else type(error).__name__
        with suppress(CamsvcError):  # the error itself says more
            failed = {"package": str(package_id), "reason": reason}
            _record(means, _deed(request, "package.made", failed, Outcome.FAILED))
        raise
    details: dict[str, Any] = {
        "package": str(made.id),
        "incidents": [str(each.incident.id) for each in found.incidents],
        "spans": len(found.spans),
        "snapshots": len(found.snapshots),
        "manifest_sha256": made.manifest_sha256,
        "certificate_sha256": made.fingerprint,
        "size_bytes": made.size_bytes,
        "problems": [each.name for each in made.problems],
    }
    _record(means, _deed(request, "package.made", details))
    return made


def effective(contents: Contents) -> Contents:
    """What really goes in: with redacted copies no picture and no track of those that they hide.

    Raises InputError for what makes no sense.
    """
    if contents.redacted and (contents.originals or contents.viewing):
        raise InputError(
            "redacted copies beside footage that shows what they hide",
            parameter="contents",
            cure="ask for redacted copies alone, or leave them out",
        )
    if not set(contents.languages) <= set(LANGUAGES) or not contents.languages:
        raise InputError(
            f"languages {', '.join(contents.languages) or 'none'}",
            parameter="languages",
            cure=f"one or more of {', '.join(LANGUAGES)}",
        )
    languages = tuple(each for each in LANGUAGES if each in contents.languages)
    if contents.redacted:
        return replace(contents, thumbnails=False, tracks=False, languages=languages)
    return replace(contents, languages=languages)


def _record_begin(means: Means, request: Request, found: Gathered, contents: Contents, package: str) -> None:
    """A record for each thing that goes out, before it does."""
    kinds = [name for name in ("originals", "viewing", "redacted") if getattr(contents, name)]
    told: dict[str, Any] = {"package": package, "contents": kinds}
    deeds = [
        replace(
            _deed(request, "incident.exported", told),
            camera=each.incident.camera,
            area=each.incident.area,
            incident=each.incident.id,
        )
        for each in found.incidents
    ]
    for span in found.spans:
        times = {"from": time_json(span.span.from_at), "to": time_json(span.span.to_at)}
        deeds.append(
            replace(_deed(request, "span.exported", told | times), camera=span.span.camera, area=span.camera.area)
        )
    for each in found.snapshots:
        taken = each.snapshot
        details = told | {"item": taken.item, "sha256": taken.sha256, "at": time_json(taken.at)}
        deeds.append(replace(_deed(request, "snapshot.exported", details), camera=taken.camera, area=taken.area))
    _record(means, *deeds)


def _deed(request: Request, what: str, details: dict[str, Any], outcome: Outcome = Outcome.ALLOWED) -> Deed:
    return Deed(
        Kind.EXPORT,
        what,
        outcome,
        user_id=request.user_id,
        user_name=request.user_name,
        source=request.source,
        purpose=request.reason,
        case_number=request.case_number,
        details={**details, "by": request.by},
    )


def _record(means: Means, *deeds: Deed) -> None:
    with means.database.session() as session:
        for deed in deeds:
            audit.append(session, deed)
