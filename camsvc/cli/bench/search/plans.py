"""How the server answers each shape: its plans, as text that is kept in the repository and held to by a test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from camsvc.cli.bench.search import measure
from camsvc.cli.bench.search.province import Camera
from camsvc.cli.bench.search.shapes import SHAPES, Chance, Question
from camsvc.db.database import Database

_NEVER = re.compile(r"\n *->  (?:[^\n]*\(never executed\)|[^\n]*rows=0\.00 loops=0\))(?:\n +(?!->)[^\n]*)*")
"""Partitions that were not looked into."""


def of(database: Database, question: Question) -> list[str]:
    """The plan of each statement on incidents that ``question`` takes, run for it."""
    caught: list[tuple[str, Any]] = []

    def catch(_conn: object, _cursor: object, statement: str, given: Any, *_: object) -> None:  # noqa: ANN401
        if "incidents" in statement and not statement.startswith("EXPLAIN"):
            caught.append((statement, given))

    with database.session() as session:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", catch)
        measure.answer(session, question)
        event.remove(connection, "before_cursor_execute", catch)
        return [
            "\n".join(connection.exec_driver_sql(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {sql}", given).scalars())
            for sql, given in caught
        ]


def write(database: Database, cameras: Sequence[Camera], end: datetime, folder: Path, header: str) -> None:
    """A file for each shape."""
    folder.mkdir(parents=True, exist_ok=True)
    for shape in SHAPES:
        question = shape.make(Chance(cameras, end, seed=1))
        name = re.sub(r"[^a-z0-9]+", "-", shape.name.lower()).strip("-")
        parts = [f"{shape.name}\n{header}\n", *(_NEVER.sub("", plan) for plan in of(database, question))]
        (folder / f"{name}.txt").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
