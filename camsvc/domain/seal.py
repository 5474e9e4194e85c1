"""A recording's seal: the worker's signature over what it wrote, made when it was written and before it went anywhere.

The signature (ECDSA over P-256 with SHA-256, DER) is over ``statement``: ``openssl dgst -sha256 -verify`` checks it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from camsvc.domain.incident import ClipPart, Incident
from camsvc.domain.incident_json import time_json

VERSION = 1


class SealOf(StrEnum):
    """What a worker seals. Pictures are not: they show what a clip shows."""

    CLIP = "clip"
    """A part of the clip."""
    TRACKS = "tracks"


@dataclass(frozen=True, slots=True)
class Seal:
    """What is kept beside the sealed file's record."""

    key: str
    """SHA-256 of the worker's public key (DER SubjectPublicKeyInfo), hexadecimal."""
    signature: bytes


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A seal and what it is of, as the index keeps it."""

    seal: Seal
    sha256: str | None = None
    """Of tracks, when they were written; None: of a part, whose row keeps it."""
    size_bytes: int | None = None
    """As ``sha256``."""


@dataclass(frozen=True, slots=True)
class WorkerKey:
    """Registered by a worker when it starts. Never changed; an ended one still checks what it sealed before."""

    id: str
    """As ``Seal.key``."""
    worker: str
    public_pem: str
    registered_at: datetime
    ended_at: datetime | None = None
    """When an administrator said that it is used no more; None: it is in use."""
    ended_by: str | None = None


def part_statement(incident: Incident, part: ClipPart) -> bytes:
    """What a worker signs of a part of a clip. Only of values that never change after it was written."""
    return _statement(
        what="clip",
        incident=str(incident.id),
        camera=incident.camera,
        part=part.index,
        session=part.session,
        started_at=time_json(part.started_at),
        ended_at=time_json(part.ended_at),
        start_pts_90k=part.start_pts_90k,
        clock_error_ms=float(part.clock_error_ms),  # 12 and 12.0 are one value, and two texts
        codec=part.codec,
        width=part.width,
        height=part.height,
        size_bytes=part.size_bytes,
        sha256=part.sha256,
    )


def file_statement(incident: Incident, what: str, sha256: str, size_bytes: int) -> bytes:
    """Of another file of an incident. ``what``: ``tracks``."""
    return _statement(
        what=what, incident=str(incident.id), camera=incident.camera, size_bytes=size_bytes, sha256=sha256
    )


def _statement(**values: Any) -> bytes:  # noqa: ANN401  what JSON takes
    """One line of JSON, members in order of their names, no spaces, UTF-8, ended by a line feed."""
    return (
        json.dumps({"version": VERSION, **values}, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"
    ).encode()
