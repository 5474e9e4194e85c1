"""Proving who one is over REST: codes, enrolment, recovery, policy, guessing, and changing a password."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pyotp
import pytest
from sqlalchemy import text

from camsvc.api.services import sign_in
from camsvc.api.services.sign_in import Origin
from camsvc.db.queries import accounts, audit, grants, second_factor
from camsvc.db.queries.accounts import LOCK_AFTER_FAILURES
from camsvc.domain.account import Grant, Role
from camsvc.domain.audit import Deed
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.embedded.s3 import EmbeddedS3
from tests.api.conftest import PASSWORD, Site, new_bucket, running, temporary_database

BASE = "/api/v1/auth"


class Codes:
    """An authenticator. Each code is new, as if half a minute went by: the server's clock is moved along."""

    def __init__(self, site: Site, secret: str) -> None:
        self._site, self._totp = site, pyotp.TOTP(secret)

    def next(self) -> str:
        self._site.clock.wall_shift += timedelta(seconds=30)
        return self._totp.at(self._site.clock.now())


def token(client: httpx.Client, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return client.post(f"{BASE}/token", data={"username": name, "password": password, **more})


def problem(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def set_up(site: Site, name: str) -> tuple[Codes, list[str]]:
    with site.client(name) as client:
        begun = client.post(f"{BASE}/second-factor", json={"password": PASSWORD})
        assert begun.status_code == 200, begun.text
        assert begun.headers["cache-control"] == "no-store"
        codes = Codes(site, begun.json()["secret"])
        assert begun.json()["uri"].startswith(f"otpauth://totp/camsvc:{name}?secret=")
        confirmed = client.post(f"{BASE}/second-factor/confirm", json={"code": codes.next()})
        assert confirmed.status_code == 200, confirmed.text
        return codes, confirmed.json()["recovery_codes"]


def fill(site: Site, sources: str) -> None:
    """Their buckets to the brim, and no time passes for them: a loaded machine is slower than they drain."""
    with site.database.session() as session:
        changed = "UPDATE log_in_failures SET level = CASE WHEN source LIKE 'device:%' THEN 10 ELSE 12 END"
        later = "at = clock_timestamp() + interval '1 hour' WHERE source LIKE :sources"
        session.execute(text(f"{changed}, {later}"), {"sources": f"{sources}%"})


def deeds(site: Site, name: str) -> list[Deed]:
    with site.database.session() as session:
        return [each.deed for each in audit.entries(session, audit.Wanted(user=name), limit=100)]


def test_without_a_second_factor_the_password_is_enough(site: Site, stranger: httpx.Client) -> None:
    name = site.account()
    assert token(stranger, name, totp="000000").status_code == 200
    with site.client(name) as client:
        assert client.get(f"{BASE}/second-factor").json() == {"since": None, "required": False, "recovery_codes": 0}


def test_with_one_the_password_alone_is_answered_with_what_is_missing(site: Site, stranger: httpx.Client) -> None:
    name = site.account()
    codes, _ = set_up(site, name)
    answer = token(stranger, name)
    assert (answer.status_code, problem(answer)) == (401, "second-factor-needed")
    assert "totp" in answer.json()["cure"]
    assert problem(token(stranger, name, "wrong password", totp=codes.next())) == "unauthenticated"
    right = codes.next()
    assert token(stranger, name, totp=right).status_code == 200
    again = token(stranger, name, totp=right)
    assert (again.status_code, problem(again)) == (401, "unauthenticated")
    form = {"username": name, "password": PASSWORD, "totp": codes.next()}
    assert stranger.post(f"{BASE}/login", data=form).status_code == 200
    assert stranger.get(f"{BASE}/second-factor").json()["recovery_codes"] == second_factor.RECOVERY_CODES


def test_a_recovery_code_lets_in_once(site: Site, stranger: httpx.Client) -> None:
    name = site.account()
    _, recovery = set_up(site, name)
    assert token(stranger, name, totp=recovery[0]).status_code == 200
    assert token(stranger, name, totp=recovery[0]).status_code == 401
    assert token(stranger, name, totp=recovery[1]).status_code == 200
    last = next(each for each in deeds(site, name) if each.what == "token.issued")
    assert last.details["by"] == "password and a recovery code"


def test_who_guesses_codes_is_slowed_down_whatever_the_clock_of_the_name_says(
    site: Site, stranger: httpx.Client
) -> None:
    name = site.account()
    set_up(site, name)
    for _ in range(second_factor.FREE_WRONG_CODES - 1):
        assert token(stranger, name, totp="abcdef").status_code == 401
    answer = token(stranger, name, totp="abcdef")
    assert (answer.status_code, problem(answer)) == (429, "locked-out")
    assert 0 < int(answer.headers["retry-after"]) <= 30


def test_right_passwords_without_a_code_do_not_reset_the_count_of_the_account(
    site: Site, stranger: httpx.Client
) -> None:
    name = site.account()
    codes, _ = set_up(site, name)
    for _ in range(LOCK_AFTER_FAILURES):
        assert token(stranger, name).status_code == 401
    assert problem(token(stranger, name, totp=codes.next())) == "unauthenticated"


def test_begun_and_not_confirmed_it_asks_for_nothing(site: Site, stranger: httpx.Client) -> None:
    name = site.account()
    with site.client(name) as client:
        assert client.post(f"{BASE}/second-factor", json={"password": PASSWORD}).status_code == 200
        wrong = client.post(f"{BASE}/second-factor/confirm", json={"code": "abcdef"})
        assert (wrong.status_code, problem(wrong)) == (422, "invalid-request")
    assert token(stranger, name).status_code == 200


def test_an_open_session_alone_changes_nothing(site: Site) -> None:
    name = site.account()
    with site.client(name) as client:
        wrong = client.post(f"{BASE}/second-factor", json={"password": "not the password"})
        assert (wrong.status_code, problem(wrong)) == (422, "invalid-request")
    codes, _ = set_up(site, name)
    with site.client(None) as client:
        client.headers["Authorization"] = f"Bearer {token(client, name, totp=codes.next()).json()['access_token']}"
        for path, body in (
            ("remove", {"password": "not the password", "code": codes.next()}),
            ("remove", {"password": PASSWORD, "code": "abcdef"}),
            ("recovery-codes", {"password": "not the password"}),
        ):
            assert client.post(f"{BASE}/second-factor/{path}", json=body).status_code == 422
        renewed = client.post(f"{BASE}/second-factor/recovery-codes", json={"password": PASSWORD}).json()
        assert len(renewed["recovery_codes"]) == second_factor.RECOVERY_CODES
        body = {"password": PASSWORD, "code": codes.next()}
        assert client.post(f"{BASE}/second-factor/remove", json=body).status_code == 204
        assert client.get(f"{BASE}/second-factor").json()["since"] is None
        assert token(client, name).status_code == 200
    whats = [each.what for each in deeds(site, name)]
    for what in ("second-factor.set-up", "recovery-codes.made", "second-factor.removed"):
        assert what in whats


def test_an_administrator_resets_it_for_who_lost_all(site: Site, admin: httpx.Client, stranger: httpx.Client) -> None:
    name = site.account()
    set_up(site, name)
    with site.client(site.account(Role.INVESTIGATOR)) as other:
        assert other.delete(f"/api/v1/users/{name}/second-factor").status_code == 403
    assert admin.delete(f"/api/v1/users/{name}/second-factor").status_code == 204
    assert admin.delete(f"/api/v1/users/{name}/second-factor").status_code == 204
    assert admin.delete("/api/v1/users/nobody-at-all/second-factor").status_code == 404
    assert token(stranger, name).status_code == 200
    resets = [each for each in deeds(site, "admin") if each.what == "second-factor.reset"]
    assert resets[0].details == {"account": name}


def test_changing_the_password_ends_all_other_log_ins(site: Site, stranger: httpx.Client) -> None:
    name, new = site.account(), "seven grey herons"
    with site.client(name) as here, site.client(name) as elsewhere:
        for body, parameter in (
            ({"old": "not the password", "new": new}, "password or code"),
            ({"old": PASSWORD, "new": PASSWORD}, "new"),
            ({"old": PASSWORD, "new": "short"}, "password"),
            ({"old": PASSWORD, "new": f"{name}-2026"}, "password"),
            ({"old": PASSWORD, "new": "matkhau12345"}, "password"),
        ):
            refused = here.post(f"{BASE}/password", json=body)
            assert (refused.status_code, refused.json()["parameter"]) == (422, parameter)
        assert here.post(f"{BASE}/password", json={"old": PASSWORD, "new": new}).status_code == 204
        assert here.get(f"{BASE}/me").status_code == 200
        assert elsewhere.get(f"{BASE}/me").status_code == 401
    assert token(stranger, name).status_code == 401
    assert token(stranger, name, new).status_code == 200
    assert any(each.what == "password.changed" for each in deeds(site, name))


def test_no_secret_or_code_is_in_the_audit(site: Site) -> None:
    name = site.account()
    _, recovery = set_up(site, name)
    told = str(deeds(site, name))
    assert all(each not in told for each in (*recovery, PASSWORD))


@pytest.fixture(scope="module")
def strict(
    embedded_postgres: EmbeddedPostgres,
    migrated_template: str,
    embedded_s3: EmbeddedS3,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """Where policy wants a second factor of administrators, and few failures fill an address's bucket."""
    settings = {"log_in": {"second_factor": ["investigator"], "failures_per_address": 12}}
    with (
        temporary_database(embedded_postgres, migrated_template) as url,
        running(url, new_bucket(embedded_s3), tmp_path_factory.mktemp("data"), **settings) as site,
    ):
        yield site


def test_where_policy_wants_one_who_has_none_is_not_let_in(strict: Site) -> None:
    with strict.client(None) as client:
        answer = token(client, strict.account(Role.INVESTIGATOR))
        assert (answer.status_code, problem(answer)) == (403, "second-factor-not-set-up")
        assert "/login" in answer.json()["cure"]
        assert token(client, strict.account(Role.POLICE)).status_code == 200


def test_where_policy_wants_one_it_cannot_be_removed(strict: Site) -> None:
    name = strict.account(Role.POLICE)
    codes, _ = set_up(strict, name)
    with strict.client(None) as client:
        client.headers["Authorization"] = f"Bearer {token(client, name, totp=codes.next()).json()['access_token']}"
        with strict.database.session() as session:
            grants.give(session, accounts.find(session, name).id, Grant(Role.INVESTIGATOR))
        assert client.get(f"{BASE}/second-factor").json()["required"] is True
        body = {"password": PASSWORD, "code": codes.next()}
        assert client.post(f"{BASE}/second-factor/remove", json=body).status_code == 403


def test_a_stranger_fills_the_bucket_of_an_address_but_not_that_of_a_known_browser(strict: Site) -> None:
    known, other = strict.account(), strict.account()
    form = {"username": known, "password": PASSWORD}
    with strict.client(None) as mine, strict.client(None) as foreign:
        assert mine.post(f"{BASE}/login", data=form).status_code == 200
        assert token(foreign, "guess", "wrong").status_code == 401
        fill(strict, "address:")
        refused = token(foreign, other)
        assert (refused.status_code, problem(refused)) == (429, "locked-out")
        assert 0 < int(refused.headers["retry-after"]) <= 6, "soon again: others share the address"
        assert mine.post(f"{BASE}/login", data=form).status_code == 200
        assert mine.post(f"{BASE}/login", data={**form, "username": other}).status_code == 429, (
            "a mark is of one account"
        )


def test_a_stranger_cannot_lock_an_account_out_of_the_browser_it_uses(site: Site) -> None:
    name = site.account()
    form = {"username": name, "password": PASSWORD}
    with site.client(None) as mine, site.client(None) as foreign:
        assert mine.post(f"{BASE}/login", data=form).status_code == 200
        for _ in range(LOCK_AFTER_FAILURES):
            assert token(foreign, name, "wrong").status_code == 401
        assert token(foreign, name).status_code == 429
        assert mine.post(f"{BASE}/login", data=form).status_code == 200
        origin = Origin("203.0.113.9", device=mine.cookies["camsvc_device"])
    assert sign_in._count(site.server, name, origin)[1]
    fill(site, "device:")
    bucket, is_known = sign_in._count(site.server, name, origin)
    assert (bucket.source, is_known) == ("address:203.0.113.9", False), "from there, too, guesses are bounded"


def test_an_altered_or_foreign_mark_is_none(site: Site) -> None:
    name, other = site.account(), site.account()
    with site.client(None) as mine, site.client(None) as foreign:
        assert mine.post(f"{BASE}/login", data={"username": other, "password": PASSWORD}).status_code == 200
        mark = mine.cookies["camsvc_device"]
        for _ in range(LOCK_AFTER_FAILURES):
            token(foreign, name, "wrong")
        for forged in (mark, mark[:-1] + ("A" if mark[-1] != "A" else "B"), "~~", "1.2.3", "9" * 5000):
            headers = {"Cookie": f"camsvc_device={forged}"}
            answer = foreign.post(f"{BASE}/login", data={"username": name, "password": PASSWORD}, headers=headers)
            assert answer.status_code == 429


def test_nobody_is_believed_who_says_from_where_they_come_but_a_trusted_proxy(
    embedded_postgres: EmbeddedPostgres,
    migrated_template: str,
    embedded_s3: EmbeddedS3,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    headers = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7", "X-Forwarded-Proto": "https"}
    for trusted, source in (([], "127.0.0.1"), (["127.0.0.0/8"], "203.0.113.7")):
        with (
            temporary_database(embedded_postgres, migrated_template) as url,
            running(
                url,
                new_bucket(embedded_s3),
                tmp_path_factory.mktemp("data"),
                server={"port": 0, "trusted_proxies": trusted},
            ) as site,
            site.client(None) as client,
        ):
            client.post(f"{BASE}/token", data={"username": "admin", "password": "wrong"}, headers=headers)
            refused = next(each for each in deeds(site, "admin") if each.what == "session.refused")
            assert refused.source == source


def test_with_passwords_off_only_the_first_administrator_has_one(
    embedded_postgres: EmbeddedPostgres,
    migrated_template: str,
    embedded_s3: EmbeddedS3,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    provider = {
        "issuer": "https://id.example",
        "client_id": "camsvc",
        "redirect_uri": "https://camsvc.example/login/provider/back",
    }
    with (
        temporary_database(embedded_postgres, migrated_template) as url,
        running(
            url, new_bucket(embedded_s3), tmp_path_factory.mktemp("data"), log_in={"passwords": False}, oidc=provider
        ) as site,
        site.client(None) as client,
    ):
        assert token(client, site.account(Role.ADMINISTRATOR)).status_code == 403
        assert token(client, "nobody").status_code == 403
        assert token(client, "admin").status_code == 200
