"""Fixtures that several packages' tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

pytest_plugins = ["tests.oidc_provider", "tests.rtsp_server", "tests.servers"]
FOOTAGE = Path(__file__).resolve().parents[2] / "shared" / "footage"


@pytest.fixture(scope="session")
def footage() -> Path:
    """The folder of real footage with truth, beside the checkout."""
    if not FOOTAGE.is_dir():
        pytest.skip(f"no footage at {FOOTAGE}: the shared folder is not beside this checkout")
    return FOOTAGE


@pytest.fixture(scope="session", autouse=True)
def _quick_hash() -> Iterator[None]:
    """A password costs the tests nothing. In a server's own process it costs what it costs: a tenth of a second."""
    from camsvc.db.queries import accounts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield
