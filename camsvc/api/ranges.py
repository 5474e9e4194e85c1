"""Byte ranges and conditional requests (RFC 9110 §13 and §14) of one stored file whose sha256 is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

_RANGE = re.compile(r"bytes=\s*(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})\s*", re.IGNORECASE)
"""One range. Several in one request may be ignored (RFC 9110 §14.2), and are: the whole file is the answer."""


class Outcome(Enum):
    WHOLE = 200
    PART = 206
    UNCHANGED = 304
    CHANGED = 412
    """``If-Match`` names another version."""
    OUTSIDE = 416
    """The range begins behind the end of the file."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to send of a file of ``size_bytes``: ``length`` bytes from ``offset``."""

    outcome: Outcome
    size_bytes: int
    offset: int = 0
    length: int = 0

    @property
    def content_range(self) -> str | None:
        if self.outcome is Outcome.PART:
            return f"bytes {self.offset}-{self.offset + self.length - 1}/{self.size_bytes}"
        return f"bytes */{self.size_bytes}" if self.outcome is Outcome.OUTSIDE else None

    @property
    def is_whole(self) -> bool:
        """Also true of a 206 that holds the whole file, as players ask for it first (``bytes=0-``)."""
        return self.outcome in {Outcome.WHOLE, Outcome.PART} and self.length == self.size_bytes


def select(headers: Mapping[str, str], size_bytes: int, etag: str) -> Selection:
    """What the request with ``headers`` (lower-case names or a case-insensitive mapping) is to be sent.

    ``etag`` is a strong one, with its quotes. A malformed Range is ignored, as RFC 9110 §14.2 asks.
    """
    if_match = headers.get("if-match")
    if if_match is not None and not _names(if_match, etag):
        return Selection(Outcome.CHANGED, size_bytes)
    if_none_match = headers.get("if-none-match")
    if if_none_match is not None and _names(if_none_match, etag, weak=True):
        return Selection(Outcome.UNCHANGED, size_bytes)
    whole = Selection(Outcome.WHOLE, size_bytes, 0, size_bytes)
    asked = headers.get("range")
    if asked is None or headers.get("if-range", etag).strip() != etag:
        # If-Range with a date cannot be a strong match here: clips have no Last-Modified. The whole file is sent.
        return whole
    return _range(asked, size_bytes) or whole


def _range(asked: str, size_bytes: int) -> Selection | None:
    match = _RANGE.fullmatch(asked.strip())
    if match is None or not (match["first"] or match["last"]):
        return None
    if not match["first"]:
        suffix = min(int(match["last"]), size_bytes)
        if suffix == 0:
            return Selection(Outcome.OUTSIDE, size_bytes)
        return Selection(Outcome.PART, size_bytes, size_bytes - suffix, suffix)
    first = int(match["first"])
    last = min(int(match["last"]), size_bytes - 1) if match["last"] else size_bytes - 1
    if match["last"] and int(match["last"]) < first:
        return None
    if first >= size_bytes:
        return Selection(Outcome.OUTSIDE, size_bytes)
    return Selection(Outcome.PART, size_bytes, first, last - first + 1)


def _names(header: str, etag: str, *, weak: bool = False) -> bool:
    tags = [tag.strip() for tag in header.split(",")]
    if weak:
        tags = [tag.removeprefix("W/") for tag in tags]
    return "*" in tags or etag in tags
