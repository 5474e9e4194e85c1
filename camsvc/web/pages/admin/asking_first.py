"""A dialog that asks before something is done, and says when it could not be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from nicegui import ui
from nicegui.events import GenericEventArguments

from camsvc.web.components.field import Field
from camsvc.web.language import Language
from camsvc.web.markup import button, icon, icon_button, label, tag

TYPING_PAUSE_S = 0.2


class Question:
    """One dialog of a page, made anew for each question."""

    def __init__(self, language: Language) -> None:
        self._say = language
        self._dialog = ui.dialog()

    @contextmanager
    def asking(
        self, title: str, yes: str, act: Callable[[], Awaitable[str | None]], *, must_type: str | None = None
    ) -> Iterator[None]:
        """What is made within stands above the buttons. ``act`` returns what hindered it, or None.

        ``must_type``: a word that must be typed first, for what cannot be taken back.
        """
        say = self._say
        self._dialog.clear()
        with self._dialog, tag("div", "cam-dialog camask", role="dialog", aria_label=title):
            with tag("div", "cam-dialog__head"):
                tag("h2", "", title)
                icon_button("close", say("camask.no"), "cam-btn cam-btn--quiet cam-btn--icon").on(
                    "click", self._dialog.close
                )
            with tag("div", "camask__middle"):
                yield
                if must_type:
                    with tag("label", "cam-field"):
                        tag("span", "cam-field__label", say("camask.type", word=must_type))
                        typed = Field("", name="confirm", pause_s=TYPING_PAUSE_S)
            with tag("p", "cam-note cam-note--bad", role="alert") as trouble:
                icon("error_outline")
                reason = label("span", "", "")
            trouble.set_visibility(False)
            with tag("div", "camask__foot"):
                button(say("camask.no"), "cam-btn").on("click", self._dialog.close)
                done = button(yes, "cam-btn cam-btn--main", data_test="yes")
        if must_type:
            done.props("disabled")

            def on_typed(event: GenericEventArguments) -> None:
                if str(event.args).strip() == must_type:
                    done.props(remove="disabled")
                else:
                    done.props("disabled")

            typed.on("entered", on_typed)

        async def on_yes() -> None:
            done.props("disabled")
            hindered = await act()
            if hindered is None:
                return
            reason.text = hindered
            trouble.set_visibility(True)
            done.props(remove="disabled")

        done.on("click", on_yes)
        self._dialog.open()

    def close(self) -> None:
        self._dialog.close()
