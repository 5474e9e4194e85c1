"""The form of a manifest that may come from anybody."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def check_shape(manifest: dict[str, Any]) -> None:
    """That a manifest has the members that are used, of the kinds that are used. Raises TypeError, KeyError,
    ValueError, AttributeError."""
    _text(manifest["package"], manifest["created_at"], manifest["sha256sums"])
    _text(manifest["installation"]["certificate_sha256"])
    moment = datetime.fromisoformat(manifest["created_at"])
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    for each in _list(manifest["files"]):
        _text(each["name"], each["role"], each["state"])
        if each["sha256"] is not None:
            _text(each["sha256"])
            int(each["size_bytes"])
    _text(manifest["custody"]["head"])
    for each in _list(manifest["custody"]["records"]):
        _text(each["before"], each["hash"])
        bytes.fromhex(each["before"])
        if type(each["record"]["seq"]) is not int:
            raise TypeError("a number is no number")


def _text(*values: object) -> None:
    if not all(isinstance(value, str) for value in values):
        raise TypeError("a text is no text")


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list is no list")
    return value
