"""A Python process that is forked from the tests: its own signals, pipes and exit code, without the second of imports.

For whoever asks what a process does once it runs. What happens while it starts and imports, and what the interpreter
does at its very end, is asked of a new interpreter (`subprocess`).
"""

import asyncio
import atexit
import faulthandler
import gc
import logging
import os
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Collection, Mapping
from contextlib import suppress
from multiprocessing import process as processes
from multiprocessing import util
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

import pytest


class ForkedPython(subprocess.Popen[str]):
    """`python -c SOURCE WORDS…`, in text mode. Of Popen's options: stdin, stdout, stderr, cwd, env, pass_fds and
    start_new_session.
    """

    def _execute_child(self, args: Any, *options: Any) -> None:
        """In place of fork and exec; the options in the order that Popen hands them on."""
        ends = options[
            9:15
        ]  # of the pipes: theirs and ours of stdin, ours and theirs of stdout and of stderr
        sys.stdout.flush()
        sys.stderr.flush()
        with (
            warnings.catch_warnings()
        ):  # Python 3.12 on warns where there are threads: none of theirs goes on here
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            _be_python(
                args,
                (ends[0], ends[3], ends[5]),
                kept=options[3],
                folder=options[4],
                env=options[5],
                leader=options[20],
            )
        self._child_created = True
        self._close_pipe_fds(*ends)  # type: ignore[attr-defined]


def run_forked(*args: str, timeout: float = 60.0, **options: Any) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` with captured output: `args` are SOURCE and WORDS."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with ForkedPython(args, text=True, **{**pipes, **options}) as process:
        try:
            out, told = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(args, process.returncode, out, told)


def forked_in_place_of(module: ModuleType, patch: pytest.MonkeyPatch) -> None:
    """What `module` starts as `python -m MODULE WORDS…` by `subprocess.Popen` is forked from now on."""

    def popen(line: list[str], **options: Any) -> ForkedPython:
        assert line[:2] == [sys.executable, "-m"], line
        source = f"import runpy; runpy.run_module({line[2]!r}, run_name='__main__', alter_sys=True)"
        return ForkedPython([source, *line[3:]], **options)

    own = SimpleNamespace(**{**vars(subprocess), "Popen": popen})
    patch.setattr(module, "subprocess", own)


HIL = "from bench.start import run; run()"
"""SOURCE of the command line."""


def _be_python(
    args: tuple[str, ...],
    streams: tuple[int, int, int],
    *,
    kept: Collection[int],
    folder: Any,
    env: Mapping[str, str] | None,
    leader: bool,
) -> NoReturn:
    """What an interpreter finds when it starts, then SOURCE, then what it does when it ends."""
    code = 1
    try:
        _take_over_descriptors(streams, kept)
        if leader:
            os.setsid()
        if env is not None:
            os.environ.clear()
            os.environ.update(env)
        if folder is not None:
            os.chdir(folder)
        _forget_the_tests()
        source, *words = args
        sys.argv = ["-c", *words]
        sys.path.insert(0, "")
        code = _exit_code(source)
    except BaseException:  # noqa: BLE001 - whatever it is, it goes no further up: there the tests go on
        traceback.print_exc()
    finally:
        os._exit(code)


def _take_over_descriptors(streams: tuple[int, int, int], kept: Collection[int]) -> None:
    for number, one in enumerate(streams):
        if one >= 0:
            os.dup2(one, number)
    for one in [int(one.name) for one in Path("/proc/self/fd").iterdir()]:
        if one > 2 and one not in kept:
            with suppress(OSError):  # the one that listed them
                os.close(one)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def _forget_the_tests() -> None:
    faulthandler.disable()
    signal.set_wakeup_fd(-1)
    for one in signal.valid_signals():
        if callable(signal.getsignal(one)):
            signal.signal(one, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    gc.enable()
    atexit._clear()
    util._finalizer_registry.clear()  # type: ignore[attr-defined]
    processes._children.clear()  # type: ignore[attr-defined]
    asyncio._set_running_loop(None)
    logging.getLogger().handlers.clear()
    warnings.resetwarnings()
    for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
        warnings.simplefilter("ignore", kind)


def _exit_code(source: str) -> int:
    struck = False
    try:
        exec(compile(source, "<string>", "exec"), {"__name__": "__main__"})
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException as error:  # noqa: BLE001 - as the interpreter itself
        traceback.print_exc()
        code, struck = 1, isinstance(error, KeyboardInterrupt)
    util._exit_function()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        sys.stderr.write("Exception ignored in: stdout\n")
        code = 120
    if struck:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return code
