"""What a command says that it is for: --purpose and --case, for whoever records what it does."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import replace

from camsvc.domain.account import Reason

_NOTHING = Reason()
SAID: ContextVar[Reason] = ContextVar("said", default=_NOTHING)
OPTIONS = {"purpose": "--purpose", "case_number": "--case"}
"""How the command line calls them."""


def begin(purpose: str | None = None, case: str | None = None) -> None:
    """Before anything else of a command: nothing was said but this. Raises InputError."""
    SAID.set(_NOTHING)
    say(purpose, case)


def say(purpose: str | None = None, case: str | None = None) -> None:
    """What is done from now on is for this; what is None stays as it was said. Raises InputError."""
    if purpose is None and case is None:
        return
    from camsvc.api.services import reasons  # here: a command that says nothing needs not wait for it

    told = reasons.read({"purpose": purpose, "case_number": case}, OPTIONS)
    given = {name: value for name in OPTIONS if (value := getattr(told, name)) is not None}
    SAID.set(replace(SAID.get(), **given))
