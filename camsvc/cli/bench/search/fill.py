"""A database filled with a year of incidents: rows by COPY into months without indexes, which are built afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cryptography.fernet import Fernet
from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateIndex

from camsvc.cli.bench.search.incidents import COLUMNS, Year
from camsvc.cli.bench.search.province import Camera
from camsvc.db import partitions
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.models import Base, IncidentRow, ViewpointRow
from camsvc.db.queries import cameras as camera_rows
from camsvc.db.queries import leases
from camsvc.errors import InputError

WORKER = "bench"
YEAR = timedelta(days=366)
LEASE_S = 30 * 24 * 3600.0
BUILD_MEMORY = "512MB"
"""Of one index of one month while it is built: it fits."""

_TABLE = Base.metadata.tables[IncidentRow.__tablename__]

Tell = Callable[[str], None]


def fill(database: Database, cameras: Sequence[Camera], total: int, end: datetime, tell: Tell) -> None:
    """Into a database with the schema and nothing else. Raises InputError when it holds incidents already."""
    database.migrate()
    with database.session() as session:
        if session.scalar(text("SELECT 1 FROM incidents LIMIT 1")) is not None:
            raise InputError(
                "this database holds incidents", parameter="--database", cure="give an empty one: it is filled"
            )
    tell(f"{len(cameras)} cameras")
    cipher = Cipher(Fernet.generate_key())
    with database.session() as session:
        for camera in cameras:
            camera_rows.put(session, camera.config(), cipher)
        leases.claim(session, WORKER, len(cameras), LEASE_S)
        seen_from = [_viewpoint(session, camera) for camera in cameras]
    with database.session() as session:
        partitions.extend(session, end, since=end - YEAR)
    with database.session() as session:
        _copy(session, Year(cameras, total, end, WORKER), seen_from, total, tell)
    with database.session() as session:
        _build(session, tell)
    with database.session() as session:
        tell("statistics")
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("ANALYZE"))


def _viewpoint(session: Session, camera: Camera) -> int:
    place = camera.location
    row = ViewpointRow(
        camera=camera.id,
        area=camera.area,
        lat=place.lat,
        lon=place.lon,
        heading_deg=place.heading_deg,
        fov_deg=place.fov_deg,
        range_m=place.range_m,
    )
    session.add(row)
    session.flush()
    return row.id


def _copy(session: Session, year: Year, seen_from: Sequence[int], total: int, tell: Tell) -> None:
    """In one transaction with the removal of the indexes; marked visible and frozen at once, as vacuum would later."""
    session.execute(text("SET LOCAL statement_timeout = 0"))
    for index in _TABLE.indexes:
        session.execute(text(f"DROP INDEX {index.name}"))
    session.execute(text("ALTER TABLE incidents DROP CONSTRAINT pk_incidents"))
    names = {each.start: each.name for each in partitions.partitions(session) if each.start and each.end}
    for name in names.values():
        session.execute(text(f"TRUNCATE {name}"))
    done = 0
    driver = session.connection().connection.driver_connection
    assert driver is not None  # noqa: S101  a pooled connection has one
    for month, lines in year.rows(seen_from, first_seq=1):
        with driver.cursor().copy(f"COPY {names[month]} ({COLUMNS}) FROM STDIN (FREEZE)") as copy:
            copy.write(lines)
        done += lines.count(b"\n")
        tell(f"{done:,} of {total:,} incidents")
    session.execute(text("SELECT setval('incident_change_seq', :last)"), {"last": max(done, 1)})


def _build(session: Session, tell: Tell) -> None:
    session.execute(text(f"SET LOCAL maintenance_work_mem = '{BUILD_MEMORY}'"))
    session.execute(text("SET LOCAL statement_timeout = 0"))
    session.execute(text("SET LOCAL max_parallel_maintenance_workers = 0"))
    tell("index pk_incidents")
    session.execute(text("ALTER TABLE incidents ADD CONSTRAINT pk_incidents PRIMARY KEY (id, started_at)"))
    for index in sorted(_TABLE.indexes, key=lambda each: str(each.name)):
        tell(f"index {index.name}")
        session.execute(CreateIndex(index))
