"""Checks a package that may come from anybody: with nothing but its bytes, and the certificate that one trusts.

Nothing is unpacked or executed, memory is bounded, no network is asked. The file is read once from front to back, and
a second time only where its structure is broken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from camsvc.domain.audit import GENESIS
from camsvc.errors import InputError
from camsvc.evidence import timestamp
from camsvc.evidence.checks import Check, Verdict
from camsvc.evidence.contents import (
    CERTIFICATE,
    FORMAT,
    MANIFEST,
    SIGNATURE,
    SUMS,
    TIME_STAMP,
    UNLISTED,
    VERSION,
    FileState,
    Role,
)
from camsvc.evidence.identity import fingerprint_of, is_signed, parse_certificates
from camsvc.evidence.manifest_shape import check_shape
from camsvc.evidence.recording_check import check_recording
from camsvc.evidence.zip_format import Entry
from camsvc.evidence.zip_reader import DamagedError, ZipReader

MANIFEST_MAX_BYTES = 256 * 1024 * 1024
"""Of 1000 incidents with long clips; parsed in memory."""
SMALL_MAX_BYTES = 64 * 1024 * 1024
"""Of the other files that are read whole: signature, certificate, time stamp, sums."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What who checks brings along."""

    certificates: Sequence[x509.Certificate] = ()
    """One of them signed, or issued the certificate that did. None: then nobody knows who signed."""
    stamp_roots: Sequence[x509.Certificate] = ()


def verify(
    path: Path, trust: Trust = Trust(), on_progress: Callable[[int, int], None] = lambda _a, _b: None
) -> Verdict:
    """Raises InputError when the file cannot be read, or is an encrypted package."""
    try:
        with path.open("rb") as file:
            if path.suffix in {".cms", ".enc"}:
                raise InputError(
                    f"{path} is encrypted",
                    parameter="PACKAGE",
                    cure="decrypt it first: openssl cms -decrypt -binary -inform DER -in FILE.zip.cms"
                    " -content FILE.zip.enc -inkey YOUR.key -out FILE.zip",
                )
            return verify_file(file, trust, on_progress)
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}", parameter="PACKAGE", cure="give a file that can be read"
        ) from error


def verify_file(
    file: BinaryIO, trust: Trust = Trust(), on_progress: Callable[[int, int], None] = lambda _a, _b: None
) -> Verdict:
    """``verify`` of a file that is open already. Raises OSError when it cannot be read."""
    return _Verification(file, trust, on_progress).run()


