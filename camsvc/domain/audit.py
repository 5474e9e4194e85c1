"""The audit chain: who did what, to what, from where, whether it was allowed; each record hashed with the one before.

Record n's hash is SHA-256(hash of record n-1 ‖ canonical JSON of record n), so that no record can be altered, removed
or moved without every later hash failing to fit. The chain begins with GENESIS.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

GENESIS = bytes(32)
"""What stands for the hash of the record before the first."""
FORMAT = 1
"""Of the canonical JSON. Part of each record, so that an old one is always checked by its own rules."""


class Outcome(StrEnum):
    ALLOWED = "allowed"
    REFUSED = "refused"
    """Who asked may not, or is not who they say."""
    FAILED = "failed"
    """Allowed, begun, and not done."""


class Kind(StrEnum):
    """What sort of thing was done; ``what`` of a record says it exactly."""

    LIVE = "live"
    SEARCH = "search"
    REPLAY = "replay"
    EXPORT = "export"
    HOLD = "hold"
    ANNOTATE = "annotate"
    """What people say of incidents."""
    CASE = "case"
    """Cases: who is on them, what is put in, what is asked of other agencies."""
    CONFIGURE = "configure"
    ADMINISTER = "administer"
    SIGN_IN = "sign-in"


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be recorded."""

    kind: Kind
    what: str
    """Thing and verb, like ``clip.played``, ``camera.changed``, ``live.ended``."""
    outcome: Outcome = Outcome.ALLOWED
    user_id: int | None = None
    user_name: str | None = None
    """The name as it was then; of a refused log-in the name that was tried."""
    source: str | None = None
    """Address that it came from; None: this machine's command line or a part of the system."""
    camera: str | None = None
    area: str | None = None
    incident: UUID | None = None
    purpose: str | None = None
    case_number: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """JSON; what else matters, like the filters of a search or the seconds that were watched. No credential."""


@dataclass(frozen=True, slots=True)
class Record:
    """A link of the chain."""

    seq: int
    """1, 2, 3, … without a hole."""
    at: datetime
    """UTC, by the database's clock."""
    deed: Deed
    hash: bytes
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain. Kept elsewhere (printed, sent, signed), it proves later that nothing up to it changed."""

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Raises ValueError when it is not ``SEQ:HASH`` with 64 hexadecimal digits."""
        seq, _, digits = text.strip().partition(":")
        head = cls(int(seq), bytes.fromhex(digits))
        if head.seq < 0 or len(head.hash) != len(GENESIS):
            raise ValueError(f"{text!r} is not SEQ:HASH")
        return head


START = Head(0, GENESIS)


def digest(before: bytes, seq: int, at: datetime, deed: Deed, format_: int = FORMAT) -> bytes:
    return hashlib.sha256(before + canonical(seq, at, deed, format_)).digest()


def canonical(seq: int, at: datetime, deed: Deed, format_: int = FORMAT) -> bytes:
    """JSON in one form only: keys sorted, no white space, UTF-8, nulls and empty details left out, whole numbers
    without a fraction, times in UTC with six digits of a second.

    A later column that is null for old records leaves their form as it was.
    """
    before, between, after = pieces(deed, format_)
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{before}{moment}{between}{seq}{after}".encode()


def pieces(deed: Deed, format_: int = FORMAT) -> tuple[str, str, str]:
    """The canonical JSON without what only the database knows, ``at`` and ``seq``, which go between the three."""
    members: dict[str, Any] = {
        "format": format_,
        "kind": str(deed.kind),
        "what": deed.what,
        "outcome": str(deed.outcome),
        "user_id": deed.user_id,
        "user_name": deed.user_name,
        "source": deed.source,
        "camera": deed.camera,
        "area": deed.area,
        "incident": str(deed.incident) if deed.incident else None,
        "purpose": deed.purpose,
        "case_number": deed.case_number,
        "details": plain(deed.details) or None,
    }
    texts = {name: f"{_json(name)}:{_json(value)}" for name, value in sorted(members.items()) if value is not None}
    before = "".join(f"{text}," for name, text in texts.items() if name < "at")
    between = "".join(f"{text}," for name, text in texts.items() if "at" < name < "seq")
    after = "".join(f",{text}" for name, text in texts.items() if name > "seq")
    return f'{{{before}"at":"', f'",{between}"seq":', f"{after}}}"


def plain(value: Any) -> Any:  # noqa: ANN401  any JSON
    """``value`` as a JSON store gives it back: 2.0 is 2, and what JSON lacks (NaN, tuples, times, ids) is text or list.

    Text is mended where a database cannot hold it: a refused request must be recorded whatever it held.
    """
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {storable(str(name)): plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        members = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [plain(member) for member in members]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return storable(str(value))


def storable(text: str) -> str:
    """Without NUL and lone surrogates, which no database takes."""
    return "".join("\N{REPLACEMENT CHARACTER}" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
