"""What always holds, asked in real time: bench and DUT may have waited for a processor, untold below a limit."""

from dataclasses import replace

from bench.measure.always.asked import Always, Statement
from bench.measure.window import DUT_WAIT_LIMIT_NS, LATE_LIMIT_NS

WAITED_NS = LATE_LIMIT_NS + DUT_WAIT_LIMIT_NS
"""So late may both together be without an error of the bench: no frame within it is held against the DUT."""


def in_real_time(always: Always) -> Always:
    """The same statements, each with that much more time."""
    cycles_ns = {one.quantity: max(1, one.cycle_ns) for one in always.sources}
    return replace(always, statements=tuple(_longer(one, cycles_ns) for one in always.statements))


def _longer(one: Statement, cycles_ns: dict[str, int]) -> Statement:
    more = -(-WAITED_NS // cycles_ns[one.quantity]) if one.quantity in cycles_ns else 0
    condition = one.condition and replace(one.condition, since_ns=one.condition.since_ns + WAITED_NS)
    return replace(one, late_ns=one.late_ns + WAITED_NS, sweeps=one.sweeps + more, condition=condition)
