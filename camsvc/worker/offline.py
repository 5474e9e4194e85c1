"""The analysis of a recorded file: the same gate, tracker and rules as live, one thread, the same answer every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from camsvc.domain.camera import Camera
from camsvc.domain.incident import Gap, GapReason, Incident
from camsvc.domain.track import Scene
from camsvc.errors import DetectorError, MediaError
from camsvc.gate.motion import Gate
from camsvc.media.decode import Frame
from camsvc.media.file import FileSource
from camsvc.media.packets import Kind
from camsvc.rules.events import Closed, Opened, RuleEvent
from camsvc.rules.registry import make_rules
from camsvc.vision.detector import Detector
from camsvc.vision.tracker import Tracker
from camsvc.worker.analysis import Analysis, Counters
from camsvc.worker.lane import DirectLane
from camsvc.worker.mot import TrackTable

DEFAULT_FPS = 12.5
"""Frames analysed a second when none is asked for. With boxes interpolated between, MOTA and IDF1 are 0.85 and 0.81 on
TUD-Stadtmitte, 0.58 and 0.63 on TUD-Campus; with every frame 0.81 and 0.72, 0.46 and 0.68, at twice the time; with the
5 of a live camera 0.85 and 0.82, 0.48 and 0.70."""
BREAK_OFF_S = 2.0
BREAK_OFF_SHARE = 0.02
"""A file that lacks more of its stated duration than both was cut short; sound that outlasts the pictures is less."""
WORKER = "analyze"
"""What such an incident says of the worker that found it: none did."""


@dataclass(slots=True)
class Findings:
    """What a file holds, as far as it could be read."""

    incidents: list[Incident] = field(default_factory=list)
    """In the order in which they opened."""
    tracks: TrackTable = field(default_factory=TrackTable)
    not_analysed: list[Gap] = field(default_factory=list)
    frame_times_90k: list[int] = field(default_factory=list)
    """Media time of every frame of the file, rising."""
    width: int = 0
    height: int = 0
    counters: Counters = field(default_factory=Counters)
    broken: str | None = None
    """Why reading stopped before the end of the file; None: it did not."""

    @property
    def duration_s(self) -> float:
        """Media time that was read."""
        return (self.frame_times_90k[-1] - self.frame_times_90k[0]) / 90_000 if self.frame_times_90k else 0.0

    def mot_lines(self) -> Iterator[str]:
        """Tracks as MOTChallenge text."""
        return self.tracks.lines(self.frame_times_90k, self.width, self.height)


def analyse(
    path: Path,
    camera: Camera,
    detector: Detector,
    *,
    start: datetime,
    fps: float = DEFAULT_FPS,
    gated: bool,
    progress: Callable[[float], None],
) -> Findings:
    """Look through the file at ``path`` as if ``camera`` had sent it from ``start`` on.

    ``fps``: frames analysed a second of media time. ``progress`` is told the media seconds read, often. Raises
    SourceError when the file cannot be opened; a file that breaks off later, or a detector that fails, gives what was
    found before, and ``broken`` says so.
    """
    findings = Findings(tracks=TrackTable(camera.detect.min_confidence))
    lane = DirectLane(detector)
    analysis = Analysis(
        lane,
        make_rules(camera),
        _Collector(camera, detector.name, findings),
        tracker=lambda: Tracker(min_confidence=camera.detect.min_confidence, classes=camera.detect.classes),
        gate=Gate if gated else None,
        fps=fps,
        input_size=detector.input_size,
        wait=lambda _: True,
    )
    findings.counters = analysis.counters
    with FileSource(path, start=start) as source:
        video = source.parameters.video
        findings.width, findings.height = video.width, video.height
        analysis.begin(source.session, source.parameters, start)
        at = start
        try:
            for packet in source.packets():
                if packet.kind is not Kind.VIDEO:
                    continue
                findings.frame_times_90k.append(packet.pts_90k)
                at = packet.at
                analysis.take(packet)
                progress(packet.pts_90k / 90_000)
            findings.broken = _breaks_off(findings, source.duration_s)
        except (MediaError, DetectorError) as error:
            findings.broken = str(error)
        analysis.end()
        analysis.collect()
        analysis.finish(at)
    findings.frame_times_90k.sort()
    return findings


def _breaks_off(findings: Findings, stated_s: float | None) -> str | None:
    """Files that were cut short simply end; only what they state tells."""
    read_s = findings.duration_s
    if stated_s is None or stated_s - read_s <= max(BREAK_OFF_S, BREAK_OFF_SHARE * stated_s):
        return None
    return f"the file breaks off after {read_s:.1f} s of the {stated_s:.1f} s that it states"


class _Collector:
    """The sink (`worker.sink.Sink`)."""

    def __init__(self, camera: Camera, model: str, findings: Findings) -> None:
        self._camera = camera
        self._model = model
        self._findings = findings
        self._index: dict[str, int] = {}

    def scene(self, scene: Scene, frame: Frame | None) -> None:
        self._findings.tracks.add(scene)

    def event(self, event: RuleEvent, frame: Frame | None) -> None:
        incidents = self._findings.incidents
        if isinstance(event, Opened):
            self._index[event.key] = len(incidents)
            incidents.append(event.incident(self._camera, worker=WORKER, model=self._model, epoch=0))
            return
        index = self._index[event.key]
        before = incidents[index]
        changed = replace(before, objects=event.objects, revision=before.revision + 1)
        if isinstance(event, Closed):
            ended = event.ended.at
            incidents[index] = replace(changed, state=event.state, last_observed_at=ended, ended_at=ended)
        else:
            incidents[index] = replace(changed, last_observed_at=event.last_observed.at)

    def not_analysed(self, started_at: datetime, ended_at: datetime, reason: GapReason) -> None:
        self._findings.not_analysed.append(Gap(started_at, ended_at, reason))
