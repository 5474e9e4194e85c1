"""Copies of an incident's clip for a package: for viewing, and redacted.

One part of the clip lies on the disk at a time, and one copy.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from camsvc import log
from camsvc.domain.incident import Clip, ClipPart
from camsvc.domain.redaction import Redaction
from camsvc.errors import InputError, IntegrityError, MediaError, NotFoundError, UnplayableError
from camsvc.evidence import export_boxes
from camsvc.evidence.blocks import blocks
from camsvc.evidence.claims import Ingredient
from camsvc.evidence.contents import TRACKS, Found, Package, Role, clip_name
from camsvc.evidence.footage import Footage
from camsvc.evidence.identity import SigningIdentity
from camsvc.evidence.means import Means, Options
from camsvc.evidence.paths import TrackPaths
from camsvc.evidence.provenance import embed, manifest_beside
from camsvc.evidence.redacting import make_redacted
from camsvc.evidence.viewing import make_viewing
from camsvc.media.still import picture_at
from camsvc.media.thumbnail import encode_jpeg
from camsvc.vision.detector import Detector, open_detector

PICTURE_WIDTH = 480
PICTURE_AT = 0.4
"""Of a redacted copy's length: about where the reports' picture is taken; at its start there may be nobody yet."""
STILL_SEEN = "incident {incident}: {n} times the detector still finds somebody who should be hidden"
TRACKS_MAX_BYTES = 64 * 1024 * 1024
"""Of a tracks.json that is parsed for a copy; a day of a busy crossing has a tenth of it."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Copied:
    """One copy, on the disk until the context that gave it ends."""

    file: Path
    facts: dict[str, Any]
    """Of the manifest."""
    picture: bytes | None = None
    """JPEG."""


