"""Incidents that a worker sealed, and what somebody does to them who should not."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from camsvc.db.database import Database
from camsvc.db.queries import incidents, seals
from camsvc.db.queries.seals import ToSeal
from camsvc.domain.incident import Clip, Incident
from camsvc.domain.seal import SealedFile, SealOf, file_statement, part_statement
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore
from camsvc.worker.sealing import Sealer
from tests.db.examples import clip

JPEG = b"\xff\xd8jpeg\xff\xd9"


@dataclass(frozen=True)
class Notary:
    """Publishes as a worker does: files, row and seals."""

    sealer: Sealer
    database: Database
    store: ObjectStore

    @classmethod
    def of(cls, folder: Path, database: Database, store: ObjectStore, worker: str) -> Notary:
        sealer = Sealer.of(folder, worker)
        with database.session() as session:
            seals.register(session, sealer.key, worker, sealer.public_pem)
        return cls(sealer, database, store)

    def publish(self, incident: Incident, content: bytes, *, parts: int = 1) -> Incident:
        made = [self._part(incident, index, content + bytes(index)) for index in range(parts)]
        tracks = json.dumps({"incident": str(incident.id)}).encode()
        self.store.put_bytes(keys.thumbnail(incident.id), JPEG, "image/jpeg")
        self.store.put_bytes(keys.tracks(incident.id), tracks, "application/json")
        whole = replace(
            incident,
            clip=Clip(tuple(made)),
            thumbnail=keys.thumbnail(incident.id),
            tracks=keys.tracks(incident.id),
            worker=self.sealer.worker,
        )
        with self.database.session() as session:
            assert incidents.publish(session, whole)
            seals.put(session, self._seals(whole, tracks))
        return whole

    def _part(self, incident: Incident, index: int, data: bytes) -> Any:  # noqa: ANN401  a part
        key = keys.clip_part(incident.id, index)
        sha256 = self.store.put_bytes(key, data, "video/mp4")
        example = clip().parts[0]
        return replace(example, key=key, index=index, sha256=sha256, size_bytes=len(data), codec="h264")

    def _seals(self, incident: Incident, tracks: bytes) -> list[ToSeal]:
        assert incident.clip is not None
        sha256 = hashlib.sha256(tracks).hexdigest()
        statement = file_statement(incident, "tracks", sha256, len(tracks))
        of_tracks = SealedFile(self.sealer.seal(statement), sha256, len(tracks))
        of_parts = [
            ToSeal(incident.id, SealOf.CLIP, part.index, SealedFile(self.sealer.seal(part_statement(incident, part))))
            for part in incident.clip.parts
        ]
        return [*of_parts, ToSeal(incident.id, SealOf.TRACKS, None, of_tracks)]


def overwrite(store: ObjectStore, key: str, data: bytes) -> None:
    """As somebody with the store's credentials could: the object says that it is what it was."""
    stat = store.stat(key)
    assert stat is not None
    assert stat.sha256 is not None
    store.client.put_object(
        bucket_name=store.bucket,
        object_name=key,
        data=io.BytesIO(data),
        length=len(data),
        metadata={"sha256": stat.sha256},
    )


def rewrite_row(session: Session, incident: UUID, **members: object) -> None:
    """As somebody with the database could: of the first part of the clip."""
    for name, value in members.items():
        session.execute(
            text("UPDATE incidents SET clip = jsonb_set(clip, ARRAY['parts', '0', :name], :value) WHERE id = :id"),
            {"name": name, "value": json.dumps(value), "id": incident},
        )


def tamper(how: str, notary: Notary, victim: Incident, other: Incident) -> None:
    """Do one of TAMPERED to the first part of ``victim``'s clip; ``other`` is another incident of the same worker."""
    assert victim.clip is not None
    assert other.clip is not None
    key = victim.clip.parts[0].key
    store = notary.store
    with store.open(key) as chunks:
        data = b"".join(chunks)
    forged = bytes([data[0] ^ 1]) + data[1:]
    record = {"sha256": hashlib.sha256(forged).hexdigest()}
    match how:
        case "altered":
            overwrite(store, key, forged)
        case "cut":
            overwrite(store, key, data[: len(data) // 2])
        case "missing":
            store.delete(key)
        case "swapped":
            with store.open(other.clip.parts[0].key) as chunks:
                overwrite(store, key, b"".join(chunks))
        case "row" | "both" | "seal taken away":
            if how != "row":
                overwrite(store, key, forged)
            with notary.database.session() as session:
                rewrite_row(session, victim.id, **record)
        case "swapped with its row and seal":
            theirs = other.clip.parts[0]
            with store.open(theirs.key) as chunks:
                overwrite(store, key, b"".join(chunks))
            with notary.database.session() as session:
                rewrite_row(session, victim.id, sha256=theirs.sha256, size_bytes=theirs.size_bytes)
                session.execute(text("DELETE FROM seals WHERE incident = :id AND what = 'clip'"), {"id": victim.id})
                session.execute(
                    text(
                        "INSERT INTO seals (incident, what, part, key, signature)"
                        " SELECT :id, what, part, key, signature FROM seals WHERE incident = :theirs AND what = 'clip'"
                    ),
                    {"id": victim.id, "theirs": other.id},
                )
        case "time":
            with notary.database.session() as session:
                rewrite_row(session, victim.id, started_at="2026-11-05T04:00:00+00:00")
        case _:
            raise AssertionError(how)
    if how == "seal taken away":
        with notary.database.session() as session:
            session.execute(text("DELETE FROM seals WHERE incident = :id"), {"id": victim.id})
            session.execute(text("ALTER TABLE worker_keys DISABLE TRIGGER USER"))
            session.execute(text("UPDATE worker_keys SET registered_at = registered_at - interval '9 years'"))
            session.execute(text("ALTER TABLE worker_keys ENABLE TRIGGER USER"))


TAMPERED = {
    "altered": "altered",
    "cut": "altered",
    "missing": "missing",
    "swapped": "altered",
    "row": "forged",
    "both": "forged",
    "time": "forged",
    "swapped with its row and seal": "forged",
    "seal taken away": "forged",
}
"""What is done, and what it is called."""
