"""Redactions over REST: who may, what fits a clip, who was first, how a picture will look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from camsvc.db.queries import audit
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Role
from camsvc.domain.incident import Clip, Incident
from camsvc.domain.redaction import BOXES_MAX, KEYS_MAX
from camsvc.storage import keys
from tests.api.conftest import Site, part
from tests.db import examples
from tests.video import Film, draw, make_film

WIDTH, HEIGHT = 640, 384
SEEN: dict[str, Any] = {"session": "s-1", "track": 1}
SUB: dict[str, Any] = {"session": "s-1", "track": 1, "analysis_session": "sub-1"}
REGION: dict[str, Any] = {
    "part": 0,
    "boxes": [
        {"at_s": 0.5, "left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4},
        {"at_s": 1.5, "left": 0.3, "top": 0.2, "width": 0.3, "height": 0.4},
    ],
}
WISH: dict[str, Any] = {"revision": 0, "blur": "people", "kept": [SEEN], "added": [SUB], "regions": [REGION]}


@pytest.fixture(scope="module")
def lan(site: Site) -> Iterator[httpx.Client]:
    with site.client(site.account(Role.INVESTIGATOR)) as client:
        yield client


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return make_film(path, Film(frames=50, width=WIDTH, height=HEIGHT)).read_bytes()


@pytest.fixture
def incident(site: Site, film: bytes) -> Incident:
    """Of two seconds; the moving square is a person, track 1; the top left corner a car, which the sub stream saw."""
    made = examples.incident(site.camera())
    key = keys.clip_part(made.id, 0)
    site.store.put_bytes(key, film, "video/mp4")
    changes = {"width": WIDTH, "height": HEIGHT, "duration_s": 2.0, "start_pts_90k": 0, "session": "s-1"}
    clip = Clip((part(key, 0, film, **changes),))
    side = HEIGHT // 6
    path = [
        [number * 3600, number * 7 % (WIDTH - side) / WIDTH, 0.5, side / WIDTH, side / HEIGHT, 0.9]
        for number in range(0, 50, 5)
    ]
    corner = [[number * 3600, 0.0, 0.0, 0.1, 0.2, 0.9] for number in range(0, 50, 5)]
    tracks = {
        "version": 1,
        "width": WIDTH,
        "height": HEIGHT,
        "parts": [{"index": 0, "session": "s-1", "start_pts_90k": 0}],
        "tracks": [
            {"track": 1, "session": "s-1", "class": "person", "points": path},
            {"track": 1, "session": "s-1", "analysis_session": "sub-1", "class": "car", "points": corner},
        ],
    }
    site.store.put_bytes(keys.tracks(made.id), json.dumps(tracks).encode(), "application/json")
    return site.publish(replace(made, clip=clip, tracks=keys.tracks(made.id)))


def _url(incident: Incident, tail: str = "") -> str:
    return f"/api/v1/incidents/{incident.id}/redaction{tail}"


def _recorded(site: Site, incident: Incident) -> list[tuple[str, dict[str, Any]]]:
    with site.database.session() as session:
        return [
            (each.deed.what, dict(each.deed.details))
            for each in audit.entries(session, Wanted(incident=incident.id), limit=100)
            if each.deed.what.startswith("redaction.")
        ]


def test_what_is_decided_is_told_kept_and_recorded(site: Site, lan: httpx.Client, incident: Incident) -> None:
    first = lan.get(_url(incident)).json()
    assert (first["revision"], first["blur"], first["changed_by"]) == (0, "everything", None)
    answer = lan.put(_url(incident), json=WISH | {"comment": " Nhân chứng "})
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert {name: made[name] for name in ("blur", "kept", "added", "regions", "sound")} == {
        "blur": "people",
        "kept": [SEEN],
        "added": [SUB],
        "regions": [REGION],
        "sound": False,
    }
    assert (made["revision"], made["comment"]) == (1, "Nhân chứng")
    assert lan.get(_url(incident)).json() == made
    again = lan.put(_url(incident), json=WISH | {"revision": 1})
    assert again.json() == made, "nothing differs: no new revision"
    assert lan.put(_url(incident), json={"revision": 1, "blur": "faces"}).json()["revision"] == 2
    told = lan.get(_url(incident, "/history")).json()["items"]
    assert [(each["revision"], each["regions"], each["kept"]) for each in told] == [(2, 0, 0), (1, 1, 1)]
    assert lan.get(_url(incident, "?revision=1")).json() == made
    assert lan.get(_url(incident, "?revision=3")).status_code == 404
    changes = {"kept": 1, "added": 1, "regions": 1, "sound": False, "blur": "people", "comment": "Nhân chứng"}
    assert sorted(_recorded(site, incident), key=lambda each: each[1]["revision"])[0] == (
        "redaction.changed",
        {"revision": 1} | changes,
    )
    assert len(_recorded(site, incident)) == 2


def test_the_cases_that_it_is_on_tell_it_in_their_history(site: Site, lan: httpx.Client, incident: Incident) -> None:
    number = f"12/{incident.camera}"
    case = lan.post("/api/v1/cases", json={"number": number, "title": "Theft"}).json()["id"]
    answer = lan.post(f"/api/v1/cases/{case}/items", json={"items": [{"incident": str(incident.id)}]})
    assert answer.status_code == 201, answer.text
    assert lan.put(_url(incident), json=WISH).status_code == 200
    newest = lan.get(f"/api/v1/cases/{case}/history").json()["items"][0]
    assert (newest["what"], newest["facts"]) == ("redaction.changed", {"revision": 1})
    with site.database.session() as session:
        (record, *_) = audit.entries(session, Wanted(incident=incident.id, what="redaction.changed"), limit=1)
    assert record.deed.case_number == number


def test_who_was_second_is_told_by_whom_it_was_changed(site: Site, lan: httpx.Client, incident: Incident) -> None:
    with site.client(site.account(Role.INVESTIGATOR)) as minh:
        assert minh.put(_url(incident), json=WISH).status_code == 200
    answer = lan.put(_url(incident), json={"revision": 0, "blur": "faces"})
    assert answer.status_code == 409
    assert "changed it" in answer.json()["detail"]
    assert lan.get(_url(incident)).json()["blur"] == "people"


def _region(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  members of a box
    return {"part": 0, "boxes": [REGION["boxes"][0] | changes]}


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [
        ({"regions": [REGION | {"part": 4}]}, "regions.0.part"),
        ({"regions": [REGION, _region(left=0.8)]}, "regions.1.boxes.0.width"),
        ({"regions": [_region(height=0.0001)]}, "regions.0.boxes.0.height"),
        ({"regions": [_region(top=-0.1)]}, "regions.0.boxes.0.top"),
        ({"regions": [_region(at_s=3)]}, "regions.0.boxes.0.at_s"),
        ({"regions": [{"part": 0, "boxes": REGION["boxes"][::-1]}]}, "regions.0.boxes.1.at_s"),
        ({"regions": [{"part": 0, "boxes": []}]}, "regions.0.boxes"),
        ({"regions": [{"part": 0, "boxes": [REGION["boxes"][0]] * (KEYS_MAX + 1)}]}, "regions.0.boxes"),
        ({"kept": [{"session": "s-1", "track": 9}]}, "kept"),
        ({"added": [{"session": "s-2", "track": 1}]}, "added"),
        ({"kept": [SEEN], "added": [SEEN]}, "kept"),
        ({"comment": "x" * 1001}, "comment"),
        ({"blur": "nothing"}, "blur"),
    ],
)
def test_what_does_not_fit_the_clip_is_refused_and_named(
    lan: httpx.Client, incident: Incident, wrong: dict[str, Any], parameter: str
) -> None:
    answer = lan.put(_url(incident), json={"revision": 0, "blur": "people", **wrong})
    assert answer.status_code == 422, answer.text
    assert answer.json()["parameter"] == parameter
    assert lan.get(_url(incident)).json()["revision"] == 0


def test_more_boxes_than_can_be_drawn_are_refused(lan: httpx.Client, incident: Incident) -> None:
    keyed = [REGION["boxes"][0] | {"at_s": number / KEYS_MAX} for number in range(KEYS_MAX)]
    regions = [{"part": 0, "boxes": keyed}] * (BOXES_MAX // KEYS_MAX)
    assert lan.put(_url(incident), json=WISH | {"regions": regions}).status_code == 200
    answer = lan.put(_url(incident), json=WISH | {"revision": 1, "regions": [*regions, REGION]})
    assert answer.json()["detail"] == f"regions: {BOXES_MAX + 2} boxes in all, and at most {BOXES_MAX} can be"


def _picture(answer: httpx.Response) -> NDArray[np.uint8]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(np.uint8)


def _differs(one: NDArray[np.uint8], other: NDArray[np.uint8], box: tuple[float, float, float, float]) -> float:
    """Mean difference within ``box``, of 255."""
    left, top, right, bottom = (round(side * size) for side, size in zip(box, (WIDTH, HEIGHT) * 2, strict=True))
    within = (slice(top, bottom), slice(left, right))
    return float(np.abs(one[within].astype(int) - other[within].astype(int)).mean())


@pytest.mark.parametrize("number", [0, 43])
def test_a_preview_shows_that_picture_with_what_is_hidden_hidden(
    site: Site, lan: httpx.Client, incident: Incident, number: int
) -> None:
    original = draw(number, WIDTH, HEIGHT)
    left, side = number * 7 % (WIDTH - HEIGHT // 6) / WIDTH, HEIGHT // 6
    square = (left, 0.5, left + side / WIDTH, 0.5 + side / HEIGHT)
    asked = {"part": 0, "at_s": number / 25}
    seen = _picture(lan.post(_url(incident, "/preview"), json=asked | {"blur": "vehicles", "kept": [SUB]}))
    assert seen.shape == (HEIGHT, WIDTH, 3)
    assert _differs(original, seen, square) < 15
    hidden = _picture(lan.post(_url(incident, "/preview"), json=asked | {"blur": "people"}))
    assert _differs(original, hidden, square) > 30
    assert lan.put(_url(incident), json={"revision": 0, "blur": "people"}).status_code == 200
    stored = _picture(lan.get(_url(incident, "/preview"), params=asked))
    assert _differs(hidden, stored, (0, 0, 1, 1)) == 0
    assert [what for what, _ in _recorded(site, incident)].count("redaction.previewed") == 1


def test_a_preview_of_no_moment_of_the_clip_is_refused(lan: httpx.Client, incident: Incident) -> None:
    answer = lan.get(_url(incident, "/preview"), params={"at_s": 9})
    assert (answer.status_code, answer.json()["parameter"]) == (422, "at_s")
    assert lan.get(_url(incident, "/preview"), params={"part": 3}).status_code == 404


def test_nothing_is_decided_about_footage_that_expired(site: Site, lan: httpx.Client, incident: Incident) -> None:
    gone = replace(incident, id=examples.incident().id, clip=None, tracks=None, footage_expired_at=examples.NOON)
    site.publish(gone)
    with site.database.session() as session:
        session.execute(text("UPDATE incidents SET footage_expired_at = now() WHERE id = :id"), {"id": gone.id})
    answer = lan.put(_url(gone), json={"revision": 0, "blur": "people"})
    assert answer.status_code == 409
    assert "expired" in answer.json()["detail"]
