"""A line of text to type."""

from __future__ import annotations

from nicegui.element import Element


class Field(Element, component="field.js"):
    """Emits ``entered`` with its text: on Enter, when the field is left, and after a pause where one is given."""

    def __init__(self, value: str = "", *, name: str, hint: str = "", pause_s: float | None = None) -> None:
        super().__init__()
        self.props["value"] = value
        self.props["name"] = name
        self.props["placeholder"] = hint
        if pause_s is not None:
            self.props["pause-ms"] = round(pause_s * 1000)

    def fill(self, value: str) -> None:
        if self.props["value"] != value:
            self.props["value"] = value
