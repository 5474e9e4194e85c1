"""What people say of one incident, to read and to add to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui.element import Element

from camsvc.domain.annotation import NOTE_MAX, REASON_MAX
from camsvc.web.language import Language

TEXTS = (
    "said.assign",
    "said.assign_go",
    "said.assignment",
    "said.cancel",
    "said.done",
    "said.edited",
    "said.history",
    "said.judge",
    "said.label",
    "said.note_add",
    "said.note_edit",
    "said.note_new",
    "said.notes",
    "said.reason",
    "said.reason_edit",
    "said.reopen",
    "said.save",
    "said.tag_new",
    "said.tags",
    "said.take",
    "said.unassign",
    "said.untag",
    "said.withdraw",
)


class JudgementPane(Element, component="judgement.js"):
    """Emits ``say`` with ``what`` (judge, tag, untag, assign, unassign, done, reopen, note, edit, withdraw), ``value``
    and ``more``; each is answered by ``tell``."""

    def __init__(self, say: Language, me: str, judgements: Sequence[dict[str, str]], state: dict[str, Any]) -> None:
        super().__init__()
        self.props["texts"] = say.some(TEXTS)
        self.props["me"] = me
        self.props["judgements"] = list(judgements)
        self.props["limits"] = {"note": NOTE_MAX, "reason": REASON_MAX}
        self.props["known"] = []
        self.props["people"] = []
        self.props["trouble"] = ""
        self.props["turn"] = 0
        self.props["state"] = state

    def suggest(self, tags: Sequence[str], people: Sequence[str]) -> None:
        self.props["known"] = list(tags)
        self.props["people"] = list(people)

    def show(self, state: dict[str, Any]) -> None:
        """What somebody else said."""
        self.props["state"] = state

    def tell(self, done: str | None, trouble: str = "") -> None:
        """The answer to a ``say``: ``done`` its ``what``; None: it was refused."""
        self.props["trouble"] = trouble
        self.props["done"] = done
        self.props["turn"] += 1
