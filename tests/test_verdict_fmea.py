"""Ratings are earned: counts, scatter, worst operating point, and never M = 1."""

import dataclasses
from pathlib import Path

import pytest
from sample_run import OVERVOLTAGE, latency, measurement, sample_run, scenario, shot

from bench.errors import ConfigError
from bench.report.handled_words import handled_lines
from bench.report.safety_tables import alike_together, fmea_row
from bench.report.traceability import denominator
from bench.safety.failure_modes import (
    cells,
    gaps,
    handled_by_goal,
    lacking,
    standings,
)
from bench.safety.fmea_file import load_fmea
from bench.safety.hazard_file import load_hazards
from bench.scenario.library import list_library
from bench.scenario.load import find_scenarios
from bench.units import NS_PER_MS
from bench.verdict.budgets import load_budgets
from bench.verdict.fmea import FailureMode, earn, handled, rate, worst
from bench.verdict.result import RunResult, ScenarioResult, Verdict

ROOT = Path(__file__).parents[1]


def clean(n: int, fails: int = 0, spread_ms: int = 20, point: str = "drive") -> ScenarioResult:
    def one(k: int) -> object:
        found = latency((2_400 + k % max(1, spread_ms)) * NS_PER_MS, NS_PER_MS)
        verdict = Verdict.FAIL if k < fails else Verdict.PASS
        return shot(k, verdict, measurement(found, found))

    made = scenario("ov", "t", OVERVOLTAGE, [one(k) for k in range(n)], Verdict.PASS)  # type: ignore[misc]
    return dataclasses.replace(made, operating_point=point)


@pytest.mark.parametrize(
    ("n", "fails", "rating"),
    [(2, 0, 8), (6, 0, 7), (28, 0, 7), (29, 0, 5), (46, 1, 5), (45, 1, 7), (98, 0, 5), (99, 0, 4), (157, 1, 4),
     (299, 0, 3), (473, 1, 3), (2_994, 0, 3), (2_995, 0, 2), (20_000, 0, 2), (1, 0, 9)],
)  # fmt: skip
def test_monitoring_rating_from_counts(n: int, fails: int, rating: int) -> None:
    assert earn(clean(n, fails)).rating == rating


def test_scatter_and_silence_count() -> None:
    assert earn(clean(299, spread_ms=299)).rating == 3  # 299 ms are below 10 % of the FHTI of 3 s
    assert earn(clean(320, spread_ms=320)).rating == 4
    assert earn(clean(99, spread_ms=3_000)).rating == 4 and earn(clean(29, spread_ms=3_000)).rating == 5
    split = [latency((100 if k % 2 else 2_900) * NS_PER_MS, 1) for k in range(30)]
    shots = [shot(k, Verdict.PASS, measurement(x, x)) for k, x in enumerate(split)]
    assert earn(scenario("ov", "t", OVERVOLTAGE, shots, Verdict.PASS)).rating == 6
    mute = [shot(k, Verdict.FAIL, measurement(None, None)) for k in range(30)]
    assert earn(scenario("ov", "t", OVERVOLTAGE, mute, Verdict.FAIL)).rating == 10


def test_undecided_is_not_handled_and_the_worst_point_counts() -> None:
    good = clean(99)
    lost = dataclasses.replace(good, shots=(*good.shots[:-1], shot(98, Verdict.ERROR, None)))
    found = earn(lost)
    assert (found.rating, found.not_handled, found.undecided) == (5, 1, 1)
    chosen = worst([earn(good), earn(clean(29, point="charge"))])
    assert chosen is not None and (chosen.rating, chosen.operating_point) == (5, "charge")
    assert worst([]) is None
    assert earn(clean(59)).more == 99


MODE = FailureMode(
    id="FM", title="t", element="e", safety_goal="SG-01", faults=("cell_voltage",),
    scenarios=("ov",), severity=10, severity_source="x",
    frequency=3, frequency_source="x", occurrence=5, occurrence_source="x", hazard="overcharge_1C",
)  # fmt: skip


def test_what_was_handled_is_told_as_the_count_it_is() -> None:
    """It was `diagnostic coverage 95 % (medium)`, which 59 attempts give whatever was tested."""
    run = dataclasses.replace(sample_run(n=12), scenarios=(clean(59),))
    told = handled_lines(handled_by_goal(cells([MODE], {"nmc": [run]}, ["nmc", "lfp"], {})))
    assert told[0] == "injected faults handled, SG-01: nmc at least 95 % (59 of 59 attempts)"
    assert "diagnostic coverage" not in " ".join(told) and "medium" not in " ".join(told)
    assert "is not shown by this" in told[1] and len(told) == 2
    two = [MODE, dataclasses.replace(MODE, id="FM2")]
    assert (
        "least of 2 failure modes)"
        in handled_lines(handled_by_goal(cells(two, {"nmc": [run]}, ["nmc"], {})))[0]
    )
    assert handled_lines(handled_by_goal(cells([MODE], {}, ["nmc"], {}))) == []


