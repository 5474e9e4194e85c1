"""The catalogues: complete, the same in both languages, and nothing in them that no page says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import camsvc.web
from camsvc.db.audit_proof import Fault
from camsvc.domain.account import Action, Role
from camsvc.domain.annotation import Disposition, What
from camsvc.domain.audit import Kind, Outcome
from camsvc.domain.camera import CameraState, Severity
from camsvc.domain.coverage import Coverage
from camsvc.domain.incident import GapReason, IncidentState
from camsvc.domain.search import Wind
from camsvc.domain.track import ObjectClass
from camsvc.web.alarms import Part
from camsvc.web.asked import COLOURS
from camsvc.web.components import (
    ask,
    brush,
    camera_map,
    cameras,
    filters,
    map,
    map_ground,
    player,
    results,
    timeline,
    verify,
    wall,
)
from camsvc.web.language import LANGUAGES, LanguageCode, language, read_catalogue
from camsvc.web.view import PLURALS

WEB = Path(camsvc.web.__file__).parent
FAMILIES = {
    "role": [each.value for each in Role],
    "severity": [each.value for each in Severity],
    "searched.direction": [each.value for each in Wind],
    "searched.disposition": [each.value for each in Disposition],
    "colour": COLOURS,
    "ask.class": [each.value for each in ObjectClass],
    "ask.severity": [each.value for each in Severity],
    "ask.state": [each.value for each in IncidentState],
    "ask.direction": [each.value for each in Wind],
    "ask.disposition": [each.value for each in Disposition],
    "ask.colour": COLOURS,
    "state": [each.value for each in IncidentState],
    "gap": [each.value for each in GapReason],
    "coverage": [each.value for each in Coverage],
    "class": [each.value for each in ObjectClass],
    "camera_state": [each.value for each in CameraState],
    "action": [each.value for each in Action],
    "audit.kind": [each.value for each in Kind],
    "audit.outcome": [each.value for each in Outcome],
    "audit.fault": [each.value for each in Fault],
    "said.was": [
        *(each.value for each in What if each is not What.JUDGED),
        *(f"judged_{each.value}" for each in Disposition),
    ],
    "deed": ["clip_played", "incidents_searched", "session_begun", "access_refused"],
    "field": [*PLURALS, "from", "to", "near", "radius_m", "bbox"],
}
"""Keys that the program makes of values: each must be there."""
PLACEHOLDER = re.compile(r"\{\w+\}")


def literals() -> tuple[set[str], set[str]]:
    """Texts in the Python sources: whole ones, and the beginnings of those with values in them."""
    whole, beginnings = set(), set()
    for file in WEB.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
        pieces = {piece for node in nodes if isinstance(node, ast.JoinedStr) for piece in node.values}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in pieces:
                whole.add(node.value)
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                beginnings.add(str(node.values[0].value))
    return whole, beginnings


def test_both_languages_have_the_same_texts_with_the_same_values_to_fill_in() -> None:
    english, vietnamese = read_catalogue("en"), read_catalogue("vi")
    assert english.keys() == vietnamese.keys()
    for key, text in english.items():
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(vietnamese[key])), key


def test_no_text_is_empty_or_left_in_the_other_language() -> None:
    english, vietnamese = read_catalogue("en"), read_catalogue("vi")
    alike = {key for key in english if english[key] == vietnamese[key]}
    same_on_purpose = {"camera.id", "camlist.count.one", "areaadmin.count.one"}
    same_on_purpose |= {key for key in alike if english[key] in {"Camera", "Cameras"}}
    for key in alike - same_on_purpose:
        letters = re.sub(r"\{\w+\}", "", english[key])
        assert not re.search(r"[A-Za-z]{3,}", letters), f"{key} is not translated: {english[key]!r}"
    assert all(text.strip() for text in [*english.values(), *vietnamese.values()])


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_value_that_can_be_shown_has_a_word(code: LanguageCode) -> None:
    texts = read_catalogue(code)
    for family, values in FAMILIES.items():
        for value in values:
            assert f"{family}.{value}" in texts, f"{code}: {family}.{value} is missing"
    for each in ObjectClass:
        assert {f"objects.{each.value}.one", f"objects.{each.value}.other"} <= texts.keys()
    for part in Part:
        assert f"alarm.{part.value}" in texts or f"alarm.{part.value}.one" in texts


def test_every_text_that_the_program_asks_for_is_there() -> None:
    texts = read_catalogue("en")
    families = {key.partition(".")[0] for key in texts}
    asked = re.compile(r"[a-z_]+(?:\.[a-z0-9_]+)+")
    whole, _ = literals()
    ours = {each for each in whole if asked.fullmatch(each) and each.partition(".")[0] in families}
    beginnings = {key.rpartition(".")[0] for key in texts}
    missing = {each for each in ours if each not in texts and each not in beginnings}
    assert not {each for each in missing if not each.endswith((".js", ".css"))} - {"map.boundaries"}


def test_no_text_is_unused() -> None:
    whole, beginnings = literals()
    for key in read_catalogue("en"):
        stem = key.removesuffix(".one").removesuffix(".other")
        family = key.rpartition(".")[0]
        used = (
            key in whole
            or stem in whole
            or any("." in each and stem.startswith(each) for each in beginnings)
            or family in {"kind", "gap", "colour", "rulefield", "rulehint", "case_event"} & whole
            or family in FAMILIES
        )
        assert used, f"{key} is in the catalogues, and no page says it"


LIVE = ("live/tile", "live/times")
COMPONENTS = {
    "ask": (ask.TEXTS, ("ask",)),
    "brush": (brush.TEXTS, ("brush",)),
    "timeline": (timeline.TEXTS, ("timeline",)),
    "cameras": (cameras.TEXTS, ("cameras",)),
    "filters": (filters.TEXTS, ("filters",)),
    "live_tile": (wall.TILE_TEXTS, ("live_tile", *LIVE)),
    "camera_map": ((*camera_map.TEXTS, *map_ground.GROUND_TEXTS), ("camera_map", "map/ground", "map/pins")),
    "map": ((*map.TEXTS, *map_ground.GROUND_TEXTS), ("map", "map/draw", "map/ground", "map/pins", "map/shapes")),
    "player": (player.TEXTS, ("player", "playing/marking")),
    "results": (results.TEXTS, ("results",)),
    "verify": (verify.TEXTS, ("verify",)),
    "wall": (wall.TEXTS, ("wall", "live/list", "live/news", "live/walls", *LIVE)),
}


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_is_given_the_texts_that_it_shows_and_no_others(name: str) -> None:
    texts, scripts = COMPONENTS[name]
    source = "".join((WEB / "components" / f"{script}.js").read_text(encoding="utf-8") for script in scripts)
    given = set(texts)
    asked = [
        text
        for inside in re.findall(r"texts\[([^\]]+)\]", source)
        for text in re.findall(r"['\"]([^'\"]+)['\"]", inside)
    ]
    whole = {each for each in asked if not each.endswith(".")}
    made = {each for each in given if any(each.startswith(stem) for stem in asked if stem.endswith("."))}
    assert whole - given == set(), "shown but not given"
    assert given - whole - made == set(), "given but not shown"


def test_numbers_and_counts_are_written_as_the_language_writes_them() -> None:
    assert language("en").number(12345.6, 1) == "12,345.6"
    assert language("vi").number(12345.6, 1) == "12.345,6"
    assert language("en").count("results.count", 1) == "1 incident"
    assert language("en").count("results.count", 1200) == "1,200 incidents"
    assert language("vi").count("results.count", 1) == "1 sự việc"


def test_a_value_that_the_catalogue_does_not_know_is_shown_readably() -> None:
    assert language("vi").known("kind", "stopped_vehicle") == "stopped vehicle"
