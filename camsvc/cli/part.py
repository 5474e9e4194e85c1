"""What the commands that run one part of an installation (``worker``, ``live``) share."""

from __future__ import annotations

import re
import signal
import socket
import threading

from camsvc.errors import InputError

ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


def name_of(given: str | None, part: str) -> str:
    """The name that ``part`` ("a worker") keeps over restarts; the host's unless ``given``. Raises InputError."""
    name = given if given is not None else socket.gethostname()
    if not ID.fullmatch(name):
        raise InputError(
            f"{name!r} is no name for {part}",
            parameter="--id",
            cure="use letters, digits, '-', '.' and '_', 64 at most",
        )
    return name


def stop_on_signals() -> threading.Event:
    """Set by SIGINT, SIGTERM and SIGHUP. Call it from the main thread."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop
