from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from camsvc.config import AreaConfig, CameraConfig
from camsvc.db.cipher import Cipher
from camsvc.db.database import CAMERAS, Database
from camsvc.db.queries import areas, cameras, leases
from camsvc.errors import ConfigError, ConflictError, NotFoundError
from tests.db.examples import PASSWORD, camera, put


def _get(database: Database, cipher: Cipher, id_: str) -> CameraConfig:
    with database.session() as session:
        return cameras.get(session, id_, cipher)


def test_a_camera_comes_back_as_it_was_put(database: Database, cipher: Cipher) -> None:
    whole = camera(
        streams={"main": "rtsp://u:p@192.0.2.1/a", "sub": "rtsps://192.0.2.1/b", "transport": "udp"},
        detect={"fps": 2.5, "classes": ["person", "bus"], "min_confidence": 0.3},
        zones={"road": [(0, 0.5), (1, 0.5), (1, 1.0)]},
        rules=[{"kind": "presence", "zone": "road", "severity": "alarm"}],
        enabled=False,
    )
    bare = camera("bare", location=None, area="x", rules=[])
    put(database, cipher, whole, bare)
    assert _get(database, cipher, whole.id) == whole
    assert _get(database, cipher, "bare") == bare
    with database.session() as session:
        assert cameras.all_cameras(session, cipher) == [bare, whole]


def test_putting_again_replaces_and_says_that_it_was_there(database: Database, cipher: Cipher) -> None:
    with database.session() as session:
        assert cameras.put(session, camera(), cipher)
    changed = camera(name="Other", area="elsewhere")
    with database.session() as session:
        assert not cameras.put(session, changed, cipher)
    assert _get(database, cipher, changed.id) == changed


def test_cameras_are_listed_by_area_and_below_and_by_id(database: Database, cipher: Cipher) -> None:
    put(
        database,
        cipher,
        camera("a", area="p/q"),
        camera("b", area="p/q/r"),
        camera("c", area="p/qq"),
        camera("d", area="p"),
    )
    with database.session() as session:

        def ids(**chosen: object) -> list[str]:
            return [each.id for each in cameras.all_cameras(session, cipher, **chosen)]  # type: ignore[arg-type]

        assert ids(area="p/q") == ["a", "b"]
        assert ids(area="p") == ["a", "b", "c", "d"]
        assert ids(area="nowhere") == []
        assert ids(ids=["d", "a", "unknown"]) == ["a", "d"]
        assert ids(ids=[]) == []
        assert ids(area="p/q", ids=["b", "c"]) == ["b"]


def test_a_removed_camera_is_gone_its_credentials_too_and_its_id_never_comes_back(
    database: Database, cipher: Cipher
) -> None:
    put(database, cipher, camera())
    with database.session() as session:
        cameras.remove(session, "bridge-01")
    with database.session() as session:
        assert cameras.all_cameras(session, cipher) == []
        assert session.scalar(text("SELECT streams FROM cameras")) == b""
    for again in (lambda: _get(database, cipher, "bridge-01"), lambda: _remove(database, "bridge-01")):
        with pytest.raises(NotFoundError, match="no camera 'bridge-01'"):
            again()
    with pytest.raises(ConflictError, match="never reused") as caught:
        put(database, cipher, camera())
    assert caught.value.parameter == "id"
    assert caught.value.cure


def _remove(database: Database, id_: str) -> None:
    with database.session() as session:
        cameras.remove(session, id_)


def test_every_change_is_notified(database: Database, cipher: Cipher) -> None:
    items = database.listen(CAMERAS, interval_s=5)
    next(items)
    put(database, cipher, camera("a"))
    put(database, cipher, camera("a", enabled=False))
    _remove(database, "a")
    assert [next(items) for _ in range(3)] == ["a", "a", "a"]
    items.close()  # type: ignore[attr-defined]


def test_no_credential_is_readable_in_the_database_or_in_an_error(database: Database, cipher: Cipher) -> None:
    put(database, cipher, camera())
    with database.session() as session:
        rows = session.execute(text("SELECT cameras::text FROM cameras")).all()
    assert PASSWORD not in repr(rows)
    assert PASSWORD.encode().hex() not in repr(rows)
    with pytest.raises(ConfigError, match=r"camera bridge-01: .* restore the secret\.key") as caught:
        _get(database, Cipher(Fernet.generate_key()), "bridge-01")
    error: BaseException | None = caught.value
    while error is not None:
        assert PASSWORD not in repr(error)
        error = error.__cause__
    assert PASSWORD not in repr(_get(database, cipher, "bridge-01"))


def test_credentials_moved_to_another_camera_do_not_open(database: Database, cipher: Cipher) -> None:
    put(database, cipher, camera("a"), camera("b"))
    with database.session() as session:
        session.execute(text("UPDATE cameras SET streams = (SELECT streams FROM cameras WHERE id = 'b')"))
    with pytest.raises(ConfigError, match="camera a: its stream URLs belong to 'b'"):
        _get(database, cipher, "a")


def test_a_new_camera_can_be_leased(database: Database, cipher: Cipher) -> None:
    put(database, cipher, camera())
    with database.session() as session:
        assert [lease.camera for lease in leases.claim(session, "w", 5, 60)] == ["bridge-01"]


def test_areas_above_are_made_and_names_given_stay(database: Database, cipher: Cipher) -> None:
    with database.session() as session:
        areas.put(session, AreaConfig(path="bac-ninh/yen-phong", name="Huyện Yên Phong"))
    put(database, cipher, camera("a"), camera("b", area="bac-ninh"))
    _remove(database, "b")
    with database.session() as session:
        found = cameras.areas(session)
    assert [(area.path, area.name, area.parent, area.cameras) for area in found] == [
        ("bac-ninh", "bac-ninh", None, 1),
        ("bac-ninh/yen-phong", "Huyện Yên Phong", "bac-ninh", 1),
        ("bac-ninh/yen-phong/tam-giang", "tam-giang", "bac-ninh/yen-phong", 1),
    ]
    with database.session() as session:
        areas.put(session, AreaConfig(path="bac-ninh", name="Tỉnh Bắc Ninh"))
        assert cameras.areas(session)[0].name == "Tỉnh Bắc Ninh"


_paths = st.lists(st.sampled_from(["a", "b", "a-b", "a0"]), min_size=1, max_size=4).map("/".join)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=st.lists(_paths, min_size=1, max_size=8))
def test_the_tree_is_whole_and_each_area_follows_the_one_above_it(database: Database, paths: list[str]) -> None:
    with database.session() as session:
        session.execute(text("TRUNCATE areas CASCADE"))
        for path in paths:
            areas.ensure(session, path)
        tree = areas.all_areas(session)
    seen: set[str | None] = {None}
    for area in tree:
        assert area.parent in seen
        assert area.path.rpartition("/")[0] == (area.parent or "")
        seen.add(area.path)
    assert set(paths) <= seen
