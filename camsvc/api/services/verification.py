"""Checks an evidence package that somebody brings: what ``camsvc verify`` checks, and what this installation alone can
tell: whether its own key signed it, and whether the custody log in it is that of its own audit chain.

The package is a temporary file without a name: nothing of it outlives the request.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from cryptography import x509

from camsvc.api.context import Server
from camsvc.api.errors import BusyError
from camsvc.api.services import audit
from camsvc.db.queries import audit as audit_rows
from camsvc.db.queries import seals, signing
from camsvc.domain.account import User
from camsvc.domain.audit import Kind, Outcome
from camsvc.domain.hold import CASE_MAX
from camsvc.errors import InputError
from camsvc.evidence import checks
from camsvc.evidence.checks import Check, Verdict
from camsvc.evidence.contents import WORKERS, Role
from camsvc.evidence.identity import fingerprint_of, parse_certificates
from camsvc.evidence.inspection import Custody, Inside, inspect
from camsvc.evidence.verification import verify_file, vouches

AT_ONCE = 2
"""Packages that one server takes at the same time, each of another account: each reads a file of gigabytes twice."""
FREE_BYTES = 512 * 1024 * 1024
"""That stay free on the disk: what else lies there (renditions, the embedded database) must go on."""
FOLDER = "verification"
RECORDED_INCIDENTS_MAX = 1000
"""Of a package, in the record that it was checked: no honest one holds more."""


class Ruling(StrEnum):
    """The whole in one word."""

    HOLDS = "holds"
    """All that was checked holds, and it is known who signed."""
    UNKNOWN_SIGNER = "unknown_signer"
    """All that was checked holds, but by whose key is for a person to find out."""
    FAILS = "fails"


class Signer(StrEnum):
    """Whose certificate is in the package."""

    CURRENT = "current"
    """This installation's, in use."""
    PAST = "past"
    """This installation's, before it was replaced."""
    CLAIMED = "claimed"
    """This installation's, but its key did not sign the package as it is: certificates are public, anybody can put one
    in."""
    UNKNOWN = "unknown"
    """Not this installation's."""


class ChainState(StrEnum):
    """The custody log in the package beside this installation's audit chain."""

    AGREES = "agrees"
    DIFFERS = "differs"
    """Signed with this installation's key, and not of its chain: one of the two was changed."""
    FOREIGN = "foreign"
    """Another installation's package, or nobody's: its chain is not here."""


@dataclass(frozen=True, slots=True)
class Chain:
    state: ChainState
    records: int = 0
    """That were compared."""
    wrong: int | None = None
    """Number of the first that is another here, or that is not here."""


@dataclass(frozen=True, slots=True)
class Inspection:
    verdict: Verdict
    ruling: Ruling
    signer: Signer
    certificate: x509.Certificate | None
    """In the package."""
    chain: Chain
    inside: Inside
    """Offsets are told only where the archive is one of ours to the last byte."""


class Verifier:
    """Takes packages in, AT_ONCE at a time. Any thread."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._folder = folder / FOLDER
        self._lock = threading.Lock()
        self._busy: set[int] = set()

    @contextmanager
    def place(self, user_id: int, size_bytes: int) -> Iterator[BinaryIO]:
        """A file to put a package of ``size_bytes`` (0: not known) into; gone afterwards, and when the process dies.

        Raises BusyError when others are at it, or the disk is full.
        """
        with self._lock:
            if user_id in self._busy:
                raise BusyError("You are having a package checked already: wait until that one is done.")
            if len(self._busy) >= AT_ONCE:
                raise BusyError(f"{AT_ONCE} packages are being checked already: try again in a minute.")
            self._busy.add(user_id)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.require_room(size_bytes)
            with tempfile.TemporaryFile(dir=self._folder) as file:
                yield file
        finally:
            with self._lock:
                self._busy.discard(user_id)

    def require_room(self, more_bytes: int) -> None:
        """Raises BusyError."""
        if shutil.disk_usage(self._folder).free - more_bytes < FREE_BYTES:
            raise BusyError("The server's disk has no room for this package now; `camsvc verify` checks it anywhere.")


def check(server: Server, user: User, file: BinaryIO, *, source: str | None = None) -> Inspection:
    """Of a whole package; recorded. Needs no right: who brings it has all that is in it.

    Blocks for as long as reading it takes. Raises DatabaseUnavailableError.
    """
    file.seek(0, os.SEEK_END)
    verdict = verify_file(file)
    inside = inspect(file)
    signer, own = _signer(server, verdict)
    if own is not None and _is_signed(verdict):
        _vouch(verdict, own)
        _check_workers(server, verdict, inside)
        chain = _chain(server, inside.custody)
    else:
        signer, chain = (Signer.CLAIMED if own is not None else signer), Chain(ChainState.FOREIGN)
    if chain.state is ChainState.DIFFERS:
        wrong = f"record {chain.wrong}" if chain.wrong else "its end"
        verdict.failed(Check.CUSTODY, f"{wrong} of the custody log is not what this installation's audit chain says")
    elif chain.state is ChainState.AGREES:
        _replace(verdict, Check.CUSTODY, f"{chain.records} records are those of this installation's audit chain")
    if not any(each.check is Check.ARCHIVE and each.outcome is checks.Outcome.HOLDS for each in verdict.findings):
        inside = _without_places(inside)
    found = Inspection(verdict, _ruling(verdict, signer), signer, _leaf(inside.certificate), chain, inside)
    _record(server, user, found, source)
    return found


def compare(certificate: bytes, given: bytes) -> tuple[bool, x509.Certificate]:
    """Whether the certificate (PEM) in ``given`` is, or issued, ``certificate``; and the first in ``given``.

    Raises InputError for what is no certificate.
    """
    leaf, brought = parse_certificates(certificate)[0], parse_certificates(given)
    return any(vouches(each, leaf) for each in brought), brought[0]


def _signer(server: Server, verdict: Verdict) -> tuple[Signer, signing.StoredIdentity | None]:
    with server.database.session() as session:
        known = signing.all_identities(session)
    own = next((each for each in known if each.fingerprint == verdict.fingerprint), None)
    if own is None:
        return Signer.UNKNOWN, None
    return (Signer.CURRENT if own.retired_at is None else Signer.PAST), own


def _is_signed(verdict: Verdict) -> bool:
    """Whether the key of the certificate in it signed it as it is; else that certificate says nothing."""
    held = {each.check for each in verdict.findings if each.outcome is checks.Outcome.HOLDS}
    return {Check.SEAL, Check.MANIFEST} <= held


def _vouch(verdict: Verdict, own: signing.StoredIdentity) -> None:
    _replace(verdict, Check.CERTIFICATE, f"it is this installation's own, in use since {own.created_at.isoformat()}")


def _check_workers(server: Server, verdict: Verdict, inside: Inside) -> None:
    """Whether the keys that the workers' seals are checked by were registered here by workers."""
    names = [each.name for each in inside.files if each.role == Role.WORKER_KEY]
    ids = {name.removeprefix(WORKERS).removesuffix(".pem") for name in names}
    if not ids:
        return
    with server.database.session() as session:
        known = {each.id for each in seals.keys(session, ids)}
    for name in sorted(names):
        if name.removeprefix(WORKERS).removesuffix(".pem") not in known:
            verdict.failed(Check.RECORDING, "no worker of this installation ever had this key", name)
    _replace(verdict, Check.RECORDING, "the workers' keys are registered in this installation", "whether the workers'")


