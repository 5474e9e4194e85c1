"""Second factors and accounts of other providers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _second_factors()
    _provider()
    _failures()


def _second_factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False, comment="Whose."),
        sa.Column(
            "sealed_secret",
            sa.LargeBinary(),
            nullable=False,
            comment="What codes are computed from, encrypted (Fernet) with the installation's key.",
        ),
        sa.Column(
            "begun_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the secret was made.",
        ),
        sa.Column(
            "confirmed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When a first code was given; null: not yet, so that none is asked for.",
        ),
        sa.Column(
            "last_step",
            sa.BigInteger(),
            nullable=True,
            comment="Number of the half minute (since 1970) of the last code that was taken: neither it nor an older"
            " one is taken again; null: none yet.",
        ),
        sa.Column(
            "wrong_codes",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="In a row, since the last that was right.",
        ),
        sa.Column(
            "refused_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Until when no code is looked at, after too many wrong ones; null: they are. Recovery codes always"
            " are.",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_second_factors_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
        comment="One-time codes (TOTP, RFC 6238) of accounts that have set them up, or are about to.",
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Whose."),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the code, which is 80 random bits."),
        sa.Column(
            "used_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was used up; null: it is good.",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id")),
        sa.PrimaryKeyConstraint("user_id", "hash", name=op.f("pk_recovery_codes")),
        comment="Codes that stand in, once each, for a second factor that was lost. Shown when made, never again.",
    )


def _provider() -> None:
    op.create_table(
        "provider_identities",
        sa.Column("issuer", sa.Text(), nullable=False, comment="URL of the provider."),
        sa.Column(
            "subject",
            sa.Text(),
            nullable=False,
            comment="The provider's own name of the person; never given to another.",
        ),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="Their account here."),
        sa.Column(
            "linked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When they first came.",
        ),
        sa.Column(
            "last_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When they last came.",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_provider_identities_user_id")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_provider_identities")),
        comment="Which account is whose at a sign-in provider (OpenID Connect).",
    )
    op.create_index("ix_provider_identities_user_id", "provider_identities", ["user_id"], unique=False)
    op.add_column(
        "grants",
        sa.Column(
            "from_provider",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="True: a group at the sign-in provider gives it, and each log-in renews or takes it; false: given"
            " here.",
        ),
    )


def _failures() -> None:
    op.create_table(
        "log_in_failures",
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="address: and an IPv4 address or the first half of an IPv6 one; device: and the hash of a browser's"
            " mark that it logged in before.",
        ),
        sa.Column("level", sa.Double(), nullable=False, comment="How many failures had not drained yet then."),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="When it was last counted."),
        sa.CheckConstraint("level >= 0", name=op.f("ck_log_in_failures_level")),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_log_in_failures")),
        comment="Failed log-ins of late, by where they came from, counted for all servers together. Drains with"
        " time: level is as of at. Not logged: after a crash it begins anew.",
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_log_in_failures_at", "log_in_failures", ["at"], unique=False)
