"""The order of a campaign: equal set-ups together, warnings before latched trips, twins after their own scenario."""

from collections.abc import Sequence

from bench.config.profile import USUAL_WAITS, Waits
from bench.measure.plan import Aim
from bench.running.watching import WATCHED
from bench.scenario.model import longest_ns
from bench.scenario.prepare import Prepared

# Bringing the DUT up, into its mode and to rest, and hearing it with the observers armed.
SETTLING_S = 1.3
NS_PER_S = 1e9
# In real time besides: starting a DUT's process and ending it, and outputs that are read back as off (4 to 9 s a shot
# where measured). What they may take at most: 15 s to be ready, 5 s to name its build, twice 10 s to be off.
REAL_S, REAL_LIMIT_S = 5.0, 40.0
CODES_S = 5.0  # until a DUT has told all the codes that it has stored
CONTROL_NS = 2_000_000_000  # a mode is entered and left again before the fault
LONG_S = 600.0  # a scenario that lasts longer is named before a run


def ordered(prepared: Sequence[Prepared]) -> list[Prepared]:
    """Stable within equal set-ups; what leaves nothing behind comes first, so that fewest restarts are for a latch."""
    return sorted(prepared, key=_key)


def _key(one: Prepared) -> tuple[str, bool, float, int, str, str]:
    """Within a mode what must be reached from it comes first."""
    start = one.scenario.start
    soc = -1.0 if start.soc is None else start.soc
    severity = 0 if not one.plan.aim.asks_flag else 2 if one.budget.latched else 1
    reach = one.plan.aim is Aim.MUST_REACH
    return (
        start.mode,
        not reach,
        soc,
        severity,
        one.scenario.twin_of or one.scenario.id,
        one.scenario.twin_kind,
    )


def predicted_s(one: Prepared, repeat: int) -> float:
    """Seconds of the run's own clock, of a DUT that does as it should.

    A twin lasts its window, a trip until its latest permitted end at most; but two shots of it are watched to the end.
    The time of observation after a protection test comes on top.
    """
    plan = one.plan
    whole_ns = max(plan.window_ns, longest_ns(one.steps))
    observed_ns = 0 if plan.end is None else plan.end.observe_ns
    lasts_ns = whole_ns
    if plan.aim is Aim.MUST_TRIP:
        latest_ns = plan.ceiling_ns if plan.ceiling_ns is not None else plan.fdti_budget_ns or plan.window_ns
        lasts_ns = min(plan.window_ns, latest_ns + plan.hold_ns)
    elif plan.aim is Aim.MUST_STAY_SAFE:
        lasts_ns = longest_ns(one.steps) + plan.hold_ns
    lasts_ns += observed_ns + len(plan.control) * CONTROL_NS
    watched_s = min(repeat, WATCHED) * (whole_ns + observed_ns - lasts_ns) / NS_PER_S
    # The boot and the injection are each drawn over about a cycle of the DUT.
    swept_ns = max(one.scenario.sweep.phase_ns, plan.dut_cycle_ns)
    return repeat * (SETTLING_S + (swept_ns + lasts_ns) / NS_PER_S) + max(0.0, watched_s)


def longest_s(one: Prepared, repeat: int, waits: Waits = USUAL_WAITS) -> float:
    """Seconds of the run's own clock that its shots do not outlast, whatever the DUT does: every wait to its end."""
    waits_s = (waits.standby_ns + waits.closed_ns) / NS_PER_S + CODES_S
    plan = one.plan
    lasts_ns = max(plan.window_ns, longest_ns(one.steps)) + plan.hold_ns
    if plan.end is not None:
        lasts_ns += plan.end.observe_ns
    lasts_ns += 2 * len(plan.control) * waits.closed_ns
    swept_ns = 2 * max(one.scenario.sweep.phase_ns, plan.dut_cycle_ns)
    return repeat * (SETTLING_S + waits_s + (swept_ns + lasts_ns) / NS_PER_S)
