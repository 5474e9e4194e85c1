from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from camsvc.db import migrate
from camsvc.db.database import Database
from camsvc.db.models import Base
from camsvc.domain.search import Wind
from camsvc.errors import ConfigError, DatabaseUnavailableError

RELEASED: dict[str, str] = {}
"""File of each released migration, with its SHA-256: it ran on somebody's database, so it is never edited.
Add a line with each release."""

_CATALOGUE = """
SELECT 'column', c.table_name || '.' || c.column_name, concat_ws(' ', c.udt_name, c.character_maximum_length,
       c.is_nullable, c.column_default, c.is_identity, c.identity_generation, c.generation_expression,
       col_description(format('%I', c.table_name)::regclass, c.ordinal_position))
  FROM information_schema.columns c WHERE c.table_schema = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
UNION ALL SELECT 'index', relname, pg_get_indexdef(oid)
  FROM pg_class WHERE relkind IN ('i', 'I') AND relnamespace = 'public'::regnamespace AND NOT relispartition
UNION ALL SELECT 'partition', relname, pg_get_expr(relpartbound, oid)
  FROM pg_class WHERE relkind = 'r' AND relispartition AND relnamespace = 'public'::regnamespace
UNION ALL SELECT 'table', relname, concat_ws(' ', array_to_string(reloptions, ','), obj_description(oid))
  FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
UNION ALL SELECT 'sequence', sequencename, concat_ws(' ', data_type, start_value, increment_by, cache_size)
  FROM pg_sequences WHERE schemaname = 'public'
"""


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(migrate.configuration())


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _catalogue(connection: Connection) -> set[tuple[Any, ...]]:
    rows = connection.execute(text(_CATALOGUE)).all()
    return {tuple(row) for row in rows if "alembic_version" not in row[1]}


# The server stores the expression of a computed column in its own words; the catalogues below compare those.
@pytest.mark.filterwarnings("ignore:Computed default on")
def test_migrating_an_empty_database_gives_exactly_the_models(database_url: str) -> None:
    with _connected(database_url) as connection:
        migrate.upgrade(connection)
        migrated = _catalogue(connection)
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": True, "include_name": migrate.is_model}
        )
        assert compare_metadata(context, Base.metadata) == []
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        Base.metadata.create_all(connection)
        created = _catalogue(connection)
        assert migrated - created == set()
        assert created - migrated == set()


@pytest.mark.parametrize("revision", [each.revision for each in _script().walk_revisions()])
def test_every_version_migrates_upwards_to_the_newest(database_url: str, revision: str) -> None:
    with _connected(database_url) as connection:
        command.upgrade(migrate.configuration(connection), revision)
        assert MigrationContext.configure(connection).get_current_revision() == revision
    database = Database(database_url)
    database.migrate()
    database.ping()
    database.close()


def test_migrations_form_one_line_and_released_ones_are_frozen() -> None:
    assert len(_script().get_heads()) == 1
    for name, digest in RELEASED.items():
        file = migrate.SCRIPTS / "versions" / name
        assert hashlib.sha256(file.read_bytes()).hexdigest() == digest, f"{name} was released: write a new migration"


def test_migrating_twice_and_at_once_is_harmless(database_url: str) -> None:
    failures: list[BaseException] = []

    def one() -> None:
        database = Database(database_url)
        try:
            database.migrate()
        except BaseException as error:  # noqa: BLE001  shown by the assertion
            failures.append(error)
        database.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    database = Database(database_url)
    database.migrate()
    database.ping()
    database.close()


def test_a_migration_that_fails_leaves_nothing_behind(database_url: str) -> None:
    with _connected(database_url) as connection:
        connection.execute(text("CREATE TABLE tokens (x int)"))  # in the way of the first migration
    database = Database(database_url)
    with pytest.raises(Exception, match="tokens"):
        database.migrate()
    with _connected(database_url) as connection:
        assert connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 1
    database.close()


