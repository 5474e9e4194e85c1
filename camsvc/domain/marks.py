"""What people said of an incident as a set of short texts, its *marks*: what a search by tags, dispositions, assignees
and words of notes looks at.

``t:`` a tag, ``d:`` a disposition (none has no mark), ``a:`` whose it is to look after it (not once it is done),
``w:`` a word of a note as it was written, ``f:`` the same without its diacritics.

**Words.** Who types *bien so* finds *biển số*; who types *biển số* finds *biển số* and what somebody in a hurry noted
as *bien so*, but not *biến sợ*. Where a tone stands makes no difference (*hoà*, *hòa*). What holds a digit is found
with and without what joins it: *99A-123.45*, *99a 123 45*, *99A12345*.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from camsvc.domain.annotation import Disposition, Said
from camsvc.domain.search import IncidentFilter

WORD_MAX = 60
"""Characters of a word that are looked at: longer ones are none that anybody says."""
Alternatives = tuple[frozenset[str], ...]
"""Of one of these all must be there."""

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
"""Grave, acute, tilde, hook, dot below: a word has one, and keyboards differ in where they put it."""
_STROKES = str.maketrans("đĐ", "dD")
"""Not decomposed by Unicode."""


def marks_of(said: Said) -> frozenset[str]:
    found = {f"t:{each.tag}" for each in said.tags}
    if said.disposition is not Disposition.NONE:
        found.add(_disposition(said.disposition))
    if said.assignment is not None and said.assignment.done_at is None:
        found.add(f"a:{said.assignment.assignee}")
    for note in said.notes:
        found |= _written(note.text)
    return frozenset(found)


def required(asked: IncidentFilter) -> list[Alternatives]:
    """Of each, one alternative must be among the marks. Empty: nothing is asked of what people said, but perhaps
    that they did not (``forbidden``)."""
    found = [
        _any(f"t:{each}" for each in asked.tags),
        _any(f"a:{each}" for each in asked.assignees),
    ]
    if Disposition.NONE not in asked.dispositions:
        found.append(_any(map(_disposition, asked.dispositions)))
    for chunk in (asked.text or "").split():
        found += _sought(chunk)
    return [each for each in found if each]


def forbidden(asked: IncidentFilter) -> frozenset[str]:
    """None of these may be among the marks. Incidents of which nobody said anything have none."""
    if Disposition.NONE not in asked.dispositions:
        return frozenset()
    judged = set(Disposition) - {Disposition.NONE}
    return frozenset(map(_disposition, judged - set(asked.dispositions)))


def fit(asked: IncidentFilter, marks: frozenset[str]) -> bool:
    return not (forbidden(asked) & marks) and all(any(one <= marks for one in each) for each in required(asked))


def asks_people(asked: IncidentFilter) -> bool:
    """Whether anything is asked of what people said."""
    return bool(asked.tags or asked.dispositions or asked.assignees or asked.text)


def folded(text: str) -> str:
    """In lower case, without diacritics."""
    letters = unicodedata.normalize("NFKD", text.casefold().translate(_STROKES))
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    return unicodedata.normalize("NFC", plain)  # Hangul falls apart into letters that are no diacritics


def _written(text: str) -> set[str]:
    found: set[str] = set()
    for chunk in text.split():
        words = _words(chunk)
        if len(words) > 1 and any(map(str.isdigit, chunk)):
            words = [*words, "".join(words)[:WORD_MAX]]
        found.update(f"{kind}:{form}" for word in words for kind, form in (("w", _exact(word)), ("f", folded(word))))
    return found


def _sought(chunk: str) -> list[Alternatives]:
    words = _words(chunk)
    if len(words) > 1 and any(map(str.isdigit, chunk)):
        apart = frozenset(f"f:{folded(word)}" for word in words)
        return [(apart, frozenset({f"f:{folded(''.join(words)[:WORD_MAX])}"}))]
    return [_spellings(word) for word in words]


def _spellings(word: str) -> Alternatives:
    plain, exact = folded(word), _exact(word)
    return _any([f"f:{plain}"] if exact == plain else [f"w:{exact}", f"w:{plain}"])


def _words(text: str) -> list[str]:
    """Letters and digits, with the marks upon them: Thai, for one, writes vowels so."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    apart = "".join(each if each.isalnum() or unicodedata.category(each).startswith("M") else " " for each in plain)
    return [each[:WORD_MAX] for each in apart.split() if any(map(str.isalnum, each))]


def _exact(word: str) -> str:
    """Its tones at its end: so it does not matter on which letter they were typed."""
    letters = unicodedata.normalize("NFD", word)
    base = "".join(each for each in letters if each not in _TONES)
    return unicodedata.normalize("NFC", base) + "".join(sorted(each for each in letters if each in _TONES))


def _any(texts: Iterable[str]) -> Alternatives:
    return tuple(frozenset({each}) for each in dict.fromkeys(texts))


def _disposition(each: Disposition) -> str:
    return f"d:{each.value}"
