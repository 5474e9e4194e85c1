"""RFC 3161 time stamps: somebody else's word that a signature existed at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from cryptography import x509
from rfc3161_client import (
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from camsvc.errors import ConfigError

TIMEOUT_S = 20.0
"""An authority answers within a second or two; one that does not within this is away."""
ATTEMPTS = 3
STAMP_MAX_BYTES = 64 * 1024
"""A token with its certificates is some kilobytes."""
SHA256_OID = "2.16.840.1.101.3.4.2.1"
_OK = 200


@dataclass(frozen=True, slots=True)
class Stamp:
    at: datetime
    is_trusted: bool | None
    """Whether the authority's certificate leads to a given root; None: no root was given."""


def ask(url: str, data: bytes) -> bytes:
    """The authority's answer for ``data`` (DER), looked through. Raises ConfigError: none, or not about ``data``."""
    request = TimestampRequestBuilder().data(data).nonce(nonce=True).cert_request(cert_request=True).build()
    reason = "no answer"
    for _ in range(ATTEMPTS):
        try:
            answer = httpx.post(
                url,
                content=request.as_bytes(),
                headers={"Content-Type": "application/timestamp-query"},
                timeout=TIMEOUT_S,
            )
        except httpx.HTTPError as error:
            reason = type(error).__name__
            continue
        if answer.status_code == _OK and len(answer.content) <= STAMP_MAX_BYTES:
            return _checked(answer.content, data, request.nonce, url)
        reason = f"it answers {answer.status_code}"
    raise ConfigError(f"evidence.tsa_url: the time-stamp authority {_host(url)} gives no time stamp: {reason}")


def read(stamp: bytes, data: bytes, roots: Sequence[x509.Certificate] = ()) -> Stamp:
    """Whether ``stamp`` is about ``data``, and of when. Raises ValueError saying what is wrong with it."""
    response = decode_timestamp_response(stamp)
    if response.status != 0:
        raise ValueError(f"the authority refused: status {response.status}")
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != SHA256_OID:
        expected = hashlib.sha512(data).digest()
    else:
        expected = hashlib.sha256(data).digest()
    if imprint.message != expected:
        raise ValueError("it is about something else")
    return Stamp(response.tst_info.gen_time.astimezone(UTC), _trust(response, data, roots))


def _trust(response: TimeStampResponse, data: bytes, roots: Sequence[x509.Certificate]) -> bool | None:
    if not roots:
        return None
    builder = VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        return builder.build().verify_message(response, data)
    except VerificationError:
        return False


def _checked(stamp: bytes, data: bytes, nonce: int | None, url: str) -> bytes:
    try:
        read(stamp, data)
        is_ours = decode_timestamp_response(stamp).tst_info.nonce == nonce
    except ValueError as error:
        raise ConfigError(f"evidence.tsa_url: {_host(url)} gives no usable time stamp: {error}") from error
    if not is_ours:
        raise ConfigError(f"evidence.tsa_url: {_host(url)} answers another request than ours")
    return stamp


def _host(url: str) -> str:
    """Without what may be a password in it."""
    return httpx.URL(url).host
