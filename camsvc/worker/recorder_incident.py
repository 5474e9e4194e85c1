"""One incident being recorded: its facts, its footage, its boxes and its picture, from ``Opened`` to the seal.

Two threads call it. The analysis thread says what is true (:meth:`observed`, :meth:`ended`, :meth:`scene`), and waits
only until that is on the disk. The recording thread calls :meth:`turn`, which does all other writing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from camsvc import log
from camsvc.clock import Clock
from camsvc.config import ClipSettings
from camsvc.domain.incident import GapReason, Incident, IncidentObject, IncidentState
from camsvc.domain.track import Scene
from camsvc.errors import SpoolError
from camsvc.media.decode import Frame
from camsvc.media.ring import RingReader
from camsvc.worker.recorder_footage import Footage
from camsvc.worker.recorder_thumbnail import Thumbnail
from camsvc.worker.spool import Spool
from camsvc.worker.spool_entry import SCENES, Entry
from camsvc.worker.spool_state import Facts, Sealed, ThumbnailMade
from camsvc.worker.tracks_file import SceneLog

JOURNAL_INTERVAL_S = 1.75
"""With a turn of a quarter of a second, a power cut or crash costs two seconds of the end of an open incident at most.
At 0.7 ms a sync on an SSD, two hundred open incidents take a sixth of the recording thread's time."""
END_PATIENCE_S = 5.0
"""How long after its time the post-roll is waited for: a camera that stalls, the way from camera to ring."""
BOXES_PATIENCE_S = 2.0
"""How long after the footage its last boxes are waited for: analysis runs behind recording, and skips what is idle."""

_log = log.get(__name__)


