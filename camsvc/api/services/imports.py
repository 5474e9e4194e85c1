"""Many cameras at once: what a file would change is said row by row; then all of it is done, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from camsvc import log
from camsvc.api.context import Server
from camsvc.api.errors import InvalidBodyError, PreconditionError, faults_of
from camsvc.api.services import audit, camera_sheet, cameras, rights
from camsvc.api.services.camera_diff import Change, change_json, changes
from camsvc.api.services.camera_sheet import Entry, Fault, Sheet, column_of
from camsvc.api.services.redaction import MASK, has_userinfo, restored, signed
from camsvc.api.services.text import refuse_unstorable
from camsvc.config import CameraConfig
from camsvc.db.cipher import Cipher
from camsvc.db.queries import cameras as rows
from camsvc.db.queries import directory
from camsvc.db.queries.areas import above, all_areas
from camsvc.domain.account import EVERYWHERE, Action, Reach, User
from camsvc.domain.audit import Kind
from camsvc.errors import InputError

_log = log.get(__name__)


class Outcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Row:
    entry: Entry
    outcome: Outcome
    changes: tuple[Change, ...] = ()
    """Without credentials."""
    faults: tuple[Fault, ...] = ()
    config: CameraConfig | None = field(default=None, repr=False)
    """What would be stored; None where refused."""


@dataclass(frozen=True, slots=True)
class Plan:
    rows: tuple[Row, ...]
    new_areas: tuple[str, ...]
    """Paths that would be made, or that rows are refused for, those above first."""
    digest: str
    """Of what is stored and what the file makes of it: the same again means that neither has changed."""

    @property
    def counts(self) -> Mapping[Outcome, int]:
        counted = Counter(row.outcome for row in self.rows)
        return {each: counted[each] for each in Outcome}

    @property
    def is_refused(self) -> bool:
        return any(row.outcome is Outcome.REFUSED for row in self.rows)


def dry_run(server: Server, user: User, sheet: Sheet, *, make_areas: bool, source: str | None = None) -> Plan:
    """What ``apply`` would do; nothing is stored. Raises ForbiddenError for who may configure nowhere."""
    configure = rights.require_somewhere(server, user, Action.CONFIGURE, source=source)
    with server.database.session() as session:
        return plan(session, server.cipher, sheet, configure=configure, sees=user.sees(), make_areas=make_areas)


def apply(
    server: Server,
    user: User,
    sheet: Sheet,
    *,
    make_areas: bool,
    expected: str | None = None,
    source: str | None = None,
) -> Plan:
    """All of the file in one transaction, recorded. ``expected``: the digest of the dry run that somebody agreed to.

    Raises ForbiddenError; InvalidBodyError naming rows and columns when any row is refused; PreconditionError when it
    would not do what the dry run said. Nothing is stored then.
    """
    configure = rights.require_somewhere(server, user, Action.CONFIGURE, source=source)
    with server.database.session() as session:
        found = plan(
            session, server.cipher, sheet, configure=configure, sees=user.sees(), make_areas=make_areas, lock=True
        )
        if found.is_refused:
            raise InvalidBodyError([_fault_json(row, fault) for row in found.rows for fault in row.faults])
        if expected is not None and expected.strip().strip('"') != found.digest:
            raise PreconditionError(
                "The cameras, or the file, are not what the dry run saw: nothing was stored.",
                parameter="If-Match",
                cure="run it dry again, and look at what it says now",
            )
        store(session, server.cipher, found)
        for row in found.rows:
            if row.config is not None and row.outcome is not Outcome.UNCHANGED:
                what = f"camera.{row.outcome.value}"
                details = {"import": found.digest[:12], "changed": [each.member for each in row.changes]}
                audit.append(
                    session,
                    user,
                    Kind.CONFIGURE,
                    what,
                    source=source,
                    camera=row.config.id,
                    area=row.config.area,
                    details=details,
                )
    _log.info("cameras imported", user=user.name, **{each.value: number for each, number in found.counts.items()})
    return found


def plan(
    session: Session,
    cipher: Cipher,
    sheet: Sheet,
    *,
    configure: Reach = EVERYWHERE,
    sees: Reach = EVERYWHERE,
    make_areas: bool = True,
    lock: bool = False,
) -> Plan:
    """What the file would do for who may configure in ``configure`` and knows of what is in ``sees``.

    ``lock``: nobody else changes the cameras until the transaction ends.
    """
    ids = {each.id for each in sheet.entries if each.id}
    stored = {each.id: each for each in rows.all_cameras(session, cipher, ids=ids, lock=lock)}
    removed = {each.id for each in directory.cameras(session) if each.removed and each.id in ids}
    known = {each.path for each in all_areas(session)}
    judge = _Judge(stored, removed, known, configure, sees, make_areas)
    seen: dict[str, str] = {}
    judged = []
    for entry in sheet.entries:
        first = seen.setdefault(entry.id, entry.where) if entry.id else entry.where
        judged.append(judge.row(entry, None if first == entry.where else first))
    return Plan(tuple(judged), tuple(sorted(judge.new_areas)), _digest(judged, stored))


def store(session: Session, cipher: Cipher, found: Plan) -> None:
    """What the plan says, in the transaction that it was made in. The audit is its caller's."""
    for row in found.rows:
        if row.config is not None and row.outcome is not Outcome.UNCHANGED:
            rows.put(session, row.config, cipher)


