"""What people say of incidents. To read it and to add to it needs the rights to search and to replay there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.api.errors import ForbiddenError
from camsvc.api.services import audit, rights
from camsvc.api.services.text import refuse_unstorable
from camsvc.db import drafts as typed
from camsvc.db.queries import accounts
from camsvc.db.queries import annotations as rows
from camsvc.db.queries.annotations import Place, Usage
from camsvc.domain.account import EVERYWHERE, Action, User
from camsvc.domain.annotation import Author, Disposition, Draft, Entry, Note, Said, said
from camsvc.domain.annotation_json import deed_of, details_of
from camsvc.domain.audit import Kind
from camsvc.domain.incident import Incident
from camsvc.errors import InputError, NotFoundError

AT_ONCE_MAX = 200
"""Incidents of one request: each is locked, and has its record, within one transaction."""
TAGS_SUGGESTED = 100
ASSIGNEES_MAX = 500
"""Beyond so many names nobody chooses from a list."""


@dataclass(frozen=True, slots=True)
class Annotations:
    incident: UUID
    now: Said
    history: tuple[Entry, ...]
    """In order."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to say of several incidents at once; nothing that is left out is said."""

    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    note: str | None = None
    disposition: Disposition | None = None
    reason: str | None = None
    assignee: str | None = None
    unassign: bool = False
    done: bool = False
    """With ``assignee``: it has been looked after."""


def read(server: Server, user: User, incident: UUID, *, source: str | None = None, shown: bool = False) -> Annotations:
    """All that was said of it. Recorded once for each viewing, unless it is ``shown`` with its incident, which is.

    Raises NotFoundError, ForbiddenError, DatabaseUnavailableError, as all here.
    """
    found = require(server, user, incident, source=source)
    if not shown:
        with server.recent.once((user.id, source, "annotations.viewed", incident)) as is_new:
            if is_new:
                audit.record(
                    server,
                    user,
                    Kind.ANNOTATE,
                    "annotations.viewed",
                    source=source,
                    camera=found.camera,
                    area=found.area,
                    incident=incident,
                )
    with server.database.session() as session:
        return _of(incident, rows.history(session, [incident]).get(incident, []))


def summaries(server: Server, user: User, incidents: Iterable[Incident]) -> dict[UUID, Said]:
    """What holds of those of ``incidents`` that ``user`` may read about, for a list that was searched; of whom
    nothing was said is left out. Not recorded: part of the search."""
    wanted = [each.id for each in incidents if is_readable(user, each.area)]
    if not wanted:
        return {}
    with server.database.session() as session:
        return {id_: said(entries) for id_, entries in rows.history(session, wanted).items()}


def summaries_of(
    server: Server, user: User, incidents: Sequence[UUID], *, source: str | None = None
) -> dict[UUID, Said]:
    """What holds of each of ``incidents``, for programs. All of them must be readable."""
    _require_all(server, user, incidents, source)
    with server.database.session() as session:
        found = rows.history(session, incidents)
    return {id_: said(found.get(id_, ())) for id_ in dict.fromkeys(incidents)}


def tag(server: Server, user: User, incident: UUID, name: str, *, source: str | None = None) -> Annotations:
    """Errors as ``read``; InputError, as all that follow."""
    return _say(server, user, incident, lambda *_: [typed.tagged(name)], source)


def untag(server: Server, user: User, incident: UUID, name: str, *, source: str | None = None) -> Annotations:
    return _say(server, user, incident, lambda *_: [typed.untagged(name)], source)


def note(server: Server, user: User, incident: UUID, text: str, *, source: str | None = None) -> Annotations:
    return _say(server, user, incident, lambda *_: [typed.noted(text)], source)


def edit_note(
    server: Server, user: User, incident: UUID, number: int, text: str, *, source: str | None = None
) -> Annotations:
    """Only its author may. Raises NotFoundError also for a note that was withdrawn."""

    def draft(session: Session, _place: Place) -> list[Draft]:
        if _note(session, incident, number).by.user_id != user.id:
            raise ForbiddenError("Only who wrote a note may change it: write one of your own.")
        return [typed.edited(number, text)]

    return _say(server, user, incident, draft, source)


def withdraw_note(server: Server, user: User, incident: UUID, number: int, *, source: str | None = None) -> Annotations:
    """Its author may, and who may administer everything. It stays in the history."""

    def draft(session: Session, _place: Place) -> list[Draft]:
        author = _note(session, incident, number).by.user_id
        if author != user.id and user.reach(Action.ADMINISTER) != EVERYWHERE:
            raise ForbiddenError("Only who wrote a note, or an administrator, may withdraw it.")
        return [typed.withdrawn(number)]

    return _say(server, user, incident, draft, source)


def assign(
    server: Server, user: User, incident: UUID, assignee: str, *, done: bool = False, source: str | None = None
) -> Annotations:
    """To an account that may read it; ``done``: it has been looked after."""

    def draft(session: Session, place: Place) -> list[Draft]:
        return [typed.assigned(session, assignee, [place.area], done=done)]

    return _say(server, user, incident, draft, source)


def unassign(server: Server, user: User, incident: UUID, *, source: str | None = None) -> Annotations:
    return _say(server, user, incident, lambda *_: [typed.UNASSIGNED], source)


def judge(
    server: Server,
    user: User,
    incident: UUID,
    disposition: Disposition,
    reason: str | None = None,
    *,
    source: str | None = None,
) -> Annotations:
    return _say(server, user, incident, lambda *_: [typed.judged(disposition, reason)], source)


