"""What is hidden in copies of an incident's clip: who may decide it, that it fits the clip, and what is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.services import audit, rights
from camsvc.api.services.text import refuse_unstorable
from camsvc.db.queries import case_items, cases
from camsvc.db.queries import redactions as rows
from camsvc.db.queries.holds import By
from camsvc.domain.account import Action, User
from camsvc.domain.audit import Kind
from camsvc.domain.incident import Incident
from camsvc.domain.incident_json import time_json
from camsvc.domain.redaction import (
    BOXES_MAX,
    COMMENT_MAX,
    KEYS_MAX,
    REGIONS_MAX,
    SIDE_MIN,
    TRACKS_MAX,
    Box,
    Redaction,
    Region,
    TrackRef,
)
from camsvc.domain.redaction_json import choices_json
from camsvc.errors import ConflictError, InputError, StoreUnavailableError

_EDGE = 1e-6
"""By which a box may reach over the edge: fractions are sums of rounded numbers."""
CHANGED = "redaction.changed"
LATE_S = 0.5
"""By which a time may lie behind a part's end: a player's last picture is rounded up."""


def get(
    server: Server, user: User, incident: UUID, *, revision: int | None = None, source: str | None = None
) -> Redaction:
    """What holds, or held at ``revision``. Raises NotFoundError, ForbiddenError."""
    rights.require_incident(server, user, Action.EXPORT, incident, source=source)
    with server.database.session() as session:
        return rows.get(session, incident) if revision is None else rows.revision(session, incident, revision)


def history(
    server: Server,
    user: User,
    incident: UUID,
    *,
    before: int | None = None,
    limit: int = rows.HISTORY_PAGE,
    source: str | None = None,
) -> list[Redaction]:
    """The newest first. Errors as ``get``."""
    rights.require_incident(server, user, Action.EXPORT, incident, source=source)
    with server.database.session() as session:
        return rows.history(session, incident, before=before, limit=limit)


def put(server: Server, user: User, wanted: Redaction, *, source: str | None = None) -> Redaction:
    """Decide ``wanted``, made from its ``revision``; recorded. What holds then, which is what held before when nothing
    of it differs. Blocks for one read of the tracks' file where tracks are named.

    Raises NotFoundError, ForbiddenError; InputError naming the member that does not fit the clip; ConflictError when
    somebody else changed it meanwhile, or the footage is gone; StoreUnavailableError.
    """
    incident = rights.require_incident(server, user, Action.EXPORT, wanted.incident, source=source)
    refuse_unstorable(wanted.comment, "comment")
    wanted = replace(wanted, comment=wanted.comment.strip())
    check(incident, wanted)
    if wanted.kept | wanted.added:
        check_tracks(incident, wanted, tracks(server, incident))
    with server.database.session() as session:
        before = rows.get(session, incident.id)
        if before.revision == wanted.revision and before.revision and _same(before, wanted):
            return before
        made = rows.put(session, wanted, By(user.id, user.name))
        _record(session, user, incident, made, source)
    return made


def check(incident: Incident, wanted: Redaction) -> None:
    """Whether ``wanted`` can be meant for ``incident``, but for its tracks. Raises as ``put``."""
    if incident.footage_expired_at is not None:
        raise ConflictError(
            f"the footage of incident {incident.id} expired at {time_json(incident.footage_expired_at)}: no copy of it"
            " can be made any more",
            parameter="id",
        )
    _check_sizes(wanted)
    for number, region in enumerate(wanted.regions):
        _check_region(incident, region, f"regions.{number}")


def check_tracks(incident: Incident, wanted: Redaction, told: dict[str, Any] | None) -> None:
    """That each is in ``told``, the incident's tracks: a slip in ``added`` would leave somebody to be seen whom a
    person believes hidden. Raises InputError."""
    known = set(refs(told))
    for parameter, among in (("kept", wanted.kept), ("added", wanted.added)):
        if unknown := among - known:
            raise InputError(
                f"{parameter}: {_name(min(unknown, key=repr))} is not among the tracks of incident {incident.id}",
                parameter=parameter,
                cure=f"GET /api/v1/incidents/{incident.id}/tracks has them: session, track, analysis_session",
            )


def _check_sizes(wanted: Redaction) -> None:
    bounds = (
        ("comment", len(wanted.comment), COMMENT_MAX, "characters"),
        ("regions", len(wanted.regions), REGIONS_MAX, "regions"),
        ("regions", sum(len(each.boxes) for each in wanted.regions), BOXES_MAX, "boxes in all"),
        ("kept", len(wanted.kept) + len(wanted.added), TRACKS_MAX, "tracks kept and added"),
    )
    for parameter, size, most, what in bounds:
        if size > most:
            raise InputError(f"{parameter}: {size} {what}, and at most {most} can be", parameter=parameter)
    if both := wanted.kept & wanted.added:
        raise InputError(
            f"kept: {_name(min(both, key=repr))} is in added as well",
            parameter="kept",
            cure="a track is hidden or seen: leave it out of one",
        )


def _check_region(incident: Incident, region: Region, where: str) -> None:
    parts = {each.index: each for each in incident.clip.parts} if incident.clip else {}
    if region.part not in parts:
        numbers = ", ".join(map(str, parts)) or "none yet"
        raise InputError(
            f"{where}.part: the clip has no part {region.part}", parameter=f"{where}.part", cure=f"its parts: {numbers}"
        )
    if not 1 <= len(region.boxes) <= KEYS_MAX:
        raise InputError(f"{where}.boxes: from 1 to {KEYS_MAX}", parameter=f"{where}.boxes")
    ends_s = parts[region.part].duration_s + LATE_S
    last_s = -1.0
    for number, box in enumerate(region.boxes):
        _check_box(box, f"{where}.boxes.{number}")
        if not last_s < box.at_s <= ends_s:
            raise InputError(
                f"{where}.boxes.{number}.at_s: {box.at_s:g} s"
                + (f" is not after {last_s:g} s" if box.at_s <= last_s else f" is after the part's end, {ends_s:g} s"),
                parameter=f"{where}.boxes.{number}.at_s",
                cure="times rise within the part",
            )
        last_s = box.at_s


def _check_box(box: Box, where: str) -> None:
    for name, start, side in (("width", box.left, box.width), ("height", box.top, box.height)):
        # Written so that what is not a number is refused as well.
        if not (start >= 0 and side >= SIDE_MIN and start + side <= 1 + _EDGE):
            raise InputError(
                f"{where}.{name}: the box is not within the picture, or too small",
                parameter=f"{where}.{name}",
                cure=f"fractions of the picture: sides from {SIDE_MIN:g}, and all between 0 and 1",
            )


def tracks(server: Server, incident: Incident) -> dict[str, Any] | None:
    """The parsed tracks.json; None where the incident has none. Raises StoreUnavailableError."""
    if incident.tracks is None:
        return None
    with server.store.open(incident.tracks) as chunks:
        data = b"".join(chunks)
    try:
        told = json.loads(data)
    except ValueError as error:
        raise StoreUnavailableError(f"the tracks of incident {incident.id} cannot be read") from error
    return told if isinstance(told, dict) else None


def refs(told: dict[str, Any] | None) -> Iterable[TrackRef]:
    """What tracks a parsed tracks.json has."""
    for each in (told or {}).get("tracks", ()):
        yield TrackRef(each["session"], each["track"], each.get("analysis_session"))


def _name(ref: TrackRef) -> str:
    analysed = f" (analysed as {ref.analysis_session[:60]!r})" if ref.analysis_session else ""
    return f"track {ref.track} of session {ref.session[:60]!r}{analysed}"


def _same(one: Redaction, other: Redaction) -> bool:
    return choices_json(one) == choices_json(other) and other.comment in {"", one.comment}


def _record(session: Session, user: User, incident: Incident, made: Redaction, source: str | None) -> None:
    """In the chain, and in the history of each case that the incident is on."""
    on_it = case_items.cases_of(session, incident.id)
    for case_id in on_it:
        cases.record(session, case_id, By(user.id, user.name), CHANGED, {"revision": made.revision})
    numbers = list(on_it.values())
    # What the session is for goes before: of several cases only the person knows for which.
    said = user.reason.case_number or (numbers[0] if len(numbers) == 1 else None)
    details = _told(made) | ({"cases": numbers} if numbers else {})
    audit.append(
        session,
        user,
        Kind.EXPORT,
        CHANGED,
        source=source,
        camera=incident.camera,
        area=incident.area,
        incident=incident.id,
        case_number=said,
        details=details,
    )


def _told(made: Redaction) -> dict[str, object]:
    """For the audit: the row itself is kept, and never changes."""
    return {
        "revision": made.revision,
        "blur": made.blur.value,
        "kept": len(made.kept),
        "added": len(made.added),
        "regions": len(made.regions),
        "sound": made.sound,
        "comment": made.comment,
    }
