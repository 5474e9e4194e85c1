"""The report as a page: one file, opened from the unpacked folder, without scripts and without any other host."""

from __future__ import annotations

from collections.abc import Iterator

import jinja2

from camsvc.evidence.report import Report

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.PackageLoader("camsvc.evidence"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)  # fmt: skip


def page(report: Report) -> Iterator[bytes]:
    """In pieces."""
    stream = _ENVIRONMENT.get_template("report.html").stream(report=report, words=report.words)
    stream.enable_buffering(size=100)
    for piece in stream:
        yield piece.encode()
