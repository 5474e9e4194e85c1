"""Asking for an export: what may be asked for, what it would hold, whether there is room for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.services import audit, cases, rights
from camsvc.api.services.exports import history, standing
from camsvc.api.services.holds import words
from camsvc.api.services.retention import disk_of
from camsvc.db.queries import exports as rows
from camsvc.db.queries.exports import Draft, Used
from camsvc.domain.account import Action, Reach, User
from camsvc.domain.audit import Kind
from camsvc.domain.case import Access
from camsvc.domain.export_job import Contents, Export, Subjects
from camsvc.domain.export_json import contents_json, subjects_json
from camsvc.domain.hold import CASE_MAX, REASON_MAX
from camsvc.errors import ConflictError, InputError, NotFoundError
from camsvc.evidence import previewing
from camsvc.evidence.identity import parse_certificates
from camsvc.evidence.means import USUAL, Means
from camsvc.evidence.previewing import Preview
from camsvc.evidence.recipient import require_current, require_usable
from camsvc.evidence.words import LANGUAGES

RECIPIENT_MAX_BYTES = 64 * 1024
"""A certificate with its issuers takes some kilobytes."""
GIB = 1024**3
NOTHING: Final = Subjects()


class QuotaKind(StrEnum):
    """Which bound an export would go beyond."""

    WAITING = "waiting"
    ACCOUNT = "account"
    TOTAL = "total"
    DISK = "disk"


class QuotaError(ConflictError):
    """There is no room for an export."""

    def __init__(self, kind: QuotaKind, message: str, cure: str) -> None:
        super().__init__(message, cure=cure)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants: ``subjects``, or those of a case."""

    reason: str
    subjects: Subjects = NOTHING
    case_id: int | None = None
    """Then ``subjects`` is left empty, and the case says its number."""
    items: Sequence[int] | None = None
    """Of the case; None: all that may be exported."""
    case_number: str | None = None
    """Of a case that is kept elsewhere. None: what the session is for."""
    contents: Contents = USUAL
    recipient_pem: str | None = None
    """Certificate of the only one who is to open it; None: not encrypted."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Bytes. What is stored, and what is expected of exports that are to come."""

    used: Used
    account_max_bytes: int
    total_max_bytes: int
    waiting_max: int
    free_bytes: int | None
    """On the store's disk, that exports may take; None: the store lies elsewhere."""
    keep: timedelta

    @property
    def left_bytes(self) -> int:
        """What one more export may be expected to take."""
        left = [
            self.account_max_bytes - self.used.account_bytes,
            self.total_max_bytes - self.used.total_bytes,
            *([] if self.free_bytes is None else [self.free_bytes]),
        ]
        return max(0, min(left))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an order would come to."""

    preview: Preview
    quota: Quota
    refusal: QuotaError | None
    """Why it would be refused, with numbers; None: it would not."""
    rate_bytes_s: float | None
    """Of footage, as exports here went lately; None: there were none."""

    @property
    def expected_s(self) -> float | None:
        """How long it takes once it is begun; None: nobody can say."""
        return self.preview.footage_bytes / self.rate_bytes_s if self.rate_bytes_s else None


@dataclass(frozen=True, slots=True)
class _Checked:
    order: Order
    subjects: Subjects
    case_number: str | None
    case_title: str | None
    access: Access
    reach: Reach
    encrypted_for: str | None


def start(server: Server, user: User, order: Order, *, source: str | None = None) -> Export:
    """In the queue when this returns; recorded.

    Raises InputError, NotFoundError, ForbiddenError (recorded), QuotaError when there is no room for it.
    """
    order = replace(order, reason=words(order.reason, "reason", REASON_MAX))
    checked = _checked(server, user, order, source)
    expected = _preview(server, user, checked, source)
    free_bytes = _free_bytes(server)
    with server.database.session() as session:
        room = _quota(server, session, user, free_bytes, lock=True)
        if refusal := _refusal(room, expected.package_bytes):
            raise refusal
        made = rows.add(
            session,
            Draft(
                checked.subjects,
                order.contents,
                order.reason,
                user.id,
                user.name,
                checked.reach.areas,
                expected.package_bytes,
                source,
                order.case_id,
                checked.case_number,
                checked.case_title,
                order.recipient_pem,
                checked.encrypted_for,
            ),
        )
        details = {
            "export": str(made.id),
            **subjects_json(checked.subjects),
            "contents": contents_json(order.contents),
            "encrypted_for": checked.encrypted_for,
            "estimated_bytes": expected.package_bytes,
        }
        history.record(session, user, made, "export.asked", reason=order.reason, encrypted_for=checked.encrypted_for)
        audit.append(
            session,
            user,
            Kind.EXPORT,
            "export.asked",
            source=source,
            purpose=order.reason,
            case_number=checked.case_number,
            details=details,
        )
    return made


def preview(server: Server, user: User, order: Order, *, source: str | None = None) -> Foreseen:
    """Without a reason, and before anything is done; not recorded. Raises as ``start``, but for QuotaError."""
    checked = _checked(server, user, order, source)
    expected = _preview(server, user, checked, source)
    free_bytes = _free_bytes(server)
    with server.database.session() as session:
        room = _quota(server, session, user, free_bytes)
        rate = rows.rate(session)
    return Foreseen(expected, room, _refusal(room, expected.package_bytes), rate)


def quota(server: Server, user: User) -> Quota:
    free_bytes = _free_bytes(server)
    with server.database.session() as session:
        return _quota(server, session, user, free_bytes)


def means_of(server: Server) -> Means:
    return Means(server.database, server.store, server.cipher, server.settings, server.clock)


def _checked(server: Server, user: User, order: Order, source: str | None) -> _Checked:
    if user.reach(Action.EXPORT).is_nowhere:
        _require_each(server, user, order.subjects, source)  # what they may not know of is not forbidden, but none
    reach = rights.require_somewhere(server, user, Action.EXPORT, source=source)
    _check_contents(order.contents)
    encrypted_for = _recipient(server, order.recipient_pem) if order.recipient_pem is not None else None
    if order.case_id is not None:
        subjects, number, title = _of_case(server, user, order, order.case_id, source)
    else:
        subjects, number, title = _elsewhere(user, order)
    if subjects == NOTHING:
        raise InputError("nothing is asked for", parameter="incidents", cure="name incidents, spans or a case")
    with server.database.session() as session:
        access = standing.access(session, user)
    return _Checked(order, subjects, number, title, access, reach, encrypted_for)


def _of_case(
    server: Server, user: User, order: Order, case_id: int, source: str | None
) -> tuple[Subjects, str | None, str | None]:
    if order.subjects != NOTHING or order.case_number is not None:
        raise InputError(
            "a case and other subjects at once",
            parameter="case_id",
            cure="give the case alone, with items to narrow it; or add the others to it first",
        )
    found = cases.chosen(server, user, case_id, order.items, source=source)
    return found.subjects, found.case.number, found.case.title


def _elsewhere(user: User, order: Order) -> tuple[Subjects, str | None, str | None]:
    """Of no case here, though perhaps of one that is kept elsewhere."""
    said = order.case_number
    number = words(said, "case_number", CASE_MAX) if said is not None else user.reason.case_number
    return order.subjects, number, None


def _check_contents(contents: Contents) -> None:
    if not contents.languages or not set(contents.languages) <= set(LANGUAGES):
        raise InputError(
            "reports are in no language that there is",
            parameter="contents.languages",
            cure=f"give one or more of {', '.join(LANGUAGES)}",
        )


def _recipient(server: Server, pem: str) -> str:
    """The subject of the certificate. Raises InputError."""
    if len(pem) > RECIPIENT_MAX_BYTES or not pem.isascii():
        raise InputError("no certificate", parameter="recipient", cure="give one certificate in PEM")
    certificate = parse_certificates(pem.encode("ascii"))[0]
    require_usable(certificate, "recipient")
    require_current(certificate, server.clock.now(), "recipient")
    return _subject(certificate)


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or f"serial number {certificate.serial_number:x}"


def _preview(server: Server, user: User, checked: _Checked, source: str | None) -> Preview:
    try:
        return previewing.preview(means_of(server), checked.subjects, checked.order.contents, checked.access)
    except NotFoundError:
        # What is it that may not be had? Who sees it is told that they lack the right, and all is recorded.
        _require_each(server, user, checked.subjects, source)
        raise


def _require_each(server: Server, user: User, subjects: Subjects, source: str | None) -> None:
    for incident in subjects.incidents:
        rights.require_incident(server, user, Action.EXPORT, incident, source=source)
    for span in subjects.spans:
        rights.require(server, user, Action.EXPORT, span.camera, source=source)


def _quota(server: Server, session: Session, user: User, free_bytes: int | None, *, lock: bool = False) -> Quota:
    settings = server.settings.exports
    return Quota(
        rows.used(session, user.id, lock=lock),
        settings.max_bytes_per_account,
        settings.max_bytes_total,
        settings.max_waiting,
        free_bytes,
        timedelta(days=settings.keep_days),
    )


def _free_bytes(server: Server) -> int | None:
    disk = disk_of(server.settings)
    return None if disk is None else max(0, disk.free_bytes - server.settings.retention.min_free_bytes)


def _refusal(room: Quota, wanted_bytes: int) -> QuotaError | None:
    used = room.used
    if used.waiting >= room.waiting_max:
        return QuotaError(
            QuotaKind.WAITING,
            f"{used.waiting} exports of this account are waiting, and no more than {room.waiting_max} may",
            "let some end, or cancel them",
        )
    wanted = f"this export is expected to take {_size(wanted_bytes)}"
    if used.account_bytes + wanted_bytes > room.account_max_bytes:
        return QuotaError(
            QuotaKind.ACCOUNT,
            f"{wanted}; of the {_size(room.account_max_bytes)} of this account {_size(used.account_bytes)} are in use",
            "delete packages that were fetched, or ask for less at once",
        )
    if used.total_bytes + wanted_bytes > room.total_max_bytes:
        return QuotaError(
            QuotaKind.TOTAL,
            f"{wanted}; of the {_size(room.total_max_bytes)} for all exports {_size(used.total_bytes)} are in use",
            "ask again when some have expired, or ask an administrator to delete some",
        )
    if room.free_bytes is not None and wanted_bytes > room.free_bytes:
        return QuotaError(
            QuotaKind.DISK,
            f"{wanted}; the disk has {_size(room.free_bytes)} beside what recording needs",
            "ask for less, or ask an administrator for room; `camsvc export` writes to another disk",
        )
    return None


def _size(count: int) -> str:
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / 1024**2:.1f} MiB"
