"""A reader in a separate process: a foreign library that fails on a damaged file ends that process only.

asammdf never ends on some damaged files, and reads beyond its memory on others (36 of 20,000).
"""

import atexit
import contextlib
import os
import pickle
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import bench
from bench.errors import ConfigError, at_place
from bench.replay.recording import KeyMistake, Recording, RecordingAsked

_LEAST_CPU_S, _CPU_S_PER_MB = 8.0, 2.0  # asammdf decodes some 10 MB of bus logging in a second
_LENGTH = struct.Struct("<Q")
_ROOT = Path(bench.__file__).resolve().parents[1]
_CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from bench.replay.apart import serve; serve()"

_PATIENCE = (
    10  # times the time to compute: a reader that waits for a file or for a processor computes nothing
)


@dataclass(frozen=True, slots=True)
class _Child:
    """scratch: the folder where its library keeps temporary files; it goes with the process."""

    process: "subprocess.Popen[bytes]"
    scratch: str


_child: _Child | None = None
_owner = 0  # a fork of the process that began the child must not talk to it
_one_at_a_time = threading.Lock()  # two threads would read each other's answers


def read_apart(asked: RecordingAsked) -> Recording:
    """The same as `read_mf4_here`. A file that ends its library's process is a ConfigError too."""
    with _one_at_a_time:
        found = _asked(asked)
    if isinstance(found, ConfigError | KeyMistake):
        raise found
    assert isinstance(found, Recording)  # noqa: S101
    return found


def _asked(asked: RecordingAsked) -> object:
    """The child's answer to one question."""
    reader, allowed_s = _reader(), allowed_cpu_s(asked.path)
    child = reader.process
    assert child.stdin is not None and child.stdout is not None  # noqa: S101
    with _killed_after(child, _PATIENCE * allowed_s) as too_late:
        try:
            send(child.stdin, (asked, _folder(), allowed_s))
            return receive(child.stdout)
        except (OSError, EOFError):
            why = _end_of(reader, too_late=too_late.is_set())
            raise ConfigError(at_place(asked.path, "", f"cannot be read ({why})", "an MF4 file")) from None
        except BaseException:  # Ctrl-C: an answer that nobody has heard must not be taken for the next file's
            child.kill()
            _end_of(reader)
            raise


@contextlib.contextmanager
def _killed_after(child: "subprocess.Popen[bytes]", seconds_s: float) -> Iterator[threading.Event]:
    """The event is set where the child had to be killed, as it neither answered nor ended in this time."""
    too_late = threading.Event()

    def kill() -> None:
        too_late.set()
        child.kill()

    timer = threading.Timer(seconds_s, kill)
    timer.daemon = True
    timer.start()
    try:
        yield too_late
    finally:
        timer.cancel()


def send(to: IO[bytes], content: object) -> None:
    """Send a message to the other process: its length, then the pickled content."""
    data = pickle.dumps(content)
    to.write(_LENGTH.pack(len(data)) + data)
    to.flush()


def receive(source: IO[bytes]) -> Any:
    """The next message. Raises EOFError where the other side has ended, also in the middle of a message."""
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


def _reader() -> _Child:
    """The child that serves this process; a new one where there is none, or none any more."""
    global _child, _owner
    if _child is None or _owner != os.getpid() or _child.process.poll() is not None:
        words = [sys.executable, "-P", "-c", _CHILD, str(_ROOT)]  # -P: no module of the folder it stands in
        scratch = tempfile.mkdtemp(prefix="hil-mf4-")
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch)},
        )
        _child, _owner = _Child(process, scratch), os.getpid()
        atexit.register(_leave, _child, _owner)
    return _child


def _leave(child: _Child, owner: int) -> None:
    if owner == os.getpid():
        child.process.kill()
        child.process.wait()
        shutil.rmtree(child.scratch, ignore_errors=True)


def _end_of(child: _Child, *, too_late: bool = False) -> str:
    """How its process ended, as a cause."""
    code = child.process.wait()
    for pipe in (child.process.stdin, child.process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    shutil.rmtree(child.scratch, ignore_errors=True)
    name = _signal_name(code)
    if too_late or name == "SIGXCPU":
        return "its reader did not come to an end"
    if name == "SIGKILL":
        return "its reader was killed: by somebody, or as the machine had no memory left; try again"
    return f"its reader crashed, by {name}" if name else f"its reader ended with {code}"


def _signal_name(code: int) -> str:
    return signal.Signals(-code).name if code < 0 and -code in list(signal.Signals) else ""
