"""Where in its cycle everything starts that runs beside the DUT, and when the DUT is booted into it.

A DUT that samples on a grid of its own sees a fault anywhere between at once and a whole cycle late. What starts at a
fixed offset to its boot is always seen at the same place of that cycle, and then n shots are n copies of one.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.restbus.cyclic import CyclicMessage
from bench.timing.clock import Clock
from bench.trace.facts import PhasesDrawn
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS

_LEAD_NS = NS_PER_MS  # from the outputs' being proven to the earliest frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Drawn for one shot, in ns. messages_ns: of the restbus, in its order; front_end_ns: of the cell voltages' sweep.

    boot_ns: from the start of the restbus to the DUT's, drawn over the longest period of the DUT.
    """

    boot_ns: int
    front_end_ns: int
    messages_ns: tuple[int, ...]


def draw_phases(
    rng: random.Random, *, longest_ns: int, front_end_cycle_ns: int, cycles_ns: Iterable[int]
) -> Phases:
    """Each over its own cycle, all independent of each other."""
    return Phases(
        boot_ns=rng.randrange(longest_ns),
        front_end_ns=rng.randrange(front_end_cycle_ns),
        messages_ns=tuple(rng.randrange(cycle_ns) for cycle_ns in cycles_ns),
    )


def start_restbus(phases: Phases, restbus: Sequence[CyclicMessage], clock: Clock, trace: Trace) -> int:
    """Start every message at its phase and keep all phases in the evidence. Returned: when the DUT is to be booted."""
    now_ns = clock.now_ns()
    first_ns = now_ns + _LEAD_NS
    told = []
    for message, phase_ns in zip(restbus, phases.messages_ns, strict=True):
        message.start(first_ns + phase_ns)
        told.append((f"{message.channel}.{message.message.name}", phase_ns))
    drawn = PhasesDrawn(boot_ns=phases.boot_ns, front_end_ns=phases.front_end_ns, messages_ns=tuple(told))
    trace.mark(now_ns, drawn, "rig")
    return first_ns + phases.boot_ns
