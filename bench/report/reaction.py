"""The reaction chain over all shots of a scenario: when each link was seen, and its share of the FTTI."""

import math
from dataclasses import dataclass

from bench.measure.interval import Interval
from bench.report.words import interval_words
from bench.units import format_ns
from bench.verdict.censored import quantile
from bench.verdict.judge import FTTI_WARNING_SHARE
from bench.verdict.result import ScenarioResult

HEADINGS = ("seen in", "p50 since onset", "max since onset", "of the FTTI", "max since detection", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One probe over all shots of a scenario. since_onset: FDTI for the flag, FHTI for every later link."""

    name: str
    shots: int
    since_onset: tuple[Interval, ...]
    since_detection: tuple[Interval, ...]
    held_before: int
    above: int


def links(scenario: ScenarioResult) -> tuple[Link, ...]:
    """In the chain's own order; empty for a run of a release that kept no probes."""
    found: dict[str, tuple[list[Interval], list[Interval], list[bool]]] = {}
    shots = 0
    for shot in scenario.shots:
        measured = shot.measurement
        if measured is None or measured.onset is None or not measured.probes:
            continue
        shots += 1
        for probe in measured.probes:
            onset, detection, held = found.setdefault(probe.name, ([], [], []))
            held.append(probe.held_before)
            if probe.at is not None:
                onset.append(probe.at.since(measured.onset))
                if measured.detected is not None:
                    detection.append(probe.at.since(measured.detected))
    limit_ns = FTTI_WARNING_SHARE * scenario.budget.ftti_ns
    return tuple(
        Link(
            name=name,
            shots=shots,
            since_onset=tuple(onset),
            since_detection=tuple(detection),
            held_before=sum(held),
            above=sum(one.high_ns > limit_ns for one in onset),
        )
        for name, (onset, detection, held) in found.items()
    )


def chain_rows(scenario: ScenarioResult) -> list[tuple[str, ...]]:
    """A row for each link: name, seen in, p50, max, share of the FTTI, max since detection (FRTI), warning."""
    rows: list[tuple[str, ...]] = []
    for link in links(scenario):
        seen = f"{len(link.since_onset)} of {link.shots}"
        if not link.since_onset:
            why = "held before the onset" if link.held_before else "not seen"
            rows.append((link.name, seen, "–", "–", "–", "–", why))
            continue
        middle, worst = quantile(link.since_onset, 50), quantile(link.since_onset, 100)
        reaction = quantile(link.since_detection, 100) if link.since_detection else None
        share = f"{math.ceil(100 * worst.high_ns / scenario.budget.ftti_ns)} %"
        warning = f"above 0.8 FTTI in {link.above}" if link.above else ""
        rows.append(
            (
                link.name,
                seen,
                format_ns(middle.high_ns),
                interval_words(worst.low_ns, worst.high_ns),
                share,
                "–" if reaction is None or link.name == "flag" else format_ns(reaction.high_ns),
                warning,
            )
        )
    return rows
