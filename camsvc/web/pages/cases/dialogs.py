"""Dialogs of the case pages: a form over the page, with its two buttons at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from nicegui import ui

from camsvc.errors import CamsvcError
from camsvc.web.forms import Form, Told, submit
from camsvc.web.language import Language
from camsvc.web.markup import button, icon_button, tag
from camsvc.web.pages.cases.faults import fault


@contextmanager
def dialog(say: Language, title: str, hint: str = "", *, wide: bool = False) -> Iterator[ui.dialog]:
    """Open, and gone from the page once it is closed."""
    classes = "cam-dialog cam-casedialog" + (" cam-casedialog--wide" if wide else "")
    with ui.dialog(value=True) as opened, tag("div", classes, role="dialog", aria_modal="true", aria_label=title):
        opened.on("hide", opened.delete)
        with tag("div", "cam-dialog__head"):
            tag("h2", "", title)
            close = icon_button("close", say("keys.close"), "cam-btn cam-btn--quiet cam-btn--icon")
            close.on("click", opened.close)
        if hint:
            tag("p", "cam-soft", hint)
        yield opened


@contextmanager
def asking(
    say: Language,
    opened: ui.dialog,
    go: Callable[[Told], Awaitable[None]],
    do: str,
    icon_name: str,
    *,
    grave: bool = False,
    test: str = "case-do",
) -> Iterator[Form]:
    """A form that does ``go``; closes when that went well, else says what was wrong."""

    async def sent(told: Told) -> None:
        try:
            await go(told)
        except CamsvcError as error:
            form.refuse(fault(say, error))
        else:
            opened.close()

    form = Form(say, "", sent)
    with form:
        yield form
    with form.element, tag("div", "cam-casedialog__end"):
        button(say("ask.no")).on("click", opened.close)
        submit(do, icon_name, f"cam-btn {'cam-btn--grave' if grave else 'cam-btn--main'}", data_test=test)


def words_field(
    text: str, name: str, value: str = "", *, maxlength: int, required: bool = False, rows: int = 3
) -> None:
    """Several lines to type into."""
    with tag("label", "cam-field"):
        tag("span", "cam-field__label", text)
        must: dict[str, str | bool | int] = {"required": True} if required else {}
        area = tag("textarea", "cam-input cam-case__words", name=name, maxlength=maxlength, rows=rows, **must)
        if value:
            area.props["^value"] = value
