"""Signals wait while the end of a run is written, so that it is complete: ten seconds at most. The third signal ends
the process.

The process that shall end may be waiting for a locked database, or for a disk that does not answer. Such code looks
at no signal, and the interpreter runs no handler until it returns. So a thread counts the signals, through the
descriptor to which Python writes each one at once, and ends the process by itself.
"""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any, NoReturn

from bench.timing.host import host_now_ns
from bench.timing.stopping import ENDING, ENOUGH, hold_back, remember, stopped_by, strikes
from bench.units import NS_PER_S

MOST_S = 10.0


class Hold:
    """From `armed()` on a second signal raises nothing; from `on()` on none does, until `off()`.

    unfinished: asked when the process is to end before it has finished, for a line that says what mends it.
    """

    def __init__(self, unfinished: Callable[[], str] = lambda: "", *, most_s: float = MOST_S) -> None:
        self._unfinished, self._most_s = unfinished, most_s
        self._before: dict[int, Any] = {}
        self._watch: _Watch | None = None

    def armed(self) -> None:
        """Before the work: the signal that ends it is the last one that may cut something short."""
        if threading.current_thread() is threading.main_thread():
            hold_back(second=True)

    def on(self) -> None:
        """First of all when the work is over."""
        if threading.current_thread() is not threading.main_thread() or self._watch is not None:
            return
        for one in ENDING:
            had = signal.getsignal(one)
            if one not in self._before and had is not signal.SIG_IGN:
                self._before[one] = had
                signal.signal(one, _only_remember)
        self._watch = _Watch(self._unfinished, self._most_s)

    def off(self) -> None:
        if threading.current_thread() is threading.main_thread():
            hold_back(second=False)
        for one, had in self._before.items():
            signal.signal(one, had)
        self._before = {}
        if self._watch is not None:
            self._watch.close()
            self._watch = None


def _only_remember(signum: int, frame: object) -> None:  # noqa: ARG001
    remember(signum)


class _Watch:
    """The thread that counts."""

    def __init__(self, unfinished: Callable[[], str], most_s: float) -> None:
        self._unfinished, self._most_s = unfinished, most_s
        self._first, self._seen = stopped_by(), strikes()
        self._read, self._write = socket.socketpair()
        self._write.setblocking(False)
        self._had = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._count, name="hold", daemon=True)  # noqa: TID251
        self._thread.start()

    def close(self) -> None:
        signal.set_wakeup_fd(self._had, warn_on_full_buffer=False)
        with contextlib.suppress(OSError):
            self._write.send(b"\0")  # no signal has this number: the end of the hold
        self._thread.join()
        self._read.close()
        self._write.close()

    def _count(self) -> None:
        until_ns: int | None = None
        while True:
            if until_ns is None and self._seen:
                until_ns = host_now_ns() + round(self._most_s * NS_PER_S)
            self._read.settimeout(
                None if until_ns is None else max(0.001, (until_ns - host_now_ns()) / NS_PER_S)
            )
            try:
                came = self._read.recv(4096)
            except TimeoutError:
                self._end_now(f"not done {self._most_s:g} s after it was told to end")
            if 0 in came:
                return
            signals = [one for one in came if one in ENDING]
            self._seen += len(signals)
            self._first = self._first or next(iter(signals), None)
            if signals and self._seen >= ENOUGH:
                self._end_now(f"told to end {self._seen} times")

    def _end_now(self, why: str) -> NoReturn:
        """Outputs are off since long: only what is being written is cut short, and that can be mended."""
        line = ""
        with contextlib.suppress(Exception):  # nothing may hold it up now
            line = self._unfinished()
        told = f"stopped while the end of the run was written: {why}" + (f"; {line}" if line else "")
        with contextlib.suppress(OSError):
            os.write(2, f"{told}\n".encode(errors="backslashreplace"))
        os._exit(128 + (self._first or signal.SIGINT))
