"""Settings: a YAML file, overridden by ``CAMSVC_…`` environment variables. Unknown keys are refused.

``configs/camsvc.yaml`` lists every key with its comment; a test holds it to that.
"""

from __future__ import annotations

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

import yaml
from platformdirs import user_data_path
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from camsvc.domain import camera as domain
from camsvc.domain.account import Action, Grant, Reason, Role
from camsvc.domain.camera import Severity, Transport
from camsvc.domain.geo import Location
from camsvc.domain.retention import Exemption, Policy
from camsvc.domain.track import ObjectClass
from camsvc.errors import ConfigError

ENV_PREFIX = "CAMSVC_"
CAMERA_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
AREA_PATH = re.compile(r"[a-z0-9-]+(?:/[a-z0-9-]+)*")
ICE_URL = re.compile(r"(?:stuns?|turns?):[^\s/?]+(?:\?transport=(?:udp|tcp))?")
OIDC_CALLBACK = "/login/provider/back"
"""Path that a sign-in provider sends people back to."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
STREAM_URL = re.compile(r"rtsps?://[^\s]+")
MIB = 1024 * 1024


ModelT = TypeVar("ModelT", bound=BaseModel)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _camera_id(value: str) -> str:
    if not CAMERA_ID.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a camera id: use 1 to 64 lower-case letters, digits and '-', like 'nhu-nguyet-01'"
        )
    return value


def _area_path(value: str) -> str:
    if not AREA_PATH.fullmatch(value):
        raise ValueError(
            f"{value!r} is not an area path: use lower-case names joined by '/', like 'bac-ninh/yen-phong/tam-giang'"
        )
    return value


def _stream_url(value: str) -> str:
    if not STREAM_URL.fullmatch(value):
        # The value may hold a password: it is not repeated.
        raise ValueError(
            "not a stream URL: write rtsp://host[:port]/path or rtsps://…, credentials as rtsp://user:password@host/path"
        )
    return value


def _listed(value: object) -> object:
    """An environment variable holds a list as text, joined by commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is no address: write it in figures, like 203.0.113.7") from error


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value)) if "/" in value else str(ipaddress.ip_address(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is no address or network: write it in figures, like 10.0.0.0/24") from error


def _split(value: str) -> tuple[Role, str | None]:
    role, _, area = value.partition(":")
    return Role(role), area or None


def _grant(value: str) -> str:
    try:
        _, area = _split(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is no grant: write a role, or role:area, like police:bac-ninh") from error
    if area is not None:
        _area_path(area)
    return value


CameraId = Annotated[str, AfterValidator(_camera_id)]
AreaPath = Annotated[str, AfterValidator(_area_path)]
StreamUrl = Annotated[str, AfterValidator(_stream_url)]
UdpPort = Annotated[int, Field(ge=1024, le=65535)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=36_500)]
EXEMPTIONS_MAX = 200
"""Of retention: each is compared with each viewpoint; more is no policy any more."""


def _to_tenth_of_a_millimetre(degrees: float) -> float:
    """Nobody measures finer; and PostgreSQL refuses to compute with the smallest numbers that a float can hold."""
    return round(degrees, 9)


class LocationConfig(_Model):
    lat: Annotated[float, Field(ge=-90, le=90), AfterValidator(_to_tenth_of_a_millimetre)]
    lon: Annotated[float, Field(ge=-180, le=180), AfterValidator(_to_tenth_of_a_millimetre)]
    heading_deg: float | None = Field(default=None, ge=0, lt=360)
    fov_deg: float | None = Field(default=None, gt=0, le=360)
    range_m: float | None = Field(default=None, gt=0, le=100_000)


class StreamsConfig(_Model):
    main: StreamUrl = Field(repr=False)
    sub: StreamUrl | None = Field(default=None, repr=False)
    transport: Transport = Transport.TCP


class DetectConfig(_Model):
    fps: float = Field(default=5.0, gt=0, le=30)
    classes: tuple[ObjectClass, ...] = tuple(ObjectClass)
    min_confidence: float = Field(default=0.4, gt=0, lt=1)


class PresenceRule(_Model):
    """A person or vehicle stays in view, or in a zone."""

    kind: Literal["presence"] = "presence"
    zone: str | None = None
    classes: tuple[ObjectClass, ...] | None = None
    severity: Severity = Severity.INFO
    after_s: float = Field(default=0.6, ge=0, le=3600)
    close_after_s: float = Field(default=3.0, gt=0, le=600)

    def to_domain(self) -> domain.RuleSpec:
        settings = {"after_s": self.after_s, "close_after_s": self.close_after_s}
        return domain.RuleSpec(self.kind, self.zone, self.classes, self.severity, settings)


RuleConfig = PresenceRule
"""Becomes a union discriminated by ``kind`` as the family grows."""


class CameraConfig(_Model):
    """One desired camera: the same names in the file, the API and the database."""

    id: CameraId
    name: str = Field(min_length=1, max_length=200)
    area: AreaPath
    location: LocationConfig | None = None
    streams: StreamsConfig
    detect: DetectConfig = DetectConfig()
    zones: dict[str, Annotated[list[tuple[Fraction, Fraction]], Field(min_length=3, max_length=64)]] = {}
    lines: dict[str, Annotated[list[tuple[Fraction, Fraction]], Field(min_length=2, max_length=64)]] = {}
    rules: tuple[RuleConfig, ...] = (PresenceRule(),)
    enabled: bool = True

    @model_validator(mode="after")
    def _zones_exist(self) -> Self:
        for rule in self.rules:
            if rule.zone is not None and rule.zone not in self.zones:
                raise ValueError(
                    f"rule {rule.kind!r} names the zone {rule.zone!r}, which the camera lacks: add it under 'zones'"
                )
        return self

    def to_domain(self) -> domain.Camera:
        return domain.Camera(
            id=self.id,
            name=self.name,
            area=self.area,
            location=Location(**self.location.model_dump()) if self.location else None,
            streams=domain.Streams(self.streams.main, self.streams.sub, self.streams.transport),
            detect=domain.Detect(self.detect.fps, self.detect.classes, self.detect.min_confidence),
            zones={name: tuple(corners) for name, corners in self.zones.items()},
            lines={name: tuple(points) for name, points in self.lines.items()},
            rules=tuple(rule.to_domain() for rule in self.rules),
            enabled=self.enabled,
        )


class AreaConfig(_Model):
    """A node of the administrative tree; parents that are not named are made from the path."""

    path: AreaPath
    name: str = Field(min_length=1, max_length=200)


class ServerSettings(_Model):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    session_ttl_h: float = Field(default=12, gt=0, le=720)
    cookie_secure: bool = False
    trusted_proxies: Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_listed)] = ()


