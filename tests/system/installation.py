"""A whole installation as its user starts it: ``camsvc up`` as a child process, spoken to over HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import psutil
import yaml

Answer = TypeVar("Answer")
PASSWORD = "a long password for one test"
START_TIMEOUT_S = 90
"""initdb, weed and the imports of ultralytics on a busy machine with two cores."""
STOP_TIMEOUT_S = 40


class Installation:
    """``cameras`` maps ids to stream URLs, or to whole camera configurations."""

    def __init__(self, folder: Path, cameras: Mapping[str, str | dict[str, Any]], **settings: Any) -> None:  # noqa: ANN401  any setting
        self.data = folder / "data"
        self.log = folder / "log.txt"
        self._config = folder / "camsvc.yaml"
        configured = [
            {"id": name, "name": name, "area": "town", "location": {"lat": 21.0 + index / 100, "lon": 105.0}}
            | ({"streams": {"main": camera}} if isinstance(camera, str) else camera)
            for index, (name, camera) in enumerate(cameras.items())
        ]
        self._config.write_text(yaml.safe_dump({"cameras": configured, **settings}), encoding="utf-8")
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None
        self._token = ""

    def start(self) -> None:
        environment = os.environ | {"CAMSVC_ADMIN_PASSWORD": PASSWORD, "PYTHONWARNINGS": "default"}
        with self.log.open("ab") as log:
            before = self.log.stat().st_size
            up = [sys.executable, "-m", "camsvc.cli.main", "up", "--port", "0"]
            self.process = subprocess.Popen(
                [*up, "--data", str(self.data), "--config", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
            )
        self.url = wait_for(lambda: self._announced(before) or "", START_TIMEOUT_S, self._why)
        wait_for(lambda: httpx.get(f"{self.url}/readyz").status_code == 200, START_TIMEOUT_S, self._why)
        self._token = ""

    def stop(self) -> int:
        """As Ctrl-C does. The exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_TIMEOUT_S)

    def children(self, word: str) -> list[psutil.Process]:
        """Processes of this installation whose command line holds ``word``."""
        assert self.process is not None
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if word in " ".join(child.cmdline()):
                    found.append(child)
        return found

    def headers(self) -> dict[str, str]:
        """Those that authorise a request as the administrator."""
        if not self._token:
            form = {"username": "admin", "password": PASSWORD}
            answer = httpx.post(f"{self.url}/api/v1/auth/token", data=form, timeout=30)
            answer.raise_for_status()
            self._token = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self._token}"}

    def get(self, path: str, **parameters: Any) -> httpx.Response:  # noqa: ANN401  any filter
        """An authorised GET below /api/v1. Raises for an error status."""
        headers = self.headers() | parameters.pop("headers", {})
        answer = httpx.get(f"{self.url}/api/v1{path}", params=parameters, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer

    def incidents(self, **filters: Any) -> list[dict[str, Any]]:  # noqa: ANN401  any filter
        """All that match, over all pages, newest first."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.get("/incidents", limit=200, **filters, **({"cursor": cursor} if cursor else {})).json()
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def command(self, *arguments: str) -> Any:  # noqa: ANN401  whatever the command prints
        """Run ``camsvc …`` on this installation's data; its JSON. Raises CalledProcessError."""
        argv = [sys.executable, "-m", "camsvc.cli.main", *arguments, "--data", str(self.data), "--json"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=True)
        return json.loads(done.stdout)

    def _announced(self, offset: int) -> str | None:
        text = self.log.read_bytes()[offset:].decode("utf-8", "replace")
        match = re.search(r"http://[\d.]+:\d+", text)
        return match[0] if match else None

    def _why(self) -> str:
        assert self.process is not None
        tail = "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:])
        return f"camsvc up (exit status {self.process.poll()}) did not get so far; its log ends:\n{tail}"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self.process and self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def wait_for(found: Callable[[], Answer], timeout_s: float, why: Callable[[], str] | str) -> Answer:
    """Poll until ``found`` answers something true; connection errors count as "not yet". Raises AssertionError."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        with contextlib.suppress(httpx.HTTPError):
            if answer := found():
                return answer
        time.sleep(0.25)
    raise AssertionError(why if isinstance(why, str) else why())
