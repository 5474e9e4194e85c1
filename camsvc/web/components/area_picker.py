"""Choosing areas from the tree of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui.element import Element

from camsvc.web.directory import Directory
from camsvc.web.language import Language

EVERYWHERE = "*"
"""Stands for no area: no path can be it."""


class AreaPicker(Element, component="area_picker.js"):
    """Emits ``picked`` with a list of paths: one, or with ``many`` those that are ticked."""

    def __init__(
        self,
        say: Language,
        directory: Directory,
        *,
        many: bool = False,
        everywhere: bool = False,
        chosen: Sequence[str] = (),
    ) -> None:
        """``everywhere``: offer EVERYWHERE too, above the others."""
        super().__init__()
        nodes = _nodes(directory)
        if everywhere:
            nodes = [{"path": EVERYWHERE, "label": say("area_picker.everywhere")}, *nodes]
        self.props["nodes"] = nodes
        self.props["many"] = many
        self.props["initial"] = list(chosen)
        self.props["texts"] = {"find": say("area_picker.find"), "none": say("area_picker.none")}


def _nodes(directory: Directory) -> list[dict[str, Any]]:
    roots: list[dict[str, Any]] = []
    made: dict[str, dict[str, Any]] = {}
    for area in directory.areas.values():
        node: dict[str, Any] = {"path": area.path, "label": area.name, "count": area.cameras, "children": []}
        made[area.path] = node
        (made[area.parent]["children"] if area.parent in made else roots).append(node)
    return roots
