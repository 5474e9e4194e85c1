"""Where background threads meet the event loop that their listeners live on (``feed``, ``states``)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping


class Seam:
    """``start`` once, on the event loop; the rest from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._threads: list[threading.Thread] = []

    def start(self, runs: Mapping[str, Callable[[], None]]) -> None:
        """A thread for each of ``runs``, by name. They are daemons: one that does not end holds up nobody."""
        self._loop = asyncio.get_running_loop()
        for name, run in runs.items():
            thread = threading.Thread(target=run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def join(self, timeout_s: float) -> None:
        """Waits for each thread so long."""
        for thread in self._threads:
            thread.join(timeout_s)

    def call(self, call: Callable[..., None], *arguments: object) -> None:
        """``call`` runs on the event loop soon; never when there is none (any more)."""
        if self._loop is None or self._loop.is_closed():
            return
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            return  # the loop was closed between the question and the call: nobody is left to be told
