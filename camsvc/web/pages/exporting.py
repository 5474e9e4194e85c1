"""The dialog in which an evidence package is asked for: what goes in, why, for whom; what it will hold; how far it is.

Wherever something can be exported: ``ExportDialog(site, visitor, words)`` once within the page, then ``open``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID

from nicegui import ui
from nicegui.events import GenericEventArguments

from camsvc.api.services import exports
from camsvc.api.services.exports import Order, QuotaError
from camsvc.domain.export_job import Contents, Export, Subjects
from camsvc.domain.hold import CASE_MAX, REASON_MAX
from camsvc.errors import CamsvcError, InputError
from camsvc.evidence.identity import fingerprint_of, parse_certificates
from camsvc.evidence.recipient import require_usable
from camsvc.evidence.words import LANGUAGES
from camsvc.web.fields import FieldError
from camsvc.web.forms import Form, Told, check, entry, one, several, submit
from camsvc.web.forms import fault as other_fault
from camsvc.web.frame import add_styles
from camsvc.web.language import Language, language, pick
from camsvc.web.markup import button, icon, icon_button, tag
from camsvc.web.pages.export_card import ExportCard
from camsvc.web.pages.export_preview import PreviewPane
from camsvc.web.site import Site, for_page
from camsvc.web.visitor import Visitor
from camsvc.web.words import Words

PEM_MAX = 64 * 1024
"""Characters of a certificate with its issuers."""
STYLES = ("people.css", "exports.css")
COURT = Contents(viewing=True)
SHARE = Contents(originals=False, thumbnails=False, tracks=False, redacted=True)
PRESETS = {"court": COURT, "share": SHARE}
PARTS = ("originals", "viewing", "redacted", "thumbnails", "tracks", "provenance", "time_stamp")
_CHOSEN = "(e) => { if (['checkbox', 'radio'].includes(e.target.type)) emit([...new FormData(e.target.form)]); }"
"""What is typed changes nothing of what is foreseen."""
_PEM = f"async (e) => {{ const f = e.target.files[0]; emit(f ? (f.size > {PEM_MAX} ? '-' : await f.text()) : ''); }}"
_PEM_DROP = f"""async (e) => {{
  e.preventDefault();
  const f = e.dataTransfer.files[0];
  if (f) emit(f.size > {PEM_MAX} ? '-' : await f.text());
}}"""
Started = Callable[[Export], Awaitable[None]]


class ExportDialog:
    """On the event loop. ``started`` is awaited when a job was begun."""

    def __init__(self, site: Site, visitor: Visitor, words: Words, started: Started | None = None) -> None:
        self._site = site
        self._visitor = visitor
        self._words = words
        self._started = started
        self._client = ui.context.client
        self._dialog = ui.dialog()
        self._order = Order("")
        self._turn = 0
        self._watched: tuple[UUID, Callable[..., None]] | None = None
        self._dialog.on("hide", self._leave)
        add_styles(*STYLES)
        self._client.on_delete(self._leave)

    async def open(
        self,
        *,
        case: int | None = None,
        items: Sequence[int] | None = None,
        incidents: Sequence[UUID] = (),
        subjects: Subjects | None = None,
        case_number: str | None = None,
        contents: Contents = COURT,
    ) -> None:
        """Of a case (all of it, or its ``items``), or of ``incidents``, or of ``subjects``."""
        wanted = subjects if subjects is not None else Subjects(tuple(incidents))
        number = case_number or self._visitor.user.reason.case_number
        self._order = Order("", wanted if case is None else Subjects(), case, items, number, contents)
        self._dialog.clear()
        title = self._words.language("export.title")
        with self._dialog, tag("div", "cam-dialog xp", role="dialog", aria_label=title) as self._box:
            with tag("div", "cam-dialog__head"):
                tag("h2", "", title)
                close = icon_button("close", self._words.language("keys.close"), "cam-btn cam-btn--quiet cam-btn--icon")
                close.on("click", self._dialog.close)
            with tag("div", "xp__two") as self._body:
                self._build_form(case is not None)
                self._preview = tag(
                    "section", "xp__preview", aria_label=self._words.language("export.preview"), data_test="preview"
                )
        self._dialog.open()
        await self._look()

    def _build_form(self, is_case: bool) -> None:
        say = self._words.language
        self._form = Form(say, "xp__form", self._start, data_test="export-form")
        with self._form:
            with tag("label", "cam-field"):
                tag("span", "cam-field__label", say("export.reason"))
                tag(
                    "textarea",
                    "cam-input xp__why",
                    self._visitor.user.reason.purpose or "",
                    name="reason",
                    required=True,
                    maxlength=REASON_MAX,
                    rows=2,
                )
            if not is_case:
                entry(say("export.case_number"), "case", self._order.case_number or "", maxlength=CASE_MAX)
            with tag("fieldset", "xp__presets"):
                tag("legend", "", say("export.what"))
                chosen = next((name for name, each in PRESETS.items() if each == self._order.contents), "own")
                for name, icon_name in (("court", "gavel"), ("share", "blur_on"), ("own", "tune")):
                    self._preset(name, icon_name, chosen=name == chosen)
            self._own = tag("fieldset", "xp__own")
            with self._own:
                tag("legend", "cam-hidden", say("export.what"))
                for part in PARTS:
                    given = bool(getattr(self._order.contents, part))
                    hint = say(f"export.part_means.{part}")
                    if part != "time_stamp" or self._site.server.settings.evidence.tsa_url:
                        check(say(f"export.part.{part}"), part, hint=hint, checked=given)
            self._own.set_visibility(chosen == "own")
            with tag("fieldset", "xp__languages"):
                tag("legend", "", say("export.languages"))
                for code in LANGUAGES:
                    called = language(pick(code, say.code))("language.name")
                    check(called, "language", code, checked=code in self._order.contents.languages)
            self._build_recipient()
            with tag("div", "xp__end"):
                button(say("ask.no")).on("click", self._dialog.close)
                submit(say("export.do"), "archive", data_test="export-do")
        self._form.element.on("change", self._on_chosen, js_handler=_CHOSEN)

    def _preset(self, name: str, icon_name: str, *, chosen: bool) -> None:
        say = self._words.language
        with tag("label", "xp__preset"):
            checked = {"^checked": ""} if chosen else {}
            tag("input", "", type="radio", name="preset", value=name, **checked)
            icon(icon_name)
            with tag("span"):
                tag("b", "", say(f"export.preset.{name}"))
                tag("small", "cam-soft", say(f"export.preset_means.{name}"))

    def _build_recipient(self) -> None:
        say = self._words.language
        with tag("label", "xp__drop") as drop:
            icon("enhanced_encryption")
            with tag("span"):
                tag("b", "", say("export.recipient"))
                self._recipient = tag("small", "cam-soft")
            # Without a name: a form that is sent holds no file.
            picked = tag("input", "", type="file", accept=".pem,.crt,.cer", data_test="recipient")
        picked.on("change", self._on_recipient, js_handler=_PEM)
        drop.on("dragover", js_handler="(e) => e.preventDefault()")
        drop.on("drop", self._on_recipient, js_handler=_PEM_DROP)
        self._forget = button(say("export.recipient_forget"), "cam-btn cam-btn--small", "close")
        self._forget.on("click", lambda: self._tell_recipient(None, say("export.recipient_hint")))
        self._tell_recipient(None, say("export.recipient_hint"))

    # What the user does --------------------------------------------------------------------------------------

    async def _on_chosen(self, event: GenericEventArguments) -> None:
        told: Told = {}
        for pair in event.args if isinstance(event.args, list) else ():
            if isinstance(pair, list) and len(pair) == 2:
                told.setdefault(str(pair[0]), []).append(str(pair[1]))
        self._own.set_visibility(one(told, "preset") == "own")
        self._order = replace(self._order, contents=contents_of(told))
        await self._look()

    def _on_recipient(self, event: GenericEventArguments) -> None:
        say = self._words.language
        pem = event.args if isinstance(event.args, str) else ""
        if not pem.strip():
            return
        try:
            certificate = parse_certificates(pem[:PEM_MAX].encode())[0]
            require_usable(certificate, "recipient")
        except InputError:
            self._tell_recipient(None, say("export.recipient_wrong"), is_wrong=True)
            return
        subject = certificate.subject.rfc4514_string() or f"{certificate.serial_number:x}"
        print_ = " ".join(_fours(fingerprint_of(certificate)))
        self._tell_recipient(pem, say("export.recipient_is", subject=subject, fingerprint=print_))

    def _tell_recipient(self, pem: str | None, text: str, *, is_wrong: bool = False) -> None:
        self._order = replace(self._order, recipient_pem=pem)
        self._recipient.clear()
        with self._recipient:
            tag("span", "cam-field__error" if is_wrong else "", text, data_test="recipient-said")
        self._forget.set_visibility(pem is not None)

    async def _look(self) -> None:
        """What it would come to. The last question's answer is shown, whichever comes first."""
        self._turn = turn = self._turn + 1
        server, visitor = self._site.server, self._visitor
        redacts = self._order.contents.redacted
        self._preview.props["aria-busy"] = "true"
        try:
            found = await asyncio.to_thread(exports.preview, server, visitor.user, self._order, source=visitor.source)
        except CamsvcError as error:
            said = fault(self._words.language, error)
            self._show(turn, lambda: _trouble(said))
            return
        self._show(turn, lambda: PreviewPane(self._words, redacts=redacts).build(found))

    def _show(self, turn: int, build: Callable[[], None]) -> None:
        if turn != self._turn or self._client.is_deleted or self._preview.is_deleted:
            return
        self._preview.props["aria-busy"] = "false"
        self._preview.clear()
        with self._preview:
            build()

    async def _start(self, told: Told) -> None:
        server, visitor = self._site.server, self._visitor
        number = one(told, "case") or self._order.case_number
        order = replace(
            self._order,
            reason=one(told, "reason"),
            case_number=None if self._order.case_id is not None else number or None,
            contents=contents_of(told),
        )
        try:
            made = await asyncio.to_thread(exports.start, server, visitor.user, order, source=visitor.source)
        except CamsvcError as error:
            self._form.refuse(fault(self._words.language, error))
            return
        self._follow(made)
        if self._started is not None:
            await self._started(made)

    # How far it is -------------------------------------------------------------------------------------------

    def _follow(self, made: Export) -> None:
        say = self._words.language
        self._body.delete()
        with self._box:
            place = tag("div", "xp__following")
            with place:
                tag("p", "cam-soft", say("export.goes_on_alone"))
                card = ExportCard(self._site, self._visitor, self._words)
                card.build(made)
                with tag("div", "xp__end"):
                    tag("a", "cam-btn", say("export.all"), href="/exports")
                    button(say("keys.close"), "cam-btn cam-btn--main").on("click", self._dialog.close)
        watcher = for_page(self._client, lambda: self._again(card))
        self._watched = (made.id, watcher)
        self._site.exports.watch(made.id, watcher)

    def _again(self, card: ExportCard) -> None:
        if not card.is_gone:
            asyncio.create_task(card.renew())  # noqa: RUF006  short, and harmless if it is not finished

    def _leave(self) -> None:
        if self._watched is not None:
            self._site.exports.unwatch(*self._watched)
            self._watched = None


def contents_of(told: Told) -> Contents:
    """What the form asks for."""
    languages = tuple(code for code in LANGUAGES if code in several(told, "language"))
    preset = PRESETS.get(one(told, "preset"))
    if preset is not None:
        return replace(preset, languages=languages)
    return Contents(**{part: part in told for part in PARTS}, languages=languages)


def fault(say: Language, error: CamsvcError) -> str:
    if isinstance(error, FieldError):
        return error.text(say)
    if isinstance(error, QuotaError):
        return say("export.wrong.room")
    if isinstance(error, InputError) and error.parameter in _WRONG:
        return say(f"export.wrong.{error.parameter.rpartition('.')[2]}")
    return other_fault(say, error)


_WRONG = frozenset({"reason", "incidents", "contents", "contents.languages", "recipient", "case"})
"""Parameters that ``export.wrong.…`` has words for."""


def _trouble(text: str) -> None:
    with tag("p", "cam-note cam-note--bad", role="alert"):
        icon("error_outline")
        tag("span", "", text)


def _fours(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]
