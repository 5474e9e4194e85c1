"""A camera as somebody is changing it: what is wrong with it, what differs from what is stored, and what to do when
somebody else changed it meanwhile. Knows no page."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from camsvc.api.errors import InvalidBodyError
from camsvc.api.services import cameras
from camsvc.api.services.camera_diff import Change, changes
from camsvc.api.services.camera_sheet import column_of
from camsvc.api.services.redaction import has_credentials, signed
from camsvc.config import CameraConfig
from camsvc.errors import InputError

SECRETS = ("user", "password")
"""Written, never read: they go into the stream URLs when the camera is stored."""
DRAWN = ("zones", "lines")
"""Members that the form does not have."""


class Draft:
    """Of one open page."""

    def __init__(self, stored: CameraConfig | None) -> None:
        """None: a new camera."""
        self.stored = stored
        self.document = _document(stored)
        self.config: CameraConfig | None = None
        """As it would be stored; None while something is wrong."""
        self.faults: dict[str, str] = {}
        """By field of the form: what is wrong, in English."""
        self.check()

    @property
    def version(self) -> str | None:
        """ETag of what it was begun on."""
        return cameras.version(self.stored) if self.stored else None

    @property
    def has_credentials(self) -> bool:
        return self.stored is not None and has_credentials(self.stored.streams)

    @property
    def form(self) -> dict[str, Any]:
        """What the form shows."""
        return {name: value for name, value in self.document.items() if name not in DRAWN}

    @property
    def changes(self) -> tuple[Change, ...]:
        """Against what is stored; empty while something is wrong."""
        return changes(self.stored, self.config) if self.config else ()

    @property
    def is_touched(self) -> bool:
        return self.document != _document(self.stored)

    @property
    def body(self) -> dict[str, Any]:
        """As the service takes it, with credentials. Raises InputError."""
        body = copy.deepcopy({name: value for name, value in self.document.items() if name not in SECRETS})
        user, password = (str(self.document.get(name) or "") for name in SECRETS)
        if bool(user) != bool(password):
            missing = "password" if user else "user"
            raise InputError(f"{missing}: user and password go together", parameter=missing)
        if user:
            for role in ("main", "sub"):
                if url := body["streams"].get(role):
                    body["streams"][role] = signed(str(url), user, password)
        return body

    def take(self, changed: Mapping[str, Any]) -> None:
        """Members as the browser says them; what a camera does not have is left out."""
        for name, value in changed.items():
            if name in self.document:
                self.document[name] = value
        self.check()

    def redraw(self, zones: Mapping[str, Any], lines: Mapping[str, Any]) -> bool:
        """What was drawn. A rule follows its zone when that was only renamed; whether one did."""
        old, new = list(self.document["zones"]), list(zones)
        followed = False
        apart = [(before, after) for before, after in zip(old, new, strict=False) if before != after]
        if len(old) == len(new) and len(apart) == 1:
            [(before, after)] = apart
            for rule in self.document["rules"]:
                if rule.get("zone") == before:
                    rule["zone"], followed = after, True
        self.take({"zones": dict(zones), "lines": dict(lines)})
        return followed

    def check(self) -> None:
        self.config, self.faults = None, {}
        try:
            self.config = cameras.validated(self.body, self.stored)
        except InvalidBodyError as error:
            for fault in error.faults:
                self.faults.setdefault(_field(fault["parameter"]), fault["detail"])
        except InputError as error:
            self.faults[_field(error.parameter or "")] = str(error)

    def rebase(self, stored: CameraConfig) -> set[str]:
        """What was changed here, upon what somebody else stored meanwhile. Returns the members that both changed: there
        ours stands."""
        mine, theirs = (
            _leaves(_document(self.stored), self.document),
            _leaves(_document(self.stored), _document(stored)),
        )
        document = _document(stored)
        for path, value in mine.items():
            _put(document, path, value)
        self.stored, self.document = stored, document
        self.check()
        return {".".join(path) for path in mine.keys() & theirs.keys()}


def _document(stored: CameraConfig | None) -> dict[str, Any]:
    if stored is not None:
        document = cameras.config_json(stored)
    else:
        streams = {"main": "rtsp://new"}
        blank = CameraConfig.model_validate({"id": "new", "name": "new", "area": "new", "streams": streams})
        document = blank.model_dump(mode="json")
        document |= {"id": "", "name": "", "area": "", "streams": {"main": "", "sub": None, "transport": "tcp"}}
    for rule in document["rules"]:
        rule.setdefault("zone", None)
    return document | dict.fromkeys(SECRETS, "")


def _field(parameter: str) -> str:
    """The field of the form that shows what is wrong with the member ``parameter``."""
    parts = parameter.split(".")
    if parts[0] == "rules":
        return ".".join(parts[:2])
    if parts[0] in DRAWN:
        return "zones"
    if parts == ["body"] or not parts[0]:
        return "rules"  # what concerns several members: a rule names a zone that is not there
    return column_of(parts)


def _leaves(
    before: Mapping[str, Any], after: Mapping[str, Any], above: tuple[str, ...] = ()
) -> dict[tuple[str, ...], Any]:
    """What differs, by path; None stands for what was taken away."""
    found: dict[tuple[str, ...], Any] = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found |= _leaves(old, new, (*above, name))
        else:
            found[*above, name] = new
    return found


def _put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:  # noqa: ANN401  JSON
    *above, last = path
    for name in above:
        inner = document.get(name)
        document[name] = document = dict(inner) if isinstance(inner, Mapping) else {}
    if value is None and above and above[0] in DRAWN:
        document.pop(last, None)
    else:
        document[last] = copy.deepcopy(value)
