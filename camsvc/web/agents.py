"""What a browser calls itself, in words that its user knows it by."""

from __future__ import annotations

import re

_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Cốc Cốc", r"coc_coc_browser/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Chrome|CriOS|HeadlessChrome)/(\d+)"),
    ("Safari", r"Version/(\d+)\S* (?:Mobile/\S+ )?Safari"),
)
"""The first that fits: most say that they are Chrome and Safari as well."""
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows NT"),
    ("ChromeOS", r"CrOS"),
    ("macOS", r"Mac OS X"),
    ("Linux", r"Linux|X11"),
)


def browser_name(agent: str | None) -> str | None:
    """``Chrome 142, Windows``; of a program its own words, shortened; None: not said."""
    if not agent:
        return None
    for name, pattern in _BROWSERS:
        if found := re.search(pattern, agent):
            system = next((each for each, mark in _SYSTEMS if re.search(mark, agent)), None)
            return f"{name} {found[1]}{f', {system}' if system else ''}"
    return agent[:60]
