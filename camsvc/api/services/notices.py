"""Notices: what an account is told beside alerts. The bell of the pages counts both."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy.orm import Session

from camsvc.api.context import Server
from camsvc.db.queries import grants
from camsvc.db.queries import notices as rows
from camsvc.domain.account import User
from camsvc.domain.notice import Notice, NoticeKind
from camsvc.errors import InputError

LIST_MAX = rows.LIST_MAX
FACT_MAX = 500
"""Characters of one fact: a notice is a sentence."""


def tell(session: Session, user_ids: Iterable[int], kind: NoticeKind, path: str, **facts: object) -> None:
    """Within the transaction of what it tells of: both happen, or neither. Bells hear of it at the commit.

    ``path`` begins with ``/`` and is a page of this site; ``facts`` are texts for the sentence (``case``, ``by``,
    ``reason``, …), None is left out; nothing that not all of ``user_ids`` may know. Raises InputError.
    """
    if not path.startswith("/") or path.startswith("//"):
        raise InputError(f"{path!r} is no path of this site", parameter="path", cure="begin it with one '/'")
    said = {name: str(fact)[:FACT_MAX] for name, fact in facts.items() if fact is not None}
    rows.add(session, user_ids, kind, path, said)


def administrators(session: Session) -> list[int]:
    """Accounts that administer everything: for ``tell``."""
    return grants.administrators(session)


def unread(server: Server, user: User) -> int:
    with server.database.session() as session:
        return rows.unread(session, user.id)


def listed(
    server: Server, user: User, *, unread: bool = False, before: int | None = None, limit: int = LIST_MAX
) -> list[Notice]:
    """The account's own, the newest first; ``before``: ids below it."""
    with server.database.session() as session:
        return rows.page(session, user.id, unread=unread, before=before, limit=limit)


def mark_read(server: Server, user: User, *, up_to: int | None = None, ids: Collection[int] = ()) -> int:
    """Those up to the id ``up_to``, or only those of ``ids``; how many were unread. Other accounts' are left alone."""
    with server.database.session() as session:
        return rows.read(session, user.id, up_to=up_to, ids=ids)
