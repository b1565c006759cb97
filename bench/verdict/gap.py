"""A known gap as a question: the same plan, with the one failure that is known allowed up to its bound."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType

from bench.errors import nearest
from bench.measure.estimate import EstimateFound
from bench.measure.finding import life, scenario
from bench.measure.finding.base import Blame, Finding
from bench.measure.finding.closed_set import FINDINGS
from bench.measure.finding.plant import EstimateNotConverged, EstimateOff
from bench.measure.finding.times import TooLate
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
    if fhti_ns is not None:  # what is known to be late is known to begin late
        begun = tuple(replace(one, ceiling_ns=None) for one in measurement.reactions)
        measurement = replace(measurement, reactions=begun)
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
    question = replace(found.question, rms=None, max=error_at_most, over=None, band=None, converge_ns=None)
    if (
        found.question.over is not None and found.question.max is None
    ):  # what is told too little was never asked for
        question = replace(question, max=None, over=error_at_most)
    return replace(found, question=question)


def _nameable(*, only: ModuleType | None = None) -> set[str]:
    return {
        code
        for code, kind in FINDINGS.items()
        if kind.blame is Blame.DUT
        and kind.__module__ != scenario.__name__
        and only in (None, sys.modules[kind.__module__])
    }


NAMEABLE = frozenset(_nameable())
"""Codes of what a shot holds against the DUT: what is known of a DUT can be no other."""
BOUNDED = {
    TooLate.code: ("fdti_at_most", "fhti_at_most"),
    EstimateOff.code: ("error_at_most",),
    EstimateNotConverged.code: ("error_at_most",),
}
"""Of these, those that a gap bounds by a key of its own: named by their code they would be boundless."""
WHATEVER_THE_STIMULUS = frozenset(_nameable(only=life))
"""Those that the DUT's frames show by themselves: a twin meets them as well."""


def code_of_a_gap(code: str) -> str:
    """Raises ValueError for a code that no shot holds against a DUT."""
    if code in NAMEABLE:
        return code
    if code in FINDINGS:
        raise ValueError(f"found '{code}', which no shot holds against the DUT; expected a finding that does")
    raise ValueError(
        f"found unknown finding '{code}'; expected a code of docs/findings.md{nearest(code, NAMEABLE)}"
    )


def not_known(fails: Sequence[Finding], known: Sequence[str]) -> list[Finding]:
    """What of the failures the gap does not name."""
    return [one for one in fails if one.code not in known]