class RecordedIncident:
    """Lives once: open, ended, sealed."""

    def __init__(
        self, incident: Incident, reader: RingReader, spool: Spool, settings: ClipSettings, clock: Clock
    ) -> None:
        self._spool = spool
        self._settings = settings
        self._clock = clock
        self._reader = reader
        self._facts = incident
        self._saved: Incident | None = None
        self._facts_lock = threading.Lock()
        self._save_lock = threading.Lock()
        self._entry: Entry | None = None
        self._footage: Footage | None = None
        self._scenes = SceneLog(spool.folder(incident.id) / SCENES)
        self._thumbnail = Thumbnail()
        self._thumbnails = 0
        self._written_s = clock.monotonic_s()
        self._deadline_s: float | None = None
        self._footage_done_s: float | None = None
        self._boxes_until: datetime | None = None
        self._sealed = False

    @property
    def incident(self) -> Incident:
        return self._facts

    @property
    def is_saved(self) -> bool:
        """It is on the disk, and so may be reported."""
        return self._entry is not None

    # -- analysis thread ----------------------------------------------------------------------------------------------

    def observed(self, at: datetime, objects: tuple[IncidentObject, ...]) -> None:
        """It goes on. Written with the next interval, not now."""
        with self._facts_lock:
            latest = max(self._facts.last_observed_at, at)
            self._facts = replace(self._facts, last_observed_at=latest, objects=objects)

    def ended(self, at: datetime, objects: tuple[IncidentObject, ...], state: IncidentState) -> None:
        """It is over; on return that is on the disk, or will be tried again by the recording thread."""
        with self._facts_lock:
            ended_at = max(self._facts.started_at, at)
            latest = max(self._facts.last_observed_at, at)
            self._facts = replace(self._facts, state=state, ended_at=ended_at, last_observed_at=latest, objects=objects)
            left_s = (self._until(ended_at) - self._clock.now()).total_seconds()
            # Measured on the steady clock from here on: somebody may set the wall clock meanwhile.
            self._deadline_s = self._clock.monotonic_s() + max(0.0, left_s) + END_PATIENCE_S
        self.try_save()

    def interrupted(self) -> None:
        """Nobody watches any more: it ends at the last observed moment (invariant 3)."""
        facts = self._facts
        if facts.state is IncidentState.OPEN:
            self.ended(facts.last_observed_at, facts.objects, IncidentState.INTERRUPTED)

    def scene(self, scene: Scene, frame: Frame | None) -> None:
        self._scenes.add(scene)
        self._boxes_until = scene.moment.at
        if frame is not None and self._facts.state is IncidentState.OPEN:
            self.picture(scene, frame)

    def picture(self, scene: Scene, frame: Frame) -> None:
        """``frame`` shows ``scene``: perhaps it is the best so far."""
        self._thumbnail.offer(scene, frame, {item.track for item in self._facts.objects})

    def before(self, scenes: Iterable[Scene]) -> None:
        """What was seen in the pre-roll."""
        for scene in scenes:
            self.scene(scene, None)

    def try_save(self) -> bool:
        """Write the facts if they changed; whether they are on the disk now."""
        with self._save_lock:
            with self._facts_lock:
                facts = self._facts
            if facts is self._saved:
                return True
            try:
                if self._entry is None:
                    self._entry = self._spool.create(facts)
                else:
                    self._entry.append(Facts(facts))
            except SpoolError as error:
                _log.error("incident not yet on the disk", incident=str(facts.id), reason=str(error))
                return False
            self._saved = facts
            return True

    # -- recording thread ---------------------------------------------------------------------------------------------

    def turn(self) -> bool:
        """Write what there is to write; whether everything is written for good."""
        if self._sealed:
            return True
        now_s = self._clock.monotonic_s()
        entry = self._entry
        if entry is None:
            if now_s - self._written_s >= JOURNAL_INTERVAL_S:
                self._written_s = now_s
                self.try_save()
            return False
        footage = self._footage = self._footage or Footage(
            entry, self._reader, self._spool, self._settings, wanted=self._facts.started_at
        )
        with self._facts_lock:
            ended_at, deadline_s = self._facts.ended_at, self._deadline_s
        until = self._until(ended_at) if ended_at else None
        if self._footage_done_s is None:
            reached = footage.take(until)
            late = deadline_s is not None and now_s >= deadline_s
            if until is not None and (reached or late):
                footage.close(until, None if reached else GapReason.STALL)
                self._footage_done_s = now_s
        if now_s - self._written_s >= JOURNAL_INTERVAL_S:
            self._written_s = now_s
            self._write(entry, footage)
        elif self._thumbnails == 0:
            self._write_thumbnail(entry)  # an open incident is soon seen with a picture
        if until is None or self._footage_done_s is None:
            return False
        boxes_there = self._boxes_until is not None and self._boxes_until >= until
        return (boxes_there or now_s - self._footage_done_s >= BOXES_PATIENCE_S) and self._seal(entry, footage)

    def stop(self) -> None:
        """The worker stops: end it here and now. After that only :meth:`turn` until it says that all is written."""
        self.interrupted()
        self.try_save()
        if self._entry is None:
            self._reader.close()
            return
        if self._footage_done_s is None:
            self.turn()
        if self._footage is not None and self._footage_done_s is None:
            self._footage.close(self._facts.ended_at or self._facts.last_observed_at, GapReason.OVERFLOW)
            self._footage_done_s = self._clock.monotonic_s()
        if self._footage is not None:
            self._seal(self._entry, self._footage)

    def _until(self, ended_at: datetime) -> datetime:
        return ended_at + timedelta(seconds=self._settings.post_roll_s)

    def _write(self, entry: Entry, footage: Footage) -> None:
        footage.sync()
        self.try_save()
        self._write_scenes(entry)
        self._write_thumbnail(entry)
        entry.measure()

    def _write_scenes(self, entry: Entry) -> None:
        try:
            self._scenes.flush()
        except OSError as error:
            _log.warning("boxes not yet on the disk", incident=str(entry.id), reason=error.strerror)

    def _write_thumbnail(self, entry: Entry) -> None:
        picture = self._thumbnail.take()
        if picture is None:
            return
        fresh = entry.thumbnail_file.with_name("new-thumbnail.jpg")
        try:
            fresh.write_bytes(picture)
            fresh.rename(entry.thumbnail_file)
            self._thumbnails += 1
            if self._thumbnails == 1:
                entry.append(ThumbnailMade())  # shown while the incident is open; the best one follows at its end
        except (OSError, SpoolError) as error:
            _log.warning("thumbnail not on the disk", incident=str(entry.id), reason=str(error))

    def _seal(self, entry: Entry, footage: Footage) -> bool:
        self._write(entry, footage)
        if not self.try_save():
            return False
        try:
            entry.append(*([ThumbnailMade()] if self._thumbnails > 1 else []), Sealed())
        except SpoolError as error:
            _log.error("end of the recording not yet on the disk", incident=str(entry.id), reason=str(error))
            return False
        self._sealed = True
        return True
