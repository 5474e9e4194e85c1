"""How soon a camera is tried again."""

from __future__ import annotations

import threading
from random import Random

from camsvc.worker.backoff import (
    FIRST_RETRY_S,
    JITTER,
    REFUSED_CAP_S,
    REFUSED_FIRST_S,
    RETRY_CAP_S,
    STABLE_S,
    BackOff,
    Doorway,
)


def test_waits_grow_from_a_second_to_a_cap_and_differ_between_cameras() -> None:
    waits = [BackOff(Random(seed)) for seed in range(50)]
    rounds = [[back_off.failed(refused=False, lived_s=0) for back_off in waits] for _ in range(12)]
    assert all(JITTER[0] * FIRST_RETRY_S <= wait <= JITTER[1] * FIRST_RETRY_S for wait in rounds[0])
    assert all(JITTER[0] * RETRY_CAP_S <= wait <= JITTER[1] * RETRY_CAP_S for wait in rounds[-1])
    assert len(set(rounds[-1])) == 50


def test_a_session_that_lived_long_starts_the_waits_over() -> None:
    back_off = BackOff(Random(1))
    for _ in range(8):
        back_off.failed(refused=False, lived_s=0)
    assert back_off.failed(refused=False, lived_s=STABLE_S) <= JITTER[1] * FIRST_RETRY_S


def test_a_refusal_is_tried_again_slowly() -> None:
    back_off = BackOff(Random(1))
    first = back_off.failed(refused=True, lived_s=0)
    assert JITTER[0] * REFUSED_FIRST_S <= first <= JITTER[1] * REFUSED_FIRST_S
    last = [back_off.failed(refused=True, lived_s=0) for _ in range(9)][-1]
    assert JITTER[0] * REFUSED_CAP_S <= last <= JITTER[1] * REFUSED_CAP_S


def test_the_doorway_lets_a_bounded_number_in_and_nobody_waits_there_after_stop() -> None:
    doorway, stop = Doorway(width=1), threading.Event()
    with doorway.entered(stop) as first:
        assert first
        answers: list[bool] = []

        def wait() -> None:
            with doorway.entered(stop) as may:
                answers.append(may)

        thread = threading.Thread(target=wait)
        thread.start()
        stop.set()
        thread.join(5)
        assert answers == [False]
    with doorway.entered(threading.Event()) as again:
        assert again
