from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from camsvc.api import annotation_schemas as schemas
from camsvc.db.queries import accounts, areas, audit
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Grant, Role
from camsvc.domain.audit import Kind
from camsvc.domain.incident import Incident, new_incident_id
from tests.api.conftest import PASSWORD, Site
from tests.api.test_events import listening
from tests.db import examples
from tests.db.examples import NOON

INCIDENTS = "/api/v1/incidents"
HERE = "bac-ninh/yen-phong/tam-giang"
"""Where the cameras of the examples stand."""


@pytest.fixture
def item(site: Site) -> Incident:
    return site.publish(examples.incident(site.camera()))


@pytest.fixture(scope="module")
def lan(site: Site) -> Iterator[httpx.Client]:
    with site.database.session() as session:
        areas.ensure(session, HERE)
        accounts.create(session, "lan", PASSWORD, [Grant(Role.POLICE, "bac-ninh/yen-phong")])
    with site.client("lan") as client:
        yield client


@pytest.fixture(scope="module")
def viewer(site: Site) -> Iterator[httpx.Client]:
    with site.database.session() as session:
        accounts.create(session, "minh", PASSWORD, [Role.VIEWER])
    with site.client("minh") as client:
        yield client


def path(item: Incident | UUID, rest: str = "annotations") -> str:
    return f"{INCIDENTS}/{item.id if isinstance(item, Incident) else item}/{rest}"


def found(client: httpx.Client, item: Incident, **query: str) -> bool:
    answer = client.get(INCIDENTS, params={"camera": item.camera, **query})
    assert answer.status_code == 200, answer.text
    counted = client.get(f"{INCIDENTS}/count", params={"camera": item.camera, **query}).json()
    assert counted == {"count": len(answer.json()["items"]), "exact": True}
    return [each["id"] for each in answer.json()["items"]] == [str(item.id)]


def test_what_is_said_is_read_with_its_history(lan: httpx.Client, item: Incident) -> None:
    assert lan.put(path(item, "tags/Xe-Trộm")).status_code == 200
    assert lan.post(path(item, "notes"), json={"text": "  Biển số 99A-123.45 "}).status_code == 201
    assert lan.put(path(item, "assignment"), json={"assignee": "lan"}).status_code == 200
    told = lan.put(path(item, "disposition"), json={"disposition": "true", "reason": "đúng xe"})
    assert told.json() == lan.get(path(item)).json()
    held = schemas.Annotations.model_validate(told.json())
    assert [each.tag for each in held.tags] == ["xe-trộm"]
    assert [(each.text, each.by) for each in held.notes] == [("Biển số 99A-123.45", "lan")]
    assert held.assignment is not None
    assert (held.assignment.assignee, held.assignment.done_at) == ("lan", None)
    assert (held.disposition.disposition, held.disposition.reason) == ("true", "đúng xe")
    assert [each.what for each in held.history] == ["tagged", "noted", "assigned", "judged"]


def test_of_whom_nobody_said_anything_that_is_read(lan: httpx.Client, item: Incident) -> None:
    answer = lan.get(path(item)).json()
    assert answer == {
        "incident": str(item.id),
        "tags": [],
        "notes": [],
        "assignment": None,
        "disposition": {"disposition": "none", "reason": None, "by": None, "at": None},
        "history": [],
    }


def test_repeating_a_request_changes_nothing(lan: httpx.Client, item: Incident) -> None:
    for _ in range(2):
        assert lan.put(path(item, "tags/bus")).status_code == 200
        assert lan.put(path(item, "disposition"), json={"disposition": "false_alarm"}).status_code == 200
        assert lan.put(path(item, "assignment"), json={"assignee": "lan", "done": True}).status_code == 200
    assert len(lan.get(path(item)).json()["history"]) == 3
    for _ in range(2):
        assert lan.delete(path(item, "tags/BUS")).status_code == 204
        assert lan.delete(path(item, "assignment")).status_code == 204
    assert len(lan.get(path(item)).json()["history"]) == 5


def test_search_and_count_find_by_what_was_said(lan: httpx.Client, item: Incident) -> None:
    assert found(lan, item, disposition="none")
    lan.put(path(item, "tags/Xe-Trộm"))
    lan.post(path(item, "notes"), json={"text": "Biển số 99A-123.45"})
    lan.put(path(item, "assignment"), json={"assignee": "lan"})
    lan.put(path(item, "disposition"), json={"disposition": "true"})
    for query in (
        {"tag": "XE-TRỘM"},
        {"tag": "never,xe-trộm"},
        {"text": "bien so 99a12345"},
        {"assignee": "lan"},
        {"disposition": "none,true"},
    ):
        assert found(lan, item, **query), query
    for query in ({"tag": "never"}, {"text": "biến"}, {"assignee": "minh"}, {"disposition": "none"}):
        assert not found(lan, item, **query), query
    lan.put(path(item, "assignment"), json={"assignee": "lan", "done": True})
    assert not found(lan, item, assignee="lan")


