"""What an agency's accounts are granted ends at its areas, whoever grants what."""

from __future__ import annotations

import httpx
import pytest

from camsvc.config import AreaConfig
from camsvc.db.queries import accounts, agencies, areas, audit
from camsvc.db.queries.audit import Wanted
from camsvc.domain.account import Action, Agency, Grant, Role, Scope, User
from tests.api.conftest import PASSWORD, Site
from tests.db import examples

AGENCIES, USERS = "/api/v1/agencies", "/api/v1/users"
HERE, BELOW, THERE = "bac-ninh/yen-phong", "bac-ninh/yen-phong/cho", "bac-ninh/tu-son"


@pytest.fixture(scope="module", autouse=True)
def places(site: Site) -> None:
    with site.database.session() as session:
        for path in (HERE, BELOW, THERE):
            areas.put(session, AreaConfig(path=path, name=path))


def agency(admin: httpx.Client, name: str, *paths: str) -> int:
    answer = admin.post(AGENCIES, json={"name": name, "areas": list(paths) or None})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_an_agency_is_added_listed_changed_and_removed(admin: httpx.Client) -> None:
    made = agency(admin, "Công an Yên Phong", HERE)
    path = f"{AGENCIES}/{made}"
    changed = admin.put(path, json={"name": "CA Yên Phong", "areas": [HERE, THERE]})
    assert changed.json() == {"id": made, "name": "CA Yên Phong", "areas": [THERE, HERE]}
    assert [each for each in admin.get(AGENCIES).json()["items"] if each["id"] == made] == [
        {**changed.json(), "accounts": 0}
    ]
    assert admin.post(AGENCIES, json={"name": "CA Yên Phong"}).status_code == 409
    assert admin.post(AGENCIES, json={"name": "x", "areas": ["no/where"]}).json()["parameter"] == "areas"
    assert admin.delete(path).status_code == 204
    assert admin.delete(path).status_code == 404


def test_a_grant_everywhere_ends_at_the_agencys_areas_with_the_next_request(site: Site, admin: httpx.Client) -> None:
    name = site.account(Role.POLICE)
    here, there = (examples.camera(f"agency-{each}", area=area) for each, area in (("a", BELOW), ("b", THERE)))
    examples.put(site.database, site.cipher, here, there)
    with site.client(name) as client:
        seen = {each["id"] for each in client.get("/api/v1/cameras").json()["items"]}
        assert {here.id, there.id} <= seen
        made = agency(admin, "Yên Phong", HERE)
        told = admin.patch(f"{USERS}/{name}", json={"agency": made}).json()
        assert told["agency"] == {"id": made, "name": "Yên Phong"}
        seen = {each["id"] for each in client.get("/api/v1/cameras").json()["items"]}
        assert here.id in seen
        assert there.id not in seen
        assert client.get(f"/api/v1/cameras/{there.id}").status_code == 404
        assert client.get("/api/v1/auth/me").json()["actions"]["search"] == [HERE]
        assert admin.delete(f"{AGENCIES}/{made}").status_code == 409
        admin.patch(f"{USERS}/{name}", json={"agency": None})
        assert client.get(f"/api/v1/cameras/{there.id}").status_code == 200


def test_the_last_who_may_administer_everything_is_not_confined(site: Site, admin: httpx.Client) -> None:
    made = agency(admin, "District", HERE)
    assert admin.patch(f"{USERS}/admin", json={"agency": made}).status_code == 409
    wide = agency(admin, "Province")
    assert admin.patch(f"{USERS}/admin", json={"agency": wide}).status_code == 200
    assert admin.put(f"{AGENCIES}/{wide}", json={"name": "Province", "areas": [HERE]}).status_code == 409
    assert admin.patch(f"{USERS}/admin", json={"agency": None}).status_code == 200


def test_accounts_say_their_agency_wherever_they_are_read(site: Site, admin: httpx.Client) -> None:
    name = site.account(Role.POLICE)
    made = agency(admin, "Từ Sơn", THERE)
    admin.patch(f"{USERS}/{name}", json={"agency": made})
    with site.database.session() as session:
        expected = Agency(made, "Từ Sơn", (THERE,))
        assert accounts.find(session, name).agency == expected
        assert {each.name: each.agency for each in accounts.all_users(session)}[name] == expected
        assert agencies.of(session, [accounts.find(session, name).id]) == {accounts.find(session, name).id: expected}
    assert accounts.login(site.database, name, PASSWORD).agency == expected


def test_joining_and_changing_are_in_the_audit_chain(site: Site, admin: httpx.Client) -> None:
    name = site.account(Role.POLICE)
    made = agency(admin, "Audited", HERE)
    admin.patch(f"{USERS}/{name}", json={"agency": made})
    with site.database.session() as session:
        found = audit.entries(session, Wanted(), limit=5)
    told = {each.deed.what: each.deed.details for each in reversed(found)}
    assert told["agency.added"]["agency"] == "Audited"
    assert told["agency.joined"] == {"account": name, "agency": "Audited"}


@pytest.mark.parametrize(
    ("granted", "ends", "scope", "reaches"),
    [
        ((None,), None, None, None),
        ((None,), (HERE,), None, (HERE,)),
        ((BELOW,), (HERE,), None, (BELOW,)),
        ((HERE, THERE), (BELOW,), None, (BELOW,)),
        ((THERE,), (HERE,), None, ()),
        ((None,), (HERE, THERE), (BELOW,), (BELOW,)),
        ((), (HERE,), None, ()),
    ],
)
def test_grants_agency_and_scope_only_take_away(
    granted: tuple[str | None, ...],
    ends: tuple[str, ...] | None,
    scope: tuple[str, ...] | None,
    reaches: tuple[str, ...] | None,
) -> None:
    user = User(
        1,
        "lan",
        frozenset(Grant(Role.POLICE, each) for each in granted),
        scope=Scope(frozenset({Action.SEARCH}), scope) if scope else None,
        agency=Agency(1, "x", ends),
    )
    assert user.reach(Action.SEARCH).areas == reaches
    assert user.sees().areas == reaches
