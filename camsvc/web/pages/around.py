"""Under the player of an incident: the cameras around it, what each saw just before and after, and their clips beside
the player in step with it. Who goes on from one of them to the next follows somebody; the way back stays in sight."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from camsvc.api.services import around as service
from camsvc.api.services import holds
from camsvc.domain.account import Action
from camsvc.domain.coverage import Coverage
from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError
from camsvc.web import places
from camsvc.web.components.companion import Companion
from camsvc.web.components.map import Map
from camsvc.web.components.player import Player, api_path
from camsvc.web.frame import add_styles
from camsvc.web.markup import button, icon, icon_button, tag
from camsvc.web.pages.cases import wishes
from camsvc.web.pages.cases.collecting import Collector
from camsvc.web.pages.cases.wishes import Wish
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

BESIDE_MAX = 3
"""Clips beside the player: more are too small to recognise anybody, and too much for a thin line."""
SPANS_S = (60, 120, 300, 900)
RADII_M = (250, 500, 1000, 2000, 5000)
SEEN_MAX = 8
"""Incidents of one camera that are offered; who wants more searches."""
TRAIL_MAX = 12
TRANSPORT = "incident"
"""By which the player and those beside it share the moment; a page shows one incident."""


@dataclass(frozen=True)
class Step:
    incident: str
    said: str


class Around:
    """``build`` makes its place once, ``show`` fills it for an incident. ``go``: to another incident."""

    def __init__(
        self,
        site: Site,
        visitor: Visitor,
        words: Words,
        *,
        go: Callable[[str], Awaitable[None]],
        collector: Collector,
    ) -> None:
        self._collector = collector
        self._site = site
        self._visitor = visitor
        self._words = words
        self._go = go
        self._client = ui.context.client
        self._incident: Incident | None = None
        self._player: Player | None = None
        self._found: service.Surroundings | None = None
        self._held: set[UUID] = set()
        """Of what was found."""
        self._boxes: dict[str, Element] = {}
        self._chosen: list[str] = []
        """Cameras whose clips are wanted beside the player, the longest wanted first."""
        self._is_beside = False
        self._span_s, self._radius_m = int(service.BEFORE_S), int(service.RADIUS_M)
        self._trail: list[Step] = []
        self._attempt = 0
        add_styles("around.css")

    def build(self, player: Player | None, beside: Element) -> None:
        """Where the page has room for it. ``beside``: where the clips go."""
        self._player, self._beside = player, beside
        self._beside.set_visibility(False)
        say = self._words.language
        with tag("section", "cam-near", aria_label=say("around.label")):
            with tag("div", "cam-near__bar"):
                tag("h2", "", say("around.title"))
                self._steps = tag("nav", "cam-near__trail", aria_label=say("around.trail"))
                tag("span", "cam-header__space")
                self._choice("around.span", SPANS_S, self._span_s, self._words.roughly, self._on_span)
                self._choice("around.radius", RADII_M, self._radius_m, self._metres, self._on_radius)
                self._toggle = button(f"{say('around.beside')} (n)", "cam-btn", "view_sidebar", data_test="beside")
                self._toggle.on("click", self.toggle)
                self._toggle.props["disabled"] = True
            self._body = tag("div", "cam-near__body")

    async def show(self, incident: Incident) -> None:
        """Reads what is around; while it does, and where nothing is, says so."""
        self._take_step(incident)
        self._incident, self._chosen = incident, []
        self._draw_trail()
        await self._read()

    async def toggle(self) -> None:
        """The clips beside the player, or the player alone."""
        if self._player is None or not self._playable():
            return
        self._is_beside = not self._is_beside
        self._draw_beside()

    # Reading -------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        incident = self._incident
        if incident is None:
            return
        self._attempt += 1
        attempt, trouble = self._attempt, ""
        self._say("hourglass_empty", self._words.language("around.reading"))
        found: service.Surroundings | None = None
        held: set[UUID] = set()
        try:
            found = await asyncio.to_thread(
                service.around,
                self._site.server,
                self._visitor.user,
                incident.id,
                before_s=self._span_s,
                after_s=self._span_s,
                radius_m=self._radius_m,
                source=self._visitor.source,
            )
            seen = [each for camera in found.cameras for each in camera.incidents]
            held = await asyncio.to_thread(holds.held_among, self._site.server, seen)
        except CamsvcError:
            trouble = self._words.language("results.away")
        if attempt != self._attempt or self._client.is_deleted:
            return
        self._found, self._held = found, held
        if found is None:
            self._say("error_outline", trouble)
        else:
            self._draw(incident, found)

    async def _on_span(self, event: GenericEventArguments) -> None:
        if event.args in map(str, SPANS_S):
            self._span_s = int(event.args)
            await self._read()

    async def _on_radius(self, event: GenericEventArguments) -> None:
        if event.args in map(str, RADII_M):
            self._radius_m = int(event.args)
            await self._read()

    # The trail -----------------------------------------------------------------------------------------------

    def _take_step(self, incident: Incident) -> None:
        """Who went on from a neighbour comes from where they were; who came otherwise begins anew."""
        asked = str(incident.id)
        before = self._incident
        known = [step.incident for step in self._trail]
        if asked in known:
            del self._trail[known.index(asked) :]
        elif before is not None and str(before.id) != asked:
            neighbour = self._found and any(
                asked == str(each.id) for camera in self._found.cameras for each in camera.incidents
            )
            if neighbour:
                self._trail = [*self._trail, self._step(before)][-TRAIL_MAX:]
            else:
                self._trail = []

    def _step(self, incident: Incident) -> Step:
        camera = self._site.lookout.last.directory.camera_name(incident.camera)
        return Step(str(incident.id), f"{camera} {self._words.wall.clock(incident.started_at)}")

    def _draw_trail(self) -> None:
        self._steps.clear()
        self._steps.set_visibility(bool(self._trail))
        if self._incident is None:
            return
        with self._steps, tag("ol"):
            for step in self._trail:
                with tag("li"):
                    made = button(step.said, "cam-near__step", data_step=step.incident)
                    made.on("click", lambda target=step.incident: self._go(target))
            tag("li", "", self._step(self._incident).said, aria_current="step")
        if self._trail and self._collector.is_offered:
            with self._steps:
                number = self._words.language.number(len(self._trail) + 1)
                whole = self._words.language("collect.whole_trail", n=number)
                made = button(whole, "cam-btn cam-btn--small", "create_new_folder", data_test="collect-trail")
                made.on("click", self._collect_trail)

    async def _collect_trail(self) -> None:
        """All that was gone through, and what is seen now."""
        if self._incident is not None:
            way = [Wish(incident=UUID(step.incident)) for step in self._trail]
            await self._collector.add([*way, wishes.of_incident(self._incident)])

    # Drawing -------------------------------------------------------------------------------------------------

    def _say(self, icon_name: str, text: str) -> None:
        self._body.clear()
        with self._body, tag("p", "cam-near__said", role="status"):
            icon(icon_name)
            tag("span", "", text)

    def _draw(self, incident: Incident, found: service.Surroundings) -> None:
        say = self._words.language
        self._boxes = {}
        playable = {each.camera for each in self._playable()}
        self._toggle.props["disabled"] = self._player is None or not playable
        self._body.clear()
        if not found.cameras:
            self._say("videocam_off", say("around.nobody" if incident.location else "around.no_place"))
        else:
            with self._body:
                self._draw_map(incident, found)
                with tag("ol", "cam-near__cameras"):
                    for nearby in sorted(found.cameras, key=lambda each: not each.incidents):
                        self._draw_camera(incident, nearby, playable=nearby.camera in playable)
                    if not found.is_whole:
                        tag("li", "cam-near__more cam-soft", say("around.not_all"))
        if self._is_beside and not playable:
            self._is_beside = False
        self._draw_beside()

    def _draw_map(self, incident: Incident, found: service.Surroundings) -> None:
        directory = self._site.lookout.last.directory
        here = incident.location
        if here is None:
            return
        own = places.place(incident.camera, here, directory.camera_name(incident.camera), [])
        around = [
            places.place(each.camera, each.location, each.name, [self._away(each)])
            | ({"state": "found", "count": str(len(each.incidents)), "rank": 500} if each.incidents else {})
            for each in found.cameras
        ]
        with tag("div", "cam-near__map"):
            shown = [own | {"state": "here", "icon": "place", "rank": 900}, *around]
            drawn = Map(self._words.language, self._site.server.settings.map, shown, selected=incident.camera)
        drawn.on("pick", lambda event: self._client.run_javascript(f"{_FOCUS}({str(event.args)!r})"))

    def _draw_camera(self, incident: Incident, nearby: service.Nearby, *, playable: bool) -> None:
        say = self._words.language
        with tag("li", "cam-near__camera", data_near=nearby.camera):
            with tag("label", "cam-near__name", title=nearby.name):
                if playable and self._player is not None:
                    box = tag("input", "", type="checkbox", data_beside=nearby.camera, title=say("around.beside_this"))
                    box.on(
                        "change",
                        lambda event, camera=nearby.camera: self._on_choose(camera, event.args is True),
                        js_handler="(e) => emit(e.target.checked)",
                    )
                    self._boxes[nearby.camera] = box
                tag("span", "", nearby.name)
            with tag("span", "cam-near__where cam-soft"):
                turned = f"transform:rotate({nearby.bearing_deg:.0f}deg)"
                tag("i", "material-icons", "navigation", aria_hidden="true", style=turned)
                tag("span", "", self._away(nearby))
                if nearby.sees:
                    seen = say("around.sees")
                    tag("i", "material-icons cam-near__sees", "visibility", title=seen, aria_label=seen, role="img")
            if nearby.incidents:
                self._draw_incidents(incident, nearby.incidents)
            else:
                with tag("span", "cam-near__nothing"):
                    tag("span", "", say("around.nothing"))
            self._draw_missing(nearby)

    def _draw_incidents(self, incident: Incident, seen: Sequence[Incident]) -> None:
        """The nearest in time large, the others as times to press."""
        nearest = min(seen, key=lambda each: abs(each.started_at - incident.started_at))
        with self._to(nearest, incident, "cam-near__seen"):
            if nearest.thumbnail:
                tag("img", src=f"{api_path(nearest)}/thumbnail", alt="", loading="lazy", decoding="async")
            else:
                icon("image_not_supported")
            tag("span", "cam-near__when", self._apart(nearest, incident))
            self._mark(nearest)
        with tag("span", "cam-near__others"):
            tag("span", "cam-near__what", self._words.objects(nearest.objects))
            for each in [each for each in seen if each is not nearest][:SEEN_MAX]:
                with self._to(each, incident, "cam-near__other"):
                    tag("span", "", self._apart(each, incident))
                    self._mark(each)
            if self._collector.is_offered:
                add = icon_button("create_new_folder", self._words.language("collect.add_this"), "cam-near__collect")
                add.props["data-collect"] = str(nearest.id)
                add.on("click", lambda: self._collector.add([wishes.of_incident(nearest)]))

    def _mark(self, seen: Incident) -> None:
        if seen.id in self._held:
            held = self._words.language("hold.mark")
            tag("i", "material-icons cam-near__held", "lock", title=held, aria_label=held, role="img")

    def _to(self, target: Incident, incident: Incident, classes: str) -> Element:
        words = self._words
        told = f"{words.what(target)}, {words.wall.clock(target.started_at)}, {self._apart(target, incident)}"
        made = tag("button", classes, type="button", title=told, aria_label=told, data_go=str(target.id))
        made.on("click", lambda: self._go(str(target.id)))
        return made

    def _draw_missing(self, nearby: service.Nearby) -> None:
        words, say = self._words, self._words.language
        for gap in [each for each in nearby.missing if each.what is Coverage.FOOTAGE or not nearby.incidents][:1]:
            told = f"{say(f'coverage.{gap.what.value}')}: {say.known('gap', gap.reason.value)}"
            span = f"{words.wall.clock(gap.started_at)} – {words.wall.clock(gap.ended_at)}"
            with tag("span", "cam-near__missing", title=f"{told}, {span}"):
                icon("report_problem")
                tag("span", "", told)

    def _choice(
        self,
        key: str,
        values: Sequence[int],
        now: int,
        said: Callable[[float], str],
        chosen: Callable[[GenericEventArguments], Awaitable[None]],
    ) -> None:
        words = self._words.language(key)
        select = tag("select", "cam-input cam-near__choice", aria_label=words, title=words, data_test=key)
        with select:
            for value in values:
                told = f"± {said(value)}" if key == "around.span" else said(value)
                tag("option", "", told, value=str(value), selected=value == now)
        select.on("change", chosen, js_handler="(e) => emit(e.target.value)")

    # Beside --------------------------------------------------------------------------------------------------

    def _playable(self) -> list[service.Nearby]:
        """With footage that this visitor may see."""
        return [each for each in self._found.cameras if self._clips(each)] if self._found else []

    def _clips(self, nearby: service.Nearby) -> list[Incident]:
        may = self._visitor.user.may
        return [each for each in nearby.incidents if each.clip and each.clip.parts and may(Action.REPLAY, each.area)]

    def _on_choose(self, camera: str, wanted: bool) -> None:
        kept = [each for each in self._chosen if each != camera]
        self._chosen = [*kept, camera][-BESIDE_MAX:] if wanted else kept
        self._is_beside = bool(self._chosen)
        self._draw_beside()

    def _draw_beside(self) -> None:
        """The chosen cameras; none chosen: those that saw something nearest in time, then in place."""
        self._beside.clear()
        playable = self._playable()
        if self._is_beside and not any(each.camera in self._chosen for each in playable):
            self._chosen = [each.camera for each in sorted(playable, key=self._nearness)[:BESIDE_MAX]]
        shown = [each for each in playable if each.camera in self._chosen] if self._is_beside else []
        for camera, box in self._boxes.items():
            box.props["checked"] = any(each.camera == camera for each in shown)
        self._toggle.props["aria-pressed"] = str(bool(shown)).lower()
        self._beside.set_visibility(bool(shown))
        if self._player is None or self._incident is None:
            return
        axis = self._axis(shown)
        self._player.stretch(axis)
        if axis is None:
            return
        with self._beside:
            for each in shown:
                made = Companion(
                    self._words, each, self._clips(each), axis=axis, away=self._away(each), transport=TRANSPORT
                )
                made.props["data-companion"] = each.camera
                made.on("go", self._on_go)
                made.on("close", lambda _, camera=each.camera: self._on_choose(camera, False))

    async def _on_go(self, event: GenericEventArguments) -> None:
        known = {str(each.id) for nearby in self._playable() for each in nearby.incidents}
        if event.args in known:
            await self._go(str(event.args))

    def _nearness(self, nearby: service.Nearby) -> tuple[float, float]:
        incident = self._incident
        apart = [_apart_s(each, incident) for each in self._clips(nearby)] if incident else [0.0]
        return min(apart), nearby.distance_m

    def _axis(self, shown: Sequence[service.Nearby]) -> tuple[datetime, datetime] | None:
        """From the first picture of any of them to the last."""
        clips = [each.clip for nearby in shown for each in self._clips(nearby)]
        if self._incident and self._incident.clip:
            clips.append(self._incident.clip)
        parts = [part for clip in clips if clip for part in clip.parts]
        if not shown or not parts:
            return None
        return min(each.started_at for each in parts), max(each.ended_at for each in parts)

    # Words ---------------------------------------------------------------------------------------------------

    def _away(self, nearby: service.Nearby) -> str:
        return self._metres(nearby.distance_m)

    def _metres(self, metres: float) -> str:
        number = self._words.language.number
        if metres < 1000:
            return f"{number(metres)} m"
        return f"{number(metres / 1000, 1 if metres % 1000 else 0)} km"

    def _apart(self, target: Incident, incident: Incident) -> str:
        seconds = (target.started_at - incident.started_at).total_seconds()
        if abs(seconds) < 1:
            return self._words.language("around.together")
        key = "around.later" if seconds > 0 else "around.earlier"
        return self._words.language(key, length=self._words.length(abs(seconds)))


_FOCUS = """((camera) => {
  const box = document.querySelector(`[data-near="${CSS.escape(camera)}"]`);
  box?.scrollIntoView({ inline: "nearest", block: "nearest", behavior: "smooth" });
  box?.querySelector("button, input")?.focus({ preventScroll: true });
})"""


def _apart_s(target: Incident, incident: Incident) -> float:
    """Between the two; 0 where they overlap."""
    before, after = incident.started_at - target.until, target.started_at - incident.until
    return max(before.total_seconds(), after.total_seconds(), 0.0)
