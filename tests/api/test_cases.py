"""Cases over REST: who is on them, what is in them, what they hold, footage asked for from other agencies."""

from __future__ import annotations

import hashlib
import io
import itertools
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from camsvc.api.services import cases, rights
from camsvc.db.queries import accounts, agencies, audit, case_items, case_people, shares
from camsvc.db.queries import cases as case_rows
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Action, Grant, Role
from camsvc.domain.export_job import Subjects
from camsvc.domain.incident import Incident, new_incident_id
from camsvc.errors import NotFoundError
from camsvc.storage import keys
from tests.api.conftest import PASSWORD, Site, eventually
from tests.api.matrix import TABLE
from tests.db import examples

CLIP = b"footage" * 100
CASES, REQUESTS = "/api/v1/cases", "/api/v1/footage-requests"
HERE, THERE = "bac-ninh/yen-phong", "bac-ninh/tu-son"
_numbers = itertools.count(1)


class Officer:
    """An investigator of one area, with a client."""

    def __init__(self, site: Site, client: httpx.Client, name: str) -> None:
        self.site, self.client, self.name = site, client, name

    @property
    def id(self) -> int:
        with self.site.database.session() as session:
            return accounts.find(session, self.name).id

    def case(self, **wish: str) -> dict[str, Any]:
        given = {"number": f"{next(_numbers)}/2026", "title": "Theft at the market", **wish}
        return answered(self.client.post(CASES, json=given), 201)

    def add(self, case: dict[str, Any], *items: dict[str, Any], status: int = 201) -> list[dict[str, Any]]:
        told = answered(self.client.post(f"{CASES}/{case['id']}/items", json={"items": list(items)}), status)
        return told["items"] if status == 201 else [told]

    def items(self, case: dict[str, Any], **query: str) -> list[dict[str, Any]]:
        return answered(self.client.get(f"{CASES}/{case['id']}/items", params=query))["items"]  # type: ignore[no-any-return]

    def history(self, case: dict[str, Any]) -> list[str]:
        found = answered(self.client.get(f"{CASES}/{case['id']}/history"))["items"]
        return [each["what"] for each in reversed(found)]


