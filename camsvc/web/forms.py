"""Forms of plain elements. What is being typed stays in the browser until the form is sent: a change elsewhere on the
page does not undo it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal

from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

from camsvc.api.errors import ReasonError
from camsvc.errors import CamsvcError, ConflictError, InputError
from camsvc.web.language import Language
from camsvc.web.markup import icon, label, tag

VALUE_MAX = 4000
"""Characters of one field that are looked at; the page's own fields are shorter."""
_SEND = "(event) => { event.preventDefault(); emit([...new FormData(event.target)]); }"
_SEND_LATER = """(event) => {
  clearTimeout(window.camFormTimer);
  const form = event.target.form;
  window.camFormTimer = setTimeout(() => emit([...new FormData(form)]), 300);
}"""
"""A moment after the last key: each is a query."""

Told = dict[str, list[str]]
"""What a form holds: several values for a name that several boxes have."""
Handler = Callable[[Told], Awaitable[None]]


class Form:
    """``with form:`` puts what it is made of into it. A line at its end says what is wrong, once something is."""

    def __init__(
        self,
        say: Language,
        classes: str,
        sent: Handler,
        *,
        live: Literal["typed", "chosen"] | None = None,
        **attributes: str,
    ) -> None:
        """``live``: sent also a moment after something was typed, or once a field is left or a choice made."""
        self._say = say
        self._sent = sent
        self.element = tag("form", classes, autocomplete="off", **attributes)
        self.element.on("submit", self._on_sent, js_handler=_SEND)
        if live is not None:
            self.element.on("input" if live == "typed" else "change", self._on_sent, js_handler=_SEND_LATER)
        self._fault: TextElement | None = None
        self._line: Element | None = None

    def __enter__(self) -> Form:
        self.element.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._line = tag("p", "cam-field__error", role="alert")
        with self._line:
            icon("error_outline")
            self._fault = label("span", "", "")
        self._line.set_visibility(False)
        self.element.__exit__()

    def refuse(self, text: str | None) -> None:
        """Say what is wrong; None: nothing is any more."""
        if self._fault is not None and self._line is not None:
            self._fault.text = text or ""
            self._line.set_visibility(text is not None)

    def reset(self) -> None:
        """As it was made."""
        self.element.run_method("reset")

    async def _on_sent(self, event: GenericEventArguments) -> None:
        self.refuse(None)
        try:
            await self._sent(_told(event.args))
        except CamsvcError as error:
            self.refuse(fault(self._say, error))


def entry(text: str, name: str, value: str = "", hint: str = "", **attributes: str | bool | int) -> Element:
    """A line to type into, with its label."""
    with tag("label", "cam-field") as made:
        tag("span", "cam-field__label", text)
        given: dict[str, Any] = {"^value": value, **({"placeholder": hint} if hint else {}), **attributes}
        tag("input", "", name=name, **{"type": "text", **given})
    return made


def choice(text: str, name: str, options: Mapping[str, str], chosen: str = "") -> Element:
    """One of ``options``: value and what it is called."""
    with tag("label", "cam-field") as made:
        tag("span", "cam-field__label", text)
        with tag("select", "cam-input", name=name):
            for value, called in options.items():
                tag("option", "", called, value=value, **({"^selected": ""} if value == chosen else {}))
    return made


def check(text: str, name: str, value: str = "on", hint: str = "", *, checked: bool = False) -> Element:
    with tag("label", "cam-check") as made:
        tag("input", "", type="checkbox", name=name, value=value, **({"^checked": ""} if checked else {}))
        with tag("span"):
            tag("span", "", text)
            if hint:
                tag("small", "cam-soft", hint)
    return made


def submit(text: str, icon_name: str, classes: str = "cam-btn cam-btn--main", **attributes: str) -> Element:
    with tag("button", classes, type="submit", **attributes) as made:
        icon(icon_name)
        tag("span", "", text)
    return made


def fault(say: Language, error: CamsvcError) -> str:
    """What went wrong, in the page's own language where it has words for it."""
    if isinstance(error, ReasonError):
        return say("fault.reason")
    if isinstance(error, ConflictError) and error.parameter is None:
        return say("fault.last_administrator")
    known = _KNOWN.get(error.parameter or "") if isinstance(error, InputError) else None
    if known is not None:
        known = "taken" if isinstance(error, ConflictError) else known
        return say(f"fault.{known}", said=str(error))
    return say("fault.other", said=str(error))


_PARAMETERS = (
    "name",
    "email",
    "password",
    "new",
    "area",
    "areas",
    "where",
    "actions",
    "days",
    "from",
    "to",
    "incident",
    "webhook",
    "alerts",
    "hours",
)
_KNOWN: Mapping[str, str] = {**{each: each for each in _PARAMETERS}, "password or code": "old"}
"""Parameters that ``fault.…`` has words for, and which."""


def _told(pairs: Any) -> Told:  # noqa: ANN401  a browser sends what it likes
    found: Told = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair):
            found.setdefault(pair[0], []).append(pair[1][:VALUE_MAX])
    return found


def one(told: Told, name: str) -> str:
    """The value of a field that is there once; empty where it is not."""
    return (told.get(name) or [""])[0].strip()


def several(told: Told, name: str) -> Iterable[str]:
    return told.get(name, ())
