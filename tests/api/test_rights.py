"""Every route of the OpenAPI document with every role, in their own area and in a foreign one."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from camsvc.api.app import OPENAPI_PATH, open_paths
from camsvc.db.queries import accounts, areas, audit, grants
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import ACTIONS, Action, Grant, Role
from camsvc.domain.audit import Outcome, Record
from camsvc.domain.incident import new_incident_id
from tests.api.conftest import PASSWORD, Site, running
from tests.api.matrix import BELOW, CLIP, HERE, TABLE, THERE, Needs, Of
from tests.db import examples
from tests.servers import Bucket

_numbers = itertools.count(1)
OF_AN_AREA = {Of.CAMERA, Of.INCIDENT, Of.AREA, Of.NEW}


@dataclass(frozen=True)
class Person:
    name: str
    role: Role | None
    """None: an account without any grant."""
    area: str | None
    client: httpx.Client

    def may(self, right: Action | None, area: str) -> bool:
        if self.role is None:
            return False
        reaches = self.area is None or f"{area}/".startswith(f"{self.area}/")
        return reaches and (right is None or right in ACTIONS[self.role])

    def sees(self, area: str) -> bool:
        return self.may(None, area)


@dataclass(frozen=True)
class Target:
    """A camera with an incident, in ``area``; ``exists`` is false for ids that were never given."""

    camera: str
    incident: UUID
    area: str
    exists: bool = True


@dataclass
class Ground:
    site: Site
    people: list[Person]
    here: Target
    below: Target
    there: Target
    never: Target

    def fresh(self, area: str) -> str:
        """A camera that may be spoilt."""
        camera = f"spare-{next(_numbers)}"
        examples.put(self.site.database, self.site.cipher, examples.camera(camera, area=area))
        return camera


def place(site: Site, name: str, area: str) -> Target:
    examples.put(site.database, site.cipher, examples.camera(name, area=area))
    site.own(name)
    examples.put(site.database, site.cipher, examples.camera(name, area=area))
    incident = site.recorded(CLIP, camera_=name, area=area)
    return Target(name, incident.id, area)


@pytest.fixture(scope="module")
def ground(site: Site) -> Iterator[Ground]:
    here, below, there = (
        place(site, "gate-here", HERE),
        place(site, "gate-below", BELOW),
        place(site, "gate-there", THERE),
    )
    never = Target("gate-never", new_incident_id(examples.NOON), "bac-ninh/never", exists=False)
    with ExitStack() as stack:
        people = []
        for role, area in [*itertools.product(Role, (HERE, None)), (None, None)]:
            name = f"person-{next(_numbers)}"
            with site.database.session() as session:
                accounts.create(session, name, PASSWORD, [Grant(role, area)] if role else [])
            people.append(Person(name, role, area, stack.enter_context(site.client(name))))
        yield Ground(site, people, here, below, there, never)


def operations(client: httpx.Client) -> list[str]:
    document = client.get(OPENAPI_PATH).json()
    return [f"{method.upper()} {path}" for path, each in document["paths"].items() for method in each]


def ask(
    client: httpx.Client, operation: str, needs: Needs, target: Target, camera: str | None = None
) -> httpx.Response:
    method, path = operation.split(" ", 1)
    names = {
        "camera": camera or target.camera,
        "id": str(target.incident),
        "path": target.area,
        "name": "mine",
        "session": "0" * 32,
        "token": "0",
        "login": "0",
        "user": "nobody-of-this-name",
        "role": "viewer",
        "tag": "seen",
        "hold": "0",
        "note": "9",
        "search": str(UUID(int=0)),
        "export": str(UUID(int=0)),
        "agency": "1",
        "case": "0",
        "item": "0",
        "user_name": "admin",
        "request_id": "0",
        "area": target.area,
        "fresh": f"new-{next(_numbers)}",
    }
    url = re.sub(r"\{(\w+)\}", lambda found: names[found[1]], path)
    body = json.loads(re.sub(r"\{(area|fresh|id)\}", lambda found: names[found[1]], json.dumps(needs.body)))
    given: dict[str, Any] = {"json": body} if body is not None else {"content": needs.content or None}
    query = f"?{needs.query.format(**names)}" if needs.query else ""
    with client.stream(method, url + query, headers=dict(needs.headers), **given) as answer:
        if "text/event-stream" not in answer.headers.get("content-type", ""):
            answer.read()
        return answer


def test_every_route_is_in_the_table_and_nothing_else_is(stranger: httpx.Client) -> None:
    found = set(operations(stranger))
    assert found - TABLE.keys() == set(), "say in tests/api/matrix.py what right each new route needs"
    assert TABLE.keys() - found == set()


def test_strangers_are_answered_only_where_the_table_says_so(stranger: httpx.Client, ground: Ground) -> None:
    for operation, needs in TABLE.items():
        status = ask(stranger, operation, needs, ground.here).status_code
        assert status in (needs.ok if needs.of is Of.OPEN else {401}), operation
        assert (needs.of is Of.OPEN) == (operation.split()[1] in open_paths()), operation


def is_allowed(needs: Needs, person: Person, target: Target) -> bool:
    match needs.of:
        case Of.OPEN | Of.ACCOUNT | Of.LIST:
            return True
        case Of.SOMEWHERE:
            return person.may(needs.right, person.area or HERE)
        case Of.SYSTEM:
            return person.area is None and person.may(needs.right, HERE)
        case Of.VIEWING:
            return False
        case _:
            return person.may(needs.right, target.area)


def refusal(needs: Needs, person: Person, target: Target) -> int:
    """What who may not is answered."""
    if needs.of is Of.VIEWING:
        return 404
    if needs.right is Action.CONFIGURE and not person.may(Action.CONFIGURE, person.area or HERE):
        return 403
    hides = needs.of in {Of.CAMERA, Of.INCIDENT, Of.AREA}
    return 404 if hides and not person.sees(target.area) else 403


@pytest.mark.parametrize("operation", TABLE)
def test_each_role_is_answered_as_its_rights_are(ground: Ground, operation: str) -> None:
    needs = TABLE[operation]
    if operation == "POST /api/v1/auth/logout":
        pytest.skip("would end the sessions of this test; test_access.py has it")
    targets = (ground.here, ground.below, ground.there) if needs.of in OF_AN_AREA else (ground.here,)
    for person, target in itertools.product(ground.people, targets):
        spoils = operation.startswith(("PUT", "PATCH", "DELETE")) and "{camera}" in operation
        camera = ground.fresh(target.area) if spoils else None
        answer = ask(person.client, operation, needs, target, camera)
        who = f"{operation} in {target.area}: {person.role} in {person.area}: {answer.status_code}"
        if is_allowed(needs, person, target):
            assert answer.status_code in needs.ok, who
            continue
        expected = refusal(needs, person, target)
        assert answer.status_code == expected, f"{who}, not {expected}"
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "operation", [name for name, needs in TABLE.items() if needs.of in {Of.CAMERA, Of.INCIDENT, Of.AREA}]
)
def test_what_is_foreign_is_answered_as_what_does_not_exist(ground: Ground, operation: str) -> None:
    needs = TABLE[operation]
    for person in ground.people:
        if person.sees(THERE):
            continue
        foreign = ask(person.client, operation, needs, ground.there)
        never = ask(person.client, operation, needs, ground.never)
        assert foreign.status_code == never.status_code
        assert told(foreign, ground.there) == told(never, ground.never)
        kept = ("content-type", "cache-control", "www-authenticate", "retry-after", "etag")
        assert [foreign.headers.get(name) for name in kept] == [never.headers.get(name) for name in kept]


def told(answer: httpx.Response, target: Target) -> str:
    """Without what the asker named."""
    text = answer.text
    for name in (target.camera, str(target.incident), target.area):
        text = text.replace(name, "NAME")
    return text


def test_a_head_request_tells_no_more_than_a_get(ground: Ground) -> None:
    for person, target in itertools.product(ground.people, (ground.here, ground.there, ground.never)):
        for what in ("clip", "thumbnail", "tracks"):
            path = f"/api/v1/incidents/{target.incident}/{what}"
            assert person.client.head(path).status_code == person.client.get(path).status_code


def people_of(ground: Ground, *roles: Role) -> list[Person]:
    return [each for each in ground.people if each.role in roles]


class TestLists:
    def test_cameras_and_areas_are_those_within_reach(self, ground: Ground) -> None:
        cameras = {each.camera: each.area for each in (ground.here, ground.below, ground.there)}
        for person in ground.people:
            wanted = {camera for camera, area in cameras.items() if person.sees(area)}
            answer = person.client.get("/api/v1/cameras").json()["items"]
            assert {each["id"] for each in answer if each["id"] in cameras} == wanted
            assert all(person.sees(each["area"]) for each in answer)
            features = person.client.get("/api/v1/cameras?format=geojson").json()["features"]
            assert {each["id"] for each in features if each["id"] in cameras} == wanted
            tree = flat(person.client.get("/api/v1/areas").json()["items"])
            assert (HERE in tree) == person.sees(HERE)
            assert (THERE in tree) == person.sees(THERE)
            assert ("bac-ninh" in tree) == (person.role is not None), "what leads to an area within reach"
            if person.area:
                assert tree["bac-ninh"] == tree[HERE], "cameras that may not be known of are not counted"

    def test_a_filter_by_a_foreign_area_is_refused_as_one_that_never_was(self, ground: Ground) -> None:
        for person, path in itertools.product(ground.people, ("cameras", "incidents", "incidents/stream")):
            if person.role is None and path != "cameras":
                continue
            for foreign, never in ((THERE, "bac-ninh/never"),):
                answers = [
                    person.client.get(f"/api/v1/{path}", params={"area": area})
                    for area in (foreign, never)
                    if not person.sees(area) or area == never
                ]
                assert all(each.status_code == 422 for each in answers)
                texts = {each.text.replace(THERE, "NAME").replace("bac-ninh/never", "NAME") for each in answers}
                assert len(texts) == 1

    def test_a_search_finds_what_is_within_reach_in_every_form(self, ground: Ground) -> None:
        known = {str(each.incident): each for each in (ground.here, ground.below, ground.there)}
        for person in ground.people:
            wanted = {id_ for id_, target in known.items() if person.may(Action.SEARCH, target.area)}
            answer = person.client.get("/api/v1/incidents", params={"limit": 1000})
            if person.role is None:
                assert answer.status_code == 403
                continue
            assert {each["id"] for each in answer.json()["items"]} == wanted
            pages = set()
            cursor: str | None = None
            while True:
                query = {"limit": "1", **({"cursor": cursor} if cursor else {})}
                page = person.client.get("/api/v1/incidents", params=query).json()
                pages |= {each["id"] for each in page["items"]}
                cursor = page["next_cursor"]
                if cursor is None:
                    break
            assert pages == wanted
            features = person.client.get("/api/v1/incidents", params={"format": "geojson"}).json()["features"]
            assert {each["id"] for each in features} == wanted
            csv = person.client.get("/api/v1/incidents", headers={"Accept": "text/csv"}).text
            assert {id_ for id_ in known if id_ in csv} == wanted
            near = person.client.get("/api/v1/incidents", params={"near": "21.2417,105.9556", "radius_m": "100"})
            assert {each["id"] for each in near.json()["items"]} == wanted


def flat(items: list[dict[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in items:
        found |= {each["path"]: each["cameras"], **flat(each["areas"])}
    return found


class TestStream:
    def test_only_changes_within_reach_are_told_and_a_grant_that_ends_ends_them(
        self, site: Site, ground: Ground, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from camsvc.api.routes import events

        monkeypatch.setattr(events, "RECHECK_S", 0.0)
        monkeypatch.setattr(events, "HEARTBEAT_S", 0.2)
        name = f"listener-{next(_numbers)}"
        with site.database.session() as session:
            user = accounts.create(session, name, PASSWORD, [Grant(Role.POLICE, HERE)])
        with site.client(name) as client, client.stream("GET", "/api/v1/incidents/stream") as answer:
            lines = answer.iter_lines()
            next_with(lines, "id:")
            foreign = site.publish(examples.incident(ground.there.camera, area=THERE))
            near = site.publish(examples.incident(ground.below.camera, area=BELOW))
            data = next_with(lines, "data:")
            assert str(near.id) in data
            assert str(foreign.id) not in data
            with site.database.session() as session:
                grants.take(session, user.id, Grant(Role.POLICE, HERE))
                grants.give(session, user.id, Grant(Role.POLICE, THERE))
            next_with(lines, ":")
            next_with(lines, ":")
            site.publish(examples.incident(ground.below.camera, area=BELOW))
            now_near = site.publish(examples.incident(ground.there.camera, area=THERE))
            assert str(now_near.id) in next_with(lines, "data:")


def next_with(lines: Iterator[str], start: str) -> str:
    return next(line for line in lines if line.startswith(start))


class TestConfiguring:
    def test_a_camera_is_moved_only_by_who_may_configure_where_it_is_and_where_it_goes(self, ground: Ground) -> None:
        [chief] = [each for each in people_of(ground, Role.ADMINISTRATOR) if each.area]
        camera = ground.fresh(BELOW)
        path = f"/api/v1/cameras/{camera}"
        assert chief.client.patch(path, json={"area": HERE}).status_code == 200
        assert chief.client.patch(path, json={"area": THERE}).status_code == 403
        whole = {"name": "x", "area": THERE, "streams": {"main": "rtsp://192.0.2.7/x"}}
        assert chief.client.put(path, json=whole).status_code == 403
        assert chief.client.get(path).json()["area"] == HERE

    def test_an_id_that_is_taken_elsewhere_is_taken_and_no_more_is_said(self, ground: Ground) -> None:
        [chief] = [each for each in people_of(ground, Role.ADMINISTRATOR) if each.area]
        body = {"name": "x", "area": HERE, "streams": {"main": "rtsp://192.0.2.7/x"}}
        put = chief.client.put(f"/api/v1/cameras/{ground.there.camera}", json=body)
        post = chief.client.post("/api/v1/cameras", json={"id": ground.there.camera, **body})
        assert put.status_code == post.status_code == 409
        assert put.text == post.text
        assert "tu-son" not in put.text

    def test_credentials_of_a_foreign_camera_are_not_lent(self, site: Site, ground: Ground) -> None:
        [chief] = [each for each in people_of(ground, Role.ADMINISTRATOR) if each.area]
        hidden = f"rtsp://viewer:***@192.0.2.7:554/{ground.there.camera}/main"
        body = {"name": "x", "area": HERE, "streams": {"main": hidden}}
        answer = chief.client.put(f"/api/v1/cameras/{ground.there.camera}", json=body)
        assert answer.status_code in {409, 422}
        with site.client() as admin:
            assert admin.get(f"/api/v1/cameras/{ground.there.camera}").json()["area"] == THERE


class TestRecords:
    def newest(self, site: Site, name: str, count: int = 1) -> list[Record]:
        with site.database.session() as session:
            return audit.entries(session, Wanted(user=name), limit=count)

    def test_a_refusal_is_recorded_with_who_what_where_and_from_where(self, site: Site, ground: Ground) -> None:
        [officer] = [each for each in people_of(ground, Role.POLICE) if each.area]
        for target, path, area in (
            (ground.there, f"/api/v1/cameras/{ground.there.camera}", THERE),
            (ground.never, f"/api/v1/cameras/{ground.never.camera}", None),
            (ground.here, f"/api/v1/cameras/{ground.here.camera}/snapshot.jpg", HERE),
        ):
            assert officer.client.get(path).status_code in {403, 404}
            [record] = self.newest(site, officer.name)
            deed = record.deed
            assert (deed.what, deed.outcome, deed.camera, deed.area) == (
                "access.refused",
                Outcome.REFUSED,
                target.camera,
                area,
            )
            assert deed.source == "127.0.0.1"
        assert officer.client.get(f"/api/v1/incidents/{ground.there.incident}/clip").status_code == 404
        [record] = self.newest(site, officer.name)
        assert (record.deed.incident, str(record.deed.kind)) == (ground.there.incident, "replay")

    def test_a_search_is_recorded_with_its_filters(self, site: Site, ground: Ground) -> None:
        [officer] = [each for each in people_of(ground, Role.POLICE) if each.area]
        query = {"area": BELOW, "object": "car,truck", "from": "2026-11-05T00:00:00Z"}
        assert officer.client.get("/api/v1/incidents", params=query).status_code == 200
        [record] = self.newest(site, officer.name)
        assert (record.deed.what, str(record.deed.kind)) == ("incidents.searched", "search")
        found = record.deed.details.pop("found")  # type: ignore[attr-defined]
        assert found >= 1
        assert record.deed.details == {
            "area": [BELOW],
            "object": ["car", "truck"],
            "from": "2026-11-05T00:00:00.000000Z",
            "is_first": True,
        }

    def test_a_clip_that_is_played_in_pieces_is_one_record_and_a_download_another(
        self, site: Site, ground: Ground
    ) -> None:
        [officer] = [each for each in people_of(ground, Role.INVESTIGATOR) if each.area is None]
        target = place(site, f"played-{next(_numbers)}", HERE)
        path = f"/api/v1/incidents/{target.incident}/clip"
        for start in range(0, 500, 100):
            piece = officer.client.get(path, headers={"Range": f"bytes={start}-{start + 99}"})
            assert piece.status_code == 206
        assert officer.client.get(path, params={"download": "true"}).status_code == 200
        with site.database.session() as session:
            found = audit.entries(session, Wanted(incident=target.incident), limit=20)
        assert [each.deed.what for each in reversed(found)] == ["clip.played", "clip.downloaded"]
        assert all(each.deed.camera == target.camera and each.deed.user_name == officer.name for each in found)
        site.clock.shift_s += 3600
        assert officer.client.get(path).status_code == 200
        with site.database.session() as session:
            assert len(audit.entries(session, Wanted(incident=target.incident), limit=20)) == 3

    def test_what_is_configured_is_recorded_without_credentials(self, site: Site, ground: Ground) -> None:
        [chief] = [each for each in people_of(ground, Role.ADMINISTRATOR) if each.area is None]
        camera = f"told-{next(_numbers)}"
        streams = {"main": "rtsp://viewer:hidden-word@192.0.2.7/x"}
        made = {"id": camera, "name": "x", "area": HERE, "streams": streams}
        assert chief.client.post("/api/v1/cameras", json=made).status_code == 201
        path = f"/api/v1/cameras/{camera}"
        change = {"area": THERE, "streams": {"main": "rtsp://viewer:other-word@192.0.2.7/x"}}
        assert chief.client.patch(path, json=change).status_code == 200
        assert chief.client.delete(path).status_code == 204
        with site.database.session() as session:
            found = audit.entries(session, Wanted(camera=camera), limit=9)
        assert [each.deed.what for each in reversed(found)] == ["camera.added", "camera.changed", "camera.removed"]
        assert found[1].deed.details == {"changed": ["area", "streams"], "moved_from": HERE}
        assert "word" not in repr(found)

    def test_logging_in_and_out_is_recorded_and_so_is_a_wrong_password(self, site: Site) -> None:
        name = site.account(Role.POLICE)
        with site.client(None) as client:
            form = {"username": name, "password": "not the password"}
            assert client.post("/api/v1/auth/token", data=form).status_code == 401
        with site.client(name) as client:
            assert client.post("/api/v1/auth/logout").status_code == 204
        found = self.newest(site, name, 9)
        assert [each.deed.what for each in reversed(found)] == ["session.refused", "token.issued", "session.ended"]
        assert found[-1].deed.user_id is None
        assert "not the password" not in repr(found)


def test_what_cannot_be_recorded_is_not_done(site: Site, ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    from camsvc.db.queries import audit as rows
    from camsvc.errors import DatabaseUnavailableError

    def away(*_: object) -> None:
        raise DatabaseUnavailableError("the audit is away")

    [chief] = [each for each in people_of(ground, Role.ADMINISTRATOR) if each.area is None]
    camera = ground.fresh(HERE)
    fresh = place(site, f"unseen-{next(_numbers)}", HERE)
    monkeypatch.setattr(rows, "append", away)
    for method, path, body in (
        ("GET", "/api/v1/incidents", None),
        ("GET", f"/api/v1/incidents/{fresh.incident}", None),
        ("GET", f"/api/v1/incidents/{fresh.incident}/clip", None),
        ("PATCH", f"/api/v1/cameras/{camera}", {"name": "changed"}),
        ("DELETE", f"/api/v1/cameras/{camera}", None),
        ("PUT", f"/api/v1/areas/{HERE}", {"name": "changed"}),
    ):
        answer = chief.client.request(method, path, json=body)
        assert answer.status_code == 503, path
        assert "retry-after" in answer.headers
    monkeypatch.undo()
    assert chief.client.get(f"/api/v1/cameras/{camera}").json()["name"] != "changed"
    assert chief.client.get(f"/api/v1/areas/{HERE}").json()["name"] != "changed"


def test_a_grant_is_in_force_with_the_next_request(site: Site, ground: Ground) -> None:
    name = f"new-{next(_numbers)}"
    with site.database.session() as session:
        user = accounts.create(session, name, PASSWORD, [])
        areas.ensure(session, HERE)
    path = f"/api/v1/incidents/{ground.here.incident}/clip"
    with site.client(name) as client:
        assert client.get(path).status_code == 404
        for role, expected in ((Role.VIEWER, 403), (Role.POLICE, 200)):
            with site.database.session() as session:
                grants.give(session, user.id, Grant(role, HERE))
            assert client.get(path).status_code == expected
        with site.database.session() as session:
            grants.take(session, user.id, Grant(Role.POLICE, HERE))
        assert client.get(path).status_code == 403


def test_rights_cost_no_query_of_their_own(site: Site, ground: Ground) -> None:
    """Of who may see everything, and of who may see one area: as many statements for one camera as for all."""
    from sqlalchemy import event

    counts: dict[str, int] = {}
    [officer] = [each for each in people_of(ground, Role.POLICE) if each.area]
    [everywhere] = [each for each in people_of(ground, Role.POLICE) if each.area is None]
    statements: list[str] = []
    event.listen(site.database._engine, "before_cursor_execute", lambda *each: statements.append(each[2]))
    for who, client in (("area", officer.client), ("all", everywhere.client)):
        for path in ("cameras", "incidents"):
            counts[f"{path} {who}"] = min(_statements(statements, client, path) for _ in range(5))
    assert counts["incidents all"] + 1 == counts["incidents area"], "one more: which viewpoints are within reach"
    assert counts["cameras area"] <= counts["cameras all"] + 1


def _statements(seen: list[str], client: httpx.Client, path: str) -> int:
    """How many a request took. What the server does beside it (its feed, its duties) adds some at times: ask again."""
    seen.clear()
    assert client.get(f"/api/v1/{path}").status_code == 200
    return len(seen)


def test_a_second_site_is_no_way_around(
    migrated_url: str,
    bucket: Bucket,
    tmp_path: Any,  # noqa: ANN401  pytest's
) -> None:
    """Rights are in the database, not in a process: another server asks the same."""
    with running(migrated_url, bucket, tmp_path) as first, first.client() as admin:
        examples.put(first.database, first.cipher, examples.camera("gate-x", area=THERE))
        with first.database.session() as session:
            areas.ensure(session, HERE)
            accounts.create(session, "lan", PASSWORD, [Grant(Role.POLICE, HERE)])
        assert admin.get("/api/v1/cameras/gate-x").status_code == 200
        with running(migrated_url, bucket, tmp_path / "second") as second, second.client("lan") as client:
            assert client.get("/api/v1/cameras/gate-x").status_code == 404
