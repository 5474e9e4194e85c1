"""Taking the audit chain out of the hands of the application's own database role.

The triggers refuse changes to everybody, but the owner of a table may drop its triggers. So a role that nobody can log
in as owns the tables and their functions; the application may read, and append through ``audit_append``, nothing else.
What is left to it: to append what never happened, and to drop the whole database. What is left to a superuser:
everything, which only an anchor kept elsewhere (`camsvc audit head`) brings to light.
"""

from __future__ import annotations

from psycopg import sql

KEEPER = "camsvc_audit"
"""Owns the chain. Cannot log in, and nobody is a member of it."""
TABLES = ("audit", "audit_head")
TRIGGERS = ("audit_refuse", "audit_follow", "audit_step")
APPEND = "audit_append(text, text, text)"


def statements(application: str) -> list[sql.Composed | sql.SQL]:
    """For a superuser, in the application's database once it is migrated; any number of times. ``application``: the
    role that the service logs in as. A later migration of these tables must be run by a superuser as well."""
    keeper, role = sql.Identifier(KEEPER), sql.Identifier(application)
    made: list[sql.Composed | sql.SQL] = [
        sql.SQL(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN CREATE ROLE {} NOLOGIN;"
            " END IF; END $$"
        ).format(sql.Literal(KEEPER), keeper),
        # Whoever owns the schema may drop what is in it, whosever it is.
        sql.SQL("ALTER SCHEMA public OWNER TO CURRENT_USER"),
        sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(role),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(keeper),
    ]
    for name in TRIGGERS:
        made.append(sql.SQL("ALTER FUNCTION public.{}() OWNER TO {}").format(sql.Identifier(name), keeper))
    for name in TABLES:
        table = sql.Identifier("public", name)
        made.append(sql.SQL("ALTER TABLE {} OWNER TO {}").format(table, keeper))
        made.append(sql.SQL("REVOKE ALL ON {} FROM PUBLIC, {}").format(table, role))
        made.append(sql.SQL("GRANT SELECT ON {} TO {}").format(table, role))
    # It runs as the keeper: what it appends is numbered and hashed by it, whatever its caller says.
    append = sql.SQL("FUNCTION public.") + sql.SQL(APPEND)
    made.append(sql.SQL("ALTER {} OWNER TO {}").format(append, keeper))
    made.append(sql.SQL("REVOKE ALL ON {} FROM PUBLIC").format(append))
    made.append(sql.SQL("GRANT EXECUTE ON {} TO {}").format(append, role))
    return made


def script(application: str) -> str:
    """The same as text for psql."""
    lines = [f"{each.as_string()};" for each in statements(application)]
    return "\n".join(["BEGIN;", *lines, "COMMIT;", ""])
