"""How much one stream delivers."""

from __future__ import annotations

from datetime import datetime

from camsvc.media.packets import Kind, Packet

WINDOW_S = 2.0
"""Rates are over the last full window: long enough for the lumps in which cameras send key frames, short enough for a
page that a person looks at."""
STALE_WINDOWS = 2.5
"""With no packet for so many windows the rates are zero, not the last that were seen."""


class Meter:
    """``count`` and ``due`` by the receive thread; ``rates`` and ``last_at`` by any."""

    def __init__(self) -> None:
        self.last_at: datetime | None = None
        """Wall time of the latest video packet of this session."""
        self._frames = 0
        self._bytes = 0
        self._began_s: float | None = None
        self._rates: tuple[float, int] | None = None
        self._counted_s = 0.0

    def restart(self) -> None:
        """A new session."""
        self.last_at, self._frames, self._bytes, self._began_s, self._rates = None, 0, 0, None, None

    def count(self, packet: Packet, now_s: float) -> None:
        if self._began_s is None:
            self._began_s = now_s
        self._bytes += len(packet.data)
        if packet.kind is Kind.VIDEO:
            self._frames += 1
            self.last_at = packet.at
        self._counted_s = now_s

    def due(self, now_s: float) -> bool:
        """Whether a window has just ended (then it is taken, and the next begins)."""
        if self._began_s is None or (span_s := now_s - self._began_s) < WINDOW_S:
            return False
        self._rates = (round(self._frames / span_s, 2), round(self._bytes * 8 / span_s))
        self._frames, self._bytes, self._began_s = 0, 0, now_s
        return True

    def rates(self, now_s: float) -> tuple[float | None, int | None]:
        """Frames and bits a second; None before the first window has passed."""
        if self._rates is None:
            return None, None
        if now_s - self._counted_s > STALE_WINDOWS * WINDOW_S:
            return 0.0, 0
        return self._rates
