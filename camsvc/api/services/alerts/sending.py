"""Why something did not leave."""

from __future__ import annotations

from camsvc.errors import CamsvcError


class SendingError(CamsvcError):
    """It was not taken; another attempt may succeed. Its text names no secret."""