def export(server: Server, user: User, *, source: str | None = None) -> bytes:
    """Every camera that ``user`` may configure, as a spreadsheet that ``camera_sheet.read_csv`` reads. Recorded.

    Credentials are ``***``, which keeps those that are stored. Raises ForbiddenError.
    """
    reach = rights.require_somewhere(server, user, Action.CONFIGURE, source=source)
    with server.database.session() as session:
        found = [each for each in rows.all_cameras(session, server.cipher) if reach.covers(each.area)]
        content = camera_sheet.write_csv(camera_sheet.cells_of(cameras.config_json(each)) for each in found)
        audit.append(session, user, Kind.CONFIGURE, "cameras.exported", source=source, details={"cameras": len(found)})
    return content


def plan_json(found: Plan, *, applied: bool) -> dict[str, Any]:
    return {
        "applied": applied,
        "counts": {each.value: number for each, number in found.counts.items()},
        "new_areas": list(found.new_areas),
        "digest": found.digest,
        "rows": [_row_json(row) for row in found.rows],
    }


@dataclass(slots=True)
class _Judge:
    stored: Mapping[str, CameraConfig]
    removed: Collection[str]
    areas: Collection[str]
    configure: Reach
    sees: Reach
    make_areas: bool
    new_areas: set[str] = field(default_factory=set)

    def row(self, entry: Entry, twin: str | None) -> Row:
        """``twin``: where the same id stands before."""
        faults = list(entry.faults)
        before = self.stored.get(entry.id or "")
        if twin:
            faults.append(
                Fault(
                    "id", f"{entry.id!r} is there twice, first in {twin}: ids are never shared or reused", code="twice"
                )
            )
        elif taken := self._taken(entry.id, before):
            faults.append(taken)
        if any(fault.column == "id" for fault in faults):
            return Row(entry, Outcome.REFUSED, faults=tuple(faults))
        config, wrong = config_of(entry, before)
        faults += [each for each in wrong if each.column not in {fault.column for fault in faults}]
        if config is not None:
            faults += self._area(config.area)
        if config is None or faults:
            return Row(entry, Outcome.REFUSED, faults=tuple(faults))
        if config == before:
            return Row(entry, Outcome.UNCHANGED, config=config)
        outcome = Outcome.CHANGED if before else Outcome.ADDED
        return Row(entry, outcome, changes(before, config), config=config)

    def _taken(self, id_: str | None, before: CameraConfig | None) -> Fault | None:
        hidden = not self.sees.is_everywhere
        if before is not None and not self.sees.covers(before.area):
            return Fault("id", f"there is a camera {id_!r} already", "choose another id", "taken")
        if before is not None and not self.configure.covers(before.area):
            return Fault("id", "you may not change this camera", "ask who may configure where it stands", "forbidden")
        if id_ in self.removed:
            reason = "is taken" if hidden else "was a camera's that was removed, and is never reused"
            return Fault("id", f"the id {id_!r} {reason}", f"choose another id, for example {id_}-b", "taken")
        return None

    def _area(self, path: str) -> list[Fault]:
        if not self.configure.covers(path):
            return [Fault("area", "you may not configure cameras there", "choose an area that is yours", "forbidden")]
        missing = [each for each in [*above(path), path] if each not in self.areas]
        self.new_areas.update(missing)
        if missing and not self.make_areas:
            return [Fault("area", f"there is no area {path!r}", "mend its name, or allow new areas to be made", "area")]
        return []


