"""On which of one's cases an incident is: on its page, with the way into another."""

from __future__ import annotations

import asyncio

from nicegui import ui

from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError
from camsvc.web.markup import button, icon, tag
from camsvc.web.pages.cases import casework, wishes
from camsvc.web.pages.cases.collecting import Collector
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words


class InCases:
    """Made where it is to stand, for one incident; ``tell`` reads how it stands. On the event loop."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, incident: Incident, collector: Collector) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._incident = incident
        self._collector = collector
        self._client = ui.context.client
        self._holder = tag("section", "cam-block", aria_label=words.language("collect.cases"), data_test="in-cases")
        self._holder.set_visibility(False)

    async def tell(self) -> None:
        if not self._collector.is_offered or self._holder.is_deleted:
            return
        try:
            found = await asyncio.to_thread(
                casework.of_incidents, self._site.server, self._visitor.user, [self._incident.id]
            )
        except CamsvcError:
            return  # the line of alarms says it; the rest of the page stands
        current = await self._collector.current()
        if self._client.is_deleted or self._holder.is_deleted:
            return
        say = self._words.language
        on = found.get(self._incident.id, ())
        self._holder.set_visibility(True)
        self._holder.clear()
        with self._holder:
            tag("h2", "", say("collect.cases"))
            if on:
                with tag("ul", "cam-incases"):
                    for case_id, number in on:
                        with tag("li"), tag("a", "", href=f"/cases/{case_id}", data_case=case_id):
                            icon("folder_special")
                            tag("span", "", number)
            else:
                tag("p", "cam-soft", say("collect.in_none"))
            with tag("div", "cam-incases__deeds"):
                if current is None or current.id not in {case_id for case_id, _ in on}:
                    told = say("collect.button_now", number=current.number) if current else say("collect.button")
                    made = button(f"{told} (c)", "cam-btn cam-btn--small", "create_new_folder", data_test="collect")
                    made.on("click", lambda: self._collector.add([wishes.of_incident(self._incident)]))
                if current is not None:
                    other = button(say("collect.choose_other"), "cam-btn cam-btn--small", "drive_file_move")
                    other.props["data-test"] = "collect-choose"
                    other.on("click", lambda: self._collector.choose([wishes.of_incident(self._incident)]))
