"""The protocol with a sign-in provider: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636).

The provider is found by discovery; its answers are bounded in time and size, and nothing of them is believed before the
ID token's signature, issuer, audience, nonce and times were checked.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from camsvc import log
from camsvc.api.errors import ProviderAwayError, ProviderRefusedError
from camsvc.clock import Clock
from camsvc.config import LOOPBACK, OidcSettings

TIMEOUT_S = 8.0
"""For each answer of the provider; a person waits for it."""
ANSWER_MAX_BYTES = 1024 * 1024
METADATA_AGE_S = 3600.0
"""How long what discovery said is believed."""
KEYS_AGE_S = 3600.0
KEYS_AGAIN_S = 10.0
"""A token with an unknown key makes us ask for keys anew (they rotate), but not more often: anybody can send one."""
SKEW_S = 60
"""That the provider's clock may be ahead or behind."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures with the provider's own key. Never "none", nor HMAC with a secret that we too have."""
RANDOM_BYTES = 32

_SIGNATURES = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
"""Providers put words of their own beside the signature; those marked critical (RFC 7515 §4.1.11) are refused."""

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Begun:
    """A log-in that was begun. All but ``url`` is kept in the browser that began it, encrypted."""

    url: str
    """Where the browser goes."""
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Who it is, as the provider says."""

    subject: str
    name: str | None
    """Of their account; None: the provider says none that fits."""
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Read:
    value: Any
    at_s: float


