"""What is measured reads and writes a disk, as it does in use; the tests' servers live in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from camsvc.embedded.s3 import EmbeddedS3


@pytest.fixture(scope="session")
def embedded_s3() -> Iterator[EmbeddedS3]:
    """One server for the whole session, on the disk."""
    with (
        tempfile.TemporaryDirectory(prefix="camsvc-test-") as folder,
        EmbeddedS3(Path(folder), durable=False) as server,
    ):
        yield server
