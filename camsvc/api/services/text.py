"""Text that PostgreSQL can hold."""

from __future__ import annotations

from collections.abc import Mapping

from camsvc.errors import InputError


def is_storable(text: str) -> bool:
    """No NUL, which PostgreSQL refuses, and no lone surrogate, which is no character at all."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def refuse_unstorable(value: object, parameter: str = "body") -> None:
    """Raises InputError naming the member of the JSON ``value`` whose text cannot be stored."""
    if isinstance(value, str) and not is_storable(value):
        raise InputError(
            f"{parameter}: holds a NUL or half a surrogate pair, which is not text",
            parameter=parameter,
            cure="send plain Unicode text",
        )
    if isinstance(value, Mapping):
        for name, member in value.items():
            refuse_unstorable(name, f"a name in {parameter}")
            refuse_unstorable(member, str(name) if parameter == "body" else f"{parameter}.{name}")
    elif isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            refuse_unstorable(member, f"{parameter}.{index}")
