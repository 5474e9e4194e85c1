"""Anchors of the audit chain: its head, kept elsewhere, with a time stamp that says since when it was so.

A file of JSON: ``head`` (``SEQ:HASH``), ``at`` (this machine's clock), ``stamp`` (RFC 3161, base64; null: none), which
is about the text of ``head`` in ASCII, so that `openssl ts -verify -data` checks it without this software.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from camsvc.domain.audit import Head
from camsvc.domain.incident_json import time_json
from camsvc.errors import InputError, IntegrityError
from camsvc.evidence import timestamp
from camsvc.evidence.identity import read_certificates
from camsvc.evidence.timestamp import Stamp

FORMAT = "camsvc-audit-anchor-1"
FILE_MAX_BYTES = 256 * 1024
"""A time stamp has at most 64 KiB, and base64 adds a third."""


@dataclass(frozen=True, slots=True)
class Anchor:
    head: Head
    at: datetime
    stamp: bytes | None = None
    """The authority's answer (DER)."""


def make(head: Head, tsa_url: str | None, at: datetime | None = None) -> Anchor:
    """``head`` stamped by the authority at ``tsa_url``; None: not stamped. Raises ConfigError when it gives none."""
    stamp = timestamp.ask(tsa_url, _data(head)) if tsa_url else None
    return Anchor(head, at or datetime.now(UTC), stamp)


def to_text(anchor: Anchor) -> str:
    document = {
        "format": FORMAT,
        "head": str(anchor.head),
        "at": time_json(anchor.at),
        "stamp": base64.b64encode(anchor.stamp).decode() if anchor.stamp else None,
    }
    return json.dumps(document, indent=2) + "\n"


def read(file: Path) -> Anchor:
    """Raises InputError for what is no anchor."""
    try:
        return _parsed(file)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise InputError(
            f"{file}: no anchor of an audit chain: {error}",
            parameter="--anchor",
            cure="give a file that `camsvc audit anchor --out` wrote",
        ) from error


def proved(anchor: Anchor, roots: Path | None = None) -> Stamp | None:
    """Since when the head was so, by the authority; None: it was not stamped.

    Raises IntegrityError when the time stamp is about something else, InputError for ``roots`` that cannot be read.
    """
    if anchor.stamp is None:
        return None
    trusted = read_certificates(roots, "--roots") if roots else ()
    try:
        return timestamp.read(anchor.stamp, _data(anchor.head), trusted)
    except ValueError as error:
        raise IntegrityError(f"the anchor's time stamp does not fit: {error}") from error


def _parsed(file: Path) -> Anchor:
    """Raises ValueError and whatever a document of another shape makes raise."""
    if file.stat().st_size > FILE_MAX_BYTES:
        raise ValueError("too large")
    document = json.loads(file.read_text(encoding="utf-8"))
    if document["format"] != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    stamp = document["stamp"]
    return Anchor(
        Head.parse(document["head"]),
        datetime.fromisoformat(document["at"]),
        base64.b64decode(stamp, validate=True) if stamp is not None else None,
    )


def _data(head: Head) -> bytes:
    return str(head).encode("ascii")
