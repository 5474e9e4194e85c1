"""Migration of the schema: alembic, within one transaction, one process at a time."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from camsvc.db.locks import MIGRATION, SPACE
from camsvc.errors import ConfigError

SCRIPTS = Path(__file__).with_name("migrations")
HEAD = "head"


def configuration(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """Revision that this program needs."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    if head is None:
        raise ConfigError(f"{SCRIPTS} holds no migration: the program is not whole, install it again")
    return head


def is_model(name: str | None, kind: str, _parents: object) -> bool:
    """For alembic's comparisons: months of incidents are made as time goes by, the models know only their parent."""
    return kind != "table" or name is None or not name.startswith("incidents_")


def upgrade(connection: Connection, revision: str = HEAD) -> None:
    """From whatever the schema is to ``revision``, within the caller's transaction.

    Raises ConfigError when the schema was made by a newer program: an older one must not touch it.
    """
    connection.execute(text("SET LOCAL statement_timeout = 0"))  # a large table takes as long as it takes
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:space, :what)"), {"space": SPACE, "what": MIGRATION})
    current = MigrationContext.configure(connection).get_current_revision()
    known = {each.revision for each in ScriptDirectory.from_config(configuration()).walk_revisions()}
    if current is not None and current not in known:
        raise ConfigError(
            f"the database's schema {current} was made by a newer camsvc than this one:"
            " install that version or a later one"
        )
    command.upgrade(configuration(connection), revision)
