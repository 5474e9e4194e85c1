"""Plain HTML elements on a page. Text is always set as text and values as attributes: nothing given here is parsed."""

from __future__ import annotations

from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement


def tag(name: str, classes: str = "", text: str | None = None, /, **attributes: str | bool | int) -> Element:
    """``tag("a", "cam-btn", "Open", href="/")``; ``_`` in a name stands for ``-``, and at its end for nothing."""
    made = Element(name) if text is None else TextElement(tag=name, text=text)
    if classes:
        made.classes(classes)
    for attribute, value in attributes.items():
        made.props[attribute.rstrip("_").replace("_", "-")] = value
    return made


def label(name: str, classes: str, text: str, **attributes: str | bool | int) -> TextElement:
    """A ``tag`` whose ``text`` changes later; nothing is sent where it does not."""
    made = tag(name, classes, text, **attributes)
    assert isinstance(made, TextElement)  # noqa: S101  it was made with a text
    return made


def icon(name: str) -> Element:
    """Decoration: a word stands beside it, or its button has a label."""
    return tag("i", "material-icons", name, aria_hidden="true")


def button(
    text: str, classes: str = "cam-btn", icon_name: str | None = None, **attributes: str | bool | int
) -> Element:
    made = tag("button", classes, type="button", **attributes)
    with made:
        if icon_name:
            icon(icon_name)
        tag("span", "", text)
    return made


def icon_button(
    name: str, words: str, classes: str = "cam-btn cam-btn--icon", **attributes: str | bool | int
) -> Element:
    made = tag("button", classes, type="button", title=words, aria_label=words, **attributes)
    with made:
        icon(name)
    return made
