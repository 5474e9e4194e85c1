"""``camsvc bench``: what this machine can take, measured."""

from __future__ import annotations

from camsvc.cli.bench.command import app

__all__ = ["app"]