class LogInSettings(_Model):
    """How people prove who they are."""

    passwords: bool = True
    second_factor: Annotated[tuple[Role, ...], BeforeValidator(_listed)] = ()
    failures_per_address: int = Field(default=50, ge=5, le=10_000)


class OidcSettings(_Model):
    """A sign-in provider (OpenID Connect)."""

    issuer: str
    client_id: str = Field(min_length=1, max_length=200)
    client_secret: SecretStr | None = None
    redirect_uri: str
    name: str = Field(default="OpenID Connect", min_length=1, max_length=60)
    scopes: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ("openid", "profile", "email")
    claim: str = Field(default="preferred_username", min_length=1, max_length=100)
    domain: str | None = Field(default=None, min_length=1, max_length=253)
    groups_claim: str = Field(default="groups", min_length=1, max_length=100)
    grants: dict[str, tuple[Annotated[str, AfterValidator(_grant)], ...]] = {}
    create: bool = False
    log_out: bool = False

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        for name in ("issuer", "redirect_uri"):
            url = urlsplit(getattr(self, name))
            if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK):
                raise ValueError(f"{name}: write https://… (http only for this machine): it carries who somebody is")
        if not self.redirect_uri.endswith(OIDC_CALLBACK):
            raise ValueError(f"redirect_uri: it ends with {OIDC_CALLBACK}, as the provider must know it")
        if "openid" not in self.scopes:
            raise ValueError("scopes: openid is missing")
        return self

    def granted(self, group: str) -> tuple[Grant, ...]:
        """What members of ``group`` are granted."""
        return tuple(Grant(*_split(each)) for each in self.grants.get(group, ()))


