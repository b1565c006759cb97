"""Time to hazard: what the study finds, how it says it, and the command."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from sample_run import sample_run
from typer.testing import CliRunner

from bench.cli.main import app
from bench.errors import ConfigError, RecordError
from bench.hazard.margin import MeasuredFhti, margin_of, measured_fhti
from bench.hazard.result import Band, CaseResult, HarmStage, hazard_of
from bench.hazard.study import _DECISIVE, chosen_cases, study
from bench.plant.chemistry import Chemistry
from bench.record.database import ResultsDatabase
from bench.report.hazard_words import band_words, fhti_words, ftti_words, stage_words
from bench.timing.evidence_class import EvidenceClass
from bench.verdict.budgets import load_budgets

ROOT = Path(__file__).resolve().parents[1]
BUDGETS = load_budgets(ROOT / "scenarios/budgets.toml")


def found(
    chemistry: str, fault: str, samples: int = 3, horizon_s: float = 600.0, seed: int = 1
) -> CaseResult:
    cases = chosen_cases([fault])
    result = study(
        [Chemistry.load(chemistry)], cases, samples=samples, seed=seed, horizon_s=horizon_s, workers=1
    )
    (only,) = result.results
    return only


def test_stages_come_in_the_order_of_harm_when_a_cell_is_heated() -> None:
    result = found("nmc", "heat_2K_s", samples=1)
    times = [
        result.stages[stage].mid_s
        for stage in (
            HarmStage.LIMIT,
            HarmStage.DAMAGE,
            HarmStage.VENT,
            HarmStage.RUNAWAY,
            HarmStage.PROPAGATION,
        )
    ]
    assert times == sorted(times)
    assert 64 <= result.stages[HarmStage.RUNAWAY].mid_s <= 82  # time_to_hazard.md, over its sensitivities
    assert result.hazard_is is HarmStage.VENT


@pytest.mark.slow
def test_zinc_gains_under_heat_and_loses_under_overcharge() -> None:
    """The idea of the project, confirmed and refuted by the same model."""
    zinc, nmc = (found(name, "overcharge_1C", samples=1, horizon_s=1500.0) for name in ("zn_chitosan", "nmc"))
    assert zinc.hazard.mid_s < 300 < 900 < nmc.hazard.mid_s
    assert zinc.hydrogen_l > 0.0
    assert zinc.stages[HarmStage.RUNAWAY].never
    zinc, nmc = (found(name, "short_0.05ohm", samples=1, horizon_s=1200.0) for name in ("zn_chitosan", "nmc"))
    assert zinc.hazard.never
    assert nmc.stages[HarmStage.RUNAWAY].mid_s < 1000


def test_the_same_seed_gives_the_same_study_and_another_seed_another() -> None:
    first, again, other = (found("lfp", "heat_2K_s", horizon_s=120.0, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_every_figure_said_to_decide_a_time_stands_in_some_file() -> None:
    """A place that no file has would leave the table of assumptions in silence."""
    known = {place for chemistry in Chemistry.shipped() for place in Chemistry.load(chemistry).figures}
    assert [place for place in _DECISIVE if place not in known] == []


def test_a_band_tells_never_from_late_and_some_from_all() -> None:
    never = Band.of(np.full(10, math.inf))
    some = Band.of(np.array([100.0, 200.0, math.inf, math.inf, math.inf]))
    most = Band.of(np.array([100.0, 200.0, 300.0, math.inf]))
    assert band_words(never, 10_800.0) == "none within 3.0 h"
    assert band_words(some, 10_800.0) == "2 of 5: 100 s … none"
    assert band_words(most, 10_800.0) == "300 s [100 s … none] (3 of 4)"


def test_hazard_is_the_first_of_venting_dry_out_and_runaway() -> None:
    nothing = np.full(2, math.inf)
    stages = dict.fromkeys(HarmStage, nothing)
    assert hazard_of(stages)[1] is None
    stages[HarmStage.RUNAWAY], stages[HarmStage.VENT] = np.array([50.0, math.inf]), np.array([40.0, math.inf])
    first, which = hazard_of(stages)
    assert list(first) == [40.0, math.inf]
    assert which is HarmStage.VENT


def test_margins_are_against_the_earliest_hazard() -> None:
    result = found("nmc", "heat_2K_s", samples=3, horizon_s=120.0)
    fhti = MeasuredFhti(
        goal="SG-OTD",
        chemistry="nmc",
        evidence=EvidenceClass.SIMULATED,
        firmware="x",
        run_id="r",
        fhti_s=2.0,
        shots=59,
    )
    margin = margin_of(result, BUDGETS, {("SG-OTD", "nmc"): fhti})
    assert margin.ftti_margin_s == pytest.approx(result.hazard.low_s - 10.0)
    assert margin.fhti_margin_s == pytest.approx(result.left.low_s - 2.0)
    assert "10 s (+" in ftti_words(margin)
    assert fhti_words(margin).startswith("2.00 s sim (+")
    bare = margin_of(result, {}, {})
    assert (ftti_words(bare), fhti_words(bare)) == ("no such goal", "not measured")


def test_a_chemistry_without_reactions_says_that_it_has_no_path() -> None:
    result = found("zn_chitosan", "heat_2K_s", samples=1, horizon_s=120.0)
    assert stage_words(result, HarmStage.RUNAWAY) == "no path in the model"
    assert result.stages[HarmStage.VENT].mid_s == pytest.approx(63.0, abs=5.0), (
        "air, corrosion gas and steam: 5 bar"
    )
    assert result.stages[HarmStage.DRY_OUT].mid_s == pytest.approx(98.0, abs=5.0)  # 134 K and 60 g at 4.4 kW


def test_the_report_repeats_the_marks_and_draws_every_lane(tmp_path: Path) -> None:
    out = tmp_path / "h.html"
    words = ["hazard", "--chemistry", "zn_chitosan", "--chemistry", "nmc", "--fault", "heat_2K_s"]
    words += ["--samples", "2", "--horizon", "2 min", "--out", str(out), "--workers", "1"]
    words += ["--budgets", str(ROOT / "scenarios/budgets.toml")]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    assert "no path in the model" in told.output or "none; dry" in told.output
    text = out.read_text(encoding="utf-8")
    assert "Computed, not measured" in text
    assert text.count("<rect") == 2
    assert 'class="mark E"' in text
    assert "http" not in text.replace("http://www.w3.org", "").split("What is assumed")[0]
    as_json = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert as_json["results"][0]["stages"]["runaway"]["p50_s"] is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--fault", "heat_2K"], r"--fault: found 'heat_2K'; expected one of .*did you mean 'heat_2K_s'"),
        (["--chemistry", "nmcc"], r"unknown chemistry 'nmcc'"),
        (["--horizon", "3"], r"--horizon: '3' has no unit"),
        (["--horizon", "1 s"], r"--horizon: found '1 s'; expected 1 min to 48 h"),
        (["--budgets", "none.toml"], r"none.toml: cannot be read"),
    ],
)
def test_wrong_usage_is_told_in_one_line(words: list[str], told: str) -> None:
    outcome = CliRunner().invoke(app, ["hazard", "--budgets", str(ROOT / "scenarios/budgets.toml"), *words])
    assert isinstance(outcome.exception, ConfigError)
    assert "\n" not in str(outcome.exception)
    import re

    assert re.search(told, str(outcome.exception))


def test_an_absent_results_database_is_told_and_not_created(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="found no results database"):
        measured_fhti(tmp_path / "none.sqlite")
    assert not list(tmp_path.iterdir())


def test_only_runs_of_the_named_build_say_what_it_takes_to_react(tmp_path: Path) -> None:
    """The newest run of all is that of a broken build, and said how long the good one takes."""
    database = tmp_path / "results.sqlite"
    first = sample_run().scenarios[0]
    assert first.fhti is not None
    slow = dataclasses.replace(first, fhti=dataclasses.replace(first.fhti, max_high_ns=9_000_000_000))
    for run_id, day, firmware, one in (
        ("good", 1, "reference", first),
        ("bad", 2, "late_overvoltage", slow),
    ):
        run = dataclasses.replace(
            sample_run(), run_id=run_id, started_utc=f"2026-11-0{day}T00:00:00+00:00", firmware=firmware,
            firmware_identity=f"{firmware}@1", aborted=None, scenarios=(one,),
        )  # fmt: skip
        ResultsDatabase(database).add(run)
    (good,) = measured_fhti(database).values()
    assert (good.run_id, good.firmware, good.fhti_s) == ("good", "reference@1", first.fhti.max_high_ns / 1e9)
    (bad,) = measured_fhti(database, firmware="late_overvoltage").values()
    assert (bad.run_id, bad.fhti_s) == ("bad", 9.0)
    assert measured_fhti(database, firmware="never_run") == {}
    (asked,) = measured_fhti(database, "bad", "late_overvoltage").values()
    assert asked == bad
    with pytest.raises(
        RecordError, match="run 'bad' is of the build 'late_overvoltage'; expected one of 'ref"
    ):
        measured_fhti(database, "bad")


def test_a_bms_on_the_wrong_pack_lends_no_time(results_at: str | Path) -> None:
    """`hil run --firmware-chemistry lfp` on a pack of nmc is of the build's name and of the pack's chemistry."""
    database = ResultsDatabase(results_at)
    for run_id, mismatch in (("wrong", "a BMS made for lfp on a pack of nmc"), ("own", "")):
        database.add(
            dataclasses.replace(
                sample_run(), run_id=run_id, firmware="reference", aborted=None, mismatch=mismatch
            )
        )
        found = measured_fhti(results_at)
        assert {one.run_id for one in found.values()} == ({"own"} if not mismatch else set())


def test_an_older_build_of_the_same_name_lends_no_time(results_at: str | Path) -> None:
    """Its goals that the newest build was not run for stood beside those of the newest, as one DUT's."""
    database = ResultsDatabase(results_at)
    first = sample_run().scenarios[0]
    goals = {"a": dataclasses.replace(first.budget, safety_goal="SG-A"), "b": first.budget}
    for name, day, budgets in (("old", 1, goals.values()), ("new", 2, [goals["b"]])):
        run = dataclasses.replace(
            sample_run(), run_id=name, started_utc=f"2026-11-0{day}T00:00:00+00:00", firmware="reference",
            firmware_identity=f"reference@{name}", aborted=None,
            scenarios=tuple(dataclasses.replace(first, budget=one, scenario_id=one.safety_goal) for one in budgets),
        )  # fmt: skip
        database.add(run)
    newest = measured_fhti(results_at)
    assert {goal: one.firmware for (goal, _), one in newest.items()} == {
        first.budget.safety_goal: "reference@new"
    }
    older = measured_fhti(results_at, firmware="reference@old")
    assert {goal for goal, _ in older} == {"SG-A", first.budget.safety_goal}
    assert {one.run_id for one in older.values()} == {"old"}
    with pytest.raises(
        RecordError, match="run 'new' is of the build 'reference@new'; expected one of 'reference@old'"
    ):
        measured_fhti(results_at, "new", "reference@old")
