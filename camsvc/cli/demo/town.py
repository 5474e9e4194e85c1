"""The town of the demo: a made-up place on the Cầu river, and where its cameras stand."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

LAT, LON, ZOOM = 21.2417, 105.9556, 15
AREAS = (
    ("bac-ninh", "Tỉnh Bắc Ninh"),
    ("bac-ninh/yen-phong", "Huyện Yên Phong"),
    ("bac-ninh/yen-phong/tam-giang", "Xã Tam Giang"),
    ("bac-ninh/yen-phong/cho", "Thị trấn Chờ"),
)
_TAM_GIANG, _CHO = AREAS[2][0], AREAS[3][0]
# id, name, area, latitude, longitude, heading
_PLACES = (
    ("cau-nhu-nguyet-01", "Cầu Như Nguyệt, hướng Bắc", _CHO, 21.24630, 105.95680, 10),
    ("uy-ban-01", "Trụ sở Ủy ban, cổng chính", _TAM_GIANG, 21.24375, 105.95270, 200),
    ("duong-286-01", "Đường tỉnh 286, km 12", _TAM_GIANG, 21.24010, 105.94750, 85),
    ("quoc-lo-18-01", "Quốc lộ 18, lối vào thị trấn", _CHO, 21.23560, 105.95640, 350),
    ("cho-trung-tam-01", "Chợ trung tâm", _CHO, 21.24190, 105.96150, 140),
    ("nga-tu-buu-dien-01", "Ngã tư Bưu điện", _CHO, 21.24060, 105.95680, 45),
    ("truong-hoc-01", "Trường học Lý Thường Kiệt", _TAM_GIANG, 21.23660, 105.95260, 300),
    ("ben-xe-01", "Bến xe khách", _CHO, 21.23690, 105.96420, 270),
)


def boundaries() -> Path:
    """GeoJSON of communes, river and roads, drawn by hand."""
    return Path(str(files(__package__) / "town.geojson"))


def cameras(urls: Sequence[str]) -> list[dict[str, Any]]:
    """One camera of the configuration for each URL; more URLs than places stand at the same places again."""
    placed = []
    for index, url in enumerate(urls):
        name, title, area, lat, lon, heading = _PLACES[index % len(_PLACES)]
        again = index // len(_PLACES)
        placed.append(
            {
                "id": f"{name[:-1]}{again + 1}",
                "name": title if not again else f"{title} ({again + 1})",
                "area": area,
                "location": {
                    "lat": lat,
                    "lon": lon + again * 0.0002,
                    "heading_deg": heading,
                    "fov_deg": 70,
                    "range_m": 80,
                },
                "streams": {"main": url},
            }
        )
    return placed