class WorkerSettings(_Model):
    processes: int = Field(default=1, ge=1, le=64)
    max_cameras: int = Field(default=200, ge=1, le=2000)
    ring_s: float = Field(default=30, ge=5, le=600)
    ring_bytes: int = Field(default=48 * MIB, ge=MIB)
    tap_host: str = "127.0.0.1"
    tap_port: int = Field(default=0, ge=0, le=65535)
    tap_advertise: str | None = None


class IceServerConfig(_Model):
    """A STUN or TURN server, as browsers name it (W3C WebRTC, RTCIceServer)."""

    urls: tuple[str, ...] = Field(min_length=1)
    username: str | None = None
    credential: SecretStr | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for url in self.urls:
            if not ICE_URL.fullmatch(url):
                raise ValueError(
                    f"{url!r} is no STUN or TURN server: write stun:host:port, turn:host:port or turns:host"
                )
        if any(url.startswith("turn") for url in self.urls) and not (self.username and self.credential):
            raise ValueError("a TURN server needs username and credential")
        return self


class LiveSettings(_Model):
    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    advertise: str | None = None
    max_viewers: int = Field(default=200, ge=1, le=5000)
    max_viewers_per_user: int = Field(default=64, ge=1, le=1000)
    max_transcodes: int = Field(default=4, ge=0, le=64)
    ice_servers: tuple[IceServerConfig, ...] = ()
    announce: Annotated[tuple[Annotated[str, AfterValidator(_address)], ...], BeforeValidator(_listed)] = ()
    udp_ports: Annotated[tuple[UdpPort, UdpPort] | None, BeforeValidator(_listed)] = None

    @model_validator(mode="after")
    def _ports_suffice(self) -> Self:
        if self.udp_ports is not None and self.udp_ports[1] - self.udp_ports[0] + 1 < self.max_viewers:
            first, last = self.udp_ports
            raise ValueError(
                f"udp_ports {first} to {last} are fewer than max_viewers, {self.max_viewers}: each viewer takes one"
            )
        return self


class DetectorSettings(_Model):
    model: str = "yolo11n"
    width: int = Field(default=640, multiple_of=32, ge=160, le=1920)
    height: int = Field(default=384, multiple_of=32, ge=96, le=1920)
    max_batch: int = Field(default=8, ge=1, le=64)
    threads: int | None = Field(default=None, ge=1, le=256)
    device: str = "cpu"
    gate: bool = True


class ClipSettings(_Model):
    pre_roll_s: float = Field(default=5, ge=0, le=60)
    post_roll_s: float = Field(default=5, ge=0, le=60)
    part_max_s: float = Field(default=300, ge=10, le=3600)
    part_max_bytes: int = Field(default=256 * MIB, ge=MIB)


class SpoolSettings(_Model):
    max_bytes: int = Field(default=20 * 1024 * MIB, ge=16 * MIB)
    min_free_bytes: int = Field(default=512 * MIB, ge=0)


class EvidenceSettings(_Model):
    organisation: str = Field(default="", max_length=64)
    tsa_url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    verify_max_bytes: int = Field(default=16 * 1024 * MIB, ge=MIB)


class ExportSettings(_Model):
    """Evidence packages that the service makes and keeps for a while; ``camsvc export`` is not bound by them."""

    parallel: int = Field(default=1, ge=0, le=16)
    keep_days: float = Field(default=7, gt=0, le=365)
    max_bytes_per_account: int = Field(default=100 * 1024 * MIB, ge=MIB)
    max_bytes_total: int = Field(default=500 * 1024 * MIB, ge=MIB)
    max_waiting: int = Field(default=20, ge=1, le=1000)


