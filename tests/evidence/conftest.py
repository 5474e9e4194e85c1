"""A migrated database, a cipher, a signing identity, and the command line over them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from camsvc.clock import SystemClock
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.embedded.s3 import EmbeddedS3
from camsvc.evidence import keeping
from camsvc.evidence.contents import Request
from camsvc.evidence.identity import SigningIdentity
from camsvc.evidence.output import whole
from camsvc.evidence.package import Made, Means, export
from camsvc.storage.objects import ObjectStore
from tests.browser import browser
from tests.cli.console import Run, runner
from tests.evidence.examples import Scene, publish_scene, settings_of
from tests.servers import Bucket
from tests.servers import _database as fresh_database

__all__ = ["browser"]


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


@pytest.fixture
def key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def cipher(key: str) -> Cipher:
    return Cipher(key)


@pytest.fixture(scope="session")
def identity() -> SigningIdentity:
    return SigningIdentity.fresh("Công an tỉnh Bắc Ninh")


@pytest.fixture(scope="session")
def other_identity() -> SigningIdentity:
    return SigningIdentity.fresh("Somebody else")


@pytest.fixture
def camsvc(
    migrated_url: str,
    key: str,
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Runs a command on ``database`` and ``store``; its settings come from the environment."""
    monkeypatch.setenv("CAMSVC_DATABASE_URL", migrated_url)
    monkeypatch.setenv("CAMSVC_SECRET_KEY", key)
    monkeypatch.setenv("CAMSVC_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CAMSVC_S3_SECURE", "false")
    for name in ("endpoint", "access_key", "secret_key", "bucket"):
        monkeypatch.setenv(f"CAMSVC_S3_{name.upper()}", getattr(bucket, name))
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield runner(monkeypatch, capsys)
    root.handlers[:] = handlers  # a command sets up logging for its process
    root.setLevel(level)


@dataclass(frozen=True)
class Exported:
    """A package of two incidents, and what it was made of."""

    file: Path
    made: Made
    scene: Scene
    originals: dict[str, bytes]
    """By object key: what the worker had written."""
    identity: SigningIdentity


@pytest.fixture(scope="session")
def exported(
    embedded_postgres: EmbeddedPostgres,
    migrated_template: str,
    embedded_s3: EmbeddedS3,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Exported]:
    """Made once: whoever changes it changes a copy."""
    folder = tmp_path_factory.mktemp("exported")
    cipher = Cipher(Fernet.generate_key())
    store = ObjectStore(
        embedded_s3.endpoint, embedded_s3.access_key, embedded_s3.secret_key, "exported", embedded_s3.region, False
    )
    store.ensure_bucket()
    with fresh_database(embedded_postgres, "exported", migrated_template):
        database = Database(embedded_postgres.url("exported"))
        scene = publish_scene(database, cipher, store, folder)
        means = Means(database, store, cipher, settings_of(), SystemClock())
        request = Request(
            scene.subjects,
            "Điều tra vụ va chạm",
            "Đại úy Trần Văn A",
            "HS-2026/114",
        )
        with whole(folder / "package.zip") as file:
            made = export(means, request, file)
        with database.session() as session:
            identity = keeping.current(session, cipher, "")
        parts = [part for each in scene.incidents if each.clip for part in each.clip.parts]
        originals = {}
        for part in parts:
            with store.open(part.key) as pieces:
                originals[part.key] = b"".join(pieces)
        yield Exported(folder / "package.zip", made, scene, originals, identity)
        database.close()
    store.close()
