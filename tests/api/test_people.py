"""Accounts, API tokens, sessions, what people say that they do it for, and the audit, over REST."""

from __future__ import annotations

import itertools
import json
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import text

from camsvc.db.queries import accounts, areas, audit
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Action, Grant, Role
from camsvc.domain.audit import Outcome, Record
from tests.api.conftest import PASSWORD, Site
from tests.db import examples

HERE, BELOW, THERE = "bac-ninh/yen-phong", "bac-ninh/yen-phong/cho", "bac-ninh/tu-son"
_numbers = itertools.count(1)


def person(site: Site, *given: Grant) -> str:
    name = f"person-{next(_numbers)}"
    with site.database.session() as session:
        for each in (HERE, BELOW, THERE):
            areas.ensure(session, each)
        accounts.create(session, name, PASSWORD, list(given))
    return name


def token(client: httpx.Client, *actions: str, **wish: object) -> tuple[int, httpx.Headers]:
    """Its id, and the headers that it is sent with."""
    answer = client.post("/api/v1/tokens", json={"name": "a program", "actions": list(actions), **wish})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], httpx.Headers({"Authorization": f"Bearer {answer.json()['token']}"})


def newest(site: Site, **wanted: object) -> Record:
    with site.database.session() as session:
        [record] = audit.entries(session, Wanted(**wanted), limit=1)  # type: ignore[arg-type]
    return record


