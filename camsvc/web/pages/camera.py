"""One camera: how it is, how it is set up, what it saw last, and when it did not see."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from nicegui import ui

from camsvc.api.services import rights
from camsvc.config import CameraConfig
from camsvc.db.queries import cameras as camera_rows
from camsvc.db.queries import coverage as coverage_rows
from camsvc.db.queries import incidents as incident_rows
from camsvc.db.queries.directory import CameraEntry
from camsvc.domain.account import Action
from camsvc.domain.camera import CameraState, CameraStatus
from camsvc.domain.coverage import MissingSpan
from camsvc.domain.incident import Incident
from camsvc.domain.search import IncidentFilter
from camsvc.errors import CamsvcError, NotFoundError
from camsvc.web.cards import card
from camsvc.web.components.cameras import stream, why
from camsvc.web.components.wall import LiveTile, camera_json, state_json
from camsvc.web.lookout import Snapshot
from camsvc.web.markup import icon, icon_button, tag
from camsvc.web.pages.cases.collecting import Collector
from camsvc.web.site import Site
from camsvc.web.view import SearchView
from camsvc.web.visitor import Visitor
from camsvc.web.words import CAMERA_ICONS, Words

RECENT = 6
GAPS_OVER = timedelta(days=7)
GAPS_SHOWN = 20


@dataclass(frozen=True)
class Findings:
    config: CameraConfig
    """Holds credentials: only what ``_settings`` picks is shown."""
    incidents: Sequence[Incident]
    gaps: Sequence[MissingSpan]
    """Newest first."""


class CameraDetail:
    """Takes the place of the list while a camera is chosen."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, *, leave: Callable[[], None]) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._leave = leave
        self._client = ui.context.client
        self._camera: str | None = None
        self._shown: CameraStatus | None = None
        self._live: LiveTile | None = None
        self._collector = Collector(site, visitor, words)
        self._root = tag("div", "cam-detail", tabindex="-1")
        self._root.set_visibility(False)

    async def show(self, camera: str) -> None:
        self._camera = camera
        self._shown = None
        found: Findings | None = None
        trouble = ""
        try:
            found = await asyncio.to_thread(self._read, camera)
        except NotFoundError:
            trouble = self._words.language("camera.unknown")
        except CamsvcError:
            trouble = self._words.language("results.away")
        if camera != self._camera:
            return
        self._root.clear()
        self._root.set_visibility(True)
        self._live = None
        with self._root:
            self._build(camera, found, trouble)
        self.renew(self._site.lookout.last)

    def hide(self) -> None:
        self._camera = self._live = None
        self._root.clear()
        self._root.set_visibility(False)

    def renew(self, snapshot: Snapshot) -> None:
        """The state as it is now."""
        status = snapshot.statuses.get(self._camera or "")
        if status is None or status == self._shown or not hasattr(self, "_state"):
            return
        self._shown = status
        if self._live:
            self._live.show(state_json(status, self._words))
        self._state.clear()
        with self._state:
            self._show_state(status)

    def _go_back(self) -> None:
        self.hide()
        self._leave()

    def _read(self, camera: str) -> Findings:
        """In a thread. Raises NotFoundError, also for a camera that the visitor may not know of."""
        server, visitor = self._site.server, self._visitor
        now = server.clock.now()
        rights.require(server, visitor.user, None, camera, source=visitor.source)
        seen = IncidentFilter(cameras=(camera,)).under(visitor.user.reach(Action.SEARCH))
        with self._site.server.database.session() as session:
            config = camera_rows.get(session, camera, self._site.server.cipher)
            items: Sequence[Incident] = ()
            if not seen.reach.is_nowhere:
                items = incident_rows.search(session, seen, limit=RECENT).items
            gaps = coverage_rows.spans(session, camera, now - GAPS_OVER, now)
        return Findings(config, items, gaps[::-1])

    def _build(self, camera: str, found: Findings | None, trouble: str) -> None:
        say = self._words.language
        with tag("div", "cam-detail__head"):
            icon_button("arrow_back", say("camera.back"), data_test="back").on("click", self._go_back)
            directory = self._site.lookout.last.directory
            with tag("div", "", style="flex:1;min-width:0"):
                tag("h1", "", found.config.name if found else directory.camera_name(camera))
                entry = directory.cameras.get(camera)
                tag("div", "cam-soft", directory.area_trail(entry.area) if entry else camera)
        if found and entry and found.config.enabled and self._visitor.user.may(Action.LIVE, entry.area):
            self._picture(entry)
        self._state = tag("div")
        if found is None:
            with tag("p", "cam-note cam-note--bad"):
                icon("error_outline")
                tag("span", "", trouble)
            return
        self._incidents(camera, found.incidents)
        self._gaps(found.gaps)
        with tag("section", "cam-block"):
            tag("h2", "", say("camera.settings"))
            self._settings(found.config)

    def _picture(self, entry: CameraEntry) -> None:
        """The live picture, and the way to a larger one."""
        words, server, snapshot = self._words, self._site.server, self._site.lookout.last
        with tag("section", "cam-block cam-block--first"):
            with tag("h2"):
                tag("span", "", words.language("live.picture"))
                tag("a", "", words.language("live.to_wall"), href=f"/live?{urlencode({'camera': entry.id})}")
            self._live = LiveTile(
                words,
                camera_json(entry, snapshot.directory),
                state_json(snapshot.statuses.get(entry.id), words),
                server.settings.worker.ring_s,
                server.clock.now(),
                collects=self._collector.is_offered,
            )
        self._live.on("snapshot", self._collector.on_live_picture)
        self._live.on("span", self._collector.on_live_span)

    def _show_state(self, status: CameraStatus) -> None:
        words, say = self._words, self._words.language
        with tag("span", f"cam-badge cam-badge--{status.state.value}", style="margin-bottom:8px"):
            icon(CAMERA_ICONS[status.state])
            tag("span", "", say(f"camera_state.{status.state.value}"))
        if reason := why(status, words):
            kind = "warn" if status.state in {CameraState.RETRYING, CameraState.CONNECTING} else "bad"
            with tag("p", f"cam-note cam-note--{kind}"):
                icon(CAMERA_ICONS[status.state])
                tag("span", "", reason)
        with tag("dl", "cam-facts"):
            self._fact(say("camera.since"), words.wall.date_clock(status.since), words.wall.utc(status.since))
            last = status.last_packet_at
            self._fact(
                say("camera.last_picture"),
                words.wall.date_clock(last) if last else "–",
                words.wall.utc(last) if last else "",
            )
            self._fact(say("camera.zone_of_time"), words.wall.zone_name(status.since))
            if told := stream(status, words):
                self._fact(say("camera.stream"), told)
            if status.clock_error_ms is not None:
                self._fact(
                    say("about.clock_error"),
                    f"± {words.milliseconds(status.clock_error_ms)}",
                    say("about.clock_error_means"),
                )
            if status.camera_clock_offset_ms is not None:
                key = "about.camera_clock_ahead" if status.camera_clock_offset_ms >= 0 else "about.camera_clock_behind"
                self._fact(
                    say("about.camera_clock"),
                    say(key, by=words.milliseconds(abs(status.camera_clock_offset_ms))),
                    say("about.camera_clock_means"),
                )
            if status.sessions:
                self._fact(say("camera.sessions"), say.number(status.sessions), say("camera.sessions_means"))
            if status.analysed_fps is not None:
                self._fact(say("camera.analysed"), say("unit.fps", n=say.number(status.analysed_fps, 1)))
            if status.shed_frames:
                self._fact(say("camera.shed"), say.number(status.shed_frames), say("camera.shed_means"))

    def _incidents(self, camera: str, incidents: Sequence[Incident]) -> None:
        say = self._words.language
        view = SearchView(IncidentFilter(cameras=(camera,)))
        with tag("section", "cam-block"):
            with tag("h2"):
                tag("span", "", say("camera.recent"))
                tag("a", "", say("camera.all_incidents"), href=view.path())
            if not incidents:
                tag("p", "cam-soft", say("camera.no_incidents"))
                return
            with tag("div", "cam-mini"):
                for each in incidents:
                    self._mini(card(each, self._words, self._site.lookout.last.directory, view))

    def _mini(self, told: dict[str, str]) -> None:
        with tag("a", "cam-card", href=told["href"], aria_label=told["label"]):
            with tag("span", "cam-card__picture"):
                if told["thumbnail"]:
                    tag("img", src=told["thumbnail"], alt="", loading="lazy", decoding="async")
                with tag("span", f"cam-badge cam-badge--{told['state']}"):
                    icon(told["state_icon"])
                    tag("span", "", told["state_text"])
                if told["duration"]:
                    tag("span", "cam-card__duration", told["duration"])
            with tag("span", "cam-card__body"):
                tag("span", "cam-card__title", told["what"], title=told["what"])
                tag("span", "cam-card__where", told["time"], title=told["utc"])

    def _gaps(self, gaps: Sequence[MissingSpan]) -> None:
        words, say = self._words, self._words.language
        with tag("section", "cam-block"):
            tag("h2", "", say("camera.gaps"))
            if not gaps:
                tag("p", "cam-soft", say("camera.no_gaps"))
                return
            with tag("table", "cam-gaps"):
                with tag("thead"), tag("tr"):
                    for key in ("camera.gap_from", "camera.gap_length", "camera.gap_what", "camera.gap_why"):
                        tag("th", "", say(key), scope="col")
                with tag("tbody"):
                    for gap in gaps[:GAPS_SHOWN]:
                        with tag("tr"):
                            tag("td", "", words.wall.date_clock(gap.started_at), title=words.wall.utc(gap.started_at))
                            tag("td", "", words.roughly((gap.ended_at - gap.started_at).total_seconds()))
                            tag("td", "", say(f"coverage.{gap.what.value}"))
                            tag("td", "", say.known("gap", gap.reason.value))
            if len(gaps) > GAPS_SHOWN:
                tag("p", "cam-soft", say("camera.more_gaps", n=len(gaps) - GAPS_SHOWN))

    def _settings(self, config: CameraConfig) -> None:
        say = self._words.language
        with tag("dl", "cam-facts"):
            self._fact(say("camera.id"), config.id)
            for role, url in (("main", config.streams.main), ("sub", config.streams.sub)):
                if url:
                    self._fact(say(f"camera.{role}"), f"{host(url)} ({config.streams.transport.value.upper()})")
            classes = ", ".join(say(f"class.{each.value}") for each in config.detect.classes)
            self._fact(say("camera.detects"), classes)
            self._fact(say("camera.detect_rate"), say("unit.fps", n=say.number(config.detect.fps, 1)))
            self._fact(say("camera.confidence"), f"{round(config.detect.min_confidence * 100)} %")
            rules = [say.known("kind", rule.kind) + (f" ({rule.zone})" if rule.zone else "") for rule in config.rules]
            self._fact(say("camera.rules"), "; ".join(rules) or "–")
            self._fact(say("camera.zones"), ", ".join(config.zones) or "–")
            if config.location:
                place = f"{config.location.lat:.5f}, {config.location.lon:.5f}"
                if config.location.heading_deg is not None:
                    place += f" · {say('camera.heading', n=round(config.location.heading_deg))}"
                self._fact(say("about.place"), place)

    @staticmethod
    def _fact(name: str, value: str, hint: str = "") -> None:
        hints = {"title": hint} if hint else {}
        tag("dt", "", name)
        tag("dd", "", value, **hints)


def host(url: str) -> str:
    """Scheme, host and port: user, password, path and query may all hold a credential."""
    parts = urlsplit(url)
    # Behind the last "@": a password may hold one as well.
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
