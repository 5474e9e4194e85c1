"""``/admin/audit``: who did what, found, unfolded, taken along, and proved."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode
from uuid import UUID

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments
from starlette.requests import Request

from camsvc.api.errors import BusyError
from camsvc.api.services import records
from camsvc.db.audit_proof import Verdict
from camsvc.db.queries.audit import Wanted
from camsvc.domain.audit import Head, Kind, Outcome, Record
from camsvc.errors import CamsvcError, InputError
from camsvc.web.components.reached import Reached
from camsvc.web.fields import FieldError
from camsvc.web.forms import Form, Told, choice, entry, fault, one, submit
from camsvc.web.language import Language
from camsvc.web.markup import button, icon, label, tag
from camsvc.web.pages.account import note, sheet
from camsvc.web.pages.admin.desk import desk
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor

PAGE = 100
PROGRESS_S = 0.5
FIELDS = ("user", "kind", "outcome", "from", "to", "camera", "incident", "case")
"""Conditions, as the page's address and REST name them."""


STYLES = ("people.css",)


def add(site: Site) -> None:
    @SitePage("/admin/audit")
    async def audit(request: Request) -> None:
        await AuditPage(site, VISITOR.get()).open({name: request.query_params.get(name, "") for name in FIELDS})


class AuditPage:
    def __init__(self, site: Site, visitor: Visitor) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client
        self._given: dict[str, str] = {}
        self._wanted = Wanted()
        self._before: int | None = None
        self._search = 0

    async def open(self, given: Mapping[str, str]) -> None:
        await self._site.lookout.now()
        say = self._words.language
        with desk(self._site, self._visitor, self._words, "audit", say("audit.title"), styles=STYLES) as middle:
            if middle is None:
                return
            with tag("div", "cam-audit"):
                tag("h1", "", say("audit.title"))
                Proof(self._site, self._visitor, say).build()
                with tag("section", "cam-sheet", aria_label=say("audit.records")):
                    self._build_filter(given)
                    self._list = tag("div", "", data_test="records")
                    self._end = tag("div")
            try:
                await self._show(dict(given))
            except CamsvcError as error:
                self._form.refuse(fault(say, error))

    def _build_filter(self, given: Mapping[str, str]) -> None:
        say = self._words.language
        any_ = {"": say("audit.any")}
        self._form = Form(say, "", self._find, live="chosen", role="search", data_test="filter")
        with self._form:
            with tag("div", "cam-audit__filter"):
                hint = say("audit.time_hint")
                entry(say("audit.from"), "from", given["from"], hint)
                entry(say("audit.to"), "to", given["to"], hint)
                entry(say("audit.user"), "user", given["user"])
                kinds = {each.value: say(f"audit.kind.{each.value}") for each in Kind}
                choice(say("audit.kind_label"), "kind", any_ | kinds, given["kind"])
                outcomes = {each.value: say(f"audit.outcome.{each.value}") for each in Outcome}
                choice(say("audit.outcome_label"), "outcome", any_ | outcomes, given["outcome"])
                entry(say("audit.camera"), "camera", given["camera"])
                entry(say("audit.incident"), "incident", given["incident"])
                entry(say("audit.case"), "case", given["case"])
            with tag("div", "cam-page__head"):
                submit(say("audit.find"), "search", "cam-btn")
                tag("span", "cam-header__space")
                self._files = tag("span", "cam-page__head")

    async def _find(self, told: Told) -> None:
        given = {name: one(told, name) for name in FIELDS}
        if given != self._given:
            await self._show(given)
            query = urlencode({name: value for name, value in given.items() if value})
            path = f"/admin/audit{f'?{query}' if query else ''}"
            ui.run_javascript(f"camAddress({json.dumps(path)}, true)")

    async def _show(self, given: dict[str, str]) -> None:
        """Raises InputError for what cannot be read as a condition."""
        self._wanted, self._given, self._before = self._read_conditions(given), given, None
        self._search += 1
        found = await self._read()
        if found is None:
            return
        self._list.clear()
        self._append(found)
        if not found:
            with self._list:
                tag("p", "cam-soft", self._words.language("audit.none"))
        self._show_files()

    def _read_conditions(self, given: Mapping[str, str]) -> Wanted:
        now = self._site.server.clock.now()
        try:
            from_ = self._words.wall.read(given["from"], "from", now)
            to = self._words.wall.read(given["to"], "to", now)
        except FieldError as error:
            raise InputError("no time", parameter=error.parameter) from error
        try:
            incident = UUID(given["incident"]) if given["incident"] else None
        except ValueError as error:
            raise InputError("no id", parameter="incident") from error
        return Wanted(
            given["user"].lower() or None,
            given["camera"] or None,
            incident,
            Kind(given["kind"]) if given["kind"] in set(Kind) else None,
            Outcome(given["outcome"]) if given["outcome"] in set(Outcome) else None,
            from_,
            to,
            given["case"] or None,
        )

    def _show_files(self) -> None:
        """Links that take along what was found."""
        say = self._words.language
        query = records.wanted_json(self._wanted)
        self._files.clear()
        with self._files:
            for form, name in (("csv", "CSV"), ("jsonl", "JSON")):
                address = urlencode({**query, "format": form})
                with tag("a", "cam-btn", href=f"/api/v1/audit?{address}", download=f"audit.{form}"):
                    icon("download")
                    tag("span", "", say("audit.take", form=name))

    async def _more(self, _: GenericEventArguments) -> None:
        if (found := await self._read()) is not None:
            self._append(found)

    async def _read(self) -> Sequence[Record] | None:
        """None: something else is asked for by now."""
        search, visitor = self._search, self._visitor
        found, before = await asyncio.to_thread(
            records.entries,
            self._site.server,
            visitor.user,
            self._wanted,
            limit=PAGE,
            before=self._before,
            source=visitor.source,
        )
        if search != self._search:
            return None
        self._before = before
        return found

    def _append(self, found: Sequence[Record]) -> None:
        with self._list:
            for each in found:
                self._record(each)
        self._end.clear()
        if self._before is not None:
            with self._end, Reached().on("reached", self._more):
                tag("span", "", self._words.language("users.more"))

    def _record(self, record: Record) -> None:
        say, wall, deed = self._words.language, self._words.wall, record.deed
        directory = self._site.lookout.last.directory
        outcome = str(deed.outcome)
        with tag("details", f"cam-deed cam-deed--{outcome}", data_seq=record.seq):
            with tag("summary"):
                tag("span", "cam-num cam-soft", str(record.seq))
                tag("span", "cam-num", wall.date_clock(record.at), title=wall.utc(record.at))
                tag("span", "", deed.user_name or say("audit.system"))
                what = say.known("deed", deed.what.replace(".", "_").replace("-", "_"))
                told = what if outcome == Outcome.ALLOWED else f"{what} · {say.known('audit.outcome', outcome)}"
                tag("span", "", told, title=deed.what)
                where = directory.camera_name(deed.camera) if deed.camera else None
                tag("span", "cam-soft", where or (directory.area_trail(deed.area) if deed.area else ""))
            with tag("div", "cam-deed__all"):
                self._unfolded(record)

    def _unfolded(self, record: Record) -> None:
        say, deed = self._words.language, record.deed
        area = self._site.lookout.last.directory.area_trail(deed.area) if deed.area else None
        with tag("dl", "cam-facts"):
            for name, value in (
                ("user", deed.user_name),
                ("source", deed.source),
                ("camera", deed.camera),
                ("area", area),
                ("purpose", deed.purpose),
                ("case", deed.case_number),
            ):
                if value:
                    tag("dt", "", say(f"audit.{name}"))
                    tag("dd", "", value)
            if deed.incident:
                tag("dt", "", say("audit.incident"))
                with tag("dd"):
                    tag("a", "cam-mono", str(deed.incident), href=f"/incidents/{deed.incident}")
            tag("dt", "", say("audit.hash"))
            tag("dd", "cam-mono", record.hash.hex())
        if deed.details:
            tag("pre", "", json.dumps(deed.details, ensure_ascii=False, indent=2, sort_keys=True))


