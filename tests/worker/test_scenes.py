"""The scenes board: who listens hears; who is slow loses the oldest; the analysis never waits."""

from __future__ import annotations

import threading
from datetime import datetime

from camsvc.domain.incident import GapReason
from camsvc.domain.track import Scene
from camsvc.media.decode import Frame
from camsvc.rules.events import RuleEvent
from camsvc.worker.scenes import MAX_WAITING, Overheard, SceneBoard
from tests.worker.spooling import at, scene
from tests.worker.tap_client import wait_until


class Noted:
    def __init__(self) -> None:
        self.heard: list[object] = []

    def scene(self, scene: Scene, frame: Frame | None) -> None:
        self.heard.append(scene)

    def event(self, event: RuleEvent, frame: Frame | None) -> None:
        self.heard.append(event)

    def not_analysed(self, started_at: datetime, ended_at: datetime, reason: GapReason) -> None:
        self.heard.append(reason)


def test_every_listener_hears_every_scene_from_when_it_came() -> None:
    board = SceneBoard()
    board.put(scene(0))
    first = board.listen()
    board.put(scene(1))
    second = board.listen()
    board.put(scene(2))
    assert [each.moment.at for each in first.take(0)] == [at(1), at(2)]
    assert [each.moment.at for each in second.take(0)] == [at(2)]
    assert first.take(0) == []


def test_a_slow_listener_loses_the_oldest_and_counts_them() -> None:
    board = SceneBoard()
    slow = board.listen()
    for number in range(MAX_WAITING + 10):
        board.put(scene(number))
    taken = slow.take(0)
    assert len(taken) == MAX_WAITING
    assert taken[0].moment.at == at(10)
    assert slow.lost == 10


def test_a_waiting_listener_is_woken_by_a_scene_and_by_close() -> None:
    board = SceneBoard()
    listener = board.listen()
    taken: list[list[Scene]] = []
    thread = threading.Thread(target=lambda: taken.extend(listener.take(30) for _ in range(2)))
    thread.start()
    board.put(scene(1))
    wait_until(lambda: bool(taken), "woken by the scene")
    listener.close()
    listener.close()
    thread.join(5)
    assert not thread.is_alive()
    assert [len(each) for each in taken] == [1, 0]
    assert board.listeners == 0


def test_a_sink_overheard_is_told_what_it_was_told_before() -> None:
    board, inner = SceneBoard(), Noted()
    sink = Overheard(inner, board)
    listener = board.listen()
    sink.scene(scene(1), None)
    sink.not_analysed(at(1), at(2), GapReason.STALL)
    assert inner.heard == [scene(1), GapReason.STALL]
    assert listener.take(0) == [scene(1)]