def test_a_schema_of_a_newer_program_is_refused(migrated_url: str) -> None:
    with _connected(migrated_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database = Database(migrated_url)
    with pytest.raises(ConfigError, match="newer camsvc"):
        database.migrate()
    with pytest.raises(DatabaseUnavailableError, match="9999"):
        database.ping()
    database.close()


def test_incidents_of_before_the_partitions_move_into_their_months(database_url: str) -> None:
    rows = """INSERT INTO incidents (id, viewpoint_id, kind, severity, state, started_at, last_observed_at, ended_at,
              objects, classes, colours, model, worker, epoch, revision, change_seq)
       SELECT gen_random_uuid(), 1, 'presence', 'info', 'closed', at, at, at + interval '1 h', '[]', '{car}', '{red}',
              'm', 'w', 1, 1, row_number() OVER ()
         FROM unnest('{1970-01-01Z, 2025-12-31 23:59:59.999999Z, 2026-01-01Z, 2026-03-31Z, 9000-01-01Z}'::timestamptz[])
              AS at"""
    with _connected(database_url) as connection:
        command.upgrade(migrate.configuration(connection), "0004")
        connection.execute(text("INSERT INTO areas (path, name) VALUES ('a', 'a')"))
        connection.execute(
            text(
                "INSERT INTO cameras (id, name, area, enabled, config, streams) VALUES ('c', 'c', 'a', true, '{}', '')"
            )
        )
        connection.execute(text("INSERT INTO viewpoints (camera, area) VALUES ('c', 'a')"))
        connection.execute(text(rows))
        before = set(connection.execute(text("SELECT id, started_at, span, change_seq, published_at FROM incidents")))
        command.upgrade(migrate.configuration(connection), "0005")
        after = set(connection.execute(text("SELECT id, started_at, span, change_seq, published_at FROM incidents")))
        where = connection.execute(text("SELECT tableoid::regclass::text FROM incidents ORDER BY started_at")).scalars()
        assert after == before
        names = list(where)
        assert names[1:4] == ["incidents_2025_12", "incidents_2026_01", "incidents_2026_03"]
        assert (names[0], names[4]) == ("incidents_earlier", "incidents_later")


def test_directions_of_incidents_that_are_there_are_found_in_what_was_stored_of_their_objects(
    database_url: str,
) -> None:
    told = [0, 22.49, 22.5, 90, 200.1, 337.5, 359.9, None]
    with _connected(database_url) as connection:
        command.upgrade(migrate.configuration(connection), "0010")
        connection.execute(text("INSERT INTO areas (path, name) VALUES ('a', 'a')"))
        connection.execute(
            text(
                "INSERT INTO cameras (id, name, area, enabled, config, streams) VALUES ('c', 'c', 'a', true, '{}', '')"
            )
        )
        connection.execute(text("INSERT INTO viewpoints (camera, area) VALUES ('c', 'a')"))
        for number, ways in enumerate([*([each] for each in told), told, []]):
            objects = json.dumps([{"track": 1, "direction_deg": way} for way in ways])
            connection.execute(
                text(
                    "INSERT INTO incidents (id, viewpoint_id, kind, severity, state, started_at, last_observed_at,"
                    " objects, classes, colours, model, worker, epoch, revision, change_seq)"
                    " VALUES (gen_random_uuid(), 1, 'presence', 'info', 'open', :at, :at, cast(:objects AS jsonb),"
                    " '{}', '{}', 'm', 'w', 1, 1, :number)"
                ),
                {"at": f"2026-01-01 00:00:{number:02}Z", "objects": objects, "number": number},
            )
        command.upgrade(migrate.configuration(connection), "0011")
        winds = list(connection.execute(text("SELECT winds FROM incidents ORDER BY change_seq")).scalars())
    assert winds[:8] == [[Wind.of(way).value] if way is not None else [] for way in told]
    assert winds[8] == ["e", "n", "ne", "s"]
    assert winds[9] == []
