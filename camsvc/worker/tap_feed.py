"""What one tap connection is sent: the camera's ring, or its scenes, until told to stop or the client is gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from camsvc.clock import Clock
from camsvc.domain.camera import StreamRole
from camsvc.media.packets import Kind, Packet
from camsvc.media.ring import Lost, Ring, RingItem, SessionStart
from camsvc.worker import tap_wire as wire
from camsvc.worker.scenes import SceneBoard

HEARTBEAT_S = 1.0
"""How often the state is said: a client knows within three that a worker froze or its host is gone."""
POLL_S = 0.25
"""How soon a change of state, or that the client has gone, is noticed while nothing else happens."""

Send = Callable[[bytes], object]
State = Callable[[], wire.StreamState]


class _Pulse:
    """When the state must be said: when it changed, and every HEARTBEAT_S."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._said: wire.StreamState | None = None
        self._look_s = self._due_s = clock.monotonic_s()

    def message(self, *, now: bool = False) -> bytes:
        """Empty when there is nothing to say. ``now``: look, however short it is since the last time."""
        now_s = self._clock.monotonic_s()
        if now_s < self._look_s and not now:
            return b""
        state, self._look_s = self._state(), now_s + POLL_S
        if state == self._said and now_s < self._due_s:
            return b""
        self._said, self._due_s = state, now_s + HEARTBEAT_S
        return wire.state_message(state)


def feed_packets(
    send: Send,
    role: StreamRole,
    ring: Ring,
    start: datetime | None,
    state: State,
    going_on: Callable[[], bool],
    clock: Clock,
) -> None:
    """Video only. Raises OSError when the client is gone or takes nothing."""
    pulse = _Pulse(state, clock)
    translation = _Translation(role)
    reader = ring.reader(start)
    caught_up = False
    try:
        while going_on():
            items = reader.read(POLL_S if caught_up else 0.0)
            # Asked for after the read: a session that begins is never said before the state that it brought.
            pieces = [pulse.message(now=any(isinstance(item, SessionStart) for item in items))]
            for item in items:
                pieces += translation.of(item)
            if not items and not caught_up:
                caught_up = True
                pieces.append(wire.caught_up_message())
            if data := b"".join(pieces):
                send(data)
    finally:
        reader.close()


def feed_scenes(send: Send, board: SceneBoard, state: State, going_on: Callable[[], bool], clock: Clock) -> None:
    """From now on. Raises OSError when the client is gone or takes nothing."""
    pulse = _Pulse(state, clock)
    listener = board.listen()
    try:
        while going_on():
            pieces = [pulse.message()]
            pieces += [wire.scene_message(scene) for scene in listener.take(POLL_S)]
            if data := b"".join(pieces):
                send(data)
    finally:
        listener.close()


class _Translation:
    """Of what is in a ring into messages."""

    def __init__(self, role: StreamRole) -> None:
        self._role = role
        self._skipped = 0
        """Packets left out since one was too big to be sent; up to the next key frame."""

    def of(self, item: RingItem) -> tuple[bytes, ...]:
        if isinstance(item, Packet):
            return self._packet(item) if item.kind is Kind.VIDEO else ()
        if isinstance(item, SessionStart):
            return (wire.session_message(wire.SessionBegan(item.session, self._role, item.parameters.video)),)
        if isinstance(item, Lost):
            return (wire.lost_message(item.packets),)
        return (wire.end_message(wire.SessionEnded(item.session, item.reason.value)),)

    def _packet(self, packet: Packet) -> tuple[bytes, ...]:
        if len(packet.data) > wire.MAX_PACKET_BYTES or (self._skipped and not packet.is_key):
            self._skipped += 1
            return ()
        skipped, self._skipped = self._skipped, 0
        lost = (wire.lost_message(skipped),) if skipped else ()
        return (*lost, *wire.packet_message(packet))
