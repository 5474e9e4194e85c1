from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def workspace() -> Iterator[Path]:
    """A folder outside pytest's own, which every pytest that starts closes to other users: PostgreSQL's is one."""
    with tempfile.TemporaryDirectory(prefix="camsvc-system-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
