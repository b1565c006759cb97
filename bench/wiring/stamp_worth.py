"""Stamps that the rig's own qualification has measured are worth what it found, on the channels that it speaks for."""

from dataclasses import replace

from bench.config.bench_file import BenchConfig
from bench.trace.stamping import Origin
from bench.trace.timeline import Trace
from bench.wiring.common import MeasuredStamps

RULED = "vehicle"  # the bus that the ruler is tried on


def apply_measured(trace: Trace, config: BenchConfig, measured: MeasuredStamps | None) -> None:
    """Narrower only: what was found wider than the link claims would have qualified nothing.

    The kernel stamps every bus of one kind alike. An adapter has a clock of its own, so only the one that was tried
    counts.
    """
    if measured is None or RULED not in config.can:
        return
    interface = config.can[RULED].interface
    for channel, known in trace.stamping.items():
        same = config.can[channel].interface == interface and known.origin is Origin.KERNEL
        if (channel == RULED or same) and measured.u_ns < known.u_ns:
            trace.stamping[channel] = replace(known, u_ns=measured.u_ns, worth=measured.worth)
