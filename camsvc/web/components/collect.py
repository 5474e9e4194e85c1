"""Pictures on their way into a case, and the line that says what was put there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui.element import Element

from camsvc.web.components import modules  # noqa: F401  registers what collect.js imports
from camsvc.web.language import Language

COOKIE = "camsvc_case"
"""Id of the case that this browser's next item goes into."""
TEXTS = ("collect.open", "collect.other", "collect.undo", "keys.close")
UPLOAD_S = 60.0
"""A picture of some hundred kilobytes over a thin line."""


class Collect(Element, component="collect.js"):
    """Emits ``undo`` and ``other`` with the number of what was said, ``current`` with the id of the case that another
    tab chose."""

    def __init__(self, say: Language) -> None:
        super().__init__()
        self.props["texts"] = say.some(TEXTS)

    def say(
        self,
        text: str,
        *,
        href: str | None = None,
        undo: int | None = None,
        other: int | None = None,
        bad: bool = False,
    ) -> None:
        """``undo``, ``other``: what is emitted when that button is pressed; None: there is no such button."""
        self.run_method("say", {"text": text, "href": href, "undo": undo, "other": other, "bad": bad})

    def remember(self, case: int | None) -> None:
        self.run_method("remember", case)

    def forget(self, tokens: Sequence[str]) -> None:
        """Pictures that are stored, or wanted no more."""
        if tokens:
            self.run_method("forget", list(tokens))

    async def upload(self, token: str, url: str) -> tuple[int, dict[str, Any]]:
        """Send the picture to ``url`` of the REST API: status and document of the answer; 0 where none came."""
        try:
            answer = await self.run_method("upload", token, url, timeout=UPLOAD_S)
        except TimeoutError:
            return 0, {}
        if not isinstance(answer, dict) or not isinstance(answer.get("status"), int):
            return 0, {}
        body = answer.get("body")
        return answer["status"], body if isinstance(body, dict) else {}
