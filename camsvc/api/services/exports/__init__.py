"""Exports: evidence packages made as jobs, kept for some days, fetched by those who may.

``start`` puts one into the queue; some server makes it (``runner``); it is deleted when its time is over (``expiry``).
"""

from __future__ import annotations

from camsvc.api.services.exports.listing import cancel, delete, get, listed
from camsvc.api.services.exports.orders import Foreseen, Order, Quota, QuotaError, QuotaKind, preview, quota, start

__all__ = [
    "Foreseen",
    "Order",
    "Quota",
    "QuotaError",
    "QuotaKind",
    "cancel",
    "delete",
    "get",
    "listed",
    "preview",
    "quota",
    "start",
]
