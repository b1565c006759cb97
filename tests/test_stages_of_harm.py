"""A stage of harm means the same in every chemistry, and an earliest time is a bound only from enough draws."""

import math
from pathlib import Path

import numpy as np
import pytest

from bench.hazard.result import MEANING, Band, CaseResult, HarmStage, bound_order
from bench.hazard.study import chosen_cases, study
from bench.plant.chemistry import Chemistry
from bench.report.hazard_words import bound_words, stage_words
from bench.trace.events import PlantStage

DOCS = Path(__file__).resolve().parents[1] / "docs"


def heated(chemistry: str, horizon_s: float) -> CaseResult:
    (only,) = study(
        [Chemistry.load(chemistry)],
        chosen_cases(["heat_2K_s"]),
        samples=1,
        seed=1,
        horizon_s=horizon_s,
        workers=1,
    ).results
    return only


@pytest.fixture(scope="module")
def zinc() -> CaseResult:
    return heated("zn_chitosan", 600.0)


@pytest.fixture(scope="module")
def nmc() -> CaseResult:
    return heated("nmc", 600.0)


def test_propagation_is_a_runaway_of_the_next_cell_in_every_chemistry(
    zinc: CaseResult, nmc: CaseResult
) -> None:
    """It was the venting or dry-out of the next cell in zinc, and its runaway in lithium."""
    assert zinc.stages[HarmStage.RUNAWAY].never and zinc.stages[HarmStage.PROPAGATION].never
    assert stage_words(zinc, HarmStage.PROPAGATION) == "no path in the model"
    assert nmc.stages[HarmStage.PROPAGATION].mid_s > nmc.stages[HarmStage.RUNAWAY].mid_s


def test_harm_at_the_next_cell_is_its_first_harm_in_every_chemistry(
    zinc: CaseResult, nmc: CaseResult
) -> None:
    harmed = nmc.stages[HarmStage.NEIGHBOUR].mid_s
    assert (
        nmc.stages[HarmStage.VENT].mid_s < harmed < nmc.stages[HarmStage.PROPAGATION].mid_s
    )  # it vents first
    assert stage_words(zinc, HarmStage.NEIGHBOUR) != "no path in the model"


def test_a_neighbour_with_the_same_fault_shows_no_spreading() -> None:
    """Every cell of an overcharged string vents: nothing has spread."""
    (zinc,) = study(
        [Chemistry.load("zn_chitosan")], chosen_cases(["overcharge_1C"]), samples=1, seed=1, horizon_s=300.0, workers=1
    ).results  # fmt: skip
    assert not zinc.stages[HarmStage.VENT].never
    assert zinc.stages[HarmStage.NEIGHBOUR].never and stage_words(zinc, HarmStage.NEIGHBOUR) == "same fault"


def test_what_has_vented_or_run_away_is_damaged_in_every_chemistry(zinc: CaseResult, nmc: CaseResult) -> None:
    for one in (zinc, nmc):
        ends = (one.stages[stage].mid_s for stage in (HarmStage.VENT, HarmStage.DRY_OUT, HarmStage.RUNAWAY))
        assert one.stages[HarmStage.DAMAGE].mid_s <= min(ends)


def test_the_docs_give_each_stage_its_one_meaning() -> None:
    text = (DOCS / "chemistries.md").read_text(encoding="utf-8")
    assert set(MEANING) == set(HarmStage)
    for stage, meaning in MEANING.items():
        assert f"| {stage} | {meaning} |" in text
    shared = {PlantStage.VENTING: HarmStage.VENT, PlantStage.DRY_OUT: HarmStage.DRY_OUT}
    assert all(one.value == other.value for one, other in shared.items())
    assert HarmStage.RUNAWAY.endswith(PlantStage.RUNAWAY)


@pytest.mark.parametrize(
    ("samples", "order"), [(1, 0), (40, 0), (59, 0), (60, 1), (93, 1), (94, 2), (125, 3)]
)
def test_a_bound_needs_59_draws_beside_the_file_s_own_figures(samples: int, order: int) -> None:
    assert bound_order(samples) == order
    band = Band.of(np.arange(1.0, samples + 1.0))
    assert band.floor_s == (1.0 + order if order else None)  # the first sample, 1.0, was not drawn
    assert band.ceiling_s == (samples + 1.0 - order if order else None)
    assert band.earliest_s == (band.floor_s if order else band.low_s)
    assert ("no bound" in bound_words(samples)) == (not order)


def test_a_bound_that_no_draw_reaches_is_never_and_not_missing() -> None:
    never = Band.of(np.full(60, math.inf))
    assert never.floor_s == never.ceiling_s == never.earliest_s == math.inf
