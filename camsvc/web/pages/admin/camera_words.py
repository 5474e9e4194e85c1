"""Settings of a camera, and what changes of them, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from camsvc.api.services.camera_diff import CREDENTIALS, Change
from camsvc.web.components.camera_form import rule_kinds
from camsvc.web.language import Language

NOTHING = "–"
_WHOLE = {"rules", "detect.classes"}


def member(say: Language, name: str) -> str:
    """``location.lat`` → "Latitude"; ``zones.road`` → "Zone road"."""
    first, _, rest = name.partition(".")
    if first in {"zones", "lines"} and rest:
        return say(f"member.{first}", name=rest)
    return say.known("member", (rest or first) if name != CREDENTIALS else "credentials")


def told(say: Language, name: str, value: Any) -> str:  # noqa: ANN401  JSON
    """``value`` of the member ``name``, for people."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return say("member.yes" if value else "member.no")
    if name.startswith(("zones.", "lines.")):
        return say.count("member.points", len(value))
    if name == "rules":
        return "; ".join(_rule(say, each) for each in value) or NOTHING
    if name == "detect.classes":
        return ", ".join(say.known("class", each) for each in value) or NOTHING
    if isinstance(value, float):
        return f"{value:g}" if name.startswith("location.") is False else f"{value:.7g}"
    return str(value)


def rows(say: Language, found: Sequence[Change]) -> list[tuple[str, str, str]]:
    """Member, before, after. Of zones that changed their shape alone, it is said so."""
    listed = []
    for each in found:
        before, after = told(say, each.member, each.before), told(say, each.member, each.after)
        if each.member == CREDENTIALS:
            before, after = "•••", say("member.replaced")
        elif before == after:
            after = say("member.moved")
        listed.append((member(say, each.member), before, after))
    return listed


def fault(say: Language, field: str, detail: str) -> str:
    """What the field must be, in the page's language; ``detail`` where the catalogue does not say."""
    name = "rules" if field.startswith("rules") else field
    sentence = say.known("must", name)
    return sentence if sentence != name.replace("_", " ") else detail


def _rule(say: Language, rule: Mapping[str, Any]) -> str:
    parts = [say.known("kind", rule["kind"])]
    if rule.get("zone"):
        parts.append(str(rule["zone"]))
    parts.append(say(f"severity.{rule['severity']}"))
    if rule.get("classes"):
        parts.append("/".join(say.known("class", each) for each in rule["classes"]))
    fields: list[dict[str, Any]] = next(
        (each["fields"] for each in rule_kinds(say) if each["value"] == rule["kind"]), []
    )
    parts += [
        f"{each['label']}: {rule[each['name']]:g}"
        for each in fields
        if rule.get(each["name"], each["default"]) != each["default"]
    ]
    return " ".join(parts[:1]) + (f" ({', '.join(parts[1:])})" if parts[1:] else "")