class TestTokens:
    def test_a_token_does_what_it_is_for_where_it_is_for_and_no_more(self, site: Site, stranger: httpx.Client) -> None:
        for area in (HERE, BELOW, THERE):
            examples.put(site.database, site.cipher, examples.camera(f"cam-{area.rpartition('/')[2]}", area=area))
        with site.client(person(site, Grant(Role.INVESTIGATOR))) as client:
            _, search = token(client, "search", areas=[HERE])
            _, hold = token(client, "hold")
        assert stranger.get("/api/v1/incidents", headers=search).status_code == 200
        assert stranger.get("/api/v1/incidents", headers=hold).status_code == 403
        cameras = stranger.get("/api/v1/cameras", headers=search).json()["items"]
        assert {each["area"] for each in cameras} == {HERE, BELOW}
        assert stranger.get(f"/api/v1/areas/{THERE}", headers=search).status_code == 404
        me = stranger.get("/api/v1/auth/me", headers=search).json()
        assert me["actions"] == {"search": [HERE]}

    def test_a_grant_that_ends_ends_for_the_token_too(
        self, site: Site, stranger: httpx.Client, admin: httpx.Client
    ) -> None:
        name = person(site, Grant(Role.POLICE))
        with site.client(name) as client:
            _, headers = token(client, "search")
        assert stranger.get("/api/v1/incidents", headers=headers).status_code == 200
        assert admin.delete(f"/api/v1/users/{name}/grants/police").status_code == 200
        assert stranger.get("/api/v1/incidents", headers=headers).status_code == 403

    def test_it_is_shown_once_listed_with_its_last_use_and_revoked(self, site: Site, stranger: httpx.Client) -> None:
        name = person(site, Grant(Role.POLICE))
        with site.client(name) as client:
            answer = client.post("/api/v1/tokens", json={"name": " cổng  ", "actions": ["search"], "days": 2})
            assert answer.headers["cache-control"] == "no-store"
            made = answer.json()
            [listed] = client.get("/api/v1/tokens").json()["items"]
            assert listed == {member: value for member, value in made.items() if member != "token"}
            assert (listed["name"], listed["last_seen_at"], listed["actions"]) == ("cổng", None, ["search"])
            headers = {"Authorization": f"Bearer {made['token']}", "User-Agent": "gate/1.0"}
            assert stranger.get("/api/v1/auth/me", headers=headers).status_code == 200
            [listed] = client.get("/api/v1/tokens").json()["items"]
            assert listed["last_seen_at"] is not None
            assert (listed["source"], listed["agent"]) == ("127.0.0.1", "gate/1.0")
            assert client.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
            assert client.delete(f"/api/v1/tokens/{made['id']}").status_code == 404
            assert stranger.get("/api/v1/auth/me", headers=headers).status_code == 401
        record = newest(site, user=name)
        assert (record.deed.what, record.deed.details["name"]) == ("token.revoked", "cổng")
        assert made["token"] not in repr(record)

    def test_its_last_use_is_written_once_a_minute(self, site: Site, stranger: httpx.Client) -> None:
        with site.client(person(site, Grant(Role.POLICE))) as client:
            id_, headers = token(client, "search")
        stranger.get("/api/v1/auth/me", headers=headers)
        with site.database.session() as session:
            query = text("SELECT last_seen_at, xmin::text FROM tokens WHERE id = :id")
            first = session.execute(query, {"id": id_}).one()
        stranger.get("/api/v1/auth/me", headers=headers)
        with site.database.session() as session:
            assert session.execute(query, {"id": id_}).one() == first

    def test_a_token_makes_no_token_and_ends_nobody(self, site: Site, stranger: httpx.Client) -> None:
        name = person(site, Grant(Role.ADMINISTRATOR, HERE))
        with site.client(name) as client:
            id_, headers = token(client, *(each.value for each in Action))
            other, _ = token(client, "search")
            wish = {"name": "more", "actions": ["search"]}
            assert stranger.post("/api/v1/tokens", json=wish, headers=headers).status_code == 403
            assert newest(site, user=name).deed.outcome is Outcome.REFUSED
            assert stranger.delete("/api/v1/sessions", headers=headers).status_code == 403
            assert stranger.delete(f"/api/v1/tokens/{other}", headers=headers).status_code == 403
            change = {"old": PASSWORD, "new": "another fine password"}
            assert stranger.post("/api/v1/auth/password", json=change, headers=headers).status_code == 403
            assert stranger.post(f"/api/v1/users/{name}/password", headers=headers).status_code == 403
            assert stranger.delete(f"/api/v1/tokens/{id_}", headers=headers).status_code == 204
            assert client.get("/api/v1/auth/me").status_code == 200

    @pytest.mark.parametrize(
        ("wish", "parameter"),
        [
            ({"actions": ["export"]}, "actions"),
            ({"actions": []}, "actions"),
            ({"actions": ["fly"]}, "actions.0"),
            ({"areas": [THERE]}, "areas"),
            ({"areas": []}, "areas"),
            ({"days": 366}, "days"),
            ({"days": 0}, "days"),
            ({"name": "  "}, "name"),
            ({"name": "x\0"}, "name"),
        ],
    )
    def test_what_cannot_be_is_refused_by_name(self, site: Site, wish: dict[str, object], parameter: str) -> None:
        with site.client(person(site, Grant(Role.POLICE, HERE))) as client:
            answer = client.post("/api/v1/tokens", json={"name": "x", "actions": ["search"], **wish})
        assert answer.status_code == 422, answer.text
        assert answer.json()["parameter"] == parameter

    def test_a_foreign_area_and_one_that_never_was_are_refused_in_the_same_words(self, site: Site) -> None:
        with site.client(person(site, Grant(Role.POLICE, HERE))) as client:
            texts = set()
            for area in (THERE, "bac-ninh/never"):
                wish = {"name": "x", "actions": ["search"], "areas": [area]}
                texts.add(client.post("/api/v1/tokens", json=wish).text.replace(area, "AREA"))
        assert len(texts) == 1

    def test_others_tokens_do_not_exist_but_for_administrators(self, site: Site, admin: httpx.Client) -> None:
        name = person(site, Grant(Role.POLICE))
        with site.client(name) as client, site.client(person(site, Grant(Role.POLICE))) as other:
            id_, _ = token(client, "search")
            assert other.delete(f"/api/v1/tokens/{id_}").text == other.delete("/api/v1/tokens/999999").text
            assert other.get("/api/v1/tokens", params={"user": name}).status_code == 403
            assert other.get("/api/v1/tokens", params={"all": "true"}).status_code == 403
            assert [each["id"] for each in admin.get("/api/v1/tokens", params={"user": name}).json()["items"]] == [id_]
            assert id_ in [each["id"] for each in admin.get("/api/v1/tokens", params={"all": "true"}).json()["items"]]
            assert admin.delete(f"/api/v1/tokens/{id_}").status_code == 204


