"""A known gap as a question: the same plan, with the one failure that is known allowed up to its bound."""

from dataclasses import replace

from bench.measure.estimate import EstimateFound
from bench.measure.interval import Measurement
from bench.measure.plan import GapBound, Plan


def up_to_the_gap(measurement: Measurement, plan: Plan, gap: GapBound) -> tuple[Measurement, Plan]:
    """Both with the limits of the gap in place of the DUT's own. What the gap does not name stays as it is."""
    fdti_ns, fhti_ns = gap.fdti_at_most_ns, gap.fhti_at_most_ns
    allowed = replace(
        plan,
        fdti_budget_ns=_at_least(plan.fdti_budget_ns, fdti_ns),
        ceiling_ns=_at_least(plan.ceiling_ns, fdti_ns),
        fhti_budget_ns=_at_least(plan.fhti_budget_ns, fhti_ns),
        # the FHTI has to stay below the FTTI, strictly
        ftti_ns=_at_least(plan.ftti_ns, None if fhti_ns is None else fhti_ns + 1),
    )
    if gap.error_at_most is None:
        return measurement, allowed
    estimates = tuple(_loosened(one, gap.error_at_most) for one in measurement.estimates)
    return replace(measurement, estimates=estimates), allowed


def _at_least(limit_ns: int | None, gap_ns: int | None) -> int | None:
    return limit_ns if limit_ns is None or gap_ns is None else max(limit_ns, gap_ns)


def _loosened(found: EstimateFound, error_at_most: float) -> EstimateFound:
    """No error beyond the bound, whatever was promised of it; a drift is not part of it.

    An error that stays within the bound stays within it as RMS too, and converges into it.
    """
    question = replace(found.question, rms=None, max=error_at_most, band=None, converge_ns=None)
    return replace(found, question=question)
