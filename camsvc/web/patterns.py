"""Regular expressions from sentences with ``{names}``: of what a program said, for a page that says it its own way."""

from __future__ import annotations

import re

PYTHON, JAVASCRIPT = "(?P<{}>.*)", "(?<{}>.*)"
"""How a group is named."""


def pattern(said: str, group: str = PYTHON) -> str:
    """Of ``said``, with a group for each ``{name}``."""
    pieces = re.split(r"\{(\w+)\}", said)
    return "".join(
        re.escape(each).replace(r"\ ", " ") if n % 2 == 0 else group.format(each) for n, each in enumerate(pieces)
    )
