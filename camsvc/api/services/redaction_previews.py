"""How one picture of a redacted copy will look: made by the same code as the copy, before anything is exported."""

from __future__ import annotations

import io
import threading

from camsvc.api.context import Server
from camsvc.api.errors import BusyError
from camsvc.api.services import audit, clips, redactions, rights
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.incident import ClipPart
from camsvc.domain.redaction import Redaction
from camsvc.errors import InputError, UnplayableError
from camsvc.evidence.redacting import redacted_frame
from camsvc.media.still import picture_at
from camsvc.media.thumbnail import encode_jpeg
from camsvc.storage.seeking import SeekableObject

WIDTH_MAX = 1920
"""As large as copies are."""
AT_ONCE = 2
"""In one process: each takes a core for some tenths of a second, and what is served beside it must not wait."""
PATIENCE_S = 8.0
"""Somebody who steps through a clip asks faster than that is done; who waits longer has moved on."""
_slots = threading.BoundedSemaphore(AT_ONCE)


def preview(
    server: Server, user: User, wanted: Redaction, part: int, at_s: float, *, source: str | None = None
) -> bytes:
    """A JPEG of player time ``at_s`` of ``part`` by ``wanted``, which need not be stored. Recorded once for each
    viewing of an incident. Blocks for the decoding of some pictures.

    The copy may hide more: what the detector finds beside the stored tracks is found when the copy is made.

    Raises NotFoundError, ForbiddenError, NotYetError; InputError for choices that do not fit the clip, or where no
    picture can be decoded; BusyError, StoreUnavailableError.
    """
    incident = rights.require_incident(server, user, Action.EXPORT, wanted.incident, source=source)
    found = clips.part_of(incident, part)
    if not 0 <= at_s <= found.duration_s + redactions.LATE_S:
        raise InputError(
            f"at_s: {at_s:g} s is not within part {part}",
            parameter="at_s",
            cure=f"from 0 to {found.duration_s:g}",
        )
    redactions.check(incident, wanted)
    tracks = redactions.tracks(server, incident)
    redactions.check_tracks(incident, wanted, tracks)
    key = (user.id, source, "redaction.previewed", incident.id)
    with server.recent.once(key) as is_new:
        if is_new:
            audit.record(
                server,
                user,
                Kind.EXPORT,
                "redaction.previewed",
                source=source,
                camera=incident.camera,
                area=incident.area,
                incident=incident.id,
            )
    if not _slots.acquire(timeout=PATIENCE_S):
        raise BusyError("Too many previews are being made: try again in a moment.")
    try:
        picture = picture_at(_file(server, found), at_s)
        return encode_jpeg(redacted_frame(picture, tracks, wanted, part, at_s), WIDTH_MAX)
    except UnplayableError as error:
        raise InputError(
            f"part {part}: {error}", parameter="at_s", cure="try another moment; the original may be damaged there"
        ) from error
    finally:
        _slots.release()


def _file(server: Server, part: ClipPart) -> io.BufferedReader:
    return io.BufferedReader(SeekableObject(server.store, part.key, part.size_bytes))
