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
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
from sqlalchemy import text
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
TICK_MS = 0.1
"""Less than this is not measured."""
CELL_DEG = 0.01
_OURS = {"ours": "camsvc bench"}
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SETTLE_S = 2.0
"""Of publishing before anything is measured."""
HOPELESS = 3
"""After so many tries that took too long, a way by hand is not tried again: it is not the best."""
BACKLOG_S = 1.0
"""A publisher that is behind its pace by more does not try to make up for it: the pace is a wish, the rate is told."""


class Cost(NamedTuple):
    """Of one question."""

    wall_ms: float
    cpu_ms: float
    """Of this process and the server's together: what it would take on a machine with nothing else to do."""


@dataclass(slots=True)
class Taken:
    """Costs of one shape."""

    ours: list[Cost] = field(default_factory=list)
    hand: dict[str, list[Cost]] = field(default_factory=dict)
    found: int = 0

    def report(self) -> dict[str, Any]:
        ours = {**percentiles(self.ours), "found": self.found}
        best = min(self.hand, key=lambda name: _median(self.hand[name]), default=None)
        if best is None:
            return ours
        hand = self.hand[best]
        return {
            **ours,
            "by_hand_p50_ms": round(_median(hand), 2),
            "by_hand_cpu_p50_ms": round(_median(hand, "cpu_ms"), 2),
            "way": best,
            "ratio": round(_median(self.ours) / _median(hand), 2),
            "cpu_ratio": round(_median(self.ours, "cpu_ms") / max(_median(hand, "cpu_ms"), TICK_MS), 2),
        }


class Meter:
    """Times what is done between ``start`` and ``stop``, here and in the server's processes for ``database``."""

    def __init__(self, database: Database) -> None:
        with database.session() as session:
            pids = session.scalars(text("SELECT pid FROM pg_stat_activity WHERE application_name = :ours"), _OURS)
            # A server elsewhere shows no such files: then only this process counts.
            self._files = [file for pid in pids if (file := Path(f"/proc/{pid}/schedstat")).exists()]

    def start(self) -> None:
        self._began = time.perf_counter()
        self._cpu_ns = self._cpu()

    def stop(self) -> Cost:
        return Cost((time.perf_counter() - self._began) * 1000, (self._cpu() - self._cpu_ns) / 1e6)

    def _cpu(self) -> int:
        return time.thread_time_ns() + sum(int(file.read_text("ascii").split()[0]) for file in self._files)


def percentiles(taken: Sequence[Cost]) -> dict[str, float]:
    found = {f"p{each}_ms": [cost.wall_ms for cost in taken] for each in (50, 99)}
    found |= {f"cpu_p{each}_ms": [cost.cpu_ms for cost in taken] for each in (50, 99)}
    return {
        name: round(float(np.percentile(values, int(name.split("p")[-1].split("_")[0]))), 2)
        for name, values in found.items()
    }


def _median(taken: Sequence[Cost], what: str = "wall_ms") -> float:
    return float(np.median([getattr(cost, what) for cost in taken]))


def measure(
    url: str, cameras: Sequence[Camera], end: datetime, rounds: int, insert_per_s: float, tell: Tell
) -> dict[str, Any]:
    """``rounds``: questions of each shape. Everything is asked once before, so that what is read is in memory."""
    database = Database(url, application=_OURS["ours"])
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
        **percentiles([cost for name in mix for cost in taken[name].ours]),
        "insert_per_s": round(rate),
        "worst_ratio": max(shapes[name]["ratio"] for name in mix),
        "worst_cpu_ratio": max(shapes[name]["cpu_ratio"] for name in mix),
        "quiet": percentiles([cost for name in mix for cost in quiet[name].ours]),
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
        meter = Meter(database)
        for at, shape in enumerate(SHAPES):
            question = shape.make(Chance(cameras, end, seed=number * len(SHAPES) + at))
            here = taken[shape.name]
            meter.start()
            found = _ours(database, question)
            here.ours.append(meter.stop())
            here.found += len(found)
            if connection is not None:
                _by_hand(database, connection, question, here.hand, meter)
    return taken


def _by_hand(
    database: Database,
    connection: psycopg.Connection[Any],
    question: Question,
    taken: dict[str, list[Cost]],
    meter: Meter,
) -> None:
    for way in by_hand.ways(question, connection):
        before = taken.get(way.name, [])
        if len(before) > HOPELESS and _median(before) >= by_hand.PATIENCE_MS / 2:
            continue
        meter.start()
        with contextlib.suppress(DatabaseUnavailableError), database.session() as session:
            by_hand.ask(session, question, way, patient=len(before) > HOPELESS)
        taken.setdefault(way.name, []).append(meter.stop())


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
