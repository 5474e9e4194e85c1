"""Whatever the OpenAPI document allows, and what it does not, is answered without a server error: as every role."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, SerializationContext
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from camsvc.api.app import OPENAPI_PATH
from camsvc.db.models import TokenKind
from camsvc.db.queries import accounts
from camsvc.domain.account import Grant, Role
from tests.api.conftest import PASSWORD, Site
from tests.api.matrix import HERE, NO_LIVE_PROCESS, TABLE
from tests.db import examples

pytestmark = pytest.mark.slow

SEED = 20261122
EXAMPLES = {Role.ADMINISTRATOR: 5}
"""Of each operation and kind of request (good and bad); who may most meets most code."""
EXAMPLES_OF_OTHERS = 2
ANSWER_S = 30.0
PEOPLE: tuple[Role | None, ...] = (*Role, None)
"""None: logged in, and granted nothing."""
UNAVAILABLE = 503


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag", "application/zip", "image/jpeg")
def plain_text(_: SerializationContext, value: Any) -> bytes:  # noqa: ANN401  whatever was made up
    return str(value).encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Ground:
    site: Site
    known: dict[str, str]
    """Path parameters of what exists: else hardly any request gets past 404."""

    def token(self, role: Role | None) -> str:
        """Fresh for each operation: some end the session that they came with."""
        name = f"tried-{role.value if role else 'nobody'}"
        with self.site.database.session() as session:
            return accounts.issue(session, accounts.find(session, name), TokenKind.BEARER, 600)


@pytest.fixture(scope="module")
def ground(site: Site) -> Ground:
    examples.put(site.database, site.cipher, examples.camera("gate-here", area=HERE))
    site.own("gate-here")
    examples.put(site.database, site.cipher, examples.camera("gate-here", area=HERE))
    incident = site.recorded(b"footage" * 100, camera_="gate-here", area=HERE)
    for role in PEOPLE:
        given_ = [] if role is None else [Grant(role)]
        with site.database.session() as session:
            accounts.create(session, f"tried-{role.value if role else 'nobody'}", PASSWORD, given_)
    known = {
        "camera": "gate-here",
        "id": str(incident.id),
        "path": HERE,
        "name": "tried-viewer",
        "user": "tried-viewer",
    }
    return Ground(site, known)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("role", PEOPLE, ids=lambda role: role.value if role else "nobody")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nothing_that_can_be_asked_is_a_server_error(ground: Ground, role: Role | None) -> None:
    document = requests.get(ground.site.url + OPENAPI_PATH, timeout=ANSWER_S).json()
    schema = schemathesis.openapi.from_dict(document)
    failed: list[str] = []
    walked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        walked += 1
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _try(ground, role, operation, mode, failed)
    assert walked == sum(len(each) for each in document["paths"].values())
    assert not failed, "\n".join(dict.fromkeys(failed))


def _try(
    ground: Ground,
    role: Role | None,
    operation: APIOperation[Any, Any, Any, Any],
    mode: GenerationMode,
    failed: list[str],
) -> None:
    cases = operation.as_strategy(generation_mode=mode)
    token = ground.token(role)

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES.get(role, EXAMPLES_OF_OTHERS) if role else EXAMPLES_OF_OTHERS,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, of_known=st.booleans())
    def ask(case: Case[Any], of_known: bool) -> None:
        if of_known and case.path_parameters:
            case.path_parameters = {
                name: ground.known.get(name, value) for name, value in dict(case.path_parameters).items()
            }
        told = _ask(ground, case, token)
        if told is not None:
            failed.append(told)

    with contextlib.suppress(Unsatisfiable):  # nothing about this operation can be wrong
        ask()


def _ask(ground: Ground, case: Case[Any], token: str) -> str | None:
    """What went wrong, or None. Streams never end: only the beginning of the answer is read."""
    asked = case.as_transport_kwargs(base_url=ground.site.url)
    asked["headers"] = {**(asked.get("headers") or {}), "Authorization": f"Bearer {token}"}
    asked.pop("cookies", None)
    try:
        answer = requests.request(**asked, stream=True, timeout=ANSWER_S)
    except (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeError):
        return None  # no client can send that
    with answer:
        operation = f"{case.method.upper()} {case.operation.path}"
        if answer.status_code < 500 or (answer.status_code == UNAVAILABLE and _may_be_away(operation)):
            return None
        return f"{operation}: {answer.status_code} {answer.text[:300]}\n    {case.as_curl_command()[:600]}"


def _may_be_away(operation: str) -> bool:
    needs = TABLE.get(operation)
    return needs is not None and needs.ok >= NO_LIVE_PROCESS
