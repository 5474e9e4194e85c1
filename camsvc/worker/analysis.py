"""Gate, decoder, detector lane, tracker and rules of one camera: packets of one stream in, scenes and events out.

The same object runs behind a camera's ring (`worker.watch`) and over a file (`worker.offline`); one thread owns it.

Packets come in order. The gate says which are worth decoding. Of the decoded frames ``fps`` a second, by media time, go
to the detector, whose answers come later, in order, perhaps not for every frame. Everything that the rules are told
stands in one queue in order of media time, and leaves it only in that order: a frame that waits for its answer, or a
key frame up to which the gate saw nothing move. When the gate wakes in the middle of a GOP, decoding begins at the key
frame of the GOP, so idle time is vouched for one GOP late: it never has to be taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from camsvc import log as logging
from camsvc.domain.incident import GapReason
from camsvc.domain.track import Moment, Scene
from camsvc.errors import MediaError
from camsvc.gate import likeness
from camsvc.gate.motion import Decision, Gate
from camsvc.media.decode import Frame
from camsvc.media.packets import Kind, Packet, Parameters
from camsvc.rules.events import RuleEvent
from camsvc.rules.rule import Rule
from camsvc.vision.tracker import Tracker
from camsvc.worker.analysed_session import AnalysedSession
from camsvc.worker.batcher import Analysed
from camsvc.worker.lane import Lane
from camsvc.worker.sampler import Sampler
from camsvc.worker.sink import Sink

log = logging.get(__name__)

MAX_SCENE_GAP_S = 2.0
"""Scenes further apart than this (and than two steps of the sampler) leave time between them that nobody looked at."""
MAX_PICTURES = 4
"""Decoded pictures (3 MB at 1080p) kept for the sink while their frames are at the detector. Overflow: the oldest frame
keeps its place in the queue and loses its picture."""


@dataclass(slots=True)
class _Due:
    """Something the rules have yet to be told."""

    moment: Moment
    frame: Frame | None
    is_idle: bool
    after_hole: bool = False
    """No frame came out of the decoder for long before it."""


@dataclass(slots=True)
class Counters:
    """Since the analysis was made. Read by any thread."""

    packets: int = 0
    decoded: int = 0
    offered: int = 0
    analysed: int = 0
    undecodable: int = 0
    """Packets the decoder could not use, and GOPs too long to keep."""
    idle_packets: int = 0
    """Packets that the gate let pass undecoded."""


class Analysis:
    """``fps`` None analyses every frame. ``gate`` makes a gate for each session; None decodes everything.

    ``input_size``: to what size the detector scales a picture of that width and height. ``wait``: asked before a frame
    is offered with its wall time; whether to wait for the detector instead of replacing an older frame.
    """

    def __init__(
        self,
        lane: Lane,
        rules: Sequence[Rule],
        sink: Sink,
        *,
        tracker: Callable[[], Tracker],
        gate: Callable[[], Gate] | None,
        fps: float | None,
        input_size: Callable[[int, int], tuple[int, int]],
        wait: Callable[[datetime], bool],
    ) -> None:
        self._lane = lane
        self._rules = rules
        self._sink = sink
        self._make_tracker = tracker
        self._make_gate = gate
        self._fps = fps
        self._input_size = input_size
        self._wait = wait
        self._max_gap = timedelta(seconds=max(MAX_SCENE_GAP_S, 2 / fps if fps else 0.0))
        self._queue: deque[_Due] = deque()
        self._session: AnalysedSession | None = None
        self._known: Moment | None = None
        self._dark: tuple[datetime, GapReason] | None = None
        """Since when, and why first, nothing has been known; None: the last moment was seen."""
        self._decoded_at: datetime | None = None
        self._tracks_before = 0
        self._tracks_seen = 0
        self.counters = Counters()

    @property
    def active(self) -> bool:
        """Whether it decodes or waits for the detector; else it only lets packets pass."""
        return bool(self._queue) or (self._session is not None and self._session.decoding)

    def begin(self, session: str, parameters: Parameters, at: datetime, lost: GapReason = GapReason.RECONNECT) -> None:
        """A session starts at ``at``; ``lost`` is why there was none before, if there was one earlier."""
        self._queue.clear()
        self._tracks_before = self._tracks_seen
        gate = self._make_gate() if self._make_gate else None
        self._session = AnalysedSession(session, parameters, gate, self._make_tracker(), Sampler(self._fps))
        self._decoded_at = at
        self._skip_to(Moment(session, 0, at), lost)

    def take(self, packet: Packet) -> None:
        """The next packet of the session that began. May wait for the detector if ``wait`` said so."""
        session = self._session
        if session is None or packet.kind is not Kind.VIDEO:
            return
        self.counters.packets += 1
        session.last = session.moment(packet.pts_90k, packet.at)
        decision = session.gate.observe(packet) if session.gate else Decision.DECODE
        if not session.keep(packet):
            self.counters.undecodable += 1
        was_decoding = session.decoding
        if decision is Decision.DECODE:
            self._decode(session, [packet] if was_decoding else session.gop())
        else:
            self._let_pass(session, packet)
            if decision is Decision.CHECK:
                self._check(session)
        self.collect()

    def collect(self, wait_s: float = 0.0) -> None:
        """Take the detector's answers and tell tracker, rules and sink. Waits up to ``wait_s`` for the first."""
        for answer in self._lane.results(wait_s if self._queue else 0.0):
            self._answered(answer)
        while self._queue and self._queue[0].is_idle:
            self._pass_idle(self._queue.popleft().moment)

    def skip(self, at: datetime) -> None:
        """The reader jumped ahead in the same session: packets up to ``at`` will not come (fell behind)."""
        if self._session:
            self._queue.clear()
            self._session.forget_gop()
            self._skip_to(self._session.moment(self._last_pts(), at), GapReason.OVERFLOW)

    def end(self) -> None:
        """The session is over; answers to its last frames are still taken."""
        if self._session and self._session.last:
            if not self._session.decoding:
                self._queue.append(_Due(self._session.last, None, is_idle=True))
            self._offer_due(self._session.rest())
            self.collect()

    def away(self, at: datetime, reason: GapReason) -> None:
        """No session up to ``at``: lets patience run out. Call it now and then.

        The sink hears of one stretch of such time repeatedly, with the same start and a later end.
        """
        if self._known and at - self._known.at > self._max_gap:
            self._skip_to(replace(self._known, at=at), reason)

    def finish(self, at: datetime) -> None:
        """No more scenes will come: what is open is interrupted."""
        self._queue.clear()
        moment = replace(self._known, at=max(at, self._known.at)) if self._known else Moment("", 0, at)
        if self._known and at - self._known.at > self._max_gap:
            self._skip_to(moment, self._why_unknown(at))
        for rule in self._rules:
            self._tell(rule.interrupt(moment), None)

    def _let_pass(self, session: AnalysedSession, packet: Packet) -> None:
        self.counters.idle_packets += 1
        if session.decoding:
            self._offer_due(session.rest())
        elif packet.is_key:
            self._queue.append(_Due(session.moment(packet.pts_90k, packet.at), None, is_idle=True))

    def _why_unknown(self, at: datetime) -> GapReason:
        last = self._session.last if self._session else None
        if last is None or at - last.at > self._max_gap:
            return GapReason.STALL
        return GapReason.CORRUPT if self._is_torn(last.at) else GapReason.DETECTOR

    def _is_torn(self, at: datetime) -> bool:
        """Whether the decoder has given nothing for long up to ``at``."""
        return self._decoded_at is not None and at - self._decoded_at > self._max_gap

    def _decode(self, session: AnalysedSession, packets: Sequence[Packet]) -> None:
        for packet in packets:
            try:
                frames = session.decode(packet)
            except MediaError:
                self.counters.undecodable += 1
                session.forget_gop()
                return
            self._offer_due(frames)

    def _check(self, session: AnalysedSession) -> None:
        try:
            frames = session.decode_alone()
        except MediaError:
            self.counters.undecodable += 1
            return
        gate = session.gate
        differing = [frame for frame in frames if gate is None or gate.look(frame.bgr(*likeness.SIZE))]
        self.counters.decoded += len(frames) - len(differing)
        self._offer_due(differing, out_of_turn=True)

    def _offer_due(self, frames: Sequence[Frame], *, out_of_turn: bool = False) -> None:
        session = self._session
        if session is None:
            return
        self.counters.decoded += len(frames)
        for frame in frames:
            torn = self._is_torn(frame.at)
            self._decoded_at = frame.at
            due = session.sampler.force(frame.pts_90k) if out_of_turn else session.sampler.wants(frame.pts_90k)
            if due:
                self._offer(session, frame, after_hole=torn)

    def _offer(self, session: AnalysedSession, frame: Frame, *, after_hole: bool) -> None:
        moment = session.moment(frame.pts_90k, frame.at)
        image = frame.bgr(*self._input_size(frame.video.width, frame.video.height))
        self._queue.append(_Due(moment, frame, is_idle=False, after_hole=after_hole))
        pictures = [due for due in self._queue if due.frame is not None]
        for due in pictures[:-MAX_PICTURES]:
            due.frame = None
        if self._lane.offer(moment, image, wait=self._wait(frame.at)):
            self.counters.offered += 1
        else:
            self._queue.pop()
        self.collect()

    def _answered(self, answer: Analysed) -> None:
        """Everything in the queue before this answer's frame that is not idle time was shed."""
        if self._session is None or answer.moment.session != self._session.id:
            return
        while self._queue and self._queue[0].moment.pts_90k <= answer.moment.pts_90k:
            due = self._queue.popleft()
            if due.is_idle:
                self._pass_idle(due.moment)
            elif due.moment == answer.moment:
                self._conclude(self._session, answer, due)

    def _conclude(self, session: AnalysedSession, answer: Analysed, due: _Due) -> None:
        moment, frame = answer.moment, due.frame
        overdue = self._known is not None and moment.at - self._known.at > self._max_gap
        ends_dark = self._dark is not None and answer.detections is not None
        if overdue or ends_dark:
            self._skip_to(moment, GapReason.CORRUPT if due.after_hole else GapReason.DETECTOR)
        if answer.detections is None:
            return
        self.counters.analysed += 1
        seen = session.tracker.update(moment, answer.detections)
        if session.gate:
            session.gate.feedback(seen, unsettled=session.tracker.unsettled)
        scene = self._renumbered(seen)
        self._known, self._dark = moment, None
        self._sink.scene(scene, frame)
        for rule in self._rules:
            self._tell(rule.observe(scene), frame)

    def _renumbered(self, scene: Scene) -> Scene:
        """With track numbers that are unique over all sessions of this analysis: an incident may span several."""
        for each in scene.objects:
            self._tracks_seen = max(self._tracks_seen, each.track + self._tracks_before)
        if self._tracks_before == 0:
            return scene
        return replace(
            scene, objects=tuple(replace(each, track=each.track + self._tracks_before) for each in scene.objects)
        )

    def _pass_idle(self, moment: Moment) -> None:
        if self._known and moment.at <= self._known.at and moment.session == self._known.session:
            return
        self._known, self._dark = moment, None
        for rule in self._rules:
            self._tell(rule.idle(moment), None)

    def _skip_to(self, moment: Moment, reason: GapReason) -> None:
        """Nothing is known of the time from the last known moment to this one."""
        before, self._known = self._known, moment
        if before is None:
            return
        if self._dark or moment.at - before.at > self._max_gap:
            self._dark = self._dark or (before.at, reason)
            self._sink.not_analysed(self._dark[0], moment.at, self._dark[1])
        for rule in self._rules:
            self._tell(rule.unseen(moment), None)

    def _last_pts(self) -> int:
        return self._known.pts_90k if self._known else 0

    def _tell(self, events: Sequence[RuleEvent], frame: Frame | None) -> None:
        for event in events:
            self._sink.event(event, frame)
