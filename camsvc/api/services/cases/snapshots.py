"""Pictures of a case: taken from a live camera or a clip, kept in the store with their sha256."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from PIL import Image

from camsvc.api.context import Server
from camsvc.api.services import audit, rights
from camsvc.api.services.audit import Particulars
from camsvc.api.services.cases.footage import access
from camsvc.api.services.cases.items import ItemView, told, views
from camsvc.api.services.cases.membership import reading, working
from camsvc.api.stored import StoredFile
from camsvc.db.queries import case_items, status
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.case import Item, ItemKind
from camsvc.domain.hold import MARGIN
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import time_json
from camsvc.errors import InputError, NotFoundError
from camsvc.storage import keys

BYTES_MAX = 8 * 1024 * 1024
"""Of one picture: a 4K frame as JPEG of good quality is three."""
SIDE_MAX = 8192
"""Pixels: no camera has more, and a small file that claims to be huge would take the memory."""
AHEAD_MAX = timedelta(minutes=2)
"""Of the browser's clock before ours."""
LIVE_FOR = timedelta(minutes=15)
"""What is taken from the live picture, or the ring behind it, is no older: its clock's error is the camera's of now."""


@dataclass(frozen=True, slots=True)
class Picture:
    jpeg: bytes
    camera: str
    at: datetime
    """When the frame was seen, UTC, as the player says."""
    incident: UUID | None = None
    """From whose clip it was taken; None: from the live picture."""
    comment: str = ""


def take(server: Server, user: User, case_id: int, picture: Picture, *, source: str | None = None) -> ItemView:
    """Into the case. Stored first, so that no row names what is not there.

    Raises InputError for what is no such picture; NotFoundError, ForbiddenError; ConflictError for a closed case;
    StoreUnavailableError.
    """
    with reading(server, user, case_id, source=source):
        pass  # who is not on the case is refused before anything is looked up or stored for them
    area, clock_error_ms, incident = _where(server, user, picture, source)
    _check(picture.jpeg)
    sha256 = hashlib.sha256(picture.jpeg).hexdigest()
    key = keys.snapshot(case_id, sha256)
    draft = case_items.draft(
        ItemKind.SNAPSHOT,
        picture.camera,
        area,
        picture.at,
        picture.at,
        text=picture.comment,
        incident=picture.incident,
        incident_started_at=incident.started_at if incident else None,
        snapshot=key,
        snapshot_sha256=sha256,
        snapshot_bytes=len(picture.jpeg),
        clock_error_ms=clock_error_ms,
    )
    server.store.put_bytes(key, picture.jpeg, "image/jpeg")
    with working(server, user, case_id, source=source) as work:
        made = case_items.add(work.session, case_id, [draft], work.by)
        for each in made:
            work.done("item.added", {"items": [each.id], "kinds": [each.kind.value]}, **told(each))
        same = made or [each for each in case_items.of_case(work.session, case_id) if _is_same(each, draft)]
        return views(work, same)[0]


def open_(server: Server, user: User, case_id: int, item: int, *, source: str | None = None) -> StoredFile:
    """The picture, as it is to be answered. Recorded once for each viewing. Also of one that was taken out.

    Raises NotFoundError, also for one outside of what ``user`` may play.
    """
    with reading(server, user, case_id, source=source) as work:
        found = case_items.get(work.session, case_id, item)
        is_open = access(work.session, user, Action.REPLAY).opens(found)
        number = work.case.number
    if found.snapshot is None or found.snapshot_sha256 is None or found.snapshot_bytes is None or not is_open:
        raise NotFoundError(f"there is no picture {item} in this case", parameter="item", cure="read the case's items")
    deed: Particulars = {**told(found), "source": source, "case_number": number}
    with server.recent.once((user.id, source, "snapshot.viewed", found.snapshot)) as is_new:
        if is_new:
            audit.record(server, user, Kind.CASE, "snapshot.viewed", **deed)
    moment = time_json(found.from_at).replace(":", "").replace("-", "")
    name = f"{found.camera}_{moment}.jpg"
    return StoredFile(found.snapshot, found.snapshot_bytes, found.snapshot_sha256, "image/jpeg", name)


def _where(
    server: Server, user: User, picture: Picture, source: str | None
) -> tuple[str, float | None, Incident | None]:
    """Area, bound of the error of its time, and the incident. Raises as ``rights.require``, InputError."""
    now = server.clock.now()
    if picture.at > now + AHEAD_MAX:
        raise InputError("at lies ahead of us", parameter="at", cure="give the time of the frame, UTC")
    if picture.incident is not None:
        incident = rights.require_incident(server, user, Action.REPLAY, picture.incident, source=source)
        _check_time(picture, incident)
        return incident.area, _clock_error_ms(picture, incident), incident
    action = Action.LIVE if now - picture.at <= LIVE_FOR else Action.REPLAY
    entry = rights.require(server, user, action, picture.camera, source=source)
    if action is Action.REPLAY:
        return entry.area, None, None
    with server.database.session() as session:
        said = status.statuses(session, [picture.camera]).get(picture.camera)
    return entry.area, said.clock_error_ms if said else None, None


def _check_time(picture: Picture, incident: Incident) -> None:
    if incident.camera != picture.camera or not incident.started_at - MARGIN <= picture.at <= incident.until + MARGIN:
        raise InputError(
            "the incident is of another camera or time than the picture", parameter="incident", cure="leave it out"
        )


def _clock_error_ms(picture: Picture, incident: Incident) -> float | None:
    """Of the part that it was taken from."""
    parts = incident.clip.parts if incident.clip else ()
    found = [each for each in parts if each.started_at <= picture.at <= each.ended_at]
    return found[0].clock_error_ms if found else None


def _check(jpeg: bytes) -> None:
    """All of it is decoded: what is cut short or something else is refused. Raises InputError."""
    if not jpeg or len(jpeg) > BYTES_MAX:
        raise InputError(f"{len(jpeg)} bytes", parameter="body", cure=f"send a JPEG of at most {BYTES_MAX} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
                if max(image.size) > SIDE_MAX:
                    raise InputError(f"larger than {SIDE_MAX} pixels", parameter="body", cure="send a smaller one")
                image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning) as error:
        raise InputError("this is no whole JPEG", parameter="body", cure="send image/jpeg") from error


def _is_same(item: Item, draft: Item) -> bool:
    return (item.kind, item.snapshot, item.from_at, item.incident) == (
        draft.kind,
        draft.snapshot,
        draft.from_at,
        draft.incident,
    )
