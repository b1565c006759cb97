"""Where `hil` starts: Ctrl-C counts from the first line on, while the rest of the bench is still being read."""

import atexit
import contextlib
import gc
import os
import signal
import sys

_SIGNALLED = 128  # exit codes above it: stopped by that signal
_STOPPED = _SIGNALLED + signal.SIGINT

# Workers are processes here, and no matrix is large; for each thread OpenBLAS takes 32 MB at import. Where an address
# space is too small for that, it asks again for ever: `hil run` then never ended.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
_LEAST_BYTES = 384 << 20  # a run with its report takes 300 MB of addresses
_LEAST_FILES = (
    16  # a run alone holds ten: below, modules cannot be read while it has its bus, folder and database open
)
# Imports and a library leave objects that stay: to look for garbage among each 700 of them is 6 % of a short run.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000
_BENCH = 3  # exit code: the bench could not tell


def run() -> None:
    """The entry point. A first Ctrl-C ends the command as soon as it could begin; a second one ends it at once.

    Raised in the middle of an import it could leave half a module, and a traceback is no answer.
    """
    if (most := _address_space()) is not None and most < _LEAST_BYTES:
        sys.stderr.write(
            f"found {most >> 20} MB of address space for this process (ulimit -v); "
            f"expected {_LEAST_BYTES >> 20} MB at least: raise the limit\n"
        )
        sys.exit(_BENCH)
    if (most := _open_files()) is not None and most < _LEAST_FILES:
        sys.stderr.write(
            f"found a limit of {most} open files for this process (ulimit -n); "
            f"expected {_LEAST_FILES} at least: raise the limit\n"
        )
        sys.exit(_BENCH)
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 50)
    struck: list[int] = []
    ends: list[int] = []
    atexit.register(_leave, ends)  # the first, so the last that is done

    def note(signum: int, frame: object) -> None:  # noqa: ARG001
        struck.append(signum)
        if len(struck) > 1:
            os._exit(_STOPPED)

    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, note)
    try:
        from bench.cli.ending import run_command_line
        from bench.cli.main import hil

        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = run_command_line(_stop if struck else hil)
    except KeyboardInterrupt:  # in the moment between one handler and the next
        sys.stderr.write("stopped\n")
        code = _STOPPED
    ends.append(code)
    sys.exit(code)


def _open_files() -> int | None:
    """How many files the process may have open; None: as many as there are, or nobody can tell on this system."""
    try:
        most = os.sysconf("SC_OPEN_MAX")
    except (AttributeError, ValueError, OSError):
        return None
    return None if most < 0 else most


def _address_space() -> int | None:
    """How many bytes the process may map; None: as many as there are, or nobody can tell on this system."""
    try:
        import resource
    except ImportError:
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if most == resource.RLIM_INFINITY else most


def _leave(ends: list[int]) -> None:
    """Where a stop struck in a text that is executed, as dataclasses are made, Python ends by SIGINT after all.

    So it does for every signal that stops a run: they all become a KeyboardInterrupt, and only the exit code tells.
    """
    if len(ends) != 1 or ends[0] <= _SIGNALLED:
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none at all
            stream.flush()
    os._exit(ends[0])


def _stop() -> None:
    raise KeyboardInterrupt
