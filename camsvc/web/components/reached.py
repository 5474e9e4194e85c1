"""The end of a list that goes on."""

from __future__ import annotations

from nicegui.element import Element


class Reached(Element, component="reached.js"):
    """Emits ``reached`` when it comes near the sight. Made anew for each part of the list."""
