"""Exports of a case: what goes in, who of its people knows of them, and what the end of a share ends."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from camsvc.db.queries import audit
from camsvc.db.queries.audit import Wanted
from tests.api.conftest import Site, eventually
from tests.api.test_cases import (
    CASES,
    CLIP,
    HERE,
    REQUESTS,
    THERE,
    Officer,
    answered,
    jpeg,
    officer,
    place,
    recorded,
    span,
)

EXPORTS = "/api/v1/exports"
CHEAP = {"provenance": False, "languages": ["vi"]}
MADE_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def clients() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def made(who: Officer, **wish: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
    asked = answered(who.client.post(EXPORTS, json={"reason": "for the court", "contents": CHEAP, **wish}), 201)
    found: dict[str, Any] = {}

    def is_over() -> bool:
        found.update(answered(who.client.get(f"{EXPORTS}/{asked['id']}")))
        return found["state"] not in {"queued", "running"}

    eventually(is_over, MADE_WITHIN_S)
    assert found["state"] == "done", found
    return found


def test_a_case_is_exported_with_what_was_given_to_it_and_the_end_of_that_ends_downloads(
    site: Site, clients: ExitStack
) -> None:
    place(site, HERE), place(site, THERE)
    lan, minh, quan, hoa = (officer(site, clients, area) for area in (HERE, HERE, HERE, THERE))
    case = lan.case(title="Cướp giật")
    people = f"{CASES}/{case['id']}/people"
    answered(lan.client.put(f"{people}/{minh.name}", json={"role": "member"}))
    answered(lan.client.put(f"{people}/{quan.name}", json={"role": "reader"}))
    here, there, closed = recorded(site, HERE), recorded(site, THERE), recorded(site, THERE)
    lan.add(case, {"incident": str(here.id)})
    for wanted in (there, closed):
        asked = answered(
            lan.client.post(REQUESTS, json={"case": case["id"], "reason": "x", "incident": str(wanted.id)}), 201
        )
        if wanted is there:
            decision = {"approve": True, "reason": "granted"}
            given = answered(hoa.client.post(f"{REQUESTS}/{asked['id']}/decision", json=decision))
    lan.add(case, {"incident": str(there.id)})
    assert quan.client.post(EXPORTS, json={"reason": "x", "case": case["id"]}).status_code == 422
    assert hoa.client.post(EXPORTS, json={"reason": "x", "case": case["id"]}).status_code == 404
    alone = lan.client.post(EXPORTS, json={"reason": "x", "incidents": [str(closed.id)]})
    assert alone.status_code == 404

    export = made(lan, case=case["id"])
    assert set(export["subjects"]["incidents"]) == {str(here.id), str(there.id)}
    assert (export["case_id"], export["case_number"]) == (case["id"], case["number"])
    path = f"{EXPORTS}/{export['id']}"
    answer = minh.client.get(f"{path}/package")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        clips = [package.read(each) for each in package.namelist() if each.endswith("clip-0000.mp4")]
        assert clips == [CLIP, CLIP]
        manifest = package.read("manifest.json").decode()
        assert all(each in manifest for each in (case["number"], "Cướp giật", f"{minh.name} (member)"))
    listed = answered(minh.client.get(EXPORTS, params={"case": case["id"]}))["items"]
    assert [each["id"] for each in listed] == [export["id"]]
    assert minh.client.delete(path).status_code == 403
    assert refusals(site, minh) == 1
    for outsider in (quan, hoa):
        assert outsider.client.get(path).status_code == 404
        assert answered(outsider.client.get(EXPORTS, params={"case": case["id"]}))["items"] == []

    answered(hoa.client.post(f"{REQUESTS}/{given['id']}/end", json={"reason": "given in full"}))
    for who in (lan, minh):
        assert who.client.get(f"{path}/package").status_code == 403
        assert who.client.get(path).status_code == 200
    history = lan.history(case)
    assert [each for each in history if each.startswith(("export.", "package."))] == [
        "export.asked",
        "package.made",
        "package.downloaded",
    ]


def test_a_package_of_pictures_alone_is_given_out_as_long_as_they_are_given(site: Site, clients: ExitStack) -> None:
    place(site, HERE)
    lan, hoa = (officer(site, clients, area) for area in (HERE, THERE))
    case, camera = lan.case(), place(site, THERE)
    answered(lan.client.put(f"{CASES}/{case['id']}/people/{hoa.name}", json={"role": "member"}))
    taken = recorded(site, THERE, camera)
    wish = {"camera": camera, "at": taken.started_at.isoformat(), "incident": str(taken.id)}
    path = f"{CASES}/{case['id']}/snapshots"
    picture = answered(hoa.client.post(path, params=wish, content=jpeg(), headers={"Content-Type": "image/jpeg"}), 201)
    request = granted(lan, hoa, case, span(camera))
    is_given_out_until_the_end(lan, hoa, case, [picture["id"]], request)


def test_a_package_that_says_that_nothing_was_kept_is_given_out_as_long_as_that_time_is_given(
    site: Site, clients: ExitStack
) -> None:
    place(site, HERE)
    lan, hoa = (officer(site, clients, area) for area in (HERE, THERE))
    case, camera = lan.case(), place(site, THERE)
    request = granted(lan, hoa, case, span(camera))
    (item,) = lan.items(case)
    is_given_out_until_the_end(lan, hoa, case, [item["id"]], request)


def test_the_end_of_what_gave_a_picture_ends_downloads_though_its_clip_is_still_given(
    site: Site, clients: ExitStack
) -> None:
    place(site, HERE)
    lan, hoa = (officer(site, clients, area) for area in (HERE, THERE))
    case, camera = lan.case(), place(site, THERE)
    answered(lan.client.put(f"{CASES}/{case['id']}/people/{hoa.name}", json={"role": "member"}))
    taken = recorded(site, THERE, camera)
    at = taken.started_at.isoformat()
    path, headers = f"{CASES}/{case['id']}/snapshots", {"Content-Type": "image/jpeg"}
    other = {"camera": camera, "at": at, "incident": str(recorded(site, THERE, camera).id)}
    picture = answered(hoa.client.post(path, params=other, content=jpeg(), headers=headers), 201)
    _, request = (granted(lan, hoa, case, {"incident": each}) for each in (str(taken.id), other["incident"]))
    (clip,) = [each["id"] for each in lan.items(case) if each["incident"] == str(taken.id)]
    is_given_out_until_the_end(lan, hoa, case, [clip, picture["id"]], request)
    assert lan.client.get(f"/api/v1/incidents/{taken.id}/clip").status_code == 200


def granted(lan: Officer, hoa: Officer, case: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Footage that the one asked for and the other gave."""
    asked = answered(lan.client.post(REQUESTS, json={"case": case["id"], "reason": "x", **wanted}), 201)
    answered(hoa.client.post(f"{REQUESTS}/{asked['id']}/decision", json={"approve": True, "reason": "granted"}))
    return asked


def is_given_out_until_the_end(
    lan: Officer, hoa: Officer, case: dict[str, Any], items: list[Any], request: dict[str, Any]
) -> None:
    """A package of these items of the case: as long as what ``request`` gave."""
    export = made(lan, case=case["id"], items=items)
    package = f"{EXPORTS}/{export['id']}/package"
    assert lan.client.get(package).status_code == 200
    answered(hoa.client.post(f"{REQUESTS}/{request['id']}/end", json={"reason": "given in full"}))
    assert lan.client.get(package).status_code == 403


def refusals(site: Site, who: Officer) -> int:
    with site.database.session() as session:
        found = audit.entries(session, Wanted(user=who.name), limit=100)
    return sum(each.deed.what == "access.refused" for each in found)
