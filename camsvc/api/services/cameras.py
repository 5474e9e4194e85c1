"""Desired cameras with their state, as others may see them: no answer holds a credential."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.errors import InvalidBodyError, PreconditionError
from camsvc.api.services import audit, rights
from camsvc.api.services.redaction import has_credentials, redacted, restored
from camsvc.api.services.text import refuse_unstorable
from camsvc.config import CameraConfig, StreamsConfig
from camsvc.db.queries import cameras as rows
from camsvc.db.queries import directory
from camsvc.db.queries import status as status_rows
from camsvc.db.queries.areas import all_areas
from camsvc.domain.account import Action, Reach, User
from camsvc.domain.audit import Kind
from camsvc.domain.camera import CameraState, CameraStatus
from camsvc.domain.incident_json import time_json
from camsvc.errors import ConflictError, InputError, NotFoundError

READ_ONLY = frozenset({"has_credentials", "status"})
"""Members of an answer that are not part of the wish. Accepted and ignored, so that what was got may be put back."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class CameraView:
    """``config`` holds credentials: give out ``camera_json`` of it, never itself."""

    config: CameraConfig
    status: CameraStatus


@dataclass(frozen=True, slots=True)
class CameraPage:
    items: tuple[CameraView, ...]
    next_cursor: str | None


def search(
    server: Server,
    user: User,
    *,
    areas: Collection[str] = (),
    states: Collection[CameraState] = (),
    cursor: str | None = None,
    limit: int | None = None,
) -> CameraPage:
    """Those over which ``user`` is granted anything, by id. ``cursor`` is the last id of the page before; each area
    includes all below it.

    Raises InputError for an area that never was: a misspelt name must not look like "no cameras". One that ``user``
    may not know of is refused in the same words.
    """
    reach = user.sees()
    with server.database.session() as session:
        _require_areas(session, areas, reach)
        found = status_rows.statuses(session)
        ids = [
            each
            for each, status in found.items()
            if (cursor is None or each > cursor) and (not states or status.state in states)
        ]
        if areas or not reach.is_everywhere:
            within = {
                each.id
                for each in directory.cameras(session)
                if reach.covers(each.area) and (not areas or _is_within(each.area, areas))
            }
            ids = [each for each in ids if each in within]
        page = sorted(ids)[:limit]
        # Only these are decrypted: with thousands of cameras that is what costs.
        views = [CameraView(config, found[config.id]) for config in rows.all_cameras(session, server.cipher, ids=page)]
    return CameraPage(tuple(views), page[-1] if len(page) < len(ids) else None)


def get(server: Server, user: User, camera: str, *, source: str | None = None) -> CameraView:
    """Raises NotFoundError, also for one that ``user`` may not know of."""
    rights.require(server, user, None, camera, source=source)
    return _view(server, camera)


def create(server: Server, user: User, body: Mapping[str, Any], *, source: str | None = None) -> CameraView:
    """Raises InputError, ForbiddenError; ConflictError when the id is or was another camera's."""
    rights.require_somewhere(server, user, Action.CONFIGURE, source=source)
    config = validated(body, None)
    rights.require_area(server, user, Action.CONFIGURE, config.area, source=source)
    with server.database.session() as session:
        if not rows.put(session, config, server.cipher):
            raise _taken(config.id)
        _record(session, user, "camera.added", config, source=source)
    _log.info("camera added", camera=config.id, user=user.name)
    return _view(server, config.id)


