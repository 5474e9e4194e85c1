"""What a package would hold, to be looked at before it is made: pictures, times, and what is missing as missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from nicegui.element import Element

from camsvc.api.services.exports import Foreseen, Quota, QuotaError, QuotaKind
from camsvc.domain.incident import IncidentState
from camsvc.evidence.contents import Hole
from camsvc.evidence.previewing import Preview, PreviewIncident, PreviewSnapshot, PreviewSpan, WarningKind
from camsvc.web.components.player import api_path
from camsvc.web.markup import icon, tag
from camsvc.web.words import Words

SHOWN_MAX = 60
"""Items with pictures; of more it is said how many. A package may have a thousand."""
HOLES_MAX = 6
"""Of one item that are listed in words beside the line that shows all."""
GRAVE = frozenset({WarningKind.AT_FAULT, WarningKind.EXPIRED, WarningKind.NO_FOOTAGE})
Stretch = tuple[datetime, datetime]


class PreviewPane:
    """Builds into the element that is open when it is called."""

    def __init__(self, words: Words, *, redacts: bool = False) -> None:
        """``redacts``: what is hidden can be decided for each incident."""
        self._words = words
        self._redacts = redacts

    def build(self, found: Foreseen) -> None:
        preview = found.preview
        self._sums(found)
        self._quota(found.quota, preview.package_bytes, found.refusal)
        for warning in sorted(preview.warnings, key=lambda each: each.kind not in GRAVE):
            kind = "bad" if warning.kind in GRAVE else "warn"
            with tag("p", f"cam-note cam-note--{kind}", data_warning=warning.kind.value):
                icon("error_outline" if kind == "bad" else "warning_amber")
                tag("span", "", self._words.language.count(f"export.warning.{warning.kind.value}", warning.count))
        with tag("ol", "xp__items"):
            for each in _first(preview):
                with tag("li", "xp__item"):
                    self._item(each)
        count = _count(preview)
        if count > SHOWN_MAX:
            tag("p", "cam-soft", self._words.language("export.more_items", n=count - SHOWN_MAX))

    def _sums(self, found: Foreseen) -> None:
        say, preview = self._words.language, found.preview
        told = [
            (say("export.items"), say.number(_count(preview))),
            (say("export.footage"), self._words.length(preview.duration_s)),
            (say("export.size"), f"≈ {self._words.bytes(preview.package_bytes)}"),
        ]
        if found.expected_s is not None:
            told.append((say("export.time"), f"≈ {self._words.roughly(max(1.0, found.expected_s))}"))
        with tag("dl", "xp__sums", data_test="sums"):
            for name, value in told:
                with tag("div"):
                    tag("dt", "", name)
                    tag("dd", "", value)

    def _quota(self, quota: Quota, more_bytes: int, refusal: QuotaError | None) -> None:
        say, size = self._words.language, self._words.bytes
        used, most = quota.used, quota.account_max_bytes
        shares = [min(1.0, part / most) if most else 1.0 for part in (used.account_bytes, more_bytes)]
        told = say("export.quota", used=size(used.account_bytes), most=size(most), days=quota.keep.days)
        with tag("div", "xp__quota", title=told), tag("div", "xp__bar", aria_hidden="true"):
            tag("span", "xp__used").style(f"width: {shares[0]:.2%}")
            tag("span", "xp__more").style(f"width: {min(shares[1], 1 - shares[0]):.2%}")
        tag("p", "cam-soft xp__told", told)
        if refusal is not None:
            with tag("p", "cam-note cam-note--bad", role="alert", data_test="refusal"):
                icon("block")
                tag("span", "", refused(self._words, quota, refusal))

    def _item(self, each: PreviewIncident | PreviewSpan | PreviewSnapshot) -> None:
        if isinstance(each, PreviewIncident):
            self._incident(each)
        elif isinstance(each, PreviewSpan):
            self._span(each)
        else:
            self._snapshot(each)

    def _incident(self, each: PreviewIncident) -> None:
        words, incident = self._words, each.incident
        say = words.language
        end = incident.until
        if incident.thumbnail:
            tag("img", "xp__picture", src=f"{api_path(incident)}/thumbnail", alt="", loading="lazy")
        else:
            self._no_picture("image_not_supported")
        with tag("div", "xp__about"):
            tag("strong", "", each.camera_name or incident.camera)
            tag("span", "cam-num", words.span(incident.started_at, end))
            tag("span", "cam-soft", words.what(incident))
            footage = [(part.started_at, part.ended_at) for part in each.parts]
            self._line(footage, each.holes, (incident.started_at, end))
            with tag("div", "xp__marks"):
                self._size(each)
                if each.is_held:
                    self._mark("ok", "lock", say("hold.mark"))
                if incident.state is IncidentState.OPEN:
                    self._mark("open", "radio_button_checked", say("export.goes_on"))
                if incident.footage_expired_at is not None:
                    self._mark("bad", "auto_delete", say("export.expired"))
                for what in sorted({fault.what for fault in each.faults}):
                    self._mark("bad", "gpp_bad", say(f"export.fault.{what}"))
                if each.parts and not each.is_sealed:
                    self._mark("idle", "no_encryption", say("export.unsealed"))
                if self._redacts and each.parts:
                    href = f"/incidents/{incident.id}/redact"
                    with tag("a", "cam-btn cam-btn--small", href=href, target="_blank", data_test="redact"):
                        icon("blur_on")
                        tag("span", "", say("export.redact"))

    def _span(self, each: PreviewSpan) -> None:
        words, span = self._words, each.span
        self._no_picture("date_range")
        with tag("div", "xp__about"):
            tag("strong", "", each.camera_name or span.camera)
            tag("span", "cam-num", words.span(span.from_at, span.to_at))
            self._line(each.footage, each.holes, (span.from_at, span.to_at))
            with tag("div", "xp__marks"):
                tag("span", "cam-soft", words.language.count("export.span_of", len(each.incidents)))

    def _snapshot(self, each: PreviewSnapshot) -> None:
        words = self._words
        self._no_picture("photo_camera")
        with tag("div", "xp__about"):
            tag("strong", "", each.camera_name or each.snapshot.camera)
            tag("span", "cam-num", words.wall.date_clock(each.snapshot.at))
            tag("span", "cam-soft", each.snapshot.comment or words.language("export.snapshot"))

    def _size(self, each: PreviewIncident) -> None:
        if each.parts:
            seconds = sum(part.duration_s for part in each.parts)
            tag("span", "cam-soft cam-num", f"{self._words.length(seconds)} · {self._words.bytes(each.size_bytes)}")
        elif each.incident.footage_expired_at is None:
            self._mark("bad", "videocam_off", self._words.language("export.no_footage"))

    def _mark(self, kind: str, icon_name: str, text: str) -> None:
        with tag("span", f"cam-badge cam-badge--{kind}"):
            icon(icon_name)
            tag("span", "", text)

    def _no_picture(self, icon_name: str) -> None:
        with tag("div", "xp__picture xp__picture--none"):
            icon(icon_name)

    def _line(self, footage: Sequence[Stretch], holes: Sequence[Hole], whole: Stretch) -> None:
        """Footage and what is missing of it, to scale; the longest holes in words too."""
        stretches = [*footage, *((each.started_at, each.ended_at) for each in holes), whole]
        begin, end = min(each[0] for each in stretches), max(each[1] for each in stretches)
        if end <= begin:
            return
        told = "; ".join(self._hole(each) for each in holes)
        label = self._words.language("export.line_gaps", gaps=told) if told else self._words.language("export.line")
        with tag("div", "xp__line", role="img", aria_label=label):
            for each in footage:
                _place(tag("span", "xp__has"), each, begin, end)
            for hole in holes:
                _place(tag("span", "xp__hole", title=self._hole(hole)), (hole.started_at, hole.ended_at), begin, end)
        for hole in sorted(holes, key=_length, reverse=True)[:HOLES_MAX]:
            tag("span", "xp__gap", self._hole(hole))

    def _hole(self, hole: Hole) -> str:
        say, words = self._words.language, self._words
        length = words.length(_length(hole).total_seconds())
        why = say("export.gap_unrecorded") if hole.reason == "unrecorded" else say.known("gap", hole.reason)
        return say("export.gap", at=words.wall.clock(hole.started_at), length=length, why=why)


def refused(words: Words, quota: Quota, refusal: QuotaError) -> str:
    """Why there is no room, in the page's language."""
    say, size, used = words.language, words.bytes, quota.used
    match refusal.kind:
        case QuotaKind.WAITING:
            return say("export.refused.waiting", n=quota.waiting_max)
        case QuotaKind.ACCOUNT:
            return say("export.refused.account", used=size(used.account_bytes), most=size(quota.account_max_bytes))
        case QuotaKind.TOTAL:
            return say("export.refused.total", used=size(used.total_bytes), most=size(quota.total_max_bytes))
        case _:
            return say("export.refused.disk", free=size(quota.free_bytes or 0))


def _first(preview: Preview) -> Iterable[PreviewIncident | PreviewSpan | PreviewSnapshot]:
    every: list[PreviewIncident | PreviewSpan | PreviewSnapshot] = [*preview.spans, *preview.incidents]
    return [*every, *preview.snapshots][:SHOWN_MAX]


def _count(preview: Preview) -> int:
    return len(preview.spans) + len(preview.incidents) + len(preview.snapshots)


def _length(hole: Hole) -> timedelta:
    return hole.ended_at - hole.started_at


def _place(made: Element, stretch: Stretch, begin: datetime, end: datetime) -> None:
    whole = (end - begin).total_seconds()
    left = (stretch[0] - begin).total_seconds() / whole
    made.style(f"left: {left:.3%}; width: {(stretch[1] - stretch[0]).total_seconds() / whole:.3%}")
