"""The receive side of one stream: a supervisor that keeps trying, and sessions that live once each.

``Reception`` is the supervisor: ``run()`` is its thread, writes the stream's ring and owns its state. What it says of
itself (``snapshot``) may be read by any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from camsvc import log as logging
from camsvc.clock import Clock
from camsvc.domain.camera import CameraState
from camsvc.domain.incident import Gap, GapReason
from camsvc.errors import MediaError, SourceError, SourceRefusedError
from camsvc.log import redact
from camsvc.media.packets import Kind, Source, gap_reason
from camsvc.media.ring import Ring
from camsvc.worker.backoff import BackOff, Doorway
from camsvc.worker.meter import Meter

_log = logging.get(__name__)

_NEXT = {
    CameraState.CONNECTING: {CameraState.LIVE, CameraState.RETRYING, CameraState.REFUSED, CameraState.DISABLED},
    CameraState.LIVE: {CameraState.RETRYING, CameraState.REFUSED, CameraState.DISABLED},
    CameraState.RETRYING: {CameraState.CONNECTING, CameraState.DISABLED},
    CameraState.REFUSED: {CameraState.CONNECTING, CameraState.DISABLED},
    CameraState.DISABLED: {CameraState.CONNECTING},
}
"""What may follow what. ``DISABLED`` stands for "not running" here."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One stream at one moment."""

    state: CameraState
    since: datetime
    detail: str | None = None
    """Why it is not live; a sentence for a person, redacted."""
    last_packet_at: datetime | None = None
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    bitrate_bps: int | None = None
    clock_error_ms: float | None = None
    camera_clock_offset_ms: float | None = None
    sessions: int = 0


class Reception:
    """Receives one stream into ``ring`` until ``stop``. Made once, ``run`` once."""

    def __init__(
        self,
        name: str,
        ring: Ring,
        open_source: Callable[[], Source],
        *,
        clock: Clock,
        stop: threading.Event,
        doorway: Doorway,
        on_gap: Callable[[Gap], None],
        random: Random | None = None,
    ) -> None:
        """``name`` is for the log: camera and stream. ``on_gap`` is told, from the receive thread, of footage that is
        missing; while the stream stays away repeatedly, with the same start and a later end."""
        self._name = name
        self._ring = ring
        self._open_source = open_source
        self._clock = clock
        self._stop = stop
        self._doorway = doorway
        self._on_gap = on_gap
        self._back_off = BackOff(random or Random())  # noqa: S311  jitter needs no cryptography
        self._meter = Meter()
        self._lost: Gap | None = None
        self._lost_tries = 0
        self._lock = threading.Lock()
        self._snapshot = Snapshot(CameraState.DISABLED, clock.now())

    @property
    def ring(self) -> Ring:
        return self._ring

    def snapshot(self) -> Snapshot:
        """Any thread."""
        with self._lock:
            snapshot = self._snapshot
        if snapshot.state is not CameraState.LIVE:
            return snapshot
        fps, bitrate_bps = self._meter.rates(self._clock.monotonic_s())
        return replace(snapshot, fps=fps, bitrate_bps=bitrate_bps, last_packet_at=self._meter.last_at)

    def run(self) -> None:
        """Session after session, with back-off, until ``stop``. The top of its thread: raises nothing."""
        while not self._stop.is_set():
            self._become(CameraState.CONNECTING, self.snapshot().detail)
            began_s = self._clock.monotonic_s()
            try:
                self._run_once()
            except MediaError as error:
                self._pause(error, began_s)
            except Exception as error:  # noqa: BLE001  a defect met with one camera must not end its reception for good
                _log.exception("reception failed", stream=self._name)
                self._pause(SourceError(f"a defect of this service: {type(error).__name__}"), began_s)
        self._become(CameraState.DISABLED, None)

    def _pause(self, error: MediaError, began_s: float) -> None:
        wait_s = self._after(error, self._clock.monotonic_s() - began_s)
        self._clock.wait(self._stop, wait_s)

    def _run_once(self) -> None:
        """One session, from open to end. Returns only when stopped; raises the MediaError that ended it."""
        self._meter.restart()
        with self._doorway.entered(self._stop) as may:
            if not may:
                return
            source = self._open_source()
        reason = GapReason.RECONNECT
        with source:
            self._ring.open_session(source.session, source.parameters, source.clock)
            try:
                for packet in source.packets():
                    if self._meter.last_at is None and packet.kind is Kind.VIDEO:
                        self._came_alive(source, packet.at)
                    self._ring.append(packet)
                    self._meter.count(packet, self._clock.monotonic_s())
                    if self._meter.due(self._clock.monotonic_s()):
                        self._read_clock(source)
                    if self._stop.is_set():
                        return
            except MediaError as error:
                reason = gap_reason(error)
                raise
            finally:
                self._ring.close_session(reason)
        if not self._stop.is_set():
            raise SourceError("the camera ended the stream")

    def _came_alive(self, source: Source, at: datetime) -> None:
        video = source.parameters.video
        with self._lock:
            self._snapshot = replace(
                self._snapshot,
                codec=video.codec,
                width=video.width,
                height=video.height,
                sessions=self._snapshot.sessions + 1,
            )
        self._read_clock(source)
        self._become(CameraState.LIVE, None)
        if self._lost is None:
            _log.info("stream live", stream=self._name, codec=video.codec, width=video.width, height=video.height)
            return
        gap = replace(self._lost, ended_at=max(at, self._lost.started_at))
        away_s = round((gap.ended_at - gap.started_at).total_seconds(), 1)
        _log.info("stream back", stream=self._name, away_s=away_s, tries=self._lost_tries, reason=gap.reason.value)
        self._lost, self._lost_tries = None, 0
        self._on_gap(gap)

    def _read_clock(self, source: Source) -> None:
        reading = source.clock()
        with self._lock:
            self._snapshot = replace(
                self._snapshot, clock_error_ms=reading.error_ms, camera_clock_offset_ms=reading.camera_offset_ms
            )

    def _after(self, error: MediaError, lived_s: float) -> float:
        """Note the loss; seconds to wait before the next try."""
        refused = isinstance(error, SourceRefusedError)
        detail = redact(str(error))
        now = self._clock.now()
        last_at = self._meter.last_at
        if last_at is None:
            lived_s = 0.0
        wait_s = self._back_off.failed(refused=refused, lived_s=lived_s)
        first = self._lost is None
        if self._lost is None:
            self._lost = Gap(last_at or now, now, gap_reason(error))
        elif last_at is not None:
            self._lost = Gap(last_at, now, gap_reason(error))
        self._lost = replace(self._lost, ended_at=max(now, self._lost.started_at))
        self._lost_tries += 1
        before = self.snapshot().detail
        self._become(CameraState.REFUSED if refused else CameraState.RETRYING, detail)
        if first:
            _log.warning("stream lost", stream=self._name, reason=detail, retry_s=round(wait_s, 1))
        elif refused and before != detail:
            _log.warning("stream refused", stream=self._name, reason=detail, retry_s=round(wait_s, 1))
        self._on_gap(self._lost)
        return wait_s

    def _become(self, state: CameraState, detail: str | None) -> None:
        """The one place where the state changes."""
        with self._lock:
            was = self._snapshot
            if state not in _NEXT[was.state]:
                raise AssertionError(f"stream {self._name} cannot become {state} from {was.state}")
            last_packet_at = self._meter.last_at or was.last_packet_at
            self._snapshot = replace(
                was, state=state, since=self._clock.now(), detail=detail, last_packet_at=last_packet_at
            )
