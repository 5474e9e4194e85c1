"""Headers that keep a browser from doing more with an answer than was meant."""

from __future__ import annotations

from urllib.parse import urlsplit

from camsvc.config import Settings

HSTS_MAX_AGE_S = 365 * 24 * 3600
"""A year: what preload lists ask for. Sent only where the operator says that TLS is in front (``cookie_secure``)."""

API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""An answer of the API is data: nothing in it is ever run or shown as a page."""


class SecurityHeaders:
    """The headers of one server; built once."""

    def __init__(self, settings: Settings) -> None:
        always = {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        }
        if settings.server.cookie_secure:
            always["Strict-Transport-Security"] = f"max-age={HSTS_MAX_AGE_S}"
        self._api = _raw(always | {"Content-Security-Policy": API_POLICY})
        self._page = _raw(always | {"Content-Security-Policy": page_policy(settings.map.tiles_url)})

    def of(self, path: str) -> list[tuple[bytes, bytes]]:
        """Lower-case names, as ASGI wants them."""
        return self._api if is_api(path) else self._page


def is_api(path: str) -> bool:
    return path.startswith("/api/") or path in {"/healthz", "/readyz", "/metrics"}


def page_policy(tiles_url: str | None) -> str:
    """For the web application. NiceGUI puts its start-up script into the page and Vue compiles templates in the
    browser: inline scripts and ``eval`` must be allowed. All comes from this server, but the map tiles that an
    operator names.
    """
    tiles = ""
    if tiles_url:
        parts = urlsplit(tiles_url)
        if parts.scheme in {"http", "https"}:
            tiles = f" {parts.scheme}://{parts.netloc.replace('{s}', '*')}"
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            f"img-src 'self' data: blob:{tiles}",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