def _replace(verdict: Verdict, check_: Check, detail: str, begins: str = "") -> None:
    """What ``check_`` left open (its findings that begin so) is answered now."""
    verdict.findings = [
        each
        for each in verdict.findings
        if each.check is not check_
        or each.outcome is not checks.Outcome.UNCHECKED
        or not each.detail.startswith(begins)
    ]
    verdict.passed(check_, detail)


def _chain(server: Server, custody: Custody | None) -> Chain:
    if custody is None:
        return Chain(ChainState.DIFFERS)
    told = dict(custody.hashes)
    seq, _, digest = custody.head.partition(":")
    if seq.isdecimal() and int(seq) > 0:
        told[int(seq)] = digest
    with server.database.session() as session:
        kept = audit_rows.hashes(session, sorted(told))
    wrong = next((each for each in sorted(told) if kept.get(each) != told[each]), None)
    if wrong is not None or not told:
        return Chain(ChainState.DIFFERS, len(told), wrong)
    return Chain(ChainState.AGREES, len(custody.hashes))


def _without_places(inside: Inside) -> Inside:
    return replace(inside, files=[replace(each, offset=None) for each in inside.files])


def _ruling(verdict: Verdict, signer: Signer) -> Ruling:
    if not verdict.holds:
        return Ruling.FAILS
    return Ruling.UNKNOWN_SIGNER if signer is Signer.UNKNOWN else Ruling.HOLDS


def _leaf(pem: str | None) -> x509.Certificate | None:
    try:
        return parse_certificates(pem.encode())[0] if pem else None
    except InputError:
        return None


def _record(server: Server, user: User, found: Inspection, source: str | None) -> None:
    """Under the case that the package is of, if that is ours to say."""
    verdict = found.verdict
    details = {
        "package": verdict.package,
        "ruling": found.ruling.value,
        "certificate_sha256": verdict.fingerprint,
        "incidents": [str(each) for each in _incidents(found)],
        "failures": verdict.failures,
    }
    is_ours = found.signer in {Signer.CURRENT, Signer.PAST}
    number = found.inside.request.get("case_number") if is_ours else None
    case = {"case_number": number[:CASE_MAX]} if number else {}
    audit.record(
        server,
        user,
        Kind.EXPORT,
        "package.verified",
        outcome=Outcome.ALLOWED,
        source=source,
        details=details,
        **case,  # type: ignore[arg-type]
    )


def _incidents(found: Inspection) -> list[UUID]:
    ids = []
    for each in found.inside.incidents[:RECORDED_INCIDENTS_MAX]:
        try:
            ids.append(UUID(str(each.get("id"))))
        except ValueError:
            continue
    return ids


def inspection_json(found: Inspection) -> dict[str, object]:
    verdict, leaf = found.verdict, found.certificate
    return {
        "ruling": found.ruling.value,
        "package": verdict.package,
        "created_at": verdict.created_at,
        "organisation": verdict.organisation,
        "files": verdict.files,
        "bytes": verdict.bytes,
        "certificate": {
            "signer": found.signer.value,
            "sha256": fingerprint_of(leaf),
            "subject": leaf.subject.rfc4514_string(),
            "not_before": leaf.not_valid_before_utc.isoformat(),
            "not_after": leaf.not_valid_after_utc.isoformat(),
            "pem": found.inside.certificate,
        }
        if leaf is not None
        else None,
        "chain": {"state": found.chain.state.value, "records": found.chain.records, "wrong": found.chain.wrong},
        "checks": [
            {"check": each.check.value, "outcome": each.outcome.value, "file": each.file, "detail": each.detail}
            for each in verdict.findings
        ],
        "more": verdict.more,
        "request": dict(found.inside.request),
        "incidents": [dict(each) for each in found.inside.incidents],
        "contents": [
            {
                "name": each.name,
                "role": each.role,
                "state": each.state,
                "size_bytes": each.size_bytes,
                "offset": each.offset,
            }
            for each in found.inside.files
        ],
    }
