"""Whether a protection test came to its end, and what the time of observation says."""

from bench.measure.ending import EndFound
from bench.measure.finding.base import Finding
from bench.measure.finding.bench import ObservationCutShort
from bench.measure.finding.plant import InsulationLowBefore, TestNotEnded


def judge_end(
    found: EndFound, missing: list[Finding], fails: list[Finding], open_questions: list[Finding]
) -> None:
    """What happened to the cells blames the DUT; too short a watch, the bench; a pack leaky at first, nobody."""
    for problem in found.problems:
        (open_questions if isinstance(problem, InsulationLowBefore) else fails).append(problem)
    if found.at_ns is None:
        open_questions.append(TestNotEnded())
    elif found.observed_ns < found.question.observe_ns:
        missing.append(
            ObservationCutShort(observed_ns=found.observed_ns, expected_ns=found.question.observe_ns)
        )
