"""Incidents with real clips in a real store, as a worker would have published them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy.orm import Session

from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import coverage, incidents, seals
from camsvc.domain.coverage import Coverage
from camsvc.domain.export_job import Snapshot, Span, Subjects
from camsvc.domain.geo import Location
from camsvc.domain.incident import (
    Clip,
    ClipPart,
    Gap,
    GapReason,
    Incident,
    IncidentObject,
    new_incident_id,
)
from camsvc.domain.seal import Seal, SealedFile, SealOf, file_statement, part_statement
from camsvc.domain.track import ObjectClass
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore
from tests.db.examples import camera, incident, owned
from tests.video import Film, draw, make_film

START = datetime(2026, 11, 5, 5, 0, 0, 250_000, tzinfo=UTC)
PLACE = Location(21.2417, 105.9556, 350.0, 70.0, 80.0)


@dataclass(frozen=True)
class Scene:
    """Two incidents: one of two parts with a gap between them, one in H.265 by another camera."""

    incidents: list[Incident]
    snapshot: Snapshot
    """From the first incident's camera."""
    worker: WorkersKey
    """Sealed the footage."""

    @property
    def subjects(self) -> Subjects:
        """All of it: the incidents, a span of the first camera in which something is missing, the snapshot."""
        span = Span("bridge-01", START - timedelta(seconds=30), START + timedelta(seconds=20))
        return Subjects(tuple(each.id for each in self.incidents), (span,), (self.snapshot,))

    @property
    def ids(self) -> list[str]:
        return [str(each.id) for each in self.incidents]


def settings_of(**changes: object) -> Settings:
    return Settings.model_validate({"evidence": {"organisation": "Công an tỉnh Bắc Ninh", **changes}})


def publish_scene(database: Database, cipher: Cipher, store: ObjectStore, folder: Path) -> Scene:
    north, south = camera("bridge-01", name="Cầu Như Nguyệt, hướng Bắc"), camera("market-02", name="Chợ Tam Giang")
    epochs = owned(database, cipher, north, south)
    film = make_film(folder / "a.mp4", Film(frames=100, audio="aac"))
    hevc = make_film(folder / "b.mp4", Film(frames=50, codec="hevc"))
    first, second = _incident("bridge-01", epochs, START), _incident("market-02", epochs, START + timedelta(hours=1))
    gap = Gap(START + timedelta(seconds=4), START + timedelta(seconds=6), GapReason.RECONNECT)
    parts = (
        _part(store, first, 0, film, START, "s-1"),
        _part(store, first, 1, film, START + timedelta(seconds=6), "s-2"),
    )
    first = _with_pictures(store, replace(first, clip=Clip(parts, (gap,))))
    second = replace(second, location=replace(PLACE, lat=21.2431, lon=105.9581, heading_deg=120.0))
    other = _part(store, second, 0, hevc, START + timedelta(hours=1), "s-9", "hevc")
    second = _with_pictures(store, replace(second, clip=Clip((other,))))
    with database.session() as session:
        coverage.record(session, "bridge-01", gap, Coverage.FOOTAGE)
        blind = Gap(START + timedelta(seconds=7), START + timedelta(seconds=8), GapReason.DETECTOR)
        coverage.record(session, "bridge-01", blind, Coverage.ANALYSIS)
        for each in (first, second):
            incidents.publish(session, each)
    made = Scene([first, second], put_snapshot(store), WorkersKey())
    with database.session() as session:
        made.worker.seal(session, store, *made.incidents)
    return made


