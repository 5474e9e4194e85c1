"""A camera as somebody is changing it, without a page."""

from __future__ import annotations

from camsvc.web.language import language
from camsvc.web.pages.admin import camera_words
from camsvc.web.pages.admin.camera_words import rows
from camsvc.web.pages.admin.draft import Draft
from tests.web import town

ZONE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]


def draft(**changes: object) -> Draft:
    return Draft(town.camera("x-1", "X", "a/b", (21.0, 105.0, 10.0), **changes))


def test_a_new_camera_says_what_is_missing_and_then_what_would_be_stored() -> None:
    new = Draft(None)
    assert set(new.faults) == {"id", "name", "area", "main"}
    assert not new.is_touched
    streams = {"main": "rtsp://192.0.2.1/x", "sub": None, "transport": "tcp"}
    new.take({"id": "x-1", "name": "X", "area": "a/b", "streams": streams, "nonsense": 1})
    assert new.faults == {}
    assert {"id", "name", "area", "streams.main"} <= {each.member for each in new.changes}


def test_credentials_are_kept_unless_both_are_written_anew() -> None:
    one = draft()
    assert one.config == one.stored
    assert town.SECRET not in str(one.document["streams"]["main"]).partition("@")[0]
    one.take({"user": "op"})
    assert set(one.faults) == {"password"}
    one.take({"password": "n&w"})
    assert one.config is not None
    assert one.config.streams.main.startswith("rtsp://op:n%26w@192.0.2.7:554/")
    assert [each.member for each in one.changes] == ["streams.credentials"]
    assert "n&w" not in repr(one.changes)


def test_a_rule_follows_its_zone_when_it_is_renamed_and_says_when_it_is_gone() -> None:
    one = draft(zones={"road": ZONE}, rules=[{"kind": "presence", "zone": "road"}])
    assert one.redraw({"street": ZONE}, {})
    assert one.config is not None
    assert one.config.rules[0].zone == "street"
    assert not one.redraw({}, {})
    assert set(one.faults) == {"rules"}


def test_my_changes_go_upon_what_another_stored_and_what_both_changed_is_named() -> None:
    one = draft(zones={"road": ZONE})
    one.take({"name": "Mine", "location": None})
    one.redraw({}, {"stop": ZONE[:2]})
    theirs = town.camera("x-1", "Theirs", "a/b", (21.0, 105.0, 10.0), zones={"road": ZONE}, detect={"fps": 9})
    assert one.rebase(theirs) == {"name"}
    assert one.stored == theirs
    assert one.config is not None
    assert (one.config.name, one.config.detect.fps, one.config.location) == ("Mine", 9, None)
    assert (one.config.zones, list(one.config.lines)) == ({}, ["stop"])


def test_changes_are_told_in_words() -> None:
    one = draft()
    one.take({"enabled": False, "rules": [{"kind": "presence", "severity": "alarm", "after_s": 5}]})
    one.redraw({"road": ZONE}, {})
    told = {name: (before, after) for name, before, after in rows(language("en"), one.changes)}
    assert told["Switched on"] == ("yes", "no")
    assert told["Zone road"] == ("–", "3 points")
    assert told["Rules"] == ("Presence (Information)", "Presence (Alarm, Counts after (s): 5)")
    assert camera_words.fault(language("vi"), "rules.0", "?") != "?"
