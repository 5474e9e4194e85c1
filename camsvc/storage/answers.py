"""What the store's answers mean to us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import urllib3
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from camsvc.errors import (
    CamsvcError,
    InputError,
    NotFoundError,
    StoreError,
    StoreUnavailableError,
)

ABSENT = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchVersion", "ResourceNotFound"})
REFUSED = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled"})
NO_HOLD = frozenset({"NoSuchObjectLockConfiguration", "NoSuchObjectLegalHold", "ObjectLockConfigurationNotFoundError"})
LATER = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "XMinioServerNotInitialized"})
HTTP_SERVER_ERROR = 500
MESSAGE_MAX = 200
"""Of a store's own words: some answer with a whole page."""


@contextmanager
def translated(where: str, key: str) -> Iterator[None]:
    """Turns what the client library raises into our errors. ``where`` names the store, ``key`` what was asked for."""
    try:
        yield
    except S3Error as error:
        raise _of_s3(where, key, error) from error
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        raise _of_transport(where, key, error) from error


def is_refusal(error: StoreError) -> bool:
    """Whether the store understood and said no."""
    return isinstance(error.__cause__, S3Error) and error.__cause__.code in REFUSED


def is_never_held(error: StoreError) -> bool:
    """Whether it says that an object, asked for its hold, has none and never had: servers differ in the code."""
    return isinstance(error.__cause__, S3Error) and error.__cause__.code in NO_HOLD


def _of_s3(where: str, key: str, error: S3Error) -> CamsvcError:
    if error.code in ABSENT:
        return NotFoundError(f"{key}: not in the store")
    if error.code == "InvalidRange":
        return InputError(f"{key}: the range lies beyond its end", parameter="range")
    if error.code in LATER or error.response.status >= HTTP_SERVER_ERROR:
        return StoreUnavailableError(f"{key}: the object store at {where} says to come later ({error.code})")
    cure = ""
    if error.code == "NoSuchBucket":
        cure = ": the bucket is missing; `camsvc server` or `camsvc up` makes it at its start"
    elif error.code in REFUSED:
        cure = ": check s3_access_key, s3_secret_key and what they may do"
    elif error.code == "RequestTimeTooSkewed":
        cure = ": its clock and this machine's differ; set them by NTP"
    return StoreError(f"{key}: the object store at {where} refused: {_short(error.message or error.code)}{cure}")


def _of_transport(where: str, key: str, error: Exception) -> StoreError:
    if isinstance(error, InvalidResponseError):
        return StoreUnavailableError(
            f"{key}: what answers at {where} is no object store, or is not well: {_short(str(error))}"
        )
    if isinstance(error, ServerError):
        return StoreUnavailableError(f"{key}: the object store at {where} is not well (HTTP {error.status_code})")
    return StoreUnavailableError(f"{key}: the object store at {where} did not answer: {_short(str(error))}")


def _short(text: object) -> str:
    words = " ".join(str(text).split())
    return words if len(words) <= MESSAGE_MAX else words[:MESSAGE_MAX] + "…"
