"""Whether the event loop still turns: all viewers hang on it, and one that is stuck cannot say so itself."""

from __future__ import annotations

import asyncio

from camsvc.clock import Clock

BEAT_EVERY_S = 0.5
SICK_S = 5.0
"""Without a beat: pictures stand still for everybody by then, so nobody new is sent here."""
DEAD_S = 20.0
"""It will not come to itself: a new process serves viewers after seconds."""


class Pulse:
    """``run`` on the event loop; any thread may ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beat_s = clock.monotonic_s()

    async def run(self) -> None:
        while True:
            self._beat_s = self._clock.monotonic_s()
            await asyncio.sleep(BEAT_EVERY_S)

    @property
    def is_sick(self) -> bool:
        return self._silent_s() > SICK_S

    @property
    def is_dead(self) -> bool:
        return self._silent_s() > DEAD_S

    def _silent_s(self) -> float:
        return self._clock.monotonic_s() - self._beat_s
