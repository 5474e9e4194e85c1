"""The line in which a search is said."""

from __future__ import annotations

from nicegui.element import Element

from camsvc.web.language import Language

TEXTS = ("ask.go", "ask.hint", "ask.how", "ask.label")


class Ask(Element, component="ask.js"):
    """Emits ``ask`` with the text; empty when the user gives it up."""

    def __init__(self, say: Language) -> None:
        super().__init__()
        self.props["error"] = ""
        self.props["texts"] = say.some(TEXTS)

    def understood(self) -> None:
        self.refuse("")
        self.run_method("clear")

    def refuse(self, why: str) -> None:
        """The text stays as it was typed."""
        if self.props["error"] != why:
            self.props["error"] = why
            self.update()
