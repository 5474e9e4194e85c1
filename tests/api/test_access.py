from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from camsvc.api.app import OPENAPI_PATH, open_paths
from camsvc.db.queries import accounts
from camsvc.db.queries.accounts import LOCK_AFTER_FAILURES, LOCK_S
from camsvc.domain.account import Action, Role
from tests.api.conftest import PASSWORD, Site, running
from tests.servers import Bucket

PROBLEM = "application/problem+json"


def log_in(client: httpx.Client, name: str = "admin", password: str = PASSWORD, **headers: str) -> httpx.Response:
    return client.post("/api/v1/auth/login", data={"username": name, "password": password}, headers=headers)


def test_every_route_of_the_document_refuses_strangers(stranger: httpx.Client) -> None:
    document = stranger.get(OPENAPI_PATH).json()
    walked = 0
    for path, operations in document["paths"].items():
        filled = re.sub(r"\{\w+\}", "0199f6a0-0000-7000-8000-000000000000", path)
        for method in operations:
            if path in open_paths():
                continue
            answer = stranger.request(method, filled)
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
            assert answer.headers["content-type"] == PROBLEM
            assert answer.headers["www-authenticate"] == "Bearer"
            walked += 1
    assert walked >= 17


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_clips_refuse_strangers_whatever_the_method(stranger: httpx.Client, method: str) -> None:
    path = "/api/v1/incidents/0199f6a0-0000-7000-8000-000000000000/clip"
    assert stranger.request(method, path).status_code == 401


def test_no_page_of_documentation_loads_from_elsewhere(stranger: httpx.Client) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert stranger.get(path).status_code == 404


def test_a_token_opens_what_its_user_may(site: Site, stranger: httpx.Client) -> None:
    answer = stranger.post(
        "/api/v1/auth/token", data={"grant_type": "password", "username": "admin", "password": PASSWORD}
    )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()
    assert token["token_type"] == "bearer"
    assert token["expires_in"] == site.settings.server.session_ttl_h * 3600
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert stranger.get("/api/v1/auth/me", headers=headers).json() == {
        "name": "admin",
        "roles": ["administrator"],
        "grants": [{"role": "administrator", "area": None}],
        "actions": {each.value: None for each in Action},
    }


def test_a_token_that_ended_opens_nothing(site: Site) -> None:
    with site.client() as client:
        assert client.get("/api/v1/auth/me").status_code == 200
        assert client.post("/api/v1/auth/logout").status_code == 204
        assert client.get("/api/v1/auth/me").status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Bearer \xff", "Basic YTpi", "", "x" * 5000])
def test_a_wrong_token_is_refused_even_with_a_good_cookie(stranger: httpx.Client, header: str) -> None:
    assert log_in(stranger).status_code == 200
    assert stranger.get("/api/v1/auth/me").status_code == 200
    headers = [(b"Authorization", header.encode("latin-1"))]
    assert stranger.get("/api/v1/auth/me", headers=headers).status_code == 401


def test_a_bearer_token_is_no_session_and_a_session_no_bearer_token(stranger: httpx.Client) -> None:
    form = {"username": "admin", "password": PASSWORD}
    token = stranger.post("/api/v1/auth/token", data=form).json()["access_token"]
    assert stranger.get("/api/v1/auth/me", headers={"Cookie": f"camsvc_session={token}"}).status_code == 401
    log_in(stranger)
    session = stranger.cookies["camsvc_session"]
    stranger.cookies.clear()
    assert stranger.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {session}"}).status_code == 401


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(stranger: httpx.Client) -> None:
    cookie = log_in(stranger).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert stranger.get("/api/v1/auth/me").json()["name"] == "admin"


