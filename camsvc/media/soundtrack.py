"""The sound of a film that is put together from pieces: one AAC stream, silent where there was none."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer
from numpy.typing import NDArray

RATE_HZ = 48_000
LAYOUT = "mono"
"""Microphones of cameras are; of two channels the mean is kept."""
BIT_RATE = 96_000
SNAP_S = 0.04
"""Sound that begins so near to where it ended goes on there: time stamps of cameras tremble, ears hear holes."""
SILENT_S = 1.0
"""Silence is made in such pieces: an hour of it needs no memory."""


class Soundtrack:
    """One thread."""

    def __init__(self, container: OutputContainer) -> None:
        self._container = container
        self._stream = container.add_stream("aac", rate=RATE_HZ, layout=LAYOUT)
        self._stream.codec_context.bit_rate = BIT_RATE
        self._resampler = av.AudioResampler(format="fltp", layout=LAYOUT, rate=RATE_HZ)
        self._waiting: list[NDArray[np.float32]] = []
        self._samples = 0
        """Taken in, silence included."""
        self._sent = 0

    @property
    def end_s(self) -> float:
        return self._samples / RATE_HZ

    def add(self, frame: av.AudioFrame, at_s: float) -> None:
        """``frame`` sounds at ``at_s`` of the film; what would sound before the end so far is cut off."""
        if at_s - self.end_s > SNAP_S:
            self.silence(at_s)
        # The resampler would refuse, or fill, a jump of the source's own time stamps; ours are the film's.
        frame.pts = None
        for made in self._resampler.resample(frame):
            samples = made.to_ndarray().reshape(1, -1).astype(np.float32, copy=False)
            late = round((self.end_s - at_s) * RATE_HZ) if self.end_s - at_s > SNAP_S else 0
            self._take(samples[:, late:])
            at_s += samples.shape[1] / RATE_HZ

    def part_ended(self) -> None:
        """Sound of another file comes next: it may have another rate."""
        for made in self._resampler.resample(None):
            self._take(made.to_ndarray().reshape(1, -1).astype(np.float32, copy=False))
        self._resampler = av.AudioResampler(format="fltp", layout=LAYOUT, rate=RATE_HZ)

    def silence(self, until_s: float) -> None:
        """Nothing is heard up to there."""
        missing = round(until_s * RATE_HZ) - self._samples
        while missing > 0:
            piece = min(missing, round(SILENT_S * RATE_HZ))
            self._take(np.zeros((1, piece), np.float32))
            missing -= piece

    def finish(self) -> None:
        self._send(last=True)
        self._container.mux(self._stream.encode(None))

    def _take(self, samples: NDArray[np.float32]) -> None:
        if samples.shape[1]:
            self._waiting.append(samples)
            self._samples += samples.shape[1]
            self._send(last=False)

    def _send(self, *, last: bool) -> None:
        """In pieces of the encoder's own size; it knows that only once it is open, and AAC's is this."""
        step = self._stream.codec_context.frame_size or 1024
        waiting = sum(each.shape[1] for each in self._waiting)
        if waiting < (1 if last else step):
            return
        joined = np.concatenate(self._waiting, axis=1)
        whole = joined.shape[1] if last else joined.shape[1] // step * step
        for start in range(0, whole, step):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(joined[:, start : min(start + step, whole)]), format="fltp", layout=LAYOUT
            )
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._sent, Fraction(1, RATE_HZ)
            self._sent += frame.samples
            self._container.mux(self._stream.encode(frame))
        self._waiting = [joined[:, whole:]] if whole < joined.shape[1] else []
