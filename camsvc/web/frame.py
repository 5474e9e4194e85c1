"""What is around every page: who is here, where one can go, in which language, and what is sick."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal
from weakref import WeakKeyDictionary

from nicegui import Client, ui
from nicegui.element import Element

from camsvc.api.services import reasons
from camsvc.domain.account import Action
from camsvc.log import redact
from camsvc.web.alarms import LIGHT, Alarm, Part
from camsvc.web.bell import Bell
from camsvc.web.guard import REASON, reason_path
from camsvc.web.language import LANGUAGES, Language, language
from camsvc.web.lookout import Snapshot
from camsvc.web.markup import icon, tag
from camsvc.web.plain import asset
from camsvc.web.site import Site, for_page
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

ICONS = {
    Part.DATABASE: "storage",
    Part.RECORDING: "save",
    Part.WORKERS: "person_off",
    Part.SILENT: "memory",
    Part.STORE: "cloud_off",
    Part.DETECTOR: "visibility_off",
    Part.BACKLOG: "pending_actions",
    Part.ASIDE: "report",
    Part.NOTIFICATIONS: "notifications_off",
}

Place = Literal["live", "cameras", "incidents", "cases", "alerts", "admin", "account"]
PLACES: tuple[tuple[Place, str, str], ...] = (
    ("live", "/live", "grid_view"),
    ("cameras", "/", "videocam"),
    ("incidents", "/incidents", "manage_search"),
    ("cases", "/cases", "folder_special"),
    ("admin", "/admin", "settings"),
)
"""Where one can go: key of the catalogue, path, icon."""


@contextmanager
def frame(
    site: Site, visitor: Visitor, words: Words, here: Place, title: str, *, styles: Sequence[str] = ()
) -> Iterator[Element]:
    """Everything of a page but its middle, which is what is made within. ``styles``: files of its own in static/."""
    client = ui.context.client
    client.title = f"{title} · camsvc"
    add_styles("app.css", "bell.css", *styles)
    ui.add_head_html(f'<link rel="icon" href="{asset("mark.svg")}"><script src="{asset("app.js")}" defer></script>')
    client.on_exception(lambda: ui.notify(words.language("broken.page"), type="negative"))
    tag("a", "cam-skip", words.language("nav.skip"), href="#main")
    _header(site, visitor, words, here)
    alarms = Alarms(words, is_administrator=visitor.user.reach(Action.ADMINISTER).is_everywhere)
    alarms.show(site.lookout.last)
    watcher = for_page(client, alarms.show)
    site.lookout.watch(watcher)
    client.on_delete(lambda: site.lookout.unwatch(watcher))
    with tag("main", "cam-main", id="main", tabindex="-1", aria_label=title) as middle:
        yield middle


def add_styles(*names: str) -> None:
    """Style sheets in static/ of what is made within a page: each once, however often that is made."""
    there = _styles.setdefault(ui.context.client, set())
    wanted = [each for each in names if each not in there]
    if wanted:
        there.update(wanted)
        ui.add_head_html("".join(f'<link rel="stylesheet" href="{asset(each)}">' for each in wanted))


_styles: WeakKeyDictionary[Client, set[str]] = WeakKeyDictionary()


def _header(site: Site, visitor: Visitor, words: Words, here: str) -> None:
    say = words.language
    with tag("header", "cam-header"):
        with tag("a", "cam-brand", href="/", aria_label=say("nav.home")):
            tag("img", src=asset("mark.svg"), alt="", width=22, height=22)
            tag("span", "", "camsvc")
        with tag("nav", "cam-nav", aria_label=say("nav.label")):
            for name, href, icon_name in places(visitor):
                current = {"aria-current": "page"} if name == here else {}
                with tag("a", href=href, **current):
                    icon(icon_name)
                    tag("span", "", say(f"nav.{name}"))
        tag("span", "cam-header__space")
        _reason(site, visitor, say)
        if not visitor.user.reach(Action.SEARCH).is_nowhere:
            Bell(site, visitor, words)
        with tag("span", "cam-langs", role="group", aria_label=say("language.label")):
            for code in LANGUAGES:
                current = {"aria-current": "true"} if code == say.code else {}
                own = language(code)("language.name")
                tag(
                    "a",
                    "",
                    code.upper(),
                    href="#",
                    lang=code,
                    title=own,
                    aria_label=own,
                    data_language=code,
                    **current,
                )
        theme = say("theme.toggle")
        with tag("button", "cam-headbtn", type="button", title=theme, aria_label=theme, data_theme_toggle=True):
            icon("contrast")
        with tag("a", "cam-headbtn cam-headbtn--user", href="/account", title=roles(words, visitor)):
            icon("account_circle")
            tag("span", "", visitor.user.name)
        with tag("form", method="post", action="/logout"), tag("button", "cam-headbtn", type="submit"):
            icon("logout")
            tag("span", "", say("nav.logout"))


def _reason(site: Site, visitor: Visitor, say: Language) -> None:
    """What is done here is for, where policy asks that, with the way to change it."""
    user = visitor.user
    if not reasons.asked_of(site.server.settings.policy, user):
        return
    told = " · ".join(each for each in (user.reason.case_number, user.reason.purpose) if each)
    request = ui.context.client.request
    href = reason_path(request) if request is not None else REASON
    with tag("a", "cam-headbtn cam-headbtn--reason", href=href, title=f"{told}\n{say('reason.change')}".strip()):
        icon("assignment")
        tag("span", "", told or say("reason.unsaid"))


_AT_THE_DESK = (Action.CONFIGURE, Action.ADMINISTER, Action.HOLD)
"""Rights that some page of the administration is for."""


def places(visitor: Visitor) -> list[tuple[Place, str, str]]:
    """Those that ``visitor`` has a use for."""
    closed = set()
    if all(visitor.user.reach(each).is_nowhere for each in _AT_THE_DESK):
        closed.add("admin")
    if visitor.user.reach(Action.EXPORT).is_nowhere:
        closed.add("cases")
    return [each for each in PLACES if each[0] not in closed]


def roles(words: Words, visitor: Visitor) -> str:
    return ", ".join(words.language(f"role.{role.value}") for role in sorted(visitor.user.roles))


class Alarms:
    """The line under the header that is there only when something is sick."""

    def __init__(self, words: Words, *, is_administrator: bool) -> None:
        self._words = words
        self._is_administrator = is_administrator
        self._shown: tuple[Alarm, ...] = ()
        self._line = tag("div", "cam-alarms", role="alert")
        self._line.set_visibility(False)

    def show(self, snapshot: Snapshot) -> None:
        wanted = tuple(each for each in snapshot.alarms if each.part is not Part.ASIDE or self._is_administrator)
        if wanted == self._shown:
            return
        self._shown = wanted
        light = all(alarm.part in LIGHT for alarm in wanted)
        self._line.classes(**{"add" if light else "remove": "cam-alarms--warn"})
        self._line.clear()
        self._line.set_visibility(bool(wanted))
        with self._line:
            for alarm in wanted:
                with tag("span", "cam-alarms__one"):
                    icon(ICONS[alarm.part])
                    tag("span", "", self._text(alarm), title=self._hint(alarm))

    def _text(self, alarm: Alarm) -> str:
        say, key = self._words.language, f"alarm.{alarm.part.value}"
        told = say.count(key, alarm.count) if alarm.count else say(key)
        return f"{told} ({say('alarm.since', time=self._words.wall.clock(alarm.since))})"

    def _hint(self, alarm: Alarm) -> str:
        since = self._words.wall.utc(alarm.since)
        return f"{redact(alarm.detail)} · {since}" if alarm.detail else since
