"""Makes an evidence package: one ZIP, written forwards, with the footage of some incidents and what proves it.

Nothing is held that grows with the footage: of a clip one part at a time lies in a temporary file for its C2PA
manifest, the rest goes from the store to the output in pieces.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from contextlib import suppress
from datetime import UTC
from typing import Any
from uuid import UUID, uuid4

from camsvc import log
from camsvc.db.queries import audit
from camsvc.domain.audit import Deed, Kind, Outcome
from camsvc.domain.case import Access
from camsvc.domain.incident import ClipPart, Incident
from camsvc.errors import CamsvcError, MediaError
from camsvc.evidence import html, keeping, pdf, timestamp
from camsvc.evidence.contents import (
    CERTIFICATE,
    MANIFEST,
    README,
    SIGNATURE,
    SUMS,
    TIME_STAMP,
    FileState,
    Found,
    Gathered,
    Package,
    Packed,
    Request,
    Role,
)
from camsvc.evidence.copying import Copier, Source
from camsvc.evidence.gathering import custody_log, gather
from camsvc.evidence.identity import SigningIdentity
from camsvc.evidence.manifest import manifest_text, sums_text
from camsvc.evidence.means import ANY_FOOTAGE, AS_USUAL, Made, Means, Options
from camsvc.evidence.provenance import manifest_beside
from camsvc.evidence.readme import readme_text
from camsvc.evidence.report import report_of
from camsvc.evidence.sealing import Sink
from camsvc.evidence.words import LANGUAGES
from camsvc.evidence.zip_writer import ZipWriter

PICTURES_MAX = 100
"""Thumbnails that the PDF shows: it is made in memory."""
PICTURE_MAX_BYTES = 512 * 1024
"""A larger one is no thumbnail of ours, and stays out of the PDF."""

__all__ = ["Made", "Means", "Options", "Request", "export"]

_log = log.get(__name__)


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
    with means.database.session() as session:
        found = gather(session, request.subjects, access)
        identity = keeping.current(session, means.cipher, means.settings.evidence.organisation)
    package_id = uuid4()
    for each in found.incidents:
        _record(means, request, "incident.exported", each.incident, {"package": str(package_id)})
    try:
        made = _Making(means, request, options, identity, found, package_id).run(sink)
    except BaseException as error:
        reason = str(error) if isinstance(error, CamsvcError) else type(error).__name__
        with suppress(CamsvcError):  # the error itself says more
            failed = {"package": str(package_id), "reason": reason}
            _record(means, request, "package.made", None, failed, Outcome.FAILED)
        raise
    details: dict[str, Any] = {
        "package": str(made.id),
        "incidents": [str(each.incident.id) for each in found.incidents],
        "manifest_sha256": made.manifest_sha256,
        "certificate_sha256": made.fingerprint,
        "size_bytes": made.size_bytes,
        "problems": [each.name for each in made.problems],
    }
    _record(means, request, "package.made", None, details)
    return made


def _record(
    means: Means,
    request: Request,
    what: str,
    incident: Incident | None,
    details: dict[str, Any],
    outcome: Outcome = Outcome.ALLOWED,
) -> None:
    deed = Deed(
        Kind.EXPORT,
        what,
        outcome,
        user_id=request.user_id,
        user_name=request.user_name,
        source=request.source,
        camera=incident.camera if incident else None,
        area=incident.area if incident else None,
        incident=incident.id if incident else None,
        purpose=request.reason,
        case_number=request.case_number,
        details={**details, "by": request.by},
    )
    with means.database.session() as session:
        audit.append(session, deed)


class _Making:
    """One package; used once."""

    def __init__(
        self,
        means: Means,
        request: Request,
        options: Options,
        identity: SigningIdentity,
        found: Gathered,
        package_id: UUID,
    ) -> None:
        self._means = means
        self._options = options
        self._identity = identity
        self._notes: list[str] = []
        self._bytes_done = 0
        self._bytes_all = sum(part.size_bytes for each in found.incidents for part in each.parts)
        url = means.settings.evidence.tsa_url
        self._tsa_url = url if options.contents.time_stamp else None
        with means.database.session() as session:
            custody = custody_log(session, [each.incident.id for each in found.incidents])
        leaf = identity.leaf
        self._package = Package(
            id=package_id,
            created_at=means.clock.now().astimezone(UTC),
            request=request,
            organisation=means.settings.evidence.organisation,
            installation={
                "organisation": means.settings.evidence.organisation or None,
                "certificate_sha256": identity.fingerprint,
                "certificate_subject": leaf.subject.rfc4514_string(),
                "time_stamped": self._tsa_url is not None,
            },
            timezone=means.settings.timezone,
            found=found.incidents,
            custody=custody,
        )

    def run(self, sink: Sink) -> Made:
        with ZipWriter(sink, self._package.created_at) as zip_:
            return self._write(zip_)

    def _write(self, zip_: ZipWriter) -> Made:
        package = self._package
        self._add(zip_, CERTIFICATE, Role.CERTIFICATE, self._identity.certificate.encode("ascii"))
        copier = Copier(self._means.store, zip_, self._progress)
        for each in package.found:
            self._copy(copier, zip_, each)
        for language in LANGUAGES:
            report = report_of(package, language)
            self._add(zip_, f"report.{language}.html", Role.REPORT, b"".join(html.page(report)))
            printed = pdf.document(report, package.pictures, package.created_at)
            self._add(zip_, f"report.{language}.pdf", Role.REPORT, printed)
        comment_bytes = len(_base64(bytes(self._identity.signature_bytes)))
        readme = readme_text(package, comment_bytes=comment_bytes, is_stamped=self._tsa_url is not None)
        self._add(zip_, README, Role.README, readme.encode())
        sums = sums_text(package.files)
        zip_.add(SUMS, sums.encode())
        manifest = manifest_text(package, sums).encode()
        zip_.add(MANIFEST, manifest)
        signature = self._identity.sign(manifest)
        zip_.add(SIGNATURE, signature)
        if self._tsa_url:
            zip_.add(TIME_STAMP, timestamp.ask(self._tsa_url, signature))
        zip_.finish(comment_bytes, lambda digest: _base64(self._identity.sign_digest(digest)))
        return Made(
            package.id,
            zip_.size_bytes,
            hashlib.sha256(manifest).hexdigest(),
            self._identity.fingerprint,
            len(package.found),
            len(package.files),
            tuple(package.problems),
            tuple(self._notes),
        )

    def _copy(self, copier: Copier, zip_: ZipWriter, found: Found) -> None:
        incident = found.incident
        for part in found.parts:
            self._copy_part(copier, zip_, found, part)
        if incident.thumbnail:
            picture = _Picture()
            source = Source(incident.thumbnail, f"{found.folder}/thumbnail.jpg", Role.THUMBNAIL, incident.id)
            packed = copier.copy(source, picture)
            self._package.files += packed
            if packed[0].is_sound and picture.data and len(self._package.pictures) < PICTURES_MAX:
                self._package.pictures[packed[0].name] = bytes(picture.data)
        if incident.tracks:
            source = Source(incident.tracks, f"{found.folder}/tracks.json", Role.TRACKS, incident.id)
            self._package.files += copier.copy(source)

    def _copy_part(self, copier: Copier, zip_: ZipWriter, found: Found, part: ClipPart) -> None:
        name = f"{found.folder}/clip-{part.index:04d}.mp4"
        source = Source(part.key, name, Role.ORIGINAL, found.incident.id, part.index, part.size_bytes, part.sha256)
        if not self._options.contents.provenance:
            self._package.files += copier.copy(source)
            return
        with tempfile.TemporaryFile(dir=self._options.scratch) as aside:
            packed = copier.copy(source, aside)
            self._package.files += packed
            if packed[0].state is not FileState.INTACT:
                return
            try:
                manifest = manifest_beside(aside, found.incident, part, self._identity)
            except MediaError as error:
                _log.warning("no C2PA manifest", incident=str(found.incident.id), reason=str(error))
                self._notes.append(f"{name}: {error}")
                return
        self._add(zip_, f"{name}.c2pa", Role.PROVENANCE, manifest, found.incident.id, part.index)

    def _add(
        self, zip_: ZipWriter, name: str, role: Role, data: bytes, incident: UUID | None = None, part: int | None = None
    ) -> None:
        zip_.add(name, data)
        sha256 = hashlib.sha256(data).hexdigest()
        self._package.files.append(Packed(name, role, FileState.MADE, len(data), sha256, incident, part))

    def _progress(self, count: int) -> None:
        self._options.check()
        self._bytes_done += count
        self._options.on_progress(self._bytes_done, max(self._bytes_all, self._bytes_done))


class _Picture:
    """Keeps a small file that passes by."""

    def __init__(self) -> None:
        self.data: bytearray | None = bytearray()

    def write(self, data: bytes, /) -> None:
        if self.data is not None:
            self.data += data
            if len(self.data) > PICTURE_MAX_BYTES:
                self.data = None


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data)
