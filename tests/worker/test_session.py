"""The receive side: connection after connection, one state, one account of what is missing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from types import TracebackType
from typing import Self

import pytest
from structlog.testing import capture_logs

from camsvc.clock import SimulatedClock
from camsvc.domain.camera import CameraState
from camsvc.domain.incident import Gap, GapReason
from camsvc.errors import MediaError, SourceError, SourceRefusedError, StallError
from camsvc.media.packets import ClockReading, Kind, Packet, Parameters, VideoParameters
from camsvc.media.ring import Ring, SessionEnd, SessionStart
from camsvc.worker.backoff import Doorway
from camsvc.worker.session import Reception

PARAMETERS = Parameters(VideoParameters("h264", 640, 360, b""))
STEP_S = 0.04


class ScriptedSource:
    """Sends ``seconds`` of packets, then fails, ends, or lets the test stop everything."""

    def __init__(
        self, number: int, clock: SimulatedClock, seconds: float, end: MediaError | Callable[[], None]
    ) -> None:
        self.session = f"session-{number}"
        self.parameters = PARAMETERS
        self._clock = clock
        self._seconds = seconds
        self._end = end
        self.closed = False

    def packets(self) -> Iterator[Packet]:
        for index in range(round(self._seconds / STEP_S)):
            self._clock.advance(STEP_S)
            pts = index * 3600
            yield Packet(Kind.VIDEO, b"x" * 1000, pts, pts, 3600, index % 25 == 0, self._clock.now())
        if isinstance(self._end, MediaError):
            raise self._end
        self._end()

    def clock(self) -> ClockReading:
        return ClockReading(error_ms=12.0, camera_offset_ms=-250.0)

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass
class Scene:
    """A reception over a script: each step is what one attempt to connect meets."""

    script: list[tuple[float, MediaError] | MediaError]
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    stop: threading.Event = field(default_factory=threading.Event)
    gaps: list[Gap] = field(default_factory=list)
    states: list[CameraState] = field(default_factory=list)
    attempts_at_s: list[float] = field(default_factory=list)
    sources: list[ScriptedSource] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ring = Ring(3600, 50_000_000)
        self.reception = Reception(
            "gate/main",
            self.ring,
            self._open,
            clock=self.clock,
            stop=self.stop,
            doorway=Doorway(),
            on_gap=self.gaps.append,
            random=Random(7),
        )

    def _open(self) -> ScriptedSource:
        self.states.append(self.reception.snapshot().state)
        self.attempts_at_s.append(self.clock.monotonic_s())
        number = len(self.attempts_at_s)
        if number > len(self.script):
            source = ScriptedSource(number, self.clock, 4, self.stop.set)
        else:
            step = self.script[number - 1]
            if isinstance(step, MediaError):
                raise step
            source = ScriptedSource(number, self.clock, *step)
        self.sources.append(source)
        return source

    def run(self) -> Self:
        self.reception.run()
        return self


def test_a_lost_camera_is_taken_up_again_in_a_session_of_its_own() -> None:
    scene = Scene([(10, SourceError("gone"))]).run()
    items = scene.ring.reader(None).read(0)
    assert isinstance(items[0], SessionStart)
    assert items[0].session == "session-2"
    assert all(source.closed for source in scene.sources)
    assert scene.reception.snapshot().sessions == 2


def test_missing_footage_is_told_from_the_last_packet_to_the_first_new_one_with_its_reason() -> None:
    scene = Scene([(10, StallError("silent")), SourceError("no route"), SourceError("no route")])
    began = scene.clock.now()
    scene.run()
    last, first_new = began + timedelta(seconds=10), scene.gaps[-1].ended_at
    assert {gap.started_at for gap in scene.gaps} == {last}
    assert {gap.reason for gap in scene.gaps} == {GapReason.STALL}
    assert [gap.ended_at for gap in scene.gaps] == sorted(gap.ended_at for gap in scene.gaps)
    reader = scene.ring.reader(began)
    items = []
    while batch := reader.read(0):
        items += batch
    packets = [item for item in items if isinstance(item, Packet)]
    assert packets[249].at == last
    assert packets[250].at == first_new
    assert next(item.reason for item in items if isinstance(item, SessionEnd)) is GapReason.STALL


def test_waits_grow_while_a_camera_stays_away() -> None:
    scene = Scene([SourceError("no route")] * 8).run()
    waits = [later - sooner for sooner, later in zip(scene.attempts_at_s, scene.attempts_at_s[1:], strict=False)]
    assert waits[0] < 2
    assert max(waits) > 15
    assert max(waits) <= 45


def test_a_refused_camera_is_tried_slowly_and_says_what_to_mend() -> None:
    scene = Scene([SourceRefusedError("rtsp://***@camera/: the password is wrong (401)")] * 3)
    details: list[tuple[CameraState, str | None]] = []
    wait = scene.clock.wait

    def watching(stop: threading.Event, timeout_s: float) -> bool:
        snapshot = scene.reception.snapshot()
        details.append((snapshot.state, snapshot.detail))
        return wait(stop, timeout_s)

    scene.clock.wait = watching  # type: ignore[method-assign]
    scene.run()
    assert {state for state, _ in details} == {CameraState.REFUSED}
    assert all(detail and "401" in detail for _, detail in details)
    waits = [later - sooner for sooner, later in zip(scene.attempts_at_s, scene.attempts_at_s[1:], strict=False)]
    assert min(waits) >= 15


def test_while_live_it_says_what_the_camera_delivers() -> None:
    scene = Scene([])
    seen = []
    advance = scene.clock.advance

    def watching(seconds: float) -> None:
        advance(seconds)
        seen.append(scene.reception.snapshot())

    scene.clock.advance = watching  # type: ignore[method-assign]
    scene.run()
    live = seen[-1]
    assert live.state is CameraState.LIVE
    assert live.fps == pytest.approx(25, abs=1)
    assert live.bitrate_bps == pytest.approx(200_000, rel=0.1)
    assert (live.codec, live.width, live.height) == ("h264", 640, 360)
    assert (live.clock_error_ms, live.camera_clock_offset_ms) == (12.0, -250.0)


def test_every_attempt_is_made_while_connecting_and_the_end_is_not_live() -> None:
    scene = Scene([(1, SourceError("gone")), SourceError("no route")]).run()
    assert set(scene.states) == {CameraState.CONNECTING}
    assert scene.reception.snapshot().state is CameraState.DISABLED


def test_the_log_has_one_line_for_the_loss_and_one_for_the_return() -> None:
    with capture_logs() as lines:
        Scene([(5, SourceError("gone")), *[SourceError("no route")] * 20]).run()
    assert [line["event"] for line in lines] == ["stream live", "stream lost", "stream back"]
    assert lines[-1]["tries"] == 21


def test_a_state_that_cannot_follow_is_refused() -> None:
    scene = Scene([])
    with pytest.raises(AssertionError, match="cannot become live from disabled"):
        scene.reception._become(CameraState.LIVE, None)
