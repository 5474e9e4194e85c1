"""The files that a map without internet is drawn from: boundaries and roads, as an operator gives them."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response

from camsvc.api.access import SignedIn
from camsvc.config import MapSettings
from camsvc.errors import ConfigError
from camsvc.web.components.map_ground import BOUNDARIES_URL, ROADS_URL

LAYER_MAX_BYTES = 20 * 1024 * 1024
"""A province's communes and roads, simplified for a map, are a few megabytes."""
FRESH_S = 3600
"""A browser keeps them for so long."""


def serve(app: FastAPI, settings: MapSettings) -> None:
    """To whom is logged in. Raises ConfigError for a file that cannot be read or is no GeoJSON."""
    for name, url, file in (("boundaries", BOUNDARIES_URL, settings.boundaries), ("roads", ROADS_URL, settings.roads)):
        if file is not None:
            _serve(app, url, _read(f"map.{name}", file))


def _serve(app: FastAPI, url: str, content: bytes) -> None:
    @app.get(url, include_in_schema=False)
    def layer(_: SignedIn) -> Response:
        headers = {"Cache-Control": f"private, max-age={FRESH_S}"}
        return Response(content, media_type="application/geo+json", headers=headers)


def _read(key: str, file: Path) -> bytes:
    try:
        if file.stat().st_size > LAYER_MAX_BYTES:
            raise ConfigError(f"{key}: {file} is larger than {LAYER_MAX_BYTES} bytes: simplify its lines")
        content = file.read_bytes()
        document = json.loads(content)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{key}: {file} cannot be read as GeoJSON: {error}") from error
    if not isinstance(document, dict) or "type" not in document:
        raise ConfigError(f"{key}: {file} is no GeoJSON: it has no 'type'")
    return content
