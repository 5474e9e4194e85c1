"""Which rule kinds there are."""

from __future__ import annotations

from collections.abc import Callable

from camsvc.domain.camera import Camera, RuleSpec
from camsvc.errors import ConfigError
from camsvc.rules.presence import Presence
from camsvc.rules.rule import Rule

KINDS: dict[str, Callable[[Camera, RuleSpec], Rule]] = {"presence": Presence.of}


def make_rules(camera: Camera) -> list[Rule]:
    """One rule object for each of the camera's rules, in order. Raises ConfigError for a kind that is not known."""
    rules = []
    for spec in camera.rules:
        make = KINDS.get(spec.kind)
        if make is None:
            raise ConfigError(f"camera {camera.id!r}: rule kind {spec.kind!r} is not known; use {', '.join(KINDS)}")
        rules.append(make(camera, spec))
    return rules
