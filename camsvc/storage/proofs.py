"""Whether a record of a stored file is the one that its worker sealed; and the seal as the store keeps it.

The sha256 of a row vouches for the bytes, the worker's seal for the row: whoever changes both a file and its row has
not the worker's key. See docs/reference/evidence.md for what that proves, and what it does not.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.db.queries import seals
from camsvc.domain.incident import ClipPart, Incident
from camsvc.domain.seal import Seal, SealedFile, SealOf, WorkerKey, file_statement, part_statement
from camsvc.storage.seal_keys import is_signed

CLOCKS = timedelta(hours=24)
"""By how much a worker's clock may be ahead of or behind the database's before what they say of a key is believed."""
SIGNATURE, KEY, STATEMENT = "seal", "seal-key", "seal-statement"
"""Names of an object's metadata: base64, hexadecimal, base64."""


class Standing(StrEnum):
    SEALED = "sealed"
    """A worker's signature over just this record."""
    UNSEALED = "unsealed"
    """None is known: recorded before workers sealed, or by another program."""
    FORGED = "forged"
    """There is one and it does not fit; or there should be one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    standing: Standing
    detail: str = ""
    """Why, when forged; in English, for an administrator."""
    key: str | None = None
    sha256: str | None = None
    """Of tracks: when they were written, as was sealed. None: not known, or a part."""
    size_bytes: int | None = None


UNKNOWN = Verdict(Standing.UNSEALED)


class Book:
    """Seals of some incidents and the keys to check them by: read once, asked often."""

    def __init__(self, files: Mapping[seals.Place, SealedFile], keys: Iterable[WorkerKey]) -> None:
        self._files = files
        self._keys = {each.id: each for each in keys}
        self._since: dict[str, datetime] = {}
        for each in self._keys.values():
            self._since[each.worker] = min(each.registered_at, self._since.get(each.worker, each.registered_at))

    @classmethod
    def of(cls, session: Session, incidents: Sequence[Incident]) -> Book:
        files = seals.files_of(session, (each.id for each in incidents))
        ids = {file.seal.key for file in files.values()}
        return cls(files, seals.keys(session, ids, {each.worker for each in incidents}))

    def part(self, incident: Incident, part: ClipPart) -> Verdict:
        file = self.file(incident.id, SealOf.CLIP, part.index)
        return self._judge(incident, part.ended_at, file, part_statement(incident, part))

    def tracks(self, incident: Incident) -> Verdict:
        file = self.file(incident.id, SealOf.TRACKS)
        if file is None or file.sha256 is None or file.size_bytes is None:
            return self._judge(incident, incident.last_observed_at, file, b"")
        statement = file_statement(incident, SealOf.TRACKS.value, file.sha256, file.size_bytes)
        return self._judge(incident, incident.last_observed_at, file, statement)

    def file(self, incident: UUID, what: SealOf, part: int | None = None) -> SealedFile | None:
        """The seal itself, whether or not it fits. ``part`` None: of tracks."""
        return self._files.get((incident, what.value, part))

    def _judge(self, incident: Incident, ended_at: datetime, file: SealedFile | None, statement: bytes) -> Verdict:
        if file is None:
            since = self._since.get(incident.worker)
            if since is not None and incident.started_at > since + CLOCKS:
                return Verdict(
                    Standing.FORGED, f"it has no seal, although {incident.worker} sealed all that it recorded then"
                )
            return UNKNOWN
        key = self._keys.get(file.seal.key)
        if key is None:
            return Verdict(Standing.FORGED, f"it is sealed with a key that no worker registered: {file.seal.key}")
        if key.ended_at is not None and ended_at > key.ended_at + CLOCKS:
            return Verdict(Standing.FORGED, f"it is sealed with a key of {key.worker} that had been ended: {key.id}")
        if not is_signed(key.public_pem, key.id, statement, file.seal.signature):
            return Verdict(
                Standing.FORGED, f"its record is not the one that {key.worker} sealed: the signature does not fit"
            )
        return Verdict(Standing.SEALED, key=key.id, sha256=file.sha256, size_bytes=file.size_bytes)


def seal_metadata(seal: Seal, statement: bytes) -> dict[str, str]:
    """What goes with an object, so that the store alone tells what was sealed: half of the 2 KB that S3 takes."""
    return {
        SIGNATURE: base64.b64encode(seal.signature).decode("ascii"),
        KEY: seal.key,
        STATEMENT: base64.b64encode(statement).decode("ascii"),
    }
