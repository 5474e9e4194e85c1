"""Incidents as a province has them: rush hours, quiet nights and Sundays, much of little, little of much.

Made a month at a time, in order of time, as rows for COPY; and one at a time, as a worker publishes them. The same seed
gives the same month.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar
from uuid import UUID

import numpy as np
import numpy.typing as npt

from camsvc.cli.bench.search.province import Camera, Character
from camsvc.db.incident_rows import to_values
from camsvc.domain.camera import Severity
from camsvc.domain.geo import Location
from camsvc.domain.incident import (
    Clip,
    ClipPart,
    Incident,
    IncidentObject,
    IncidentState,
    new_incident_id,
)
from camsvc.domain.track import ObjectClass
from camsvc.storage import keys

LOCAL_HOURS = 7
"""Rush hours are by the clock on the wall: UTC+7."""
HOURS = (2, 1, 1, 1, 2, 6, 14, 22, 16, 11, 10, 12, 12, 9, 9, 10, 14, 24, 20, 12, 9, 7, 5, 3)
SUNDAY_HOURS = (3, 2, 1, 1, 1, 3, 6, 8, 10, 12, 13, 13, 12, 10, 10, 11, 13, 15, 15, 13, 11, 8, 6, 4)
SUNDAY = 0.6
"""As much as on a weekday."""
NIGHT = frozenset({20, 21, 22, 23, 0, 1, 2, 3, 4, 5})
"""Infrared pictures have no colours."""

KINDS: dict[Character, dict[str, float]] = {
    Character.ROAD: {"stopped_vehicle": 0.35, "line_crossing": 0.38, "presence": 0.265, "wrong_way": 0.005},
    Character.GATE: {"presence": 0.72, "intrusion": 0.23, "loitering": 0.05},
    Character.SQUARE: {"presence": 0.70, "loitering": 0.20, "crowd": 0.099, "fight": 0.001},
}
SEVERITIES = {
    "wrong_way": Severity.ALARM,
    "fight": Severity.ALARM,
    "intrusion": Severity.NOTICE,
    "crowd": Severity.NOTICE,
}
"""The others are told as info."""
CLASSES: dict[Character, dict[ObjectClass, float]] = {
    Character.ROAD: {
        ObjectClass.MOTORCYCLE: 0.50,
        ObjectClass.CAR: 0.35,
        ObjectClass.TRUCK: 0.10,
        ObjectClass.BICYCLE: 0.046,
        ObjectClass.BUS: 0.004,
    },
    Character.GATE: {ObjectClass.PERSON: 0.80, ObjectClass.MOTORCYCLE: 0.15, ObjectClass.CAR: 0.05},
    Character.SQUARE: {ObjectClass.PERSON: 0.95, ObjectClass.BICYCLE: 0.05},
}
COLOURS = {
    "white": 0.27,
    "black": 0.22,
    "grey": 0.17,
    "red": 0.13,
    "blue": 0.11,
    "silver": 0.06,
    "yellow": 0.02,
    "green": 0.0165,
    "orange": 0.003,
    "purple": 0.0005,
}
POOL = 20_000
"""Different sets of objects of each character, by day and by night; fewer for few incidents."""
POOL_MIN = 500
LASTS = ((0.968, 2, 90), (0.026, 1_000, 14_000), (0.0053, 15_000, 250_000), (0.00065, 260_000, 3_800_000))
"""Share, and seconds from … to, logarithmically even. The rest lasts for months, or was left open by a dead worker."""
OPEN_WITHIN = timedelta(hours=6)
"""Of the end of the year, when one in a hundred is open still."""
COLUMNS = (
    "id, viewpoint_id, kind, severity, state, started_at, last_observed_at, ended_at, zone, objects, classes, colours,"
    " winds, clip, thumbnail, tracks, model, worker, epoch, revision, change_seq, published_at"
)
_MODEL = "yolo11n-c130b90b"
_US = np.timedelta64(1, "us")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Seen:
    """A set of objects, as its columns are written for COPY."""

    objects: str
    classes: str
    colours: str
    winds: str


class Year:
    """``total`` incidents of ``cameras`` in the year before ``end``."""

    def __init__(self, cameras: Sequence[Camera], total: int, end: datetime, worker: str) -> None:
        self._cameras = cameras
        self._worker = worker
        self._end = end
        self._pool_size = max(POOL_MIN, min(POOL, total // 20))
        self._pool = {
            (character, night): [_as_text(each) for each in _objects(character, night, seed, self._pool_size)]
            for seed, (character, night) in enumerate((c, n) for c in Character for n in (False, True))
        }
        days = [end - timedelta(days=back) for back in range(365, 0, -1)]
        weights = np.array([SUNDAY if _local(day).weekday() == 6 else 1.0 for day in days])
        counts = np.random.default_rng(1).multinomial(total, weights / weights.sum())
        self._days = list(zip(days, counts.tolist(), strict=True))
        self._clip = _clip_text()

    def rows(self, viewpoints: Sequence[int], first_seq: int) -> Iterator[tuple[datetime, bytes]]:
        """Lines for COPY with the month that they belong to, some thousand at a time; ``viewpoints`` of the cameras."""
        seq = first_seq
        for number, (day, count) in enumerate(self._days):
            started = self._starts(day, count, np.random.default_rng((11, number)))
            months = started.astype("datetime64[M]")
            for month in np.unique(months):
                part = started[months == month]
                chosen = np.random.default_rng((13, number, int(month.astype(int))))
                text = "".join(self._lines(part, viewpoints, seq, chosen)).encode()
                seq += len(part)
                yield datetime.fromisoformat(f"{month}-01T00:00:00+00:00"), text

    def _starts(self, day: datetime, count: int, rng: np.random.Generator) -> npt.NDArray[np.datetime64]:
        hours = np.array(SUNDAY_HOURS if _local(day).weekday() == 6 else HOURS, dtype=float)
        local = rng.choice(24, count, p=hours / hours.sum())
        # ``day`` is one day back from the end, at its time of day; the hours are of the calendar day it begins in.
        begin = np.datetime64(_local(day).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None), "us")
        begin -= np.timedelta64(LOCAL_HOURS, "h")
        started = begin + local * np.timedelta64(3600, "s") + rng.integers(0, 3_600_000_000, count) * _US
        end = np.datetime64(self._end.astimezone(UTC).replace(tzinfo=None), "us")
        started = np.where(started > end, started - np.timedelta64(1, "D"), started)
        return np.sort(started)

    def _lines(
        self, started: npt.NDArray[np.datetime64], viewpoints: Sequence[int], seq: int, rng: np.random.Generator
    ) -> Iterator[str]:
        count = len(started)
        weights = np.array([camera.weight for camera in self._cameras])
        where = rng.choice(len(self._cameras), count, p=weights / weights.sum()).tolist()
        night = np.isin((started.astype("datetime64[h]").astype(int) + LOCAL_HOURS) % 24, list(NIGHT)).tolist()
        lasts = _durations(count, rng)
        states = np.where(rng.random(count) < 0.004, "interrupted", "closed")
        end = np.datetime64(self._end.astimezone(UTC).replace(tzinfo=None), "us")
        is_open = ((end - started < np.timedelta64(OPEN_WITHIN)) & (rng.random(count) < 0.01)) | (lasts == 0)
        states = np.where(is_open, "open", states).tolist()
        ended = started + np.where(lasts == 0, 60_000_000, lasts) * _US
        texts = [np.datetime_as_string(each, unit="us").tolist() for each in (started, ended)]
        ids = _ids(started, rng)
        picks, kinds = rng.integers(0, self._pool_size, count).tolist(), rng.random(count).tolist()
        digests = rng.bytes(8 * count).hex()
        for at in range(count):
            camera = self._cameras[where[at]]
            kind = _pick(KINDS[camera.character], kinds[at])
            seen = self._pool[camera.character, night[at]][picks[at]]
            state, id_ = states[at], ids[at]
            start, over = f"{texts[0][at]}Z", f"{texts[1][at]}Z"
            day = f"{start[:4]}/{start[5:7]}/{start[8:10]}/{id_}"
            clip = self._clip
            if state == "open":
                clip, ended_at = "\\N", "\\N"
            else:
                clip = clip.replace("@KEY@", day).replace("@START@", start).replace("@END@", over)
                clip = clip.replace("@SHA@", digests[16 * at : 16 * at + 16] * 4)
                ended_at = over
            yield "\t".join(
                (
                    *(id_, str(viewpoints[where[at]]), kind, SEVERITIES.get(kind, Severity.INFO).value, state),
                    *(start, over, ended_at, "\\N", seen.objects, seen.classes, seen.colours, seen.winds, clip),
                    *(f"incidents/{day}/thumbnail.jpg", f"incidents/{day}/tracks.json", _MODEL, self._worker),
                    *("1", "3", str(seq + at), over + "\n"),
                )
            )


def fresh(cameras: Sequence[Camera], worker: str, now: datetime, rng: np.random.Generator) -> Iterator[Incident]:
    """What a worker publishes without end, from ``now`` on: each incident as it is once its clip is stored."""
    pools = {character: list(_objects(character, night=False, seed=99, size=POOL_MIN)) for character in Character}
    weights = np.array([camera.weight for camera in cameras])
    while True:
        for where in rng.choice(len(cameras), 1000, p=weights / weights.sum()).tolist():
            camera = cameras[where]
            now += timedelta(milliseconds=1)
            kind = _pick(KINDS[camera.character], float(rng.random()))
            yield _incident(camera, kind, now, pools[camera.character][int(rng.integers(0, POOL_MIN))], worker)


def _incident(
    camera: Camera, kind: str, started: datetime, objects: tuple[IncidentObject, ...], worker: str
) -> Incident:
    id_ = new_incident_id(started)
    ended = started + timedelta(seconds=9)
    part = ClipPart(
        index=0,
        key=keys.clip_part(id_, 0),
        session="3f6d2c41b7a04e0f",
        started_at=started - timedelta(seconds=5),
        ended_at=ended + timedelta(seconds=5),
        start_pts_90k=8_123_456_789,
        duration_s=19.04,
        size_bytes=4_811_203,
        sha256="5a" * 32,
        codec="h264",
        width=1920,
        height=1080,
        audio=None,
        audio_note=None,
        clock_error_ms=3.25,
        camera_clock_offset_ms=-41.5,
    )
    return Incident(
        id=id_,
        camera=camera.id,
        area=camera.area,
        location=camera.location,
        kind=kind,
        severity=SEVERITIES.get(kind, Severity.INFO),
        state=IncidentState.CLOSED,
        started_at=started,
        last_observed_at=ended,
        ended_at=ended,
        zone=None,
        objects=objects,
        revision=3,
        epoch=1,
        worker=worker,
        model=_MODEL,
        clip=Clip((part,)),
        thumbnail=keys.thumbnail(id_),
        tracks=keys.tracks(id_),
    )


def _objects(character: Character, night: bool, seed: int, size: int) -> Iterator[tuple[IncidentObject, ...]]:
    rng = np.random.default_rng((17, seed))
    classes, colours = CLASSES[character], COLOURS
    for number in range(size):
        several = 1 + int(rng.random() < 0.2) + int(rng.random() < 0.06)
        yield tuple(
            IncidentObject(
                track=number * 3 + each + 1,
                object_class=ObjectClass(_pick(classes, float(rng.random()))),
                confidence=round(float(rng.uniform(0.4, 0.97)), 3),
                colour=None if night or rng.random() < 0.1 else _pick(colours, float(rng.random())),
                direction_deg=round(float(rng.uniform(0, 360)), 1) if character is Character.ROAD else None,
                speed_kmh=round(float(rng.gamma(9, 4)), 1) if character is Character.ROAD else None,
                speed_error_kmh=3.5 if character is Character.ROAD else None,
            )
            for each in range(several)
        )


def _pick(shares: dict[_T, float], chance: float) -> _T:
    """``chance``: 0…1."""
    left = chance * sum(shares.values())
    for each, share in shares.items():
        left -= share
        if left < 0:
            return each
    return next(iter(shares))


def _durations(count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """In microseconds; 0: it was left open."""
    shares = np.array([share for share, _, _ in LASTS])
    kind = np.searchsorted(np.cumsum(shares), rng.random(count))
    low = np.array([*(low for _, low, _ in LASTS), 3_900_000])[kind]
    high = np.array([*(high for _, _, high in LASTS), 9_000_000])[kind]
    lasts: npt.NDArray[np.int64] = (low * (high / low) ** rng.random(count) * 1e6).astype(np.int64)
    lasts[(kind == len(LASTS)) & (rng.random(count) < 0.5)] = 0
    return lasts


def _ids(started: npt.NDArray[np.datetime64], rng: np.random.Generator) -> list[str]:
    """UUIDv7."""
    ms = started.astype("datetime64[ms]").astype(np.int64)
    low = rng.bytes(10 * len(ms)).hex()
    found = []
    for at, moment in enumerate(ms.tolist()):
        chance = low[20 * at : 20 * at + 19]
        found.append(str(UUID(f"{moment:012x}7{chance[:3]}{8 + int(chance[3], 16) % 4:x}{chance[4:]}")))
    return found


def _as_text(objects: tuple[IncidentObject, ...]) -> _Seen:
    camera = Camera("c", "a", Location(0.0, 0.0), Character.ROAD, 1.0)
    values = to_values(_incident(camera, "presence", datetime(2026, 1, 1, tzinfo=UTC), objects, "w"))
    return _Seen(
        json.dumps(values["objects"], separators=(",", ":")),
        "{" + ",".join(values["classes"]) + "}",
        "{" + ",".join(values["colours"]) + "}",
        "{" + ",".join(values["winds"]) + "}",
    )


def _clip_text() -> str:
    """The clip's document with marks where incidents differ."""
    camera = Camera("c", "a", Location(0.0, 0.0), Character.ROAD, 1.0)
    made = _incident(camera, "presence", datetime(2026, 1, 1, tzinfo=UTC), (), "w")
    assert made.clip is not None  # noqa: S101  made with one
    values = to_values(made)["clip"]
    values["parts"][0] |= {"key": "incidents/@KEY@/clip-0000.mp4", "sha256": "@SHA@"}
    values["parts"][0] |= {"started_at": "@START@", "ended_at": "@END@"}
    return json.dumps(values, separators=(",", ":"))


def _local(moment: datetime) -> datetime:
    return moment.astimezone(timezone(timedelta(hours=LOCAL_HOURS)))
