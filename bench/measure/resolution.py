"""What a rig can resolve, known before the run: a budget finer than this is refused, not guessed at."""

from collections.abc import Mapping

from bench.measure.plan import Plan
from bench.measure.questions import Codec, message_of
from bench.trace.stamping import Stamping
from bench.units import format_ns


def resolvable_ns(
    plan: Plan, decoders: Mapping[str, Codec], stamping: Mapping[str, Stamping] | None = None
) -> int:
    """Widest FDTI interval to expect, in ns: slowest detection message's cycle, lag and 2u, and 2u at the onset.

    Without `stamping` the half-widths u count as 0. 0 where the plan detects nothing.
    """
    half = {channel: one.u_ns for channel, one in (stamping or {}).items()}
    reporting = (
        message_of(decoders, test.channel, test.message).cycle_ns
        + 2 * half.get(test.channel, 0)
        + (test.lag.width_ns if test.lag is not None else 0)
        for test in plan.detection
    )
    onset = (2 * half.get(test.channel, 0) for test in plan.onset)
    return max(reporting, default=0) + max(onset, default=0)


def unresolvable(
    plan: Plan, decoders: Mapping[str, Codec], stamping: Mapping[str, Stamping] | None = None
) -> tuple[str, ...]:
    """The budgets of the plan that this rig could never confirm, in words; empty where all can be."""
    finest_ns = resolvable_ns(plan, decoders, stamping)
    bounds = (
        ("FDTI budget", plan.fdti_budget_ns),
        ("FHTI budget", plan.fhti_budget_ns),
        ("FTTI", plan.ftti_ns),
        ("ceiling", plan.ceiling_ns),
    )
    return tuple(
        f"{name} {format_ns(bound_ns)} is finer than the {format_ns(finest_ns)} this rig resolves"
        for name, bound_ns in bounds
        if bound_ns is not None and bound_ns < finest_ns
    )
