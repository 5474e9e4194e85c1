"""Questions of one page of which only the newest counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import Client

Question = Callable[[], Awaitable[None]]


class Latest:
    """Asks one at a time; of those that come meanwhile only the last: whoever drags a brush, or types, asks often,
    and each answer is work for the database. On the event loop; ends with its page."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._next: Question | None = None
        self._task: asyncio.Task[None] | None = None
        client.on_delete(self.stop)

    @property
    def is_busy(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def is_overtaken(self) -> bool:
        """Whether another question waits: then the answer to this one need not be shown."""
        return self._next is not None

    def ask(self, question: Question) -> None:
        self._next = question
        if not self.is_busy:
            self._task = asyncio.create_task(self._run(), name=self._name)

    def stop(self) -> None:
        self._next = None
        if self._task:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while self._next is not None and not self._client.is_deleted:
            question, self._next = self._next, None
            with self._client:
                await question()