def test_priorities_and_what_was_handled() -> None:
    rated = rate(MODE, 5, assumed=False)
    assert (rated.rpn, rated.rpn_without, rated.priority, rated.msr) == (250, 500, "H", "H")
    assert rate(dataclasses.replace(MODE, occurrence=3), 4, False).priority == "L"
    many, few = earn(clean(59)), earn(clean(29))
    both = handled([(10.0, many), (30.0, few)])
    assert both.weighted and both.share == pytest.approx((10 * many.lower + 30 * few.lower) / 40)
    least = handled([(10.0, many), (None, few)])
    assert (least.share, least.weighted, least.least, least.modes) == (few.lower, False, few, 2)
    assert handled([(None, many), (None, None)]).share == 0.0 and handled([]).share == 0.0


def test_chemistries_side_by_side_say_what_is_missing() -> None:
    run = dataclasses.replace(sample_run(n=12), scenarios=(clean(59),))
    hazards = {("nmc", "overcharge_1C"): 100.0, ("lfp", "overcharge_1C"): float("inf")}
    nmc, lfp, sodium = cells([MODE], {"nmc": [run]}, ["nmc", "lfp", "na_ion"], hazards)
    assert nmc.earned is not None and nmc.rated.rating == 5 and not nmc.rated.assumed
    assert nmc.margin_s == pytest.approx(100 - 2.420)
    assert any("99 attempts for M 4" in text for text in nmc.missing)
    assert any("discharge no board" in text for text in nmc.missing)
    assert lfp.rated.assumed and lfp.rated.rating == 10 and "no run of ov" in lfp.missing
    assert any("hil hazard" in text for text in sodium.missing)
    silent = cells([MODE], {}, ["nmc", "lfp", "na_ion"], hazards)
    of = [fmea_row(c.mode, c.chemistry, c.earned, c.rated, (None, None, None), c.missing) for c in silent]
    assert [row[1] for row in alike_together(of)] == ["nmc, lfp", "na_ion"], "one of them lacks a hazard time"
    shown = handled_by_goal([nmc, lfp])
    assert shown["SG-01", "lfp"].share == 0.0 and shown["SG-01", "nmc"].share == pytest.approx(
        0.05 ** (1 / 59)
    )
    assumed = dataclasses.replace(MODE, monitoring_assumed=4)
    (cell,) = cells([assumed], {}, ["nmc"], {})
    assert cell.rated.assumed and cell.rated.rating == 4
    (one, other) = standings([nmc, lfp])
    assert (one.earned, one.without, one.least, one.exceeded) == ({5: 1}, 0, ("FM", pytest.approx(97.58)), ())
    assert (other.earned, other.without, other.least) == ({}, 1, None)
    (late,) = standings(cells([MODE], {"nmc": [run]}, ["nmc"], {("nmc", "overcharge_1C"): 2.0}))
    assert late.exceeded == ("FM",)
    two = dataclasses.replace(MODE, scenarios=("ov", "other"))
    (partly,) = cells([two], {"nmc": [run]}, ["nmc"], {})
    assert partly.rated.assumed and partly.rated.rating == 10  # half of the evidence earns nothing


def test_a_second_run_undoes_no_failure_and_a_quick_one_no_evidence() -> None:
    def run(n: int, fails: int = 0, **hashes: str) -> RunResult:
        return dataclasses.replace(sample_run(n=12), scenarios=(clean(n, fails),), hashes=hashes)

    def rating(*newest_first: RunResult) -> tuple[int, int]:
        (cell,) = cells([MODE], {"nmc": newest_first}, ["nmc"], {})
        assert cell.earned is not None
        return cell.rated.rating, cell.earned.attempts

    assert rating(run(1), run(59)) == (5, 59)
    assert rating(run(59), run(29, fails=1)) == (7, 29)
    assert rating(run(59, bench="b"), run(29, fails=1, bench="a")) == (
        5,
        59,
    )  # of another bench: it was mended
    assert rating(run(59), run(29, fails=1, **{"scenario.ov": "other"})) == (5, 59)
    assert rating(run(29), run(29)) == (5, 29)  # never added up
    assert lacking([MODE], [run(1), run(29)], "nmc", 29, {}) == ()
    assert lacking([MODE], [run(1), run(29)], "nmc", 30, {}) == ("ov",)
    assert lacking([MODE], [], "nmc", 1, {"ov": {"nmc": "no such thing"}}) == ()


