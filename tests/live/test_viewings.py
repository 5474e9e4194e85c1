"""Bounds, ownership, and the end of who may not see any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

import pytest

from camsvc.clock import SimulatedClock
from camsvc.config import LiveSettings
from camsvc.errors import ConflictError, DatabaseUnavailableError, LimitError, NotFoundError
from camsvc.live.viewings import End, Viewing, Viewings, Way
from tests.live.test_wire import REQUEST


class Room:
    """Viewings, and what was told of their ends."""

    def __init__(self, **settings: int) -> None:
        self.ended: list[tuple[str, End]] = []
        self.closed: list[str] = []
        self.refused: set[str] | None = set()
        """None: nobody can be asked."""
        self.viewings = Viewings(
            LiveSettings(**settings),
            SimulatedClock(),
            ended=lambda viewing, why: self.ended.append((viewing.request.viewing, why)),
            refused=self._check,
        )

    def admit(self, name: str, user: int = 7, close: Callable[[], Awaitable[None]] | None = None) -> Viewing:
        request = replace(REQUEST, viewing=name, viewer=replace(REQUEST.viewer, user=user))

        async def closed() -> None:
            self.closed.append(name)

        return self.viewings.admit(request, Way.WEBRTC, close or closed)

    def _check(self, current: Collection[Viewing]) -> Collection[Viewing]:
        if self.refused is None:
            raise DatabaseUnavailableError("PostgreSQL is away")
        return [each for each in current if each.request.viewing in self.refused]


def test_a_process_and_an_account_have_their_fill() -> None:
    room = Room(max_viewers=3, max_viewers_per_user=2)
    first = room.admit("1")
    room.admit("2")
    with pytest.raises(LimitError, match="This account watches 2"):
        room.admit("3")
    room.admit("3", user=8)
    with pytest.raises(LimitError, match="serves 3 viewers"):
        room.admit("4", user=9)
    asyncio.run(room.viewings.end(first, End.LEFT))
    room.admit("4", user=9)
    assert (len(room.viewings), room.viewings.count(Way.WEBRTC), room.viewings.count(Way.MP4)) == (3, 3, 0)


def test_an_id_is_used_once_at_a_time() -> None:
    room = Room()
    room.admit("1")
    with pytest.raises(ConflictError):
        room.admit("1", user=8)


def test_an_end_is_told_once_and_the_first_reason_counts() -> None:
    room = Room()
    viewing = room.admit("1")

    async def twice() -> None:
        await asyncio.gather(room.viewings.end(viewing, End.VANISHED), room.viewings.end(viewing, End.LEFT))

    asyncio.run(twice())
    assert (room.ended, room.closed, viewing.over) == ([("1", End.VANISHED)], ["1"], End.VANISHED)


def test_an_end_is_told_also_when_closing_fails() -> None:
    room = Room()

    async def fails() -> None:
        raise OSError("socket")

    viewing = room.admit("1", close=fails)
    with pytest.raises(OSError, match="socket"):
        asyncio.run(room.viewings.end(viewing, End.LEFT))
    assert room.ended == [("1", End.LEFT)]


def test_another_users_viewing_is_none() -> None:
    room = Room()
    viewing = room.admit("1", user=7)
    assert room.viewings.of("1", 7) is room.viewings.of("1", None) is viewing
    for name, user in (("1", 8), ("2", None)):
        with pytest.raises(NotFoundError):
            room.viewings.of(name, user)


def test_who_has_no_right_any_more_is_ended_and_nobody_while_nobody_can_be_asked() -> None:
    room = Room()
    room.admit("1")
    room.admit("2")

    async def check() -> None:
        await room.viewings.check()
        room.refused = None
        await room.viewings.check()
        assert room.ended == []
        room.refused = {"2"}
        await room.viewings.check()

    asyncio.run(check())
    assert room.ended == [("2", End.WITHDRAWN)]
    assert len(room.viewings) == 1


def test_when_the_process_stops_all_end_and_no_more_are_admitted() -> None:
    room = Room()
    room.admit("1")
    room.admit("2")
    asyncio.run(room.viewings.end_all(End.STOPPED))
    assert room.ended == [("1", End.STOPPED), ("2", End.STOPPED)]
    with pytest.raises(LimitError, match="stopping"):
        room.admit("3")
