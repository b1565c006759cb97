"""A run folder is held by whoever writes it, for as long as its processes live, however they end.

The kernel keeps the hold and gives it up with the last process: nothing is left behind by a kill. Where it cannot
(another system, a file system without locks) nobody holds anything.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl

    _ALONE: int | None = fcntl.LOCK_EX
    _AT_ONCE = fcntl.LOCK_NB
except ImportError:  # not a Unix
    _ALONE, _AT_ONCE = None, 0


@contextlib.contextmanager
def held(folder: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold it for the time of the block; False where another process does. What is forked in the block holds it too.

    wait: for whoever only looks, which takes a moment.
    """
    lock = locked(folder, os.O_RDONLY, wait=wait)
    try:
        yield lock is not None
    finally:
        if lock is not None and lock >= 0:
            os.close(lock)


def locked(path: Path, flags: int, *, wait: bool = False) -> int | None:
    """The descriptor that holds a file or a folder; -1 where nothing can, None where somebody else does."""
    if _ALONE is None:
        return -1
    try:
        handle = os.open(path, flags)
    except OSError:
        return -1
    try:
        fcntl.flock(handle, _ALONE if wait else _ALONE | _AT_ONCE)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        os.close(handle)
        return -1
    return handle
