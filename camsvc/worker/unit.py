"""Everything that a worker does for one camera: reception of its streams, analysis, incidents.

::

    reception(main) ─► ring(main) ─► recorder (by the recording thread)
    reception(sub)  ─► ring(sub)  ─► watch: analysis ─► recorder     (of the main ring where there is no sub stream)
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from camsvc import log as logging
from camsvc.clock import Clock
from camsvc.config import ClipSettings, WorkerSettings
from camsvc.domain.camera import Camera, CameraState, CameraStatus, StreamRole
from camsvc.domain.incident import Gap
from camsvc.errors import SpoolError
from camsvc.gate.motion import Gate
from camsvc.media.packets import Source
from camsvc.media.ring import Ring
from camsvc.media.rtsp import RtspSource
from camsvc.rules.registry import make_rules
from camsvc.vision.tracker import Tracker
from camsvc.worker.analysis import Analysis, Counters
from camsvc.worker.backoff import Doorway
from camsvc.worker.batcher import Batcher, State
from camsvc.worker.batcher import Lane as BatcherLane
from camsvc.worker.recorder import IncidentRecorder
from camsvc.worker.recorder_thread import RecorderThread
from camsvc.worker.scenes import Overheard, SceneBoard
from camsvc.worker.session import Reception
from camsvc.worker.spool import Spool
from camsvc.worker.tap import TappedStream
from camsvc.worker.tap_wire import StreamState
from camsvc.worker.watch import CatchUp, Watch

_log = logging.get(__name__)

DEFECT_PAUSE_S = 5.0
"""Before a thread that ended in an error nobody foresaw is started again."""
JOIN_S = 5.0
"""For a thread to end after it was told to; receive threads notice within a second, unless the network is gone."""
SUB_RING_SHARE = 4
"""A sub stream's ring gets this part of the main ring's bytes: it is read within seconds, never recorded."""

SourceOpener = Callable[[Camera, StreamRole, threading.Event], Source]
"""Opens a stream; raises the MediaError family. A test gives its own."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all cameras of a worker share."""

    worker: str
    clock: Clock
    settings: WorkerSettings
    clips: ClipSettings
    gated: bool
    model: Callable[[], str]
    """Name of the detector in use."""
    batcher: Batcher
    spool: Spool
    recorders: RecorderThread
    doorway: Doorway
    open_source: SourceOpener


def open_rtsp(clock: Clock) -> SourceOpener:
    """The real opener."""

    def opener(camera: Camera, role: StreamRole, stop: threading.Event) -> Source:
        streams = camera.streams
        url = streams.sub if role is StreamRole.SUB and streams.sub else streams.main
        return RtspSource(url, transport=streams.transport, clock=clock, stop=stop)

    return opener


class Unit:
    """One camera in this worker; ``start`` once, ``stop`` once. Called by the worker's control thread."""

    def __init__(self, camera: Camera, epoch: int, shared: Shared) -> None:
        self.camera = camera
        self.epoch = epoch
        self._shared = shared
        self._receptions = {StreamRole.MAIN: _Receiving(camera, StreamRole.MAIN, shared)}
        if camera.streams.sub:
            self._receptions[StreamRole.SUB] = _Receiving(camera, StreamRole.SUB, shared)
        self.scenes = SceneBoard()
        self.ending = threading.Event()
        self._looking: _Looking | None = None
        self._analysed = (shared.clock.monotonic_s(), 0)
        self._analysed_fps: float | None = None
        self._analysed_before = 0
        self._shed_before = 0

    def start(self) -> None:
        for receiving in self._receptions.values():
            receiving.start()
        self._look()

    def change(self, camera: Camera) -> bool:
        """Take a new configuration; False when the streams differ: then another unit must take its place.

        Sessions go on; what is open is interrupted, because the rules that opened it are gone.
        """
        if camera.streams != self.camera.streams:
            return False
        self.camera = camera
        self._blind()
        self._look()
        return True

    def stream(self, role: StreamRole) -> TappedStream:
        """What a tap reads: of main where there is no sub stream. Any thread."""
        receiving = self._receptions.get(role) or self._receptions[StreamRole.MAIN]
        return TappedStream(receiving.role, receiving.ring, receiving.state)

    def tell_stop(self) -> None:
        """All threads are told; returns at once."""
        self.ending.set()
        if self._looking:
            self._looking.tell_stop()
        for receiving in self._receptions.values():
            receiving.stop.set()

    def stop(self) -> None:
        """What is open is interrupted, at its last observed moment, and in the spool on return."""
        self.tell_stop()
        self._blind()
        for receiving in self._receptions.values():
            receiving.thread.join(JOIN_S)
            if receiving.thread.is_alive():
                _log.warning("receive thread left behind", camera=self.camera.id, stream=receiving.role.value)

    def status(self) -> CameraStatus:
        snapshot = self._receptions[StreamRole.MAIN].reception.snapshot()
        state = CameraState.CONNECTING if snapshot.state is CameraState.DISABLED else snapshot.state
        detail = snapshot.detail or self._trouble()
        counters, shed = self._counters()
        return CameraStatus(
            camera=self.camera.id,
            state=state,
            since=snapshot.since,
            worker=self._shared.worker,
            detail=detail,
            last_packet_at=snapshot.last_packet_at,
            codec=snapshot.codec,
            width=snapshot.width,
            height=snapshot.height,
            fps=snapshot.fps,
            bitrate_bps=snapshot.bitrate_bps,
            clock_error_ms=snapshot.clock_error_ms,
            camera_clock_offset_ms=snapshot.camera_clock_offset_ms,
            sessions=snapshot.sessions,
            analysed_fps=self._rate(counters),
            shed_frames=self._shed_before + shed,
        )

    def _trouble(self) -> str | None:
        """What keeps a live camera from being recorded or analysed; a sentence for a person."""
        if refused := self._shared.spool.refuses_footage():
            return f"not recorded: {refused}"
        sub = self._receptions.get(StreamRole.SUB)
        if sub and (reason := sub.reception.snapshot().detail):
            return f"not analysed, the sub stream is away: {reason}"
        health = self._shared.batcher.health
        if health.state in (State.FAILING, State.FATAL):
            return f"not analysed, the detector fails: {health.detail}"
        return None

    def _counters(self) -> tuple[Counters, int]:
        return (self._looking.analysis.counters, self._looking.lane.shed) if self._looking else (Counters(), 0)

    def _rate(self, counters: Counters) -> float | None:
        """Frames analysed a second since it was last asked, at most once a second."""
        now_s = self._shared.clock.monotonic_s()
        total = self._analysed_before + counters.analysed
        then_s, before = self._analysed
        if now_s - then_s >= 1.0:
            self._analysed_fps = round((total - before) / (now_s - then_s), 2)
            self._analysed = (now_s, total)
        return self._analysed_fps

    def _look(self) -> None:
        role = StreamRole.SUB if StreamRole.SUB in self._receptions else StreamRole.MAIN
        analysed, recorded = self._receptions[role].ring, self._receptions[StreamRole.MAIN].ring
        self._looking = _Looking(self.camera, analysed, recorded, self._shared, lambda: self.epoch, self.scenes)
        self._looking.start()

    def _blind(self) -> None:
        if self._looking is None:
            return
        counters, shed = self._counters()
        self._analysed_before += counters.analysed
        self._shed_before += shed
        looking, self._looking = self._looking, None
        looking.finish()


