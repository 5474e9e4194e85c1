"""One browser for the tests of this package; it is closed before those of others begin an event loop."""

from __future__ import annotations

from tests.browser import browser

__all__ = ["browser"]