def answered(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def officer(site: Site, stack: ExitStack, area: str | None, role: Role = Role.INVESTIGATOR) -> Officer:
    name = f"officer-{next(_numbers)}"
    with site.database.session() as session:
        accounts.create(session, name, PASSWORD, [Grant(role, area)])
    return Officer(site, stack.enter_context(site.client(name)), name)


@pytest.fixture(scope="module")
def clients() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def lan(site: Site, clients: ExitStack) -> Officer:
    place(site, HERE)
    return officer(site, clients, HERE)


@pytest.fixture(scope="module")
def hoa(site: Site, clients: ExitStack) -> Officer:
    """Of the other area."""
    place(site, THERE)
    return officer(site, clients, THERE)


@pytest.fixture(scope="module")
def minh(site: Site, clients: ExitStack, lan: Officer) -> Officer:
    return officer(site, clients, HERE)


def place(site: Site, area: str) -> str:
    camera = site.camera()
    examples.put(site.database, site.cipher, examples.camera(camera, area=area))
    return camera


def recorded(site: Site, area: str, camera: str | None = None, **changes: Any) -> Incident:  # noqa: ANN401  fields of Incident
    return site.recorded(CLIP, camera_=camera or place(site, area), area=area, **changes)


def jpeg(width: int = 64, quality: int = 90) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((width, width), 90).convert("RGB").save(file, "JPEG", quality=quality)
    return file.getvalue()


def span(camera: str, hours: float = 1) -> dict[str, Any]:
    from_at = examples.NOON
    return {"camera": camera, "from": from_at.isoformat(), "to": (from_at + timedelta(hours=hours)).isoformat()}


class TestRegister:
    def test_who_makes_a_case_leads_it_and_finds_it(self, lan: Officer, minh: Officer) -> None:
        made = lan.case(number="  17/2026-PC02 ", title="Xe máy bị trộm ở chợ", description="Hai người.")
        assert (made["number"], made["role"], made["state"], made["revision"]) == ("17/2026-PC02", "lead", "open", 1)
        assert made["people"] == [{"user": lan.name, "role": "lead"}]
        found = answered(lan.client.get(CASES, params={"text": "XE MÁY"}))["items"]
        assert [each["id"] for each in found] == [made["id"]]
        assert answered(minh.client.get(CASES, params={"text": "XE MÁY"}))["items"] == []
        again = minh.client.post(CASES, json={"number": "17/2026-PC02", "title": "x"})
        assert (again.status_code, again.json()["parameter"]) == (409, "number")

    def test_who_may_export_nowhere_makes_none(self, site: Site, clients: ExitStack, lan: Officer) -> None:
        police = officer(site, clients, HERE, Role.POLICE)
        assert police.client.post(CASES, json={"number": "x", "title": "x"}).status_code == 403

    def test_a_change_names_the_revision_it_was_made_of(self, lan: Officer) -> None:
        case = lan.case()
        path = f"{CASES}/{case['id']}"
        changed = answered(lan.client.patch(path, json={"revision": 1, "title": "Robbery"}))
        assert (changed["title"], changed["number"], changed["revision"]) == ("Robbery", case["number"], 2)
        stale = lan.client.patch(path, json={"revision": 1, "title": "Murder"})
        assert (stale.status_code, stale.json()["parameter"]) == (409, "revision")

    def test_a_closed_case_is_read_and_not_changed_until_it_is_opened_again(self, site: Site, lan: Officer) -> None:
        case, incident = lan.case(), recorded(site, HERE)
        path = f"{CASES}/{case['id']}"
        assert lan.client.post(f"{path}/close", json={"reason": " "}).status_code == 422
        assert answered(lan.client.post(f"{path}/close", json={"reason": "sentenced"}))["closed_at"]
        lan.add(case, {"incident": str(incident.id)}, status=409)
        assert lan.client.post(f"{path}/notes", json={"text": "x"}).status_code == 409
        assert lan.items(case) == []
        closed = answered(lan.client.get(CASES, params={"state": "closed", "text": case["number"]}))["items"]
        assert [each["id"] for each in closed] == [case["id"]]
        assert answered(lan.client.post(f"{path}/reopen", json={"reason": "appeal"}))["state"] == "open"
        lan.add(case, {"incident": str(incident.id)})
        assert lan.history(case) == ["case.opened", "case.closed", "case.reopened", "item.added"]

    def test_lists_come_page_by_page_the_last_changed_first(self, site: Site, clients: ExitStack, lan: Officer) -> None:
        clerk = officer(site, clients, HERE)
        made = [clerk.case()["id"] for _ in range(5)]
        answered(clerk.client.post(f"{CASES}/{made[1]}/notes", json={"text": "x"}), 201)
        found, cursor = [], None
        while True:
            page = answered(clerk.client.get(CASES, params={"limit": 2, **({"cursor": cursor} if cursor else {})}))
            found += [each["id"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert found == [made[1], *reversed([each for each in made if each != made[1]])]
        for none in ("nonsense", f"{'9' * 18}-1"):
            assert clerk.client.get(CASES, params={"cursor": none}).status_code == 422
        assert clerk.client.get(CASES, params={"cursor": f"{'9' * 17}-1"}).status_code == 200

    def test_history_comes_page_by_page_and_no_row_of_it_can_be_changed(self, site: Site, lan: Officer) -> None:
        case = lan.case()
        for number in range(3):
            answered(lan.client.post(f"{CASES}/{case['id']}/notes", json={"text": str(number)}), 201)
        path = f"{CASES}/{case['id']}/history"
        first = answered(lan.client.get(path, params={"limit": 3}))
        rest = answered(lan.client.get(path, params={"before": first["next_before"]}))
        assert [each["what"] for each in (*first["items"], *rest["items"])] == ["note.written"] * 3 + ["case.opened"]
        for deed in ("UPDATE case_events SET what = 'x'", "DELETE FROM case_events", "DELETE FROM cases"):
            with pytest.raises(Exception, match="is refused"), site.database.session() as session:
                session.execute(text(deed))


class TestPeople:
    def test_for_who_is_not_on_it_no_route_of_a_case_exists(self, site: Site, lan: Officer, hoa: Officer) -> None:
        case, incident = lan.case(), recorded(site, HERE)
        (item,) = lan.add(case, {"incident": str(incident.id)})
        note = answered(lan.client.post(f"{CASES}/{case['id']}/notes", json={"text": "x"}), 201)
        names = {"case": case["id"], "item": item["id"], "note": note["id"], "user_name": hoa.name, "agency": 1}
        asked = 0
        for operation, needs in TABLE.items():
            method, path = operation.split(" ", 1)
            if not path.startswith(f"{CASES}/"):
                continue
            asked += 1
            query = f"?{needs.query.format(camera=incident.camera)}" if needs.query else ""
            body: dict[str, Any] = {"json": needs.body} if needs.body else {"content": needs.content or None}
            body = (
                {"json": {"items": [{"incident": str(incident.id)}]}}
                if path.endswith("/items") and needs.body
                else body
            )
            answers = [
                hoa.client.request(
                    method, path.format(**{**names, "case": each}) + query, headers=dict(needs.headers), **body
                )
                for each in (case["id"], 2**40)
            ]
            assert [each.status_code for each in answers] == [404, 404], operation
            assert len({re.sub(r"\d+", "N", each.json()["detail"]) for each in answers}) == 1, operation
        assert asked > 20
        with site.database.session() as session:
            (last, *_) = audit.entries(session, Wanted(user=hoa.name), limit=1)
        assert (last.deed.what, str(last.deed.kind)) == ("access.refused", "case")

    def test_a_reader_reads_a_member_works_and_who_leads_decides(
        self, lan: Officer, minh: Officer, hoa: Officer
    ) -> None:
        case = lan.case()
        path = f"{CASES}/{case['id']}"
        answered(lan.client.put(f"{path}/people/{minh.name}", json={"role": "reader"}))
        assert answered(minh.client.get(path))["role"] == "reader"
        assert minh.client.post(f"{path}/notes", json={"text": "x"}).status_code == 403
        answered(lan.client.put(f"{path}/people/{minh.name}", json={"role": "member"}))
        assert minh.client.post(f"{path}/notes", json={"text": "x"}).status_code == 201
        assert minh.client.put(f"{path}/people/{hoa.name}", json={"role": "reader"}).status_code == 403
        assert minh.client.post(f"{path}/close", json={"reason": "x"}).status_code == 403
        assert lan.client.delete(f"{path}/people/{lan.name}").status_code == 409, "nobody would lead it"
        assert lan.client.put(f"{path}/people/{lan.name}", json={"role": "member"}).status_code == 409
        assert lan.client.delete(f"{path}/people/{minh.name}").status_code == 204
        assert minh.client.get(path).status_code == 404
        told = answered(minh.client.get("/api/v1/notices"))["items"]
        assert [each["kind"] for each in told if each["path"] == f"/cases/{case['id']}"] == ["case_shared"]
        people = ["person.added", "person.changed", "note.written", "person.removed"]
        assert lan.history(case) == ["case.opened", *people]

    def test_an_agency_that_it_is_shared_with_is_on_it_with_all_who_may_export(
        self, site: Site, clients: ExitStack, lan: Officer
    ) -> None:
        ones = [officer(site, clients, THERE), officer(site, clients, THERE, Role.POLICE)]
        with site.database.session() as session:
            agency = agencies.add(session, f"Agency {next(_numbers)}", [THERE])
            for one in ones:
                agencies.join(session, one.id, agency.id)
        case = lan.case()
        path = f"{CASES}/{case['id']}"
        candidates = answered(lan.client.get(f"{path}/candidates"))
        assert {"id": agency.id, "name": agency.name} in candidates["agencies"]
        assert ones[0].name in candidates["people"]
        assert ones[1].name not in candidates["people"]
        assert lan.client.put(f"{path}/agencies/{agency.id}", json={"role": "lead"}).status_code == 409
        answered(lan.client.put(f"{path}/agencies/{agency.id}", json={"role": "member"}))
        assert answered(ones[0].client.get(path))["role"] == "member"
        assert ones[1].client.get(path).status_code == 404
        assert [each["id"] for each in answered(ones[0].client.get(CASES))["items"]] == [case["id"]]
        assert answered(ones[0].client.get(CASES, params={"mine": "true"}))["items"] == []
        assert lan.client.delete(f"{path}/agencies/{agency.id}").status_code == 204
        assert ones[0].client.get(path).status_code == 404

    def test_administrators_lead_all_cases(self, admin: httpx.Client, lan: Officer) -> None:
        case = lan.case()
        assert answered(admin.get(f"{CASES}/{case['id']}"))["role"] == "lead"
        assert case["id"] in {each["id"] for each in answered(admin.get(CASES))["items"]}
        assert answered(admin.get(CASES, params={"mine": "true"}))["items"] == []


class TestItems:
    def test_incidents_clips_and_spans_are_added_once_and_read_in_order_of_time(self, site: Site, lan: Officer) -> None:
        case, camera = lan.case(), place(site, HERE)
        incident = recorded(site, HERE, camera, started_at=examples.NOON + timedelta(hours=2))
        wishes = ({"incident": str(incident.id), "comment": "the thief"}, {"incident": str(incident.id), "part": 0})
        made = lan.add(case, *wishes, span(camera))
        assert {each["kind"] for each in made} == {"incident", "clip", "span"}
        assert lan.add(case, *wishes, span(camera)) == []
        found = lan.items(case)
        assert [each["from"] for each in found] == sorted(each["from"] for each in found)
        (whole,) = [each for each in found if each["kind"] == "incident"]
        assert (whole["open"], whole["may_export"], whole["comment"]) == (True, True, "the thief")
        assert whole["incident_now"]["id"] == str(incident.id)
        held = answered(lan.client.get(CASES, params={"incident": str(incident.id)}))["items"]
        assert [(each["id"], each["items"]) for each in held] == [(case["id"], 3)]

    def test_all_are_added_or_none(self, site: Site, lan: Officer) -> None:
        case, here, there = lan.case(), recorded(site, HERE), recorded(site, THERE)
        never = new_incident_id(examples.NOON)
        for foreign in (there.id, never):
            (told,) = lan.add(case, {"incident": str(here.id)}, {"incident": str(foreign)}, status=404)
            assert told["detail"] == f"there is no incident {foreign}"
        for camera in (there.camera, "never-was"):
            (told,) = lan.add(case, span(camera), status=404)
            assert told["detail"] == f"there is no camera {camera!r}"
        lan.add(case, {"incident": str(here.id), "part": 7}, status=422)
        lan.add(case, span(here.camera, hours=25), status=422)
        lan.add(case, {}, status=422)
        assert lan.items(case) == []

    def test_what_is_taken_out_stays_as_history_and_can_be_put_back(self, site: Site, lan: Officer) -> None:
        case, incident = lan.case(), recorded(site, HERE)
        (item,) = lan.add(case, {"incident": str(incident.id)})
        path = f"{CASES}/{case['id']}/items/{item['id']}"
        assert lan.client.delete(path).status_code == 204
        assert lan.client.delete(path).status_code == 409
        assert lan.items(case) == []
        (gone,) = lan.items(case, removed="true")
        assert (gone["id"], gone["removed_by"]) == (item["id"], lan.name)
        assert answered(lan.client.post(f"{path}/restore"))["removed_at"] is None
        assert [each["id"] for each in lan.items(case)] == [item["id"]]
        assert answered(lan.client.patch(path, json={"comment": "left hand"}))["comment"] == "left hand"
        assert lan.history(case)[1:] == ["item.added", "item.removed", "item.restored", "item.commented"]

    def test_what_lies_outside_of_ones_areas_is_a_closed_row(self, site: Site, lan: Officer, hoa: Officer) -> None:
        case, incident = lan.case(), recorded(site, HERE)
        (item,) = lan.add(case, {"incident": str(incident.id), "comment": "the red house"})
        answered(lan.client.put(f"{CASES}/{case['id']}/people/{hoa.name}", json={"role": "member"}))
        (row,) = hoa.items(case)
        assert (row["open"], row["kind"], row["from"]) == (False, "incident", item["from"])
        for member in ("camera", "area", "incident", "comment", "incident_now", "picture"):
            assert row[member] is None
        whole = hoa.client.get(f"{CASES}/{case['id']}/history").text
        assert incident.camera not in whole
        assert str(incident.id) not in whole
        assert hoa.client.get(f"/api/v1/incidents/{incident.id}").status_code == 404


class TestSnapshots:
    def test_a_picture_of_a_clip_is_kept_bit_for_bit_with_its_sha256_and_clock_error(
        self, site: Site, lan: Officer, hoa: Officer
    ) -> None:
        case, incident, data = lan.case(), recorded(site, HERE), jpeg(width=1500, quality=98)
        assert len(data) > 1024 * 1024, "larger than other bodies may be"
        assert incident.clip is not None
        part = incident.clip.parts[0]
        query = {"camera": incident.camera, "at": part.started_at.isoformat(), "incident": str(incident.id)}
        path = f"{CASES}/{case['id']}/snapshots"
        made = answered(lan.client.post(path, params={**query, "comment": "his face"}, content=data), 201)
        assert (made["kind"], made["clock_error_ms"]) == ("snapshot", part.clock_error_ms)
        assert made["snapshot_sha256"] == hashlib.sha256(data).hexdigest()
        assert lan.client.get(made["picture"]).content == data
        assert site.store.stat(f"cases/{case['id']}/snapshots/{made['snapshot_sha256']}.jpg") is not None
        again = answered(lan.client.post(path, params=query, content=data), 201)
        assert again["id"] == made["id"], "the same picture is in a case once"
        answered(lan.client.put(f"{CASES}/{case['id']}/people/{hoa.name}", json={"role": "member"}))
        assert hoa.client.get(made["picture"]).status_code == 404

    @pytest.mark.parametrize("content", [b"", b"no picture", jpeg()[:-200], b"\x89PNG\r\n\x1a\n" + bytes(100)])
    def test_what_is_no_whole_jpeg_is_refused(self, site: Site, lan: Officer, content: bytes) -> None:
        case, incident = lan.case(), recorded(site, HERE)
        query = {"camera": incident.camera, "at": incident.started_at.isoformat(), "incident": str(incident.id)}
        answer = lan.client.post(f"{CASES}/{case['id']}/snapshots", params=query, content=content)
        assert (answer.status_code, answer.json()["parameter"]) == (422, "body")

    def test_a_picture_of_another_time_than_its_incident_is_refused(self, site: Site, lan: Officer) -> None:
        case, incident = lan.case(), recorded(site, HERE)
        later = (incident.started_at + timedelta(hours=1)).isoformat()
        query = {"camera": incident.camera, "at": later, "incident": str(incident.id)}
        answer = lan.client.post(f"{CASES}/{case['id']}/snapshots", params=query, content=jpeg())
        assert (answer.status_code, answer.json()["parameter"]) == (422, "incident")


def test_a_note_keeps_all_that_it_ever_said(lan: Officer, minh: Officer) -> None:
    case = lan.case()
    path = f"{CASES}/{case['id']}"
    answered(lan.client.put(f"{path}/people/{minh.name}", json={"role": "member"}))
    note = answered(minh.client.post(f"{path}/notes", json={"text": "He turned left."}), 201)
    one = f"{path}/notes/{note['id']}"
    assert lan.client.put(one, json={"text": "x"}).status_code == 403, "only who wrote it changes it"
    edited = answered(minh.client.put(one, json={"text": "He turned right."}))
    assert [each["text"] for each in edited["versions"]] == ["He turned left.", "He turned right."]
    assert lan.client.delete(one).status_code == 204
    assert minh.client.put(one, json={"text": "x"}).status_code == 409
    (kept,) = answered(lan.client.get(f"{path}/notes"))["items"]
    assert kept["withdrawn_at"]
    assert kept["text"] == "He turned right."


class TestHold:
    def test_a_held_case_holds_its_items_and_those_added_later_until_two_let_go(
        self, site: Site, lan: Officer, minh: Officer
    ) -> None:
        case, camera = lan.case(), place(site, HERE)
        first, later, within = (recorded(site, HERE, camera) for _ in range(3))
        path = f"{CASES}/{case['id']}"
        answered(lan.client.put(f"{path}/people/{minh.name}", json={"role": "member"}))
        assert lan.client.put(f"{path}/hold", json={"reason": "theft"}).status_code == 409, "nothing is in it"
        lan.add(case, {"incident": str(first.id)}, {"incident": str(first.id), "part": 0})
        query = {"camera": camera, "at": first.started_at.isoformat(), "incident": str(first.id)}
        picture = answered(lan.client.post(f"{path}/snapshots", params=query, content=jpeg()), 201)
        key = keys.snapshot(case["id"], picture["snapshot_sha256"])
        held = answered(lan.client.put(f"{path}/hold", json={"reason": "theft"}))
        assert (held["placed"], held["elsewhere"], held["gone"]) == (1, 0, 0)
        assert answered(lan.client.get(path))["hold"] == "active"
        eventually(lambda: site.store.is_held(key))
        minh.add(case, {"incident": str(later.id)}, span(camera))
        assert all(each["held"] for each in lan.items(case))
        for incident in (first, later, within):
            assert answered(lan.client.get(f"/api/v1/incidents/{incident.id}/hold"))["held"]
        because = {"reason": "sentenced"}
        assert answered(lan.client.post(f"{path}/hold/release/request", json=because))["holds"] == 4
        assert answered(lan.client.get(path))["hold"] == "release_requested"
        assert lan.client.post(f"{path}/hold/release/confirm", json=because).status_code == 409
        renamed = lan.client.patch(path, json={"revision": 1, "number": f"{next(_numbers)}/2027"})
        assert (renamed.status_code, renamed.json()["parameter"]) == (409, "number")
        assert answered(minh.client.post(f"{path}/hold/release/confirm", json=because))["holds"] == 4
        assert answered(lan.client.get(path))["hold"] is None
        eventually(lambda: not site.store.is_held(key))
        assert not any(each["held"] for each in lan.items(case))
        with site.database.session() as session:
            found = audit.entries(session, Wanted(case_number=case["number"]), limit=100)
        placed = [each.deed for each in found if each.deed.what == "hold.placed"]
        assert {each.incident for each in placed} == {first.id, later.id, None}

    def test_what_one_may_not_hold_is_left_to_who_may(self, site: Site, lan: Officer, hoa: Officer) -> None:
        case, here, there = lan.case(), recorded(site, HERE), recorded(site, THERE)
        path = f"{CASES}/{case['id']}"
        answered(lan.client.put(f"{path}/people/{hoa.name}", json={"role": "member"}))
        lan.add(case, {"incident": str(here.id)})
        hoa.add(case, {"incident": str(there.id)})
        held = answered(lan.client.put(f"{path}/hold", json={"reason": "theft"}))
        assert (held["placed"], held["elsewhere"]) == (1, 1)
        assert {each["incident"]: each["held"] for each in lan.items(case)} == {str(here.id): True, None: False}
        assert answered(hoa.client.put(f"{path}/hold", json={"reason": "theft"}))["placed"] == 1
        assert all(each["held"] for each in lan.items(case))


class TestRequests:
    @pytest.fixture
    def case(self, lan: Officer) -> dict[str, Any]:
        return lan.case()

    def ask(self, who: Officer, case: dict[str, Any], **wanted: Any) -> dict[str, Any]:  # noqa: ANN401  JSON
        body = {"case": case["id"], "reason": "he fled that way", **wanted}
        return answered(who.client.post(REQUESTS, json=body), 201)

    def decide(self, who: Officer, request: dict[str, Any], *, approve: bool = True, **more: Any) -> httpx.Response:  # noqa: ANN401  JSON
        body = {"approve": approve, "reason": "granted", **more}
        return who.client.post(f"{REQUESTS}/{request['id']}/decision", json=body)

    def test_who_asks_does_not_learn_whether_there_is_such_a_thing(
        self, site: Site, admin: httpx.Client, lan: Officer, hoa: Officer, case: dict[str, Any]
    ) -> None:
        there = recorded(site, THERE)
        known = [self.ask(lan, case, incident=str(there.id)), self.ask(lan, case, **span(there.camera))]
        never = [self.ask(lan, case, incident=str(new_incident_id(examples.NOON))), self.ask(lan, case, **span("no"))]
        for one, other in zip(known, never, strict=True):
            volatile = ("id", "wanted", "asked_at")
            assert [one[key] for key in one if key not in volatile] == [
                other[key] for key in other if key not in volatile
            ]
        mine = answered(lan.client.get(REQUESTS))["items"]
        assert {each["place"] for each in mine} == {None}
        theirs = {each["id"] for each in answered(hoa.client.get(REQUESTS, params={"box": "decide"}))["items"]}
        assert theirs >= {each["id"] for each in known}
        assert not theirs & {each["id"] for each in never}
        seen = answered(admin.get(REQUESTS, params={"box": "decide", "state": "asked"}))["items"]
        assert {each["id"] for each in seen if each["names_nothing"]} >= {each["id"] for each in never}
        approved = admin.post(f"{REQUESTS}/{never[0]['id']}/decision", json={"approve": True, "reason": "x"})
        assert approved.status_code == 409
        told = answered(hoa.client.get("/api/v1/notices"))["items"]
        assert "footage_asked" in {each["kind"] for each in told}

    def test_an_approval_gives_the_people_of_the_case_the_footage_and_nothing_else(
        self, site: Site, lan: Officer, minh: Officer, hoa: Officer, case: dict[str, Any]
    ) -> None:
        camera = place(site, THERE)
        there = recorded(site, THERE, camera)
        outside = recorded(site, THERE, camera, started_at=examples.NOON + timedelta(hours=5))
        answered(lan.client.put(f"{CASES}/{case['id']}/people/{minh.name}", json={"role": "reader"}))
        request = self.ask(lan, case, **span(camera))
        assert lan.client.get(f"/api/v1/incidents/{there.id}/clip").status_code == 404
        assert self.decide(lan, request).status_code == 403, "not by who asked"
        assert self.decide(minh, request).status_code == 403, "nor by who may not export there"
        assert answered(self.decide(hoa, request))["live"]
        for who in (lan, minh):
            for file in ("", "/clip", "/thumbnail", "/tracks"):
                assert who.client.get(f"/api/v1/incidents/{there.id}{file}").status_code == 200, file
            assert who.client.get(f"/api/v1/incidents/{outside.id}").status_code == 404
            assert who.client.get(f"/api/v1/incidents/{there.id}/annotations").status_code == 404
            hold = {"incident": str(there.id), "reason": "x"}
            assert who.client.post("/api/v1/holds", json=hold).status_code == 404
        given = answered(lan.client.get(f"{REQUESTS}/{request['id']}/incidents"))["items"]
        assert [each["id"] for each in given] == [str(there.id)]
        (item,) = lan.items(case)
        assert (item["kind"], item["open"], item["may_export"]) == ("span", True, True)
        assert not minh.items(case)[0]["may_export"], "a reader takes nothing out"
        lan.add(case, {"incident": str(there.id)})
        with site.database.session() as session:
            people = [accounts.find(session, each.name) for each in (lan, minh)]
            assert [cases.access(session, each, Action.EXPORT).covers(there) for each in people] == [True, False]
        assert cases.chosen(site.server, people[0], case["id"]).subjects.incidents == (there.id,)
        assert cases.selection(site.server, people[1], case["id"]).subjects == Subjects()
        decided = answered(lan.client.get("/api/v1/notices"))["items"][0]
        assert (decided["kind"], decided["path"]) == ("footage_decided", f"/cases/{case['id']}")

    def test_it_ends_at_its_time_or_when_who_gave_it_says_so(
        self, site: Site, lan: Officer, hoa: Officer, case: dict[str, Any]
    ) -> None:
        there = recorded(site, THERE)
        path = f"/api/v1/incidents/{there.id}/clip"
        request = self.ask(lan, case, incident=str(there.id))
        past = (site.clock.now() - timedelta(hours=1)).isoformat()
        assert self.decide(hoa, request, until=past).status_code == 422
        until = (site.clock.now() + timedelta(days=1)).isoformat()
        assert answered(self.decide(hoa, request, until=until))["until"]
        assert lan.client.get(path).status_code == 200
        with site.database.session() as session:
            session.execute(text("UPDATE footage_requests SET until = now() WHERE id = :id"), {"id": request["id"]})
        assert lan.client.get(path).status_code == 404
        assert not lan.items(case)[0]["open"]
        (item,) = lan.items(case)
        again = self.ask(lan, case, item=item["id"])
        assert (again["item"], again["wanted"]["incident"]) == (item["id"], None), "it is a closed row"
        assert again["wanted"]["from"] == item["from"]
        assert str(there.id) not in lan.client.get(REQUESTS, params={"state": "asked"}).text
        assert answered(self.decide(hoa, again))["wanted"]["incident"] == str(there.id)
        assert lan.client.get(path).status_code == 200
        assert lan.client.post(f"{REQUESTS}/{again['id']}/end", json={"reason": "x"}).status_code == 403
        ended = answered(hoa.client.post(f"{REQUESTS}/{again['id']}/end", json={"reason": "given in full"}))
        assert (ended["live"], ended["ended_by"]) == (False, hoa.name)
        assert lan.client.get(path).status_code == 404
        assert lan.client.get(f"{REQUESTS}/{again['id']}/incidents").status_code == 404

    def test_it_is_decided_once_or_withdrawn(
        self, site: Site, lan: Officer, hoa: Officer, minh: Officer, case: dict[str, Any]
    ) -> None:
        there = recorded(site, THERE)
        first, second = (self.ask(lan, case, incident=str(there.id)) for _ in range(2))
        assert answered(self.decide(hoa, first, approve=False))["state"] == "refused"
        assert self.decide(hoa, first).status_code == 409
        assert hoa.client.post(f"{REQUESTS}/{second['id']}/withdraw").status_code == 403
        assert answered(lan.client.post(f"{REQUESTS}/{second['id']}/withdraw"))["state"] == "withdrawn"
        assert self.decide(hoa, second).status_code == 409
        assert minh.client.get(f"{REQUESTS}/{second['id']}").status_code == 404
        asked = answered(lan.client.get(f"{CASES}/{case['id']}/footage-requests"))["items"]
        assert [each["state"] for each in asked] == ["withdrawn", "refused"]
        assert lan.history(case)[1:] == ["footage.asked"] * 2 + ["footage.refused", "footage.withdrawn"]

    def test_what_is_given_is_told_as_put_in_and_a_full_case_hinders_no_approval(
        self, site: Site, lan: Officer, hoa: Officer, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = (self.ask(lan, case, incident=str(recorded(site, THERE).id)) for _ in range(2))
        answered(self.decide(hoa, first))
        assert lan.history(case)[-2:] == ["item.added", "footage.approved"]
        monkeypatch.setattr(case_items, "ITEMS_MAX", 1)
        assert answered(self.decide(hoa, second))["live"]
        assert lan.history(case)[-2:] == ["footage.approved", "footage.approved"]
        with site.database.session() as session:
            found = audit.entries(session, Wanted(case_number=case["number"]), limit=100)
        added = [each.deed for each in found if each.deed.what == "item.added"]
        assert [(each.user_name, str(each.incident)) for each in added] == [(hoa.name, first["wanted"]["incident"])]

    def test_whoever_tries_what_is_for_others_to_do_is_recorded(
        self, site: Site, lan: Officer, minh: Officer, hoa: Officer, case: dict[str, Any]
    ) -> None:
        answered(lan.client.put(f"{CASES}/{case['id']}/people/{minh.name}", json={"role": "member"}))
        request = self.ask(lan, case, incident=str(recorded(site, THERE).id))
        note = answered(lan.client.post(f"{CASES}/{case['id']}/notes", json={"text": "he limps"}), 201)
        path = f"{REQUESTS}/{request['id']}"
        tried = (
            (lan, self.decide(lan, request)),
            (minh, minh.client.post(f"{path}/end", json={"reason": "x"})),
            (minh, minh.client.post(f"{path}/withdraw")),
            (minh, minh.client.delete(f"{CASES}/{case['id']}/notes/{note['id']}")),
        )
        assert [answer.status_code for _, answer in tried] == [403] * 4
        with site.database.session() as session:
            found = audit.entries(session, Wanted(case_number=case["number"]), limit=100)
        refused = [each.deed.user_name for each in reversed(found) if each.deed.what == "access.refused"]
        assert refused == [who.name for who, _ in tried]

    def test_an_area_may_be_asked_for_and_its_incidents_are_chosen_from(
        self, site: Site, lan: Officer, hoa: Officer, case: dict[str, Any]
    ) -> None:
        day = examples.NOON + timedelta(days=3)
        there = recorded(site, THERE, started_at=day)
        wanted = {"area": THERE, "from": day.isoformat(), "to": (day + timedelta(hours=1)).isoformat()}
        request = self.ask(lan, case, **wanted)
        answered(self.decide(hoa, request))
        assert lan.items(case) == []
        given = answered(lan.client.get(f"{REQUESTS}/{request['id']}/incidents"))["items"]
        assert [each["id"] for each in given] == [str(there.id)]
        assert lan.add(case, {"incident": str(there.id)})[0]["open"]


def test_who_was_taken_off_while_they_waited_does_nothing_more_in_it(site: Site, lan: Officer, minh: Officer) -> None:
    case = lan.case()
    answered(lan.client.put(f"{CASES}/{case['id']}/people/{minh.name}", json={"role": "member"}))
    answers: list[httpx.Response] = []
    body = {"text": "too late"}
    late = threading.Thread(target=lambda: answers.append(minh.client.post(f"{CASES}/{case['id']}/notes", json=body)))
    with site.database.session() as session:
        case_rows.get(session, case["id"], lock=True)
        late.start()
        eventually(lambda: waiting_for_a_lock(site), 5.0)
        case_people.take_person(session, case["id"], minh.id, minh.name)
    late.join()
    assert answers[0].status_code == 404


def test_of_two_who_take_one_number_at_once_the_second_is_told(site: Site, lan: Officer, minh: Officer) -> None:
    first, second = lan.case(), minh.case()
    answers: list[httpx.Response] = []
    body = {"number": f"{next(_numbers)}/2026", "revision": second["revision"]}
    late = threading.Thread(target=lambda: answers.append(minh.client.patch(f"{CASES}/{second['id']}", json=body)))
    with site.database.session() as session:
        case_rows.change(session, first["id"], str(body["number"]), "x", "", revision=first["revision"])
        late.start()
        eventually(lambda: waiting_for_a_lock(site), 5.0)
    late.join()
    assert (answers[0].status_code, "is taken" in answers[0].text) == (409, True)


def waiting_for_a_lock(site: Site) -> bool:
    with site.database.session() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_shares_are_looked_up_only_for_who_would_be_refused(
    site: Site, lan: Officer, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = recorded(site, HERE)
    asked: list[Action] = []

    def none_given(_session: object, _user: object, action: Action) -> tuple[()]:
        asked.append(action)
        return ()

    monkeypatch.setattr(shares, "of_user", none_given)
    with site.database.session() as session:
        user = accounts.find(session, lan.name)
    assert rights.require_incident(site.server, user, Action.REPLAY, incident.id).id == incident.id
    assert asked == []
    with pytest.raises(NotFoundError):
        rights.require_incident(site.server, user, Action.REPLAY, recorded(site, THERE).id)
    assert asked == [Action.REPLAY]


def test_a_token_that_is_not_for_exporting_knows_of_no_case(site: Site, lan: Officer) -> None:
    case = lan.case()
    made = answered(lan.client.post("/api/v1/tokens", json={"name": "wall", "actions": ["search"]}), 201)
    headers = {"Authorization": f"Bearer {made['token']}"}
    with httpx.Client(base_url=site.url, headers=headers) as client:
        assert answered(client.get(CASES))["items"] == []
        assert client.get(f"{CASES}/{case['id']}").status_code == 404


def test_the_audit_tells_all_that_was_done_in_a_case_under_its_number(site: Site, lan: Officer) -> None:
    case, incident = lan.case(), recorded(site, HERE)
    (item,) = lan.add(case, {"incident": str(incident.id)})
    lan.client.get(f"{CASES}/{case['id']}")
    lan.client.get(f"{CASES}/{case['id']}")
    lan.client.delete(f"{CASES}/{case['id']}/items/{item['id']}")
    with site.database.session() as session:
        found = audit.entries(session, Wanted(case_number=case["number"]), limit=100)
    deeds = [each.deed for each in reversed(found)]
    assert [each.what for each in deeds] == ["case.opened", "item.added", "case.viewed", "item.removed"]
    assert {each.incident for each in deeds if each.what.startswith("item")} == {incident.id}
    assert all(each.user_name == lan.name and each.source == "127.0.0.1" for each in deeds)
