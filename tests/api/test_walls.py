from __future__ import annotations

import httpx

from camsvc.domain.account import Role
from camsvc.domain.wall import WALLS_MAX
from tests.api.conftest import Site

LAYOUT = {"tiles": 4, "cameras": ["gate-01", None, "gate-02"], "cycle_s": None}
GATE = {"name": "Cổng chính", **LAYOUT}


def test_a_wall_is_saved_listed_replaced_and_removed(site: Site) -> None:
    with site.client(site.account(Role.OPERATOR)) as client:
        assert client.get("/api/v1/walls").json() == {"items": []}
        first = client.put("/api/v1/walls/Cổng chính", json=LAYOUT)
        assert (first.status_code, first.json()) == (201, GATE)
        assert client.get("/api/v1/walls").json() == {"items": [GATE]}
        assert client.get("/api/v1/walls/Cổng chính").json() == GATE
        again = client.put("/api/v1/walls/Cổng chính", json={**GATE, "tiles": 9, "cycle_s": 20})
        assert (again.status_code, again.json()) == (200, {**GATE, "tiles": 9, "cycle_s": 20})
        assert client.delete("/api/v1/walls/Cổng chính").status_code == 204
        assert client.get("/api/v1/walls/Cổng chính").status_code == 404
        assert client.delete("/api/v1/walls/Cổng chính").status_code == 404


def test_nobody_sees_or_changes_the_wall_of_another(site: Site, admin: httpx.Client) -> None:
    with site.client(site.account(Role.OPERATOR)) as owner:
        owner.put("/api/v1/walls/mine", json=LAYOUT)
        assert admin.get("/api/v1/walls/mine").status_code == 404
        assert admin.delete("/api/v1/walls/mine").status_code == 404
        assert admin.put("/api/v1/walls/mine", json={**LAYOUT, "tiles": 25}).status_code == 201
        assert owner.get("/api/v1/walls/mine").json()["tiles"] == 4


def test_what_is_no_wall_is_refused_naming_what_is_wrong(admin: httpx.Client) -> None:
    for wrong, parameter in (
        ({**LAYOUT, "tiles": 5}, "tiles"),
        ({**LAYOUT, "cameras": ["No Camera"]}, "cameras.0"),
        ({**LAYOUT, "cameras": ["a"] * 501}, "cameras"),
        ({**LAYOUT, "cycle_s": 1}, "cycle_s"),
        ({**LAYOUT, "extra": 1}, "extra"),
        ({**LAYOUT, "name": "another"}, "name"),
    ):
        answer = admin.put("/api/v1/walls/wrong", json=wrong)
        assert answer.status_code == 422, answer.text
        assert answer.json()["parameter"] == parameter
    assert admin.put(f"/api/v1/walls/{'x' * 101}", json=LAYOUT).status_code == 422
    assert admin.get("/api/v1/walls/wrong").status_code == 404


def test_an_account_keeps_a_bounded_number_of_walls(site: Site) -> None:
    with site.client(site.account(Role.OPERATOR)) as client:
        for number in range(WALLS_MAX):
            assert client.put(f"/api/v1/walls/{number}", json=LAYOUT).status_code == 201
        assert client.put("/api/v1/walls/more", json=LAYOUT).status_code == 409
        assert client.put("/api/v1/walls/7", json=LAYOUT).status_code == 200
