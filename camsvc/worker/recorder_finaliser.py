"""Makes what is published out of what was recorded: MP4 files from packet logs, tracks, thumbnail.

It works from the spool alone and not from the recorder's memory, so what a crash left is finished the same way.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from uuid import UUID

from camsvc import log
from camsvc.clock import Clock
from camsvc.domain.incident import ClipPart, Gap, GapReason, Incident
from camsvc.domain.seal import SealOf, file_statement, part_statement
from camsvc.errors import CamsvcError, MediaError, SpoolError, UnplayableError
from camsvc.media.packet_log import PacketLog
from camsvc.media.remux import WrittenClip, write_mp4
from camsvc.storage import keys
from camsvc.worker.recorder_thumbnail import is_whole, picture_of_key_frame
from camsvc.worker.sealing import Sealer
from camsvc.worker.spool import Spool
from camsvc.worker.spool_entry import Entry
from camsvc.worker.spool_recovery import recover
from camsvc.worker.spool_state import (
    Change,
    Completed,
    GapFound,
    PartDamaged,
    PartFinished,
    Sealing,
    ThumbnailLost,
    ThumbnailMade,
)
from camsvc.worker.tracks_file import write_tracks

IDLE_S = 1.0
"""How often it looks when nobody wakes it: for what is to be tried again."""
PACE_S = 0.2
"""Between two looks at all incidents: every journal entry wakes it, and to look at a back-log of 5000 takes 20 ms."""
RETRY_S = 10.0
"""A full or failing disk, or a defect: long enough not to burn the processor, short enough to use room that comes."""
ADOPT_EVERY_S = 60.0
"""A worker that is restarted takes its spool within seconds; what lies longer has lost its worker."""
HEADER_BYTES = 4096
"""A packet log with a broken head and no more than this was cut off while it was begun: a head is half a kilobyte."""
CLOCK_UNKNOWN_MS = 1000.0
"""Stored when the crash came before the reading of the clock was on the disk."""

_log = log.get(__name__)


class Finaliser:
    """One a worker, in a thread of its own: a long remux does not delay recording."""

    def __init__(
        self,
        spool: Spool,
        *,
        clock: Clock,
        stop: threading.Event,
        siblings: Path | None = None,
        sealer: Sealer | None = None,
    ) -> None:
        """``siblings``: the folder with the spools of all workers of this host; orphans among them are adopted.

        Whoever finishes seals: what is adopted unfinished has the adopter's seal. ``sealer`` None: nothing is sealed.
        """
        self._sealer = sealer
        self._spool = spool
        self._clock = clock
        self._stop = stop
        self._siblings = siblings
        self._wake = spool.subscribe()
        self._retry_at_s: dict[UUID, float] = {}
        self._adopt_at_s = clock.monotonic_s()
        self.failures = 0
        """Attempts that failed, by disk or defect; they are repeated."""

    def run(self) -> None:
        """Until ``stop`` is set; what is not finished then is finished at the next start."""
        while not self._stop.wait(PACE_S):
            self._wake.clear()
            try:
                progress = self.turn()
            except Exception:  # noqa: BLE001  top of the thread: without it nothing would ever be finished again
                self.failures += 1
                _log.exception("finishing failed")
                progress = False
            if not progress:
                self._wake.wait(IDLE_S)

    def turn(self) -> bool:
        """Do all there is to do, but one part of each incident at most; whether anything was done."""
        self._adopt()
        self._flush_gaps()
        entries = self._spool.entries()
        self._forget(entries)
        progress = False
        for entry in entries:
            progress |= not self._stop.is_set() and self._guarded(entry)
        return progress

    def _adopt(self) -> None:
        if self._siblings is None or self._clock.monotonic_s() < self._adopt_at_s:
            return
        self._adopt_at_s = self._clock.monotonic_s() + ADOPT_EVERY_S
        for sibling in sorted(self._siblings.iterdir()) if self._siblings.is_dir() else ():
            if sibling != self._spool.root.path and sibling.is_dir():
                self._spool.adopt(sibling)

    def _flush_gaps(self) -> None:
        try:
            self._spool.coverage.flush()
        except SpoolError as error:
            _log.error("gaps not yet on the disk", reason=str(error))

    def _forget(self, entries: tuple[Entry, ...]) -> None:
        if self._retry_at_s:
            known = {entry.id for entry in entries}
            self._retry_at_s = {id_: at_s for id_, at_s in self._retry_at_s.items() if id_ in known}

    def _guarded(self, entry: Entry) -> bool:
        now_s = self._clock.monotonic_s()
        if now_s < self._retry_at_s.get(entry.id, now_s):
            return False
        try:
            return self._work(entry)
        except (OSError, CamsvcError) as error:
            reason = str(error)
        except Exception:  # noqa: BLE001  a defect met by one incident must not stop the finishing of all others
            _log.exception("finishing failed", incident=str(entry.id))
            reason = "defect"
        self.failures += 1
        self._retry_at_s[entry.id] = now_s + RETRY_S
        _log.error("incident not yet finished", incident=str(entry.id), reason=reason, retry_s=RETRY_S)
        return False

    def _work(self, entry: Entry) -> bool:
        if entry.abandoned and recover(entry):
            return True
        if ready := entry.ready:
            finish_part(entry, ready[0], self._sealer)
            return True
        if entry.state.sealed and not entry.state.completed:
            complete(entry, self._sealer)
            return True
        return False


def finish_part(entry: Entry, index: int, sealer: Sealer | None = None) -> None:
    """Packet log to MP4, and its seal; repeatable after a crash at any step. Raises OSError, SpoolError."""
    packets_file, state = entry.part_log(index), entry.state
    finished = any(part.index == index for part in state.parts)
    if packets_file.exists() and not finished and index not in state.damaged:
        try:
            _make_part(entry, index, packets_file, sealer)
        except MediaError as error:
            _give_up(entry, index, str(error))
    if index in entry.state.damaged:
        if packets_file.exists():
            packets_file.rename(packets_file.with_name(f"damaged-{packets_file.name}"))
    else:
        packets_file.unlink(missing_ok=True)
    entry.measure()
    entry.done_with(index)


def complete(entry: Entry, sealer: Sealer | None = None) -> None:
    """Everything is recorded and every part finished: make the rest. Repeatable. Raises OSError, SpoolError."""
    state, incident = entry.state, entry.state.incident
    changes: list[Change] = []
    ended_at = incident.until
    footage_ended = state.footage_ended_at or incident.started_at
    if state.crashed and footage_ended < ended_at:
        changes.append(GapFound(Gap(footage_ended, ended_at, GapReason.CRASH)))
    write_tracks(entry.tracks_file, incident, state.parts, entry.scenes_file)
    if not is_whole(entry.thumbnail_file):
        changes.append(ThumbnailLost())
    elif state.crashed or not state.thumbnail:
        changes.append(ThumbnailMade())
    entry.append(*changes, Completed(tracks=True, seal=_seal_tracks(sealer, incident, entry.tracks_file)))
    entry.scenes_file.unlink(missing_ok=True)
    entry.measure()


def _make_part(entry: Entry, index: int, packets_file: Path, sealer: Sealer | None) -> None:
    recorded = _open(packets_file)
    first = next(iter(recorded.packets()), None) if recorded else None
    if recorded is None or first is None:
        return  # the crash came before the first picture
    written = write_mp4(entry.part_file(index), recorded.parameters, recorded.packets())
    if not entry.thumbnail_file.exists():
        picture_of_key_frame(entry.thumbnail_file, recorded.parameters.video, first)
    part = _part(entry, index, recorded.session, written)
    entry.append(PartFinished(part, _seal_part(sealer, entry.state.incident, part)))


def _seal_part(sealer: Sealer | None, incident: Incident, part: ClipPart) -> Sealing | None:
    if sealer is None:
        return None
    return _sealing(sealer, SealOf.CLIP, part.index, part_statement(incident, part), part.sha256, part.size_bytes)


def _seal_tracks(sealer: Sealer | None, incident: Incident, path: Path) -> Sealing | None:
    if sealer is None:
        return None
    content = path.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    statement = file_statement(incident, SealOf.TRACKS.value, sha256, len(content))
    return _sealing(sealer, SealOf.TRACKS, None, statement, sha256, len(content))


def _sealing(sealer: Sealer, what: SealOf, part: int | None, statement: bytes, sha256: str, size_bytes: int) -> Sealing:
    signature = sealer.seal(statement).signature.hex()
    return Sealing(what, part, sealer.key, signature, sealer.worker, sealer.public_pem, sha256, size_bytes)


def _open(packets_file: Path) -> PacketLog | None:
    """None: it was cut off before anything was recorded. Raises UnplayableError when there may be footage in it."""
    try:
        return PacketLog.open(packets_file)
    except UnplayableError:
        if packets_file.stat().st_size > HEADER_BYTES:
            raise
        return None


def _part(entry: Entry, index: int, session: str, written: WrittenClip) -> ClipPart:
    clock = entry.state.clock(index)
    return ClipPart(
        index=index,
        key=keys.clip_part(entry.id, index),
        session=session,
        started_at=written.started_at,
        ended_at=written.ended_at,
        start_pts_90k=written.start_pts_90k,
        duration_s=written.duration_s,
        size_bytes=written.size_bytes,
        sha256=written.sha256,
        codec=written.codec,
        width=written.width,
        height=written.height,
        audio=written.audio,
        audio_note=written.audio_note,
        clock_error_ms=clock.error_ms if clock else CLOCK_UNKNOWN_MS,
        camera_clock_offset_ms=clock.camera_offset_ms if clock else None,
    )


def _give_up(entry: Entry, index: int, reason: str) -> None:
    """No MP4 can be made of it: the packets are kept for a person to look at, and the hole is written down."""
    _log.error("footage cannot be finished", incident=str(entry.id), part=index, reason=reason)
    changes: list[Change] = [PartDamaged(index, reason)]
    try:
        times = [packet.at for packet in PacketLog.open(entry.part_log(index)).packets()]
    except MediaError:
        times = []
    if times:
        changes.append(GapFound(Gap(min(times), max(times), GapReason.CORRUPT)))
    entry.append(*changes)