class PolicySettings(_Model):
    """What people must say or do before they may."""

    purpose: Annotated[tuple[Action, ...], BeforeValidator(_listed)] = ()
    case_number: Annotated[tuple[Action, ...], BeforeValidator(_listed)] = ()
    token_max_days: float = Field(default=365, gt=0, le=3650)

    def lacks(self, action: Action, reason: Reason) -> tuple[str, ...]:
        """Which of ``purpose`` and ``case_number`` must be said before ``action``, and is not."""
        asked = (("purpose", self.purpose), ("case_number", self.case_number))
        return tuple(name for name, actions in asked if action in actions and getattr(reason, name) is None)


class MqttSettings(_Model):
    """A broker that alerts are published to."""

    host: str = Field(min_length=1)
    port: int = Field(default=8883, ge=1, le=65535)
    tls: bool = True
    ca_file: Path | None = None
    username: str | None = None
    password: SecretStr | None = None
    topic: str = Field(default="camsvc/alerts", pattern=r"^[^#+\x00/][^#+\x00]{0,199}$")

    @model_validator(mode="after")
    def _password_is_safe(self) -> Self:
        if self.password is not None and not self.tls and self.host not in LOOPBACK:
            raise ValueError("mqtt: without tls the password would be sent in the clear: set tls, or leave it out")
        return self


class AlertSettings(_Model):
    webhook_hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.\[\]:-]+$")], ...] = ()
    mqtt: MqttSettings | None = None
    source: str = Field(default="urn:camsvc", min_length=1, max_length=200, pattern=r"^\S+$")
    keep_days: int = Field(default=90, ge=1, le=3660)


class ExemptionConfig(_Model):
    """Other days for one camera, or for an area with all below it."""

    area: AreaPath | None = None
    camera: CameraId | None = None
    days: Days | None = None
    alarm_days: Days | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.area is None) == (self.camera is None):
            raise ValueError("name either an area or a camera")
        return self

    def to_domain(self) -> Exemption:
        return Exemption(self.area, self.camera, self.days, self.alarm_days)


class RetentionSettings(_Model):
    days: Days | None = None
    alarm_days: Days | None = None
    index_days: Days | None = None
    overrides: tuple[ExemptionConfig, ...] = Field(default=(), max_length=EXEMPTIONS_MAX)
    min_free_bytes: int = Field(default=2048 * MIB, ge=0)

    @model_validator(mode="after")
    def _index_outlives_footage(self) -> Self:
        if self.index_days is None:
            return self
        given = ((self.days, self.alarm_days), *((each.days, each.alarm_days) for each in self.overrides))
        for pair in given:
            longest = max(days or 0 for days in pair)
            if longest > self.index_days:
                raise ValueError(
                    f"footage of {longest} days would outlive its rows, which go after index_days {self.index_days}:"
                    " nobody would find it"
                )
        return self

    def to_domain(self) -> Policy:
        exemptions = tuple(each.to_domain() for each in self.overrides)
        return Policy(self.days, self.alarm_days, self.index_days, exemptions)


class MapSettings(_Model):
    tiles_url: str | None = None
    attribution: str = ""
    boundaries: Path | None = None
    roads: Path | None = None
    lat: float | None = None
    lon: float | None = None
    zoom: int = Field(default=14, ge=1, le=20)


