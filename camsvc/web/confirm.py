"""Asking before what cannot be undone, and showing once what is never shown again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from camsvc.errors import CamsvcError
from camsvc.web.forms import fault
from camsvc.web.language import Language
from camsvc.web.markup import button, icon, tag


def ask(
    say: Language, title: str, text: str, do: str, done: Callable[[], Awaitable[None]], *, grave: bool = True
) -> None:
    """A dialog; ``done`` runs when its button ``do`` is pressed. What it raises is said."""
    with (
        ui.dialog(value=True) as dialog,
        tag("div", "cam-dialog cam-ask", role="alertdialog", aria_label=title),
    ):
        dialog.on("hide", dialog.delete)
        tag("h2", "", title)
        tag("p", "", text)

        async def go() -> None:
            dialog.close()
            try:
                await done()
            except CamsvcError as error:
                ui.notify(fault(say, error), type="negative", multi_line=True)

        with tag("div", "cam-ask__end"):
            button(say("ask.no"), autofocus=True).on("click", dialog.close)
            button(do, f"cam-btn {'cam-btn--grave' if grave else 'cam-btn--main'}", data_test="do").on("click", go)


def show_once(say: Language, title: str, text: str, secret: str, *, then: Callable[[], object] = lambda: None) -> None:
    """A secret to copy. The dialog closes only by its button; ``then`` follows."""
    with (
        ui.dialog(value=True).props("persistent") as dialog,
        tag("div", "cam-dialog cam-ask", role="dialog", aria_label=title),
    ):
        dialog.on("hide", dialog.delete)  # nothing of it stays in the page
        tag("h2", "", title)
        tag("p", "", text)
        with tag("div", "cam-secret"):
            tag("code", "cam-mono", secret, data_test="secret")
            copy = button(say("ask.copy"), "cam-btn", "content_copy", data_copy=secret, data_copied=say("ask.copied"))
            copy.props["data-test"] = "copy"

        def close() -> None:
            dialog.close()
            then()

        with tag("p", "cam-note cam-note--warn"):
            icon("visibility_off")
            tag("span", "", say("ask.once"))
        with tag("div", "cam-ask__end"):
            button(say("ask.kept"), "cam-btn cam-btn--main", data_test="kept").on("click", close)
