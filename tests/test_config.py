"""Settings: the example names every key, the environment overrides, faults name key and file but no secret."""

from __future__ import annotations

import inspect
import typing
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from camsvc import config
from camsvc.errors import ConfigError

EXAMPLE = Path(__file__).parents[1] / "configs" / "camsvc.yaml"
CAMERA = {"id": "gate-01", "name": "Gate", "area": "town", "streams": {"main": "rtsp://u:hidden@h/s"}}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in tuple(os.environ):
        if name.startswith(config.ENV_PREFIX):
            monkeypatch.delenv(name)


def write(path: Path, values: object) -> Path:
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def models_in(kind: object) -> list[type[BaseModel]]:
    """The settings classes that an annotation holds, however nested."""
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        return [kind]
    return [model for inner in typing.get_args(kind) for model in models_in(inner)]


def keys_of(model: type[BaseModel]) -> set[str]:
    own = set(model.model_fields)
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            own |= keys_of(inner)
    return own


def test_the_example_is_valid() -> None:
    settings = config.load(EXAMPLE)
    assert settings.cameras[0].to_domain().rules[0].zone == "carriageway"
    assert settings.server.port == 8080


def test_the_example_names_every_key() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    missing = {key for key in keys_of(config.Settings) if f"{key}:" not in text}
    assert not missing


def test_the_example_shows_the_defaults_where_they_are_not_the_place() -> None:
    values = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    defaults = config.Settings()
    for section in ("server", "worker", "live", "detector", "clips", "spool"):
        assert getattr(defaults, section) == type(getattr(defaults, section)).model_validate(values[section])


def test_the_environment_is_stronger_than_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "c.yaml", {"server": {"port": 1000, "host": "::1"}, "language": "vi"})
    monkeypatch.setenv("CAMSVC_SERVER__PORT", "9000")
    settings = config.load(file)
    assert (settings.server.port, settings.server.host, settings.language) == (9000, "::1", "vi")


def test_overrides_are_stronger_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMSVC_SERVER__PORT", "9000")
    assert config.load(None, server__port=1, server__host=None).server.port == 1


def test_the_administrators_password_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMSVC_ADMIN_PASSWORD", "secret")
    config.load(None)


@pytest.mark.parametrize(
    ("values", "key", "cure"),
    [
        ({"servr": {}}, "servr", "unknown key"),
        ({"server": {"prot": 1}}, "server.prot", "unknown key"),
        ({"server": {"port": 99999}}, "server.port", "65535"),
        ({"cameras": [CAMERA | {"id": "Gate 01"}]}, "cameras.0.id", "lower-case"),
        ({"cameras": [CAMERA, CAMERA]}, "settings", "gate-01"),
        ({"cameras": [CAMERA | {"area": "Bắc Ninh"}]}, "cameras.0.area", "bac-ninh/yen-phong"),
        ({"cameras": [CAMERA | {"rules": [{"kind": "presence", "zone": "road"}]}]}, "cameras.0", "zones"),
        ({"cameras": [CAMERA | {"zones": {"z": [[0, 0], [1, 1]]}}]}, "cameras.0.zones.z", "3"),
        ({"s3_endpoint": "host:9000"}, "settings", "s3_secret_key"),
    ],
)
def test_a_fault_names_file_key_and_cure(tmp_path: Path, values: object, key: str, cure: str) -> None:
    file = write(tmp_path / "c.yaml", values)
    with pytest.raises(ConfigError) as caught:
        config.load(file)
    assert f"{file}: {key}" in str(caught.value)
    assert cure in str(caught.value)


def test_a_refused_stream_url_is_not_repeated(tmp_path: Path) -> None:
    camera = CAMERA | {"streams": {"main": "http://admin:hunter2@host/s"}}
    with pytest.raises(ConfigError) as caught:
        config.load(write(tmp_path / "c.yaml", {"cameras": [camera]}))
    assert "hunter2" not in str(caught.value)
    assert "rtsp://" in str(caught.value)


def test_credentials_are_not_in_a_repr() -> None:
    camera = config.CameraConfig.model_validate(CAMERA)
    assert "hidden" not in repr(camera)
    assert "hidden" not in repr(camera.to_domain())


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        config.load(tmp_path / "none.yaml")


def test_broken_yaml_is_said_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("server:\n  port: [1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"c\.yaml line \d: not valid YAML"):
        config.load(file)


def test_ports_of_viewers_must_suffice_for_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMSVC_LIVE__UDP_PORTS", "50000, 50999")
    assert config.load().live.udp_ports == (50_000, 50_999)
    monkeypatch.setenv("CAMSVC_LIVE__UDP_PORTS", "50000,50100")
    with pytest.raises(ConfigError, match="fewer than max_viewers, 200"):
        config.load()


def test_addresses_to_announce_come_as_a_list_or_joined_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.LiveSettings(announce=["203.0.113.7"]).announce == ("203.0.113.7",)
    monkeypatch.setenv("CAMSVC_LIVE__ANNOUNCE", "203.0.113.7, 2001:db8::7")
    assert config.load().live.announce == ("203.0.113.7", "2001:db8::7")
    monkeypatch.setenv("CAMSVC_LIVE__ANNOUNCE", "live.example")
    with pytest.raises(ConfigError, match=r"live\.announce\.0: 'live.example' is no address"):
        config.load()
