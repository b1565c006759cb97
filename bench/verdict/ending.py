"""Whether a protection test came to its end, and what the time of observation says."""

from bench.measure.ending import EndFound
from bench.units import format_ns


def judge_end(found: EndFound, missing: list[str], fails: list[str], open_questions: list[str]) -> None:
    """What happened to the cells blames the DUT; too short an observation, the bench."""
    fails += [f"protection test: {problem}" for problem in found.problems]
    if found.at_ns is None:
        open_questions.append("the protection test did not come to its end within the window")
    elif found.observed_ns < found.question.observe_ns:
        missing.append(
            f"observed for {format_ns(found.observed_ns)} after the end of the test; "
            f"expected {format_ns(found.question.observe_ns)}"
        )
