"""A package that is dropped: sent, checked, and told like a clerk of a court would."""

from __future__ import annotations

from typing import Any

from nicegui.element import Element

from camsvc.evidence.checks import Check, Outcome
from camsvc.web.patterns import JAVASCRIPT, pattern
from camsvc.web.words import Words

CHECKS = tuple(each.value for each in Check)
_DETAILS: dict[str, str] = {
    "seal.missing": "the signature at the end of the file is missing or damaged",
    "seal.changed": "the file was changed since it was signed, or signed with another key than the certificate's",
    "manifest.changed": "it was changed since it was signed, or signed with another key",
    "file.gone": "it was removed or renamed",
    "file.changed": "its content was changed",
    "file.unknown": "it was added or renamed: the manifest does not know it",
    "file.order": "the files are not in the order of the manifest, or one is there twice",
    "file.missing": "it is missing, or far too large",
    "file.sums": "it does not agree with the manifest",
    "original.altered": "altered in the store when the package was made: {said}",
    "original.missing": "missing in the store when the package was made: {said}",
    "original.unrecorded": "unrecorded in the store when the package was made: {said}",
    "certificate.expired": "it was not valid at {at}",
    "certificate.other": "the manifest names another certificate than the one in the package",
    "certificate.unreadable": "it is no certificate",
    "recording.key": "no worker of this installation ever had this key",
    "custody.record": "record {n} of the custody log does not fit its hash",
    "custody.chain": "record {n} of the custody log is not what this installation's audit chain says",
    "archive.no_package": "this is not, or no longer, an evidence package: {said}",
    "archive.moved": "its files do not lie as a package's do: bytes were put in or taken out, or it was repacked",
    "archive.crc": "{file}: its CRC-32 differs",
}
"""What a finding says (``camsvc.evidence.verification``), and the key of its words in the page's language. A finding
that is not here is shown as it is: the sentence of its check is in the page's language in any case."""
TEXTS = (
    *(
        f"verify.{each}"
        for each in (
            *("drop", "drop_hint", "sending", "checking", "cancel", "another", "failed", "too_large", "encrypted"),
            *("package", "made", "case", "why", "by", "organisation", "size", "files", "what_was_checked", "details"),
            *("more", "contents", "contents_hint", "not_shown", "gaps", "certificate", "fingerprint", "file"),
            *("compare_hint", "compare", "same", "other", "valid", "check_unknown"),
            *(
                "signer.current",
                "signer.past",
                "signer.claimed",
                "signer.unknown",
                "part",
                "viewing",
                "redacted",
                "snapshot",
            ),
        )
    ),
    *(f"verify.ruling.{each}" for each in ("holds", "given", "unknown_signer", "other", "fails")),
    *(f"verify.ruling_means.{each}" for each in ("holds", "given", "unknown_signer", "other", "fails")),
    *(f"verify.outcome.{each.value}" for each in Outcome),
    "connection.lost",
)


class Verify(Element, component="verify.js"):
    def __init__(self, words: Words, max_bytes: int) -> None:
        super().__init__()
        say = words.language
        self.props["texts"] = say.some(TEXTS)
        self.props["checks"] = {
            check: {
                "title": say(f"verify.check.{check}.title"),
                **{each.value: say(f"verify.check.{check}.{each.value}") for each in Outcome},
                **({"partly": say("verify.check.recording.partly")} if check == "recording" else {}),
            }
            for check in CHECKS
            if check in KNOWN_CHECKS
        }
        self.props["details"] = details(words)
        self.props["max-bytes"] = max_bytes
        self.props["most"] = words.bytes(max_bytes)
        self.props["locale"] = say.code
        self.props["timezone"] = words.wall.zone.key


KNOWN_CHECKS = frozenset(
    {"archive", "seal", "manifest", "certificate", "files", "originals", "recording", "custody", "time-stamp", "c2pa"}
)


def details(words: Words) -> list[dict[str, Any]]:
    """Patterns of findings, each with its words in the page's language."""
    return [
        {"re": f"^{pattern(said, JAVASCRIPT)}$", "text": words.language(f"verify.detail.{key}")}
        for key, said in _DETAILS.items()
    ]
