"""Asking before something is done, and showing once what is never shown again.

Each dialog is made anew, beside the page's content: what is done may take the part of the page away that asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from camsvc.errors import CamsvcError
from camsvc.web.components.field import Field
from camsvc.web.forms import fault
from camsvc.web.language import Language
from camsvc.web.markup import button, icon, label, tag

TYPING_PAUSE_S = 0.2
Act = Callable[[], Awaitable[str | None]]
"""What is done. Returns what hindered it, in words, or None."""


@contextmanager
def framed(title: str, role: str, classes: str) -> Iterator[ui.dialog]:
    """Open, under its title; gone from the page once it is closed."""
    with (
        ui.context.client.content,
        ui.dialog(value=True) as dialog,
        tag("div", f"cam-dialog {classes}", role=role, aria_label=title),
    ):
        dialog.on("hide", dialog.delete)
        tag("h2", "", title)
        yield dialog


@contextmanager
def asking(
    say: Language, title: str, do: str, act: Act, *, grave: bool = False, must_type: str | None = None
) -> Iterator[None]:
    """A dialog; what is made within stands above its buttons. ``act`` runs when ``do`` is pressed; the dialog
    stays as long as something hinders it, and says what.

    ``must_type``: a word that must be typed first, for what cannot be taken back.
    """
    role = "alertdialog" if grave else "dialog"
    with framed(title, role, "cam-ask cam-ask--wide") as dialog:
        yield
        typed = _must_type(say, must_type) if must_type else None
        _end(say, dialog, do, act, grave=grave, typed=typed, word=must_type)


def ask(
    say: Language, title: str, text: str, do: str, done: Callable[[], Awaitable[None]], *, grave: bool = True
) -> None:
    """``asking`` with a text alone. What ``done`` raises is said."""

    async def act() -> str | None:
        try:
            await done()
        except CamsvcError as error:
            return fault(say, error)
        return None

    with framed(title, "alertdialog", "cam-ask") as dialog:
        tag("p", "", text)
        _end(say, dialog, do, act, grave=grave)


def show_once(say: Language, title: str, text: str, secret: str, *, then: Callable[[], object] = lambda: None) -> None:
    """A secret to copy. The dialog closes only by its button; ``then`` follows."""
    with framed(title, "dialog", "cam-ask") as dialog:  # nothing of it stays in the page once it is closed
        dialog.props("persistent")
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


def _must_type(say: Language, word: str) -> Field:
    with tag("label", "cam-field"):
        tag("span", "cam-field__label", say("ask.type", word=word))
        return Field("", name="confirm", pause_s=TYPING_PAUSE_S)


def _end(
    say: Language,
    dialog: ui.dialog,
    do: str,
    act: Act,
    *,
    grave: bool,
    typed: Field | None = None,
    word: str | None = None,
) -> None:
    """What hinders it, and the two buttons."""
    with tag("p", "cam-note cam-note--bad", role="alert") as trouble:
        icon("error_outline")
        said = label("span", "", "")
    trouble.set_visibility(False)
    with tag("div", "cam-ask__end"):
        button(say("ask.no"), autofocus=typed is None).on("click", dialog.close)
        go = button(do, f"cam-btn {'cam-btn--grave' if grave else 'cam-btn--main'}", data_test="do")

    async def on_go() -> None:
        go.props("disabled")
        hindered = await act()
        if hindered is None:
            dialog.close()
            return
        said.text = hindered
        trouble.set_visibility(True)
        go.props(remove="disabled")

    go.on("click", on_go)
    if typed is not None:
        _only_when_typed(go, typed, word)


def _only_when_typed(go: Element, typed: Field, word: str | None) -> None:
    go.props("disabled")

    def on_typed(event: GenericEventArguments) -> None:
        if str(event.args).strip() == word:
            go.props(remove="disabled")
        else:
            go.props("disabled")

    typed.on("entered", on_typed)
