"""What comes in a sign-in provider's name is believed only when every part of it holds: a provider that lies."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from camsvc.api.errors import ProviderAwayError, ProviderRefusedError
from camsvc.api.services.openid import KEYS_AGAIN_S, SKEW_S, Person, Provider
from camsvc.clock import SimulatedClock
from camsvc.config import OidcSettings

SECRET = "a secret of the tests, long enough for HMAC"
KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class Liar:
    """A provider over real HTTP whose every answer a test may change."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.keys = KeySet([KEY])
        self.claims: dict[str, Any] = {
            "iss": issuer,
            "aud": "camsvc",
            "sub": "person-1",
            "iat": int(NOW.timestamp()),
            "exp": int(NOW.timestamp()) + 300,
            "nonce": "the nonce",
            "preferred_username": "Lan",
            "groups": ["officers"],
        }
        self.sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
            {"alg": "RS256", "kid": "first"}, claims, KEY
        )
        self.about: dict[str, Any] = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize?realm=police",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": f"{issuer}/keys",
        }
        self.user_info: dict[str, Any] = {"sub": "person-1", "preferred_username": "minh"}
        self.status = 200
        self.asked: list[tuple[str, dict[str, str], str]] = []
        self.raw: bytes | None = None

    def answer(self, path: str) -> object:
        return {
            "/.well-known/openid-configuration": self.about,
            "/keys": self.keys.as_dict(private=False),
            "/token": {"access_token": "opaque", "token_type": "Bearer", "id_token": self.sign(self.claims)},
            "/userinfo": self.user_info,
        }[path]


