"""How other commands on this machine find the servers that `camsvc up` runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import SecretStr

from camsvc.config import Settings
from camsvc.embedded import lock, state
from camsvc.embedded.postgres import EmbeddedPostgres
from camsvc.embedded.s3 import EmbeddedS3
from camsvc.errors import ConfigError

FILE = "runtime.json"


def resolve(settings: Settings) -> Settings:
    """``settings`` with database and object store named: as given, else those of the `camsvc up` on the same data.

    Raises ConfigError when something is not given and no `camsvc up` runs there.
    """
    missing = _missing(settings)
    if not missing:
        return settings
    values = state.read(settings.data / FILE) if lock.is_held(settings.data) else None
    if values is None or not set(missing) <= set(values):
        raise ConfigError(
            f"{' and '.join(missing)} not set, and no `camsvc up` runs on {settings.data}: start it first, "
            "give its data folder with --data, or set them"
        )
    return _filled(settings, values)


def values_of(postgres: EmbeddedPostgres | None, s3: EmbeddedS3 | None) -> dict[str, Any]:
    """What ``runtime.json`` says of the embedded servers that run."""
    values: dict[str, Any] = {}
    if postgres is not None:
        values["database_url"] = postgres.url()
    if s3 is not None:
        values["s3_endpoint"] = s3.endpoint
        values["s3_access_key"] = s3.access_key
        values["s3_secret_key"] = s3.secret_key
        values["s3_region"] = s3.region
        values["s3_secure"] = False
    return values


def publish(settings: Settings, values: dict[str, Any]) -> Settings:
    """Writes ``runtime.json`` (0600) for others; ``settings`` filled from ``values``."""
    state.write(settings.data / FILE, values)
    return _filled(settings, values)


def withdraw(data: Path) -> None:
    (data / FILE).unlink(missing_ok=True)


def _missing(settings: Settings) -> list[str]:
    return [name for name in ("database_url", "s3_endpoint") if getattr(settings, name) is None]


def _filled(settings: Settings, values: dict[str, Any]) -> Settings:
    update: dict[str, Any] = {}
    if settings.database_url is None and "database_url" in values:
        update["database_url"] = SecretStr(values["database_url"])
    if settings.s3_endpoint is None and "s3_endpoint" in values:
        update["s3_endpoint"] = values["s3_endpoint"]
        update["s3_access_key"] = SecretStr(values["s3_access_key"])
        update["s3_secret_key"] = SecretStr(values["s3_secret_key"])
        update["s3_region"] = values["s3_region"]
        update["s3_secure"] = values["s3_secure"]
    return settings.model_copy(update=update)
