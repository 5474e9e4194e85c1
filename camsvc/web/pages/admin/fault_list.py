"""Stored footage that is not what was recorded, for administrators: part of the page about the storage."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from camsvc.api.context import Server
from camsvc.db.queries import faults as rows
from camsvc.domain.fault import Fault, FaultKind
from camsvc.web.markup import tag
from camsvc.web.pages.account import note, sheet
from camsvc.web.pages.faults import file_name
from camsvc.web.words import FAULT_ICONS, Words

SHOWN_MAX = 200
"""``camsvc fsck`` prints all."""
_COLUMNS = ("found", "what", "incident", "file_column", "detail")


class FaultList:
    def __init__(self, server: Server, words: Words) -> None:
        self._server = server
        self._words = words

    async def build(self) -> None:
        """Here. Raises DatabaseUnavailableError."""
        found, counts = await asyncio.to_thread(self._read)
        say = self._words.language
        with sheet(say("integrity.all"), "gpp_bad"), tag("div", "cam-wide", id="faults", data_test="fault-list"):
            if not found:
                tag("p", "cam-soft", say("integrity.none"))
                return
            told = [
                f"{say.number(counts[each])} {say(f'integrity.count.{each.value}')}" for each in counts if counts[each]
            ]
            note("gpp_bad", ", ".join(told), "cam-note--bad")
            self._table(found)
            if sum(counts.values()) > len(found):
                tag("p", "cam-soft", say("integrity.more", n=say.number(len(found))))

    def _read(self) -> tuple[list[Fault], dict[FaultKind, int]]:
        with self._server.database.session() as session:
            return rows.latest(session, SHOWN_MAX), rows.counts(session)

    def _table(self, found: Sequence[Fault]) -> None:
        say, words = self._words.language, self._words
        with tag("table", "cam-rows"):
            with tag("thead"), tag("tr"):
                for name in _COLUMNS:
                    tag("th", "", say(f"integrity.{name}"), scope="col")
            with tag("tbody"):
                for each in found:
                    with tag("tr"):
                        with tag("td"):
                            tag("span", "cam-num", words.wall.date_clock(each.found_at))
                            tag("br")
                            tag("small", "cam-soft", say(f"integrity.by.{each.found_by.value}"))
                        with tag("td", "cam-num"):
                            tag("i", "material-icons", FAULT_ICONS[each.what], aria_hidden="true")
                            tag("span", "", f" {say(f'integrity.count.{each.what.value}')}")
                        with tag("td", "cam-num"):
                            if each.incident is not None:
                                tag("a", "", str(each.incident)[-8:], href=f"/incidents/{each.incident}")
                        tag("td", "", file_name(each.key, words), title=each.key)
                        tag("td", "cam-soft", each.detail)
