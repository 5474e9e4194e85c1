"""How a simulated camera misbehaves, on request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from camsvc.errors import InputError


class FaultKind(StrEnum):
    DROP = "drop"
    """Every connection is closed without a word."""
    STALL = "stall"
    """Connections stay, packets stop for ``amount`` seconds."""
    JUMP = "jump"
    """Time stamps leap by ``amount`` seconds (may be negative)."""
    CORRUPT = "corrupt"
    """A share ``amount`` (0…1) of the packets carries flipped bytes."""
    LOSS = "loss"
    """A share ``amount`` (0…1) of the packets is not sent."""
    REFUSE = "refuse"
    """For ``amount`` seconds connections are closed and requests answered 503."""
    RESIZE = "resize"
    """The picture's size changes to ``amount`` (a factor) of itself, and back the next time."""
    CLOCK = "clock"
    """The camera's own clock, as its sender reports tell it, is wrong by ``amount`` seconds."""


CONTINUOUS = frozenset({FaultKind.CORRUPT, FaultKind.LOSS, FaultKind.CLOCK})
"""Kinds that hold all the time; the others happen every ``every_s``."""
DEFAULT_EVERY_S = 60.0
DEFAULT_AMOUNT = {
    FaultKind.DROP: 0.0,
    FaultKind.STALL: 15.0,
    FaultKind.JUMP: 10.0,
    FaultKind.CORRUPT: 0.01,
    FaultKind.LOSS: 0.01,
    FaultKind.REFUSE: 15.0,
    FaultKind.RESIZE: 0.5,
    FaultKind.CLOCK: 3600.0,
}
_FORM = re.compile(
    r"(?:(?P<camera>[\w.-]+):)?(?P<kind>[a-z]+)(?:=(?P<amount>[+-]?\d+(?:\.\d+)?))?(?:/(?P<every>\d+(?:\.\d+)?))?"
)


@dataclass(frozen=True, slots=True)
class Fault:
    kind: FaultKind
    amount: float
    every_s: float = DEFAULT_EVERY_S
    camera: str | None = None
    """Only this one; None: all."""


def parse(text: str) -> Fault:
    """``[CAMERA:]KIND[=AMOUNT][/EVERY_S]``, for example ``stall=10/60`` or ``gate:loss=0.02``. Raises InputError."""
    kinds = ", ".join(FaultKind)
    match = _FORM.fullmatch(text)
    if not match or match["kind"] not in list(FaultKind):
        cure = f"write [CAMERA:]KIND[=AMOUNT][/EVERY_S], like stall=10/60; kinds are {kinds}"
        raise InputError(f"{text!r} is not a fault", parameter="--fault", cure=cure)
    kind = FaultKind(match["kind"])
    amount = float(match["amount"]) if match["amount"] else DEFAULT_AMOUNT[kind]
    every_s = float(match["every"]) if match["every"] else DEFAULT_EVERY_S
    share = kind in (FaultKind.CORRUPT, FaultKind.LOSS)
    if share and not 0 <= amount <= 1:
        raise InputError(f"{text!r}: {amount:g} is not a share", parameter="--fault", cure="give 0 to 1, like 0.02")
    if kind is FaultKind.RESIZE and not 0.1 <= amount <= 4:
        raise InputError(f"{text!r}: {amount:g} is no size", parameter="--fault", cure="give a factor of 0.1 to 4")
    if every_s <= 0:
        raise InputError(f"{text!r} would never happen", parameter="--fault", cure="give seconds above 0 after '/'")
    return Fault(kind, amount, every_s, match["camera"])
