"""Every error this service raises on purpose.

::

    CamsvcError
    ├── ConfigError            a setting or a configuration file is wrong: names the key, the file and the cure
    ├── InputError             a request, argument or uploaded value is wrong: names the parameter and the cure
    │   ├── NotFoundError      the named thing does not exist, or the caller may not know that it does
    │   └── ConflictError      the named thing exists already, or changed meanwhile
    ├── AccessError            who asks is not known, or may not
    ├── MediaError             a stream or a file of media
    │   ├── SourceError        cannot be opened, or ended: camera unreachable, refused, gone
    │   │   └── SourceRefusedError   the camera answered and said no (credentials, path): retrying soon is useless
    │   ├── StallError         media time stood still for longer than allowed
    │   ├── TimelineError      time stamps jumped, or our own clock did: a new session must start
    │   ├── ParametersChangedError  codec or picture size changed in mid-stream: a new session must start
    │   └── UnplayableError    the media cannot be muxed or decoded as asked
    ├── DetectorError          model missing, altered, or failed
    ├── StoreError             object store
    │   ├── StoreUnavailableError   no answer, or "try later": worth a retry
    │   └── IntegrityError     what is stored is not what was written
    ├── DatabaseUnavailableError    PostgreSQL did not answer: worth a retry
    ├── LimitError             a bounded resource (viewers, transcodes, streams) is in use up to its bound
    ├── LiveUnavailableError   no live process answers: worth a retry
    ├── LeaseLostError         this worker no longer owns the camera
    ├── SpoolError             the spool's disk: full, gone, or not the one it was
    └── EmbeddedServerError    the embedded PostgreSQL or S3 server did not start or died
"""

from __future__ import annotations


class CamsvcError(Exception):
    """Root of all errors raised on purpose. ``str()`` is one sentence fit for a person, free of secrets."""


class ConfigError(CamsvcError):
    pass


class InputError(CamsvcError):
    """``parameter`` is the name the caller used; ``cure`` says what to give instead."""

    def __init__(self, message: str, *, parameter: str | None = None, cure: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.cure = cure


class NotFoundError(InputError):
    pass


class ConflictError(InputError):
    pass


class AccessError(CamsvcError):
    pass


class MediaError(CamsvcError):
    pass


class SourceError(MediaError):
    pass


class SourceRefusedError(SourceError):
    pass


class StallError(MediaError):
    pass


class TimelineError(MediaError):
    pass


class ParametersChangedError(MediaError):
    pass


class UnplayableError(MediaError):
    pass


class DetectorError(CamsvcError):
    pass


class StoreError(CamsvcError):
    pass


class StoreUnavailableError(StoreError):
    pass


class IntegrityError(StoreError):
    pass


class DatabaseUnavailableError(CamsvcError):
    pass


class LimitError(CamsvcError):
    pass


class LiveUnavailableError(CamsvcError):
    pass


class LeaseLostError(CamsvcError):
    pass


class SpoolError(CamsvcError):
    pass


class EmbeddedServerError(CamsvcError):
    pass
