"""``camsvc server``: REST API and web application. Any number can run on one database and object store."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from camsvc import config, log
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.embedded import ports
from camsvc.embedded.setup import prepare_database, prepare_store
from camsvc.embedded.stack import ADMIN_PASSWORD, resolve
from camsvc.errors import StoreUnavailableError
from camsvc.storage.objects import ObjectStore

_log = log.get(__name__)


def command(
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings; YAML.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Data folder: where a `camsvc up` is looked for.")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", metavar="H", help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option("--port", metavar="P", min=0, max=65535, help="Port to serve on.")] = None,
) -> None:
    """The web application and the REST API. Brings the database's schema up to date first."""
    settings = resolve(config.load(config_file, data=data, server__host=host, server__port=port))
    log.configure(settings.log_level, process="server")
    ports.require_free(settings.server.host, settings.server.port, option="--port")
    generated, _ = prepare_database(settings, os.environ.get(ADMIN_PASSWORD))
    if generated is not None:
        print(f"First administrator: user name admin, password {generated}", file=sys.stderr, flush=True)
    try:
        prepare_store(settings)
    except StoreUnavailableError as error:  # search and live pictures work without it
        _log.warning("the object store is away; the server starts without it", reason=str(error))

    from camsvc.api.app import create_app
    from camsvc.api.serving import make_server
    from camsvc.web import pages

    assert settings.database_url is not None  # noqa: S101  resolved
    database = Database(settings.database_url, application="camsvc server")
    store = ObjectStore.of(settings)
    try:
        app = create_app(settings, database, store, Cipher.of(settings))
        pages.mount(app)
        make_server(app, settings).run()
    finally:
        database.close()
        store.close()
