"""The scripts that the player and those beside it share: ES modules, imported by them as ``camsvc-playing/….js``."""

from __future__ import annotations

from pathlib import Path

from nicegui.dependencies import register_esm

MODULES = Path(__file__).parent / "playing"
NAME = "camsvc-playing"

# Browsers keep what they fetched for as long as its address stays the same: the address must change with every script.
register_esm(NAME, MODULES, max_time=max(file.stat().st_mtime for file in MODULES.glob("*.js")))
