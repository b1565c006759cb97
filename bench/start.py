"""Where `hil` starts: Ctrl-C counts from the first line on, while the rest of the bench is still being read."""

import atexit
import contextlib
import os
import signal
import sys

_STOPPED = 128 + signal.SIGINT

# Workers are processes here, and no matrix is large; for each thread OpenBLAS takes 32 MB at import. Where an address
# space is too small for that, it asks again for ever: `hil run` then never ended.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
_LEAST_BYTES = 384 << 20  # a run with its report takes 300 MB of addresses
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
        from bench.cli.main import app

        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = run_command_line(_stop if struck else app)
    except KeyboardInterrupt:  # in the moment between one handler and the next
        sys.stderr.write("stopped\n")
        code = _STOPPED
    ends.append(code)
    sys.exit(code)


def _address_space() -> int | None:
    """How many bytes the process may map; None: as many as there are, or nobody can tell on this system."""
    try:
        import resource
    except ImportError:
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if most == resource.RLIM_INFINITY else most


def _leave(ends: list[int]) -> None:
    """Where Ctrl-C struck in a text that is executed, as dataclasses are made, Python ends by SIGINT after all."""
    if ends != [_STOPPED]:
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none at all
            stream.flush()
    os._exit(_STOPPED)


def _stop() -> None:
    raise KeyboardInterrupt
