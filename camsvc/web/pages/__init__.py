"""The web application: pages on the same FastAPI application as the API."""

from __future__ import annotations

from camsvc.web.mount import mount

__all__ = ["mount"]
