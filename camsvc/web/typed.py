"""What the user changed in the form of conditions, applied to what was searched before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, get_args

from camsvc.domain.search import IncidentFilter
from camsvc.web.fields import FieldError
from camsvc.web.moments import QuickRange, Wall
from camsvc.web.view import PLURALS, Parsed, check_order, parse

DURATIONS = ("min_duration_s", "max_duration_s")
SINGLE = (*DURATIONS, "text", "sees")
TIMES: Sequence[Literal["from", "to"]] = ("from", "to")


def apply(
    changes: Mapping[str, Any], before: Parsed, typed: Mapping[str, str], wall: Wall, now: datetime
) -> tuple[Parsed, dict[str, str]]:
    """The view after ``changes`` (field → text of a time, or list of values), and what the time fields then say.

    What could not be read before and is not among ``changes`` stays refused: a condition that was asked for is not
    dropped because another one was changed.
    """
    texts = dict(typed) | {name: str(changes[name]) for name in TIMES if name in changes}
    errors = {name: error for name, error in before.errors.items() if name not in changes and not _is_order(error)}
    wanted = _with_values(before.view.filter, changes, wall.zone.key, errors)
    for name in TIMES:
        if name not in changes or _untouched(name, texts[name], before, wall):
            continue
        try:
            at = wall.read(texts[name], name, now)
        except FieldError as error:
            errors[name] = error
        else:
            wanted = replace(wanted, from_=at) if name == "from" else replace(wanted, to=at)
    check_order(wanted, errors)
    return Parsed(replace(before.view, filter=wanted), errors), texts


def quick(wanted: IncidentFilter, wall: Wall, now: datetime) -> str | None:
    """Which quick range the times of ``wanted`` are; ``any`` where there are none."""
    if wanted.from_ is None and wanted.to is None:
        return "any"
    if wanted.from_ is None:
        return None
    for name in get_args(QuickRange):
        from_, to = wall.quick(name, now)
        within_s = 60 if name == "hour" else 1  # the hour moves on while the page stands open
        if wanted.to == to and abs((wanted.from_ - from_).total_seconds()) < within_s:
            return str(name)
    return None


def _with_values(
    wanted: IncidentFilter, changes: Mapping[str, Any], zone: str, errors: dict[str, FieldError]
) -> IncidentFilter:
    names = [name for name in changes if name in PLURALS]
    pairs = [(name, str(value)) for name in names for value in changes[name]]
    single = [name for name in SINGLE if name in changes]
    if any(name in DURATIONS for name in single):
        single = [name for name in single if name not in DURATIONS] + list(
            DURATIONS
        )  # read together: each bounds the other
    for name in single:
        value = changes[name] if name in changes else getattr(wanted, name)
        pairs.append((name, "" if value is None else str(value).replace(",", ".") if name in DURATIONS else str(value)))
    read = parse([(name, value.lower() if name == "sees" else value) for name, value in pairs], zone)
    errors |= read.errors
    members = [*(PLURALS[name] for name in names), *single]
    chosen: dict[str, Any] = {member: getattr(read.view.filter, member) for member in members}
    return replace(wanted, **chosen)


def _untouched(name: Literal["from", "to"], text: str, before: Parsed, wall: Wall) -> bool:
    """Whether the field still says what it was filled with: a fraction of a second that it does not show is kept."""
    at = before.view.filter.from_ if name == "from" else before.view.filter.to
    return at is not None and text == wall.typed(at) and (name not in before.errors or _is_order(before.errors[name]))


def _is_order(error: FieldError | None) -> bool:
    return error is not None and error.key == "field.to_before_from"