def config_of(entry: Entry, before: CameraConfig | None) -> tuple[CameraConfig | None, list[Fault]]:
    """The camera as it would be stored, and what is wrong with it."""
    base = before.model_dump(mode="json") if before and not entry.is_whole else {}
    document = _merged(base, {name: value for name, value in entry.values.items() if name not in {"user", "password"}})
    location = document.get("location")
    if isinstance(location, dict) and location.get("lat") is None and location.get("lon") is None:
        document["location"] = None
    try:
        refuse_unstorable(document)
        if isinstance(document.get("streams"), dict):
            document["streams"] = _streams(entry, document["streams"], before)
        return CameraConfig.model_validate(document), []
    except InputError as error:
        return None, [Fault(column_of((error.parameter or "").split(".")), str(error), error.cure, _code(error))]
    except ValidationError as error:
        return None, [
            _fault(each, is_whole=entry.is_whole) for each in error.errors(include_input=False, include_url=False)
        ]


def _code(error: InputError) -> str:
    if error.parameter in {"user", "password"}:
        return "pair"
    return "masked" if MASK in str(error) else "credentials" if "credentials" in str(error) else "format"


def _fault(error: Mapping[str, Any], *, is_whole: bool) -> Fault:
    [told] = faults_of([error])
    path = [part for part in error["loc"] if part != "__root__"]
    column = ".".join(map(str, path)) if is_whole else column_of(path)
    code = "missing" if error["type"] == "missing" else "format"
    if error["type"] == "extra_forbidden":
        return Fault(column, "unknown key; see configs/camsvc.yaml for all keys", code="unknown")
    return Fault(column or None, told["detail"].removeprefix(f"{told['parameter']}: "), code=code)


def _streams(entry: Entry, given: Mapping[str, Any], before: CameraConfig | None) -> dict[str, Any]:
    """With what is behind ``***``, and with the columns ``user`` and ``password``. Raises InputError, without a URL."""
    streams = dict(given)
    user, password = entry.values.get("user"), entry.values.get("password")
    if (user is None) != (password is None):
        name = "password" if password is None else "user"
        raise InputError("user and password go together", parameter=name, cure=f"give {name} as well")
    written = entry.values.get("streams") if isinstance(entry.values.get("streams"), Mapping) else {}
    for name in ("main", "sub"):
        url = streams.get(name)
        if not isinstance(url, str):
            continue
        if user is not None:
            if has_userinfo(url) and name in (written or {}) and f"://{MASK}@" not in url:
                raise InputError(
                    "the URL has credentials already",
                    parameter=f"streams.{name}",
                    cure="leave them out of it, or user and password",
                )
            streams[name] = signed(url, str(user), str(password))
        elif MASK in url:
            stored = getattr(before.streams, name) if before else None
            streams[name] = restored(url, stored, f"streams.{name}")
    return streams


def _merged(target: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Objects member by member; None takes away."""
    merged = dict(target)
    for name, value in given.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            inner = merged.get(name)
            merged[name] = _merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            merged[name] = value
    return merged


def _digest(judged: Sequence[Row], stored: Mapping[str, CameraConfig]) -> str:
    """Credentials are left out: a hash of them could be guessed against."""
    versions = [stored.get(row.entry.id or "") for row in judged]
    told = [
        [_row_json(row), version and cameras.version(version)] for row, version in zip(judged, versions, strict=True)
    ]
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "row": row.entry.row,
        "id": row.entry.id,
        "name": row.config.name if row.config else None,
        "outcome": row.outcome.value,
        "changes": [change_json(each) for each in row.changes],
        "faults": [
            {"column": each.column, "code": each.code, "detail": each.detail, "cure": each.cure} for each in row.faults
        ],
    }


def _fault_json(row: Row, fault: Fault) -> dict[str, str]:
    where = f"{row.entry.where}, {fault.column}" if fault.column else row.entry.where
    told = {"parameter": where, "detail": f"{where}: {fault.detail}"}
    return told | ({"cure": fault.cure} if fault.cure else {})
