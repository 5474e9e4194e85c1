"""What reaches rules and sink from the packets of one stream, in what order, and what is said to be unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from camsvc.domain.incident import GapReason
from camsvc.domain.track import Moment, ObjectClass, Scene
from camsvc.gate.motion import Decision
from camsvc.media.decode import Frame
from camsvc.media.file import FileSource
from camsvc.media.packets import Packet, Parameters
from camsvc.rules.events import Closed, Opened, RuleEvent, Updated
from camsvc.rules.presence import Presence
from camsvc.vision.tracker import Tracker
from camsvc.worker.analysis import MAX_PICTURES, Analysis
from camsvc.worker.batcher import Analysed
from tests.worker.stage import FPS, VISIT_S, BrightSpot, make_walk

START = datetime(2026, 5, 1, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_walk(tmp_path_factory.mktemp("film") / "walk.mp4")


@pytest.fixture(scope="module")
def packets(film: Path) -> tuple[Parameters, list[Packet]]:
    with FileSource(film, start=START) as source:
        return source.parameters, list(source.packets())


class ScriptedLane:
    """Answers at once, later (``hold``), never (``shed``), or that the detector failed (``fails``)."""

    def __init__(self) -> None:
        self.detector = BrightSpot()
        self.hold = False
        self.shed: Callable[[Moment], bool] = lambda _: False
        self.fails: Callable[[Moment], bool] = lambda _: False
        self.offered: list[Moment] = []
        self._answers: list[Analysed] = []

    def offer(self, moment: Moment, image: NDArray[np.uint8], *, wait: bool = False) -> bool:
        self.offered.append(moment)
        if not self.shed(moment):
            detections = None if self.fails(moment) else self.detector.detect([image])[0]
            self._answers.append(Analysed(moment, detections))
        return True

    def results(self, wait_s: float = 0.0) -> list[Analysed]:
        if self.hold:
            return []
        answers, self._answers = self._answers, []
        return answers

    def close(self) -> None:
        pass


class ScriptedGate:
    """Decides by the second of media time."""

    def __init__(self, decide: Callable[[float, Packet], Decision], *, differs: bool = True) -> None:
        self._decide = decide
        self._differs = differs
        self.heard: list[Scene] = []
        self.looked: list[tuple[int, ...]] = []

    def observe(self, packet: Packet) -> Decision:
        return self._decide(packet.pts_90k / 90_000, packet)

    def look(self, image: NDArray[np.uint8]) -> bool:
        self.looked.append(image.shape)
        return self._differs

    def feedback(self, scene: Scene, *, unsettled: bool = False) -> None:
        self.heard.append(scene)


@dataclass
class Told:
    """A sink that remembers."""

    scenes: list[Scene] = field(default_factory=list)
    frames: list[Frame | None] = field(default_factory=list)
    events: list[RuleEvent] = field(default_factory=list)
    dark: list[tuple[float, float, GapReason]] = field(default_factory=list)
    dark_at: list[tuple[datetime, datetime, GapReason]] = field(default_factory=list)

    def scene(self, scene: Scene, frame: Frame | None) -> None:
        self.scenes.append(scene)
        self.frames.append(frame)

    def event(self, event: RuleEvent, frame: Frame | None) -> None:
        self.events.append(event)

    def not_analysed(self, started_at: datetime, ended_at: datetime, reason: GapReason) -> None:
        self.dark.append((second(started_at), second(ended_at), reason))
        self.dark_at.append((started_at, ended_at, reason))


def second(at: datetime) -> float:
    return round((at - START).total_seconds(), 3)


@dataclass
class Bench:
    fps: float | None = 5.0
    gate: ScriptedGate | None = None
    lane: ScriptedLane = field(default_factory=ScriptedLane)
    told: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        rule = Presence(classes=tuple(ObjectClass), after_s=0.3, close_after_s=1.0)
        gate = self.gate
        self.analysis = Analysis(
            self.lane,
            [rule],
            self.told,
            tracker=Tracker,
            gate=(lambda: gate) if gate else None,  # type: ignore[arg-type, return-value]
            fps=self.fps,
            input_size=lambda width, height: (width, height),
            wait=lambda _: False,
        )

    def play(self, parameters: Parameters, packets: Sequence[Packet], session: str = "s1") -> None:
        self.analysis.begin(session, parameters, packets[0].at)
        for packet in packets:
            self.analysis.take(packet)

    def scene_seconds(self) -> list[float]:
        return self.scene_seconds_from(START)

    def scene_seconds_from(self, origin: datetime) -> list[float]:
        return [round((scene.moment.at - origin).total_seconds(), 3) for scene in self.told.scenes]

    def dark_from(self, origin: datetime) -> list[tuple[float, float, GapReason]]:
        return [
            ((start - origin).total_seconds(), (end - origin).total_seconds(), reason)
            for start, end, reason in self.told.dark_at
        ]


def later(packets: Sequence[Packet], seconds: float) -> list[Packet]:
    return [replace(packet, at=packet.at + timedelta(seconds=seconds)) for packet in packets]


Media = tuple[Parameters, list[Packet]]


def test_a_visit_is_told_from_first_to_last_sighting(packets: Media) -> None:
    bench = Bench()
    bench.play(*packets)
    opened = [event for event in bench.told.events if isinstance(event, Opened)]
    closed = [event for event in bench.told.events if isinstance(event, Closed)]
    assert len(opened) == len(closed) == 1
    assert second(opened[0].started.at) == pytest.approx(VISIT_S[0], abs=0.4)
    assert second(closed[0].ended.at) == pytest.approx(VISIT_S[1], abs=0.4)
    assert any(isinstance(event, Updated) for event in bench.told.events)


def test_frames_are_analysed_at_the_asked_rate_and_come_with_their_picture(packets: Media) -> None:
    bench = Bench(fps=5)
    bench.play(*packets)
    seconds = bench.scene_seconds()
    assert len(seconds) == pytest.approx(50, abs=1)
    assert seconds == sorted(seconds)
    assert all(frame is not None for frame in bench.told.frames)
    for scene, frame in zip(bench.told.scenes, bench.told.frames, strict=True):
        assert frame is not None
        assert frame.pts_90k == scene.moment.pts_90k


def test_a_sleeping_gate_costs_no_decoding_and_what_wakes_it_is_analysed_from_the_key_frame(packets: Media) -> None:
    def wakes_late(at_s: float, _: Packet) -> Decision:
        return Decision.DECODE if 2.7 <= at_s < 6 else Decision.SKIP

    bench = Bench(gate=ScriptedGate(wakes_late))
    bench.play(*packets)
    seconds = bench.scene_seconds()
    assert seconds[0] == 2.0  # the key frame before: what woke it is analysed too
    assert all(2.0 <= each < 6.0 for each in seconds)
    assert bench.analysis.counters.decoded == pytest.approx(40, abs=2)
    (opened,) = [event for event in bench.told.events if isinstance(event, Opened)]
    assert second(opened.started.at) == pytest.approx(VISIT_S[0], abs=0.4)
    assert len([event for event in bench.told.events if isinstance(event, Closed)]) == 1
    assert bench.told.dark == []  # the gate vouches for the rest


def test_a_checked_key_frame_is_analysed_alone_and_never_twice(packets: Media) -> None:
    def checks_then_decodes(at_s: float, packet: Packet) -> Decision:
        if at_s >= 3.5:
            return Decision.DECODE
        return Decision.CHECK if packet.is_key and at_s == 3.0 else Decision.SKIP

    gate = ScriptedGate(checks_then_decodes)
    bench = Bench(gate=gate)
    bench.play(*packets)
    seconds = bench.scene_seconds()
    assert seconds[0] == 3.0
    assert seconds.count(3.0) == 1
    assert seconds[1] == pytest.approx(3.2)
    assert len(gate.heard) == len(seconds)


def test_a_checked_key_frame_that_looks_like_the_last_is_not_analysed(packets: Media) -> None:
    gate = ScriptedGate(lambda _, packet: Decision.CHECK if packet.is_key else Decision.SKIP, differs=False)
    bench = Bench(gate=gate)
    bench.play(*packets)
    assert gate.looked
    assert set(gate.looked) == {(96, 160, 3)}
    assert bench.scene_seconds() == []
    assert gate.heard == []


def test_idle_time_closes_what_ended(packets: Media) -> None:
    bench = Bench(gate=ScriptedGate(lambda at_s, _: Decision.DECODE if at_s < 5.5 else Decision.SKIP))
    bench.play(*packets)
    (closed,) = [event for event in bench.told.events if isinstance(event, Closed)]
    assert second(closed.ended.at) == pytest.approx(VISIT_S[1], abs=0.4)


def test_frames_that_were_shed_are_left_out_and_the_order_is_kept(packets: Media) -> None:
    bench = Bench(fps=10)
    bench.lane.shed = lambda moment: round(moment.pts_90k / 9000) % 3 != 0
    bench.play(*packets)
    assert bench.scene_seconds() == [round(index * 0.3, 3) for index in range(34)]
    assert bench.told.dark == []


def test_a_detector_that_fails_leaves_time_that_is_not_analysed_and_the_incident_goes_on(packets: Media) -> None:
    bench = Bench()
    bench.lane.fails = lambda moment: 2.9 < moment.pts_90k / 90_000 < 6.5
    bench.play(*packets)
    assert {reason for _, _, reason in bench.told.dark} == {GapReason.DETECTOR}
    assert min(start for start, _, _ in bench.told.dark) == pytest.approx(2.8, abs=0.21)
    assert max(end for _, end, _ in bench.told.dark) == pytest.approx(6.5, abs=0.5)
    (closed,) = [event for event in bench.told.events if isinstance(event, Closed)]
    assert second(closed.ended.at) == pytest.approx(2.8, abs=0.21)
    assert not any(2.9 < each < 6.5 for each in bench.scene_seconds())


def test_pictures_that_wait_for_the_detector_are_bounded(packets: Media) -> None:
    bench = Bench(fps=None)
    bench.lane.hold = True
    bench.play(*packets)
    bench.lane.hold = False
    bench.analysis.collect()
    assert len(bench.told.frames) == 10 * FPS
    assert sum(frame is not None for frame in bench.told.frames) == MAX_PICTURES


def test_answers_of_an_earlier_session_are_not_taken_for_this_one(packets: Media) -> None:
    parameters, all_packets = packets
    bench = Bench()
    bench.lane.hold = True
    bench.play(parameters, all_packets[:20])
    bench.lane.hold = False
    bench.play(parameters, later(all_packets[:20], 60), session="s2")
    assert {scene.moment.session for scene in bench.told.scenes} == {"s2"}


def test_track_numbers_are_not_used_again_in_the_next_session(packets: Media) -> None:
    parameters, all_packets = packets
    bench = Bench()
    bench.play(parameters, all_packets)
    bench.analysis.end()
    bench.play(parameters, later(all_packets, 20), session="s2")
    numbers = {(scene.moment.session, each.track) for scene in bench.told.scenes for each in scene.objects}
    assert len({track for _, track in numbers}) == len(numbers) == 2


def test_time_between_sessions_is_told_with_its_reason_and_within_patience_closes_nothing(packets: Media) -> None:
    parameters, all_packets = packets
    bench = Bench()
    bench.play(parameters, all_packets[:40])  # up to the middle of the visit
    bench.analysis.end()
    bench.analysis.away(all_packets[39].at + timedelta(seconds=8), GapReason.STALL)
    bench.analysis.begin("s2", parameters, all_packets[39].at + timedelta(seconds=12), GapReason.STALL)
    assert bench.told.dark == [(3.8, 11.9, GapReason.STALL), (3.8, 15.9, GapReason.STALL)]
    assert not any(isinstance(event, Closed) for event in bench.told.events)
    for packet in later(all_packets[40:], 12):
        bench.analysis.take(replace(packet, pts_90k=packet.pts_90k - 40 * 9000, dts_90k=packet.dts_90k - 40 * 9000))
    assert len([event for event in bench.told.events if isinstance(event, Opened)]) == 1


def test_the_end_of_analysis_interrupts_what_is_open(packets: Media) -> None:
    bench = Bench()
    bench.play(packets[0], packets[1][:40])
    bench.analysis.finish(START + timedelta(seconds=5))
    (closed,) = [event for event in bench.told.events if isinstance(event, Closed)]
    assert closed.state.value == "interrupted"
    assert second(closed.ended.at) == pytest.approx(3.8, abs=0.21)


def test_a_jump_of_the_reader_is_told_as_overflow_and_decoding_goes_on_at_the_next_key_frame(packets: Media) -> None:
    parameters, all_packets = packets
    bench = Bench()
    bench.play(parameters, all_packets[:15])
    bench.analysis.skip(all_packets[70].at)
    for packet in all_packets[70:]:
        bench.analysis.take(packet)
    assert set(bench.told.dark) == {(1.4, 7.0, GapReason.OVERFLOW)}
    assert next(each for each in bench.scene_seconds() if each > 1.4) == 7.0
