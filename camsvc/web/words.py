"""What the pages say of incidents, cameras and searches, in one language and one time zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from camsvc.domain.annotation import Disposition
from camsvc.domain.camera import CameraState
from camsvc.domain.fault import FaultKind
from camsvc.domain.geo import Box, Point
from camsvc.domain.incident import Incident, IncidentObject, IncidentState
from camsvc.domain.search import IncidentFilter
from camsvc.web.directory import Directory
from camsvc.web.language import Language
from camsvc.web.moments import Wall

STATE_ICONS = {
    IncidentState.OPEN: "radio_button_checked",
    IncidentState.CLOSED: "check_circle",
    IncidentState.INTERRUPTED: "link_off",
}
FAULT_ICONS = {FaultKind.FORGED: "gpp_bad", FaultKind.ALTERED: "gpp_bad", FaultKind.MISSING: "unpublished"}
WORST_FIRST = (FaultKind.FORGED, FaultKind.ALTERED, FaultKind.MISSING)
"""What a single mark says of several faults."""
DISPOSITION_ICONS = {
    Disposition.NONE: "help_outline",
    Disposition.TRUE: "verified",
    Disposition.FALSE_ALARM: "block",
}
CAMERA_ICONS = {
    CameraState.LIVE: "videocam",
    CameraState.CONNECTING: "sync",
    CameraState.RETRYING: "sync_problem",
    CameraState.REFUSED: "lock",
    CameraState.UNASSIGNED: "person_off",
    CameraState.DISABLED: "videocam_off",
}
CLASS_ICONS = {
    "person": "directions_walk",
    "bicycle": "pedal_bike",
    "car": "directions_car",
    "motorcycle": "two_wheeler",
    "bus": "directions_bus",
    "truck": "local_shipping",
}
"""Names of the icon font that comes with NiceGUI."""


@dataclass(frozen=True)
class Words:
    language: Language
    wall: Wall

    def what(self, incident: Incident) -> str:
        """``Presence: 2 people, 1 car``."""
        kind = self.language.known("kind", incident.kind)
        seen = self.objects(incident.objects)
        return f"{kind}: {seen}" if seen else kind

    def objects(self, objects: Iterable[IncidentObject]) -> str:
        counts = Counter(each.object_class.value for each in objects)
        return ", ".join(self.language.count(f"objects.{name}", count) for name, count in counts.most_common())

    def lasting(self, incident: Incident) -> str:
        """How long it lasted; empty while it goes on: nobody knows yet."""
        if incident.ended_at is None:
            return ""
        return self.length((incident.ended_at - incident.started_at).total_seconds())

    def length(self, seconds: float) -> str:
        """``0:07``, ``12:31`` or ``3:02:11``."""
        whole = max(0, round(seconds))
        hours, minutes = divmod(whole // 60, 60)
        return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"

    def roughly(self, seconds: float) -> str:
        """``40 s``, ``12 min``, ``5 h``, ``3 d``: for how long something has been so."""
        for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
            if seconds >= 2 * size or (unit == "minute" and seconds >= size):
                return self.language(f"unit.{unit}", n=int(seconds // size))
        return self.language("unit.second", n=max(0, int(seconds)))

    def bytes(self, size: int) -> str:
        for unit, power in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if size >= power:
                return f"{self.language.number(size / power, 1)} {unit}"
        return f"{size} B"

    def milliseconds(self, value: float) -> str:
        if abs(value) >= 10_000:
            return f"{self.language.number(value / 1000, 1)} s"
        return f"{self.language.number(value)} ms"

    def span(self, from_: datetime, to: datetime) -> str:
        """``22 Nov 2026 14:03:07 – 14:03:19``: the date is not repeated."""
        second = self.wall.clock(to) if self.wall.date(from_) == self.wall.date(to) else self.wall.date_clock(to)
        return f"{self.wall.date_clock(from_)} – {second}"

    def near(self, point: Point, radius_m: float) -> str:
        return self.language("place.near", reach=self.reach(radius_m), point=f"{point.lat:.5f}, {point.lon:.5f}")

    def box(self, box: Box) -> str:
        corners = f"{box.south:.4f}, {box.west:.4f} – {box.north:.4f}, {box.east:.4f}"
        return self.language("place.box", corners=corners)

    def reach(self, metres: float) -> str:
        return f"{self.language.number(metres / 1000, 1)} km" if metres >= 1000 else f"{round(metres)} m"

    def route(self, points: int, radius_m: float) -> str:
        return self.language("place.route", reach=self.reach(radius_m), n=points)

    def polygon(self, points: int) -> str:
        return self.language("place.polygon", n=points)

    def place(self, wanted: IncidentFilter) -> str | None:
        """The picked area on the map; None where none was picked."""
        said = []
        if wanted.near and wanted.radius_m is not None:
            said.append(self.near(wanted.near, wanted.radius_m))
        if wanted.route and wanted.radius_m is not None:
            said.append(self.route(len(wanted.route), wanted.radius_m))
        if wanted.bbox:
            said.append(self.box(wanted.bbox))
        if wanted.polygon:
            said.append(self.polygon(len(wanted.polygon)))
        return "; ".join(said) or None

    def duration(self, wanted: IncidentFilter) -> str | None:
        """``10 s – 2 min``; None where any will do."""
        low, high = wanted.min_duration_s, wanted.max_duration_s
        if low is not None and high is not None:
            return self.language("searched.lasting", low=self.length(low), high=self.length(high))
        if low is not None:
            return self.language("searched.lasting_from", low=self.length(low))
        return self.language("searched.lasting_to", high=self.length(high)) if high is not None else None

    def time(self, wanted: IncidentFilter) -> str:
        say = self.language
        if wanted.from_ and wanted.to:
            return self.span(wanted.from_, wanted.to)
        if wanted.from_:
            return say("searched.since", time=self.wall.date_clock(wanted.from_))
        if wanted.to:
            return say("searched.until", time=self.wall.date_clock(wanted.to))
        return say("searched.any_time")

    def searched(self, wanted: IncidentFilter, directory: Directory) -> str:
        """One line that says what was asked, whole: an officer must see what the result is the result of."""
        say = self.language
        said = [self.time(wanted)]
        said += [directory.area_name(path) for path in wanted.areas]
        said += [directory.camera_name(camera) for camera in wanted.cameras]
        if place := self.place(wanted):
            said.append(place)
            said += [] if wanted.sees else [say("searched.stands")]
        for family, values in (
            ("kind", wanted.kinds),
            ("class", wanted.objects),
            ("colour", wanted.colours),
            ("searched.direction", wanted.directions),
            ("severity", wanted.severities),
            ("state", wanted.states),
            ("searched.disposition", wanted.dispositions),
        ):
            if values:
                said.append(say("searched.or").join(say.known(family, value) for value in values))
        if lasting := self.duration(wanted):
            said.append(lasting)
        if wanted.tags:
            said.append(say("searched.or").join(f"#{each}" for each in wanted.tags))
        if wanted.assignees:
            said.append(say("searched.or").join(f"@{each}" for each in wanted.assignees))
        if wanted.text:
            said.append(f"“{wanted.text}”")
        return " · ".join(said)
