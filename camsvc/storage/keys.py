"""Names of objects in the store: one folder an incident, parted by the day of its id so that listings stay small."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

INCIDENTS = "incidents/"
CASES = "cases/"
"""Pictures of cases: one folder a case. Never given up."""
INCIDENT_DEPTH = 5
"""Year, month, day, id, file."""

EXPORTS = "exports/"
"""Evidence packages made for somebody: for some days, then they are deleted."""


def incident(incident: UUID) -> str:
    """``incidents/2026/11/22/<id>/``: everything of one incident. The day (UTC) is that of the id (UUIDv7)."""
    day = datetime.fromtimestamp((incident.int >> 80) / 1000, UTC)
    return f"{INCIDENTS}{day:%Y/%m/%d}/{incident}/"


def day(moment: datetime) -> str:
    """``incidents/2026/11/22/``: of the day of ``moment`` (UTC)."""
    return f"{INCIDENTS}{moment.astimezone(UTC):%Y/%m/%d}/"


def first_id_of(day_key: str) -> UUID:
    """What is before the id of each incident of that ``day`` or later. Raises ValueError."""
    moment = datetime.strptime(day_key, f"{INCIDENTS}%Y/%m/%d/").replace(tzinfo=UTC)
    return UUID(int=int(moment.timestamp() * 1000) << 80)


def clip_part(incident_id: UUID, index: int) -> str:
    """Part ``index`` (from 0) of the clip, as the camera sent it."""
    return f"{incident(incident_id)}clip-{index:04d}.mp4"


def thumbnail(incident_id: UUID) -> str:
    return f"{incident(incident_id)}thumbnail.jpg"


def tracks(incident_id: UUID) -> str:
    return f"{incident(incident_id)}tracks.json"


def rendition(part_key: str) -> str:
    """Of a part that browsers cannot play: the marked copy that they can."""
    return f"{part_key.removesuffix('.mp4')}.browser.mp4"


def is_rendition(key: str) -> bool:
    return key.endswith(".browser.mp4")


def incident_of(key: str) -> UUID | None:
    """The incident that ``key`` belongs to; None: it is no key of an incident's file."""
    folders = key.removeprefix(INCIDENTS).split("/")
    if not key.startswith(INCIDENTS) or len(folders) != INCIDENT_DEPTH:
        return None
    try:
        found = UUID(folders[3])
    except ValueError:
        return None
    return found if key.startswith(incident(found)) else None


def export(export_id: UUID) -> str:
    """``exports/<id>/``: all that was made for one export."""
    return f"{EXPORTS}{export_id}/"


def export_package(export_id: UUID, claim: UUID, *, encrypted: bool = False) -> str:
    """Of one attempt (``claim``): one that was given up for dead never writes over what another has made."""
    return f"{export(export_id)}{claim}.zip{'.enc' if encrypted else ''}"


def export_envelope(package_key: str) -> str:
    """The CMS file that opens an encrypted package, beside it."""
    return f"{package_key.removesuffix('.enc')}.cms"


def export_of(key: str) -> UUID | None:
    """The export that ``key`` belongs to; None: it is no key of a package."""
    folder, _, file = key.removeprefix(EXPORTS).partition("/")
    if not key.startswith(EXPORTS) or not file:
        return None
    try:
        return UUID(folder)
    except ValueError:
        return None


def snapshot(case_id: int, sha256: str) -> str:
    """A picture of a case, named by what it is."""
    return f"{CASES}{case_id}/snapshots/{sha256}.jpg"
