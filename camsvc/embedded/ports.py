"""TCP ports on loopback for servers of ours."""

from __future__ import annotations

import errno
import secrets
import socket
import time
from collections.abc import Iterable

from camsvc.errors import ConfigError, EmbeddedServerError

LOOPBACK = "127.0.0.1"
FIRST, LAST = 15_000, 32_000
"""Below the range from which Linux takes ports for outgoing connections (32768…): a remembered port must not be
found taken by somebody's connection when the server comes back."""
TRIES = 500
RELEASE_TIMEOUT_S = 2.0
"""A server that was just killed may hold its ports until the kernel has taken it apart."""


def choose_ports(count: int) -> list[int]:
    """Free ports, all different, at random, so that two installations hardly meet."""
    chosen: list[int] = []
    for _ in range(TRIES):
        port = FIRST + secrets.randbelow(LAST - FIRST)
        if port not in chosen and is_free(port):
            chosen.append(port)
        if len(chosen) == count:
            return chosen
    raise EmbeddedServerError(f"fewer than {count} free ports found on {LOOPBACK} between {FIRST} and {LAST}")


def is_free(port: int, host: str = LOOPBACK) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that just ended do not count
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def come_free(wanted: Iterable[int]) -> bool:
    """Whether all are free, now or within ``RELEASE_TIMEOUT_S``."""
    deadline_s = time.monotonic() + RELEASE_TIMEOUT_S
    taken = [port for port in wanted if not is_free(port)]
    while taken and time.monotonic() < deadline_s:
        time.sleep(RELEASE_TIMEOUT_S / 20)
        taken = [port for port in taken if not is_free(port)]
    return not taken


def require_free(host: str, port: int, *, option: str) -> None:
    """Raises ConfigError, naming ``option`` and the cure, when no server can be started there. Port 0 is any."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except socket.gaierror as error:
        raise ConfigError(f"{host!r} is no address of this machine: {error.strerror}") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} on {host} is taken by another program: give another with {option}, or 0 for any free one"
            ) from error
        if error.errno == errno.EACCES:
            raise ConfigError(f"port {port} needs more rights: give one of 1024 or more with {option}") from error
        raise ConfigError(f"{host}, port {port}: cannot be served: {error.strerror}") from error
