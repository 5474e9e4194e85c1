"""Cases: ``register`` (made, listed, changed), ``people``, ``items``, ``snapshots``, ``notes``, ``holding``,
``requests`` for footage of other agencies and the ``deciding`` of them, ``footage`` (what somebody may export of it),
``membership`` (who is on it).
"""

from __future__ import annotations

from camsvc.api.services.cases.footage import Selection, access, chosen, selection

__all__ = ["Selection", "access", "chosen", "selection"]