class TestSessions:
    def test_they_are_listed_with_where_they_are_from_and_ended(self, site: Site) -> None:
        name = person(site, Grant(Role.POLICE))
        with (
            site.client(name, headers={"User-Agent": "one/1"}) as one,
            site.client(name) as two,
            site.client(name) as three,
        ):
            found = one.get("/api/v1/sessions").json()["items"]
            assert [each["current"] for each in found].count(True) == 1
            [mine] = [each for each in found if each["current"]]
            assert (mine["source"], mine["agent"], mine["kind"]) == ("127.0.0.1", "one/1", "bearer")
            [theirs] = [each for each in two.get("/api/v1/sessions").json()["items"] if each["current"]]
            assert one.delete(f"/api/v1/sessions/{theirs['id']}").status_code == 204
            assert two.get("/api/v1/auth/me").status_code == 401
            assert one.delete("/api/v1/sessions").json() == {"ended": 1}
            assert three.get("/api/v1/auth/me").status_code == 401
            assert one.get("/api/v1/auth/me").status_code == 200
            assert one.delete("/api/v1/sessions").json() == {"ended": 0}

    def test_api_tokens_outlive_the_end_of_sessions(self, site: Site, stranger: httpx.Client) -> None:
        with site.client(person(site, Grant(Role.POLICE))) as client:
            _, headers = token(client, "search")
            client.delete("/api/v1/sessions")
        assert stranger.get("/api/v1/auth/me", headers=headers).status_code == 200


