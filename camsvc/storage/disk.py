"""The disk that the embedded object store lies on. Of a store elsewhere this machine knows nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from camsvc.domain.retention import Disk
from camsvc.storage.local_sync import FILE_TABLE


def disk_below(data: Path, endpoint: str | None) -> Disk | None:
    """None: ``endpoint`` is not the server whose data lie below ``data``."""
    folder = data / "s3"
    if endpoint is None or not endpoint.startswith("127.0.0.1:") or not (folder / FILE_TABLE).is_dir():
        return None
    usage = shutil.disk_usage(folder)
    return Disk(usage.total, usage.free)
