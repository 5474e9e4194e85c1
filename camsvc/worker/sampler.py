"""Which decoded frames are analysed."""

from __future__ import annotations

from camsvc.media.packets import CLOCK_HZ


class Sampler:
    """``fps`` frames a second by media time, whatever the stream's own rate; None: every frame. One session."""

    def __init__(self, fps: float | None) -> None:
        self._step_90k = round(CLOCK_HZ / fps) if fps else 0
        self._due_90k: int | None = None
        self._last_90k: int | None = None

    def wants(self, pts_90k: int) -> bool:
        """Whether this frame is due. A frame at or before the last wanted one never is: it was decoded twice."""
        if self._last_90k is not None and pts_90k <= self._last_90k:
            return False
        if self._due_90k is not None and pts_90k < self._due_90k:
            return False
        # The grid is kept, so that 25 fps sampled at 4 is 4 and not 3.57; after a hole it starts anew.
        due = pts_90k if self._due_90k is None else self._due_90k
        self._due_90k = due + self._step_90k
        if self._due_90k <= pts_90k:
            self._due_90k = pts_90k + self._step_90k
        self._last_90k = pts_90k
        return True

    def force(self, pts_90k: int) -> bool:
        """As ``wants``, for a frame that is looked at out of turn: due or not, but never twice."""
        if self._last_90k is not None and pts_90k <= self._last_90k:
            return False
        self._due_90k = pts_90k + self._step_90k
        self._last_90k = pts_90k
        return True
