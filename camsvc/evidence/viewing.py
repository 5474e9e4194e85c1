"""A copy of an incident's clip for viewing: one file, where and when burnt in, boxes, gaps as slates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from camsvc.evidence.footage import Footage


def make_viewing(
    footage: Footage,
    out: Path,
    *,
    check: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> None:
    """Writes one fast-start MP4 (H.264, yuv420p; AAC where there is sound) to ``out``, which must not exist.

    ``check`` is called between pictures and raises to give up; ``on_progress`` is told the share that is done, 0…1,
    rising. ``out`` appears only when it is whole. Raises UnplayableError (nothing of the clip can be decoded, or there
    is none), OSError.
    """
    raise NotImplementedError
