"""Many viewers of one address, in a process of their own, and what they saw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from statistics import median

import httpx

from camsvc.cli.bench.viewer import WebRtcViewer

STAGGER_S = 0.05
"""Between two viewers that join: a wall opens its tiles so."""
SETTLE_S = 2.0
"""Joining is not watching."""

Say = Callable[[Mapping[str, object]], None]


async def watch(url: str, count: int, seconds: float, say: Say) -> dict[str, object]:
    """Joins ``count`` viewers one after another and watches for ``seconds`` once all are there.

    ``say`` is called when the measured time begins.
    """
    viewers: list[WebRtcViewer] = []
    first_ms: list[float] = []
    async with httpx.AsyncClient(timeout=10) as http:
        try:
            for _ in range(count):
                first_ms.append(await _join(http, url, viewers))
                await asyncio.sleep(STAGGER_S)
            await asyncio.sleep(SETTLE_S)
            say({"ready": count})
            began = [(each.frames, each.bytes, each.arrivals) for each in viewers]
            began_s, cpu_s = time.monotonic(), time.process_time()
            await asyncio.sleep(seconds)
            passed_s, cpu_s = time.monotonic() - began_s, time.process_time() - cpu_s
            seen = [
                (each.frames - frames, each.bytes - size, each.arrivals - packets)
                for each, (frames, size, packets) in zip(viewers, began, strict=True)
            ]
        finally:
            await asyncio.gather(*(each.close() for each in viewers))
    return {
        "viewers": count,
        "first_frame_ms_p50": round(median(first_ms), 1),
        "first_frame_ms_max": round(max(first_ms), 1),
        "fps_min": round(min(frames for frames, _, _ in seen) / passed_s, 2),
        "mbps_per_viewer": round(sum(size for _, size, _ in seen) * 8 / 1e6 / passed_s / count, 3),
        "packets_per_s": round(sum(packets for _, _, packets in seen) / passed_s),
        "client_cores": round(cpu_s / passed_s, 4),
    }


async def _join(http: httpx.AsyncClient, url: str, viewers: list[WebRtcViewer]) -> float:
    """Milliseconds from the offer to the end of the first key frame, from when on there is something to see."""
    viewer = WebRtcViewer(profile="4d001f")
    viewers.append(viewer)
    began_s = time.monotonic()
    answer = await http.post(url, content=await viewer.offer(), headers={"Content-Type": "application/sdp"})
    answer.raise_for_status()
    await viewer.take(answer.text)
    await viewer.until(lambda: viewer.first_frame_s is not None)
    assert viewer.first_frame_s is not None  # noqa: S101  one came
    return (viewer.first_frame_s - began_s) * 1000
