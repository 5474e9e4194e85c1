"""One package being written: footage from the store to the ZIP in pieces, copies one at a time over the disk.

Nothing is held in memory that grows with the footage.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC
from uuid import UUID

from camsvc import log
from camsvc.db.queries import faults
from camsvc.domain.fault import Finder
from camsvc.domain.incident import ClipPart
from camsvc.domain.seal import Seal, SealOf, file_statement, part_statement
from camsvc.errors import MediaError, UnplayableError
from camsvc.evidence import ground, html, pdf, timestamp
from camsvc.evidence.blocks import BLOCK_BYTES
from camsvc.evidence.contents import (
    CERTIFICATE,
    MANIFEST,
    README,
    SEAL,
    SEAL_SIGNATURE,
    SIGNATURE,
    SUMS,
    THUMBNAIL,
    TIME_STAMP,
    TRACKS,
    WORKERS,
    FileState,
    Found,
    FoundSnapshot,
    Gathered,
    Package,
    Packed,
    Request,
    Role,
    clip_name,
)
from camsvc.evidence.copying import Copier, Source
from camsvc.evidence.gathering import custody_log, worker_keys
from camsvc.evidence.identity import SigningIdentity
from camsvc.evidence.manifest import manifest_text, sums_text
from camsvc.evidence.means import Made, Means, Options
from camsvc.evidence.provenance import manifest_beside, snapshot_beside
from camsvc.evidence.readme import readme_text
from camsvc.evidence.renditions import Copied, Renditions
from camsvc.evidence.report import report_of
from camsvc.evidence.sealing import Sink
from camsvc.evidence.zip_writer import ZipWriter

PICTURES_MAX = 100
"""Pictures that the PDF shows: it is made in memory."""
PICTURE_MAX_BYTES = 512 * 1024
"""A larger one is no thumbnail of ours, and stays out of the PDF."""

_log = log.get(__name__)


class Making:
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
        self._contents = options.contents
        self._identity = identity
        self._notes: list[str] = []
        self._bytes_done = 0
        copies = self._contents.originals + self._contents.viewing + self._contents.redacted
        self._bytes_all = copies * sum(part.size_bytes for each in found.incidents for part in each.parts)
        url = means.settings.evidence.tsa_url
        self._tsa_url = url if self._contents.time_stamp else None
        with means.database.session() as session:
            custody = custody_log(session, [each.incident.id for each in found.incidents])
            keys = worker_keys(session, found)
        self._package = Package(
            id=package_id,
            created_at=means.clock.now().astimezone(UTC),
            request=request,
            organisation=means.settings.evidence.organisation,
            installation={
                "organisation": means.settings.evidence.organisation or None,
                "certificate_sha256": identity.fingerprint,
                "certificate_subject": identity.leaf.subject.rfc4514_string(),
                "time_stamped": self._tsa_url is not None,
            },
            timezone=means.settings.timezone,
            contents=self._contents,
            found=found,
            custody=custody,
            keys=keys,
            ground=ground.lines(means.settings.map.boundaries),
        )
        self._renditions = Renditions(means, options, self._package, identity, self._notes)

    def run(self, sink: Sink) -> Made:
        with ZipWriter(sink, self._package.created_at) as zip_:
            return self._write(zip_)

    def _write(self, zip_: ZipWriter) -> Made:
        package = self._package
        self._add(zip_, CERTIFICATE, Role.CERTIFICATE, self._identity.certificate.encode("ascii"))
        copier = Copier(self._means.store, zip_, self._progress, self._options.check)
        for each in package.found.incidents:
            self._incident(copier, zip_, each)
        for snapshot in package.found.snapshots:
            self._snapshot(copier, zip_, snapshot)
        self._report_faults(copier)
        self._keys(zip_)
        for language in self._contents.languages:
            self._options.check()
            report = report_of(package, language)
            self._add(zip_, f"report.{language}.html", Role.REPORT, b"".join(html.page(report)))
            printed = pdf.document(report, package.pictures, package.created_at)
            self._add(zip_, f"report.{language}.pdf", Role.REPORT, printed)
        return self._sign(zip_)

    def _report_faults(self, copier: Copier) -> None:
        """So that whoever looks after the store hears of it, whatever becomes of the package."""
        if copier.faults:
            with self._means.database.session() as session:
                for each in copier.faults:
                    faults.found(session, each.key, each.incident, each.what, Finder.EXPORT, each.detail)

    def _sign(self, zip_: ZipWriter) -> Made:
        package = self._package
        comment_bytes = len(base64.b64encode(bytes(self._identity.signature_bytes)))
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
        zip_.finish(comment_bytes, lambda digest: base64.b64encode(self._identity.sign_digest(digest)))
        return Made(
            package.id,
            zip_.size_bytes,
            hashlib.sha256(manifest).hexdigest(),
            self._identity.fingerprint,
            len(package.found.incidents),
            len(package.files),
            tuple(package.problems),
            tuple(self._notes),
        )

    def _incident(self, copier: Copier, zip_: ZipWriter, found: Found) -> None:
        incident, package = found.incident, self._package
        if self._contents.originals:
            for part in found.parts:
                self._original(copier, zip_, found, part)
        if incident.thumbnail and self._contents.thumbnails:
            picture = _Kept(PICTURE_MAX_BYTES)
            source = Source(incident.thumbnail, f"{found.folder}/{THUMBNAIL}", Role.THUMBNAIL, incident.id)
            packed = copier.copy(source, picture)
            package.files += packed
            if packed[0].is_sound and picture.data:
                self._show(packed[0].name, bytes(picture.data))
        if incident.tracks and self._contents.tracks:
            self._tracks(copier, zip_, found, incident.tracks)
        for role in (Role.VIEWING, Role.REDACTED):
            if getattr(self._contents, role.value) and found.parts:
                self._copy(zip_, found, role)

    def _original(self, copier: Copier, zip_: ZipWriter, found: Found, part: ClipPart) -> None:
        file, incident = clip_name(part.index), found.incident
        name, forged = f"{found.folder}/{file}", found.forged.get(file)
        packed = copier.copy(
            Source(part.key, name, Role.ORIGINAL, incident.id, part.index, part.size_bytes, part.sha256, forged)
        )
        self._package.files += packed
        if seal := found.seals.get(file):
            self._seal(zip_, packed[0], part_statement(incident, part), seal.seal)
        if self._contents.provenance and packed[0].state is FileState.INTACT:
            made = self._claimed(name, lambda: manifest_beside(incident, part, self._identity))
            if made is not None:
                self._add(zip_, f"{name}.c2pa", Role.PROVENANCE, made, incident.id, part.index)

    def _tracks(self, copier: Copier, zip_: ZipWriter, found: Found, key: str) -> None:
        name, seal = f"{found.folder}/{TRACKS}", found.seals.get(TRACKS)
        size, sha256 = (seal.size_bytes, seal.sha256) if seal else (None, None)
        source = Source(key, name, Role.TRACKS, found.incident.id, None, size, sha256, found.forged.get(TRACKS))
        packed = copier.copy(source)
        self._package.files += packed
        if seal and sha256 is not None and size is not None:
            self._seal(zip_, packed[0], file_statement(found.incident, SealOf.TRACKS, sha256, size), seal.seal)

    def _seal(self, zip_: ZipWriter, of: Packed, statement: bytes, seal: Seal) -> None:
        """Also of a file that is altered or missing: it says what was there."""
        for suffix, role, data in ((SEAL, Role.SEAL, statement), (SEAL_SIGNATURE, Role.SEAL_SIGNATURE, seal.signature)):
            self._add(zip_, f"{of.name}{suffix}", role, data, of.incident, of.part, key=seal.key)

    def _keys(self, zip_: ZipWriter) -> None:
        used = {each.key for each in self._package.files if each.role is Role.SEAL}
        for id_, key in sorted(self._package.keys.items()):
            if id_ in used:
                self._add(zip_, f"{WORKERS}{id_}.pem", Role.WORKER_KEY, key.public_pem.encode("ascii"))

    def _snapshot(self, copier: Copier, zip_: ZipWriter, found: FoundSnapshot) -> None:
        """Not beside redacted copies: nobody hid anything in it."""
        if self._contents.redacted:
            self._notes.append(f"{found.name} was left out: it may show what redacted copies hide")
            return
        taken = found.snapshot
        picture = _Kept(PICTURE_MAX_BYTES * 4)
        source = Source(taken.key, found.name, Role.SNAPSHOT, None, sha256=taken.sha256)
        packed = copier.copy(source, picture)
        self._package.files += packed
        if packed[0].state is not FileState.INTACT:
            return
        if picture.data:
            self._show(found.name, bytes(picture.data))
        if self._contents.provenance:
            made = self._claimed(found.name, lambda: snapshot_beside(taken, self._identity))
            if made is not None:
                self._add(zip_, f"{found.name}.c2pa", Role.PROVENANCE, made)

    def _copy(self, zip_: ZipWriter, found: Found, role: Role) -> None:
        name = f"{found.folder}/{role.value}.mp4"
        size = sum(part.size_bytes for part in found.parts)
        before = self._bytes_done
        try:
            with self._renditions.copy(found, role, lambda share: self._at(before + round(share * size))) as copied:
                self._put_copy(zip_, found, role, name, copied)
        except UnplayableError as error:
            detail = f"it could not be made: {error}"
            self._package.files.append(Packed(name, role, FileState.MISSING, incident=found.incident.id, detail=detail))
        self._at(before + size)

    def _put_copy(self, zip_: ZipWriter, found: Found, role: Role, name: str, copied: Copied) -> None:
        digest, size = hashlib.sha256(), copied.file.stat().st_size
        with copied.file.open("rb") as file, zip_.entry(name, size) as write:
            while block := file.read(BLOCK_BYTES):
                self._options.check()
                digest.update(block)
                write(block)
        self._package.files.append(Packed(name, role, FileState.MADE, size, digest.hexdigest(), found.incident.id))
        self._package.copies[name] = copied.facts
        if reason := copied.facts.get("no_c2pa"):
            self._notes.append(f"{name}: {reason}")
        if copied.picture:
            picture = f"{found.folder}/{role.value}.jpg"
            self._add(zip_, picture, Role.PICTURE, copied.picture, found.incident.id)
            self._show(picture, copied.picture)

    def _claimed(self, name: str, make: Callable[[], bytes]) -> bytes | None:
        try:
            return make()
        except MediaError as error:
            _log.warning("no C2PA manifest", file=name, reason=str(error))
            self._notes.append(f"{name}: {error}")
            return None

    def _show(self, name: str, jpeg: bytes) -> None:
        if len(self._package.pictures) < PICTURES_MAX:
            self._package.pictures[name] = jpeg

    def _add(
        self,
        zip_: ZipWriter,
        name: str,
        role: Role,
        data: bytes,
        incident: UUID | None = None,
        part: int | None = None,
        key: str | None = None,
    ) -> None:
        zip_.add(name, data)
        sha256 = hashlib.sha256(data).hexdigest()
        packed = Packed(name, role, FileState.MADE, len(data), sha256, incident, part, key=key)
        self._package.files.append(packed)

    def _progress(self, role: Role, count: int) -> None:
        if role is Role.ORIGINAL:
            self._at(self._bytes_done + count)

    def _at(self, done: int) -> None:
        self._bytes_done = max(done, self._bytes_done)
        self._options.on_progress(self._bytes_done, max(self._bytes_all, self._bytes_done))


class _Kept:
    """Keeps a small file that passes by."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self.data: bytearray | None = bytearray()

    def write(self, data: bytes, /) -> None:
        if self.data is not None:
            self.data += data
            if len(self.data) > self._at_most:
                self.data = None
