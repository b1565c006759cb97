"""The guard: watches a bench that drives real instruments, and switches them off when it is killed or hangs.

    python -m bench.wiring.guard_process '{"config": …}'      started by bench.wiring.guard, as a child of the bench

stdin carries `driving`, `beat`, `safe`, `unsafe`, a line each; stdout answers each read of them with a byte, so that
the bench knows that its guard lives. The ports are opened only once the bench's process is
gone, so that two never talk to one instrument; a bench that hangs is killed first. What was done is written beside
the run.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.config.bench_file import BenchConfig, load_bench
from bench.errors import BenchError
from bench.record.poison import poison, rig_facts
from bench.timing.host import HostClock, run_on_host, wall_now_ns
from bench.timing.parent import told
from bench.trace.trouble import line_of
from bench.units import NS_PER_MS, NS_PER_S, format_ns
from bench.wiring.switch_off import driving, switch_off

_TICK_NS = 100 * NS_PER_MS
_GONE_NS = 10 * NS_PER_S  # a killed process may take a while to leave a driver's call
_TRIES = 5
_BETWEEN_NS = NS_PER_S


@dataclass(slots=True, kw_only=True)
class BenchSaid:
    """What the bench has said. `on`: outputs may be on; `beating`: and beats are due."""

    heard_ns: int
    on: bool = False
    beating: bool = False
    ended: bool = False
    _rest: bytes = field(default=b"")

    def hear(self, data: bytes, now_ns: int) -> None:
        self.heard_ns = now_ns
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line == b"driving":
                self.on = self.beating = True
            elif line in (b"safe", b"unsafe"):
                self.on, self.beating = line == b"unsafe", False


async def ended(clock: HostClock, bench: int, hang_ns: int, answers: int) -> tuple[bool, str]:
    """Waits until the bench is done or gone: (outputs may be on, why it ended). One that hangs is killed.

    answers: a descriptor, for a byte each time something was read.
    """
    watch = BenchSaid(heard_ns=clock.now_ns())
    loop = asyncio.get_running_loop()

    def read() -> None:
        data = os.read(0, 4096)
        if data:
            watch.hear(data, clock.now_ns())
            with contextlib.suppress(OSError):  # it does not listen just now, or is gone
                os.write(answers, b".")
        else:
            watch.ended = True
            loop.remove_reader(0)

    loop.add_reader(0, read)
    why = "the bench's process ended while outputs could be on"
    last_ns = clock.now_ns()
    while os.getppid() == bench:
        await clock.sleep_until(last_ns + _TICK_NS)
        now_ns = clock.now_ns()
        if now_ns - last_ns > 5 * _TICK_NS:  # this process did not run either: nobody's fault
            watch.heard_ns += now_ns - last_ns
        last_ns = now_ns
        silent_ns = now_ns - watch.heard_ns
        if watch.beating and silent_ns > hang_ns:
            why = f"the bench was silent for {format_ns(silent_ns)}: killed"
            with contextlib.suppress(ProcessLookupError):
                os.kill(bench, signal.SIGKILL)
            await _gone(clock, bench)
            break
        if watch.ended and not watch.beating:
            why = "the bench could not confirm its safe state"  # if anything is on at all
            break  # an orderly end, perhaps of one run of many in the same process; its ports are closed
    return watch.on, why


async def _gone(clock: HostClock, bench: int) -> None:
    until_ns = clock.now_ns() + _GONE_NS
    while os.getppid() == bench and clock.now_ns() < until_ns:
        await clock.sleep_until(clock.now_ns() + _TICK_NS // 10)


async def make_safe(config: BenchConfig, clock: HostClock) -> tuple[list[str], str]:
    """(what is proven to be off, why not everything). An instrument may be busy with a last command: tried again."""
    trouble = ""
    for attempt in range(_TRIES):
        if attempt:
            await clock.sleep_until(clock.now_ns() + _BETWEEN_NS)
        try:
            return await switch_off(config, clock), ""
        except BaseException as error:  # noqa: BLE001 - nobody stands behind the guard
            trouble = line_of(error)
    return [], trouble


def tell(config: BenchConfig, note: Path, why: str, off: list[str], trouble: str) -> None:
    """Beside the run, to whoever still reads stderr, and as a poisoned rig where outputs may still be on."""
    facts: dict[str, Any] = {
        "wall_ns": wall_now_ns(),
        "why": why,
        "off_by_readback": off,
        "not_off": "" if off else ", ".join(driving(config)),
        "trouble": trouble,
    }
    words = f"guard: {why}; " + (
        f"switched off and read back as off: {', '.join(off)}"
        if off
        else f"outputs are NOT confirmed off: {trouble}"
    )
    with contextlib.suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if not off:
        with contextlib.suppress(BenchError):
            poison(config.record.rig, f"{why}; {trouble}", {"shot": note.stem, **rig_facts(config)})
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{words} ({note})\n")
        sys.stderr.flush()


def main() -> int:
    """Watch over a bench until it ends, and switch off what it leaves on. The exit code is the process's."""
    import dataclasses

    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(name, signal.SIG_IGN)
    facts = json.loads(sys.argv[1])
    config = load_bench(Path(facts["config"]))
    record = dataclasses.replace(config.record, folder=Path(facts["record"]))
    config = dataclasses.replace(config, record=record)
    told(
        "watching"
    )  # a bench that is gone meanwhile had to hear it before it drives anything; `ended` finds out
    answers = os.dup(1)
    os.set_blocking(answers, False)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody reads on: a driver that prints must not fail for it

    async def watch(clock: HostClock) -> None:
        on, why = await ended(clock, facts["bench"], facts["hang_ns"], answers)
        if on:
            tell(config, Path(facts["note"]), why, *await make_safe(config, clock))

    run_on_host(watch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
