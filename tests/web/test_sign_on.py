"""Logging in with a real sign-in provider that is not ours, through its own pages, as a browser does it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from camsvc.api.access import COOKIE
from camsvc.api.services.openid import Provider
from camsvc.config import OidcSettings
from camsvc.db.queries import accounts, areas, audit
from camsvc.domain.account import Grant, Role
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.embedded.s3 import EmbeddedS3
from camsvc.web.pages import login
from camsvc.web.who import Who
from tests.api.conftest import PASSWORD, Site, new_bucket, running, temporary_database
from tests.oidc_provider import RealProvider

AREA = "bac-ninh/yen-phong"
GROUPS = {"officers": [f"police:{AREA}", "viewer:no/such/area"], "chiefs": ["administrator"]}


@pytest.fixture(scope="module")
def pages(
    embedded_postgres: EmbeddedPostgres,
    migrated_template: str,
    embedded_s3: EmbeddedS3,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A server with the pages of the log-in."""
    with (
        temporary_database(embedded_postgres, migrated_template) as url,
        running(url, new_bucket(embedded_s3), tmp_path_factory.mktemp("data")) as site,
    ):
        site.app.include_router(login.router(Who(site.clock)))
        with site.database.session() as session:
            areas.ensure(session, AREA)
        yield site


def use(site: Site, provider: RealProvider, **settings: object) -> None:
    wanted = OidcSettings.model_validate(provider.settings(site.url, **{"grants": GROUPS, **settings}))
    object.__setattr__(site.server, "provider", Provider(wanted, site.clock))
    object.__setattr__(site.server, "settings", site.settings.model_copy(update={"oidc": wanted}))


def sign_in(client: httpx.Client, person: str, start: str = "/login/provider?next=/incidents") -> httpx.Response:
    """Through the provider's pages, to the first answer of ours: its log-in asks for a name, then for consent."""
    answer = client.get(start)
    for _ in range(20):
        if answer.is_redirect:
            url = str(answer.next_request.url) if answer.next_request else ""
            answer = client.get(url)
        elif form := re.search(r'action="([^"]*/interaction/[^"]+)"', answer.text):
            prompt = "login" if 'name="login"' in answer.text else "consent"
            answer = client.post(form[1], data={"prompt": prompt, "login": person, "password": "any"})
        else:
            return answer
    raise AssertionError(f"led around in a circle: {answer.url}")


_browsers: list[httpx.Client] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while _browsers:
        _browsers.pop().close()


def browser(site: Site) -> httpx.Client:
    _browsers.append(httpx.Client(base_url=site.url, timeout=20))
    return _browsers[-1]


def log_in(site: Site, person: str) -> tuple[httpx.Response, httpx.Client]:
    client = browser(site)
    return sign_in(client, person), client


def grants(site: Site, name: str) -> set[str]:
    with site.database.session() as session:
        return {str(each) for each in accounts.find(session, name).grants}


@pytest.mark.parametrize("in_user_info", [False, True])
def test_who_the_provider_knows_is_logged_in_and_led_on(
    pages: Site, real_provider: RealProvider, in_user_info: bool
) -> None:
    real_provider.start(pages.url, in_user_info=in_user_info)
    use(pages, real_provider, create=True)
    name = f"lan-{in_user_info}".lower()
    answer, client = log_in(pages, f"{name}+officers")
    assert answer.status_code == 200, answer.text
    assert answer.headers["refresh"] == "0; url=/incidents"
    assert client.get("/session").json() == {"logged_in": True}
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(COOKIE))
    assert "SameSite=strict" in cookie
    assert grants(pages, name) == {f"police in {AREA}"}
    with pages.database.session() as session:
        found = audit.entries(session, audit.Wanted(user=name), limit=10)
    assert [each.deed.what for each in reversed(found)] == ["account.added", "grant.given", "session.begun"]


def test_groups_are_followed_and_what_was_granted_here_stays(pages: Site, real_provider: RealProvider) -> None:
    """The real provider's people cannot change groups: the link is moved to one who has others."""
    real_provider.start(pages.url)
    use(pages, real_provider)
    with pages.database.session() as session:
        accounts.create(session, "minh", PASSWORD, [Grant(Role.VIEWER, AREA)])
    for groups, held in (("+officers+chiefs", {f"police in {AREA}", "administrator everywhere"}), ("+other", set())):
        assert log_in(pages, f"minh{groups}")[0].status_code == 200
        assert grants(pages, "minh") == held | {f"viewer in {AREA}"}
        with pages.database.session() as session:
            session.execute(text("UPDATE provider_identities SET subject = 'minh+other' WHERE subject LIKE 'minh+%'"))