@pytest.fixture
def liar() -> Iterator[Liar]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(size).decode()
            made.asked.append((self.path, dict(self.headers), body))
            content = made.raw if made.raw is not None else json.dumps(made.answer(self.path)).encode()
            self.send_response(made.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Liar(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def provider(liar: Liar, clock: SimulatedClock | None = None, **more: object) -> Provider:
    given = {
        "issuer": liar.issuer,
        "client_id": "camsvc",
        "client_secret": SECRET,
        "redirect_uri": "https://camsvc.example/login/provider/back",
        **more,
    }
    return Provider(OidcSettings.model_validate(given), clock or SimulatedClock(NOW))


def finish(asked: Provider, **answer: str) -> Person:
    return asked.finish({"code": "a code", "state": "the state", **answer}, "the state", "the nonce", "the verifier")


def test_the_browser_is_sent_with_everything_that_binds_the_answer_to_it(liar: Liar) -> None:
    begun = provider(liar).begin()
    url = urlsplit(begun.url)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert begun.url.startswith(f"{liar.issuer}/authorize?realm=police&")
    assert query["response_type"] == "code"
    assert query["state"] == begun.state
    assert query["nonce"] == begun.nonce
    assert query["code_challenge_method"] == "S256"
    assert begun.verifier not in begun.url
    assert len({begun.state, begun.nonce, begun.verifier, provider(liar).begin().state}) == 4
    for secret in (begun.state, begun.nonce, begun.verifier):
        assert secret not in repr(begun).replace(begun.url, "")


def test_a_good_answer_says_who_it_is(liar: Liar) -> None:
    assert finish(provider(liar)) == Person("person-1", "lan", frozenset({"officers"}))
    path, headers, body = next(each for each in liar.asked if each[0] == "/token")
    assert headers["Authorization"].startswith("Basic ")
    assert parse_qs(body)["code_verifier"] == ["the verifier"]
    assert SECRET not in path + body


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://other.example"},
        {"aud": "another-client"},
        {"aud": ["camsvc", "another-client"]},
        {"azp": "another-client"},
        {"nonce": "another nonce"},
        {"nonce": None},
        {"sub": None},
        {"exp": None},
        {"exp": int((NOW - timedelta(seconds=SKEW_S + 1)).timestamp())},
        {"iat": int((NOW + timedelta(seconds=SKEW_S + 2)).timestamp())},
        {"nbf": int((NOW + timedelta(seconds=SKEW_S + 2)).timestamp())},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_a_claim_that_does_not_hold_refuses_all(liar: Liar, change: dict[str, Any]) -> None:
    liar.claims = {name: value for name, value in (liar.claims | change).items() if value is not None}
    with pytest.raises(ProviderRefusedError):
        finish(provider(liar))


@pytest.mark.parametrize("seconds", [SKEW_S - 1, -(SKEW_S - 1)])
def test_clocks_may_differ_a_little(liar: Liar, seconds: int) -> None:
    shifted = int((NOW + timedelta(seconds=seconds)).timestamp())
    liar.claims |= {"iat": shifted, "exp": shifted + 1 if seconds < 0 else shifted + 300}
    assert finish(provider(liar)).subject == "person-1"


def _none(claims: dict[str, Any]) -> str:
    signed = jwt.encode({"alg": "RS256", "kid": "first"}, claims, KEY)
    header = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    return f"{header}.{signed.split('.')[1]}."


def _confused(claims: dict[str, Any]) -> str:
    """The public key, which everybody has, as the secret of an HMAC (CVE-2015-9235)."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"first"}').rstrip(b"=")
    said = header + b"." + jwt.encode({"alg": "RS256"}, claims, KEY).split(".")[1].encode()
    mac = hmac.digest(KEY.as_pem(private=False), said, hashlib.sha256)
    return (said + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


FORGERIES: dict[str, Callable[[dict[str, Any]], str]] = {
    "unsigned": _none,
    "signed with the client's secret": lambda claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET)),
    "signed with the public key as a secret": _confused,
    "another's key": lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, OTHER_KEY),
    "an unknown key": lambda claims: jwt.encode({"alg": "RS256", "kid": "second"}, claims, OTHER_KEY),
    "a key of its own": lambda claims: jwt.encode(
        {"alg": "RS256", "jwk": OTHER_KEY.as_dict(private=False)}, claims, OTHER_KEY
    ),
    "not a token": lambda _: "x.y.z",
    "nothing": lambda _: "",
}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_signature_that_is_not_the_providers_refuses_all(liar: Liar, forgery: str) -> None:
    liar.sign = FORGERIES[forgery]
    with pytest.raises(ProviderRefusedError) as caught:
        finish(provider(liar))
    assert SECRET not in str(caught.value)


def test_keys_that_rotate_are_asked_for_anew_but_not_by_everybody(liar: Liar) -> None:
    clock = SimulatedClock(NOW)
    asked = provider(liar, clock)
    finish(asked)
    new = ECKey.generate_key("P-256", {"kid": "third"})
    liar.sign = lambda claims: jwt.encode({"alg": "ES256", "kid": "third"}, claims, new)
    with pytest.raises(ProviderRefusedError):
        finish(asked)
    liar.keys = KeySet([new])
    clock.advance(KEYS_AGAIN_S + 1)
    assert finish(asked).subject == "person-1"
    before = len([each for each in liar.asked if each[0] == "/keys"])
    liar.sign = FORGERIES["an unknown key"]
    for _ in range(5):
        with pytest.raises(ProviderRefusedError):
            finish(asked)
    assert len([each for each in liar.asked if each[0] == "/keys"]) == before


@pytest.mark.parametrize(
    "answer", [{"state": "another"}, {"state": ""}, {"code": ""}, {"iss": "https://other.example"}]
)
def test_an_answer_to_another_question_is_refused_before_anything_is_asked(liar: Liar, answer: dict[str, str]) -> None:
    with pytest.raises(ProviderRefusedError):
        finish(provider(liar), **answer)
    assert all(path != "/token" for path, _, _ in liar.asked)


def test_a_provider_that_promises_its_name_in_the_answer_must_give_it(liar: Liar) -> None:
    liar.about["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(ProviderRefusedError):
        finish(provider(liar))
    assert finish(provider(liar), iss=liar.issuer).subject == "person-1"


def test_what_is_not_in_the_token_is_asked_for_and_believed_of_the_same_person_only(liar: Liar) -> None:
    del liar.claims["preferred_username"]
    assert finish(provider(liar)).name == "minh"
    liar.user_info["sub"] = "person-2"
    with pytest.raises(ProviderRefusedError):
        finish(provider(liar))


@pytest.mark.parametrize(
    ("claims", "settings", "name"),
    [
        ({"email": "Lan@Police.example"}, {"claim": "email", "domain": "police.example"}, "lan"),
        ({"email": "lan@evil.example"}, {"claim": "email", "domain": "police.example"}, None),
        ({"email": "lan"}, {"claim": "email", "domain": "police.example"}, None),
        ({"preferred_username": 7}, {}, None),
        ({"preferred_username": None}, {}, None),
    ],
)
def test_a_name_is_taken_only_as_the_settings_say(
    liar: Liar, claims: dict[str, Any], settings: dict[str, Any], name: str | None
) -> None:
    liar.claims |= claims
    assert finish(provider(liar, **settings)).name == name


def test_groups_may_lie_deeper_or_be_one(liar: Liar) -> None:
    liar.claims |= {"realm_access": {"roles": ["chiefs", 7]}, "team": "north"}
    assert finish(provider(liar, groups_claim="realm_access.roles")).groups == {"chiefs"}
    assert finish(provider(liar, groups_claim="team")).groups == {"north"}
    assert finish(provider(liar, groups_claim="team.x.y")).groups == frozenset()


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(liar: Liar) -> None:
    liar.about["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    finish(provider(liar))
    _, headers, body = next(each for each in liar.asked if each[0] == "/token")
    assert "Authorization" not in headers
    assert parse_qs(body)["client_secret"] == [SECRET]


def test_discovery_of_another_issuer_is_refused(liar: Liar) -> None:
    liar.about["issuer"] = "https://other.example"
    with pytest.raises(ProviderRefusedError, match="exactly"):
        provider(liar).begin()


def test_an_endpoint_without_tls_is_refused(liar: Liar) -> None:
    liar.about["token_endpoint"] = "http://id.example/token"
    with pytest.raises(ProviderRefusedError, match="https"):
        finish(provider(liar))


@pytest.mark.parametrize(
    ("status", "raw", "error"),
    [
        (500, b"{}", ProviderAwayError),
        (404, b"{}", ProviderRefusedError),
        (302, b"{}", ProviderRefusedError),
        (200, b"<html>", ProviderRefusedError),
        (200, b"[]", ProviderRefusedError),
        (200, b'{"a":"' + b"x" * 2_000_000 + b'"}', ProviderRefusedError),
    ],
)
def test_an_answer_that_is_none_is_bounded_and_named(
    liar: Liar, status: int, raw: bytes, error: type[Exception]
) -> None:
    liar.status, liar.raw = status, raw
    with pytest.raises(error):
        provider(liar).begin()


def test_nobody_there_is_away(liar: Liar) -> None:
    away = provider(liar, issuer="http://127.0.0.1:9")
    with pytest.raises(ProviderAwayError):
        away.begin()
    assert away.log_out_url() is None