def replace(
    server: Server,
    user: User,
    camera: str,
    body: Mapping[str, Any],
    *,
    if_match: str | None,
    source: str | None = None,
) -> tuple[CameraView, bool]:
    """Add or replace; whether it is new. A URL as it was given out (with ``***``) keeps its stored credentials.

    Raises as ``create``. Ids are everybody's, so one that is taken where ``user`` sees nothing is said to be taken.
    """
    rights.require_somewhere(server, user, Action.CONFIGURE, source=source)
    with server.database.session() as session:
        stored = _locked(session, server, camera)
        visible = stored if stored is not None and user.sees().covers(stored.area) else None
        config = validated(_with_id(body, camera), visible)
        rights.require_area(server, user, Action.CONFIGURE, config.area, source=source)
        if stored is not None and visible is None:
            rights.refuse(server, user, Action.CONFIGURE, source=source, camera=camera, area=stored.area)
            raise _taken(camera)
        if visible is not None:
            rights.require_area(server, user, Action.CONFIGURE, visible.area, source=source)
        _require_version(stored, if_match)
        is_new = rows.put(session, config, server.cipher)
        _record(session, user, "camera.added" if is_new else "camera.changed", config, stored, source=source)
    _log.info("camera added" if is_new else "camera changed", camera=camera, user=user.name)
    return _view(server, camera), is_new


def change(
    server: Server,
    user: User,
    camera: str,
    patch: Mapping[str, Any],
    *,
    if_match: str | None,
    source: str | None = None,
) -> CameraView:
    """JSON Merge Patch (RFC 7396): members given replace, null removes, objects are merged.

    Raises NotFoundError; ForbiddenError where ``user`` may not configure where the camera is, or is to be; InputError.
    """
    rights.require_somewhere(server, user, Action.CONFIGURE, source=source)
    with server.database.session() as session:
        stored = _locked(session, server, camera)
        rights.require(server, user, Action.CONFIGURE, camera, source=source)
        assert stored is not None  # noqa: S101  require found it, and its row is locked
        _require_version(stored, if_match)
        merged = _merge(config_json(stored), {k: v for k, v in patch.items() if k not in READ_ONLY})
        config = validated(_with_id(merged, camera), stored)
        rights.require_area(server, user, Action.CONFIGURE, config.area, source=source)
        rows.put(session, config, server.cipher)
        _record(session, user, "camera.changed", config, stored, source=source)
    _log.info("camera changed", camera=camera, user=user.name)
    return _view(server, camera)


def remove(server: Server, user: User, camera: str, *, if_match: str | None, source: str | None = None) -> None:
    """No longer wanted. Its incidents stay, its credentials do not, its id is never reused.

    Raises NotFoundError, ForbiddenError.
    """
    rights.require_somewhere(server, user, Action.CONFIGURE, source=source)
    with server.database.session() as session:
        stored = _locked(session, server, camera)
        rights.require(server, user, Action.CONFIGURE, camera, source=source)
        assert stored is not None  # noqa: S101  require found it, and its row is locked
        _require_version(stored, if_match)
        rows.remove(session, camera)
        _record(session, user, "camera.removed", stored, source=source)
    _log.info("camera removed", camera=camera, user=user.name)


def camera_json(view: CameraView) -> dict[str, Any]:
    return config_json(view.config) | {
        "has_credentials": has_credentials(view.config.streams),
        "status": status_json(view.status),
    }


def config_json(config: CameraConfig) -> dict[str, Any]:
    """The same names as in the configuration file, credentials replaced by ``***``."""
    document = config.model_dump(mode="json")
    streams = document["streams"]
    for name in ("main", "sub"):
        if streams[name] is not None:
            streams[name] = redacted(streams[name])
    return document


def status_json(status: CameraStatus) -> dict[str, Any]:
    return {
        "state": status.state.value,
        "since": time_json(status.since),
        "detail": log.redact(status.detail) if status.detail else None,
        "worker": status.worker,
        "last_packet_at": time_json(status.last_packet_at) if status.last_packet_at else None,
        "codec": status.codec,
        "width": status.width,
        "height": status.height,
        "fps": status.fps,
        "bitrate_bps": status.bitrate_bps,
        "clock_error_ms": status.clock_error_ms,
        "camera_clock_offset_ms": status.camera_clock_offset_ms,
        "sessions": status.sessions,
        "analysed_fps": status.analysed_fps,
        "shed_frames": status.shed_frames,
    }