def test_a_scenario_that_says_nothing_of_a_chemistry_is_not_asked_of_it() -> None:
    run = dataclasses.replace(sample_run(n=12), scenarios=(clean(29),))
    two = dataclasses.replace(MODE, scenarios=("ov", "nail"))
    excused = {"nail": {"lfp": "it cannot burn"}}
    nmc, lfp = cells([two], {"nmc": [run], "lfp": [run]}, ["nmc", "lfp"], {}, excused)
    assert nmc.rated.assumed and nmc.rated.rating == 10
    assert not lfp.rated.assumed and lfp.rated.rating == 5
    assert "nail says nothing here: it cannot burn" in lfp.missing
    (none,) = cells([dataclasses.replace(MODE, scenarios=("nail",))], {"lfp": [run]}, ["lfp"], {}, excused)
    assert none.rated.assumed and none.rated.rating == 10


def test_an_hour_long_test_earns_nothing_when_it_passes_and_counts_when_it_fails() -> None:
    both = dataclasses.replace(MODE, once=("hour",))

    def cell(*hour: ScenarioResult) -> tuple[int, tuple[str, ...]]:
        run = dataclasses.replace(sample_run(n=12), scenarios=(clean(59), *hour))
        (found,) = cells([both], {"nmc": [run]}, ["nmc"], {})
        assert not found.rated.assumed
        return found.rated.rating, found.missing

    rating, missing = cell()
    assert rating == 5 and "no run of hour: one shot, an hour long" in missing
    rating, missing = cell(dataclasses.replace(clean(1), scenario_id="hour"))
    assert rating == 5 and not any("hour" in text for text in missing)
    rating, _ = cell(dataclasses.replace(clean(1, fails=1), scenario_id="hour"))
    assert rating == earn(clean(1, fails=1)).rating == 9
    assert lacking([both], [], "nmc", 29, {}) == ("ov",), "29 of its hours would take days"


def test_the_shipped_failure_modes_fit_the_shipped_scenarios(tmp_path: Path) -> None:
    goals = load_budgets(ROOT / "scenarios" / "budgets.toml")
    library = list_library(find_scenarios([ROOT / "scenarios"]))
    modes = load_fmea(ROOT / "scenarios" / "fmea.toml", goals, library)
    assert len(modes) >= 40
    own = [name for one in modes for name in one.scenarios]
    assert not any("goals without" in text for text in gaps(modes, library, denominator(goals, library.lent)))
    assert len(own) >= 0.9 * sum(entry.must_trip for entry in library.entries)  # `hil safety` names the rest
    assert {one.inputs_assumed for one in modes} == {"SFO"}
    fewer = [one for one in modes if one.safety_goal != "SG-TR" and one.id != "FM-IMD-SILENT"]
    told = " ".join(gaps(fewer, library, denominator(goals, library.lent)))
    assert "goals without a failure mode: SG-TR" in told
    assert "classes of fault without a failure mode: SG-ISO/communication" in told
    assert "insulation-monitor-silent, " in told and "thermal-runaway-drop-and-rise" in told
    text = (ROOT / "scenarios" / "fmea.toml").read_text()
    bad = tmp_path / "fmea.toml"
    for old, new, told in (
        ("SG-OV", "SG-OW2", "expected a goal of budgets.toml"),
        ("ov-step-cell17", "ov-step-cell18", "did you mean"),
        ("severity = 10", "severity = 11", "a rating from 1 to 10"),
        ("frequency = 4", "monitoring_assumed = 1\nfrequency = 4", "never assumed"),
        ('occurrence_source = "assumed: pump"', 'occurrence_source = " "', "where the rating comes from"),
        ('faults = ["sense_wire"]', 'faults = ["sense_wier"]', "did you mean"),
        ('faults = ["sense_wire"]', 'faults = ["current"]', "none of its scenarios injects"),
        ('faults = ["sense_wire"]', "faults = []", "the faults of the catalogue"),
        ("FM-CELL-OV", "FM-CHG-LIMIT", "twice"),
        ("element =", "elemnt =", "elemnt"),
    ):
        bad.write_text(text.replace(old, new, 1))
        with pytest.raises(ConfigError, match=r"fmea\.toml:\d+") as caught:
            load_fmea(bad, goals, library)
        assert told in str(caught.value)
    bad.write_text("{}")
    with pytest.raises(ConfigError, match="hil hazard"):
        load_hazards(bad)
    assert load_hazards(None).earliest() == {}