class TestUsers:
    def test_an_account_is_added_with_a_password_shown_once_that_must_be_changed(
        self, site: Site, admin: httpx.Client, stranger: httpx.Client
    ) -> None:
        wish = {"name": "Lan.Nguyen", "full_name": "Nguyễn Thị Lan", "email": "lan@example.vn"}
        answer = admin.post("/api/v1/users", json={**wish, "grants": [{"role": "police", "area": None}]})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert (made["name"], made["must_change_password"]) == ("lan.nguyen", True)
        assert answer.headers["location"] == "/api/v1/users/lan.nguyen"
        form = {"username": "lan.nguyen", "password": made["password"]}
        headers = {"Authorization": f"Bearer {stranger.post('/api/v1/auth/token', data=form).json()['access_token']}"}
        refused = stranger.get("/api/v1/incidents", headers=headers)
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "password-change-needed")
        change = {"old": made["password"], "new": "con trâu đi trước"}
        assert stranger.post("/api/v1/auth/password", json=change, headers=headers).status_code in {200, 204}
        assert stranger.get("/api/v1/incidents", headers=headers).status_code == 200
        told = admin.get("/api/v1/users/lan.nguyen").json()
        assert told["must_change_password"] is False
        assert made["password"] not in json.dumps(told)
        assert admin.post("/api/v1/users", json=wish).status_code == 409

    def test_they_are_listed_by_name_page_by_page_and_found_by_parts_of_words(
        self, site: Site, admin: httpx.Client
    ) -> None:
        for name in ("zed-1", "zed-2", "zed-3"):
            made = admin.post("/api/v1/users", json={"name": name, "full_name": f"Trần {name} 100%"})
            assert made.status_code == 201
        names: list[str] = []
        cursor: str | None = None
        while True:
            query: dict[str, str | int] = {"words": "zed trần", "limit": 2, **({"cursor": cursor} if cursor else {})}
            page = admin.get("/api/v1/users", params=query).json()
            names += [each["name"] for each in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert names == ["zed-1", "zed-2", "zed-3"]
        assert len(admin.get("/api/v1/users", params={"words": "zed 100%"}).json()["items"]) == 3
        assert admin.get("/api/v1/users", params={"words": "zed 1_0%"}).json()["items"] == []

    def test_details_change_and_the_record_says_which(self, site: Site, admin: httpx.Client) -> None:
        name = person(site)
        path = f"/api/v1/users/{name}"
        assert admin.patch(path, json={"full_name": "  Lê  Văn A "}).json()["full_name"] == "Lê Văn A"
        assert newest(site, what="account.changed").deed.details == {"account": name, "changed": ["full_name"]}
        assert admin.patch(path, json={"full_name": ""}).json()["full_name"] is None
        assert admin.patch(path, json={"email": "no address"}).json()["parameter"] == "email"
        assert admin.patch(path, json={"name": "other"}).status_code == 422
        assert admin.patch("/api/v1/users/never-was", json={}).status_code == 404

    def test_disabling_ends_everything_at_once_and_is_done_twice_without_harm(
        self, site: Site, admin: httpx.Client, stranger: httpx.Client
    ) -> None:
        name = person(site, Grant(Role.POLICE))
        with site.client(name) as client:
            _, headers = token(client, "search")
            for _ in range(2):
                assert admin.patch(f"/api/v1/users/{name}", json={"disabled": True}).json()["disabled"] is True
            assert client.get("/api/v1/auth/me").status_code == 401
            assert stranger.get("/api/v1/auth/me", headers=headers).status_code == 401
        with site.database.session() as session:
            found = audit.entries(session, Wanted(what="account.disabled"), limit=10)
        assert [each.deed.details["account"] for each in found].count(name) == 1
        assert admin.patch(f"/api/v1/users/{name}", json={"disabled": False}).json()["disabled"] is False

    def test_grants_are_given_and_taken_twice_without_harm(self, site: Site, admin: httpx.Client) -> None:
        name = person(site)
        path = f"/api/v1/users/{name}/grants/police"
        for _ in range(2):
            assert admin.put(path, params={"area": HERE}).json()["grants"] == [{"role": "police", "area": HERE}]
        assert admin.put(path, params={"area": "bac-ninh/never"}).status_code == 422
        assert len(admin.delete(path).json()["grants"]) == 1, "everywhere is another grant"
        for _ in range(2):
            assert admin.delete(path, params={"area": HERE}).json()["grants"] == []
        assert admin.put(f"/api/v1/users/{name}/grants/king").status_code == 422
        with site.database.session() as session:
            told = [each.deed.details for each in audit.entries(session, Wanted(what="grant.given"), limit=50)]
        assert told.count({"account": name, "grants": [f"police in {HERE}"]}) == 1

    def test_the_last_administrator_stays(self, own_site: Site) -> None:
        with own_site.client() as admin:
            for method, path, body in (
                ("PATCH", "/api/v1/users/admin", {"disabled": True}),
                ("DELETE", "/api/v1/users/admin/grants/administrator", None),
            ):
                answer = admin.request(method, path, json=body)
                assert answer.status_code == 409, answer.text
            assert admin.get("/api/v1/users/admin").json()["roles"] == ["administrator"]

    def test_text_that_cannot_be_stored_is_refused_wherever_it_stands(self, admin: httpx.Client) -> None:
        for wish in ({"name": "x\0"}, {"full_name": "\ud800"}, {"grants": [{"role": "police", "area": "\udfff"}]}):
            body = json.dumps({"name": "unstorable", **wish})
            headers = {"Content-Type": "application/json"}
            assert admin.post("/api/v1/users", content=body, headers=headers).status_code == 422
        assert admin.get("/api/v1/users/unstorable").status_code == 404

    def test_a_program_s_token_administers_but_sets_no_password(
        self, site: Site, admin: httpx.Client, stranger: httpx.Client
    ) -> None:
        name = person(site)
        _, headers = token(admin, "administer")
        assert stranger.put(f"/api/v1/users/{name}/grants/police", headers=headers).status_code == 200
        assert stranger.post(f"/api/v1/users/{name}/password", headers=headers).status_code == 403
        assert stranger.get("/api/v1/incidents", headers=headers).status_code == 403

    def test_a_reset_password_ends_sessions_and_must_be_changed(self, site: Site, admin: httpx.Client) -> None:
        name = person(site, Grant(Role.POLICE))
        with site.client(name) as client:
            made = admin.post(f"/api/v1/users/{name}/password").json()["password"]
            assert client.get("/api/v1/auth/me").status_code == 401
        assert len(made) == 19
        assert made not in repr(newest(site, what="password.set"))
        assert admin.get(f"/api/v1/users/{name}").json()["must_change_password"] is True


@pytest.fixture
def asking(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Policy asks a purpose for searching and playing, and a case number for playing."""
    changed = {"purpose": (Action.SEARCH, Action.REPLAY), "case_number": (Action.REPLAY,)}
    for name, value in changed.items():
        monkeypatch.setitem(site.server.settings.policy.__dict__, name, value)


@pytest.mark.usefixtures("asking")
class TestReasons:
    PURPOSE = "điều tra vụ trộm"

    def test_without_a_purpose_it_is_refused_saying_so_and_with_one_it_is_recorded(self, site: Site) -> None:
        name = person(site, Grant(Role.POLICE))
        with site.client(name) as client:
            refused = client.get("/api/v1/incidents")
            problem = refused.json()
            assert (refused.status_code, problem["type"].rpartition(":")[2]) == (403, "reason-needed")
            assert (problem["parameter"], "Camsvc-Purpose" in problem["cure"]) == ("Camsvc-Purpose", True)
            headers = {"Camsvc-Purpose": quote(self.PURPOSE), "Camsvc-Case": "12%2F2026"}
            assert client.get("/api/v1/incidents", headers=headers).status_code == 200
            assert client.get("/api/v1/cameras").status_code == 200, "nothing is asked for this"
        record = newest(site, user=name, what="incidents.searched")
        assert (record.deed.purpose, record.deed.case_number) == (self.PURPOSE, "12/2026")

    def test_each_right_asks_for_its_own(self, site: Site) -> None:
        camera = site.camera()
        incident = site.recorded(b"footage", camera_=camera)
        with site.client(person(site, Grant(Role.POLICE))) as client:
            only = {"Camsvc-Purpose": "patrol"}
            refused = client.get(f"/api/v1/incidents/{incident.id}/clip", headers=only)
            assert refused.json()["parameter"] == "Camsvc-Case"
            both = {**only, "Camsvc-Case": "7"}
            assert client.get(f"/api/v1/incidents/{incident.id}/clip", headers=both).status_code == 200
            assert client.get(f"/api/v1/incidents/{incident.id}", headers=only).status_code == 200

    def test_who_lacks_the_right_learns_that_first(self, site: Site) -> None:
        with site.client(person(site)) as client:
            assert client.get("/api/v1/incidents").json()["type"].endswith(":forbidden")

    @pytest.mark.parametrize("value", ["%ff", "x" * 301, "a%00b", "%20%20"])
    def test_what_cannot_be_read_is_refused_by_name(self, site: Site, value: str) -> None:
        with site.client(person(site, Grant(Role.POLICE))) as client:
            answer = client.get("/api/v1/incidents", headers={"Camsvc-Purpose": value})
        assert answer.status_code == (403 if value == "%20%20" else 422)
        assert answer.json()["parameter"] == "Camsvc-Purpose"


class TestAudit:
    def test_conditions_pages_and_files_tell_the_same(self, site: Site, admin: httpx.Client) -> None:
        name = person(site, Grant(Role.POLICE))
        with site.client(name) as client:
            for case in ("A-1", "A-2", "A-1"):
                assert client.get("/api/v1/incidents", headers={"Camsvc-Case": case}).status_code == 200
        query = {"user": name, "kind": "search", "case": "A-1"}
        found = admin.get("/api/v1/audit", params=query).json()
        assert [each["case_number"] for each in found["items"]] == ["A-1", "A-1"]
        assert found["next_cursor"] is None
        first = admin.get("/api/v1/audit", params={**query, "limit": 1}).json()
        second = admin.get("/api/v1/audit", params={**query, "limit": 1, "cursor": first["next_cursor"]}).json()
        assert first["items"] + second["items"] == found["items"]
        lines = admin.get("/api/v1/audit", params={**query, "format": "jsonl"})
        assert [json.loads(line) for line in lines.text.splitlines()] == found["items"]
        csv = admin.get("/api/v1/audit", params={**query, "format": "csv"})
        assert len(csv.text.splitlines()) == 3
        assert "attachment" in csv.headers["content-disposition"]
        told = newest(site, what="audit.read").deed.details
        assert told == {"user": name, "kind": "search", "case": "A-1", "format": "csv", "all": True}

    def test_times_and_outcomes_narrow_it(self, site: Site, admin: httpx.Client) -> None:
        name = person(site)
        with site.client(name) as client:
            client.get("/api/v1/incidents")
        [refused] = admin.get("/api/v1/audit", params={"user": name, "outcome": "refused"}).json()["items"]
        assert refused["what"] == "access.refused"
        after = {"user": name, "from": refused["at"]}
        assert admin.get("/api/v1/audit", params=after).json()["items"] == [refused]
        assert refused not in admin.get("/api/v1/audit", params={"user": name, "to": refused["at"]}).json()["items"]
        assert admin.get("/api/v1/audit", params={"from": "yesterday"}).json()["parameter"] == "from"

    def test_the_chain_is_proved_and_its_head_is_an_anchor(self, site: Site, admin: httpx.Client) -> None:
        head = admin.get("/api/v1/audit/head").json()
        assert head["head"] == f"{head['seq']}:{head['hash']}"
        verdict = admin.get("/api/v1/audit/verify", params={"anchor": head["head"]}).json()
        assert verdict["ok"] is True
        assert verdict["records"] >= head["seq"]
        other = f"{head['seq']}:{'0' * 64}"
        broken = admin.get("/api/v1/audit/verify", params={"anchor": other}).json()["broken"]
        assert (broken["seq"], broken["fault"]) == (head["seq"], "rewritten")
        assert admin.get("/api/v1/audit/verify", params={"anchor": "nonsense"}).status_code == 422

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ("UPDATE audit SET purpose = 'another' WHERE seq = :seq", "altered"),
            ("DELETE FROM audit WHERE seq = :seq", "missing"),
            (
                "UPDATE audit SET seq = CASE seq WHEN :seq THEN 1000000 ELSE seq END WHERE seq = :seq;"
                "UPDATE audit SET seq = :seq WHERE seq = :seq + 1; UPDATE audit SET seq = :seq + 1 WHERE seq = 1000000",
                "moved",
            ),
        ],
    )
    def test_one_record_altered_removed_or_moved_is_named(self, own_site: Site, change: str, fault: str) -> None:
        """By somebody who owns the tables and drops the triggers; a sealed chain does not even let them."""
        with own_site.client() as admin:
            for _ in range(5):
                admin.get("/api/v1/incidents")
            seq = admin.get("/api/v1/audit/head").json()["seq"] - 3
            with own_site.database.session() as session:
                session.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
                for statement in change.split(";"):
                    session.execute(text(statement), {"seq": seq})
            verdict = admin.get("/api/v1/audit/verify").json()
        assert verdict["ok"] is False
        assert (verdict["broken"]["seq"], verdict["broken"]["fault"]) == (seq, fault)
        assert verdict["records"] == seq - 1
