"""Cases: ``register`` (made, listed, changed), ``people``, ``items``, ``snapshots``, ``notes``, ``holding``,
``requests`` (footage of other agencies), ``footage`` (what somebody may export of it), ``membership`` (who is on it).
"""

from __future__ import annotations

from camsvc.api.services.cases.footage import Selection, access, selection, subjects
from camsvc.api.services.cases.membership import cases_of, role_of

__all__ = ["Selection", "access", "cases_of", "role_of", "selection", "subjects"]
