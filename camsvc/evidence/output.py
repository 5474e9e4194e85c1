"""Where a package is written: beside its name until it is whole, then under it. Nothing is ever written over."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from camsvc.errors import ConflictError, InputError
from camsvc.media.packet_log import sync_folder


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """``path`` appears when the block ends well, on the disk; when it raises, nothing is left.

    Raises ConflictError when there is something under that name, InputError when nothing can be written there.
    """
    if path.exists():
        raise _exists(path)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with aside.open("xb") as file:
            aside.chmod(0o600)
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(aside, path)
        sync_folder(path.parent)
    except OSError as error:
        if error.filename in {None, str(aside), str(path)}:
            raise _refused(path, error) from error
        raise
    finally:
        aside.unlink(missing_ok=True)


def _name(aside: Path, path: Path) -> None:
    try:
        path.hardlink_to(aside)  # unlike a renaming it fails when somebody took the name meanwhile
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError:  # exFAT, as on USB sticks, has no links
        if path.exists():
            raise _exists(path) from None
        aside.rename(path)


def _exists(path: Path) -> ConflictError:
    return ConflictError(f"{path} exists", parameter="--out", cure="choose another name, or remove it")


def _refused(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be written: {error.strerror}", parameter="--out", cure="choose another place")
