"""A real sign-in provider that is not ours: ``oidc-provider``, a certified implementation of OpenID Connect, from npm.

It comes once, by exact version, into a cache folder. Its accounts are whatever name is typed at its log-in page.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

PACKAGE, VERSION = "oidc-provider", "9.13.3"
INSTALL_TIMEOUT_S = 180
START_TIMEOUT_S = 30.0
CLIENT, SECRET = "camsvc", "a secret of the tests"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "camsvc-tests" / f"{PACKAGE}-{VERSION}"
_SCRIPT = """
import { Provider } from 'oidc-provider';
const wanted = JSON.parse(process.argv[2]);
const provider = new Provider(wanted.issuer, {
  clients: [{ client_id: wanted.client, client_secret: wanted.secret, redirect_uris: [wanted.redirect],
    post_logout_redirect_uris: [wanted.goodbye], response_types: ['code'], grant_types: ['authorization_code'] }],
  claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
  conformIdTokenClaims: wanted.userinfo,
  pkce: { required: () => true },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({
    sub, preferred_username: sub.split('+')[0], groups: sub.split('+').slice(1) }) }),
});
provider.listen(wanted.port, '127.0.0.1', () => console.log('listening'));
"""


@dataclass
class RealProvider:
    issuer: str
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self, site: str, *, in_user_info: bool = False) -> None:
        """Its only client is the server at ``site``; ``in_user_info``: claims are there, and not in the ID token."""
        wanted = {
            "issuer": self.issuer,
            "port": self.port,
            "client": CLIENT,
            "secret": SECRET,
            "redirect": f"{site}/login/provider/back",
            "goodbye": f"{site}/login",
            "userinfo": in_user_info,
        }
        script = CACHE / "provider.mjs"
        script.write_text(_SCRIPT, encoding="utf-8")
        self.process = subprocess.Popen(
            ["node", str(script), json.dumps(wanted)],
            cwd=CACHE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "NODE_ENV": "development"},
        )
        began = time.monotonic()
        while True:
            assert self.process.poll() is None, "the provider did not start"
            assert time.monotonic() - began < START_TIMEOUT_S, "the provider did not start in time"
            try:
                httpx.get(f"{self.issuer}/.well-known/openid-configuration", timeout=5).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
            else:
                return

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def settings(self, site: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  any setting
        return {
            "issuer": self.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_uri": f"{site}/login/provider/back",
            "name": "Provincial police",
            **more,
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def real_provider() -> Iterator[RealProvider]:
    """Not started yet: it must know where the server is."""
    _install()
    port = free_port()
    provider = RealProvider(f"http://127.0.0.1:{port}", port)
    yield provider
    provider.stop()


def _install() -> None:
    if (CACHE / "node_modules" / PACKAGE).is_dir():
        return
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm is missing: install it to test with a real sign-in provider")
    fresh = CACHE.with_name(f"{CACHE.name}.{os.getpid()}")
    fresh.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", f"{PACKAGE}@{VERSION}"],
        cwd=fresh,
        capture_output=True,
        text=True,
        timeout=INSTALL_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"{PACKAGE} {VERSION} could not be had from npm: {done.stderr.strip()[-200:]}")
    try:
        fresh.rename(CACHE)  # another test process may have been first
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
