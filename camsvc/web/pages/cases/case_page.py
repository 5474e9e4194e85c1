"""``/cases/{id}``: one case. What is in it as a story, who is on it, whether it is held, what was said and done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments

from camsvc.api.services.cases import items as service
from camsvc.domain.case import FootageRequest
from camsvc.domain.export_job import Export
from camsvc.errors import CamsvcError, NotFoundError
from camsvc.web.components.case_items import CaseItems
from camsvc.web.components.map import Map
from camsvc.web.forms import Told, one
from camsvc.web.frame import frame
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.cases import casework, pieces
from camsvc.web.pages.cases.ask_footage import AskFootage
from camsvc.web.pages.cases.casework import COMMENT_MAX, CaseFile
from camsvc.web.pages.cases.choose_given import ChooseGiven
from camsvc.web.pages.cases.collecting import Collector
from camsvc.web.pages.cases.dialogs import asking, dialog, words_field
from camsvc.web.pages.cases.faults import fault
from camsvc.web.pages.cases.head import CaseHead
from camsvc.web.pages.cases.history import History
from camsvc.web.pages.cases.holding import CaseHold
from camsvc.web.pages.cases.notes import Notes
from camsvc.web.pages.cases.people import People
from camsvc.web.pages.cases.request_cards import RequestCards
from camsvc.web.pages.exporting import ExportDialog
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor

STYLES = ("people.css", "holds.css", "search.css", "cases.css")


class CasePage:
    def __init__(self, site: Site, visitor: Visitor, case: int) -> None:
        self._whole = site.lookout
        """Also names what lies outside of the visitor's areas and was given to the case."""
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._case = case
        self._client = ui.context.client
        self._file: CaseFile | None = None
        self._map: Map | None = None

    async def open(self) -> None:
        await self._site.lookout.now()
        say = self._words.language
        found, trouble = await self._read()
        title = f"{found.case.number} {found.case.title}".strip() if found else trouble
        with (
            frame(self._site, self._visitor, self._words, "cases", title, styles=STYLES),
            tag("div", "cam-page cam-case"),
        ):
            if found is None:
                with tag("div", "cam-empty"):
                    icon("search_off")
                    tag("h1", "", trouble)
                    tag("a", "cam-btn", say("case.all"), href="/cases")
                return
            self._file = found
            self._build(found)
        background_tasks.create(self._history.read(), name="case history")

    def _build(self, found: CaseFile) -> None:
        say, site, visitor, words = self._words.language, self._site, self._visitor, self._words
        self._collector = Collector(site, visitor, words)
        self._export_dialog = ExportDialog(site, visitor, words, self._exported)
        self._ask = AskFootage(site, visitor, words, self._again)
        take_up = self._collector.take_up
        self._head = CaseHead(site, visitor, words, changed=self._again, export=self._export, take_up=take_up)
        self._head.show(found)
        self._dialogs = tag("div")
        with tag("div", "cam-case__body"):
            with tag("div", "cam-case__main"):
                self._map_place = tag("details", "cam-case__map")
                with self._map_place:
                    with tag("summary", "", data_test="case-map"):
                        icon("map")
                        tag("span", "", say("case.map"))
                    self._map_box = tag("div", "cam-case__mapbox")
                self._map_place.on("toggle", self._on_map, js_handler="(e) => emit(e.target.open)")
                self._undo = tag("div", "", role="status", aria_live="polite")
                self._items = CaseItems(say, self._told(found), editable=found.may_change, exports=found.may_export)
                self._items.on("ask", self._on_ask)
                self._items.on("look", self._on_look)
                self._items.on("comment", self._on_comment)
                self._items.on("remove", self._on_remove)
                self._items.on("export", self._on_export)
                self._nothing = tag("div", "cam-empty cam-case__nothing")
                with self._nothing:
                    icon("create_new_folder")
                    tag("p", "", say("case.empty"))
                    tag("p", "cam-empty__said", say("case.empty_how"))
                    with tag("div", "cam-empty__cures"):
                        tag("a", "cam-btn", say("nav.incidents"), href="/incidents")
                        tag("a", "cam-btn", say("nav.live"), href="/live")
            with tag("aside", "cam-case__side", aria_label=say("case.about")):
                self._hold = CaseHold(site, visitor, words, self._again)
                self._requests = RequestCards(site, visitor, words, self._again, choose=self._choose)
                self._people = People(site, visitor, words, self._again)
                self._notes = Notes(site, visitor, words, self._again)
                self._history = History(site, visitor, words, self._case)
        self._show(found)

    def _show(self, found: CaseFile) -> None:
        items = self._told(found)
        self._items.show(items, editable=found.may_change, exports=found.may_export)
        self._items.set_visibility(bool(items))
        self._nothing.set_visibility(not items)
        self._map_place.set_visibility(bool(items))
        if self._map is not None:
            self._map.show(places=self._places(found))
        self._hold.show(found)
        self._people.show(found)
        self._notes.show(found)
        self._requests.show_of_case(found, lambda: self._ask.open(found))

    def _told(self, found: CaseFile) -> list[dict[str, object]]:
        directory = self._whole.last.directory
        return pieces.told(found.pieces, self._words, directory, may_ask=found.may_change)

    def _places(self, found: CaseFile) -> list[dict[str, object]]:
        known = [each for each in found.pieces if each.is_open]
        return pieces.on_map(known, self._words, self._whole.last.directory)

    # Reading ---------------------------------------------------------------------------------------------------

    async def _read(self) -> tuple[CaseFile | None, str]:
        server, visitor = self._site.server, self._visitor
        try:
            return (
                await asyncio.to_thread(casework.read, server, visitor.user, self._case, source=visitor.source),
                "",
            )
        except NotFoundError:
            return None, self._words.language("case.unknown")
        except CamsvcError:
            return None, self._words.language("results.away")

    async def _again(self) -> None:
        """Something was done."""
        found, trouble = await self._read()
        if self._client.is_deleted:
            return
        with self._client:
            if found is None:
                # Taken off the case, for example: nothing of it stays in sight.
                ui.notify(trouble, type="warning")
                ui.navigate.to("/cases")
                return
            self._file = found
            self._head.show(found)
            self._show(found)
        await self._history.read()

    # What the user does ----------------------------------------------------------------------------------------

    def _on_map(self, event: GenericEventArguments) -> None:
        if event.args is True and self._map is None and self._file is not None:
            with self._map_box:
                self._map = Map(self._words.language, self._site.server.settings.map, self._places(self._file))

    def _on_ask(self, event: GenericEventArguments) -> None:
        piece = self._piece(event.args)
        if piece is not None and self._file is not None:
            self._ask.open(self._file, piece)

    def _on_look(self, event: GenericEventArguments) -> None:
        """A picture, large; with all that is known of it, and its bytes as they are kept."""
        piece = self._piece(event.args)
        if piece is None or piece.picture_path is None:
            return
        say, wall, item = self._words.language, self._words.wall, piece.item
        camera = self._whole.last.directory.camera_name(item.camera)
        with self._dialogs, dialog(say, say("case.kind.snapshot"), wide=True):
            tag("img", "cam-case__picture", src=piece.picture_path, alt=camera)
            with tag("dl", "cam-facts"):
                for key, value in (
                    ("case.camera", camera),
                    ("case.moment", f"{wall.date_clock(item.from_at)}.{item.from_at.microsecond // 1000:03}"),
                    ("case.utc", wall.utc(item.from_at)),
                    ("case.sha256", item.snapshot_sha256 or "–"),
                ):
                    tag("dt", "", say(key))
                    tag("dd", "cam-hash" if key == "case.sha256" else "", value)
            with tag("div", "cam-casedialog__end"):
                name = f"{item.camera}_{item.from_at:%Y%m%dT%H%M%S}.jpg"
                with tag("a", "cam-btn", href=piece.picture_path, download=name):
                    icon("download")
                    tag("span", "", say("case.picture_download"))

    def _on_comment(self, event: GenericEventArguments) -> None:
        piece = self._piece(event.args)
        if piece is None:
            return
        say, item = self._words.language, piece.item
        with self._dialogs, dialog(say, say("case.comment_item"), say("case.comment_means")) as opened:

            async def go(told: Told) -> None:
                server, visitor = self._site.server, self._visitor
                said = one(told, "comment")
                await asyncio.to_thread(
                    service.comment, server, visitor.user, self._case, item.id, said, source=visitor.source
                )
                await self._again()

            with asking(say, opened, go, say("case.save"), "check"):
                words_field(say("collect.comment"), "comment", item.comment, maxlength=COMMENT_MAX)

    def _on_remove(self, event: GenericEventArguments) -> None:
        """Out of the case: one goes at once and can be put back, of several it is asked first."""
        chosen = self._chosen(event.args)
        if len(chosen) == 1:
            background_tasks.create(self._remove(chosen), name="remove item")
        elif chosen:
            say = self._words.language
            with (
                self._dialogs,
                dialog(say, say.count("case.remove_title", len(chosen)), say("case.remove_means")) as opened,
            ):

                async def go(_: Told) -> None:
                    await self._remove(chosen)

                with asking(say, opened, go, say("case.remove_item"), "playlist_remove", grave=True):
                    pass

    async def _remove(self, items: Sequence[int]) -> None:
        if await self._each(service.remove, items):
            self._offer_undo(items)
        await self._again()

    def _offer_undo(self, items: Sequence[int]) -> None:
        say = self._words.language
        self._undo.clear()
        with self._undo, tag("p", "cam-note cam-case__undo", data_test="removed"):
            icon("playlist_remove")
            tag("span", "", say.count("case.removed", len(items)))
            again = button(say("case.put_back"), "cam-btn cam-btn--small", "undo", data_test="put-back")
            again.on("click", lambda: self._put_back(items))

    async def _put_back(self, items: Sequence[int]) -> None:
        self._undo.clear()
        await self._each(service.restore, items)
        await self._again()

    async def _each(self, step: Callable[..., object], items: Sequence[int]) -> bool:
        """Whether it went well with all; what hinders it is said."""
        server, visitor = self._site.server, self._visitor
        try:
            for item in items:
                await asyncio.to_thread(step, server, visitor.user, self._case, item, source=visitor.source)
        except CamsvcError as error:
            with self._client:  # the button that asked for it may be gone
                ui.notify(fault(self._words.language, error), type="negative", multi_line=True)
            return False
        return True

    async def _on_export(self, event: GenericEventArguments) -> None:
        chosen = self._chosen(event.args)
        if chosen:
            await self._export(chosen)

    async def _choose(self, request: FootageRequest) -> None:
        """Of what was given for an area, what belongs to the case."""
        if self._file is not None:
            chooser = ChooseGiven(self._site, self._visitor, self._words, self._whole, self._again)
            with self._dialogs:
                await chooser.open(self._file, request)

    async def _export(self, items: Sequence[int] | None = None) -> None:
        await self._export_dialog.open(case=self._case, items=items)

    async def _exported(self, _: Export) -> None:
        """A job was begun: the case's history says so."""
        await self._history.read()

    def _piece(self, asked: object) -> casework.Piece | None:
        known = self._file.pieces if self._file else ()
        return next((each for each in known if each.item.id == asked), None)

    def _chosen(self, asked: object) -> tuple[int, ...]:
        known = {each.item.id for each in self._file.pieces} if self._file else set()
        return tuple(each for each in asked if each in known) if isinstance(asked, list) else ()
