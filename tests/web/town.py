"""A small town for tests of the pages: areas, cameras, incidents with real clips, boxes and thumbnails."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

from camsvc.config import AreaConfig, CameraConfig
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import areas, coverage, incidents, status
from camsvc.domain.camera import CameraState, CameraStatus, Severity
from camsvc.domain.geo import Location
from camsvc.domain.incident import (
    Clip,
    ClipPart,
    Gap,
    GapReason,
    Incident,
    IncidentObject,
    IncidentState,
    new_incident_id,
)
from camsvc.domain.track import ObjectClass
from camsvc.media.decode import Decoder
from camsvc.media.file import FileSource
from camsvc.media.packets import CLOCK_HZ, Kind, Packet
from camsvc.media.remux import write_mp4
from camsvc.media.thumbnail import encode_jpeg
from camsvc.storage import keys
from camsvc.storage.objects import ObjectStore
from tests.db import examples

SECRET = "hidden-secret"
"""In every camera's stream URL: must never reach a page."""
AREAS = {
    "bac-ninh": "Bắc Ninh",
    "bac-ninh/yen-phong": "Yên Phong",
    "bac-ninh/yen-phong/cho": "Thị trấn Chờ",
    "bac-ninh/yen-phong/tam-giang": "Tam Giang",
    "bac-ninh/tu-son": "Từ Sơn",
    "bac-ninh/tu-son/dong-ngan": "Đông Ngàn",
}
CAMERAS: Sequence[tuple[str, str, str, tuple[float, float, float]]] = (
    ("nhu-nguyet-01", "Cầu Như Nguyệt, hướng Bắc", "bac-ninh/yen-phong/tam-giang", (21.2463, 105.9568, 10)),
    ("tam-giang-02", "Ngã ba Tam Giang", "bac-ninh/yen-phong/tam-giang", (21.2401, 105.9475, 85)),
    ("cho-01", "Chợ Chờ, cổng chính", "bac-ninh/yen-phong/cho", (21.2419, 105.9615, 140)),
    ("cho-02", "Ngã tư thị trấn Chờ", "bac-ninh/yen-phong/cho", (21.2406, 105.9568, 45)),
    ("cho-03", "Trường THPT Yên Phong", "bac-ninh/yen-phong/cho", (21.2366, 105.9526, 300)),
    ("tu-son-01", "Cổng làng, lối vào", "bac-ninh/tu-son/dong-ngan", (21.2369, 105.9642, 270)),
    ("tu-son-02", "Bến xe khách, nhà chờ", "bac-ninh/tu-son/dong-ngan", (21.2356, 105.9564, 350)),
    ("tu-son-03", "Vòng xuyến Đông Ngàn", "bac-ninh/tu-son/dong-ngan", (21.24375, 105.9527, 200)),
)


def camera(id_: str, name: str, area: str, place: tuple[float, float, float] | None, **changes: object) -> CameraConfig:
    location = (
        {"lat": place[0], "lon": place[1], "heading_deg": place[2], "fov_deg": 60, "range_m": 90} if place else None
    )
    values: dict[str, Any] = {
        "id": id_,
        "name": name,
        "area": area,
        "location": location,
        "streams": {"main": f"rtsp://viewer:{SECRET}@192.0.2.7:554/{id_}/{SECRET}"},
    }
    return CameraConfig.model_validate({**values, **changes})


def settle(database: Database, cipher: Cipher) -> dict[str, int]:
    """Areas and cameras, all leased to the example worker: epochs by camera."""
    with database.session() as session:
        for path, name in AREAS.items():
            areas.put(session, AreaConfig(path=path, name=name))
    return examples.owned(database, cipher, *(camera(*each) for each in CAMERAS))


