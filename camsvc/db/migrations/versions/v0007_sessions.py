"""API tokens and sessions that are listed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TEXT, _TEXTS, _TIME = sa.Text(), postgresql.ARRAY(sa.Text()), sa.DateTime(timezone=True)
_OF_A_TOKEN = (
    ("name", _TEXT, "Of an API token, chosen by who made it; null: none."),
    ("actions", _TEXTS, "What an API token may be used for, of what its account may; null: not narrowed."),
    (
        "areas",
        _TEXTS,
        "Where, each with all below it. No foreign key: an area that is gone opens nothing; null: not narrowed.",
    ),
    ("last_seen_at", _TIME, "When it was last used, to the minute; null: not since it was issued."),
    ("source", _TEXT, "Address that it was last used from; null: not known."),
    ("agent", _TEXT, "Browser or program that used it last; null: not said."),
    ("purpose", _TEXT, "What its holder does their work for, recorded with all they do; null: not said."),
    ("case_number", _TEXT, "For which case, likewise; null: not said."),
)


def upgrade() -> None:
    op.add_column("users", sa.Column("full_name", _TEXT, comment="Of the person, for people; null: not said."))
    op.add_column("users", sa.Column("email", _TEXT, comment="Where the person is reached; null: not said."))
    op.add_column(
        "users",
        sa.Column(
            "must_change_password",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="True: somebody else set the password; nothing else may be done until it is changed.",
        ),
    )
    op.add_column(
        "tokens",
        sa.Column(
            "id",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="Names it in lists; opens nothing.",
        ),
    )
    op.create_unique_constraint(op.f("uq_tokens_id"), "tokens", ["id"])
    for name, type_, comment in _OF_A_TOKEN:
        op.add_column("tokens", sa.Column(name, type_, nullable=True, comment=comment))
    op.drop_constraint(op.f("ck_tokens_kind"), "tokens", type_="check")
    op.create_check_constraint(op.f("ck_tokens_kind"), "tokens", "kind IN ('bearer', 'session', 'api')")
    op.create_check_constraint(
        op.f("ck_tokens_scope"), "tokens", "(kind = 'api') = (name IS NOT NULL AND actions IS NOT NULL)"
    )
    op.alter_column(
        "tokens",
        "kind",
        existing_type=sa.String(32),
        existing_nullable=False,
        comment="bearer: for programs; session: for the page; api: for programs, made by hand.",
    )
    op.create_table_comment(
        "tokens",
        "Bearer tokens, API tokens and page sessions that are in force. Only hashes: a stolen copy of the table opens"
        " nothing.",
    )
