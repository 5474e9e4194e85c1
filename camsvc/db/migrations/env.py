"""Run by alembic: migrates through the connection that ``camsvc.db.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from camsvc.db import migrate
from camsvc.db.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_server_default=True,
    include_name=migrate.is_model,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
