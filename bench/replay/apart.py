"""A reader in a process of its own: what a damaged file does to a foreign library ends that process, and no more.

asammdf runs for ever on some damaged files, and reads beyond its memory on others (36 of 20,000).
"""

import atexit
import contextlib
import os
import pickle
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import bench
from bench.errors import ConfigError, at_place
from bench.replay.recording import KeyMistake, Recording, RecordingAsked

_LEAST_CPU_S, _CPU_S_PER_MB = 8.0, 2.0  # asammdf decodes some 10 MB of bus logging in a second
_LENGTH = struct.Struct("<Q")
_ROOT = Path(bench.__file__).resolve().parents[1]
_CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from bench.replay.apart import serve; serve()"

_child: "subprocess.Popen[bytes] | None" = None
_owner = 0  # a fork of the process that began the child must not talk to it


def read_apart(asked: RecordingAsked) -> Recording:
    """As `read_mf4_here`, but for a file that its library does not survive: that is a ConfigError, too."""
    child = _reader()
    assert child.stdin is not None and child.stdout is not None  # noqa: S101
    try:
        send(child.stdin, (asked, _folder(), allowed_cpu_s(asked.path)))
        found = receive(child.stdout)
    except (OSError, EOFError):
        raise ConfigError(
            at_place(asked.path, "", f"cannot be read ({_end_of(child)})", "an MF4 file")
        ) from None
    except BaseException:  # Ctrl-C: an answer that nobody has heard must not be taken for the next file's
        child.kill()
        _end_of(child)
        raise
    if isinstance(found, ConfigError | KeyMistake):
        raise found
    assert isinstance(found, Recording)  # noqa: S101
    return found


def send(to: IO[bytes], content: object) -> None:
    data = pickle.dumps(content)
    to.write(_LENGTH.pack(len(data)) + data)
    to.flush()


def receive(source: IO[bytes]) -> Any:
    """EOFError where the other side has ended, be it within what it said."""
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data = source.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)


def serve() -> None:
    """In the child, until its standard input ends. What the library prints goes to nobody."""
    from bench.replay.mf4 import read_mf4_here

    answers = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "w") as nobody:
        os.dup2(nobody.fileno(), 1)
        os.dup2(nobody.fileno(), 2)
    while True:
        try:
            asked, folder, allowed_s = receive(sys.stdin.buffer)
        except EOFError:
            return
        if folder:
            os.chdir(folder)
        _limit(allowed_s)
        try:
            send(answers, read_mf4_here(asked))
        except (ConfigError, KeyMistake) as error:
            send(answers, error)


def _folder() -> str:
    """Where a path without a root begins, which may be elsewhere than when the child began; "" where it is gone."""
    with contextlib.suppress(OSError):
        return str(Path.cwd())
    return ""


def allowed_cpu_s(path: Path) -> float:
    """How long the reader may compute on a file of this size."""
    with contextlib.suppress(OSError):
        return _LEAST_CPU_S + _CPU_S_PER_MB * path.stat().st_size / 1e6
    return _LEAST_CPU_S


def _limit(allowed_s: float) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # not on every system

        most_s = int(time.process_time() + allowed_s) + 1
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (most_s, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _reader() -> "subprocess.Popen[bytes]":
    """The child that serves this process; a new one where there is none, or none any more."""
    global _child, _owner
    if _child is None or _owner != os.getpid() or _child.poll() is not None:
        words = [sys.executable, "-P", "-c", _CHILD, str(_ROOT)]  # -P: no module of the folder it stands in
        _child = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        _owner = os.getpid()
        atexit.register(_leave, _child, _owner)
    return _child


def _leave(child: "subprocess.Popen[bytes]", owner: int) -> None:
    if owner == os.getpid():
        child.kill()
        child.wait()


def _end_of(child: "subprocess.Popen[bytes]") -> str:
    """How its process ended, as a cause."""
    code = child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    name = _signal_name(code)
    if name in ("SIGXCPU", "SIGKILL"):
        return "its reader did not come to an end"
    return f"its reader crashed, by {name}" if name else f"its reader ended with {code}"


def _signal_name(code: int) -> str:
    return signal.Signals(-code).name if code < 0 and -code in list(signal.Signals) else ""
