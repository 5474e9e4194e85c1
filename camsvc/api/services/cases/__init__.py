"""Cases: ``register`` (made, listed, changed), ``people``, ``items``, ``snapshots``, ``notes``, ``holding``,
``requests`` (footage of other agencies), ``footage`` (what somebody may export of it), ``membership`` (who is on it).
"""

from __future__ import annotations

from camsvc.api.services.cases.footage import Selection, access, selection, subjects

__all__ = ["Selection", "access", "selection", "subjects"]
