"""The scripts that the live components share: ES modules, imported by them as ``camsvc-live/….js``."""

from __future__ import annotations

from pathlib import Path

from nicegui.dependencies import register_esm

LIVE = Path(__file__).parent / "live"
NAME = "camsvc-live"

# Browsers keep what they fetched for as long as its address stays the same: the address must change with every script.
register_esm(NAME, LIVE, max_time=max(file.stat().st_mtime for file in LIVE.glob("*.js")))
