"""Running the embedded servers as an unprivileged user when we are root: PostgreSQL refuses to run as root.

No account is made and nothing is made readable: the chosen user gets the right to pass through the folders above the
data and the program (an access control entry ``user:NAME:--x``; where the file system has none, ``o+x``).
"""

from __future__ import annotations

import errno
import os
import pwd
import stat
import struct
from pathlib import Path

from camsvc import log
from camsvc.errors import ConfigError
from camsvc.worker.process import User

ACCOUNTS = ("camsvc", "postgres", "nobody")
"""The first that exists. A packager makes ``camsvc``; every system has ``nobody``."""

_ACL = "system.posix_acl_access"
_ACL_VERSION = 2
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_LIMITED = frozenset({_USER, _GROUP_OBJ, _GROUP})
"""Tags whose rights the mask limits."""
_PASS = 1
_NO_ID = 0xFFFF_FFFF
_ENTRY = struct.Struct("<HHI")  # tag, permissions, id; acl(5) and linux/posix_acl_xattr.h

_log = log.get(__name__)


def server_user(owned: Path) -> User | None:
    """Whom to run as; None: as ourselves. The owner of ``owned`` (data of an earlier start) comes first."""
    if os.geteuid() != 0:
        return None
    if owned.exists() and (uid := owned.stat().st_uid) != 0:
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise ConfigError(
                f"{owned} belongs to user {uid}, who has no account here; give it to one that exists: chown -R"
            ) from None
        return User(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise ConfigError(
        f"none of the accounts {', '.join(ACCOUNTS)} exists: PostgreSQL cannot run as root; useradd camsvc"
    )


def let_reach(user: User, path: Path) -> None:
    """Lets ``user`` pass through every folder above ``path``. Raises ConfigError naming the folder and the cure."""
    for folder in reversed(path.resolve().parents):
        if not _may_pass(user, folder):
            _let_pass(user, folder)


def give(user: User, folder: Path) -> None:
    """Makes ``folder`` and all below it the user's own, where it is not: data copied by root from elsewhere."""
    if folder.stat().st_uid == user.uid:
        return
    for root, _, files in os.walk(folder):
        os.chown(root, user.uid, user.gid)
        for name in files:
            os.lchown(Path(root) / name, user.uid, user.gid)


def _may_pass(user: User, folder: Path) -> bool:
    status = folder.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    for tag, permissions, identity in _entries(folder, status.st_mode):
        if tag == _USER and identity == user.uid:
            return bool(permissions & _PASS)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _let_pass(user: User, folder: Path) -> None:
    entries = [
        entry for entry in _entries(folder, folder.stat().st_mode) if not (entry[0] == _USER and entry[2] == user.uid)
    ]
    entries.append((_USER, _PASS, user.uid))
    mask = 0
    for tag, permissions, _ in entries:
        if tag in _LIMITED:
            mask |= permissions
    entries.append((_MASK, mask, _NO_ID))
    packed = struct.pack("<I", _ACL_VERSION) + b"".join(_ENTRY.pack(*entry) for entry in sorted(entries))
    try:
        os.setxattr(folder, _ACL, packed)
    except OSError as error:
        if error.errno not in (errno.ENOTSUP, errno.EPERM, errno.EROFS):
            raise
        _let_everybody_pass(user, folder)
        return
    _log.info("the servers' user may pass a folder", user=user.name, folder=str(folder))


def _let_everybody_pass(user: User, folder: Path) -> None:
    """Where the file system knows no access control lists. Passing is not listing: names stay unknown."""
    try:
        folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be passed by the user {user.name!r}, who runs the embedded servers because PostgreSQL "
            f"refuses root: put the data and the program elsewhere, or allow it: chmod o+x {folder}"
        ) from error
    _log.warning("every user may now pass a folder (no access control lists here)", folder=str(folder))


def _entries(folder: Path, mode: int) -> list[tuple[int, int, int]]:
    """(tag, permissions, id) of each entry but the mask, as they take effect: what the mask denies is left out.

    The mask is where a later ``chmod`` of the group's rights lands; widening it must not bring denied rights back.
    """
    try:
        packed = os.getxattr(folder, _ACL)
    except OSError:  # none set, or not known to this file system
        return [
            (_USER_OBJ, mode >> 6 & 7, _NO_ID),
            (_GROUP_OBJ, mode >> 3 & 7, _NO_ID),
            (_OTHER, mode & 7, _NO_ID),
        ]
    entries = list(_ENTRY.iter_unpack(packed[4:]))
    mask = next((permissions for tag, permissions, _ in entries if tag == _MASK), 7)
    return [
        (tag, permissions & mask if tag in _LIMITED else permissions, identity)
        for tag, permissions, identity in entries
        if tag != _MASK
    ]
