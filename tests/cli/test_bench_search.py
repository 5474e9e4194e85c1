"""The bench of the search, small: what it fills in is as real as what workers publish, and no plan scans a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from camsvc.cli.bench.search import fill, measure, plans, province
from camsvc.cli.bench.search.incidents import fresh
from camsvc.cli.bench.search.shapes import SHAPES, Chance, Shape
from camsvc.db import partitions
from camsvc.db.database import Database
from camsvc.db.queries import incidents
from camsvc.domain.incident import IncidentState
from camsvc.domain.search import IncidentFilter
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.errors import InputError

TOTAL, CAMERAS = 40_000, 300
END = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
KEPT = Path(__file__).resolve().parents[2] / "docs" / "reference" / "plans"
SCAN = re.compile(r"Seq Scan on (incidents_\d{4}_\d{2})[^\n]*rows=([\d.]+)[^\n]*((?:\n +(?!->)[^\n]*)*)")


def scanned(plan: str) -> list[str]:
    """Months that were read row by row. Those to come are empty, and are rightly looked at without an index."""
    return [month for month, rows, rest in SCAN.findall(plan) if float(rows) > 0 or "Rows Removed by Filter" in rest]


@pytest.fixture(scope="module")
def filled(embedded_postgres: EmbeddedPostgres, migrated_template: str) -> Iterator[str]:
    with embedded_postgres.connect_as_superuser() as connection:
        connection.execute(f"CREATE DATABASE bench_search OWNER camsvc TEMPLATE {migrated_template}")
    url = embedded_postgres.url("bench_search")
    database = Database(url)
    fill.fill(database, province.cameras(CAMERAS), TOTAL, END, lambda _: None)
    database.close()
    yield url
    with embedded_postgres.connect_as_superuser() as connection:
        connection.execute("DROP DATABASE bench_search WITH (FORCE)")


@pytest.fixture
def full(filled: str) -> Iterator[Database]:
    database = Database(filled)
    yield database
    database.close()


def test_the_year_is_whole_and_each_incident_is_one_that_a_worker_could_have_published(full: Database) -> None:
    with full.session() as session:
        assert session.scalar(text("SELECT count(*) FROM incidents")) == TOTAL
        found = incidents.search(session, IncidentFilter(to=END), limit=1000).items
        months = [each.name for each in partitions.partitions(session)]
        indexes = set(session.scalars(text("SELECT indexname FROM pg_indexes WHERE tablename = 'incidents'")))
    assert months[1] == "incidents_2025_11"
    assert {"pk_incidents", "ix_incidents_facets", "ix_incidents_sample", "ix_incidents_viewpoint_time"} <= indexes
    assert {item.state for item in found} >= {IncidentState.CLOSED, IncidentState.INTERRUPTED}
    for item in found:
        assert item.id.version == 7
        assert abs(item.id.int >> 80) == int(item.started_at.timestamp() * 1000)
        assert (item.ended_at is None) == (item.state is IncidentState.OPEN)
        assert item.location is not None
        assert item.objects
        assert item.clip is None or item.clip.parts[0].key.endswith(f"{item.id}/clip-0000.mp4")


def test_rush_hours_are_rush_hours_and_nights_are_quiet(full: Database) -> None:
    with full.session() as session:
        rows = session.execute(
            text("SELECT extract(hour FROM started_at AT TIME ZONE 'UTC+7')::int, count(*) FROM incidents GROUP BY 1")
        )
        hours = {hour: count for hour, count in rows}  # noqa: C416  rows are no tuples to mypy
    assert hours[(17 - 14) % 24] > 0  # every hour has some
    assert max(hours.values()) > 8 * min(hours.values())


def test_what_is_published_meanwhile_is_stored_by_the_way_of_workers(full: Database) -> None:
    items = list(islice(fresh(province.cameras(CAMERAS), fill.WORKER, END, np.random.default_rng(1)), 50))
    with full.session() as session:
        assert incidents.publish_all(session, items) == [True] * 50
        session.rollback()


def test_a_database_that_holds_incidents_is_not_filled_again(full: Database) -> None:
    with pytest.raises(InputError, match="holds incidents"):
        fill.fill(full, province.cameras(3), 10, END, lambda _: None)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_no_shape_scans_a_month(full: Database, shape: Shape) -> None:
    question = shape.make(Chance(province.cameras(CAMERAS), END, seed=3))
    if shape.name.startswith("count: district"):
        pytest.skip("a tenth of so few incidents: reading them all is right")
    for plan in plans.of(full, question):
        assert scanned(plan) == [], plan


def test_a_month_that_is_scanned_is_noticed() -> None:
    line = "  ->  Seq Scan on incidents_2026_05 incidents_3 (actual rows={} loops=1)\n        Filter: (kind = 'x')\n"
    assert scanned(line.format("0.00")) == []
    assert scanned(line.format("1.00")) == ["incidents_2026_05"]
    assert scanned(line.format("0.00") + "        Rows Removed by Filter: 7\n") == ["incidents_2026_05"]


@pytest.mark.parametrize("file", sorted(KEPT.glob("*.txt")), ids=lambda file: file.stem)
def test_no_plan_that_is_kept_scans_a_month(file: Path) -> None:
    assert scanned(file.read_text(encoding="utf-8")) == []


def test_the_measurement_tells_of_every_shape_and_agrees_with_sql_by_hand(filled: str) -> None:
    report = measure.measure(filled, province.cameras(CAMERAS), END, 2, 500.0, lambda _: None)
    assert report["disagree"] == []
    assert set(report["shapes"]) == {shape.name for shape in SHAPES}
    assert report["questions"] == 2 * sum(shape.in_mix for shape in SHAPES) == 40
    assert report["insert_per_s"] > 0
    assert 0 < report["p50_ms"] <= report["p99_ms"]
    assert 0 < report["cpu_p50_ms"] <= report["cpu_p99_ms"]
