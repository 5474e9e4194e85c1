"""The list of a page's keyboard shortcuts, in a dialog."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from camsvc.web.language import Language
from camsvc.web.markup import icon_button, tag

Shortcuts = Sequence[tuple[str, Sequence[str]]]
"""What is done (a key of the catalogue), and by which keys."""


class ShortcutHelp:
    """Made where the page is made; filled when it is first asked for."""

    def __init__(self, say: Language, shortcuts: Shortcuts) -> None:
        self._say = say
        self._shortcuts = shortcuts
        self._dialog = ui.dialog()

    def open(self) -> None:
        say = self._say
        self._dialog.clear()
        with self._dialog, tag("div", "cam-dialog", role="dialog", aria_label=say("keys.title")):
            with tag("div", "cam-dialog__head"):
                tag("h2", "", say("keys.title"))
                close = icon_button("close", say("keys.close"), "cam-btn cam-btn--quiet cam-btn--icon")
                close.on("click", self._dialog.close)
            with tag("dl", "cam-keys"):
                for name, keys in self._shortcuts:
                    with tag("dt"):
                        for key in keys:
                            tag("kbd", "", key)
                    tag("dd", "", say(name))
        self._dialog.open()
