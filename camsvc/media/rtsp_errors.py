"""What FFmpeg's RTSP client says, in our own errors, and without the credentials."""

from __future__ import annotations

import errno

import av.error
from av.error import FFmpegError

from camsvc.errors import MediaError, SourceError, SourceRefusedError, StallError
from camsvc.media.libav import scrub

REFUSALS: dict[type[Exception], str] = {
    av.error.HTTPUnauthorizedError: "the user name or password is wrong (401)",
    av.error.HTTPForbiddenError: "this user may not watch (403)",
    av.error.HTTPNotFoundError: "there is no such stream: check the path of the URL (404)",
    av.error.HTTPBadRequestError: "the camera does not understand the request: check the path of the URL (400)",
    av.error.HTTPOtherClientError: "the camera refused: it may not offer this transport, try the other (4xx)",
}


def translated(error: Exception, context: str, *, secret: str | None, stall_s: float) -> MediaError:
    """Our error for FFmpeg's, beginning with ``context``. FFmpeg's is scrubbed in place, since it will be chained."""
    if isinstance(error, FFmpegError):
        scrub(error, secret)
    for kind, reason in REFUSALS.items():
        if isinstance(error, kind):
            return SourceRefusedError(f"{context}: {reason}")
    if getattr(error, "errno", None) == errno.EPROTONOSUPPORT:
        return SourceRefusedError(f"{context}: the camera does not offer this transport: try the other (461)")
    if isinstance(error, TimeoutError):
        return StallError(f"{context}: no answer for {stall_s:g} s")
    return SourceError(f"{context}: {getattr(error, 'strerror', None) or error}")


def userinfo(url: str) -> str | None:
    """``user:password`` of a URL, as written in it."""
    authority = url.partition("://")[2].partition("/")[0]
    return authority.rpartition("@")[0] or None