def report(
    database: Database,
    at: datetime,
    states: Mapping[str, tuple[CameraState, str | None]] | None = None,
    since: Mapping[str, datetime] | None = None,
) -> None:
    """What the worker says of the cameras now; those not named are live."""
    told = []
    for number, (id_, *_) in enumerate(CAMERAS):
        state, detail = (states or {}).get(id_, (CameraState.LIVE, None))
        live = state is CameraState.LIVE
        began = (since or {}).get(id_, at - timedelta(minutes=7 + 53 * number))
        told.append(
            CameraStatus(
                camera=id_,
                state=state,
                since=began,
                worker=examples.WORKER,
                detail=detail,
                last_packet_at=at if live else began,
                codec="hevc" if number == 3 else "h264",
                width=1920,
                height=1080,
                fps=25.0,
                bitrate_bps=4_100_000,
                clock_error_ms=12.0 if live else None,
                camera_clock_offset_ms=-340.0 if live else None,
                sessions=1 + number % 3,
                analysed_fps=5.0 if live else None,
            )
        )
    with database.session() as session:
        status.report(session, examples.WORKER, told)


def gap(
    database: Database, camera: str, at: datetime, seconds: float, reason: GapReason, what: str = "footage"
) -> None:
    with database.session() as session:
        coverage.record(session, camera, Gap(at, at + timedelta(seconds=seconds), reason), what)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Box:
    """One sighting: seconds of the film, and fractions of the picture."""

    track: int
    kind: ObjectClass
    at_s: float
    left: float
    top: float
    width: float
    height: float


def truth(footage: Path, name: str, width: int, height: int, fps: float) -> list[Box]:
    """Ground truth of a MOT clip, every fifth frame, as an analysis at 5 frames/s would see it."""
    boxes = []
    for line in (footage / "gt" / f"{name}.txt").read_text().splitlines():
        frame, track, left, top, wide, high, *_ = (float(each) for each in line.split(","))
        if (frame - 1) % 5 == 0:
            boxes.append(
                Box(
                    int(track),
                    ObjectClass.PERSON,
                    (frame - 1) / fps,
                    left / width,
                    top / height,
                    wide / width,
                    high / height,
                )
            )
    return boxes


