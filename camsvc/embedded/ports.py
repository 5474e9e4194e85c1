"""TCP ports on loopback for servers of ours."""

from __future__ import annotations

import secrets
import socket

from camsvc.errors import EmbeddedServerError

LOOPBACK = "127.0.0.1"
FIRST, LAST = 15_000, 32_000
"""Below the range from which Linux takes ports for outgoing connections (32768…): a remembered port must not be
found taken by somebody's connection when the server comes back."""
TRIES = 500
CONNECT_TIMEOUT_S = 1.0


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
