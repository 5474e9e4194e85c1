"""Which stored file a clip, thumbnail or track list is, and under what name a person gets it."""

from __future__ import annotations

from dataclasses import replace

from camsvc.api.context import Server
from camsvc.api.errors import FootageFaultError, NotYetError
from camsvc.api.services.renditions import Making
from camsvc.api.stored import StoredFile
from camsvc.domain.fault import FaultKind
from camsvc.domain.incident import ClipPart, Incident, IncidentState
from camsvc.domain.incident_json import time_json
from camsvc.domain.seal import SealOf
from camsvc.errors import IntegrityError, NotFoundError
from camsvc.media.rendition import BROWSER_AUDIO
from camsvc.storage import keys
from camsvc.storage.proofs import Book

RETRY_OPEN_S = 10
"""A clip is published some seconds after its incident ends, or its part is full."""
RETRY_PUBLISH_S = 5
"""An ended incident without its clip: the worker's publisher has it on its spool and is at it."""
BROWSER_CODECS = frozenset({"h264"})
"""What Chromium plays in an MP4 (facts.md: no H.265)."""
MARK = "Camsvc-Rendition"
"""Header: ``original`` (the camera's own bits) or ``browser`` (converted; not the evidence)."""


def part_of(incident: Incident, number: int) -> ClipPart:
    """Raises NotYetError while the incident has no clip, NotFoundError when it expired or has no such part."""
    if incident.footage_expired_at is not None:
        raise expired(incident, "clip")
    if incident.clip is None:
        is_open = incident.state is IncidentState.OPEN
        retry_after_s = RETRY_OPEN_S if is_open else RETRY_PUBLISH_S
        raise NotYetError(
            "The incident is still open, and its clip is being recorded."
            if is_open
            else "The clip is on its worker's spool and not published yet.",
            retry_after_s=retry_after_s,
            cure=f"ask again in {retry_after_s} s, or follow /api/v1/incidents/stream",
        )
    for part in incident.clip.parts:
        if part.index == number:
            return part
    numbers = ", ".join(str(part.index) for part in incident.clip.parts)
    raise NotFoundError(f"the clip has no part {number}", parameter="part", cure=f"its parts are: {numbers}")


def expired(incident: Incident, what: str) -> NotFoundError:
    at = f" at {time_json(incident.footage_expired_at)}" if incident.footage_expired_at else ""
    return NotFoundError(
        f"the {what} of incident {incident.id} expired{at}: its time was over",
        parameter="id",
        cure="footage is kept as `retention` of the settings says; what must stay longer is held",
    )


def plays_in_browser(part: ClipPart) -> bool:
    return part.codec in BROWSER_CODECS and (part.audio is None or part.audio in BROWSER_AUDIO)


def original(incident: Incident, part: ClipPart) -> StoredFile:
    parts = len(incident.clip.parts) if incident.clip else 1
    suffix = f"_part{part.index}" if parts > 1 else ""
    return StoredFile(
        key=part.key,
        size_bytes=part.size_bytes,
        sha256=part.sha256,
        media_type="video/mp4",
        name=f"{file_stem(incident)}{suffix}.mp4",
        headers={MARK: "original"},
        incident=incident,
        part=part,
        sealed=SealOf.CLIP,
    )


def for_browser(server: Server, incident: Incident, part: ClipPart) -> StoredFile | Making:
    """What a browser can play: the original where it can, else its rendition, or what is being done to make it.

    A copy is not shown for an original that is known to be at fault. Raises UnplayableError, BusyError,
    FootageFaultError, DatabaseUnavailableError, StoreUnavailableError.
    """
    file = original(incident, part)
    if plays_in_browser(part):
        return file
    server.prover.admit(file)
    found = server.renditions.request(part)
    if isinstance(found, Making):
        return found
    if found.sha256 is None:
        raise IntegrityError(f"The store does not say the sha256 of {keys.rendition(part.key)}.")
    return replace(
        file,
        key=keys.rendition(part.key),
        size_bytes=found.size_bytes,
        sha256=found.sha256,
        name=file.name.removesuffix(".mp4") + "_browser.mp4",
        headers={MARK: "browser"},
        part=None,
        sealed=None,
    )


def thumbnail(server: Server, incident: Incident) -> StoredFile:
    """Raises NotYetError, NotFoundError, StoreUnavailableError."""
    return _picture_or_tracks(server, incident, incident.thumbnail, "thumbnail", "image/jpeg", ".jpg")


def tracks(server: Server, incident: Incident) -> StoredFile:
    """Raises NotYetError, NotFoundError, StoreUnavailableError."""
    file = _picture_or_tracks(server, incident, incident.tracks, "track list", "application/json", "_tracks.json")
    with server.database.session() as session:
        sealed = Book.of(session, [incident]).tracks(incident)
    if sealed.sha256 is None or sealed.size_bytes is None:
        return replace(file, sealed=SealOf.TRACKS)  # written before workers sealed: held to its uploader's word
    return replace(file, sha256=sealed.sha256, size_bytes=sealed.size_bytes, sealed=SealOf.TRACKS)


def file_stem(incident: Incident) -> str:
    """``nhu-nguyet-01_20261105T031200Z_presence_0193a5…``: where, when, what, and which."""
    at = incident.started_at.strftime("%Y%m%dT%H%M%SZ")
    return f"{incident.camera}_{at}_{incident.kind}_{str(incident.id)[-8:]}"


def _picture_or_tracks(
    server: Server, incident: Incident, key: str | None, what: str, media_type: str, ending: str
) -> StoredFile:
    if incident.footage_expired_at is not None:
        raise expired(incident, what)
    if key is None:
        if incident.state is IncidentState.OPEN:
            raise NotYetError(
                f"The incident is still open and has no {what} yet.",
                retry_after_s=RETRY_OPEN_S,
                cure=f"ask again in {RETRY_OPEN_S} s",
            )
        raise NotFoundError(f"the incident has no {what}", parameter="id", cure="none was recorded")
    stat = server.store.stat(key)
    if stat is None or stat.sha256 is None:
        file = StoredFile(key, 0, "", media_type, f"{file_stem(incident)}{ending}", incident=incident)
        fault = FaultKind.MISSING if stat is None else FaultKind.ALTERED
        detail = (
            "the object store does not have it" if stat is None else "it carries no sha256: camsvc did not write it"
        )
        server.prover.failed(file, "", fault, detail)
        raise FootageFaultError(file.name, fault, detail)
    name = f"{file_stem(incident)}{ending}"
    return StoredFile(key, stat.size_bytes, stat.sha256, media_type, name, incident=incident)