def say_of_all(
    server: Server, user: User, incidents: Sequence[UUID], wishes: Wishes, *, source: str | None = None
) -> dict[UUID, Said]:
    """Say the same of up to AT_ONCE_MAX incidents, of all or of none: what then holds of each that it changed."""
    wanted = list(dict.fromkeys(incidents))
    if not 1 <= len(wanted) <= AT_ONCE_MAX:
        raise InputError(f"{len(wanted)} incidents", parameter="incidents", cure=f"give 1 to {AT_ONCE_MAX}")
    places = _require_all(server, user, wanted, source)
    with server.database.session() as session:
        said_of = _wished(session, wishes, {each.area for each in places.values()})
        new = _write(session, user, wanted, said_of, source)
        changed = [id_ for id_, entries in new.items() if entries]
        return {id_: said(entries) for id_, entries in rows.history(session, changed).items()}


def tags(server: Server, user: User) -> list[Usage]:
    """Tags in use where ``user`` may read them, the most frequent first: to choose from."""
    reach = user.reach(Action.SEARCH).within(user.reach(Action.REPLAY).areas)
    with server.database.session() as session:
        return rows.tags_in_use(session, reach, TAGS_SUGGESTED)


def assignees(server: Server, user: User, areas: Collection[str]) -> list[str]:
    """Names of accounts that incidents in all of ``areas`` can be assigned to, where ``user`` may read them."""
    if not all(is_readable(user, area) for area in areas):
        return []
    with server.database.session() as session:
        known = accounts.all_users(session)
    return [each.name for each in known if all(typed.can_look_after(each, area) for area in areas)][:ASSIGNEES_MAX]


def is_readable(user: User, area: str) -> bool:
    """Whether ``user`` may read what is said of incidents in ``area``, and add to it."""
    return user.may(Action.SEARCH, area) and user.may(Action.REPLAY, area)


def require(server: Server, user: User, incident: UUID, *, source: str | None = None) -> Incident:
    """The incident, about which ``user`` may read. Refusals are recorded. What is said of footage is not given with it
    to the people of another agency's case."""
    found = rights.require_incident(server, user, Action.REPLAY, incident, source=source, honour_shares=False)
    if not user.may(Action.SEARCH, found.area):
        rights.require_incident(server, user, Action.SEARCH, incident, source=source, honour_shares=False)
    return found


def _require_all(server: Server, user: User, incidents: Sequence[UUID], source: str | None) -> Mapping[UUID, Place]:
    with server.database.session() as session:
        places = rows.places(session, incidents)
    for each in incidents:
        place = places.get(each)
        if place is None or not is_readable(user, place.area):
            require(server, user, each, source=source)  # refuses, in the words and with the record of a single one
    return places


def _say(
    server: Server,
    user: User,
    incident: UUID,
    drafts: Callable[[Session, Place], Sequence[Draft]],
    source: str | None,
) -> Annotations:
    """What ``drafts`` forbids is recorded."""
    place = _require_all(server, user, [incident], source)[incident]
    try:
        with server.database.session() as session:
            _write(session, user, [incident], drafts(session, place), source)
            return _of(incident, rows.history(session, [incident]).get(incident, []))
    except ForbiddenError:
        camera, area = place.camera, place.area
        audit.refused(server, user, Kind.ANNOTATE, source=source, camera=camera, area=area, incident=incident)
        raise


def _write(
    session: Session, user: User, incidents: Sequence[UUID], drafts: Sequence[Draft], source: str | None
) -> dict[UUID, list[Entry]]:
    """With a record for each thing that is new."""
    for each in drafts:
        refuse_unstorable({"text": each.text or "", "reason": each.reason or ""})
    places = rows.places(session, incidents)
    new = rows.write(session, Author(user.id, user.name), incidents, drafts)
    deeds: list[tuple[str, audit.Particulars]] = []
    for id_, entries in new.items():
        where: audit.Particulars = {"camera": places[id_].camera, "area": places[id_].area, "incident": id_}
        deeds += [(deed_of(each), {**where, "source": source, "details": details_of(each)}) for each in entries]
    if deeds:
        audit.append_all(session, user, Kind.ANNOTATE, deeds)
    return new


def _wished(session: Session, wishes: Wishes, areas: Collection[str]) -> list[Draft]:
    found = [typed.tagged(each) for each in wishes.add_tags]
    added = {each.tag for each in found}
    found += [typed.untagged(each) for each in wishes.remove_tags]
    if both := sorted({each.tag or "" for each in found[len(wishes.add_tags) :]} & added):
        raise InputError(f"tag {both[0]!r} is to be added and removed", parameter="remove_tags", cure="choose one")
    if wishes.note is not None:
        found.append(typed.noted(wishes.note))
    if wishes.disposition is not None:
        found.append(typed.judged(wishes.disposition, wishes.reason))
    if wishes.assignee is not None:
        found.append(typed.assigned(session, wishes.assignee, areas, done=wishes.done))
    elif wishes.unassign:
        found.append(typed.UNASSIGNED)
    if not found:
        raise InputError("nothing is said", parameter="body", cure="give tags, a note, a disposition or an assignee")
    return found


def _note(session: Session, incident: UUID, number: int) -> Note:
    entries = rows.history(session, [incident]).get(incident, [])
    for each in said(entries).notes:
        if each.id == number:
            return each
    raise NotFoundError(f"there is no note {number}", parameter="note", cure="it may have been withdrawn: read anew")


def _of(incident: UUID, history: Sequence[Entry]) -> Annotations:
    return Annotations(incident, said(history), tuple(history))
