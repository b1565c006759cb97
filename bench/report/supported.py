"""What the attempts of a scenario support, line by line, and what too few of them do not."""

import math
from collections.abc import Sequence

from bench.measure.interval import Interval
from bench.report.sampling import sampled_words
from bench.report.steady_words import drift_words
from bench.report.words import interval_words, not_spread_words
from bench.verdict.evidence import Claim, claim_words, evidence, tolerance_bounds
from bench.verdict.extremes import plausibility, plausibility_words
from bench.verdict.proportion import shots_for
from bench.verdict.result import RunResult, ScenarioResult, ShotResult
from bench.verdict.sampling import sampled
from bench.verdict.steady import ERROR, in_firing_order

FEWEST_FOR_DISTRIBUTION = 8


def evidence_lines(scenario: ScenarioResult) -> list[str]:
    """What the attempts support: proportion, tolerance bounds, analytical window, plausibility."""
    claim = Claim(coverage=scenario.budget.coverage, confidence=scenario.budget.confidence)
    spread = None if scenario.fdti is None else scenario.fdti.spread_p
    if spread is not None and (why := not_spread_words(spread)):
        lines = [f"{len(scenario.shots)} attempts support no claim: {why}."]
    else:
        lines = [claim_words(evidence(scenario.shots, claim)) + "."] if scenario.shots else []
    for name, statistics in (("FDTI", scenario.fdti), ("FHTI", scenario.fhti)):
        found = intervals(scenario, name)
        if found and len(found) == len(scenario.shots) and statistics is not None:
            why = not_spread_words(statistics.spread_p) or drift_words(scenario.shots, name)
            lines.append(_bounds_line(name, found, claim, why))
    if (over := sampled(scenario.shots)) is not None:
        lines.append(
            f"All of this holds over what was sampled: {sampled_words(over, scenario.operating_point)}. Each "
            "bound holds on its own; what holds of all scenarios at once stands at the top."
        )
    if scenario.floor_ns is not None and scenario.ceiling_ns is not None:
        window = interval_words(scenario.floor_ns, scenario.ceiling_ns)
        lines.append(f"FDTI predicted from the DUT's published debounce: {window}.")
    fhti = intervals(scenario, "FHTI")
    if len(fhti) >= FEWEST_FOR_DISTRIBUTION:
        lines.append(f"FHTI {_plausible(scenario)}.")
    return lines


def _plausible(scenario: ScenarioResult) -> str:
    """Over the order of firing, which is what its tests of a steady DUT are about."""
    fired, shuffled = in_firing_order(scenario.shots)
    found = plausibility(_fhti(fired), shuffled=shuffled)
    tested = f" over the order of firing; each test refuses at most {ERROR:.0%} of steady DUTs"
    return plausibility_words(found) + (tested if shuffled else "")


def bound_of(scenario: ScenarioResult, name: str) -> int | None:
    """The time in ns that bounds the claimed share of FDTI or FHTI (upper end); None where the shots show none."""
    statistics = scenario.fdti if name == "FDTI" else scenario.fhti
    found = intervals(scenario, name)
    if statistics is None or len(found) != len(scenario.shots):
        return None
    if not_spread_words(statistics.spread_p) or drift_words(scenario.shots, name):
        return None
    claim = Claim(coverage=scenario.budget.coverage, confidence=scenario.budget.confidence)
    return min((b.bound.high_ns for b in tolerance_bounds(found, claim) if b.supports(claim)), default=None)


def _bounds_line(name: str, found: list[Interval], claim: Claim, why_none: str) -> str:
    if why_none:
        return f"{name} tolerance bounds: none, since {why_none}."
    bounds = [
        f"order {b.order}: {interval_words(b.bound.low_ns, b.bound.high_ns)} bounds {_down(b.coverage)} "
        f"of latencies at {claim.confidence * 100:g} % confidence "
        f"({b.shots_needed} shots for {claim.coverage * 100:g} %)"
        for b in tolerance_bounds(found, claim)
        if b.order == 1 or b.supports(claim)
    ]
    return f"{name} tolerance bounds (Wilks), {'; '.join(bounds)}."


def _fhti(shots: Sequence[ShotResult]) -> list[Interval]:
    measured = (shot.measurement.fhti for shot in shots if shot.measurement is not None)
    return [latency.interval for latency in measured if latency is not None]


def intervals(scenario: ScenarioResult, name: str) -> list[Interval]:
    """The FDTI or FHTI of every shot that has one, as intervals in ns."""
    measured = (shot.measurement for shot in scenario.shots if shot.measurement is not None)
    latencies = (one.fdti if name == "FDTI" else one.fhti for one in measured)
    return [latency.interval for latency in latencies if latency is not None]


def _down(share: float) -> str:
    return f"{math.floor(share * 1000) / 10:.1f} %"


def fewer_than_claimed(run: RunResult) -> str:
    """What a PASS of too few shots does not say; "" where every scenario has those that its goal's claim needs."""
    needs = {
        one.scenario_id: (shots_for(one.budget.coverage, one.budget.confidence, 0), one)
        for one in run.scenarios
        if one.aim == "must_trip" and not one.mismatch
    }
    short = [one for need, one in needs.values() if len(one.shots) < need]
    if not short:
        return ""
    least = min(short, key=lambda one: len(one.shots))
    return (
        f"{len(short)} of {len(needs)} scenarios with fewer shots than their claim needs (fewest {len(least.shots)}; "
        f"{least.budget.coverage * 100:g} % with {least.budget.confidence * 100:g} % confidence takes "
        f"{needs[least.scenario_id][0]} "
        "clean ones): a PASS of these says that no shot failed, not how often one would"
    )
