"""Asks the mix of questions while incidents are published, and the same by hand, and compares."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.synchronize import Event
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
from sqlalchemy.orm import Session

from camsvc.cli.bench.search import by_hand
from camsvc.cli.bench.search.fill import WORKER, Tell
from camsvc.cli.bench.search.incidents import fresh
from camsvc.cli.bench.search.province import Camera
from camsvc.cli.bench.search.shapes import SHAPES, Answer, Chance, Question, Shape
from camsvc.db import cursor as cursors
from camsvc.db.database import Database
from camsvc.db.queries import incidents, tallies
from camsvc.db.queries.tallies import Unit
from camsvc.errors import DatabaseUnavailableError
from camsvc.worker.publisher_rows import ROWS_BATCH

LAST_ID = UUID(int=(1 << 128) - 1)
CELL_DEG = 0.01
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SETTLE_S = 2.0
"""Of publishing before anything is measured."""
HOPELESS = 3
"""After so many tries that took too long, a way by hand is not tried again: it is not the best."""
BACKLOG_S = 1.0
"""A publisher that is behind its pace by more does not try to make up for it: the pace is a wish, the rate is told."""


@dataclass(slots=True)
class Taken:
    """Milliseconds of one shape."""

    ours: list[float] = field(default_factory=list)
    hand: dict[str, list[float]] = field(default_factory=dict)
    found: int = 0

    def report(self) -> dict[str, Any]:
        best = min(self.hand, key=lambda name: np.median(self.hand[name]), default=None)
        ours = percentiles(self.ours)
        if best is None:
            return {**ours, "found": self.found}
        hand = float(np.median(self.hand[best]))
        ratio = float(np.median(self.ours)) / hand
        return {**ours, "found": self.found, "by_hand_p50_ms": round(hand, 2), "way": best, "ratio": round(ratio, 2)}


def percentiles(taken: Sequence[float]) -> dict[str, float]:
    return {f"p{each}_ms": round(float(np.percentile(taken, each)), 2) for each in (50, 99)}


def measure(
    url: str, cameras: Sequence[Camera], end: datetime, rounds: int, insert_per_s: float, tell: Tell
) -> dict[str, Any]:
    """``rounds``: questions of each shape. Everything is asked once before, so that what is read is in memory."""
    database = Database(url, application="camsvc bench")
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            wrong = [shape.name for shape in SHAPES if not _agrees(database, connection, shape, cameras, end)]
            quiet = _ask_all(database, None, cameras, end, max(1, rounds // 5), "quiet", tell)
            with publishing(url, cameras, insert_per_s) as published:
                time.sleep(SETTLE_S)
                before, since = published(), time.monotonic()
                taken = _ask_all(database, connection, cameras, end, rounds, "while publishing", tell)
                rate = (published() - before) / (time.monotonic() - since)
    finally:
        database.close()
    mix = [shape.name for shape in SHAPES if shape.in_mix]
    shapes = {name: each.report() for name, each in taken.items()}
    return {
        **percentiles([ms for name in mix for ms in taken[name].ours]),
        "insert_per_s": round(rate),
        "worst_ratio": max(shapes[name].get("ratio", 0.0) for name in mix),
        "quiet": percentiles([ms for name in mix for ms in quiet[name].ours]),
        "load": [round(each, 1) for each in os.getloadavg()],
        "processors": os.cpu_count(),
        "questions": sum(len(taken[name].ours) for name in mix),
        "disagree": wrong,
        "shapes": shapes,
    }


@contextlib.contextmanager
def publishing(url: str, cameras: Sequence[Camera], per_s: float) -> Iterator[Callable[[], int]]:
    """In a process of its own, by the way that workers publish. Gives how many were stored so far."""
    context = multiprocessing.get_context("spawn")
    stop, count = context.Event(), context.Value("q", 0)
    process = context.Process(target=_publish, args=(url, list(cameras), per_s, stop, count), daemon=True)
    process.start()
    try:
        yield lambda: int(count.value)
    finally:
        stop.set()
        process.join(30)
        if process.is_alive():
            process.terminate()


def _publish(url: str, cameras: Sequence[Camera], per_s: float, stop: Event, count: Any) -> None:  # noqa: ANN401
    """The process of ``publishing``; ``count``: a shared number."""
    database = Database(url, application="camsvc bench publisher")
    made = fresh(cameras, WORKER, datetime.now(ZONE), np.random.default_rng())
    due = time.monotonic()
    while not stop.is_set():
        batch = [next(made) for _ in range(ROWS_BATCH)]
        with database.session() as session:
            stored = sum(outcome is True for outcome in incidents.publish_all(session, batch))
        count.value += stored
        due = max(due + ROWS_BATCH / per_s, time.monotonic() - BACKLOG_S)
        time.sleep(max(0.0, due - time.monotonic()))
    database.close()


def _ask_all(
    database: Database,
    connection: psycopg.Connection[Any] | None,
    cameras: Sequence[Camera],
    end: datetime,
    rounds: int,
    label: str,
    tell: Tell,
) -> dict[str, Taken]:
    """Shapes in turn, round by round, so that a disturbance meets all alike; by hand right beside ours."""
    taken = {shape.name: Taken() for shape in SHAPES}
    gc.collect()
    for number in range(rounds):
        tell(f"{label}: round {number + 1} of {rounds}")
        for at, shape in enumerate(SHAPES):
            question = shape.make(Chance(cameras, end, seed=number * len(SHAPES) + at))
            here = taken[shape.name]
            began = time.perf_counter()
            found = _ours(database, question)
            here.ours.append((time.perf_counter() - began) * 1000)
            here.found += len(found)
            if connection is not None:
                _by_hand(database, connection, question, here.hand)
    return taken


def _by_hand(
    database: Database, connection: psycopg.Connection[Any], question: Question, taken: dict[str, list[float]]
) -> None:
    for way in by_hand.ways(question, connection):
        before = taken.get(way.name, [])
        if len(before) > HOPELESS and np.median(before) >= by_hand.PATIENCE_MS / 2:
            continue
        began = time.perf_counter()
        with contextlib.suppress(DatabaseUnavailableError), database.session() as session:
            by_hand.ask(session, question, way, patient=len(before) > HOPELESS)
        taken.setdefault(way.name, []).append((time.perf_counter() - began) * 1000)


def _ours(database: Database, question: Question) -> Sequence[Any]:
    with database.session() as session:
        return answer(session, question)


def answer(session: Session, question: Question) -> Sequence[Any]:
    """As the service answers it."""
    asked = question.asked
    match question.answer:
        case Answer.COUNT:
            return [incidents.tally(session, asked)]
        case Answer.HISTOGRAM:
            return tallies.histogram(session, asked, Unit.DAY, ZONE).bars
        case Answer.HEAT:
            return tallies.heat(session, asked, CELL_DEG).cells
    after = cursors.encode(cursors.Position(question.after, LAST_ID), asked) if question.after else None
    return incidents.search(session, asked, cursor=after, limit=by_hand.LIMIT).items


def _agrees(
    database: Database, connection: psycopg.Connection[Any], shape: Shape, cameras: Sequence[Camera], end: datetime
) -> bool:
    """Whether both ways find the same page; nothing is published meanwhile."""
    question = shape.make(Chance(cameras, end, seed=0))
    if question.answer is not Answer.PAGE:
        return True
    ours = [item.id for item in _ours(database, question)]
    for way in by_hand.ways(question, connection):
        with contextlib.suppress(DatabaseUnavailableError), database.session() as session:
            return [item.id for item in by_hand.ask(session, question, way, patient=False)] == ours
    return True
