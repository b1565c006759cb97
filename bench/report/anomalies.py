"""Odd events that do not change a verdict: broken protection of the DUT's frames, bus errors, a late answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.measure.finding.base import Finding
from bench.report.finding_words import finding_words
from bench.verdict.result import ScenarioResult

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyCount:
    """Anomalies that differ in their figures only. finding: the first one. shots: number of shots in which it was
    seen.
    """

    finding: Finding
    shots: int
    scenarios: tuple[str, ...]


def anomalies(scenarios: Sequence[ScenarioResult]) -> list[AnomalyCount]:
    """Most frequent first, each kind once."""
    found: dict[tuple[object, ...], tuple[Finding, list[str]]] = {}
    for scenario in scenarios:
        for shot in scenario.shots:
            told = shot.measurement.anomalies if shot.measurement is not None else ()
            own: dict[tuple[object, ...], Finding] = {}
            for one in told:
                own.setdefault(one.alike(), one)
            for alike, one in own.items():
                found.setdefault(alike, (one, []))[1].append(scenario.scenario_id)
    counted = [
        AnomalyCount(finding=one, shots=len(where), scenarios=tuple(dict.fromkeys(where)))
        for one, where in found.values()
    ]
    return sorted(counted, key=lambda one: (-one.shots, finding_words(one.finding)))


def anomaly_lines(scenarios: Sequence[ScenarioResult]) -> list[str]:
    """`E2E: 76 frames of BMS_State with a counter that stands (59 shots of vcu-wrong-crc)`, a line per kind."""
    return [_line(one) for one in anomalies(scenarios)]


def _line(one: AnomalyCount) -> str:
    named, more = one.scenarios[:_MOST_NAMED], len(one.scenarios) - _MOST_NAMED
    where = ", ".join(named) + (f" and {more} more" if more > 0 else "")
    return f"{finding_words(one.finding)} ({'1 shot' if one.shots == 1 else f'{one.shots} shots'} of {where})"
