"""What scenarios/tool_usage.toml says of the tool is what the code does: one check for each of its rows."""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sample_run import sample_run
from test_sampled_over import fired
from test_verdict_judge import GOOD, PLAN, QUIET, latency

from bench.cli import safety_shown
from bench.confidence.qualified import LEAST_SHOTS, NEGATIVE
from bench.measure.finding.bench import BenchLate
from bench.measure.finding.stimulus import StimulusUnproven
from bench.measure.own_fault import _stood_still
from bench.measure.window import LATE_LIMIT_NS, Window
from bench.proof.qualification import load_usage
from bench.report.comparison import run_markdown
from bench.report.finding_words import finding_words
from bench.report.html import render_html
from bench.report.sampling import bounds_words
from bench.report.terminal import summary_table
from bench.report.words import EVIDENCE_WORTH
from bench.safety.failure_modes import cells
from bench.timing.clock import Timebase
from bench.units import format_ns
from bench.verdict.fmea import FailureMode
from bench.verdict.judge import judge
from bench.verdict.result import Verdict
from bench.verdict.tables import rows
from bench.wiring.mutants import mutant_classes

USAGE = load_usage(Path(__file__).parents[1] / "scenarios" / "tool_usage.toml")
ROWS = {one["id"]: one for one in (*USAGE["use_case"], *USAGE["known_malfunction"])}
MEASURES = {one["id"]: one for one in USAGE["process_measure"]}
VALIDATION = " ".join(one["title"] for one in USAGE["validation"])
VERDICTS = [one.name for one in Verdict]


def verdicts_in(text: str) -> set[str]:
    return {word for word in re.findall(r"[A-Z]{4,}", text) if word in VERDICTS}


def text_of(row: dict) -> str:
    """What a row claims: its reasons, and the measures in the process that it names; or how to live with it."""
    if "workaround" in row:
        return row["workaround"]
    titles = [MEASURES[one]["title"] for one in row["measures"]]
    return " ".join((row["impact_reason"], row["detection_reason"], *titles))


def judges_latency(argument: str) -> None:
    assert "ruler" in VALIDATION and LEAST_SHOTS >= 200 and "ruler" not in argument
    assert "Negative tests" in VALIDATION and {"BLOCKED", "FAIL", "ERROR"} < set(NEGATIVE.values())
    assert (
        "must FAIL" in VALIDATION
        and "must FAIL" not in argument
        and sum(map(len, mutant_classes().values())) > 50
    )
    assert judge(GOOD, PLAN).verdict is Verdict.PASS
    assert judge(replace(GOOD, fdti=latency(160, 170)), PLAN).verdict is Verdict.FAIL


def stays_quiet(argument: str) -> None:
    quiet = replace(GOOD, detected=None, safe=None, fdti=None, frti=None, fhti=None, dtc_seen=None)
    assert judge(quiet, QUIET).verdict is Verdict.PASS
    unproven = judge(replace(quiet, onset=None, bench_faults=(StimulusUnproven(),)), QUIET).verdict
    assert f"a stimulus that is not proven is an {unproven.name}" in argument
    assert judge(replace(quiet, detected=GOOD.detected), QUIET).verdict is Verdict.FAIL
    named = {name for table in mutant_classes().values() for name in table}
    assert {"nuisance_trip", "trips_on_glitch"} <= named