def test_a_known_account_is_linked_once_and_then_nobody_elses(pages: Site, real_provider: RealProvider) -> None:
    real_provider.start(pages.url)
    use(pages, real_provider)
    with pages.database.session() as session:
        accounts.create(session, "hoa", PASSWORD, [Role.POLICE])
    assert log_in(pages, "hoa")[0].status_code == 200
    assert log_in(pages, "hoa")[0].status_code == 200
    other, client = log_in(pages, "hoa+other")  # another subject that calls itself so
    assert other.status_code == 403
    assert "belongs to somebody else" in other.text
    assert client.get("/session").json() == {"logged_in": False}


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("stranger-here", "no account here"),
        ("admin", "belongs to somebody else"),
        ("Not A Name!", "no account here"),
        ("nobody-granted", "nothing has been granted"),
        ("gone", "disabled"),
    ],
)
def test_who_does_not_get_in_is_told_why(pages: Site, real_provider: RealProvider, person: str, words: str) -> None:
    real_provider.start(pages.url)
    use(pages, real_provider)
    with pages.database.session() as session:
        if person == "nobody-granted":
            accounts.create(session, person, PASSWORD, [])
        if person == "gone":
            user = accounts.create(session, person, PASSWORD, [Role.POLICE])
            accounts.set_disabled(session, user.id, disabled=True)
    answer, client = log_in(pages, person)
    assert answer.status_code == 403
    assert words in answer.text
    assert client.get("/session").json() == {"logged_in": False}


def test_only_the_browser_that_began_can_finish(pages: Site, real_provider: RealProvider) -> None:
    real_provider.start(pages.url)
    use(pages, real_provider, create=True)
    with httpx.Client(base_url=pages.url, timeout=20) as victim, httpx.Client(base_url=pages.url, timeout=20) as thief:
        thief.get("/login/provider")
        begun = victim.get("/login/provider")
        assert "code_challenge_method=S256" in begun.headers["location"]
        state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
        query = {"code": "stolen", "state": state, "iss": real_provider.issuer}
        for client, told in (
            (thief, query),
            (browser(pages), query),
            (victim, {**query, "state": "x"}),
        ):
            answer = client.get("/login/provider/back", params=told)
            assert answer.status_code == 401
            assert all(not each.startswith(f"{COOKIE}=") for each in answer.headers.get_list("set-cookie"))


def test_whoever_says_no_at_the_provider_is_told_so(pages: Site, real_provider: RealProvider) -> None:
    real_provider.start(pages.url)
    use(pages, real_provider)
    with httpx.Client(base_url=pages.url, timeout=20) as client:
        state = parse_qs(urlsplit(client.get("/login/provider").headers["location"]).query)["state"][0]
        query = {"error": "access_denied", "state": state, "iss": real_provider.issuer}
        answer = client.get("/login/provider/back", params=query)
    assert "cancelled" in answer.text


def test_while_the_provider_is_away_the_page_says_so(pages: Site, real_provider: RealProvider) -> None:
    use(pages, real_provider)  # not started
    with httpx.Client(base_url=pages.url, timeout=20) as client:
        answer = client.get("/login/provider")
        assert answer.status_code == 502
        assert "does not answer" in answer.text
        assert "Log in with Provincial police" in client.get("/login").text


def test_logging_out_leads_to_the_provider_too_where_wanted(pages: Site, real_provider: RealProvider) -> None:
    real_provider.start(pages.url)
    use(pages, real_provider, create=True, log_out=True)
    _, client = log_in(pages, "leaver+officers")
    answer = client.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert f"url={real_provider.issuer}/session/end?client_id=camsvc" in answer.headers["refresh"]
    assert client.get("/session").json() == {"logged_in": False}


def test_without_a_provider_its_pages_lead_to_the_log_in(pages: Site) -> None:
    object.__setattr__(pages.server, "provider", None)
    object.__setattr__(pages.server, "settings", pages.settings)
    with httpx.Client(base_url=pages.url) as client:
        assert client.get("/login/provider").headers["location"] == "/login"
        assert "/login/provider" not in client.get("/login").text
        assert client.get("/login/provider/back", params={"code": "x", "state": "y"}).status_code >= 400
