"""Names and places of cameras and areas, as every page needs them: read once for all pages, and again now and then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from camsvc.db.queries import areas as area_rows
from camsvc.db.queries import directory as camera_rows
from camsvc.db.queries.areas import Area
from camsvc.db.queries.directory import CameraEntry
from camsvc.domain.account import Reach


@dataclass(frozen=True)
class Directory:
    cameras: Mapping[str, CameraEntry] = field(default_factory=dict)
    areas: Mapping[str, Area] = field(default_factory=dict)

    def camera_name(self, camera: str) -> str:
        """Its name; its id when it is not known (yet)."""
        entry = self.cameras.get(camera)
        return entry.name if entry else camera

    def area_name(self, path: str) -> str:
        area = self.areas.get(path)
        return area.name if area else path.rpartition("/")[2]

    def area_trail(self, path: str) -> str:
        """``Bắc Ninh › Yên Phong › Tam Giang``."""
        parts = path.split("/")
        return " › ".join(self.area_name("/".join(parts[: count + 1])) for count in range(len(parts)))

    def within(self, reach: Reach) -> Directory:
        """What is there for who is granted something in ``reach``: its cameras, its areas and what leads to them."""
        cameras = {id_: each for id_, each in self.cameras.items() if reach.covers(each.area)}
        counts = Counter(
            above for each in cameras.values() if not each.removed for above in [*area_rows.above(each.area), each.area]
        )
        areas = {path: replace(area, cameras=counts[path]) for path, area in self.areas.items() if reach.touches(path)}
        return Directory(cameras, areas)

    @property
    def wanted(self) -> Sequence[CameraEntry]:
        """Those that are not removed, by name."""
        return sorted(
            (each for each in self.cameras.values() if not each.removed), key=lambda each: each.name.casefold()
        )


def read(session: Session) -> Directory:
    return Directory(
        {each.id: each for each in camera_rows.cameras(session)},
        {each.path: each for each in area_rows.all_areas(session)},
    )
