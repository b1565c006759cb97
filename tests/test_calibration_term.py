"""The calibrated uncertainty of an instrument as a term of the onset: over a ramp's slope, as a time, or not at all."""

import dataclasses
from pathlib import Path

import pytest
from small_bench import small_bench

from bench import Bench, Run, Verdict
from bench.codec.database import Database
from bench.config.bench_file import load_bench
from bench.faults.catalogue.cell_voltage import CellVoltage
from bench.measure.finding.times import Straddles
from bench.measure.interval import CALIBRATION, CalibrationUsed, Measurement, Term
from bench.measure.plan import Plan
from bench.measure.slope import Slope
from bench.record.codable import plan_from_dict
from bench.record.folder import open_run
from bench.record.shot import read_shot
from bench.report.comparison import run_markdown
from bench.report.html import render_html
from bench.report.uncertainty import budget_shown
from bench.running.shots import judge_trace
from bench.stored.rejudge import stored_databases
from bench.trace.facts import Calibrated
from bench.trace.timeline import Trace
from bench.units import NS_PER_MS
from bench.verdict.result import Judgement
from bench.verdict.uncertainty import narrowed, uncertainty_of

ROOT = Path(__file__).resolve().parents[1]
SLOW = "ov-ramp-slow"
CHANGES = (
    ("ov-ramp-cell1", SLOW),
    ('rate = "2 V/s"', 'rate = "10 mV/s"'),
    ('soc = "50 %"', 'soc = "100 %"'),
    ('window = "8 s"', 'window = "20 s"'),
)
TENTH_NS = 100 * NS_PER_MS


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One shot of a ramp of 10 mV/s on a bench whose cells are calibrated to 1 mV."""
    folder = small_bench(tmp_path_factory.mktemp("ramp"))
    ramp = (ROOT / "scenarios/cells/ov_ramp_cell1.toml").read_text()
    for old, new in CHANGES:
        assert old in ramp
        ramp = ramp.replace(old, new)
    (folder / "scenarios/cells").mkdir()
    (folder / "scenarios/cells/ov_ramp_slow.toml").write_text(ramp)
    file = folder / "hil_config.toml"
    file.write_text(file.read_text().replace("dead_man =", 'uncertainty = "1 mV"\ndead_man ='))
    return Bench.open(file).run(SLOW, repeat=1, workers=1)


@pytest.fixture(scope="module")
def shot(run: Run) -> tuple[Trace, Plan, dict[str, Database]]:
    trace, plan, _ = read_shot(run.folder / "scenarios" / SLOW / "shot-000")
    return trace, plan_from_dict(plan), stored_databases(open_run(run.folder))


def judged(
    shot: tuple[Trace, Plan, dict[str, Database]], *marks: Calibrated, **changed: object
) -> tuple[Measurement, Judgement]:
    """The same shot where certificates say something else, or nothing."""
    trace, plan, databases = shot
    others = [mark for mark in trace.marks if not isinstance(mark.fact, Calibrated)]
    trace = dataclasses.replace(trace, marks=others)
    for one in marks:
        trace.mark(others[-1].t_ns, one, "bench file")
    return judge_trace(trace, dataclasses.replace(plan, **changed), databases)  # type: ignore[arg-type]


def says(unit: str, expanded: float, instrument: str = "cells") -> Calibrated:
    return Calibrated(instrument=instrument, unit=unit, expanded=expanded, words=f"{expanded} {unit} (k = 2)")


def test_a_ramp_of_10_mv_per_s_is_wider_by_100_ms_either_way_for_1_mv(
    run: Run, shot: tuple[Trace, Plan, dict[str, Database]]
) -> None:
    (scenario,) = run.scenarios
    found, (without, _) = scenario.shots[0].measurement, judged(shot)
    assert found is not None and found.onset is not None and without.onset is not None
    assert scenario.judgement.verdict is Verdict.PASS
    assert without.onset.low_ns - found.onset.low_ns == TENTH_NS
    assert found.onset.high_ns - without.onset.high_ns == TENTH_NS
    for was, now, end in (
        (without.fdti, found.fdti, found.detected),
        (without.fhti, found.fhti, found.safe),
    ):
        assert was is not None and now is not None
        assert now.interval.low_ns == was.interval.low_ns - TENTH_NS
        assert now.interval.high_ns == was.interval.high_ns + TENTH_NS
        term = Term(name=CALIBRATION, width_ns=2 * TENTH_NS, note="cells, ±1 mV (k = 2): ±100.0 ms")
        assert term in now.terms and not narrowed(now, found.onset, end)
    assert found.frti == without.frti  # from detection on: the ramp is not in it


def test_a_bound_within_100_ms_of_the_upper_end_makes_it_inconclusive(
    shot: tuple[Trace, Plan, dict[str, Database]],
) -> None:
    measured, _ = judged(shot)
    assert measured.fdti is not None
    for beyond_ns, verdict in ((TENTH_NS - 1, Verdict.INCONCLUSIVE), (TENTH_NS, Verdict.PASS)):
        bound_ns = measured.fdti.interval.high_ns + beyond_ns
        tight = {"fdti_budget_ns": bound_ns, "ceiling_ns": None}
        assert judged(shot, **tight)[1].verdict is Verdict.PASS
        _, judgement = judged(shot, says("V", 0.001), **tight)
        assert judgement.verdict is verdict
        straddles = [one.finding.bound_ns for one in judgement.reasons if isinstance(one.finding, Straddles)]
        assert straddles == ([bound_ns] if verdict is Verdict.INCONCLUSIVE else [])


def test_what_moves_no_time_is_stated_as_an_uncertainty_of_the_level(
    shot: tuple[Trace, Plan, dict[str, Database]],
) -> None:
    without, _ = judged(shot)
    step, _ = judged(shot, says("V", 0.001), onset_slope=None)
    others, _ = judged(shot, says("A", 0.001), says("V", 0.5, "supply"))
    for found in (step, others):
        assert (found.onset, found.fdti, found.fhti) == (without.onset, without.fdti, without.fhti)
        assert found.calibrations and all(one.moves_ns == 0 for one in found.calibrations)
    assert step.calibrations == (
        CalibrationUsed(instrument="cells", unit="V", expanded=0.001, words="0.001 V (k = 2)", moves_ns=0),
    )


def test_an_uncertainty_in_seconds_is_a_term_of_whatever_stimulus(
    shot: tuple[Trace, Plan, dict[str, Database]],
) -> None:
    without, _ = judged(shot, onset_slope=None)
    found, _ = judged(shot, says("s", 0.002, "counter"), onset_slope=None)
    assert without.fdti is not None and found.fdti is not None
    assert found.fdti.interval.low_ns == without.fdti.interval.low_ns - 2 * NS_PER_MS
    assert found.fdti.interval.high_ns == without.fdti.interval.high_ns + 2 * NS_PER_MS
    both, _ = judged(shot, says("s", 0.002, "counter"), says("V", 0.001))
    assert both.fdti is not None
    assert both.fdti.interval.high_ns == without.fdti.interval.high_ns + TENTH_NS + 2 * NS_PER_MS


def test_the_plan_knows_the_slope_of_a_ramp_and_none_of_a_step(
    shot: tuple[Trace, Plan, dict[str, Database]],
) -> None:
    assert shot[1].onset_slope == Slope(instrument="cells", unit="V", per_s=0.01)
    assert CellVoltage(cells=(1,), voltage_v=4.3).slope is None


def test_every_report_names_the_term_and_what_it_is_of(run: Run) -> None:
    (scenario,) = run.scenarios
    shown = budget_shown(scenario)
    assert shown is not None
    (row,) = (one for one in shown.rows if one[0].startswith(CALIBRATION))
    assert row[1:3] == ("200.0 ms", "200.0 ms") and "over the ramp's slope" in row[3]
    line = "'cells' is uncertain by ±1 mV (k = 2) as calibrated: ±100.0 ms of the onset, a term above"
    assert f"{line}." in shown.lines
    budget = uncertainty_of(scenario)
    assert budget is not None and budget.calibrations[0].moves_ns == TENTH_NS
    assert line.replace("'", "&#39;") in render_html(run.result)
    assert "a term above" in run_markdown(run.result, "", None)


@pytest.mark.parametrize(
    ("instrument", "text", "expanded"),
    [
        ("cells", "1 mV", (0.001, "V")),
        ("cells", "250 us", (0.00025, "s")),
        ("supply", "20 mA", (0.02, "A")),
        ("supply", "0.1 %", (0.1, "%")),
        ("current", "20 mA", (0.02, "A")),
    ],
)
def test_units_of_a_certificate(
    tmp_path: Path, instrument: str, text: str, expanded: tuple[float, str]
) -> None:
    bench = (
        (ROOT / "docs" / "benches" / "whole_desk.toml")
        .read_text(encoding="utf-8")
        .replace("../../", f"{ROOT}/")
    )
    head = f"[instrument.{instrument}]\n"
    file = tmp_path / "hil_config.toml"
    file.write_text(bench.replace(head, f'{head}uncertainty = "{text}"\n'), encoding="utf-8")
    assert load_bench(file).instruments[instrument].expanded == pytest.approx(expanded)
