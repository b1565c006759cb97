"""What a process has to do with its parent: it tells it one line at the start, and a worker ends with it."""

import contextlib
import ctypes
import os
import signal
import sys

_LOOK_S = 1.0
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def end_with(parent: int) -> None:
    """Killed by the kernel when the parent is gone; where it cannot do that, a look at the parent each second.

    Nothing is lost by the kill: workers drive simulated benches only, and a shot without result.json is unfinished.
    """

    def look(signum: int, frame: object) -> None:  # noqa: ARG001
        if os.getppid() != parent:
            os._exit(128 + signal.SIGKILL)

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, _LOOK_S, _LOOK_S)
    look(signal.SIGALRM, None)  # it may have gone before the kernel was asked


def told(line: str) -> bool:
    """Write a line to stdout, for which the parent waits. False: the parent was killed meanwhile, nobody reads it."""
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else what is still buffered is a complaint at the end
        return False
    return True
