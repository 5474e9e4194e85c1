"""Fixtures that several packages' tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["tests.oidc_provider", "tests.rtsp_server", "tests.servers"]
FOOTAGE = Path(__file__).resolve().parents[2] / "shared" / "footage"


@pytest.fixture(scope="session")
def footage() -> Path:
    """The folder of real footage with truth, beside the checkout."""
    if not FOOTAGE.is_dir():
        pytest.skip(f"no footage at {FOOTAGE}: the shared folder is not beside this checkout")
    return FOOTAGE
