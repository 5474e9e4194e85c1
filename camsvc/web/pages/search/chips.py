"""The conditions in force, each with a button that lets it go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from camsvc.domain.search import IncidentFilter
from camsvc.web.conditions import Condition, conditions, groups
from camsvc.web.directory import Directory
from camsvc.web.markup import button, icon, tag
from camsvc.web.words import Words


class Chips:
    def __init__(
        self, words: Words, go: Callable[[IncidentFilter], Awaitable[None]], clear: Callable[[], Awaitable[None]]
    ) -> None:
        self._words = words
        self._go = go
        self._clear = clear
        self._shown: Sequence[Condition] | None = None
        self._row = tag("div", "cam-conditions", role="group", aria_label=words.language("conditions.label"))

    def show(self, wanted: IncidentFilter, directory: Directory) -> None:
        found = conditions(wanted, self._words, directory)
        if found == self._shown:
            return
        self._shown = found
        say = self._words.language
        self._row.clear()
        with self._row:
            if not found:
                tag("span", "cam-soft", say("conditions.none"))
            for _, alternatives in groups(found):
                for number, each in enumerate(alternatives):
                    if number:
                        tag("span", "cam-soft", say("searched.or").strip())
                    self._build(each)
            if len(found) > 1:
                button(say("conditions.clear"), "cam-btn cam-btn--quiet").on("click", self._clear)

    def _build(self, condition: Condition) -> None:
        remove = self._words.language("conditions.remove", what=condition.text)
        with tag("span", "cam-condition", data_condition=condition.key):
            icon(condition.icon)
            tag("span", "", condition.text, title=condition.text)
            with tag("button", "", type="button", title=remove, aria_label=remove) as away:
                icon("close")
            away.on("click", lambda: self._go(condition.without))
