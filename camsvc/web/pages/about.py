"""What is known of an incident, its footage and its origin."""

from __future__ import annotations

from nicegui.element import Element

from camsvc.domain.incident import Clip, ClipPart, Incident, IncidentObject, IncidentState
from camsvc.web.components.player import api_path
from camsvc.web.markup import icon, icon_button, tag
from camsvc.web.site import Site
from camsvc.web.words import Words

OBJECTS_SHOWN = 6
"""One by one; of more only how many."""


class About:
    """``build`` puts it where it is called."""

    def __init__(self, site: Site, words: Words, *, may_replay: bool) -> None:
        self._site = site
        self._may_replay = may_replay
        self._words = words

    def build(self, incident: Incident) -> None:
        say = self._words.language
        self._notes(incident)
        self._facts(incident)
        if incident.clip:
            with _block(say("about.footage")):
                self._footage(incident.clip)
            if incident.clip.gaps:
                with _block(say("about.gaps")):
                    self._gaps(incident.clip)
            for part in incident.clip.parts:
                count = len(incident.clip.parts)
                with _block(say("about.part", n=part.index + 1, of=count) if count > 1 else say("about.file")):
                    self._part(incident, part, count)
        with _block(say("about.origin")):
            _facts(
                (say("about.id"), str(incident.id)),
                (say("about.revision"), str(incident.revision)),
                (say("about.model"), incident.model),
                (say("about.worker"), f"{incident.worker} ({say('about.epoch', n=incident.epoch)})"),
            )

    def _notes(self, incident: Incident) -> None:
        say = self._words.language
        if incident.state is IncidentState.OPEN:
            _note("live", "radio_button_checked", say("incident.open_means"))
        elif incident.state is IncidentState.INTERRUPTED:
            _note("warn", "link_off", say("incident.interrupted_means"))
        if incident.clip and incident.clip.gaps:
            _note("warn", "broken_image", say.count("incident.gaps_mean", len(incident.clip.gaps)))

    def _facts(self, incident: Incident) -> None:
        words, say = self._words, self._words.language
        directory = self._site.lookout.last.directory
        with tag("dl", "cam-facts"):
            _fact(say("about.camera"), directory.camera_name(incident.camera), href=f"/cameras/{incident.camera}")
            _fact(say("about.area"), directory.area_trail(incident.area))
            _fact(say("about.started"), words.wall.date_clock(incident.started_at), words.wall.utc(incident.started_at))
            if incident.ended_at:
                _fact(say("about.ended"), words.wall.date_clock(incident.ended_at), words.wall.utc(incident.ended_at))
                _fact(say("about.lasted"), words.lasting(incident))
            else:
                seen = incident.last_observed_at
                _fact(say("about.last_seen"), words.wall.date_clock(seen), words.wall.utc(seen))
            _fact(say("about.zone_of_time"), words.wall.zone_name(incident.started_at))
            _fact(say("about.severity"), say(f"severity.{incident.severity.value}"))
            if incident.zone:
                _fact(say("about.zone"), incident.zone)
            if incident.location:
                _fact(say("about.place"), f"{incident.location.lat:.5f}, {incident.location.lon:.5f}")
            self._objects(incident)

    def _objects(self, incident: Incident) -> None:
        """How many of what; then each track, by the number that its box in the player bears."""
        say = self._words.language
        tag("dt", "", say("about.objects"))
        with tag("dd"):
            tag("div", "", self._words.objects(incident.objects) or "–")
            for each in incident.objects[:OBJECTS_SHOWN]:
                told = f"{say(f'class.{each.object_class.value}')} {each.track} · {', '.join(self._seen(each))}"
                tag("div", "cam-soft", told)
            if len(incident.objects) > OBJECTS_SHOWN:
                tag("div", "cam-soft", say("about.more_objects", n=len(incident.objects) - OBJECTS_SHOWN))

    def _seen(self, each: IncidentObject) -> list[str]:
        told = [f"{round(each.confidence * 100)} %"]
        if each.colour:
            told.append(self._words.language.known("colour", each.colour))
        if each.direction_deg is not None:
            told.append(f"{round(each.direction_deg)}°")
        if each.speed_kmh is not None:
            error = f" ± {each.speed_error_kmh:.0f}" if each.speed_error_kmh is not None else ""
            told.append(f"{each.speed_kmh:.0f}{error} km/h")
        return told

    def _footage(self, clip: Clip) -> None:
        words, say = self._words, self._words.language
        with tag("dl", "cam-facts"):
            _fact(say("about.from"), words.wall.date_clock(clip.started_at), words.wall.utc(clip.started_at))
            _fact(say("about.to"), words.wall.date_clock(clip.ended_at), words.wall.utc(clip.ended_at))
            _fact(say("about.length"), words.length(clip.duration_s))
            _fact(
                say("about.clock_error"), f"± {words.milliseconds(clip.clock_error_ms)}", say("about.clock_error_means")
            )
            offset_ms = clip.parts[0].camera_clock_offset_ms
            told = say("about.camera_clock_none")
            if offset_ms is not None:
                key = "about.camera_clock_ahead" if offset_ms >= 0 else "about.camera_clock_behind"
                told = say(key, by=words.milliseconds(abs(offset_ms)))
            _fact(say("about.camera_clock"), told, say("about.camera_clock_means"))

    def _gaps(self, clip: Clip) -> None:
        words, say = self._words, self._words.language
        with tag("table", "cam-gaps"), tag("tbody"):
            for gap in clip.gaps:
                with tag("tr"):
                    tag("td", "", words.wall.clock(gap.started_at), title=words.wall.utc(gap.started_at))
                    tag("td", "", words.length((gap.ended_at - gap.started_at).total_seconds()))
                    tag("td", "", say.known("gap", gap.reason.value))

    def _part(self, incident: Incident, part: ClipPart, count: int) -> None:
        words, say = self._words, self._words.language
        codec = {"h264": "H.264", "hevc": "H.265"}.get(part.codec, part.codec)
        with tag("dl", "cam-facts"):
            if count > 1:
                _fact(say("about.from"), words.wall.date_clock(part.started_at), words.wall.utc(part.started_at))
                _fact(say("about.length"), words.length(part.duration_s))
            _fact(say("about.picture"), f"{codec}, {part.width} × {part.height}")
            _fact(say("about.sound"), part.audio or part.audio_note or say("about.no_sound"))
            _fact(say("about.size"), words.bytes(part.size_bytes))
            tag("dt", "", "SHA-256")
            with tag("dd", "cam-hash"):
                tag("code", "cam-mono", part.sha256)
                icon_button(
                    "content_copy",
                    say("about.copy_hash"),
                    "cam-btn cam-btn--quiet cam-btn--icon",
                    data_copy=part.sha256,
                    data_copied=say("link.copied"),
                )
            if count > 1 and self._may_replay:
                href = f"{api_path(incident)}/clip?part={part.index}&download=true"
                _fact("", say("about.download_part"), href=href)


def _block(title: str) -> Element:
    made = tag("section", "cam-block")
    with made:
        tag("h2", "", title)
    return made


def _note(kind: str, icon_name: str, text: str) -> None:
    with tag("p", f"cam-note cam-note--{kind}"):
        icon(icon_name)
        tag("span", "", text)


def _facts(*pairs: tuple[str, str]) -> None:
    with tag("dl", "cam-facts"):
        for name, value in pairs:
            _fact(name, value)


def _fact(name: str, value: str, hint: str = "", *, href: str | None = None) -> None:
    tag("dt", "", name)
    hints = {"title": hint} if hint else {}
    with tag("dd", "", None if href else value, **hints):
        if href:
            tag("a", "", value, href=href)
