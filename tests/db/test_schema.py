from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Table, UniqueConstraint

from camsvc.db.models import Base
from camsvc.db.models.incidents import LASTED, LASTED_FROM_S, SPAN_OPEN, SPANS, IncidentRow
from camsvc.db.schema_page import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "schema.md"
TABLES = sorted(Base.metadata.tables.values(), key=lambda table: table.name)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_and_column_says_what_it_is_and_when_it_is_null(table: Table) -> None:
    assert table.comment
    for column in table.columns:
        assert column.comment, f"{table.name}.{column.name}"
        if column.nullable:
            assert "null" in column.comment, f"{table.name}.{column.name} does not say when it is null"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_index_quotes_the_query_it_serves(table: Table) -> None:
    for index in table.indexes:
        assert "(" in index.info.get("serves", ""), index.name
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            assert "(" in constraint.info.get("serves", ""), constraint.name


def test_the_page_about_the_schema_is_made_from_the_models() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m camsvc.db.schema_page > docs/reference/schema.md"


def test_the_spans_of_the_search_are_those_of_the_column() -> None:
    computed = IncidentRow.__table__.columns["span"].computed
    assert computed is not None
    text = str(computed.sqltext)
    words = {900: "15 minutes", 14_400: "4 hours", 259_200: "3 days", 3_888_000: "45 days"}
    for number, span in enumerate(SPANS):
        assert f"<= interval '{words[int(span.total_seconds())]}' THEN {number}" in text
    assert text.count("THEN") == SPAN_OPEN + 1
    assert f"ended_at IS NULL THEN {SPAN_OPEN}" in text


def test_the_classes_of_duration_are_told_in_the_words_of_the_server() -> None:
    """Else alembic takes the index for another one."""
    edges = LASTED[LASTED.index("{") + 1 : LASTED.index("}")].split(",")
    told = [sum(int(part) * unit for part, unit in zip(each.split(":"), (3600, 60, 1), strict=True)) for each in edges]
    assert tuple(told) == LASTED_FROM_S
    assert list(told) == sorted(told)
