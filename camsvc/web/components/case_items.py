"""What is in a case, for people to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui.element import Element

from camsvc.web.language import Language

TEXTS = (
    "bulk.chosen.one",
    "bulk.chosen.other",
    "bulk.clear",
    "bulk.label",
    "case.ask_for",
    "case.comment_item",
    "case.export_chosen",
    "case.find_items",
    "case.items",
    "case.none_found",
    "case.order",
    "case.order_camera",
    "case.order_time",
    "case.remove_item",
    "results.choose",
)


class CaseItems(Element, component="case_items.js"):
    """Emits ``look``, ``ask`` and ``comment`` with the id of an item, ``remove`` and ``export`` with several.

    ``items``: as ``pages.cases.pieces`` makes them, in the order of time.
    """

    def __init__(self, say: Language, items: Sequence[dict[str, Any]], *, editable: bool, exports: bool) -> None:
        super().__init__()
        self.props["texts"] = say.some(TEXTS)
        self.props["items"] = list(items)
        self.props["editable"] = editable
        self.props["exports"] = exports

    def show(self, items: Sequence[dict[str, Any]], *, editable: bool, exports: bool) -> None:
        """Nothing is sent where nothing changed."""
        now = {"items": list(items), "editable": editable, "exports": exports}
        if any(self.props[name] != value for name, value in now.items()):
            self.props.update(now)
            self.update()
