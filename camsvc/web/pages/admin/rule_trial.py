"""The rules as they are being changed, tried on what is stored of the camera's last hour."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from nicegui import ui

from camsvc.api.services import rule_tests
from camsvc.api.services.rule_tests import Concluded, Limit, Progress, RuleTest, Trial, Verdict
from camsvc.domain.incident import Incident
from camsvc.errors import CamsvcError
from camsvc.web.components.player import api_path
from camsvc.web.components.zone_editor import ZoneEditor
from camsvc.web.markup import button, icon, label, tag
from camsvc.web.site import Site
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

SHOWN = 60
"""Pictures at once; the counts are of all."""
OUTCOMES = {"gone": "visibility_off", "kept": "check_circle", "unknown": "help_outline"}


class RuleTrial:
    """A section of the page. ``candidate``: zones, lines, rules, detect as they are now; None while they are wrong."""

    def __init__(
        self,
        site: Site,
        visitor: Visitor,
        words: Words,
        camera: str,
        candidate: Callable[[], dict[str, Any] | None],
        editor: ZoneEditor,
    ) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._camera = camera
        self._candidate = candidate
        self._editor = editor
        self._stop = threading.Event()
        self._running = False
        ui.context.client.on_delete(self._stop.set)
        say = words.language
        with tag("section", "camform__part trial"):
            with tag("h2"):
                tag("span", "", say("trial.title"))
                self._button = button(say("trial.run"), "cam-btn", "science", data_test="trial").on("click", self._run)
            tag("p", "cam-soft camform__note", say("trial.about"))
            self._progress = label("p", "cam-soft", "", aria_live="polite")
            self._found = tag("div", "trial__found")

    async def _run(self) -> None:
        say = self._words.language
        body = self._candidate()
        if self._running:
            return
        if body is None:
            self._say_trouble(say("trial.wrong"))
            return
        self._running = True
        self._button.props("disabled")
        self._found.clear()
        self._progress.text = say("trial.reading")
        try:
            server, visitor = self._site.server, self._visitor
            trial = await asyncio.to_thread(
                rule_tests.prepare, server, visitor.user, self._camera, body, source=visitor.source
            )
            result = await self._follow(trial)
        except CamsvcError as error:
            self._say_trouble(str(error))
        else:
            if result is not None:
                self._show(result)
        finally:
            self._running = False
            self._progress.text = ""
            self._button.props(remove="disabled")

    async def _follow(self, trial: Trial) -> RuleTest | None:
        steps = trial.run(self._stop)
        while (step := await asyncio.to_thread(next, steps, None)) is not None:
            if isinstance(step, RuleTest):
                steps.close()  # gives its turn back
                return step
            self._tell(step)
        return None

    def _tell(self, step: Progress) -> None:
        self._progress.text = self._words.language("trial.progress", done=step.done, total=step.total)

    def _say_trouble(self, text: str) -> None:
        self._found.clear()
        with self._found, tag("p", "cam-note cam-note--bad"):
            icon("error_outline")
            tag("span", "", text)

    # Showing -------------------------------------------------------------------------------------------------

    def _show(self, result: RuleTest) -> None:
        say, words = self._words.language, self._words
        gone = [each for each in result.verdicts if each.is_read and not each.is_kept]
        kept = [each for each in result.verdicts if each.is_read and each.is_kept]
        unknown = [each for each in result.verdicts if not each.is_read]
        with self._found:
            tag("p", "trial__sum", words.span(result.from_, result.to))
            with tag("div", "trial__counts"):
                self._count("trial.now", len(result.verdicts), "")
                self._count("trial.then", len(result.concluded), "")
                self._count("trial.gone", len(gone), "warn" if gone else "")
            for limit in result.limits:
                with tag("p", f"cam-note{'' if limit is Limit.ONLY_INCIDENTS else ' cam-note--warn'}"):
                    icon("info" if limit is Limit.ONLY_INCIDENTS else "warning")
                    tag("span", "", say(f"trial.limit.{limit.value}"))
            if not result.verdicts:
                tag("p", "cam-empty cam-soft", say("trial.nothing"))
            for outcome, verdicts in (("gone", gone), ("kept", kept), ("unknown", unknown)):
                if verdicts:
                    self._group(outcome, verdicts, result)

    def _count(self, key: str, number: int, kind: str) -> None:
        with tag("div", f"trial__count trial__count--{kind}" if kind else "trial__count", data_test=key):
            tag("b", "", self._words.language.number(number))
            tag("span", "", self._words.language(key))

    def _group(self, outcome: str, verdicts: list[Verdict], result: RuleTest) -> None:
        say = self._words.language
        with tag("h3", f"trial__group trial__group--{outcome}"):
            icon(OUTCOMES[outcome])
            tag("span", "", f"{say(f'trial.outcome.{outcome}')} ({len(verdicts)})")
        with tag("div", "cam-mini trial__cards", data_outcome=outcome):
            for each in verdicts[:SHOWN]:
                self._card(each.incident, [one for one in result.concluded if each.incident.id in one.incidents])
        if len(verdicts) > SHOWN:
            tag("p", "cam-soft", say("trial.more", n=say.number(len(verdicts) - SHOWN)))

    def _card(self, incident: Incident, concluded: list[Concluded]) -> None:
        words, say = self._words, self._words.language
        with tag("a", "cam-card", href=f"/incidents/{incident.id}", target="_blank", data_incident=str(incident.id)):
            with tag("span", "cam-card__picture"):
                if incident.thumbnail:
                    tag("img", src=f"{api_path(incident)}/thumbnail", alt="", loading="lazy", decoding="async")
            with tag("span", "cam-card__body"):
                tag(
                    "span",
                    "cam-card__title",
                    words.wall.clock(incident.started_at),
                    title=words.wall.utc(incident.started_at),
                )
                tag("span", "cam-card__where", words.objects(incident.objects))
                for one in concluded:
                    zone = f" · {one.zone}" if one.zone else ""
                    said = f"{say('camform.rule', n=one.rule + 1)}{zone} · {say(f'severity.{one.severity.value}')}"
                    tag("span", "cam-card__where", said)
