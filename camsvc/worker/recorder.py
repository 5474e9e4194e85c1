"""Turns what the rules of one camera say into incidents with footage: the Sink of the camera's analysis."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from camsvc import log
from camsvc.clock import Clock
from camsvc.config import ClipSettings
from camsvc.domain.camera import Camera
from camsvc.domain.incident import Gap, GapReason, IncidentState
from camsvc.domain.track import Scene
from camsvc.media.decode import Frame
from camsvc.media.ring import Ring
from camsvc.rules.events import Closed, Opened, RuleEvent, Updated
from camsvc.worker.recorder_incident import RecordedIncident
from camsvc.worker.spool import Spool

RECENT_S = 60.0
"""How far back boxes are remembered beyond the pre-roll: a rule says late that something started (stopped: 30 s)."""
RECENT_MAX = 4096
"""Scenes; at 30 analysed frames a second more than two minutes. The oldest go first."""
GOP_S = 15.0
"""A clip starts at the key frame before its pre-roll: boxes are kept for so much more."""
UNSAVED_MAX = 1000
"""Incidents of one camera that a failing disk has not taken yet. Beyond it the oldest ended are given up, counted."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class RecorderStats:
    open: int
    recording: int
    """Open, or ended and still with post-roll to come."""
    unsaved: int
    """Known only to this process, because the disk refuses: an alarm."""
    given_up: int
    """Incidents lost since the start: the disk refused for too long."""
    failures: int
    """Turns that ended in an error nobody foresaw: a defect."""


class IncidentRecorder:
    """The analysis thread of the camera calls the three methods of ``Sink`` (worker.sink).

    The worker's recording thread (recorder_thread) calls :meth:`turn`; a test with a simulated clock calls it itself.
    """

    def __init__(
        self,
        camera: Camera,
        ring: Ring,
        spool: Spool,
        *,
        settings: ClipSettings,
        worker: str,
        epoch: Callable[[], int],
        model: Callable[[], str],
        clock: Clock,
    ) -> None:
        """``epoch`` gives that of the camera's present lease, ``model`` the name of the detector in use."""
        self._camera = camera
        self._ring = ring
        self._spool = spool
        self._settings = settings
        self._worker = worker
        self._epoch = epoch
        self._model = model
        self._clock = clock
        self._lock = threading.Lock()
        self._turning = threading.Lock()
        self._open: dict[str, RecordedIncident] = {}
        self._recording: list[RecordedIncident] = []
        self._given_up = 0
        self._failures = 0
        self._recent: deque[Scene] = deque(maxlen=RECENT_MAX)
        self._stopped = False

    def scene(self, scene: Scene, frame: Frame | None) -> None:
        oldest = scene.moment.at - timedelta(seconds=self._settings.pre_roll_s + RECENT_S)
        while self._recent and self._recent[0].moment.at < oldest:
            self._recent.popleft()
        self._recent.append(scene)
        with self._lock:
            recording = list(self._recording)
        for incident in recording:
            incident.scene(scene, frame)

    def event(self, event: RuleEvent, frame: Frame | None) -> None:
        """On return an incident opened or closed is on the disk; when the disk refuses, it is tried again later."""
        match event:
            case Opened():
                self._begin(event, frame)
            case Updated():
                if incident := self._known(event.key):
                    incident.observed(event.last_observed.at, event.objects)
            case Closed():
                if incident := self._known(event.key):
                    with self._lock:
                        self._open.pop(event.key, None)
                    incident.ended(event.ended.at, event.objects, event.state)

    def not_analysed(self, started_at: datetime, ended_at: datetime, reason: GapReason) -> None:
        self._spool.coverage.record(self._camera.id, "analysis", Gap(started_at, ended_at, reason))

    def turn(self) -> bool:
        """Write what there is to write; whether anything is being recorded. For the recording thread."""
        with self._turning:
            with self._lock:
                recording = list(self._recording)
            done = [incident for incident in recording if self._turn(incident)]
            with self._lock:
                self._recording = [incident for incident in self._recording if incident not in done]
                self._bound()
                return bool(self._recording)

    def interrupt(self) -> None:
        """The rules that opened what is open are gone: it ends as interrupted. Called by the analysis thread."""
        with self._lock:
            known, self._open = list(self._open.values()), {}
        for incident in known:
            incident.interrupted()

    def close(self) -> None:
        """The camera leaves this worker: what is open ends as interrupted, footage as it is. Repeatable.

        Called after the analysis has stopped; the spool must still be open.
        """
        with self._turning, self._lock:
            self._stopped = True
            self._open.clear()
            for incident in self._recording:
                incident.stop()
            self._recording.clear()

    @property
    def stats(self) -> RecorderStats:
        with self._lock:
            unsaved = sum(not incident.is_saved for incident in self._recording)
            return RecorderStats(len(self._open), len(self._recording), unsaved, self._given_up, self._failures)

    def _turn(self, incident: RecordedIncident) -> bool:
        try:
            return incident.turn()
        except Exception:  # noqa: BLE001  a defect met by one incident must not stop the recording of all others
            self._failures += 1
            _log.exception("recording failed", incident=str(incident.incident.id))
            return False

    def _begin(self, event: Opened, frame: Frame | None) -> None:
        if event.key in self._open or self._stopped:
            return
        incident = event.incident(self._camera, worker=self._worker, model=self._model(), epoch=self._epoch())
        start = event.started.at - timedelta(seconds=self._settings.pre_roll_s)
        # The place in the ring is taken first: what is in it now must not be evicted while the disk is busy.
        recorded = RecordedIncident(incident, self._ring.reader(start), self._spool, self._settings, self._clock)
        recorded.before(scene for scene in self._recent if scene.moment.at >= start - timedelta(seconds=GOP_S))
        if frame is not None and self._recent:
            recorded.picture(self._recent[-1], frame)
        recorded.try_save()
        with self._lock:
            self._open[event.key] = recorded
            self._recording.append(recorded)

    def _known(self, key: str) -> RecordedIncident | None:
        incident = self._open.get(key)
        if incident is None:
            _log.warning("a rule speaks of an incident that is not open", camera=self._camera.id, incident=key)
        return incident

    def _bound(self) -> None:
        unsaved = [incident for incident in self._recording if not incident.is_saved]
        for incident in unsaved[: max(0, len(unsaved) - UNSAVED_MAX)]:
            if incident.incident.state is not IncidentState.OPEN:
                self._recording.remove(incident)
                self._given_up += 1
                _log.error("incident given up: the disk refuses", incident=str(incident.incident.id))