def version(config: CameraConfig) -> str:
    """A strong ETag of the wish. Credentials are left out: a hash of them could be guessed against."""
    text = json.dumps(config_json(config), sort_keys=True, ensure_ascii=False)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _view(server: Server, camera: str) -> CameraView:
    """Raises NotFoundError."""
    with server.database.session() as session:
        config = rows.get(session, camera, server.cipher)
        return CameraView(config, status_rows.statuses(session)[camera])


def _record(
    session: Session,
    user: User,
    what: str,
    config: CameraConfig,
    before: CameraConfig | None = None,
    *,
    source: str | None,
) -> None:
    """Which members changed, by name: what they were and are is not for the audit (streams hold credentials)."""
    details: dict[str, Any] = {}
    if before is not None:
        names = type(config).model_fields
        details["changed"] = [name for name in names if getattr(config, name) != getattr(before, name)]
        if before.area != config.area:
            details["moved_from"] = before.area
    audit.append(
        session, user, Kind.CONFIGURE, what, source=source, camera=config.id, area=config.area, details=details
    )


def _taken(camera: str) -> ConflictError:
    return ConflictError(
        f"there is a camera {camera!r} already",
        parameter="id",
        cure=f"choose another id, or replace it with PUT /api/v1/cameras/{camera}",
    )


def _require_areas(session: Session, areas: Collection[str], reach: Reach) -> None:
    known = {area.path for area in all_areas(session, reach)} if areas else set()
    for path in areas:
        if path not in known:
            raise InputError(
                f"there is no area {path!r}, and never was", parameter="area", cure="GET /api/v1/areas lists all"
            )


def _is_within(area: str, areas: Collection[str]) -> bool:
    return any(f"{area}/".startswith(f"{each}/") for each in areas)


def _locked(session: Session, server: Server, camera: str) -> CameraConfig | None:
    """As it is until the transaction ends; None: there is none, or it was removed."""
    try:
        return rows.get(session, camera, server.cipher, lock=True)
    except NotFoundError:
        return None


def _require_version(stored: CameraConfig | None, if_match: str | None) -> None:
    if if_match is None or (stored is not None and if_match.strip() == "*"):
        return
    if stored is None or version(stored) not in [tag.strip() for tag in if_match.split(",")]:
        raise PreconditionError(
            "The camera is not the version that If-Match names: somebody changed or removed it.",
            parameter="If-Match",
            cure="get the camera again, and repeat the change on what it is now",
        )


def _with_id(body: Mapping[str, Any], camera: str) -> dict[str, Any]:
    if body.get("id", camera) != camera:
        raise InputError(
            f"id: the body names another camera than the path, which says {camera!r}",
            parameter="id",
            cure="an id never changes: leave it out, or add a new camera",
        )
    return {**body, "id": camera}


def validated(body: Mapping[str, Any], stored: CameraConfig | None) -> CameraConfig:
    """The camera that ``body`` wishes for; ``***`` stands for the credentials of ``stored``. Raises InputError."""
    document = {name: value for name, value in body.items() if name not in READ_ONLY}
    refuse_unstorable(document)
    streams = document.get("streams")
    if isinstance(streams, Mapping):
        document["streams"] = _with_credentials(streams, stored.streams if stored else None)
    try:
        return CameraConfig.model_validate(document)
    except ValidationError as error:
        raise InvalidBodyError.of(error) from error


def _with_credentials(given: Mapping[str, Any], stored: StreamsConfig | None) -> dict[str, Any]:
    streams = dict(given)
    for name in ("main", "sub"):
        url = streams.get(name)
        if isinstance(url, str):
            streams[name] = restored(url, getattr(stored, name, None), f"streams.{name}")
    return streams


def _merge(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(target)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            inner = merged.get(name)
            merged[name] = _merge(inner if isinstance(inner, Mapping) else {}, value)
        else:
            merged[name] = value
    return merged
