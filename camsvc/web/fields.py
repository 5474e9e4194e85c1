"""What a person typed or a link said, and could not be understood."""

from __future__ import annotations

from camsvc.errors import InputError
from camsvc.web.language import Language


class FieldError(InputError):
    """``parameter`` is the field; ``key`` the catalogue text that says what is wrong and what to write instead."""

    def __init__(self, parameter: str, key: str, **values: str) -> None:
        super().__init__(f"{parameter}: {key} {values}", parameter=parameter)
        self.key = key
        self.values = values

    def text(self, language: Language) -> str:
        return language(self.key, **self.values)
