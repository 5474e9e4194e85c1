"""The words of the pages: one catalogue a language, the same keys in each (a test holds them to that)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import yaml

from camsvc.errors import ConfigError

LanguageCode = Literal["en", "vi"]
LANGUAGES: tuple[LanguageCode, ...] = get_args(LanguageCode)
_FOLDER = Path(__file__).parent / "locale"

QUASAR: Mapping[LanguageCode, Literal["en-GB", "vi"]] = {"en": "en-GB", "vi": "vi"}
"""The language packs of the component library. British English: its week starts on Monday, its clock has 24 hours."""


class Language:
    """One catalogue. Any thread may use it; it never changes once read."""

    def __init__(self, code: LanguageCode, texts: Mapping[str, str]) -> None:
        self.code = code
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """The text of ``key`` with ``{names}`` filled in. KeyError for an unknown key: a mistake in the program."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def count(self, key: str, number: int, **values: object) -> str:
        """``key.one`` or ``key.other`` by ``number``, which fills ``{n}``. Vietnamese has the same text for both."""
        form = "one" if number == 1 else "other"
        return self(f"{key}.{form}", n=self.number(number), **values)

    def known(self, family: str, value: str) -> str:
        """The text of ``family.value``; ``value`` itself, readable, when the catalogue has no word for it yet."""
        return self._texts.get(f"{family}.{value}") or value.replace("_", " ")

    def number(self, value: float, digits: int = 0) -> str:
        """With the language's own separators: 1,234.5 in English, 1.234,5 in Vietnamese."""
        text = f"{value:,.{digits}f}"
        return text.translate(_SWAP) if self.code == "vi" else text

    def some(self, keys: Iterable[str]) -> dict[str, str]:
        """The texts that a component in the browser needs."""
        return {key: self._texts[key] for key in keys}


_SWAP = str.maketrans(",.", ".,")


@cache
def language(code: LanguageCode) -> Language:
    return Language(code, read_catalogue(code))


def pick(asked: str | None, default: LanguageCode) -> LanguageCode:
    """``asked`` when there is a catalogue for it, else ``default``."""
    for code in LANGUAGES:
        if asked == code:
            return code
    return default


def read_catalogue(code: LanguageCode) -> dict[str, str]:
    """Keys as dotted paths, of ``xx.yaml`` and the files in ``xx/``, one for each part of the pages.

    Raises ConfigError when a file is not a tree of texts, or says again what another says.
    """
    texts: dict[str, str] = {}
    for file in (_FOLDER / f"{code}.yaml", *sorted((_FOLDER / code).glob("*.yaml"))):
        found: dict[str, str] = {}
        _flatten(yaml.safe_load(file.read_text(encoding="utf-8")), "", found, file)
        if twice := texts.keys() & found.keys():
            raise ConfigError(f"{file.name}: {min(twice)}: another file of the catalogue has it")
        texts |= found
    return texts


def _flatten(node: object, path: str, texts: dict[str, str], file: Path) -> None:
    if isinstance(node, dict):
        for name, inner in node.items():
            _flatten(inner, f"{path}.{name}" if path else str(name), texts, file)
    elif isinstance(node, str):
        texts[path] = node
    else:
        raise ConfigError(f"{file.name}: {path}: {node!r} is not a text; put it in quotes")
