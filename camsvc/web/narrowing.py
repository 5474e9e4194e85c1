"""Which cameras a page lists: by name, area and state, said in its link and chosen in its tools."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from nicegui.events import GenericEventArguments

from camsvc.domain.camera import CameraState
from camsvc.web.components.cameras import WORST_FIRST
from camsvc.web.components.field import Field
from camsvc.web.health import Trouble
from camsvc.web.language import Language
from camsvc.web.lookout import Snapshot
from camsvc.web.markup import icon, label, tag
from camsvc.web.words import CAMERA_ICONS

TYPING_PAUSE_S = 0.2
TEXT_MAX, AREA_MAX = 100, 500
"""Characters of what a link may ask for; longer is no name of ours."""


@dataclass(frozen=True)
class Wanted:
    """Which cameras are listed, as the link says it."""

    text: str = ""
    area: str = ""
    states: tuple[CameraState, ...] = ()
    trouble: Trouble | None = None

    def path(self, page: str) -> str:
        """The link to ``page`` with it."""
        pairs = [("q", self.text)] if self.text else []
        pairs += [("area", self.area)] if self.area else []
        pairs += [("state", state.value) for state in self.states]
        pairs += [("trouble", self.trouble.value)] if self.trouble else []
        return f"{page}?{urlencode(pairs, safe='/')}" if pairs else page

    @classmethod
    def of(cls, query: str) -> Wanted:
        """What a link does not say rightly is no condition: the list shows in its fields what it is narrowed to."""
        pairs = parse_qsl(query)
        last = dict(pairs)
        states = dict.fromkeys(value for name, value in pairs if name == "state" and value in set(CameraState))
        trouble = next((each for each in Trouble if each.value == last.get("trouble")), None)
        chosen = tuple(CameraState(each) for each in states)
        return cls(last.get("q", "")[:TEXT_MAX], last.get("area", "")[:AREA_MAX], chosen, trouble)

    def fits(self, camera: str, snapshot: Snapshot) -> bool:
        entry, status = snapshot.directory.cameras[camera], snapshot.statuses[camera]
        if self.states and status.state not in self.states:
            return False
        if self.area and not f"{entry.area}/".startswith(f"{self.area}/"):
            return False
        searched = plain(f"{entry.name} {entry.id} {snapshot.directory.area_trail(entry.area)}")
        return all(word in searched for word in plain(self.text).split())


def plain(text: str) -> str:
    """Without case and diacritics: ``bac ninh`` finds ``Bắc Ninh``."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(each for each in decomposed if not unicodedata.combining(each))


class Narrowing:
    """Its tools. ``narrow`` is called with what is wanted from now on; ``show`` says how many cameras are how."""

    def __init__(self, say: Language, wanted: Wanted, narrow: Callable[[Wanted], None]) -> None:
        self._say = say
        self._wanted = wanted
        self._narrow = narrow

    def build_place(self, snapshot: Snapshot) -> None:
        """The fields for name and area, where it is called."""
        say = self._say
        self._search = Field(self._wanted.text, name="search", hint=say("cameras.search"), pause_s=TYPING_PAUSE_S)
        self._search.classes("cam-input").props["aria-label"] = say("cameras.search")
        self._search.on("entered", self._on_text)
        with tag("select", "cam-input", aria_label=say("cameras.area"), style="max-width:190px") as areas:
            tag("option", "", say("cameras.all_areas"), value="")
            for area in snapshot.directory.areas.values():
                indent = "\u2003" * area.path.count("/")
                tag("option", "", f"{indent}{area.name}", value=area.path, selected=area.path == self._wanted.area)
        areas.on("change", self._on_area, js_handler="(e) => emit(e.target.value)")

    def build_states(self) -> None:
        """The chips of states, where it is called."""
        with tag("div", "cam-chips", role="group", aria_label=self._say("cameras.states")):
            self._chips = {}
            for state in WORST_FIRST:
                chip = tag("button", "cam-chip", type="button", data_state=state.value)
                with chip:
                    icon(CAMERA_ICONS[state])
                    count = label("span", "", "")
                chip.on("click", lambda chosen=state: self._on_state(chosen))
                self._chips[state] = (chip, count)

    def show(self, wanted: Wanted, states: Collection[CameraState]) -> None:
        """``states``: of all cameras that could be listed."""
        self._wanted = wanted
        self._search.fill(wanted.text)
        for state, (chip, count) in self._chips.items():
            number = sum(each is state for each in states)
            count.text = f"{self._say(f'camera_state.{state.value}')} {number}"
            chip.props["aria-pressed"] = str(state in wanted.states).lower()
            chip.set_visibility(number > 0 or state in wanted.states)

    def _on_text(self, event: GenericEventArguments) -> None:
        self._narrow(replace(self._wanted, text=str(event.args)[:TEXT_MAX]))

    def _on_area(self, event: GenericEventArguments) -> None:
        self._narrow(replace(self._wanted, area=str(event.args)[:AREA_MAX]))

    def _on_state(self, state: CameraState) -> None:
        chosen = tuple(each for each in WORST_FIRST if (each in self._wanted.states) != (each is state))
        self._narrow(replace(self._wanted, states=chosen))
