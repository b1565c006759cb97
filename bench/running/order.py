"""The order of a campaign: equal set-ups together, warnings before latched trips, twins after their own scenario."""

from collections.abc import Sequence

from bench.measure.plan import Aim
from bench.scenario.model import longest_ns
from bench.scenario.prepare import Prepared

# Bringing the DUT up, into its mode and to rest, and hearing it with the observers armed.
SETTLING_S = 1.3
NS_PER_S = 1e9


def ordered(prepared: Sequence[Prepared]) -> list[Prepared]:
    """Stable within equal set-ups; what leaves nothing behind comes first, so that fewest restarts are for a latch."""
    return sorted(prepared, key=_key)


def _key(one: Prepared) -> tuple[str, bool, float, int, str, str]:
    """Within a mode what must be reached from it comes first."""
    start = one.scenario.start
    soc = -1.0 if start.soc is None else start.soc
    severity = 0 if one.plan.aim is not Aim.MUST_TRIP else 2 if one.budget.latched else 1
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
    """Seconds of the run's own clock: a twin lasts its window, a trip until its latest permitted end at most.

    The time of observation after a protection test comes on top.
    """
    plan = one.plan
    if plan.aim is not Aim.MUST_TRIP:
        lasts_ns = max(plan.window_ns, longest_ns(one.steps))
    else:
        latest_ns = plan.ceiling_ns if plan.ceiling_ns is not None else plan.fdti_budget_ns or plan.window_ns
        lasts_ns = min(plan.window_ns, latest_ns + plan.hold_ns)
    if plan.end is not None:
        lasts_ns += plan.end.observe_ns
    # The boot and the injection are each drawn over about a cycle of the DUT.
    swept_ns = max(one.scenario.sweep.phase_ns, plan.dut_cycle_ns)
    return repeat * (SETTLING_S + (swept_ns + lasts_ns) / NS_PER_S)
