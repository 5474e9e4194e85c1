"""How the store is spoken to: how long is waited for an answer, what is tried again, which certificates are good."""

from __future__ import annotations

import os

import certifi
import urllib3
from minio import Minio

from camsvc.errors import ConfigError

CONNECT_TIMEOUT_S = 5.0
"""A server on the same network answers in milliseconds; a dead host never does."""
READ_TIMEOUT_S = 60.0
"""Between two packets. A store on slow disks may take seconds to acknowledge a large part."""
RETRIES = 2
"""Of one request, for a connection lost or "try later"; whoever needs more patience (the publisher) has it himself."""
RETRY_BACKOFF_S = 0.2
RETRY_STATUS = (502, 503, 504)
CONNECTIONS = 32
"""Kept open; more are opened at peaks."""


def pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S),
        retries=urllib3.Retry(
            total=RETRIES, backoff_factor=RETRY_BACKOFF_S, status_forcelist=RETRY_STATUS, raise_on_status=False
        ),
        maxsize=CONNECTIONS,
        cert_reqs="CERT_REQUIRED",
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
    )


def client(
    endpoint: str, access_key: str, secret_key: str, region: str, secure: bool, http: urllib3.PoolManager
) -> Minio:
    """Does not connect yet. Raises ConfigError when ``endpoint`` is malformed."""
    try:
        return Minio(
            endpoint, access_key=access_key, secret_key=secret_key, secure=secure, region=region, http_client=http
        )
    except ValueError as error:
        raise ConfigError(f"s3_endpoint {endpoint!r}: {error}; write host or host:port, without http://") from error
