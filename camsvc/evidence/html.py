"""The report as a page: one file, opened from the unpacked folder, that asks no other host.

Its one script plays an incident's files in turn and shows the gaps between them; no other may run (content security
policy), and without it everything is there as well.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from importlib.resources import files

import jinja2
from markupsafe import Markup

from camsvc.evidence.report_views import GapView, Report, Section

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("camsvc.evidence"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)  # fmt: skip
_SCRIPT = (files("camsvc.evidence") / "templates" / "report.js").read_text("utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode("ascii")


def page(report: Report) -> Iterator[bytes]:
    """In pieces."""
    stream = _ENVIRONMENT.get_template("report.html").stream(
        report=report,
        words=report.words,
        script=Markup(_SCRIPT),  # noqa: S704  our own file, nothing of the report is in it
        script_digest=_DIGEST,
        playlist=playlist,
    )
    stream.enable_buffering(size=100)
    for piece in stream:
        yield piece.encode()


def playlist(section: Section) -> str | None:
    """JSON, for the script: files and gaps in order of time, milliseconds of Unix time; what is not played is shown as
    a gap is. None: there is one file and no gap."""
    items = []
    for each in section.footage:
        if isinstance(each, GapView):
            text, file = each.text, None
        elif each.plays and each.started_at and each.ended_at:
            text, file = each.heading, each.file
        else:
            text, file = each.warning or each.heading, None
        started_at, ended_at = each.started_at, each.ended_at
        if started_at is None or ended_at is None:
            return None
        times = {"from": round(started_at.timestamp() * 1000), "to": round(ended_at.timestamp() * 1000)}
        items.append({"text": text, "file": file, **times})
    return json.dumps(items) if len(items) > 1 else None
