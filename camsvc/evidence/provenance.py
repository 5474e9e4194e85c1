"""A C2PA manifest for an original, beside it: other people's tools see where it comes from. The clip stays as it is."""

from __future__ import annotations

import io
import json
from typing import Any, BinaryIO

import camsvc
from camsvc.domain.incident import ClipPart, Incident
from camsvc.domain.incident_json import time_json
from camsvc.errors import MediaError
from camsvc.evidence.identity import SigningIdentity

FORMAT = "video/mp4"
CAPTURED = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
FACTS = "org.camsvc.recording"
"""Label of our own assertion."""
SETTINGS = {"core": {"backing_store_memory_threshold_in_mb": 8}, "verify": {"verify_after_sign": False}}
"""What the library would keep in memory (up to 512 MB of each copy) goes to a temporary file; measured with a part of
150 MB: 150 MB of memory instead of 440. It need not read its own work again: tests do, with its reader."""


def manifest_beside(clip: BinaryIO, incident: Incident, part: ClipPart, identity: SigningIdentity) -> bytes:
    """The manifest store for ``clip`` (seekable; read twice), bound to its bytes. Raises MediaError.

    Takes about as much memory as ``clip`` is long. The library asks no network. It writes the clip anew as it goes;
    that copy goes nowhere.
    """
    import c2pa  # 23 MB of library

    clip.seek(0)
    try:
        signer = c2pa.Signer.from_callback(identity.sign, c2pa.C2paSigningAlg.PS256, identity.certificate, None)
        context = c2pa.Context(settings=c2pa.Settings.from_dict(SETTINGS))
        definition = json.dumps(_definition(incident, part))
        with signer, context, c2pa.Builder(definition, context) as builder:
            builder.set_no_embed()
            return bytes(builder.sign(signer, FORMAT, clip, _Nowhere()))
    except c2pa.C2paError as error:
        raise MediaError(f"no C2PA manifest can be made for part {part.index}: {error}") from error


def _definition(incident: Incident, part: ClipPart) -> dict[str, Any]:
    at = time_json(part.started_at)
    agent = {"name": "camsvc", "version": camsvc.__version__}
    created = {"action": "c2pa.created", "when": at, "digitalSourceType": CAPTURED, "softwareAgent": agent}
    facts = {
        "incident": str(incident.id),
        "camera": incident.camera,
        "part": part.index,
        "session": part.session,
        "started_at": at,
        "ended_at": time_json(part.ended_at),
        "clock_error_ms": part.clock_error_ms,
        "sha256": part.sha256,
    }
    return {
        "claim_generator_info": [agent],
        "title": f"{incident.camera} {at}",
        "format": FORMAT,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [created]}},
            {"label": FACTS, "data": facts},
        ],
    }


class _Nowhere(io.RawIOBase):
    """Knows how much was written, keeps nothing."""

    def __init__(self) -> None:
        self._place = 0
        self._end = 0

    def write(self, data: Any, /) -> int:  # noqa: ANN401  any buffer; Python 3.11 has no name for it
        length = memoryview(data).nbytes
        self._place += length
        self._end = max(self._end, self._place)
        return length

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._place = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._end}[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def read(self, size: int = -1, /) -> bytes:
        return b""

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
