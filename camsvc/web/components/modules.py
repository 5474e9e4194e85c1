"""The scripts that components share: ES modules, each folder here imported as ``camsvc-FOLDER/….js``. Whose script
imports one imports this, which registers them."""

from __future__ import annotations

from pathlib import Path

from nicegui.dependencies import register_esm

FOLDERS = ("live", "map", "playing", "redaction", "stretch")

for _name in FOLDERS:
    _folder = Path(__file__).parent / _name
    # Browsers keep what they fetched as long as its address stays the same: it must change with every script.
    register_esm(f"camsvc-{_name}", _folder, max_time=max(file.stat().st_mtime for file in _folder.glob("*.js")))
