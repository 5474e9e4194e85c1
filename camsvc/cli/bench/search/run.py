"""The whole of ``camsvc bench search``: a server, a year of incidents, the measurement."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from camsvc.cli.bench.search import fill, measure, province
from camsvc.cli.bench.search.fill import Tell
from camsvc.cli.bench.search.plans import write
from camsvc.db.database import Database
from camsvc.embedded.postgres import EmbeddedPostgres

SEARCHED_WITH = ("shared_buffers", "fsync", "synchronous_commit")


def run(
    total: int,
    cameras: int,
    rounds: int,
    insert_per_s: float,
    tell: Tell,
    *,
    database: str | None = None,
    data: Path | None = None,
    plans: Path | None = None,
) -> dict[str, Any]:
    """``database``: URL of one to use; else one is made in ``data``, kept there and used again, or thrown away."""
    where = province.cameras(cameras)
    if database is not None:
        return _with(database, where, total, rounds, insert_per_s, tell, plans)
    with _folder(data) as folder:
        if not (folder / "postgres").exists():
            # What is filled in is not kept at a power cut; what is measured is.
            with EmbeddedPostgres(folder, durable=False) as server:
                _fill(server.url(), where, total, tell)
        with EmbeddedPostgres(folder) as server:
            return _with(server.url(), where, total, rounds, insert_per_s, tell, plans)


def _with(
    url: str,
    where: list[province.Camera],
    total: int,
    rounds: int,
    insert_per_s: float,
    tell: Tell,
    plans: Path | None,
) -> dict[str, Any]:
    end = _filled(url) or _fill(url, where, total, tell)
    report = {
        **measure.measure(url, where, end, rounds, insert_per_s, tell),
        **_about(url),
        "cameras": len(where),
        "rounds": rounds,
    }
    if plans is not None:
        header = f"{report['incidents']:,} incidents, {len(where)} cameras, PostgreSQL {report['server']}"
        database = Database(url, application="camsvc bench")
        write(database, where, end, plans, header)
        database.close()
    return report


def _fill(url: str, where: list[province.Camera], total: int, tell: Tell) -> datetime:
    database = Database(url, application="camsvc bench")
    try:
        end = datetime.now(UTC)
        fill.fill(database, where, total, end, tell)
        return end
    finally:
        database.close()


def _filled(url: str) -> datetime | None:
    """When the year ended that is in it; None: it is empty."""
    database = Database(url, application="camsvc bench")
    try:
        database.migrate()
        with database.session() as session:
            end = session.scalar(text("SELECT max(started_at) FROM incidents WHERE worker = :us"), {"us": fill.WORKER})
            return end.astimezone(UTC) if end is not None else None
    finally:
        database.close()


def _about(url: str) -> dict[str, Any]:
    database = Database(url, application="camsvc bench")
    try:
        with database.session() as session:
            return {
                "incidents": session.scalar(text("SELECT count(*) FROM incidents")),
                "partitions": session.scalar(
                    text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'incidents'::regclass")
                ),
                "database_bytes": session.scalar(text("SELECT pg_database_size(current_database())")),
                "server": session.scalar(text("SHOW server_version")),
                **{name: session.scalar(text(f"SHOW {name}")) for name in SEARCHED_WITH},
            }
    finally:
        database.close()


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="camsvc-bench-") as folder:
        yield Path(folder)