class _Verification:
    """Of one file; used once."""

    def __init__(self, file: BinaryIO, trust: Trust, on_progress: Callable[[int, int], None]) -> None:
        self._file = file
        self._trust = trust
        self._on_progress = on_progress
        self._verdict = Verdict()

    def run(self) -> Verdict:
        verdict = self._verdict
        try:
            reader = ZipReader(self._file)
            self._check(reader)
        except DamagedError as error:
            verdict.failed(Check.ARCHIVE, f"this is not, or no longer, an evidence package: {error}")
        return verdict

    def _check(self, reader: ZipReader) -> None:
        verdict = self._verdict
        entries = {entry.name: entry for entry in reader.entries}
        sums = self._read_all(reader)
        leaf = self._leaf(reader, entries)
        self._seal(reader, leaf)
        for fault in reader.faults:
            verdict.failed(Check.ARCHIVE, fault)
        verdict.passed(Check.ARCHIVE, f"{len(entries)} files, nothing between, before or after them")
        manifest_bytes = self._whole(reader, entries, MANIFEST, MANIFEST_MAX_BYTES)
        signature = self._whole(reader, entries, SIGNATURE)
        if leaf is not None and manifest_bytes is not None and signature is not None:
            self._signature(leaf, signature, manifest_bytes)
        manifest = self._manifest(manifest_bytes)
        if manifest is not None:
            self._files(manifest, reader, sums)
            self._sums(manifest, reader, entries)
            self._originals(manifest)
            check_recording(self._verdict, manifest, reader, entries)
            self._custody(manifest)
            if leaf is not None:
                self._certificate(leaf, manifest)
            self._time_stamp(manifest, self._whole(reader, entries, TIME_STAMP, needed=False), signature)
            self._provenance(manifest)

    def _read_all(self, reader: ZipReader) -> dict[str, tuple[str, int]]:
        """sha256 and size of each file."""
        done = 0

        def progress(piece: bytes) -> None:
            nonlocal done
            done += len(piece)
            self._on_progress(done, reader.size_bytes)

        found = {}
        for entry in reader.entries:
            contents = reader.read(entry, progress)
            found[entry.name] = (contents.sha256, contents.size_bytes)
        self._verdict.files, self._verdict.bytes = len(found), done
        return found

    def _whole(
        self,
        reader: ZipReader,
        entries: dict[str, Entry],
        name: str,
        at_most: int = SMALL_MAX_BYTES,
        *,
        needed: bool = True,
    ) -> bytes | None:
        entry = entries.get(name)
        data = reader.read_whole(entry, at_most) if entry is not None else None
        if data is None and needed:
            self._verdict.failed(Check.FILES, "it is missing, or far too large", name)
        return data

    def _leaf(self, reader: ZipReader, entries: dict[str, Entry]) -> x509.Certificate | None:
        pem = self._whole(reader, entries, CERTIFICATE)
        if pem is None:
            return None
        try:
            leaf = parse_certificates(pem)[0]
        except InputError:
            self._verdict.failed(Check.CERTIFICATE, "it is no certificate", CERTIFICATE)
            return None
        self._verdict.fingerprint = fingerprint_of(leaf)
        return leaf

    def _seal(self, reader: ZipReader, leaf: x509.Certificate | None) -> None:
        digest = reader.sha256()
        try:
            signature = base64.b64decode(reader.comment, validate=True)
        except binascii.Error:
            signature = b""
        if base64.b64encode(signature) != reader.comment or not signature:
            self._verdict.failed(Check.SEAL, "the signature at the end of the file is missing or damaged")
        elif leaf is None:
            self._verdict.unchecked(Check.SEAL, "without a certificate the signature over the file cannot be checked")
        elif not is_signed(leaf, signature, digest):
            self._verdict.failed(
                Check.SEAL,
                "the file was changed since it was signed, or signed with another key than the certificate's",
            )
        else:
            self._verdict.passed(Check.SEAL, "the file is, byte for byte, the one that was signed")

    def _signature(self, leaf: x509.Certificate, signature: bytes, manifest: bytes) -> None:
        if is_signed(leaf, signature, hashlib.sha256(manifest).digest()):
            self._verdict.passed(Check.MANIFEST, "signed by the key of the certificate in the package")
        else:
            self._verdict.failed(
                Check.MANIFEST, "it was changed since it was signed, or signed with another key", MANIFEST
            )

    def _manifest(self, data: bytes | None) -> dict[str, Any] | None:
        if data is None:
            return None
        try:
            manifest = json.loads(data)
            if manifest["format"] != FORMAT or manifest["version"] != VERSION:
                self._verdict.failed(
                    Check.MANIFEST,
                    f"its format is {manifest['format']!r} {manifest['version']!r}, known is {FORMAT!r} {VERSION}",
                    MANIFEST,
                )
                return None
            check_shape(manifest)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._verdict.failed(Check.MANIFEST, f"it cannot be read: {type(error).__name__}", MANIFEST)
            return None
        self._verdict.package, self._verdict.created_at = manifest["package"], manifest["created_at"]
        self._verdict.organisation = manifest["installation"].get("organisation")
        return dict(manifest)

    def _files(self, manifest: dict[str, Any], reader: ZipReader, sums: dict[str, tuple[str, int]]) -> None:
        """Presence, content and order."""
        listed = [each for each in manifest["files"] if each["sha256"] is not None]
        stamped = bool(manifest["installation"].get("time_stamped"))
        rest = [each for each in UNLISTED if stamped or each != TIME_STAMP]
        order = [each["name"] for each in listed] + rest
        for each in listed:
            found = sums.get(each["name"])
            if found is None:
                self._verdict.failed(Check.FILES, "it was removed or renamed", each["name"])
            elif found != (each["sha256"], each["size_bytes"]):
                self._verdict.failed(Check.FILES, "its content was changed", each["name"])
        for name in rest:
            if name not in sums:
                self._verdict.failed(Check.FILES, "it was removed or renamed", name)
        known = set(order)
        for name in sums:
            if name not in known:
                self._verdict.failed(Check.FILES, "it was added or renamed: the manifest does not know it", name)
        if [each.name for each in reader.entries] != order and known == set(sums):
            self._verdict.failed(Check.FILES, "the files are not in the order of the manifest, or one is there twice")
        self._verdict.passed(Check.FILES, f"all {len(order)} files are there and unchanged, and no other")

    def _sums(self, manifest: dict[str, Any], reader: ZipReader, entries: dict[str, Entry]) -> None:
        data = self._whole(reader, entries, SUMS)
        if data is None:
            return
        expected = "".join(f"{each['sha256']}  {each['name']}\n" for each in manifest["files"] if each["sha256"])
        if data != expected.encode() or hashlib.sha256(data).hexdigest() != manifest["sha256sums"]:
            self._verdict.failed(Check.FILES, "it does not agree with the manifest", SUMS)

    def _originals(self, manifest: dict[str, Any]) -> None:
        count = 0
        for each in manifest["files"]:
            count += each["role"] == Role.ORIGINAL
            if each["state"] == FileState.INTACT and each.get("recorded_sha256") != each["sha256"]:
                self._verdict.failed(
                    Check.ORIGINALS, "it is called intact, but its recorded sha256 differs", each["name"]
                )
            if each["state"] not in {FileState.INTACT, FileState.MADE}:
                detail = f"{each['state']} in the store when the package was made: {each.get('detail') or ''}"
                self._verdict.failed(Check.ORIGINALS, detail, each["name"])
        self._verdict.passed(
            Check.ORIGINALS, f"{count} original clips were what the recorder had written when the package was made"
        )

    def _custody(self, manifest: dict[str, Any]) -> None:
        custody = manifest["custody"]
        before_seq, before_hash = 0, GENESIS.hex()
        for each in custody["records"]:
            # As camsvc.domain.audit.canonical writes it; a hash of another form of it would not fit.
            text = json.dumps(each["record"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            digest = hashlib.sha256(bytes.fromhex(each["before"]) + text.encode()).hexdigest()
            seq = each["record"]["seq"]
            follows = seq > before_seq and (seq != before_seq + 1 or each["before"] == before_hash)
            if digest != each["hash"] or not follows:
                self._verdict.failed(Check.CUSTODY, f"record {seq} of the custody log does not fit its hash")
            before_seq, before_hash = seq, each["hash"]
        shown = len(custody["records"])
        self._verdict.passed(Check.CUSTODY, f"{shown} records fit their hashes; the chain ended at {custody['head']}")
        self._verdict.unchecked(
            Check.CUSTODY, "whether the records are those of the installation's chain: ask it for `camsvc audit verify`"
        )

    def _certificate(self, leaf: x509.Certificate, manifest: dict[str, Any]) -> None:
        mine = fingerprint_of(leaf)
        if manifest["installation"]["certificate_sha256"] != mine:
            self._verdict.failed(
                Check.CERTIFICATE, "the manifest names another certificate than the one in the package"
            )
        created_at = datetime.fromisoformat(manifest["created_at"]).astimezone(UTC)
        if not leaf.not_valid_before_utc <= created_at <= leaf.not_valid_after_utc:
            self._verdict.failed(Check.CERTIFICATE, f"it was not valid at {manifest['created_at']}")
        subject = leaf.subject.rfc4514_string()
        if not self._trust.certificates:
            self._verdict.unchecked(
                Check.CERTIFICATE,
                f"whose it is ({subject}): compare its SHA-256 fingerprint {mine} with the one that the authority gives"
                " you by another way, or give --certificate",
            )
        elif any(vouches(each, leaf) for each in self._trust.certificates):
            self._verdict.passed(Check.CERTIFICATE, f"it is the one that was given: {subject}")
        else:
            self._verdict.failed(
                Check.CERTIFICATE,
                f"signed with another key: by {subject} ({mine}), not by the certificate that was given",
            )

    def _time_stamp(self, manifest: dict[str, Any], stamp: bytes | None, signature: bytes | None) -> None:
        if not manifest["installation"].get("time_stamped"):
            self._verdict.unchecked(
                Check.TIME_STAMP, "there is none: the time of signing is the installation's own word"
            )
        elif stamp is not None and signature is not None:
            try:
                found = timestamp.read(stamp, signature, self._trust.stamp_roots)
            except ValueError as error:
                self._verdict.failed(Check.TIME_STAMP, f"it does not fit the signature: {error}", TIME_STAMP)
                return
            if found.is_trusted is False:
                self._verdict.failed(Check.TIME_STAMP, "it is not of the authority that was given", TIME_STAMP)
            elif found.is_trusted:
                self._verdict.passed(Check.TIME_STAMP, f"the signature existed at {found.at.isoformat()}")
            else:
                self._verdict.unchecked(
                    Check.TIME_STAMP, f"it says {found.at.isoformat()}; who said so: give --tsa-certificate"
                )

    def _provenance(self, manifest: dict[str, Any]) -> None:
        if any(each["role"] == Role.PROVENANCE for each in manifest["files"]):
            self._verdict.unchecked(Check.PROVENANCE, "the C2PA manifests of clips and copies: use a C2PA reader")


def vouches(given: x509.Certificate, leaf: x509.Certificate) -> bool:
    """Whether ``given`` is ``leaf``, or issued it."""
    if given == leaf:
        return True
    try:
        leaf.verify_directly_issued_by(given)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
