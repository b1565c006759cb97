"""What a lane in real time may say on a machine that has other work to do.

A wrong verdict is never excused. A shot may be undecided only for the lateness of the bench itself, which it has to
name. A lane in which no shot at all decided anything has shown nothing: it is repeated once with more shots, and both
are printed.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from told import stored_words

from bench.measure.interval import BENCH_LATENESS

MORE_SHOTS = 3
OWN_LATENESS = frozenset(("bench-late", "dut-starved", "dut-waited", "glitch-too-long", "stimulus-outlasted"))
"""Codes of what the bench may have caused by coming late."""
Results = Mapping[str, Mapping[str, Any]]
"""Scenario id to its result, as `hil run --json` prints it."""


def in_real_time(run: Callable[[int], Results], *, right: str = "PASS", wrong: str = "FAIL") -> Results:
    """The results of `run(shots)`, each shot `right` or excused. Skips where even more shots decided nothing."""
    results = run(1)
    check(results, right, wrong)
    if decided(results):
        return results
    said = f"no decisive shot, so once more with {MORE_SHOTS} shots each; the first time:\n{told(results)}\n"
    results = run(MORE_SHOTS)
    said += f"the second time:\n{told(results)}\n"
    sys.stdout.write(said)
    check(results, right, wrong)
    if not decided(results):
        pytest.skip(f"this machine is too busy for real time: {said}")
    return results


def check(results: Results, right: str, wrong: str) -> None:
    assert results, "no scenario was run"
    for scenario_id, result in results.items():
        for shot in result["shots"]:
            verdict, reasons = shot["judgement"]["verdict"], "; ".join(stored_words(shot["judgement"]))
            assert verdict != wrong, (scenario_id, reasons)
            excused = verdict in ("INCONCLUSIVE", "ERROR") and own_lateness(shot["judgement"])
            assert verdict == right or excused, (scenario_id, verdict, reasons)


def own_lateness(judgement: Mapping[str, Any]) -> bool:
    """Whether a reason is the bench's lateness: by its code, or as a term of an interval that is too wide."""
    return any(
        reason["finding"]["code"] in OWN_LATENESS
        or any(one["term"] == BENCH_LATENESS for one in reason["finding"].get("shrink", ()))
        for reason in judgement["reasons"]
    )


def decided(results: Results) -> int:
    """How many shots came to a verdict about the DUT."""
    return sum(
        shot["judgement"]["verdict"] in ("PASS", "FAIL")
        for result in results.values()
        for shot in result["shots"]
    )


def told(results: Results) -> str:
    return "\n".join(
        f"  {scenario_id}: {shot['judgement']['verdict']} {'; '.join(stored_words(shot['judgement']))}"
        for scenario_id, result in results.items()
        for shot in result["shots"]
    )