def test_a_note_is_changed_by_its_author_alone_and_withdrawn_by_an_administrator_too(
    site: Site, lan: httpx.Client, admin: httpx.Client, item: Incident
) -> None:
    note = lan.post(path(item, "notes"), json={"text": "nhầm"}).json()["notes"][0]["id"]
    assert admin.put(path(item, f"notes/{note}"), json={"text": "x"}).status_code == 403
    with site.database.session() as session:
        (last, *_) = audit.entries(session, Wanted(kind=Kind.ANNOTATE), limit=1)
    assert (last.deed.what, last.deed.incident, last.deed.area) == ("access.refused", item.id, item.area)
    changed = lan.put(path(item, f"notes/{note}"), json={"text": "đúng"}).json()
    assert [(each["id"], each["text"]) for each in changed["notes"]] == [(note, "đúng")]
    assert [each["text"] for each in changed["history"]] == ["nhầm", "đúng"]
    assert admin.delete(path(item, f"notes/{note}")).status_code == 204
    assert lan.delete(path(item, f"notes/{note}")).status_code == 404
    assert lan.get(path(item)).json()["notes"] == []


def test_a_note_is_not_reached_through_another_incident(site: Site, lan: httpx.Client, item: Incident) -> None:
    other = site.publish(examples.incident(item.camera, started_at=NOON + timedelta(minutes=1)))
    note = lan.post(path(other, "notes"), json={"text": "x"}).json()["notes"][0]["id"]
    assert lan.put(path(item, f"notes/{note}"), json={"text": "y"}).status_code == 404


def test_it_is_assigned_only_to_whom_may_replay_it(lan: httpx.Client, viewer: httpx.Client, item: Incident) -> None:
    del viewer  # the account is what matters
    names = lan.get(path(item, "assignees")).json()["items"]
    assert {"lan", "admin"} <= set(names)
    assert "minh" not in names
    answers = [lan.put(path(item, "assignment"), json={"assignee": name}) for name in ("minh", "nobody-known")]
    assert [answer.status_code for answer in answers] == [422, 422]
    said = [
        answer.json()["detail"].replace(name, "X")
        for answer, name in zip(answers, ("minh", "nobody-known"), strict=True)
    ]
    assert said[0] == said[1], "whether an account exists is not told"


def test_who_may_not_replay_neither_reads_nor_searches_by_it(
    lan: httpx.Client, viewer: httpx.Client, item: Incident
) -> None:
    lan.put(path(item, "tags/secret"))
    assert viewer.get(path(item)).status_code == 403
    assert viewer.get(INCIDENTS, params={"camera": item.camera}).status_code == 200
    for query in ({"tag": "secret"}, {"disposition": "none"}, {"assignee": "lan"}, {"text": "x"}):
        for what in ("", "/count", "/histogram", "/heat", "/stream"):
            assert viewer.get(f"{INCIDENTS}{what}", params=query).status_code == 403, (what, query)
    assert viewer.get(f"{INCIDENTS}/tags").json() == {"items": []}


def test_who_may_search_here_and_replay_there_searches_by_it_only_there(
    site: Site, lan: httpx.Client, item: Incident
) -> None:
    camera = site.camera()
    below = site.publish(examples.incident(camera, area=f"{HERE}/below"))
    for each in (item, below):
        with site.client() as admin:
            admin.put(path(each, "tags/mixed"))
    with site.database.session() as session:
        areas.ensure(session, f"{HERE}/below")
        accounts.create(session, "mixed", PASSWORD, [Grant(Role.VIEWER, HERE), Grant(Role.POLICE, f"{HERE}/below")])
    with site.client("mixed") as client:
        answer = client.get(INCIDENTS, params={"tag": "mixed"}).json()
    assert [each["id"] for each in answer["items"]] == [str(below.id)]


