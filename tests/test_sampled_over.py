"""A bound names what its shots were sampled over, and what rests on bunched shots earns nothing."""

import dataclasses
import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from sample_run import OVERVOLTAGE, latency, measurement, sample_run, scenario, shot
from small_bench import file_of

from bench.cli.safety_shown import notes
from bench.record.version_1 import same_figures
from bench.report.comparison import run_markdown
from bench.report.html import render_html
from bench.report.sampling import bounds_words, sampled_words
from bench.report.terminal import summary_table
from bench.running.load import load_rig, load_scenarios
from bench.running.results import scenario_result
from bench.running.shots import shoot
from bench.safety.failure_modes import cells, lacking
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS
from bench.verdict.fmea import FailureMode, earn
from bench.verdict.result import RunResult, ScenarioResult, Verdict
from bench.verdict.sampling import sampled
from bench.verdict.spread import spread_p
from bench.verdict.statistics import latency_statistics

MS = NS_PER_MS


def fired(
    n: int, *, turns: float = 1.0, scatter_ms: int = 20, name: str = "ov", fails: int = 0, cycle_ms: int = 100
) -> ScenarioResult:
    """Shots that met the DUT in the first `turns` of its cycle, evenly; 700 ms after its boot and a little more."""
    shots = []
    for k in range(n):
        phase = round(cycle_ms * MS * turns * ((k * 0.618_034) % 1))
        found = latency((2_400 + k * scatter_ms // max(1, n - 1)) * MS, MS)
        one = dataclasses.replace(
            measurement(found, found),
            dut_phase_ns=phase,
            dut_cycle_ns=cycle_ms * MS,
            dut_uptime_ns=700 * MS + phase,
        )
        shots.append(shot(k, Verdict.FAIL if k < fails else Verdict.PASS, one))
    made = scenario(name, "t", OVERVOLTAGE, shots, Verdict.PASS)
    latencies = [one.measurement.fdti for one in shots if one.measurement and one.measurement.fdti]
    told = latency_statistics(latencies, spread_p(shots))
    return dataclasses.replace(made, operating_point="drive, SOC 50 %, 20 A", fdti=told, fhti=told)


def run_of(*scenarios: ScenarioResult) -> RunResult:
    return dataclasses.replace(sample_run(n=12), scenarios=scenarios)


def everywhere(run: RunResult) -> list[str]:
    """Terminal, Markdown, HTML, as one line each."""
    out = io.StringIO()
    Console(file=out, width=2_000).print(summary_table(run), highlight=False)
    texts = [out.getvalue(), run_markdown(run, "1 of 1 goals", None), render_html(run).replace("&#39;", "'")]
    return [re.sub(r"\s+", " ", one) for one in texts]


def test_terminal_markdown_and_html_name_what_the_shots_were_sampled_over() -> None:
    run = run_of(fired(59), fired(93, name="other", cycle_ms=1_000))
    for told in everywhere(run):
        assert (
            "The worst of n latencies bounds 95 % of them (n = 59 and more: with 95.1 % confidence)" in told
        )
        assert "sampled over phase (the DUT's cycles, 100.0 ms … 1.000 s), pack (59 draws" in told
        assert "boot (a fresh one each, the fault 700.0 ms … 1.69" in told
        assert "no sample of life: not over age, temperature or longer uptimes" in told
    html = everywhere(run)[2]
    assert (
        "All of this holds over what was sampled: phase (the DUT's cycle of 100.0 ms), pack (59 draws" in html
    )
    assert "one type, drive, SOC 50 %, 20 A)" in html


def test_of_what_nothing_is_bounded_is_said_with_the_reason() -> None:
    unknown = fired(59, name="old")
    silent = dataclasses.replace(
        fired(59, name="part"), shots=(*fired(59).shots, shot(59, Verdict.FAIL, measurement(None, None)))
    )
    bare = [
        dataclasses.replace(one, measurement=dataclasses.replace(one.measurement, dut_phase_ns=None))
        for one in unknown.shots
        if one.measurement
    ]
    assert unknown.fdti is not None
    unknown = dataclasses.replace(
        unknown, shots=tuple(bare), fdti=dataclasses.replace(unknown.fdti, spread_p=spread_p(bare))
    )
    for told in everywhere(run_of(fired(59, turns=0.3, name="half"), unknown, silent)):
        assert "No bound for half: the shots met the DUT at bunched phases of its cycle" in told
        assert "No bound for old: where in the DUT's cycle the shots met it was not recorded" in told
        assert "No bound for part: some of their shots have no latency" in told
        assert "bounds 95 %" not in told


def test_real_shots_keep_the_uptime_at_which_the_fault_came() -> None:
    wired = load_rig(Path(__file__).parents[1] / "hil_config.toml", None, None, None)
    one = load_scenarios(wired, [file_of("ov-step-cell17")], None)[0][0]
    assert one.scenario.id == "ov-step-cell17"
    shots = [shoot(wired, one, index, 2, 1, None) for index in range(2)]
    result = scenario_result(one, shots, Timebase.SIMULATED, wired.profile)
    over = sampled(result.shots)
    assert over is not None and over.uptime_ns is not None and (over.n, over.draws) == (2, 2)
    for each in shots:
        assert each.measurement is not None and each.measurement.dut_uptime_ns is not None
        assert each.measurement.dut_uptime_ns % each.measurement.dut_cycle_ns == each.measurement.dut_phase_ns
        assert 300 * MS < each.measurement.dut_uptime_ns < 2_000 * MS
    assert (
        "a fresh one each, the fault" in sampled_words(over)
        and "(n = 2: with 9.7 %" in bounds_words([result])[0]
    )


def test_copies_of_one_shot_earn_what_one_shot_earns() -> None:
    assert earn(fired(1)).rating == 9 and earn(fired(299)).rating == 3
    copies = earn(fired(299, turns=0.3))
    assert (copies.rating, copies.lower, copies.more) == (9, earn(fired(1)).lower, None)
    assert copies.bunched and "bunched phases" in copies.why
    assert earn(fired(299, turns=0.3, fails=1)).lower == 0.0


MODE = FailureMode(
    id="FM", title="t", element="e", safety_goal="SG-01", faults=("cell_voltage",),
    scenarios=("ov",), severity=10, severity_source="x",
    frequency=3, frequency_source="x", occurrence=5, occurrence_source="x",
)  # fmt: skip


def test_safety_says_that_the_shots_are_bunched_and_prefers_those_that_are_not() -> None:
    bad, good = run_of(fired(299, turns=0.3)), run_of(fired(29))
    (cell,) = cells([MODE], {"nmc": [bad]}, ["nmc"], {})
    assert cell.rated.rating == 9 and "for M 8: shots spread over the DUT's cycle" in cell.missing
    (cell,) = cells([MODE], {"nmc": [bad, good]}, ["nmc"], {})
    assert cell.rated.rating == 5 and cell.earned is not None and cell.earned.attempts == 29
    assert lacking([MODE], [bad], "nmc", 29, {}) == ("ov",) and lacking([MODE], [good], "nmc", 29, {}) == ()


@pytest.mark.parametrize(("n", "and_attempts"), [(3_000, ""), (299, ""), (120, " and 299 attempts")])
def test_where_scatter_decides_more_attempts_are_not_what_is_missing(n: int, and_attempts: str) -> None:
    """It said 299 attempts with 3,000 made."""
    scattered = fired(n, scatter_ms=900)  # of an FHTI of 3 s
    found = earn(scattered)
    assert (found.rating, found.more) == (4, None)
    (cell,) = cells([MODE], {"nmc": [run_of(scattered)]}, ["nmc"], {})
    assert any(
        text
        == f"for M 3: latencies within less than 10% of the FHTI, they scatter over 30%, which no number of "
        f"attempts mends{and_attempts}"
        for text in cell.missing
    ), cell.missing
    assert not any("attempts for M" in text for text in cell.missing)


def test_more_attempts_are_always_more_than_were_made() -> None:
    for n in (1, 2, 5, 6, 28, 29, 98, 99, 298, 299, 2_994):
        for fails in (0, 1):
            more = earn(fired(n, fails=min(fails, n))).more
            assert more is not None and more > n, (n, fails)
    assert earn(fired(2_995)).more is None and earn(fired(2_995)).lacks == ""


def test_safety_says_what_its_attempts_sample() -> None:
    found = cells([MODE], {"nmc": [run_of(fired(29))]}, ["nmc"], {})
    told = " ".join(notes(found, {}, "simulated"))
    assert "no sample of life (age, temperature, longer uptimes)" in told


def test_a_shot_stored_without_its_uptime_is_still_the_same_measurement() -> None:
    (one,) = fired(1).shots
    assert one.measurement is not None
    older = dataclasses.replace(one.measurement, dut_uptime_ns=None)
    assert same_figures(older, one.measurement)
    assert not same_figures(dataclasses.replace(older, dut_phase_ns=1), one.measurement)
    assert not same_figures(dataclasses.replace(older, dut_uptime_ns=1), one.measurement)
