"""What the service needs before it can run: schema, bucket, first administrator, wanted cameras."""

from __future__ import annotations

from dataclasses import dataclass, field

from camsvc import log
from camsvc.config import Settings
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.queries import accounts, areas, audit, cameras
from camsvc.domain.audit import Deed, Kind
from camsvc.errors import ConfigError, ConflictError
from camsvc.storage.objects import ObjectStore

_log = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    admin_password: str | None = field(repr=False)
    """Generated just now, to be shown once; None: given, or an administrator exists already."""
    cameras: int
    """Wanted, of all."""
    hold_is_enforced: bool


def prepare(settings: Settings, admin_password: str | None) -> Prepared:
    """Any number of times. ``settings`` are resolved.

    Raises DatabaseUnavailableError, StoreUnavailableError, StoreError, InputError (a password too short), ConfigError.
    """
    enforced = prepare_store(settings)
    generated, wanted = prepare_database(settings, admin_password)
    return Prepared(generated, wanted, enforced)


def prepare_store(settings: Settings) -> bool:
    """Makes the bucket; whether holds are enforced."""
    store = ObjectStore.of(settings)
    try:
        store.ensure_bucket()
        enforced = store.hold_is_enforced()
    finally:
        store.close()
    if not enforced:
        _log.warning("hold is not enforced by the object store: holds will be refused", bucket=settings.s3_bucket)
    return enforced


def prepare_database(settings: Settings, admin_password: str | None) -> tuple[str | None, int]:
    """Schema, administrator, cameras; the generated password, if any, and the number of wanted cameras."""
    cipher = Cipher.of(settings)
    if settings.database_url is None:
        raise ConfigError("database_url is not set: start `camsvc up` first, or name your own PostgreSQL")
    database = Database(settings.database_url, application="camsvc setup")
    try:
        database.migrate()
        with database.session() as session:
            generated = accounts.ensure_admin(session, admin_password)
        _put_wanted(settings, database, cipher)
        with database.session() as session:
            return generated, len(cameras.all_cameras(session, cipher))
    finally:
        database.close()


def _put_wanted(settings: Settings, database: Database, cipher: Cipher) -> None:
    """Areas and cameras of the configuration file. One that an administrator removed stays removed."""
    with database.session() as session:
        for area in settings.areas:
            areas.put(session, area)
        existing = {camera.id: camera for camera in cameras.all_cameras(session, cipher)}
    for camera in settings.cameras:
        if existing.get(camera.id) == camera:
            continue
        try:
            with database.session() as session:
                is_new = cameras.put(session, camera, cipher)
                what = "camera.added" if is_new else "camera.changed"
                details = {"by": "the configuration file"}
                audit.append(session, Deed(Kind.CONFIGURE, what, camera=camera.id, area=camera.area, details=details))
        except ConflictError as error:
            _log.warning("a camera of the configuration file is left out", camera=camera.id, reason=str(error))
