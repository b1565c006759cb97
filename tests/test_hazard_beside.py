"""What decides a time to hazard, what was published beside it, and the goal whose time is one to warn."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.hazard.margin import MeasuredFhti, margin_of
from bench.hazard.published import PUBLISHED, HeldBeside, beside
from bench.hazard.result import Band, CaseResult, HarmStage
from bench.hazard.shares import _ranks, shares_of, told_apart_from
from bench.hazard.study import chosen_cases, study
from bench.plant.chemistry import Chemistry
from bench.report.hazard_beside import off_words, share_words
from bench.report.hazard_words import ftti_words
from bench.safety.ftti_of_chemistry import ftti_bounds
from bench.safety.hazard_file import load_hazards
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.budgets import load_budgets

ROOT = Path(__file__).resolve().parents[1]
BUDGETS = load_budgets(ROOT / "scenarios/budgets.toml")


@pytest.fixture(scope="module")
def shorted() -> CaseResult:
    cases = chosen_cases(["short_0.01ohm"])
    return study([Chemistry.load("nmc")], cases, samples=60, seed=1, horizon_s=420.0, workers=1).results[0]


def test_equal_times_share_the_mean_of_their_ranks_and_never_is_the_last() -> None:
    assert _ranks(np.array([3.0, math.inf, 1.0, 3.0, math.inf])).tolist() == [2.5, 4.5, 1.0, 2.5, 4.5]


def test_a_figure_that_decides_has_the_spread_and_one_that_does_nothing_has_none() -> None:
    rng = np.random.default_rng(1)
    strong, weak, idle = rng.normal(size=(3, 2000))
    times_s = np.exp(2.0 * strong - weak)
    times_s[strong > 1.5] = math.inf  # never reached: later than all
    first, second, third = shares_of(times_s, {"idle": idle, "strong": strong, "weak": weak})
    assert (first.figure, first.later) == ("strong", True) and first.share == pytest.approx(0.78, abs=0.05)
    assert (second.figure, second.later) == ("weak", False) and second.share == pytest.approx(0.19, abs=0.05)
    assert third.share < told_apart_from(2000)
    assert shares_of(np.full(60, math.inf), {"idle": idle[:60]}) == ()


def test_rates_heats_and_masses_are_among_the_figures_and_the_heat_path_decides_the_spread(
    shorted: CaseResult,
) -> None:
    named = {one.figure for one in shorted.shares}
    assert {
        "mass and heat capacity",
        "anode, rate",
        "electrolyte, mass times heat",
        "plating, onset",
    } <= named
    leading = {one.figure for one in shorted.shares[:3]}
    assert {"most a cell can give", "heat to the neighbour"} <= leading
    assert "heat to the neighbour" in share_words(shorted)


def test_a_warning_counts_from_the_runaway_and_no_harm_in_the_model_ends_it(shorted: CaseResult) -> None:
    assert shorted.spread.mid_s == pytest.approx(
        shorted.stages[HarmStage.NEIGHBOUR].mid_s - shorted.stages[HarmStage.RUNAWAY].mid_s, abs=40.0
    )
    fhti = MeasuredFhti(
        goal="SG-TR",
        chemistry="nmc",
        evidence=EvidenceClass.SIMULATED,
        firmware="x",
        run_id="r",
        fhti_s=4.0,
        shots=59,
    )
    margin = margin_of(shorted, BUDGETS, {("SG-TR", "nmc"): fhti})
    assert (margin.ftti_s, margin.ftti_margin_s) == (300.0, None)
    assert margin.fhti_margin_s == pytest.approx(shorted.spread.earliest_s - 4.0)
    assert ftti_words(margin) == "300 s to warn, from the runaway"


def test_ratings_take_no_bound_from_a_warning(tmp_path: Path) -> None:
    band = {"p5_s": 9.0, "floor_s": 8.0, "ceiling_s": 99.0}
    file = tmp_path / "hazard.json"
    one = {
        "chemistry": "nmc",
        "fault": "short_0.01ohm",
        "safety_goal": "SG-TR",
        "left": band,
        "allowed": None,
    }
    file.write_text(json.dumps({"bound_order": 1, "draws": 59, "results": [one]}))
    hazards = load_hazards(file)
    (bound,) = ftti_bounds({"SG-TR": BUDGETS["SG-TR"]}, {"nmc": {"SG-TR": BUDGETS["SG-TR"]}}, hazards)
    assert (bound.warns, bound.bound_s, bound.too_long) == (True, None, None)


def test_a_model_that_is_off_by_more_than_two_is_told(shorted: CaseResult) -> None:
    (one,) = beside([shorted])
    assert one.far_off and off_words(one).endswith("OFF BY MORE THAN 2")
    overcharge = next(of for of in PUBLISHED if of.case == "overcharge_1C")

    def off(minutes: float) -> HeldBeside:
        at = Band.of(np.array([minutes * 60.0]))
        ratio = (at.mid_s / overcharge.low, at.mid_s / overcharge.high)
        return replace(one, published=overcharge, computed=at, off=ratio)

    assert off_words(off(20.0)) == "1.8 to 2.4 times too early: OFF BY MORE THAN 2"
    assert off_words(off(40.0)) == "within" and not off(40.0).far_off
    assert off_words(off(30.0)) == "1.2 to 1.6 times too early"
    assert off(100.0).far_off and "too late" in off_words(off(100.0))


def test_every_published_experiment_has_a_case_and_a_source() -> None:
    cases = {one.id for one in chosen_cases([])}
    assert all(one.case in cases and one.low <= one.high and one.source for one in PUBLISHED)
    assert {one.chemistry for one in PUBLISHED} <= set(Chemistry.shipped())