def inputs_stand_beside(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    mode = FailureMode(
        id="FM", title="t", element="e", safety_goal="SG-01", faults=("cell_voltage",), scenarios=("ov",),
        severity=10, severity_source="a handbook", frequency=3, frequency_source="a fleet", occurrence=5,
        occurrence_source="a guess",
    )  # fmt: skip
    run = replace(sample_run(n=12), scenarios=(fired(29),))
    found = cells([mode], {"nmc": [run]}, ["nmc"], {})
    safety_shown.show_markdown({}, found, [])
    text = capsys.readouterr().out
    assert "--markdown" in argument and all(
        one in text for one in ("10: a handbook", "3: a fleet", "5: a guess")
    )
    assert "assumed inputs are marked in every table" in argument and "(SFO?)" in str(
        safety_shown.fmea_rows(found)
    )


def marks_simulated_time(argument: str) -> None:
    run = sample_run(n=12)
    assert run.timebase is Timebase.SIMULATED and "discharge no board's timing" in argument
    worth = EVIDENCE_WORTH[run.evidence_class]
    assert "may not discharge a board's timing" in worth
    for text in (run_markdown(run, "1", None), render_html(run).replace("&#39;", "'")):
        assert worth in text
    assert "simulated time" in str(summary_table(run).title)
    mode = replace(MODE, scenarios=("ov",))
    (cell,) = cells([mode], {"nmc": [replace(run, scenarios=(fired(29),))]}, ["nmc"], {})
    assert "hardware: results in simulated time discharge no board" in cell.missing


MODE = FailureMode(
    id="FM", title="t", element="e", safety_goal="SG-01", faults=("cell_voltage",), scenarios=("ov",), severity=10,
    severity_source="x", frequency=3, frequency_source="x", occurrence=5, occurrence_source="x",
)  # fmt: skip


def tells_of_sensors(workaround: str) -> None:
    noted = dataclasses.replace(fired(5), notes=("the sensor's own response time is not included",))
    html = render_html(replace(sample_run(n=12), scenarios=(noted,))).replace("&#39;", "'")
    assert "the sensor's own response time is not included" in html and "the HTML report" in workaround
    source = (Path(__file__).parents[1] / "bench/running/results.py").read_text(encoding="utf-8")
    assert "the sensor's own response time is not included" in source, "a scenario's result carries that note"


def leaves_open_what_a_frame_hides(workaround: str) -> None:
    straddling = replace(GOOD, fdti=latency(120, 151))  # the budget is 150 ms
    found = judge(straddling, replace(PLAN, ceiling_ns=None)).verdict
    assert verdicts_in(workaround) == {found.name} == {"INCONCLUSIVE"}


def does_not_blame_the_dut_for_a_late_bench(workaround: str) -> None:
    late = BenchLate(late_ns=LATE_LIMIT_NS + 1, limit_ns=LATE_LIMIT_NS)
    for measured in (GOOD, replace(GOOD, fdti=latency(160, 170)), replace(GOOD, detected=None, fdti=None)):
        found = judge(replace(measured, doubts=(late,)), PLAN).verdict
        assert verdicts_in(workaround) == {found.name}, "whatever was seen"
    assert f"above {LATE_LIMIT_NS // 1_000_000} ms" in workaround and late.code in workaround
    assert format_ns(LATE_LIMIT_NS) in finding_words(late)
    window = Window.__new__(Window)
    for late_ns, told in ((LATE_LIMIT_NS, []), (LATE_LIMIT_NS + 1, [late])):
        object.__setattr__(window, "late_ns", late_ns)
        assert _stood_still(window) == told


def names_what_it_samples(workaround: str) -> None:
    (told,) = bounds_words([fired(59)])
    assert "sampled over phase" in told and "no sample of life" in told
    (told,) = bounds_words([fired(59, turns=0.3)])
    assert told.startswith("No bound") and "bunched phases bound nothing" in workaround


CHECKS: dict[str, Callable[..., None]] = {
    "UC-1": judges_latency,
    "UC-2": stays_quiet,
    "UC-3": inputs_stand_beside,
    "UC-4": marks_simulated_time,
    "KM-1": tells_of_sensors,
    "KM-2": leaves_open_what_a_frame_hides,
    "KM-3": does_not_blame_the_dut_for_a_late_bench,
    "KM-4": names_what_it_samples,
}


@pytest.mark.parametrize("row", sorted(ROWS))
def test_each_row_says_what_the_code_does(row: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A row without a check fails here: write one."""
    text = text_of(ROWS[row])
    if row == "UC-3":
        inputs_stand_beside(text, capsys)
    else:
        CHECKS[row](text)


def test_no_check_is_left_of_a_row_that_is_gone() -> None:
    assert set(CHECKS) == set(ROWS)


def test_the_levels_of_the_head_are_those_of_the_table() -> None:
    head = (Path(__file__).parents[1] / "scenarios" / "tool_usage.toml").read_text(encoding="utf-8")
    levels = {(one["TI"], one["TD"]): one["TCL"] for one in rows("tcl_matrix")}
    assert "TI2 with TD1 gives TCL1, with TD2 TCL2, with TD3 TCL3" in head.replace("\n# ", " ")
    assert [levels["TI2", one] for one in ("TD1", "TD2", "TD3")] == ["TCL1", "TCL2", "TCL3"]
    assert {impact for impact, _ in levels} == {"TI1", "TI2"} and "There is no TI3" in head
