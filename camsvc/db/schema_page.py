"""``python -m camsvc.db.schema_page > docs/reference/schema.md``: the schema for people, from the models alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from sqlalchemy import CheckConstraint, Column, Index, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from camsvc.db.models import Base

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_HEAD = """# The schema

Made from the models by `python -m camsvc.db.schema_page`; a test keeps it so. PostgreSQL holds the same texts as
comments (`\\d+ incidents` in psql shows them). Times are `timestamptz`, read in UTC. Change the schema by a migration
(`camsvc/db/migrations`), never by hand.

Other programs may read these tables; they must not write them. To follow changes use the API's event stream:
`change_seq` alone is not safe to follow (see `camsvc/db/queries/changes.py` for why).
"""


def page() -> str:
    lines = [_HEAD]
    for table in sorted(Base.metadata.tables.values(), key=lambda each: each.name):
        lines += [*_table(table), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(table: Table) -> Iterator[str]:
    yield f"## {table.name}\n"
    yield f"{table.comment}\n"
    yield "| column | type | null | what |"
    yield "|---|---|---|---|"
    for column in table.columns:
        yield f"| `{column.name}` | {_type(column)} | {'yes' if column.nullable else 'no'} | {_text(column)} |"
    keys = [f"`{column.name}`" for column in table.primary_key]
    yield f"\nKey: {', '.join(keys)}."
    if table.dialect_options["postgresql"]["partition_by"]:
        yield f"\nPartitioned by {table.dialect_options['postgresql']['partition_by']}."
    for constraint in sorted(table.constraints, key=lambda each: str(each.name)):
        if isinstance(constraint, UniqueConstraint):
            columns = ", ".join(f"`{column.name}`" for column in constraint.columns)
            yield f"\nUnique: {columns}. Serves {constraint.info['serves']}."
        elif isinstance(constraint, CheckConstraint):
            condition = str(constraint.sqltext.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))
            yield f"\nCheck: `{condition.replace(f'{table.name}.', '')}`."
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        yield f"\nIndex `{index.name}` {_columns(index)}. Serves {index.info['serves']}."


def _type(column: Column[object]) -> str:
    name = column.type.compile(dialect=_DIALECT).lower()
    short = name.replace("timestamp with time zone", "timestamptz").replace("double precision", "float8")
    return short + ("".join(f" → `{key.column.table.name}`" for key in column.foreign_keys))


def _text(column: Column[object]) -> str:
    return (column.comment or "").replace("|", "\\|")


def _columns(index: Index) -> str:
    statement = str(CreateIndex(index).compile(dialect=_DIALECT))
    return f"`{statement.partition(f' ON {index.table.name} ' if index.table is not None else ' ON ')[2].strip()}`"


if __name__ == "__main__":
    sys.stdout.write(page())