@dataclass
class Recorder:
    """Puts incidents with footage into store and database, as a worker and its publisher would."""

    database: Database
    store: ObjectStore
    epochs: Mapping[str, int]
    folder: Path

    def record(
        self,
        camera_: str,
        film: Path,
        started_at: datetime,
        boxes: Iterable[Box] = (),
        *,
        cuts_s: Sequence[tuple[float, float]] = ((0, 8),),
        thumbnail_s: float | None = None,
        **changes: object,
    ) -> Incident:
        """``cuts_s``: one part for each (from, to) of the film; time between them is a gap."""
        boxes = list(boxes)
        id_ = new_incident_id(started_at)
        source_start = started_at - timedelta(seconds=cuts_s[0][0] + 1)
        parts: list[ClipPart] = []
        tracks: dict[tuple[str, int], dict[str, Any]] = {}
        for index, (from_s, to_s) in enumerate(cuts_s):
            part = self._part(id_, index, film, source_start, from_s, to_s)
            parts.append(part)
            self._place(tracks, part, boxes, index)
        jpeg = picture(film, boxes[len(boxes) // 2].at_s if boxes and thumbnail_s is None else thumbnail_s or 1.0)
        self.store.put_bytes(keys.thumbnail(id_), jpeg, "image/jpeg")
        placed = [{"index": each.index, "session": each.session, "start_pts_90k": each.start_pts_90k} for each in parts]
        document = {"version": 1, "parts": placed, "tracks": list(tracks.values())}
        self.store.put_bytes(keys.tracks(id_), json.dumps(document).encode(), "application/json")
        gaps = tuple(
            Gap(a.ended_at, b.started_at, GapReason.RECONNECT)
            for a, b in pairwise(parts)
            if b.started_at - a.ended_at > timedelta(seconds=0.5)
        )
        ended_at = changes.pop("ended_at", parts[-1].ended_at - timedelta(seconds=1))
        seen = {box.track: box.kind for box in boxes}
        incident = self.incident(
            camera_,
            started_at,
            id=id_,
            ended_at=ended_at,
            last_observed_at=ended_at or parts[-1].ended_at,
            objects=tuple(IncidentObject(track, kind, 0.71 + track % 20 / 100) for track, kind in seen.items())
            or (IncidentObject(1, ObjectClass.CAR, 0.83),),
            clip=Clip(tuple(parts), gaps),
            thumbnail=keys.thumbnail(id_),
            tracks=keys.tracks(id_),
        )
        return self.publish(replace(incident, **dict[str, Any](changes)))

    def incident(self, camera_: str, started_at: datetime, **changes: object) -> Incident:
        area, place = next((area, place) for id_, _, area, place in CAMERAS if id_ == camera_)
        ended_at = started_at + timedelta(seconds=9)
        values: dict[str, Any] = {
            "id": new_incident_id(started_at),
            "camera": camera_,
            "area": area,
            "location": Location(place[0], place[1], place[2]),
            "kind": "presence",
            "severity": Severity.INFO,
            "state": IncidentState.CLOSED,
            "started_at": started_at,
            "last_observed_at": ended_at,
            "ended_at": ended_at,
            "zone": None,
            "objects": (IncidentObject(1, ObjectClass.PERSON, 0.8),),
            "revision": 1,
            "epoch": self.epochs[camera_],
            "worker": examples.WORKER,
            "model": "yolo11n-c130b90b",
        }
        return Incident(**{**values, **changes})

    def publish(self, incident: Incident) -> Incident:
        with self.database.session() as session:
            incidents.publish(session, incident)
        return incident

    def _part(self, id_: UUID, index: int, film: Path, start: datetime, from_s: float, to_s: float) -> ClipPart:
        with FileSource(film, start=start) as source:
            packets = list(source.packets())
            first = max(p.pts_90k for p in packets if p.is_key and p.pts_90k <= from_s * CLOCK_HZ + 1)
            chosen = [p for p in packets if first <= p.pts_90k < to_s * CLOCK_HZ]
            path = self.folder / f"{id_}-{index}.mp4"
            written = write_mp4(path, source.parameters, chosen)
        key = keys.clip_part(id_, index)
        self.store.put_file(key, path, "video/mp4", written.sha256)
        return ClipPart(
            index=index,
            key=key,
            session=f"{source.session}-{index}",
            started_at=written.started_at,
            ended_at=written.ended_at,
            start_pts_90k=written.start_pts_90k,
            duration_s=written.duration_s,
            size_bytes=written.size_bytes,
            sha256=written.sha256,
            codec=written.codec,
            width=written.width,
            height=written.height,
            audio=written.audio,
            audio_note=written.audio_note,
            clock_error_ms=12.0,
            camera_clock_offset_ms=-340.0,
        )

    @staticmethod
    def _place(tracks: dict[tuple[str, int], dict[str, Any]], part: ClipPart, boxes: Iterable[Box], index: int) -> None:
        end = part.start_pts_90k + round(part.duration_s * CLOCK_HZ)
        for box in boxes:
            pts = round(box.at_s * CLOCK_HZ)
            if not part.start_pts_90k <= pts < end:
                continue
            path = tracks.setdefault(
                (part.session, box.track),
                {"track": box.track, "session": part.session, "class": box.kind.value, "points": []},
            )
            path["points"].append([pts, *(round(v, 5) for v in (box.left, box.top, box.width, box.height)), 0.9])


def picture(film: Path, at_s: float) -> bytes:
    """A thumbnail of ``film`` at that second."""
    with FileSource(film, start=datetime(2026, 1, 1, tzinfo=UTC)) as source:
        decoder = Decoder(source.parameters.video)
        frame = None
        for packet in _video(source.packets()):
            for decoded in decoder.decode(packet):
                frame = decoded
            if frame and frame.pts_90k >= at_s * CLOCK_HZ:
                break
    assert frame is not None, f"{film} has no picture at {at_s} s"
    return encode_jpeg(frame.bgr(), 480)


def _video(packets: Iterable[Packet]) -> Iterable[Packet]:
    return (packet for packet in packets if packet.kind is Kind.VIDEO)
