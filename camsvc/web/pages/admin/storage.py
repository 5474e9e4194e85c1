"""``/admin/storage``: how much is stored, how long the disk lasts, what goes next, what retention did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from nicegui import ui
from nicegui.element import Element

from camsvc.api.services import retention
from camsvc.api.services.retention import Storage
from camsvc.config import RetentionSettings
from camsvc.db.queries.storage_tallies import Tally
from camsvc.domain.retention import Run
from camsvc.errors import CamsvcError
from camsvc.storage import retention_plan
from camsvc.storage.retention_plan import Plan
from camsvc.web.markup import button, tag
from camsvc.web.pages.account import note, sheet
from camsvc.web.pages.admin.desk import desk
from camsvc.web.pages.admin.fault_list import FaultList
from camsvc.web.site import Site, SitePage
from camsvc.web.visitor import VISITOR, Visitor

_Row = tuple[str, int, int, int]
"""Name, incidents, of them with footage, its bytes."""
STYLES = ("people.css", "holds.css")
AREAS_SHOWN = 12
SOON_DAYS = 14
"""Under so many days until the disk is full somebody must act."""


def add(site: Site) -> None:
    @SitePage("/admin/storage")
    async def storage() -> None:
        await StoragePage(site, VISITOR.get()).open()


class StoragePage:
    def __init__(self, site: Site, visitor: Visitor) -> None:
        self._site = site.seen_by(visitor)
        self._visitor = visitor
        self._words = site.words(visitor)
        self._client = ui.context.client

    async def open(self) -> None:
        await self._site.lookout.now()
        say = self._words.language
        with desk(self._site, self._visitor, self._words, "storage", say("storage.title"), styles=STYLES) as middle:
            if middle is None:
                return
            with tag("div", "cam-page__head"):
                tag("h1", "", say("storage.title"))
            found = await asyncio.to_thread(retention.storage, self._site.server)
            self._alarms(found)
            await FaultList(self._site.server, self._words).build()
            self._tiles(found)
            self._policy(self._site.server.settings.retention)
            self._next()
            with tag("div", "cam-storage__two"):
                self._months(found)
                self._areas(found)
            self._runs(found.runs)

    def _alarms(self, found: Storage) -> None:
        say = self._words.language
        low = found.disk is not None and found.disk.free_bytes < found.min_free_bytes
        last = found.runs[0] if found.runs else None
        if low and last is not None and last.exhausted:
            note("error", say("storage.exhausted"), "cam-note--bad")
        elif low:
            note("warning", say("storage.pressure", least=self._words.bytes(found.min_free_bytes)), "cam-note--bad")
        elif found.lasts_days is not None and found.lasts_days < SOON_DAYS and found.is_endless:
            note("warning", say("storage.soon", days=say.number(found.lasts_days)), "cam-note--warn")
        if last is not None and last.error:
            note("error_outline", say("storage.failed", said=last.error), "cam-note--warn")
        if found.is_kept is False:
            note("gpp_maybe", say("hold.not_kept"), "cam-note--warn")

    def _tiles(self, found: Storage) -> None:
        say, words = self._words.language, self._words
        stored = sum(each.bytes for each in found.tallies)
        incidents = sum(each.incidents for each in found.tallies)
        with_footage = sum(each.with_footage for each in found.tallies)
        with tag("div", "cam-figures", data_test="figures"):
            self._figure("footage", words.bytes(stored), say.count("storage.of_incidents", with_footage))
            self._figure("incidents", say.number(incidents), self._since(found))
            self._figure("rate", words.bytes(found.bytes_per_day), say("storage.rate_of_week"))
            if found.disk is None:
                self._figure("free", "–", say("storage.elsewhere"))
                return
            total, free = found.disk.total_bytes, found.disk.free_bytes
            with self._figure("free", words.bytes(free), say("storage.of", total=words.bytes(total))):
                tag("progress", "cam-figure__bar", value=total - free, max=total, aria_label=say("storage.used"))
            days = found.lasts_days
            told = say("storage.days", n=say.number(days)) if days is not None else "–"
            self._figure("lasts", told, say("storage.lasts_hint"))

    def _figure(self, name: str, value: str, hint: str) -> Element:
        with tag("div", "cam-figure") as made:
            tag("span", "cam-figure__name", self._words.language(f"storage.{name}"))
            tag("strong", "", value)
            tag("small", "cam-soft", hint)
        return made

    def _since(self, found: Storage) -> str:
        at = min((each.counted_at for each in found.tallies), default=None)
        say = self._words.language
        return say("storage.counted", at=self._words.wall.date_clock(at)) if at else say("storage.not_counted")

    def _policy(self, settings: RetentionSettings) -> None:
        say = self._words.language
        directory = self._site.lookout.last.directory
        with sheet(say("storage.policy"), "rule"), tag("div"):
            with tag("dl", "cam-facts"):
                self._fact("footage_goes", self._days(settings.days))
                if settings.alarm_days is not None:
                    self._fact("alarms_go", self._days(settings.alarm_days))
                self._fact("index_goes", self._days(settings.index_days, "for_ever"))
                for each in settings.overrides:
                    name = directory.area_trail(each.area) if each.area else directory.camera_name(each.camera or "")
                    tag("dt", "", name)
                    told = self._days(each.days)
                    if each.alarm_days is not None:
                        told = say("storage.apart", days=told, alarms=self._days(each.alarm_days))
                    tag("dd", "", told)
            tag("p", "cam-soft", say("storage.policy_hint"))

    def _fact(self, name: str, value: str) -> None:
        tag("dt", "", self._words.language(f"storage.{name}"))
        tag("dd", "", value)

    def _days(self, days: int | None, otherwise: str = "never") -> str:
        say = self._words.language
        return say("storage.after", n=say.number(days)) if days is not None else say(f"storage.{otherwise}")

    def _next(self) -> None:
        """Counted when asked for: it may read much of the index."""
        say = self._words.language
        with sheet(say("storage.next"), "auto_delete") as head:
            with head:
                made = button(say("storage.look"), "cam-btn cam-btn--small", "search", data_test="plan")
            place = tag("div", "", data_test="planned")
            with place:
                tag("p", "cam-soft", say("storage.next_hint"))

        async def look() -> None:
            made.props("disabled")
            try:
                found = await asyncio.to_thread(self._plan)
            except CamsvcError as error:
                found = None
                ui.notify(str(error), type="negative")
            made.props(remove="disabled")
            if found is not None and not self._client.is_deleted:
                place.clear()
                with place:
                    self._planned(found)

        made.on("click", look)

    def _plan(self) -> Plan:
        server = self._site.server
        policy, least = server.settings.retention.to_domain(), server.settings.retention.min_free_bytes
        return retention_plan.plan(server.database, policy, least, server.clock, retention.disk_of(server.settings))

    def _planned(self, found: Plan) -> None:
        say, words = self._words.language, self._words
        going = [each for each in found.footage if each.incidents or each.held]
        months = [each for each in found.months if each.incidents or each.held]
        if not going and not months:
            tag("p", "", say("storage.nothing_goes"))
        for each in going:
            what = say("storage.for_room") if each.days is None else say("storage.past", n=say.number(each.days))
            told = say("storage.would_go", n=say.number(each.incidents), size=words.bytes(each.bytes))
            if each.held:
                told += " " + say("storage.held_stay", n=say.number(each.held))
            tag("p", "", f"{what}: {told}")
        for month in months:
            name = month.name.removeprefix("incidents_").replace("_", "-")
            gone = say("storage.month_goes", n=say.number(month.incidents - month.held))
            held = " " + say("storage.held_stay", n=say.number(month.held)) if month.held else ""
            tag("p", "", f"{name}: {gone}{held}")
        if found.left:
            tag("p", "cam-soft", say("storage.left", n=say.number(found.left)))

    def _months(self, found: Storage) -> None:
        sums = _sums(found.tallies, lambda each: f"{each.month:%Y-%m}")
        self._table("by_month", "calendar_month", [row for row in sorted(sums, reverse=True) if row[1]])

    def _areas(self, found: Storage) -> None:
        say, directory = self._words.language, self._site.lookout.last.directory
        ranked = sorted(_sums(found.tallies, lambda each: each.area), key=lambda row: (-row[3], -row[1], row[0]))
        shown = [(directory.area_trail(row[0]), row[1], row[2], row[3]) for row in ranked[:AREAS_SHOWN]]
        if others := ranked[AREAS_SHOWN:]:
            name = say("storage.more_areas", n=say.number(len(others)))
            shown.append(_total(name, others))
        self._table("by_area", "account_tree", shown)

    def _table(self, key: str, sign: str, rows: Sequence[_Row]) -> None:
        say, words = self._words.language, self._words
        largest = max((row[3] for row in rows), default=0)
        with sheet(say(f"storage.{key}"), sign), tag("div", "cam-wide"):
            if not rows:
                tag("p", "cam-soft", say("storage.not_counted"))
                return
            with tag("table", "cam-rows", data_test=key):
                with tag("thead"), tag("tr"):
                    for name in ("name", "incidents", "with_footage", "size"):
                        classes = "" if name == "name" else "cam-rows__end"
                        tag("th", classes, "" if name == "name" else say(f"storage.{name}"), scope="col")
                with tag("tbody"):
                    for name, incidents, with_footage, size in rows:
                        with tag("tr"):
                            with tag("td"):
                                tag("span", "", name)
                                tag("meter", "cam-share", value=size, max=max(largest, 1), aria_hidden="true")
                            tag("td", "cam-rows__end cam-num", say.number(incidents))
                            tag("td", "cam-rows__end cam-num", say.number(with_footage))
                            tag("td", "cam-rows__end cam-num", words.bytes(size))

    def _runs(self, runs: Sequence[Run]) -> None:
        say, words = self._words.language, self._words
        with sheet(say("storage.runs"), "history"), tag("div", "cam-wide"):
            if not runs:
                tag("p", "cam-soft", say("storage.no_runs"))
                return
            with tag("table", "cam-rows", data_test="runs"):
                with tag("thead"), tag("tr"):
                    for name in ("began", "gave_way", "files", "size", "left_months", "outcome"):
                        tag("th", "", say(f"storage.{name}"), scope="col")
                with tag("tbody"):
                    for run in runs:
                        with tag("tr"):
                            tag("td", "cam-num", words.wall.date_clock(run.started_at))
                            tag("td", "cam-num", say.number(run.incidents))
                            tag("td", "cam-num", say.number(run.files))
                            tag("td", "cam-num", words.bytes(run.bytes))
                            tag("td", "cam-num", say.number(run.months))
                            tag("td", "", self._outcome(run))

    def _outcome(self, run: Run) -> str:
        say = self._words.language
        if run.error:
            return run.error
        if run.ended_at is None:
            return say("storage.goes_on")
        told = [say("storage.exhausted_short")] if run.exhausted else []
        told += [say("storage.for_room")] if run.pressure else []
        told += [say("storage.left", n=say.number(run.left))] if run.left else []
        return ", ".join(told) or say("storage.done")


def _sums(tallies: Iterable[Tally], of: Callable[[Tally], str]) -> list[_Row]:
    found: dict[str, _Row] = {}
    for each in tallies:
        name = of(each)
        _, incidents, with_footage, size = found.get(name, (name, 0, 0, 0))
        found[name] = (name, incidents + each.incidents, with_footage + each.with_footage, size + each.bytes)
    return list(found.values())


def _total(name: str, rows: Sequence[_Row]) -> _Row:
    return name, sum(row[1] for row in rows), sum(row[2] for row in rows), sum(row[3] for row in rows)
