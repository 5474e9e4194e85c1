"""Becomes another program that dies with its parent. Run as a file, never imported by the service.

``python -I -S launch.py PARENT SIGNAL UID GID PROGRAM ARGUMENT…``

A process of its own does this, between fork and exec, because code of ours may not run in the forked child of a
process with threads (``preexec_fn`` can deadlock). Order matters: the kernel forgets the parent-death signal when the
user changes, so the user is dropped first. UID -1 keeps the user.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys

PR_SET_PDEATHSIG = 1
MAX_OPEN_FILES = 65_536
"""Enough for a worker with every camera it may have; the usual soft limit of 1024 is not."""


def main() -> None:
    parent, death_signal, uid, gid = (int(value) for value in sys.argv[1:5])
    program = sys.argv[5:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:  # It died before the request took hold.
        sys.exit("the parent is gone")
    try:
        os.execv(program[0], program)  # noqa: S606  no shell is wanted
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