class Provider:
    """One provider. Any thread may call any method; each blocks for at most some answers of the provider."""

    def __init__(self, settings: OidcSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: _Read | None = None
        self._keys: _Read | None = None

    @property
    def settings(self) -> OidcSettings:
        return self._settings

    def begin(self) -> Begun:
        """Raises ProviderAwayError."""
        state, nonce = secrets.token_urlsafe(RANDOM_BYTES), secrets.token_urlsafe(RANDOM_BYTES)
        verifier = secrets.token_urlsafe(RANDOM_BYTES)
        url = prepare_grant_uri(
            self._endpoint("authorization_endpoint"),
            client_id=self._settings.client_id,
            response_type="code",
            redirect_uri=self._settings.redirect_uri,
            scope=" ".join(self._settings.scopes),
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Begun(url, state, nonce, verifier)

    def finish(self, answer: Mapping[str, str], state: str, nonce: str, verifier: str) -> Person:
        """``answer``: the query that the browser brought back. Raises ProviderAwayError, ProviderRefusedError."""
        self._check_answer(answer, state)
        tokens = self._exchange(answer["code"], verifier)
        access_token = tokens.get("access_token")
        claims = self._claims(tokens.get("id_token"), nonce, access_token)
        if access_token and not {self._settings.claim, self._settings.groups_claim.partition(".")[0]} <= claims.keys():
            claims = self._user_info(str(access_token), claims) | claims
        return self._person(claims)

    def log_out_url(self) -> str | None:
        """Where the browser logs out at the provider (RP-Initiated Logout 1.0); None where that is not offered."""
        try:
            endpoint = self._endpoint("end_session_endpoint")
        except (ProviderAwayError, ProviderRefusedError) as error:
            _log.warning("log-out at the provider is not offered", reason=str(error))
            return None
        ours = urlsplit(self._settings.redirect_uri)
        back = f"{ours.scheme}://{ours.netloc}/login"
        query = urlencode({"client_id": self._settings.client_id, "post_logout_redirect_uri": back})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    def _check_answer(self, answer: Mapping[str, str], state: str) -> None:
        if not secrets.compare_digest(answer.get("state", "").encode(), state.encode()):
            raise ProviderRefusedError("the answer is not to what was asked (state)")
        issuer = answer.get("iss")
        must_say = self._about().get("authorization_response_iss_parameter_supported") is True
        if (issuer is not None or must_say) and issuer != self._settings.issuer:
            raise ProviderRefusedError("the answer is another provider's (iss, RFC 9207)")
        if "error" in answer:
            denied = answer["error"] == "access_denied"
            raise ProviderRefusedError(f"the provider says {answer['error'][:50]!r}", denied=denied)
        if not answer.get("code"):
            raise ProviderRefusedError("the answer holds no code")

    def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.redirect_uri,
            "code_verifier": verifier,
            "client_id": self._settings.client_id,
        }
        secret, basic = self._settings.client_secret, None
        if secret is not None:
            offered = self._about().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            if "client_secret_basic" in offered:
                basic = httpx.BasicAuth(self._settings.client_id, secret.get_secret_value())
            else:
                form["client_secret"] = secret.get_secret_value()
        return self._ask("POST", self._endpoint("token_endpoint"), data=form, auth=basic)

    def _claims(self, token: object, nonce: str, access_token: object) -> dict[str, Any]:
        """Of the ID token, once it was checked."""
        if not isinstance(token, str):
            raise ProviderRefusedError("no ID token came: is 'openid' among the scopes?")
        try:
            try:
                opened = jwt.decode(token, self._key_set(), registry=_SIGNATURES)
            except (InvalidKeyIdError, JoseError):
                if not self._forget_keys():
                    raise
                opened = jwt.decode(token, self._key_set(), registry=_SIGNATURES)
            options = {
                "iss": {"essential": True, "value": self._settings.issuer},
                "aud": {"essential": True, "value": self._settings.client_id},
            }
            params = {"nonce": nonce, "client_id": self._settings.client_id, "access_token": access_token}
            claims = CodeIDToken(opened.claims, opened.header, options, params)
            claims.validate(now=int(self._clock.now().timestamp()), leeway=SKEW_S)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderRefusedError(f"the ID token is not good: {type(error).__name__}: {error}") from error
        return dict(claims)

    def _user_info(self, access_token: str, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Claims that are not in the ID token; of the same person only (Core §5.3.2)."""
        if "userinfo_endpoint" not in self._about():
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        told = self._ask("GET", self._endpoint("userinfo_endpoint"), headers=headers)
        if told.get("sub") != claims["sub"]:
            raise ProviderRefusedError("what the provider says of the person is of another (sub)")
        return told

    def _person(self, claims: Mapping[str, Any]) -> Person:
        said = _claim(claims, self._settings.claim)
        name = said.strip().lower() if isinstance(said, str) else None
        if name is not None and self._settings.domain is not None:
            before, _, domain = name.rpartition("@")
            name = before if domain == self._settings.domain.lower() and before else None
        groups = _claim(claims, self._settings.groups_claim)
        listed = groups if isinstance(groups, list) else [groups]
        return Person(str(claims["sub"]), name, frozenset(each for each in listed if isinstance(each, str)))

    def _about(self) -> dict[str, Any]:
        """What discovery says."""
        with self._lock:
            if self._metadata is not None and self._clock.monotonic_s() - self._metadata.at_s < METADATA_AGE_S:
                return dict(self._metadata.value)
        url = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        told = self._ask("GET", url)
        if told.get("issuer") != self._settings.issuer:
            raise ProviderRefusedError(f"{url} speaks of another issuer: write oidc.issuer exactly as it says there")
        with self._lock:
            self._metadata = _Read(told, self._clock.monotonic_s())
        return told

    def _endpoint(self, name: str) -> str:
        url = self._about().get(name)
        if not isinstance(url, str):
            raise ProviderRefusedError(f"discovery names no {name}")
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ProviderRefusedError(f"{name} is not https")
        return url

    def _key_set(self) -> KeySet:
        with self._lock:
            if self._keys is not None and self._clock.monotonic_s() - self._keys.at_s < KEYS_AGE_S:
                found: KeySet = self._keys.value
                return found
        told = self._ask("GET", self._endpoint("jwks_uri"))
        try:
            keys = KeySet.import_key_set({"keys": [each for each in told["keys"] if each.get("use", "sig") == "sig"]})
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ProviderRefusedError("the provider's keys cannot be read") from error
        with self._lock:
            self._keys = _Read(keys, self._clock.monotonic_s())
        return keys

    def _forget_keys(self) -> bool:
        """Whether they are to be asked for anew: they are not from just now."""
        with self._lock:
            if self._keys is None or self._clock.monotonic_s() - self._keys.at_s < KEYS_AGAIN_S:
                return False
            self._keys = None
            return True

    def _ask(self, method: str, url: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401  httpx's own
        """A JSON object. Redirects are not followed: where to ask was said exactly."""
        try:
            with (
                httpx.Client(timeout=TIMEOUT_S, follow_redirects=False) as client,
                client.stream(method, url, **options) as answer,
            ):
                content = b""
                for part in answer.iter_bytes():
                    content += part
                    if len(content) > ANSWER_MAX_BYTES:
                        raise ProviderRefusedError(f"the answer of {_told(url)} is too large")
                answer.raise_for_status()
                told = httpx.Response(200, content=content).json()
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            kind = ProviderAwayError if status >= 500 else ProviderRefusedError
            raise kind(f"{_told(url)} answered {status}") from error
        except httpx.HTTPError as error:
            raise ProviderAwayError(f"{_told(url)} did not answer: {type(error).__name__}") from error
        except ValueError as error:
            raise ProviderRefusedError(f"{_told(url)} did not answer with JSON") from error
        if not isinstance(told, dict):
            raise ProviderRefusedError(f"{_told(url)} did not answer with a JSON object")
        return told


def _claim(claims: Mapping[str, Any], name: str) -> object:
    """``name`` itself, else as a path: Keycloak puts roles into ``realm_access.roles``."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def _told(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