class TestSeveral:
    @pytest.fixture
    def items(self, site: Site) -> list[Incident]:
        camera = site.camera()
        return [site.publish(examples.incident(camera, started_at=NOON + timedelta(minutes=n))) for n in range(3)]

    def test_the_same_is_said_of_all_and_told_of_those_that_it_changed(
        self, lan: httpx.Client, items: list[Incident]
    ) -> None:
        lan.put(path(items[0], "tags/bulk"))
        ids = [str(each.id) for each in items]
        answer = lan.post(f"{INCIDENTS}/annotations", json={"incidents": ids, "add_tags": ["Bulk"]})
        assert {each["incident"] for each in answer.json()["items"]} == set(ids[1:])
        wishes = {"disposition": "false_alarm", "reason": "Mưa", "assignee": "lan", "done": True, "note": "cả loạt"}
        answer = lan.post(f"{INCIDENTS}/annotations", json={"incidents": ids, "remove_tags": ["bulk"], **wishes})
        for each in schemas.Summaries.model_validate(answer.json()).items:
            assert (each.tags, each.disposition, each.assignee, each.done, each.notes) == (
                [],
                "false_alarm",
                "lan",
                True,
                1,
            )
        read = lan.get(f"{INCIDENTS}/annotations", params={"id": ids}).json()["items"]
        assert {each["incident"]: each for each in read} == {each["incident"]: each for each in answer.json()["items"]}

    def test_of_all_or_of_none(self, lan: httpx.Client, items: list[Incident]) -> None:
        unknown = new_incident_id(NOON)
        ids = [*(str(each.id) for each in items), str(unknown)]
        answer = lan.post(f"{INCIDENTS}/annotations", json={"incidents": ids, "add_tags": ["half"]})
        assert answer.status_code == 404
        assert str(unknown) in answer.text
        assert not found(lan, items[0], tag="half")

    @pytest.mark.parametrize(
        ("wishes", "parameter"),
        [
            ({}, "body"),
            ({"add_tags": ["a"], "remove_tags": ["A"]}, "remove_tags"),
            ({"add_tags": [",,"]}, "tag"),
            ({"assignee": "minh"}, "assignee"),
            ({"unheard_of": 1}, "unheard_of"),
        ],
    )
    def test_what_makes_no_sense_is_refused_by_name(
        self,
        lan: httpx.Client,
        viewer: httpx.Client,
        items: list[Incident],
        wishes: dict[str, object],
        parameter: str,
    ) -> None:
        answer = lan.post(f"{INCIDENTS}/annotations", json={"incidents": [str(items[0].id)], **wishes})
        assert answer.status_code == 422
        assert answer.json()["parameter"] == parameter

    def test_no_more_than_two_hundred(self, lan: httpx.Client) -> None:
        ids = [str(new_incident_id(NOON)) for _ in range(201)]
        assert lan.post(f"{INCIDENTS}/annotations", json={"incidents": ids, "add_tags": ["x"]}).status_code == 422


def test_each_thing_said_and_read_is_recorded(site: Site, lan: httpx.Client, item: Incident) -> None:
    lan.post(path(item, "notes"), json={"text": "only for the case"})
    lan.put(path(item, "disposition"), json={"disposition": "true"})
    for _ in range(2):
        lan.get(path(item))
    with site.database.session() as session:
        records = audit.entries(session, Wanted(incident=item.id, kind=Kind.ANNOTATE), limit=9)
    assert [each.deed.what for each in records] == ["annotations.viewed", "incident.judged", "note.added"]
    assert {(each.deed.user_name, each.deed.area, each.deed.camera) for each in records} == {("lan", HERE, item.camera)}
    assert "only for the case" not in str([dict(each.deed.details) for each in records])


def test_tags_in_use_are_suggested(lan: httpx.Client, item: Incident) -> None:
    lan.put(path(item, "tags/suggested"))
    assert "suggested" in [each["tag"] for each in lan.get(f"{INCIDENTS}/tags").json()["items"]]


def test_the_stream_tells_what_matches_once_it_was_said(site: Site, lan: httpx.Client, item: Incident) -> None:
    with listening(site, f"camera={item.camera}&disposition=none", "lan") as open_:
        open_.next()
        lan.put(path(item, "disposition"), json={"disposition": "true"})
        left = open_.next_named()
        assert (left.name, left.data["id"]) == ("left", str(item.id))
        lan.put(path(item, "disposition"), json={"disposition": "none"})
        assert open_.next_named().name == "incident"


@pytest.mark.parametrize("tag", ["a,b", "-", "a%2Fb", "x" * 65, "a%00b", "%20"])
def test_what_cannot_be_a_tag_is_refused(lan: httpx.Client, item: Incident, tag: str) -> None:
    url = path(item, f"tags/{tag}")
    assert lan.put(url).status_code in {404, 422}
