"""What goes wrong with cases, in the words of the pages."""

from __future__ import annotations

from camsvc.api.errors import ForbiddenError
from camsvc.errors import CamsvcError, ConflictError, InputError, NotFoundError
from camsvc.web.fields import FieldError
from camsvc.web.forms import fault as other_fault
from camsvc.web.language import Language

_WRONG = frozenset(
    {
        "agency",
        "camera",
        "case",
        "from",
        "incident",
        "items",
        "number",
        "reason",
        "text",
        "title",
        "to",
        "until",
        "user",
    }
)
"""Parameters that ``case.wrong.…`` has words for."""
_NAMED = frozenset({"agency", "camera", "incident", "user"})
_CONFLICTS = frozenset({"case", "items", "number", "revision", "request", "state", "user"})
"""Of what does not fit with how the case stands: ``case.conflict.…``."""


def fault(say: Language, error: CamsvcError) -> str:
    if isinstance(error, FieldError):
        return error.text(say)
    if isinstance(error, ForbiddenError):
        return say("case.wrong.forbidden")
    if isinstance(error, NotFoundError):
        return say(f"case.wrong.{error.parameter}" if error.parameter in _NAMED else "case.wrong.unknown")
    if isinstance(error, ConflictError):
        if error.parameter == "legal":
            return say("hold.fault.legal")
        return say(f"case.conflict.{error.parameter}", said=str(error)) if error.parameter in _CONFLICTS else str(error)
    if isinstance(error, InputError) and error.parameter == "picture":
        return say("collect.picture_failed")
    if isinstance(error, InputError) and error.parameter in _WRONG:
        return say(f"case.wrong.{error.parameter}")
    return other_fault(say, error)
