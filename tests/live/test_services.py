"""Who may go on watching is asked of the database, as it is now."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from camsvc.clock import SystemClock
from camsvc.config import AreaConfig, Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.models import TokenKind
from camsvc.db.queries import accounts, areas, grants
from camsvc.domain.account import Grant, Role
from camsvc.live.services import Serving
from camsvc.live.viewings import End, Way
from tests.db.examples import camera, put
from tests.live.test_wire import REQUEST


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


async def nothing() -> None: ...


def test_a_viewing_ends_with_the_session_or_the_grant_that_it_hangs_on(
    database: Database, migrated_url: str, tmp_path: Path
) -> None:
    settings = Settings(data=tmp_path, database_url=SecretStr(migrated_url))
    cipher = Cipher(Fernet.generate_key())
    names = ("stays", "logged-out", "disabled", "taken", "elsewhere", "moved")
    tokens: dict[str, str] = {}
    users = {}
    with database.session() as session:
        for path in ("town/gate", "harbour"):
            areas.put(session, AreaConfig(path=path, name=path))
        for name in names:
            area = "harbour" if name == "elsewhere" else "town"
            users[name] = accounts.create(session, name, "correct horse battery", [Grant(Role.OPERATOR, area)])
            tokens[name] = accounts.issue(session, users[name], TokenKind.SESSION, 60)

    async def main() -> dict[str, End | None]:
        serving = Serving(settings, "live-1", database, cipher, SystemClock())
        viewings = {}
        for number, name in enumerate(names):
            key = hashlib.sha256(tokens[name].encode()).hexdigest()
            viewer = replace(REQUEST.viewer, user=users[name].id, name=name, key=key)
            request = replace(REQUEST, viewing=f"{number:032x}", viewer=viewer)
            if name == "moved":
                request = replace(request, camera="wanders")
            viewings[name] = serving.viewings.admit(request, Way.WEBRTC, nothing)
        with database.session() as session:
            accounts.revoke(session, tokens["logged-out"])
            accounts.set_disabled(session, users["disabled"].id, disabled=True)
            grants.take(session, users["taken"].id, Grant(Role.OPERATOR, "town"))
            grants.give(session, users["taken"].id, Grant(Role.POLICE, "town"))
        put(database, cipher, camera("gate", area="town/gate"), camera("wanders", area="harbour"))
        await serving.viewings.check()
        return {name: viewing.over for name, viewing in viewings.items()}

    over = asyncio.run(main())
    assert over.pop("stays") is None
    assert set(over.values()) == {End.WITHDRAWN}
