"""Query parameters that a route does not know, or takes only once, are refused: a filter is never silently ignored."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import Any

from fastapi import Request

from camsvc.api.services.text import is_storable
from camsvc.errors import InputError

MAX_VALUES = 1000
"""Of all parameters of one request; nobody clicks that many cameras, and each costs."""


def known_parameters(request: Request) -> None:
    """Dependency of every route. What a route knows is what its OpenAPI document says. Raises InputError."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    if sum(given.values()) > MAX_VALUES:
        raise InputError(f"more than {MAX_VALUES} query parameters", cure="ask in several requests")
    known = _parameters(request) if given else {}
    for name, count in given.items():
        if name not in known:
            raise _unknown(name, list(known))
        if count > 1 and not known[name]:
            raise InputError(f"{name}: given {count} times", parameter=name, cure=f"give {name} once")
    for name, value in [*request.query_params.multi_items(), *request.path_params.items()]:
        if not is_storable(str(value)):
            raise InputError(f"{name}: holds a NUL, which is not text", parameter=name, cure="send plain text")
        if not str(value).strip(" ,"):
            raise InputError(f"{name}: is empty", parameter=name, cure=f"give {name} a value, or leave it out")


def _unknown(name: str, known: list[str]) -> InputError:
    shown = name if len(name) <= 50 and name.isprintable() else "the parameter"
    nearest = difflib.get_close_matches(name.lower(), known, n=2, cutoff=0.5)
    if nearest:
        cure = f"did you mean {' or '.join(nearest)}?"
    elif known:
        cure = f"known are: {', '.join(sorted(known))}"
    else:
        cure = "this path takes no query parameters"
    return InputError(f"{shown} is not a parameter of this path", parameter=shown, cure=cure)


def _parameters(request: Request) -> dict[str, bool]:
    """Name of each query parameter of the route, and whether it may be given several times."""
    table: dict[tuple[str, str], dict[str, bool]] | None = getattr(request.app.state, "query_parameters", None)
    if table is None:
        table = request.app.state.query_parameters = _table(request.app.openapi())
    method = "GET" if request.method == "HEAD" else request.method
    return table.get((request.scope["route"].path_format, method), {})


def _table(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, bool]]:
    return {
        (path, method.upper()): {
            each["name"]: _is_plural(each["schema"])
            for each in operation.get("parameters", ())
            if each["in"] == "query"
        }
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def _is_plural(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "array" or any(each.get("type") == "array" for each in schema.get("anyOf", ()))