class Proof:
    """The button that proves the chain, how far it is, what it found; and the head to keep elsewhere."""

    def __init__(self, site: Site, visitor: Visitor, say: Language) -> None:
        self._site = site
        self._visitor = visitor
        self._say = say
        self._proved = 0

    def build(self) -> None:
        say = self._say
        with sheet(say("audit.proof"), "link"):
            tag("p", "cam-soft", say("audit.proof_hint"))
            form = Form(say, "cam-columns", self._prove, data_test="proof")
            with form:
                entry(say("audit.anchor"), "anchor", hint=say("audit.anchor_hint"), maxlength=120, spellcheck="false")
                self._button = submit(say("audit.verify"), "verified", "cam-btn", data_test="verify")
            self._form = form
            self._told = tag("div", "cam-proof", role="status", data_test="verdict")

    async def _prove(self, told: Told) -> None:
        say, visitor = self._say, self._visitor
        anchor = None
        if text := one(told, "anchor"):
            try:
                anchor = Head.parse(text)
            except ValueError:
                self._form.refuse(say("audit.anchor_wrong"))
                return
        self._proved = 0
        self._told.clear()
        with self._told:
            running = label("span", "cam-soft", say("audit.proving", n=say.number(0)))
            timer = ui.timer(PROGRESS_S, lambda: self._tell(running))
        self._button.props["disabled"] = True
        try:
            verdict = await asyncio.to_thread(
                records.verify, self._site.server, visitor.user, anchor, progress=self._note, source=visitor.source
            )
        except BusyError:
            self._form.refuse(say("audit.proof_busy"))
            self._told.clear()
            return
        finally:
            timer.cancel()
            del self._button.props["disabled"]
        self._told.clear()
        with self._told:
            self._verdict(verdict, anchor)

    def _note(self, proved: int) -> None:
        """From the thread that proves."""
        self._proved = proved

    def _tell(self, running: TextElement) -> None:
        running.text = self._say("audit.proving", n=self._say.number(self._proved))

    def _verdict(self, verdict: Verdict, anchor: Head | None) -> None:
        say = self._say
        if verdict.broken is None:
            key = "audit.whole_anchored" if anchor else "audit.whole"
            note("verified", say(key, n=say.number(verdict.records)), "cam-note--live")
            tag("span", "cam-soft", say("audit.keep"))
            tag("code", "cam-mono", str(verdict.head), data_test="head")
            button(
                say("ask.copy"),
                "cam-btn cam-btn--small",
                "content_copy",
                data_copy=str(verdict.head),
                data_copied=say("ask.copied"),
            )
            return
        broken = verdict.broken
        text = say(f"audit.fault.{broken.fault.value}", n=say.number(broken.seq))
        note("gpp_bad", text, "cam-note--bad").props["title"] = broken.detail
        tag("span", "cam-soft", say("audit.proved_before", n=say.number(verdict.records)))
