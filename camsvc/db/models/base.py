"""What all tables share: names of constraints, types of columns."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Double, Enum, Integer, LargeBinary, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraints have names of their own choosing on no server: a later migration must be able to name them."""


class Base(DeclarativeBase):
    """Each table and column has a comment: what, unit, when null. Each index says in ``info["serves"]`` which query.

    Times are ``timestamptz``: instants with microseconds, read back in UTC.
    """

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        bytes: LargeBinary,
        datetime: DateTime(timezone=True),
        float: Double,
        int: Integer,
        str: Text,
        UUID: Uuid,
        list[str]: ARRAY(Text),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
    }


Big = BigInteger


def one_of(choices: type[StrEnum], name: str, *, check: bool = True) -> Enum:
    """Text that holds the value of one of ``choices``, held to it by a check constraint unless ``check`` is false.

    Not a PostgreSQL enum type: a value is then added, and taken away, by an ordinary migration.
    """
    return Enum(
        choices,
        name=name,
        native_enum=False,
        create_constraint=check,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )
