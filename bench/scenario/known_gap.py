"""A [known_gap]: the one failure of a DUT that is known, how far it goes, who answers for it, and until when."""

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.measure.plan import GapBound, Plan
from bench.scenario.model import KnownGap
from bench.units import format_ns
from bench.verdict.gap import BOUNDED, WHATEVER_THE_STIMULUS

if TYPE_CHECKING:
    from bench.config.toml_file import TomlFile
    from bench.scenario.lookup import Lookup
    from bench.scenario.shape import ScenarioShape

_TIMES = ("fdti_at_most", "fhti_at_most", "never")


def known_gap_of(file: "TomlFile", shape: "ScenarioShape") -> KnownGap | None:
    """Notes a mistake for a gap without a bound, or with one of something that the scenario does not ask for."""
    gap = shape.known_gap
    if gap is None:
        return None
    bound = GapBound(
        fdti_at_most_ns=gap.fdti_at_most,
        fhti_at_most_ns=gap.fhti_at_most,
        error_at_most=gap.error_at_most,
        never=gap.never is True,
        findings=tuple(dict.fromkeys(gap.finding)),
    )
    if not bound.words:
        file.mistake(
            ("known_gap",),
            "found no bound, so that any failure would be taken for the gap; expected what is known of it: "
            + (
                'error_at_most = "5 %" (the worst error)'
                if shape.estimate
                else 'fdti_at_most or fhti_at_most = "3 s" (the latest), or never = true (it is not detected at all)'
            )
            + ', or finding = "CODE" (any other, by its code)',
        )
    for code, keys in BOUNDED.items():
        beside = [key for key in keys if getattr(gap, key) is not None]
        if code in bound.findings and beside:
            file.mistake(
                ("known_gap", "finding"),
                f"found '{code}' beside {' and '.join(beside)}, which it makes boundless; expected one of them only",
            )
        elif code in bound.findings:
            file.mistake(
                ("known_gap", "finding"),
                f"found '{code}', which allows any of it; expected {' or '.join(keys)}, which says how far",
            )
    if shape.aim != "must_trip":
        for key in _TIMES:
            if getattr(gap, key):
                file.mistake(
                    ("known_gap", key),
                    f"found {key} under aim '{shape.aim}'; expected it under 'must_trip' only",
                )
    if gap.error_at_most is not None and not shape.estimate:
        file.mistake(
            ("known_gap", "error_at_most"),
            "found error_at_most without an [[estimate]]; expected one it bounds",
        )
    return KnownGap(
        owner=gap.owner,
        reason=gap.reason,
        until=gap.until.isoformat(),
        chemistries=tuple(gap.chemistries),
        bound=bound,
    )


def gap_of_twin(gap: KnownGap | None) -> KnownGap | None:
    """What of it a twin shows as well: a DUT that misses the fault passes its twins, and that closes no gap."""
    if gap is None:
        return None
    findings = tuple(code for code in gap.bound.findings if code in WHATEVER_THE_STIMULUS)
    return replace(gap, bound=GapBound(findings=findings), of_twin=True) if findings else None


def check_gap(lookup: "Lookup", plan: Plan) -> GapBound | None:
    """The bound of the scenario's gap; a mistake is noted where it allows nothing, or what the window cuts off."""
    gap = lookup.scenario.known_gap
    if gap is None:
        return None
    limits = (
        ("fdti_at_most", gap.bound.fdti_at_most_ns, (plan.fdti_budget_ns, plan.ceiling_ns)),
        ("fhti_at_most", gap.bound.fhti_at_most_ns, (plan.fhti_budget_ns,)),
    )
    for key, at_most_ns, allowed in limits:
        least_ns = min((limit for limit in allowed if limit is not None), default=0)
        if at_most_ns is None:
            continue
        if at_most_ns <= least_ns:
            lookup.mistake(
                ("known_gap", key),
                f"found {format_ns(at_most_ns)}, which is no failure; expected more than {format_ns(least_ns)}",
            )
        elif at_most_ns > plan.window_ns:
            lookup.mistake(
                ("known_gap", key),
                f"found {format_ns(at_most_ns)}; expected at most the window of {format_ns(plan.window_ns)}, after "
                "which nobody looks",
            )
    return gap.bound
