"""A DUT's told limits of current against what the plant bears: too much is held against it, too little is not."""

from dataclasses import replace

import pytest

from bench.measure.estimate import EstimateFound, EstimateQuestion
from bench.measure.finding.base import Finding
from bench.measure.finding.plant import EstimateOff, EstimateStraddles, Figure
from bench.scenario.prepare import Prepared
from bench.verdict.estimates import judge_estimate
from bench.wiring.common import Wired

ASKED = EstimateQuestion(
    name="charge current limit",
    truth="charge_limit",
    channel="vehicle",
    message="BMS_Limits",
    signal="ChargeCurrentLimit",
    gain=1 / 75,
    resolution=0.1 / 75,
    cycle_ns=100_000_000,
    after_ns=0,
    over=0.02,
    full=75.0,
)


def judged(max_over: float, max_abs: float) -> tuple[list[Finding], list[Finding]]:
    found = EstimateFound(question=ASKED, n=20, span_ns=10**10, u=0.005, max_over=max_over, max_abs=max_abs)
    fails: list[Finding] = []
    open_questions: list[Finding] = []
    judge_estimate(found, fails, open_questions)
    return fails, open_questions


def test_only_what_is_told_too_much_is_held_against_the_dut() -> None:
    assert judged(0.0, 0.6) == ([], []), "a limit far too low is a DUT's right"
    off = EstimateOff(estimate=ASKED.name, figure=Figure.OVER, value=0.03, u=0.005, limit=0.02)
    assert judged(0.03, 0.03) == ([off], [])
    near = EstimateStraddles(estimate=ASKED.name, figure=Figure.OVER, value=0.018, u=0.005, limit=0.02)
    assert judged(0.018, 0.018) == ([], [near])


@pytest.mark.parametrize("role", ["charge_current_limit", "discharge_current_limit"])
def test_the_librarys_questions_are_in_shares_of_the_chemistrys_limit(
    wired: Wired, prepared: dict[str, Prepared], role: str
) -> None:
    plan = prepared["limits-in-the-middle"].plan
    (asked,) = [one for one in plan.estimates if one.name == role.replace("_", " ")]
    facts = wired.chemistry
    full_a = facts.i_max_charge_a if role.startswith("charge") else facts.i_max_discharge_a
    assert (asked.full, asked.gain) == (full_a, 1 / full_a)
    assert asked == replace(asked, over=0.02, max=None, rms=None)
