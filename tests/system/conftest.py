from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def workspace() -> Iterator[Path]:
    """A folder outside pytest's own, which every pytest that starts closes to other users: PostgreSQL's is one."""
    yield from _folder()


@pytest.fixture(scope="module")
def module_workspace() -> Iterator[Path]:
    """The same for all tests of a module."""
    yield from _folder()


def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="camsvc-system-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