class Renditions:
    """For one thread, which opens the detector when a redacted copy is first asked for."""

    def __init__(
        self, means: Means, options: Options, package: Package, identity: SigningIdentity, notes: list[str]
    ) -> None:
        """``notes`` is told what copies had to do without."""
        self._notes = notes
        self._means = means
        self._options = options
        self._package = package
        self._identity = identity
        self._detector: Detector | None = None

    @contextmanager
    def copy(self, found: Found, role: Role, on_progress: Callable[[float], None]) -> Iterator[Copied]:
        """Raises UnplayableError when there is nothing to be seen; InputError when a redacted copy still shows
        somebody; DetectorError, StoreUnavailableError, OSError."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=self._options.scratch)))
            reading = _Reading(self._means, found, folder, self._options.check)
            footage = self._footage(found, reading)
            made = folder / "made.mp4"
            facts: dict[str, Any] = {"kind": role.value}
            if role is Role.REDACTED:
                facts |= self._redact(found, footage, made, on_progress)
            else:
                make_viewing(footage, made, check=self._options.check, on_progress=on_progress)
            facts["of"] = [
                {"part": part.index, "sha256": part.sha256, "state": reading.states.get(part.index, "intact")}
                for part in footage.parts
            ]
            export_boxes.append(made, self._exported(found, footage))
            if self._options.contents.provenance:
                made = self._embedded(found, footage, made, facts, role)
            picture = _picture(made, footage) if role is Role.REDACTED else None
            yield Copied(made, facts, picture)

    def _footage(self, found: Found, reading: _Reading) -> Footage:
        incident = found.incident
        clip = Clip(found.parts, found.gaps) if found.parts else None
        return Footage(
            replace(incident, clip=clip),
            found.camera.name or "",
            self._package.timezone,
            self._tracks(found),
            reading.part,
            found.missing,
        )

    def _tracks(self, found: Found) -> dict[str, Any] | None:
        """None: there are none, or they are not what was recorded."""
        key, seal, store = found.incident.tracks, found.seals.get(TRACKS), self._means.store
        stat = store.stat(key) if key else None
        if key is None or stat is None or stat.size_bytes > TRACKS_MAX_BYTES:
            return None
        with store.open(key) as pieces:
            data = b"".join(pieces)
        recorded = (seal.sha256 if seal else None) or stat.sha256
        if TRACKS in found.forged or (recorded is not None and hashlib.sha256(data).hexdigest() != recorded):
            self._notes.append(f"{found.folder}: the stored tracks are altered; copies were made without them")
            return None
        try:
            parsed = json.loads(data)
            TrackPaths(parsed)
        except (ValueError, RecursionError, InputError) as error:
            self._notes.append(f"{found.folder}: copies were made without the stored tracks: {error}")
            return None
        return dict(parsed)

    def _redact(
        self, found: Found, footage: Footage, out: Path, on_progress: Callable[[float], None]
    ) -> dict[str, Any]:
        redaction = found.redaction or Redaction(found.incident.id)
        report = make_redacted(
            footage,
            redaction,
            out,
            detector=self._opened(),
            check=self._options.check,
            on_progress=on_progress,
        )
        if report.remaining:
            raise InputError(
                STILL_SEEN.format(incident=found.incident.id, n=report.remaining),
                parameter="redacted",
                cure="draw what it missed as regions in the redaction of the incident, and export again",
            )
        return {
            "blur": redaction.blur.value,
            "revision": redaction.revision,
            "regions": len(redaction.regions),
            "sound": redaction.sound,
            "frames": report.frames,
            "hidden_tracks": report.hidden_tracks,
            "seen_tracks": report.seen_tracks,
            "added": report.added,
            "rounds": len(report.rounds),
            "remaining": report.remaining,
            "detector": report.detector,
        }

    def _opened(self) -> Detector:
        if self._detector is None:
            settings = self._means.settings
            given = self._means.detector
            self._detector = given() if given else open_detector(settings.detector, settings.data / "models")
        return self._detector

    def _exported(self, found: Found, footage: Footage) -> export_boxes.Exported:
        package, parts = self._package, footage.parts
        return export_boxes.Exported(
            unit=package.organisation or "camsvc",
            operator=package.request.by,
            at=package.created_at,
            source=found.camera.name or found.incident.camera,
            starts_at=parts[0].started_at if len(parts) == 1 else None,
        )

    def _embedded(self, found: Found, footage: Footage, made: Path, facts: dict[str, Any], role: Role) -> Path:
        """Without a manifest, with a note, when the library cannot."""
        incident = found.incident
        signed = made.with_name("signed.mp4")
        try:
            originals = [
                Ingredient(f"{found.folder}/{clip_name(part.index)}", manifest_beside(incident, part, self._identity))
                for part in footage.parts
            ]
            told = {"incident": str(incident.id), "camera": incident.camera, **facts}
            embed(
                made,
                signed,
                incident,
                originals,
                told,
                is_redacted=role is Role.REDACTED,
                at=self._package.created_at,
                identity=self._identity,
            )
        except MediaError as error:
            _log.warning("no C2PA manifest in a copy", incident=str(incident.id), reason=str(error))
            facts["no_c2pa"] = str(error)
            signed.unlink(missing_ok=True)
            return made
        made.unlink()
        return signed


class _Reading:
    """Parts of one incident, from the store to the disk. The one asked for last stays there until another is: a copy
    looks at the first part twice, and a redacted one goes through all of them again and again."""

    def __init__(self, means: Means, found: Found, folder: Path, check: Callable[[], None]) -> None:
        self._store = means.store
        self._forged = found.forged
        self._file = folder / "part.mp4"
        self._there: int | None = None
        """Index of the part that is on the disk, whole."""
        self._check = check
        self.states: dict[int, str] = {}
        """Of parts that were not intact."""

    @contextmanager
    def part(self, part: ClipPart) -> Iterator[Path]:
        """Raises NotFoundError, IntegrityError, StoreUnavailableError."""
        if part.index != self._there:
            self._there = None
            self._fetch(part)
            self._there = part.index
        yield self._file

    def _fetch(self, part: ClipPart) -> None:
        if clip_name(part.index) in self._forged:
            self.states[part.index] = "forged"
            raise IntegrityError(f"part {part.index} is not what its worker signed")
        digest, size = hashlib.sha256(), 0
        try:
            with self._store.open(part.key) as pieces, self._file.open("wb") as out:
                for block in blocks(pieces):
                    self._check()
                    size += len(block)
                    if size > part.size_bytes:
                        break
                    digest.update(block)
                    out.write(block)
        except NotFoundError:
            self.states[part.index] = "missing"
            raise
        if size != part.size_bytes or digest.hexdigest() != part.sha256:
            self.states[part.index] = "altered"
            raise IntegrityError(f"part {part.index} is not what was recorded")


def _picture(copy: Path, footage: Footage) -> bytes | None:
    """None: none can be decoded."""
    try:
        at_s = PICTURE_AT * sum(part.duration_s for part in footage.parts)
        return encode_jpeg(picture_at(copy, at_s), PICTURE_WIDTH)
    except UnplayableError:
        return None
