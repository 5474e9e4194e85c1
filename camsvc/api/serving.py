"""Running the application under uvicorn so that it also stops."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from camsvc.api.context import Server
from camsvc.config import Settings

STOP_TIMEOUT_S = 5
"""For answers under way when the server is told to stop; then they are broken off. A clip on a slow line takes longer,
and its player asks for the rest again."""
KEEP_ALIVE_S = 65
"""Longer than a proxy keeps its connections (60 s as a rule): else it sends on one that is just being closed."""
BACKLOG = 512
MAX_HEADER_BYTES = 32 * 1024
MAX_MESSAGE_BYTES = 1024 * 1024
"""Of a web socket's client: the largest is what a page says of itself."""


class HttpServer(uvicorn.Server):
    """Ends the streams of events and pictures before it waits for connections: they never end by themselves."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        if isinstance(app, FastAPI) and isinstance(getattr(app.state, "camsvc", None), Server):
            app.state.camsvc.feed.close()
            app.state.camsvc.states.close()
            await app.state.camsvc.live.close()
        await super().shutdown(sockets)


def make_server(app: FastAPI, settings: Settings) -> HttpServer:
    """Call its ``run()``; another thread may end it by ``should_exit = True``. It logs through ``camsvc.log``."""
    return HttpServer(
        uvicorn.Config(
            app,
            host=settings.server.host,
            port=settings.server.port,
            proxy_headers=bool(settings.server.trusted_proxies),  # nobody is believed who is not named
            forwarded_allow_ips=list(settings.server.trusted_proxies),
            log_config=None,
            access_log=False,  # the envelope writes it, without queries
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,  # pictures are compressed already, and pages send little: it only costs
        )
    )
