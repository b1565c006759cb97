"""What this machine's clock and scheduler are worth, measured; rights and settings that would make them better."""

import os
from collections.abc import Iterator
from pathlib import Path

from bench.doctor.finding import Checkup, Health, Percentiles, spread
from bench.links.kernel_stamps import RECEIVE_BUFFER_BYTES
from bench.timing.clock import Phase
from bench.timing.correlation import correlate
from bench.timing.host import HostClock, may_have_realtime_priority, run_on_host
from bench.units import NS_PER_MS, NS_PER_S, NS_PER_US
from bench.verdict.result import FEWEST_FOR_P99

_GRID_NS = 10 * NS_PER_MS
_PROBE_NS = 3 * NS_PER_MS
_GOOD_P99_NS = NS_PER_MS
_BEARABLE_NS = (
    20 * NS_PER_MS
)  # a grid later than this is marked in every run, and can make a DUT miss a message
_STEADY = ("tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page")


def examine_machine(real_time: bool, wants_priority: bool, seconds: float) -> Iterator[Checkup]:
    """Takes `seconds`, twice where real-time priority is permitted. Only a bench in real time can be bad for it."""
    yield _clock()
    grid, lag = _punctuality(seconds, realtime_priority=False)
    yield _punctual("transmit grid of 10 ms", grid, real_time and not wants_priority)
    yield _punctual("loop lag", lag, False)
    yield from _priority(wants_priority, real_time, seconds)
    yield from _governor()
    yield _buffer()


def _clock() -> Checkup:
    spans = [correlate().u_ns for _ in range(FEWEST_FOR_P99)]
    name = _read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    found = spread(spans)
    text = f"clock {name or 'of unknown source'}: kernel stamps are placed to ±{found.p99_ns / NS_PER_US:.1f} µs (p99)"
    if name and name not in _STEADY:
        mend = (
            "a slow clock source; `tsc` where the processor has a steady one (kernel parameter tsc=reliable)"
        )
        return Checkup(area="machine", state=Health.NOTE, text=text, mend=mend, figures_us=found.figures_us())
    return Checkup(area="machine", state=Health.OK, text=text, figures_us=found.figures_us())


def _punctuality(seconds: float, *, realtime_priority: bool) -> tuple[Percentiles, Percentiles]:
    """(lateness of a 10 ms grid, lateness of single timers that were set a few ms ahead)."""
    late: list[int] = []
    lag: list[int] = []

    async def main(clock: HostClock) -> None:
        clock.on_late = late.append
        timer = clock.every(_GRID_NS, Phase.RESTBUS, lambda: None, first_ns=clock.now_ns() + _GRID_NS)
        end_ns = clock.now_ns() + round(seconds * NS_PER_S)
        while (now_ns := clock.now_ns()) < end_ns:
            due_ns = now_ns + _PROBE_NS
            await clock.sleep_until(due_ns)
            lag.append(max(0, clock.now_ns() - due_ns))
        timer.cancel()

    run_on_host(main, realtime_priority=realtime_priority)
    return spread([max(0, one) for one in late] or [0]), spread(lag or [0])


def _punctual(what: str, found: Percentiles, counts: bool) -> Checkup:
    text = f"{what}: late by {found.words()}"
    if found.p99_ns <= _GOOD_P99_NS:
        return Checkup(area="machine", state=Health.OK, text=text, figures_us=found.figures_us())
    bad = counts and found.p99_ns > _BEARABLE_NS
    return Checkup(
        area="machine",
        state=Health.BAD if bad else Health.NOTE,
        text=text,
        mend="free a processor for the bench, or give it real-time priority (below)",
        figures_us=found.figures_us(),
    )


def _priority(wanted: bool, real_time: bool, seconds: float) -> Iterator[Checkup]:
    refused = may_have_realtime_priority()
    if refused:
        yield Checkup(
            area="machine",
            state=Health.NOTE,
            text=f"real-time priority (SCHED_FIFO) is not permitted ({refused})"
            f"{'; the bench file asks for it' if wanted else ''}: beside other work a grid may be late by milliseconds",
            mend="`@realtime - rtprio 60` in /etc/security/limits.d/realtime.conf, join that group and log in anew; "
            "in a container --cap-add=SYS_NICE",
        )
        return
    grid, _ = _punctuality(seconds, realtime_priority=True)
    finding = _punctual("transmit grid of 10 ms by SCHED_FIFO", grid, wanted and real_time)
    if wanted or finding.state is not Health.OK:
        yield finding
    else:
        yield Checkup(
            area="machine",
            state=Health.NOTE if real_time else Health.OK,
            text=f"{finding.text}; permitted, not used: without it, beside other work, the one above holds",
            mend="realtime_priority = true under [time] of the bench file" if real_time else "",
            figures_us=finding.figures_us,
        )


def _governor() -> Iterator[Checkup]:
    found = sorted(
        {_read(path) for path in Path("/sys/devices/system/cpu").glob("cpu*/cpufreq/scaling_governor")}
    )
    if found and found != ["performance"]:
        yield Checkup(
            area="machine",
            state=Health.NOTE,
            text=f"processor clock follows the load (governor {', '.join(found)})",
            mend="sudo cpupower frequency-set -g performance",
        )
    elif found:
        yield Checkup(area="machine", state=Health.OK, text="processor clock is fixed (governor performance)")


def _buffer() -> Checkup:
    most = int(_read("/proc/sys/net/core/rmem_max") or 0)
    if most >= RECEIVE_BUFFER_BYTES or os.geteuid() == 0:
        return Checkup(
            area="machine", state=Health.OK, text="receive buffers get the size the bench asks for"
        )
    return Checkup(
        area="machine",
        state=Health.NOTE,
        text=f"receive buffers are limited to {most // 1024} KiB; loss is counted, and makes a shot an ERROR",
        mend=f"sudo sysctl net.core.rmem_max={RECEIVE_BUFFER_BYTES}",
    )


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
