"""Notices in words: a sentence, and what is said with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from camsvc.api.services.exports.runner import NO_ROOM, UNFORESEEN
from camsvc.domain.notice import Notice, NoticeKind
from camsvc.evidence.renditions import STILL_SEEN
from camsvc.web.language import Language
from camsvc.web.patterns import pattern
from camsvc.web.words import Words

ICONS: Mapping[NoticeKind, str] = {
    NoticeKind.EXPORT_DONE: "inventory_2",
    NoticeKind.EXPORT_FAILED: "error",
    NoticeKind.EXPORT_EXPIRES: "auto_delete",
    NoticeKind.FOOTAGE_ASKED: "contact_mail",
    NoticeKind.FOOTAGE_DECIDED: "how_to_reg",
    NoticeKind.CASE_SHARED: "folder_shared",
    NoticeKind.FOOTAGE_AT_FAULT: "gpp_bad",
}
URGENT = frozenset({NoticeKind.EXPORT_FAILED, NoticeKind.FOOTAGE_AT_FAULT})
ERRORS = {"still_seen": STILL_SEEN, "no_room": NO_ROOM, "unforeseen": UNFORESEEN}
"""Beginnings of reasons why a package could not be made, and the key of their words in the page's language."""


@dataclass(frozen=True, slots=True)
class Noticed:
    sentence: str
    lines: tuple[str, ...] = ()
    """Under it: reasons in the words of people, and what else there is to know."""


def noticed(words: Words, notice: Notice) -> Noticed:
    """A fact that is not there (a notice from before there was one) leaves its part out."""
    return _SAY[notice.kind](words, notice.facts)


def why_failed(say: Language, error: str | None) -> str:
    """In the page's language where it has words for it; else as it was told."""
    for key, form in ERRORS.items():
        if known := re.match(pattern(form), error or ""):
            return say(f"export.failed_as.{key}", **known.groupdict())
    return f"{say('export.failed')} {error}" if error else say("export.failed")


def _done(words: Words, facts: Mapping[str, str]) -> Noticed:
    say = words.language
    size = facts.get("size_bytes", "")
    ready = (
        say("notice.export_done_size", size=words.bytes(int(size))) if size.isdecimal() else say("notice.export_done")
    )
    problems = facts.get("problems", "")
    at_fault = [say.count("notice.export_problems", int(problems))] if problems.isdecimal() else []
    return Noticed(ready, (*_of_export(words, facts), *at_fault))


def _failed(words: Words, facts: Mapping[str, str]) -> Noticed:
    return Noticed(
        words.language("notice.export_failed"),
        (*_of_export(words, facts), why_failed(words.language, facts.get("error"))),
    )


def _expires(words: Words, facts: Mapping[str, str]) -> Noticed:
    say = words.language
    at = facts.get("at")
    when = words.wall.date_clock(datetime.fromisoformat(at)) if at else ""
    unfetched = [say("notice.never_fetched")] if facts.get("downloads") == "0" else []
    return Noticed(say("notice.export_expires", time=when), (*_of_export(words, facts), *unfetched))


def _asked(words: Words, facts: Mapping[str, str]) -> Noticed:
    told = words.language("notice.footage_asked", by=facts.get("by", "?"), case=facts.get("case", "?"))
    return Noticed(told, _given(facts, "reason"))


def _decided(words: Words, facts: Mapping[str, str]) -> Noticed:
    decision = facts.get("decision", "")
    kind = decision if decision in {"approved", "refused", "ended"} else "changed"
    told = words.language(f"notice.footage_{kind}", by=facts.get("by", "?"), case=facts.get("case", "?"))
    return Noticed(told, _given(facts, "reason"))


def _shared(words: Words, facts: Mapping[str, str]) -> Noticed:
    told = words.language("notice.case_shared", by=facts.get("by", "?"), case=facts.get("case", "?"))
    return Noticed(told, _given(facts, "title"))


def _at_fault(words: Words, facts: Mapping[str, str]) -> Noticed:
    what = facts.get("what", "")
    kind = what if what in {"missing", "altered", "forged"} else "altered"
    camera = facts.get("camera")
    say = words.language
    told = say(f"notice.footage_{kind}_of", camera=camera) if camera else say(f"notice.footage_{kind}")
    return Noticed(told)


def _of_export(words: Words, facts: Mapping[str, str]) -> tuple[str, ...]:
    """For which case, and why: how whoever asked knows it again."""
    case = facts.get("case")
    named = [words.language("notice.of_case", case=case)] if case else []
    return (*named, *_given(facts, "reason"))


def _given(facts: Mapping[str, str], name: str) -> tuple[str, ...]:
    return (facts[name],) if facts.get(name) else ()


_SAY: Mapping[NoticeKind, Callable[[Words, Mapping[str, str]], Noticed]] = {
    NoticeKind.EXPORT_DONE: _done,
    NoticeKind.EXPORT_FAILED: _failed,
    NoticeKind.EXPORT_EXPIRES: _expires,
    NoticeKind.FOOTAGE_ASKED: _asked,
    NoticeKind.FOOTAGE_DECIDED: _decided,
    NoticeKind.CASE_SHARED: _shared,
    NoticeKind.FOOTAGE_AT_FAULT: _at_fault,
}
