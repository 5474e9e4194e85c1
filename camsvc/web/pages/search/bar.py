"""What can be done with a search as a whole: laid out otherwise, saved, handed on, taken along."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from camsvc.db.filters import LIMIT_MAX
from camsvc.web.language import Language
from camsvc.web.markup import button, icon, icon_button, tag
from camsvc.web.view import Layout, SearchView

ICONS = {
    Layout.CARDS: "grid_view",
    Layout.TABLE: "table_rows",
    Layout.MAP: "map",
    Layout.TIMELINE: "view_timeline",
}
DOWNLOADS = {"csv": "format=csv", "geojson": f"format=geojson&limit={LIMIT_MAX}"}
"""What the REST API is asked for. GeoJSON comes a page at a time; a spreadsheet whole."""


class Bar:
    def __init__(
        self,
        say: Language,
        lay_out: Callable[[Layout], Awaitable[None]],
        save: Callable[[], None],
        help_: Callable[[], None],
    ) -> None:
        with tag("div", "cam-seg", role="group", aria_label=say("layout.label")):
            self._layouts = {}
            for number, layout in enumerate(Layout, 1):
                text = say(f"layout.{layout.value}")
                made = button(text, "", ICONS[layout], data_layout=layout.value, title=f"{text} ({number})")
                made.on("click", lambda chosen=layout: lay_out(chosen))
                self._layouts[layout] = made
        icon_button("bookmark_add", say("saved.save"), data_test="save").on("click", save)
        icon_button("link", say("link.copy"), data_copy="", data_copied=say("link.copied"))
        with tag("details", "cam-menu") as menu:
            with tag("summary", "cam-btn cam-btn--icon", title=say("download.label"), aria_label=say("download.label")):
                icon("download")
            with tag("div", "cam-menu__items"):
                self._downloads = {}
                for name in DOWNLOADS:
                    with tag("a", "", href="#", download=True, data_download=name) as link:
                        tag("span", "", say(f"download.{name}"))
                    self._downloads[name] = link
        menu.on("keydown.escape", js_handler="(e) => e.currentTarget.removeAttribute('open')")
        icon_button("keyboard", say("keys.title"), "cam-btn cam-btn--icon cam-btn--quiet").on("click", help_)

    def show(self, view: SearchView) -> None:
        for layout, made in self._layouts.items():
            made.props["aria-pressed"] = str(layout is view.layout).lower()
        query = SearchView(view.filter).query()
        for name, link in self._downloads.items():
            link.props["href"] = f"/api/v1/incidents?{query}{'&' if query else ''}{DOWNLOADS[name]}"
