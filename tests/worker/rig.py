"""One recorded camera whose time is moved by the test."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import av

from camsvc.clock import SimulatedClock
from camsvc.config import ClipSettings
from camsvc.domain.camera import Severity
from camsvc.domain.incident import ClipPart, GapReason, IncidentObject, IncidentState, new_incident_id
from camsvc.domain.track import Moment, ObjectClass, Scene
from camsvc.media.decode import Frame
from camsvc.media.packets import Packet
from camsvc.media.ring import Ring
from camsvc.rules.events import Closed, Opened, Updated
from camsvc.worker.recorder import IncidentRecorder
from camsvc.worker.recorder_finaliser import Finaliser
from camsvc.worker.spool import Spool
from camsvc.worker.spool_entry import Entry
from camsvc.worker.spool_state import EntryState
from tests.worker.spooling import (
    CAMERA,
    FPS,
    MIB,
    PERSON,
    START,
    moment,
    open_spool,
    packets,
    parameters,
    reading,
    scene,
)

TURN_S = 0.25
CAR = IncidentObject(2, ObjectClass.CAR, 0.7)


@dataclass
class Rig:
    """One camera whose time is moved by the test: packets into the ring, turns of the recording thread."""

    root: Path
    pre_roll_s: float = 3
    post_roll_s: float = 2
    part_max_s: float = 300
    part_max_bytes: int = 256 * MIB
    max_bytes: int = 512 * MIB
    ring_s: float = 30
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(START))
    now_s: float = 0.0
    origin_s: float = 0.0
    sessions: int = 0
    sent: list[Packet] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ring = Ring(self.ring_s, 64 * MIB)
        self.settings = ClipSettings.model_construct(
            pre_roll_s=self.pre_roll_s,
            post_roll_s=self.post_roll_s,
            part_max_s=self.part_max_s,
            part_max_bytes=self.part_max_bytes,
        )
        self.start()

    def start(self) -> None:
        self.spool: Spool = open_spool(self.root, self.clock, max_bytes=self.max_bytes)
        self.finaliser = Finaliser(self.spool, clock=self.clock, stop=threading.Event())
        self.recorder = IncidentRecorder(
            CAMERA,
            self.ring,
            self.spool,
            settings=self.settings,
            worker="w1",
            epoch=lambda: 4,
            model=lambda: "test-model",
            clock=self.clock,
        )

    def connect(self) -> None:
        self.sessions += 1
        self.origin_s = self.now_s
        self.ring.open_session(f"s{self.sessions}", parameters(), reading)

    def disconnect(self, reason: GapReason = GapReason.RECONNECT) -> None:
        self.ring.close_session(reason)

    def play(self, to_s: float, *, turns: bool = True) -> None:
        """The camera sends up to ``to_s``; the recording thread has its turns unless it is stuck."""
        for packet in packets(self.now_s, to_s, origin_s=self.origin_s):
            self.ring.append(packet)
            self.sent.append(packet)
            self._pass(1 / FPS, turns)
        self.now_s = to_s

    def silence(self, to_s: float) -> None:
        while self.now_s < to_s - 1e-6:
            self._pass(TURN_S, True)
            self.now_s += TURN_S

    def settle(self) -> None:
        """Until all is recorded and finished."""
        for _ in range(200):
            self.recorder.turn()
            self.clock.advance(TURN_S)
        while self.finaliser.turn():
            pass

    def open(self, seconds: float, frame: Frame | None = None) -> str:
        started = self.moment(seconds)
        key = str(new_incident_id(started.at))
        self.recorder.event(
            Opened(key, "presence", "door", Severity.NOTICE, started, (PERSON,)),
            frame,
        )
        return key

    def update(self, key: str, seconds: float, *objects: IncidentObject) -> None:
        self.recorder.event(Updated(key, self.moment(seconds), objects or (PERSON,)), None)

    def close(self, key: str, seconds: float, state: IncidentState = IncidentState.CLOSED) -> None:
        self.recorder.event(Closed(key, self.moment(seconds), (PERSON, CAR), state), None)

    def moment(self, seconds: float) -> Moment:
        return moment(seconds, f"s{self.sessions}", self.origin_s)

    def scene(self, seconds: float, track: int = 1) -> Scene:
        return scene(seconds, track=track, session=f"s{self.sessions}", origin_s=self.origin_s)

    @property
    def entry(self) -> Entry:
        [entry] = self.spool.entries()
        return entry

    @property
    def state(self) -> EntryState:
        return self.entry.state

    def _pass(self, seconds: float, turns: bool) -> None:
        before = int(self.clock.monotonic_s() / TURN_S)
        self.clock.advance(seconds)
        if turns and int(self.clock.monotonic_s() / TURN_S) != before:
            self.recorder.turn()


def times_of(entry: Entry, part: ClipPart) -> list[int]:
    """Media times of the pictures in the MP4 file, in 1/90000 s of the session, after decoding every one of them."""
    with av.open(str(entry.part_file(part.index))) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        return [
            part.start_pts_90k + round(frame.pts * stream.time_base * 90_000)
            for frame in container.decode(stream)
            if frame.pts is not None
        ]


def pictures(rig: Rig, from_at: datetime, to_at: datetime) -> list[int]:
    return [packet.pts_90k for packet in rig.sent if from_at <= packet.at < to_at]