class _Receiving:
    """One stream: its ring and its receive thread."""

    def __init__(self, camera: Camera, role: StreamRole, shared: Shared) -> None:
        self.role = role
        self.stop = threading.Event()
        settings = shared.settings
        share = SUB_RING_SHARE if role is StreamRole.SUB else 1
        self.ring = Ring(settings.ring_s, settings.ring_bytes // share)
        self.reception = Reception(
            f"{camera.id}/{role.value}",
            self.ring,
            partial(shared.open_source, camera, role, self.stop),
            clock=shared.clock,
            stop=self.stop,
            doorway=shared.doorway,
            on_gap=partial(_missing_footage, camera.id, shared.spool) if role is StreamRole.MAIN else lambda _: None,
        )
        self.thread = threading.Thread(target=self.reception.run, name=f"receive-{camera.id}-{role.value}", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def state(self) -> StreamState:
        """Any thread."""
        snapshot = self.reception.snapshot()
        running = snapshot.state is not CameraState.DISABLED
        return StreamState(snapshot.state if running else CameraState.CONNECTING, snapshot.detail)


class _Looking:
    """The analysis of one camera under one configuration: lane, rules, recorder and thread."""

    def __init__(
        self,
        camera: Camera,
        analysed: Ring,
        recorded: Ring,
        shared: Shared,
        epoch: Callable[[], int],
        scenes: SceneBoard,
    ) -> None:
        self._camera = camera
        self._scenes = scenes
        self._ring = analysed
        self._shared = shared
        self._stop = threading.Event()
        self.recorder = IncidentRecorder(
            camera,
            recorded,
            shared.spool,
            settings=shared.clips,
            worker=shared.worker,
            epoch=epoch,
            model=shared.model,
            clock=shared.clock,
        )
        self.lane, self.analysis = self._fresh()
        self._thread = threading.Thread(target=self._run, name=f"analyse-{camera.id}", daemon=True)

    def start(self) -> None:
        self._shared.recorders.add(self.recorder)
        self._thread.start()

    def tell_stop(self) -> None:
        self._stop.set()
        self.lane.close()

    def finish(self) -> None:
        self.tell_stop()
        self._thread.join(JOIN_S)
        if self._thread.is_alive():
            _log.warning("analysis thread left behind", camera=self._camera.id)
        self._shared.recorders.remove(self.recorder)
        self.recorder.close()

    def _fresh(self) -> tuple[BatcherLane, Analysis]:
        camera, shared = self._camera, self._shared
        lane = shared.batcher.lane(camera.id)
        detect = camera.detect
        analysis = Analysis(
            lane,
            make_rules(camera),
            Overheard(self.recorder, self._scenes),
            tracker=lambda: Tracker(min_confidence=detect.min_confidence, classes=detect.classes),
            gate=Gate if shared.gated else None,
            fps=detect.fps,
            input_size=shared.batcher.input_size,
            wait=CatchUp(shared.clock),
        )
        return lane, analysis

    def _run(self) -> None:
        """Analysis after analysis: only a defect ends one before ``stop``."""
        while not self._stop.is_set():
            try:
                Watch(self._ring, self.analysis, clock=self._shared.clock, stop=self._stop).run()
            except Exception:  # noqa: BLE001  a defect in one camera's analysis must not end it for good, or others'
                _log.exception("analysis failed", camera=self._camera.id)
                if not self._shared.clock.wait(self._stop, DEFECT_PAUSE_S):
                    self.lane.close()
                    self.lane, self.analysis = self._fresh()


def _missing_footage(camera: str, spool: Spool, gap: Gap) -> None:
    try:
        spool.coverage.record(camera, "footage", gap)
    except SpoolError as error:
        _log.error("missing footage is not on record", camera=camera, reason=str(error))
