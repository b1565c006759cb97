"""The bench's end of the guard: a process that switches real outputs off when the bench is killed or hangs.

The bench tells it by a pipe when outputs may be on, that it still lives, and when they have been read back as off.
Nothing here waits: a guard that does not read costs the bench nothing but the guard.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.config.bench_file import BenchConfig
from bench.errors import BenchError
from bench.timing.host import host_now_ns
from bench.units import NS_PER_S, format_ns
from bench.wiring.switch_off import driving

_START_S = 60.0  # an interpreter and the bench's imports, on the slowest machine
_LAST_S = 180.0  # several tries at every instrument
_GAP_NS = NS_PER_S
_END_S = 10.0  # for an interpreter that has nothing left to do, on the slowest machine


class GuardProcess:
    """A Guard in a process and a session of its own: neither Ctrl-C nor Ctrl-Z nor a closed terminal reaches it."""

    def __init__(self, config: BenchConfig, note: Path, held_by: Sequence[int] = ()) -> None:
        facts = {
            "config": str(config.file.resolve()),
            "record": str(config.record.folder),
            "note": str(note),
            "hang_ns": config.guard_hang_ns,
            "bench": os.getpid(),
        }
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bench.wiring.guard_process", json.dumps(facts)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
                pass_fds=tuple(held_by),
            )
        except OSError as error:
            raise BenchError(
                f"the guard over real instruments cannot be started: {error.strerror}"
            ) from error
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._pipe = self._process.stdin.fileno()
        self._on = False
        self._hang_ns = config.guard_hang_ns
        self._unanswered_ns: int | None = None  # since when a word of the bench has no answer
        self._looked_ns = 0
        os.set_blocking(self._pipe, False)

    def wait_until_ready(self) -> None:
        """Before any loop runs. Raises BenchError: without its guard the bench drives nothing."""
        assert self._process.stdout is not None  # noqa: S101
        readable, _, _ = select.select([self._process.stdout], [], [], _START_S)
        answer = self._process.stdout.readline().decode(errors="replace").strip() if readable else "nothing"
        os.set_blocking(self._process.stdout.fileno(), False)
        if answer != "watching":
            self.close()
            raise BenchError(
                f"the guard over real instruments said '{answer}'; expected 'watching' "
                "([guard] enabled = false does without it)"
            )

    def driving(self) -> None:
        self._on = True
        self._tell(b"driving\n")

    def beat(self) -> None:
        self._tell(b"beat\n")

    def at_rest(self, confirmed: bool) -> None:
        self._on = not confirmed
        self._tell(b"safe\n" if confirmed else b"unsafe\n")

    def trouble(self) -> str | None:
        code = self._process.poll()
        if code is not None:
            return f"the guard over the instruments ended by itself (exit code {code}): no further"
        silent_ns = self._silent_ns()
        if silent_ns > self._hang_ns:
            return f"the guard over the instruments has not answered for {format_ns(silent_ns)}: it hangs; no further"
        return None

    def close(self) -> None:
        """The bench is done. Where outputs may be on, the guard switches them off now, and is waited for."""
        hangs = self._unanswered_ns is not None and host_now_ns() - self._unanswered_ns > self._hang_ns
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_S if self._on and not hangs else _END_S)
        if self._process.poll() is None:
            self._process.kill()  # it hangs: nothing would ever end it
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _tell(self, word: bytes) -> None:
        if self._unanswered_ns is None:
            self._unanswered_ns = host_now_ns()
        with contextlib.suppress(OSError):  # full: it is not reading; gone: `trouble` says so
            os.write(self._pipe, word)

    def _silent_ns(self) -> int:
        """For how long it has not answered what it was told. It answers each time it reads."""
        assert self._process.stdout is not None  # noqa: S101
        now_ns = host_now_ns()
        if now_ns - self._looked_ns > _GAP_NS and self._unanswered_ns is not None:
            self._unanswered_ns = now_ns  # nobody looked, or this process stood still, perhaps both
        self._looked_ns = now_ns
        with contextlib.suppress(OSError, ValueError):
            if os.read(self._process.stdout.fileno(), 65_536):
                self._unanswered_ns = None
        return 0 if self._unanswered_ns is None else now_ns - self._unanswered_ns


@contextlib.contextmanager
def guarded(config: BenchConfig, beside: Path, held_by: Sequence[int] = ()) -> Iterator[GuardProcess | None]:
    """A guard for as long as the block lasts, where the bench drives real instruments. `beside`: the run's folder.

    held_by: descriptors that keep the rig held. The guard has them, too: while it switches off, nobody else drives.
    """
    if config.simulated or not config.guard_hang_ns or not driving(config):
        yield None
        return
    guard = GuardProcess(config, beside.with_name(f"{beside.name}.guard.json"), held_by)
    guard.wait_until_ready()
    try:
        yield guard
    finally:
        guard.close()


def describe(config: BenchConfig) -> str:
    """In words for a doctor: what happens when this bench is killed."""
    if not config.guard_hang_ns:
        return "switched off ([guard] enabled = false): when the bench is killed, outputs without a dead-man stay on"
    return (
        "a guard process switches their outputs off and reads them back when the bench is killed, "
        f"or hangs for {config.guard_hang_ns / NS_PER_S:g} s"
    )