class WorkersKey:
    """As a worker makes one, and what it does with it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key()
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.id, self.pem = hashlib.sha256(der).hexdigest(), pem.decode()

    def sign(self, statement: bytes) -> Seal:
        return Seal(self.id, self._key.sign(statement, ec.ECDSA(hashes.SHA256())))

    def seal(self, session: Session, store: ObjectStore, *given: Incident) -> None:
        """All parts and tracks of ``given``."""
        seals.register(session, self.id, "worker-1", self.pem)
        made = []
        for each in given:
            for part in each.clip.parts if each.clip else ():
                file = SealedFile(self.sign(part_statement(each, part)))
                made.append(seals.ToSeal(each.id, SealOf.CLIP, part.index, file))
            stat = store.stat(each.tracks or "")
            if stat is not None and stat.sha256 is not None:
                statement = file_statement(each, "tracks", stat.sha256, stat.size_bytes)
                file = SealedFile(self.sign(statement), stat.sha256, stat.size_bytes)
                made.append(seals.ToSeal(each.id, SealOf.TRACKS, None, file))
        seals.put(session, made)


def put_snapshot(store: ObjectStore) -> Snapshot:
    jpeg = cv2.imencode(".jpg", draw(11, 640, 360))[1].tobytes()
    sha256 = hashlib.sha256(jpeg).hexdigest()
    key = f"cases/7/snapshots/{sha256}.jpg"
    store.put_bytes(key, jpeg, "image/jpeg")
    at = START + timedelta(seconds=2)
    return Snapshot(
        3, key, sha256, "bridge-01", "bac-ninh/yen-phong/tam-giang", at, "tran.a", "Biển số bị che", clock_error_ms=40.0
    )


def publish_long(
    database: Database, store: ObjectStore, epochs: dict[str, int], *, parts: int, part_bytes: bytes
) -> Incident:
    """One incident whose clip has many parts of the same bytes; they are no film."""
    made = _incident("bridge-01", epochs, START)
    sha256 = hashlib.sha256(part_bytes).hexdigest()
    stored = []
    for index in range(parts):
        key = keys.clip_part(made.id, index)
        store.put_bytes(key, part_bytes, "video/mp4")
        begins = START + timedelta(minutes=5 * index)
        stored.append(
            ClipPart(index, key, "s-1", begins, begins + timedelta(minutes=5), 0, 300.0, len(part_bytes), sha256,
                     "h264", 1920, 1080, None, None, 12.5, None)
        )  # fmt: skip
    made = replace(made, clip=Clip(tuple(stored)))
    with database.session() as session:
        incidents.publish(session, made)
    return made


def _incident(camera_: str, epochs: dict[str, int], at: datetime) -> Incident:
    return incident(
        camera_,
        id=new_incident_id(at),
        started_at=at,
        last_observed_at=at + timedelta(seconds=9),
        ended_at=at + timedelta(seconds=9),
        epoch=epochs[camera_],
        location=PLACE,
        objects=(IncidentObject(1, ObjectClass.MOTORCYCLE, 0.87), IncidentObject(2, ObjectClass.PERSON, 0.71)),
    )


def _part(
    store: ObjectStore, of: Incident, index: int, film: Path, at: datetime, session: str, codec: str = "h264"
) -> ClipPart:
    data = film.read_bytes()
    key = keys.clip_part(of.id, index)
    seconds = 4.0 if codec == "h264" else 2.0
    return ClipPart(
        index=index,
        key=key,
        session=session,
        started_at=at,
        ended_at=at + timedelta(seconds=seconds),
        start_pts_90k=0,
        duration_s=seconds,
        size_bytes=len(data),
        sha256=store.put_bytes(key, data, "video/mp4"),
        codec=codec,
        width=320,
        height=192,
        audio="aac" if codec == "h264" else None,
        audio_note=None,
        clock_error_ms=12.5,
        camera_clock_offset_ms=-340.0,
    )


def _with_pictures(store: ObjectStore, of: Incident) -> Incident:
    jpeg = cv2.imencode(".jpg", draw(37, 480, 270))[1].tobytes()
    parts = of.clip.parts if of.clip else ()
    told = [{"index": part.index, "session": part.session, "start_pts_90k": 0} for part in parts]
    points = [[90_000 * second, 0.1 + 0.1 * second, 0.3, 0.2, 0.5, 0.9] for second in range(4)]
    track = {"track": 1, "session": parts[0].session, "class": "person", "points": points}
    document = {"version": 1, "incident": str(of.id), "parts": told, "tracks": [track]}
    tracks = json.dumps(document).encode()
    store.put_bytes(keys.thumbnail(of.id), jpeg, "image/jpeg")
    store.put_bytes(keys.tracks(of.id), tracks, "application/json")
    return replace(of, thumbnail=keys.thumbnail(of.id), tracks=keys.tracks(of.id))