def test_behind_tls_the_cookie_is_for_this_host_over_tls_only(
    migrated_url: str, bucket: Bucket, tmp_path: Path
) -> None:
    secure = {"server": {"port": 0, "cookie_secure": True}}
    with running(migrated_url, bucket, tmp_path, **secure) as site, site.client(None) as client:
        answer = log_in(client)
        assert answer.headers["set-cookie"].startswith("__Host-camsvc_session=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "max-age=" in answer.headers["strict-transport-security"]


def test_logging_out_ends_the_session_and_clears_the_cookie(stranger: httpx.Client) -> None:
    log_in(stranger)
    session = stranger.cookies["camsvc_session"]
    answer = stranger.post("/api/v1/auth/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 204
    assert "camsvc_session" not in stranger.cookies
    assert stranger.get("/api/v1/auth/me", headers={"Cookie": f"camsvc_session={session}"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://HOST"},
    ],
)
def test_a_page_of_another_site_changes_nothing_with_our_cookie(
    stranger: httpx.Client, headers: dict[str, str]
) -> None:
    log_in(stranger)
    host = stranger.base_url.netloc.decode()
    headers = {name: value.replace("HOST", host) for name, value in headers.items()}
    answer = stranger.post("/api/v1/auth/logout", headers=headers)
    assert answer.status_code == 403
    assert stranger.get("/api/v1/auth/me").status_code == 200


def test_our_own_page_may_change_things_with_the_cookie(stranger: httpx.Client) -> None:
    host = stranger.base_url.netloc.decode()
    for headers in ({"Origin": f"http://{host}"}, {"Origin": f"https://{host}"}, {"Sec-Fetch-Site": "same-origin"}):
        log_in(stranger)
        assert stranger.post("/api/v1/auth/logout", headers=headers).status_code == 204


def test_another_site_cannot_log_a_visitor_in(stranger: httpx.Client) -> None:
    assert log_in(stranger, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert log_in(stranger, Origin="http://evil.example").status_code == 403
    assert log_in(stranger).status_code == 200


def test_reading_needs_no_origin(stranger: httpx.Client) -> None:
    log_in(stranger)
    assert stranger.get("/api/v1/cameras", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("exists", [True, False])
def test_guessing_is_locked_out_for_a_while_whether_the_name_exists_or_not(
    site: Site, stranger: httpx.Client, exists: bool
) -> None:
    name, other = site.account() if exists else "nobody", site.account()
    answers = [log_in(stranger, name, "wrong") for _ in range(LOCK_AFTER_FAILURES)]
    assert {answer.status_code for answer in answers} == {401}
    locked = log_in(stranger, name)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= LOCK_S
    assert locked.json()["type"].endswith("locked-out")
    form = {"username": name.upper(), "password": PASSWORD}
    assert stranger.post("/api/v1/auth/token", data=form).status_code == 429
    assert log_in(stranger, other).status_code == 200
    site.clock.shift_s += LOCK_S
    assert log_in(stranger, name, "wrong").status_code == 401


def test_one_success_forgives_former_failures(site: Site, stranger: httpx.Client) -> None:
    name = site.account()
    for failures in (LOCK_AFTER_FAILURES - 1, 1):
        for _ in range(failures):
            assert log_in(stranger, name, "wrong").status_code == 401
        assert log_in(stranger, name).status_code == 200


def test_wrong_name_and_wrong_password_are_answered_alike(site: Site, stranger: httpx.Client) -> None:
    known, unknown = log_in(stranger, site.account(), "wrong"), log_in(stranger, "nobody-else", "wrong")
    assert known.json() == unknown.json()


def test_only_an_administrator_changes_cameras_and_areas(site: Site) -> None:
    with site.client(site.account(Role.VIEWER, Role.INVESTIGATOR)) as viewer:
        assert viewer.get("/api/v1/cameras").status_code == 200
        for method, path in (
            ("POST", "/api/v1/cameras"),
            ("PUT", "/api/v1/cameras/bridge-01"),
            ("PATCH", "/api/v1/cameras/bridge-01"),
            ("DELETE", "/api/v1/cameras/bridge-01"),
            ("PUT", "/api/v1/areas/bac-ninh"),
        ):
            body = None if method == "DELETE" else {"name": "x"}
            assert viewer.request(method, path, json=body).status_code == 403, (method, path)


def test_a_disabled_account_is_out_at_once(site: Site) -> None:
    name = site.account()
    with site.client(name) as viewer:
        assert viewer.get("/api/v1/auth/me").status_code == 200
        with site.database.session() as session:
            user = next(each for each in accounts.all_users(session) if each.name == name)
            accounts.set_disabled(session, user.id, disabled=True)
        assert viewer.get("/api/v1/auth/me").status_code == 401


@pytest.mark.parametrize(
    ("form", "parameter"),
    [
        ({}, "username"),
        ({"username": "admin"}, "password"),
        ({"username": "a\0b", "password": "x"}, "username"),
        ({"username": "x" * 201, "password": "x"}, "username"),
        ({"username": "admin", "password": "x", "grant_type": "implicit"}, "grant_type"),
    ],
)
def test_a_malformed_log_in_is_told_what_is_wrong(stranger: httpx.Client, form: dict[str, str], parameter: str) -> None:
    answer = stranger.post("/api/v1/auth/token", data=form)
    assert answer.status_code == 422
    assert answer.json()["parameter"] == parameter
    assert answer.headers["content-type"] == PROBLEM