class Settings(_Model):
    """Everything. Paths in it are absolute once loaded."""

    data: Path = Field(default_factory=lambda: user_data_path("camsvc"))
    language: Literal["en", "vi"] = "en"
    timezone: str = "Asia/Ho_Chi_Minh"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    database_url: SecretStr | None = None
    s3_endpoint: str | None = None
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_bucket: str = "camsvc"
    s3_region: str = "us-east-1"
    s3_secure: bool = True
    secret_key: SecretStr | None = None
    server: ServerSettings = ServerSettings()
    log_in: LogInSettings = LogInSettings()
    oidc: OidcSettings | None = None
    worker: WorkerSettings = WorkerSettings()
    live: LiveSettings = LiveSettings()
    detector: DetectorSettings = DetectorSettings()
    clips: ClipSettings = ClipSettings()
    spool: SpoolSettings = SpoolSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    exports: ExportSettings = ExportSettings()
    policy: PolicySettings = PolicySettings()
    alerts: AlertSettings = AlertSettings()
    retention: RetentionSettings = RetentionSettings()
    map: MapSettings = MapSettings()
    areas: tuple[AreaConfig, ...] = ()
    cameras: tuple[CameraConfig, ...] = ()

    @model_validator(mode="after")
    def _store_is_whole(self) -> Self:
        given = [name for name in ("s3_endpoint", "s3_access_key", "s3_secret_key") if getattr(self, name) is not None]
        if given and len(given) < 3:
            raise ValueError(
                f"{', '.join(given)} without the rest: set s3_endpoint, s3_access_key and s3_secret_key, or none"
            )
        return self

    @model_validator(mode="after")
    def _somebody_can_log_in(self) -> Self:
        if not self.log_in.passwords and self.oidc is None:
            raise ValueError("log_in.passwords is off and oidc is not set: nobody but the first administrator gets in")
        return self

    @model_validator(mode="after")
    def _camera_ids_differ(self) -> Self:
        seen: set[str] = set()
        for camera in self.cameras:
            if camera.id in seen:
                raise ValueError(f"two cameras have the id {camera.id!r}: ids are never shared or reused")
            seen.add(camera.id)
        return self


def load(file: Path | None = None, **overrides: object) -> Settings:
    """Settings from ``file``, then ``CAMSVC_…`` variables, then ``overrides`` (each stronger than the one before).

    ``CAMSVC_SERVER__PORT`` sets ``server.port``. An override of None is no override; ``__`` in its name nests likewise.
    Raises ConfigError naming the file and the key.
    """
    values = read_yaml(file) if file else {}
    for name, value in os.environ.items():
        if name.startswith(ENV_PREFIX) and name not in _OTHER_VARIABLES:
            _put(values, name.removeprefix(ENV_PREFIX).lower().split("__"), value)
    for name, override in overrides.items():
        if override is not None:
            _put(values, name.split("__"), override)
    settings = parse(Settings, values, file)
    base = file.parent if file else Path.cwd()
    layers = {"boundaries": settings.map.boundaries, "roads": settings.map.roads}
    placed = {name: (base / layer).absolute() if layer else None for name, layer in layers.items()}
    return settings.model_copy(
        update={"data": settings.data.expanduser().absolute(), "map": settings.map.model_copy(update=placed)}
    )


def parse(model: type[ModelT], values: object, file: Path | None) -> ModelT:
    """``values`` as ``model``. Raises ConfigError naming ``file`` and each wrong key, without repeating values."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, file)) from error


_OTHER_VARIABLES = frozenset({"CAMSVC_ADMIN_PASSWORD", "CAMSVC_NEW_PASSWORD", "CAMSVC_KEY_PASSWORD"})
"""Read elsewhere; not settings."""


def read_yaml(file: Path) -> dict[str, Any]:
    """The mapping in ``file``. Raises ConfigError naming the file and the line."""
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{file}{where}: not valid YAML: {getattr(error, 'problem', error)}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{file}: must be a mapping of settings, like 'server:' or 'cameras:'")
    return values


def _put(values: dict[str, Any], path: list[str], value: object) -> None:
    for name in path[:-1]:
        inner = values.get(name)
        values[name] = inner = dict(inner) if isinstance(inner, dict) else {}
        values = inner
    values[path[-1]] = value


def _explain(error: ValidationError, file: Path | None) -> str:
    """One line a fault, without the refused value: it may be a password."""
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in fault["loc"]) or "settings"
        reason = (
            "unknown key; see configs/camsvc.yaml for all keys" if fault["type"] == "extra_forbidden" else fault["msg"]
        )
        lines.append(f"{file or 'settings'}: {key}: {reason.removeprefix('Value error, ')}")
    return "\n".join(lines)
