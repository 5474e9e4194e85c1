"""A real S3 server (SeaweedFS) on loopback, from a Python package, with data under DATA/s3."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import time
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import urllib3
from minio import Minio
from minio.error import MinioException

from camsvc import log
from camsvc.embedded import ports, privileges, programs, state
from camsvc.embedded.single import Single
from camsvc.errors import EmbeddedServerError
from camsvc.worker.process import Place, ProcessSpec, User, end_survivor

NAME = "s3"
PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port",
    "s3.port.grpc",
)
REGION = "us-east-1"
VOLUMES = 128
VOLUME_MB = (64, 1024)
"""A volume is one file of many objects. The disk is meant to hold VOLUMES of them, within these sizes: too large, and a
small disk has room for fewer than are needed at once; too small, and a large disk means thousands of open files."""
TEST_VOLUMES = 10_000
"""Each bucket takes volumes of its own, and every test has a bucket."""
GRACE_S = 1.0
"""The volume server closes its files at once; the filer (4.48) then waits for ever for its own subscribers."""
SOCKETS = Path("/tmp")  # noqa: S108  where SeaweedFS puts them, whatever TMPDIR says
PROBE_TIMEOUT_S = 2.0
WRITE_TIMEOUT_S = 60.0
"""A write waits for the disk, which on a busy machine takes seconds."""
MEMORY_LIMIT = "256MiB"
"""At which Go collects garbage in earnest; without it the server took 520 MB within eight minutes of ten cameras."""
KEY_BYTES = 24
TOKEN_S = 60
COMPACT_FROM = 0.05
"""Part of a volume that is garbage from which on it is worth writing anew, when asked; by itself the server waits for
0.3."""
COMPACT_TIMEOUT_S = 600.0
"""It answers when it is done: a volume is read and written once."""
RULES_PATH = "/etc/seaweedfs/filer.conf"
FILER_RULES = {"version": 0, "locations": [{"locationPrefix": "/buckets/", "fsync": True}]}
"""An upload is answered when its bytes are on the disk; without this SeaweedFS leaves them to the kernel."""

_log = log.get(__name__)


class EmbeddedS3:
    """``prepare()`` then ``process()`` for a supervisor; or ``start()`` and ``stop()`` (a context manager) alone.

    ``weed server`` runs master, volume, filer and S3 gateway in one process. All but the gateway ask for tokens signed
    with generated keys, so that another user of this machine cannot read the store past S3's own door. One thread.
    """

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        """``durable=False``: for tests. What the machine has not written at a power cut is lost."""
        self._data = data.absolute()
        self._folder = self._data / "s3"
        self._state_file = self._data / "s3.json"
        self._durable = durable
        self._weed = programs.weed()
        self._user: User | None = None
        self._state: dict[str, Any] = {}
        self._single = Single(self._data)
        self._http = urllib3.PoolManager(timeout=PROBE_TIMEOUT_S, retries=False)

    @property
    def endpoint(self) -> str:
        """``host:port``, as ``s3_endpoint``; plain HTTP on loopback."""
        return f"{ports.LOOPBACK}:{self._state['ports']['s3.port']}"

    @property
    def access_key(self) -> str:
        return str(self._state["access_key"])

    @property
    def secret_key(self) -> str:
        return str(self._state["secret_key"])

    @property
    def region(self) -> str:
        return REGION

    def prepare(self) -> None:
        """Chooses ports and secrets on the first start. Raises ConfigError or EmbeddedServerError."""
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        end_survivor(Place.under(self._data), NAME, signal.SIGTERM, GRACE_S)  # it would hold the ports
        self._user = privileges.server_user(self._folder)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._user is not None:
            privileges.let_reach(self._user, self._folder)
            privileges.let_reach(self._user, self._weed)
            privileges.give(self._user, self._folder)
        saved = state.read(self._state_file)
        if saved is None:
            saved = {
                "ports": {},
                "volume_mb": _volume_mb(shutil.disk_usage(self._folder).total),
                "access_key": secrets.token_hex(10),
                "secret_key": secrets.token_urlsafe(KEY_BYTES),
                "signing_keys": {
                    name: secrets.token_urlsafe(KEY_BYTES) for name in ("volume", "volume_read", "filer", "filer_read")
                },
            }
        remembered: dict[str, int] = saved["ports"]
        if set(remembered) != set(PORTS) or not ports.come_free(remembered.values()):
            if remembered:
                _log.warning("a port of the S3 server is taken by another program; all get new ones")
            saved["ports"] = dict(zip(PORTS, ports.choose_ports(len(PORTS)), strict=True))
        state.write(self._state_file, saved)
        self._state = saved

    def process(self) -> ProcessSpec:
        """What to run; after ``prepare()``."""
        argv = [
            *(str(self._weed), "-logtostderr=true", "server", "-filer", "-s3", f"-dir={self._folder}"),
            *(f"-ip={ports.LOOPBACK}", f"-ip.bind={ports.LOOPBACK}"),
            *(f"-{name}={port}" for name, port in self._state["ports"].items()),
            "-master.peers=none",  # alone: no election, up in 2 s instead of 8
            f"-master.volumeSizeLimitMB={self._state['volume_mb']}",
            f"-volume.max={0 if self._durable else TEST_VOLUMES}",  # 0: as many as the disk holds
            "-volume.preStopSeconds=0",
            "-master.telemetry=false",
            *("-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *("-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false"),
            *("-filer.disableDirListing", "-filer.exposeDirectoryData=false"),
            *(f"-filer.localSocket={self._folder}/filer.sock", f"-s3.localSocket={self._folder}/s3.sock"),
        ]
        return ProcessSpec(
            name=NAME,
            argv=argv,
            env=self._environment(),
            grace_s=GRACE_S,
            orphan_signal=signal.SIGKILL,
            lingers=True,
            user=self._user,
            before_start=self._clear,
            after_stop=self._clear,
            ready=self.answers,
        )

    def start(self) -> None:
        """Returns when it takes uploads."""
        self.prepare()
        self._single.start(self.process())
        self.provision()

    def stop(self) -> None:
        self._single.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the process that ``start()`` started."""
        return self._single.pid

    def answers(self) -> bool:
        """Whether the gateway lets us in and the volume server has reported to its master (else uploads fail)."""
        client = Minio(
            self.endpoint,
            access_key=self.access_key,
            secret_key=self.secret_key,
            region=REGION,
            secure=False,
            http_client=self._http,
        )
        try:
            client.list_buckets()
            topology = self._request("GET", "master.port", "/dir/status").json()["Topology"]
        except (MinioException, urllib3.exceptions.HTTPError, ValueError, KeyError):
            return False
        return bool(topology.get("Max"))

    def provision(self) -> None:
        """Tells the filer to write through to the disk; any number of times. Raises EmbeddedServerError."""
        if not self._durable:
            return
        try:
            answer = self._request("PUT", "filer.port", RULES_PATH, json.dumps(FILER_RULES).encode())
        except urllib3.exceptions.HTTPError as error:
            raise EmbeddedServerError(f"the S3 server did not take its durability rule: {error}") from error
        if answer.status not in (200, 201):
            raise EmbeddedServerError(f"the S3 server did not take its durability rule: HTTP {answer.status}")

    def _clear(self) -> None:
        """Sockets that a killed server left."""
        for part in ("master", "volume", "filer", "s3"):
            socket = SOCKETS / f"seaweedfs-{part}-grpc-{self._state['ports'][f'{part}.port.grpc']}.sock"
            with suppress(PermissionError):  # somebody else's by the same name
                socket.unlink(missing_ok=True)
        self._http.clear()

    def _request(self, method: str, port: str, path: str, body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        token = _token(self._state["signing_keys"]["filer"])
        return self._http.request(
            method,
            f"http://{ports.LOOPBACK}:{self._state['ports'][port]}{path}",
            body=body,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=PROBE_TIMEOUT_S if body is None else WRITE_TIMEOUT_S,
        )

    def _environment(self) -> dict[str, str]:
        keys = self._state["signing_keys"]
        return {
            "PATH": os.defpath,
            "HOME": str(self._folder),  # where it looks for configuration: there is none
            "TMPDIR": str(self._folder),
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "GOMEMLIMIT": MEMORY_LIMIT,
            "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1",  # volumes are made one by one, not seven at a time
            "WEED_JWT_SIGNING_KEY": keys["volume"],
            "WEED_JWT_SIGNING_READ_KEY": keys["volume_read"],
            "WEED_JWT_FILER_SIGNING_KEY": keys["filer"],
            "WEED_JWT_FILER_SIGNING_READ_KEY": keys["filer_read"],
        }


def compact(data: Path) -> bool:
    """Ask the server that keeps DATA/s3 to give deleted bytes back to the disk now, instead of at its own time.

    Whether it took the order; it then works for seconds to minutes. False also when there is none, or it is away.
    """
    saved = state.read(data / "s3.json")
    if saved is None:
        return False
    address = f"http://{ports.LOOPBACK}:{saved['ports']['master.port']}/vol/vacuum?garbageThreshold={COMPACT_FROM}"
    try:
        with urllib3.PoolManager(timeout=COMPACT_TIMEOUT_S, retries=False) as http:
            return http.request("GET", address).status == HTTPStatus.OK
    except urllib3.exceptions.HTTPError as error:
        _log.warning("the S3 server was not told to compact its files", reason=str(error))
        return False


def _volume_mb(disk_bytes: int) -> int:
    smallest, largest = VOLUME_MB
    return min(largest, max(smallest, disk_bytes // VOLUMES // 1_000_000))


def _token(key: str) -> str:
    """JSON Web Token, HS256 (RFC 7519, RFC 7515): no claim but when it ends."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"exp": int(time.time()) + TOKEN_S})
    signed = b".".join(_base64url(json.dumps(part).encode()) for part in parts)
    return (signed + b"." + _base64url(hmac.new(key.encode(), signed, hashlib.sha256).digest())).decode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
