"""A process of its own for what is to die."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable


def in_a_process_of_its_own(work: Callable[[], object]) -> int:
    """Forks, and waits: the child's status as ``os.waitpid`` gives it; exit code 1 when ``work`` raised.

    However ``work`` ends, the child ends with it: one that goes on is a second test run over the first one's servers.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001  the top of a process
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]
