"""The list of what a search found. The browser keeps the items; here is only what goes over."""

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
    "bulk.links",
    "bulk.most",
    "link.copied",
    "results.choose",
    "results.area",
    "results.camera",
    "results.duration",
    "results.end",
    "results.loading",
    "results.more",
    "results.news.one",
    "results.news.other",
    "results.no_picture",
    "results.picture",
    "results.severity",
    "results.state",
    "results.time",
    "results.too_many",
    "results.what",
)


class Results(Element, component="results.js"):
    """Emits ``open`` with an id, ``more``, ``reload``, ``bulk`` with {do, ids}, and ``key`` with what a key asks of the
    page: a number of a layout, ``layout`` (the next one), ``save``, ``help``."""

    def __init__(
        self,
        language: Language,
        zone: str,
        layout: str,
        items: Sequence[dict[str, Any]],
        more: bool,
        bulk: Sequence[dict[str, str]] = (),
    ) -> None:
        """``bulk``: what can be done with several: name, icon, label of a button each."""
        super().__init__()
        self.props["bulk"] = list(bulk)
        self.props["initial"] = list(items)
        self.props["initial-more"] = more
        self.props["layout"] = layout
        self.props["zone"] = zone
        self.props["texts"] = language.some(TEXTS)

    def lay_out(self, layout: str) -> None:
        # What the page began with is in the browser already: it is not sent again with every change of layout.
        self.props["initial"] = []
        self.props["layout"] = layout
        self.update()

    def reset(self, items: Sequence[dict[str, Any]], more: bool) -> None:
        self.run_method("reset", list(items), more)

    def searching(self) -> None:
        """A newer search runs: what is shown is of the one before."""
        self.run_method("searching")

    def append(self, items: Sequence[dict[str, Any]], more: bool) -> None:
        self.run_method("append", list(items), more)

    def change(self, changed: Sequence[dict[str, Any]], gone: Sequence[str]) -> None:
        """``changed`` match the search as they are now; ``gone`` no longer do."""
        self.run_method("change", list(changed), list(gone))

    def failed(self) -> None:
        """The page that was asked for did not come; it may be asked for again."""
        self.run_method("failed")

    def let_go(self) -> None:
        """None is chosen any more."""
        self.run_method("unchoose")

    def point_out(self, incident: str | None) -> None:
        """Frame it as the one that was looked at last."""
        self.run_method("mark", incident)

    def focus_on(self, incident: str | None) -> None:
        self.run_method("focusOn", incident)
