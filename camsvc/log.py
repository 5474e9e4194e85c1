"""Logging: one line an event, to stderr, never with a credential (invariant 9)."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_USERINFO = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?:[^\s/?#'\"]*|[^\s/?#'\":]*:(?!\d{1,5}[/?#])[^\s'\"]*)@", re.IGNORECASE
)
"""Up to the last ``@`` of the authority, as cameras' passwords hold one unescaped; and an unescaped ``/`` in the
password (not taken for a port) does not hide the rest of it."""
_PARAMETER = re.compile(
    r"(?P<name>(?<![a-z0-9])(?:user|username|usr|login|password|passwd|passwort|pwd|pass|psw|token|auth|secret)=)"
    r"[^\s&;/'\"]+",
    re.IGNORECASE,
)
"""Many cameras take their credentials in the path or the query: ``/user=admin&password=…&channel=1``."""


def redact(text: str) -> str:
    """``text`` with the credentials of every URL in it replaced by ``***``: user information and named parameters."""
    return _PARAMETER.sub(r"\g<name>***", _USERINFO.sub(r"\g<scheme>***@", text))


def configure(level: str = "info", *, process: str | None = None) -> None:
    """Call once, at the start of a process. Lines of third-party libraries pass the same redaction."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_all,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:-1], structlog.stdlib.ExtraAdder(), _redact_all],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(colors=False)
                if sys.stderr.isatty()
                else structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "urllib3", "uvicorn.access", "watchfiles", "matplotlib", "alembic", "aioice"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.clear_contextvars()
    if process:
        structlog.contextvars.bind_contextvars(process=process)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger: ``log.info("session opened", camera=…, session=…)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _redact_all(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
        elif isinstance(value, BaseException):
            event[key] = redact(str(value))
    return event
