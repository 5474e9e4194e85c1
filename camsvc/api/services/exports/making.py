"""Makes one package: from the store through the writer back into the store, with no disk and little memory between."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cryptography import x509
from sqlalchemy.orm import Session

from camsvc.api.services.exports import standing
from camsvc.api.services.exports.pulse import Pulse
from camsvc.db.queries import accounts, case_people
from camsvc.db.queries.export_runs import Claimed, Ready
from camsvc.domain.case import Access
from camsvc.errors import AccessError, StoreError
from camsvc.evidence.contents import Gathered, Request
from camsvc.evidence.gathering import gather
from camsvc.evidence.identity import parse_certificates
from camsvc.evidence.means import Made, Means, Options
from camsvc.evidence.package import export
from camsvc.evidence.recipient import EncryptedSink
from camsvc.evidence.sealing import Sink
from camsvc.storage import keys
from camsvc.storage.multipart import Upload

ZIP, BINARY, CMS = "application/zip", "application/octet-stream", "application/cms"
PROBLEMS_MAX = 1000
"""Files at fault that a job names; the package's manifest names all."""


def make(means: Means, job: Claimed, pulse: Pulse, scratch: Path) -> Ready:
    """The package, stored and verified. What is left of an earlier attempt is removed first.

    Raises EndedError; AccessError when who asked may not any more; what ``evidence.package.export`` raises.
    """
    _clean(means, job)
    with means.database.session() as session:
        access = _access(session, job)
        found = gather(session, job.export.subjects, access)
        request = _request(session, job)
    recipient = parse_certificates(job.recipient_pem.encode("ascii"))[0] if job.recipient_pem else None
    key = keys.export_package(job.export.id, job.claim, encrypted=recipient is not None)
    scratch.mkdir(parents=True, exist_ok=True)
    options = Options(job.export.contents, scratch, pulse.progress, pulse.check)
    with means.store.writing(key, BINARY if recipient else ZIP, pulse.check) as upload:
        made, envelope = _write(means, request, upload, options, access, recipient)
    ready = _ready(made, found, key, upload)
    ready = replace(ready, footage_bytes=pulse.done_bytes)
    if envelope is None:
        return ready
    envelope_key = keys.export_envelope(key)
    envelope_sha256 = means.store.put_bytes(envelope_key, envelope, CMS)
    return replace(ready, envelope_key=envelope_key, envelope_bytes=len(envelope), envelope_sha256=envelope_sha256)


def discard(means: Means, job: Claimed) -> None:
    """What this attempt has stored, as far as the store answers; the rest is found later (``expiry``)."""
    for encrypted in (False, True):
        key = keys.export_package(job.export.id, job.claim, encrypted=encrypted)
        with suppress(StoreError):
            means.store.delete(key)
    with suppress(StoreError):
        means.store.delete(keys.export_envelope(keys.export_package(job.export.id, job.claim)))


def _clean(means: Means, job: Claimed) -> None:
    if job.export.attempts > 1:
        folder = keys.export(job.export.id)
        for upload in means.store.unfinished(folder):
            means.store.give_up(upload)
        means.store.erase(folder)


def _access(session: Session, job: Claimed) -> Access:
    """What who asked may export now, and might when they asked."""
    user = accounts.by_id(session, job.user_id)
    if user.disabled:
        raise AccessError(f"the account {user.name} is disabled")
    now = standing.access(session, user)
    reach = now.reach.within(job.reach)
    if reach.is_nowhere and not now.shares:
        raise AccessError(f"{user.name} may not export any more")
    return Access(reach, now.shares)


def _request(session: Session, job: Claimed) -> Request:
    asked = job.export
    people = case_people.people(session, asked.case_id) if asked.case_id is not None else []
    return Request(
        asked.subjects,
        asked.reason,
        asked.created_by,
        case_number=asked.case_number,
        case_title=job.case_title,
        case_people=tuple(f"{each.user_name} ({each.role.value})" for each in people),
        user_id=job.user_id,
        user_name=asked.created_by,
        source=job.source,
    )


def _write(
    means: Means, request: Request, sink: Sink, options: Options, access: Access, recipient: x509.Certificate | None
) -> tuple[Made, bytes | None]:
    """What was made, and the envelope of an encrypted package."""
    if recipient is None:
        return export(means, request, sink, options, access), None
    encrypted = EncryptedSink(sink, recipient)
    made = export(means, request, encrypted, options, access)
    encrypted.finish()
    return made, encrypted.envelope


def _ready(made: Made, found: Gathered, key: str, upload: Upload) -> Ready:
    areas = {each.camera.area for each in found.incidents}
    areas |= {each.camera.area for each in found.spans} | {each.camera.area for each in found.snapshots}
    problems = [each.name for each in made.problems]
    if len(problems) > PROBLEMS_MAX:
        problems = [*problems[:PROBLEMS_MAX], "…"]
    return Ready(
        made.id,
        key,
        upload.size_bytes,
        upload.sha256,
        made.manifest_sha256,
        made.fingerprint,
        problems,
        list(made.notes)[:PROBLEMS_MAX],
        [each.incident.id for each in found.incidents],
        sorted(areas),
    )
