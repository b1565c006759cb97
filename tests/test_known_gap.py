"""A known gap excuses the one failure that it names, up to its bound and its date; it is told as GAP, never as PASS."""

import contextlib
import dataclasses
import datetime
import json
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from sample_run import OVERVOLTAGE, sample_run, scenario, shot
from told import said
from typer.testing import CliRunner

from bench.cli.main import app
from bench.errors import ScenarioError
from bench.measure.plan import GapBound
from bench.proof.mutants import MatrixFound, MutantOutcome
from bench.record.codable import plan_from_dict, plan_to_dict
from bench.report.finding_words import reasons_words
from bench.report.needs import write_needs
from bench.running import known_gap
from bench.running.known_gap import with_known_gap
from bench.running.load import exit_code, load_scenarios
from bench.running.results import scenario_result
from bench.running.shots import shoot
from bench.scenario.model import KnownGap
from bench.search.bisect import find_sign
from bench.timing.clock import Timebase
from bench.verdict.compare import compare
from bench.verdict.evidence import Claim, evidence
from bench.verdict.fmea import earn
from bench.verdict.judge import judge
from bench.verdict.result import Judgement, RunResult, Verdict
from bench.wiring.common import Wired
from bench.wiring.mutants import with_firmware

ROOT = Path(__file__).resolve().parents[1]
LATE = "late_overvoltage"  # 33 sweeps in place of 25: detected after 3.2 s, in place of 2.4 s
NEVER = "never_detects_overvoltage"


def with_gap(folder: Path, *lines: str, until: str = "2999-01-01") -> Path:
    """The library's own scenario with a [known_gap] of these keys, beside the budgets."""
    source = ROOT / "scenarios" / "cells" / "ov_step_cell17.toml"
    (folder / "budgets.toml").write_text((ROOT / "scenarios" / "budgets.toml").read_text(encoding="utf-8"))
    head = ["[known_gap]", 'owner = "A. Owner"', 'reason = "next sample"', f"until = {until}"]
    file = folder / source.name
    file.write_text("\n".join([source.read_text(encoding="utf-8"), *head, *lines, ""]), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("firmware", "bound", "verdict", "says"),
    [
        (
            LATE,
            ['fdti_at_most = "3.5 s"', 'fhti_at_most = "3.9 s"'],
            Verdict.GAP,
            "known gap until 2999-01-01",
        ),
        (
            LATE,
            ['fdti_at_most = "2.9 s"', 'fhti_at_most = "3.9 s"'],
            Verdict.FAIL,
            "above the budget 2.900 s",
        ),
        (LATE, ['fdti_at_most = "3.5 s"'], Verdict.FAIL, "FHTI"),
        (LATE, ["never = true"], Verdict.FAIL, "above the ceiling"),
        (NEVER, ["never = true"], Verdict.GAP, "known gap until 2999-01-01"),
        (NEVER, ['fdti_at_most = "3.5 s"', 'fhti_at_most = "3.9 s"'], Verdict.FAIL, "not detected within"),
        ("wrong_overvoltage_dtc", ["never = true", 'fdti_at_most = "3.5 s"'], Verdict.FAIL, "DTC"),
        ("reference", ["never = true"], Verdict.FAIL, "has closed"),
    ],
)
def test_a_gap_excuses_what_it_names_and_nothing_else(
    firmware: str, bound: list[str], verdict: Verdict, says: str, wired: Wired, tmp_path: Path
) -> None:
    one = load_scenarios(wired, [with_gap(tmp_path, *bound)], None)[0][0]
    rig = with_firmware(wired, firmware)
    shot = shoot(rig, one, 0, 1, 1, None)
    assert shot.measurement is not None
    stored = plan_from_dict(json.loads(json.dumps(plan_to_dict(one.plan))))
    assert judge(shot.measurement, stored) == shot.judgement, "a stored run is judged alike"
    whole = scenario_result(one, [shot], Timebase.SIMULATED, rig.profile, "nmc").judgement
    assert whole.verdict is verdict, whole
    assert any(says in reason for reason in reasons_words(whole)), reasons_words(whole)


def test_twins_that_pass_close_no_known_gap(tmp_path: Path, wired: Wired) -> None:
    """A DUT that misses a fault stays quiet in its twins as well."""
    prepared, _ = load_scenarios(wired, [with_gap(tmp_path, "never = true")], None)
    rig = with_firmware(wired, NEVER)
    assert len(prepared) > 1
    for one in prepared[1:]:
        shots = [shoot(rig, one, 0, 1, 1, None)]
        judgement = scenario_result(one, shots, Timebase.SIMULATED, rig.profile, "nmc").judgement
        assert (judgement.verdict, reasons_words(judgement)) == (Verdict.PASS, []), one.scenario.id


def test_a_gap_is_red_from_the_day_after_its_date(monkeypatch: pytest.MonkeyPatch) -> None:
    gap = KnownGap(owner="A. Owner", reason="next sample", until="2027-06-30", bound=GapBound(never=True))
    shown = Judgement(verdict=Verdict.GAP, reasons=said("as it was"))
    for day, verdict in (("2027-06-30", Verdict.GAP), ("2027-07-01", Verdict.FAIL)):
        on = datetime.datetime.fromisoformat(f"{day}T12:00:00+00:00")
        monkeypatch.setattr(known_gap, "wall_now_ns", lambda on=on: int(on.timestamp()) * 10**9)
        judged = with_known_gap(gap, shown, "nmc")
        assert judged.verdict is verdict
        assert "2027-06-30" in reasons_words(judged)[0] and reasons_words(judged)[1:] == ["as it was"]
    for other in (Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.BLOCKED):
        untouched = Judgement(verdict=other, reasons=())
        assert with_known_gap(gap, untouched, "nmc") is untouched
    assert with_known_gap(None, shown, "nmc") is shown


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], r"ov_step_cell17.toml:\d+ \[known_gap\]: found no bound.*expected.*fdti_at_most.*never = true"),
        (['error_at_most = "5 %"'], "found error_at_most without an .*estimate"),
        (['fdti_at_most = "2 s"'], "found 2.000 s, which is no failure; expected more than 2.540 s"),
        (['fhti_at_most = "30 s"'], "expected at most the window of"),
        (["never = false"], "never"),
    ],
)
def test_a_gap_without_a_bound_that_means_something_is_refused_in_one_line(
    lines: list[str], told: str, wired: Wired, tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError, match=told) as wrong:
        load_scenarios(wired, [with_gap(tmp_path, *lines)], None)
    assert len(str(wrong.value).splitlines()) == 1


def test_a_gap_of_what_the_scenario_does_not_ask_is_refused(wired: Wired, tmp_path: Path) -> None:
    source = (ROOT / "scenarios" / "estimation" / "soc_wrong_start.toml").read_text(encoding="utf-8")
    (tmp_path / "budgets.toml").write_text((ROOT / "scenarios" / "budgets.toml").read_text(encoding="utf-8"))
    file = tmp_path / "soc_wrong_start.toml"
    for old, told in (("error_at_most", "expected.*error_at_most"), ("", "never under aim 'must_not_trip'")):
        kept = [line for line in source.splitlines() if not old or not line.startswith(old)]
        at = kept.index("[known_gap]") + 1
        file.write_text(
            "\n".join([*kept[:at], *([] if old else ["never = true"]), *kept[at:]]), encoding="utf-8"
        )
        with pytest.raises(ScenarioError, match=told):
            load_scenarios(wired, [file], None)


def test_every_output_of_a_run_says_gap_and_its_exit_code_is_0(tmp_path: Path) -> None:
    file = with_gap(tmp_path, 'fdti_at_most = "3.5 s"', 'fhti_at_most = "3.9 s"')
    config = tmp_path / "hil_config.toml"
    text = (ROOT / "hil_config.toml").read_text(encoding="utf-8")
    config.write_text(text.replace('"dbc/', f'"{ROOT}/dbc/').replace('"runs', f'"{tmp_path}/runs'))
    cli = CliRunner()
    arguments = ["--config", str(config), "--firmware", LATE, "--repeat", "1", "--workers", "1"]
    done = cli.invoke(app, ["run", str(file), *arguments])
    assert done.exit_code == 0, done.output
    assert "GAP ov-step-cell17: known gap until 2999-01-01, A. Owner: next sample" in done.output
    (run,) = (tmp_path / "runs").glob("*/footer.json")
    markdown = cli.invoke(app, ["report", str(run.parent), "--markdown"]).stdout
    assert (
        markdown.startswith("### GAP: ")
        and "| GAP |" in markdown
        and "**ov-step-cell17** GAP: known gap" in markdown
    )
    html = (run.parent / "report.html").read_text(encoding="utf-8")
    assert '<span class="chip v-GAP">1 GAP</span>' in html
    suite = ET.parse(run.parent / "junit.xml").getroot()[0]
    case = next(one for one in suite.iter("testcase") if one.get("name") == "ov-step-cell17")
    skipped = case.find("skipped")
    assert skipped is not None and "known gap until" in (skipped.get("message") or "")
    assert case.find("failure") is None and case.find("error") is None
    exported = tmp_path / "out"
    cli.invoke(app, ["export", str(run.parent), "--to", "csv", "--out", str(exported)])
    assert ",GAP," in (exported / "shots.csv").read_text(encoding="utf-8")
    with contextlib.closing(sqlite3.connect(tmp_path / "runs" / "results.sqlite")) as kept:
        stored = [
            kept.execute(f"select verdict from {one}").fetchall() for one in ("runs", "scenarios", "shots")
        ]
    assert all(("GAP",) in verdicts and ("FAIL",) not in verdicts for verdicts in stored), stored
    again = cli.invoke(app, ["rejudge", str(run.parent)])
    assert again.exit_code == 0, again.output


def with_verdict(*verdicts: Verdict) -> RunResult:
    run = sample_run()
    ones = [
        scenario(f"a-{n}", "a", OVERVOLTAGE, [shot(0, verdict, None, "why")], verdict, "why")
        for n, verdict in enumerate(verdicts)
    ]
    return dataclasses.replace(run, scenarios=tuple(ones))


@pytest.mark.parametrize(
    ("verdicts", "worst", "code"),
    [
        ([Verdict.PASS, Verdict.GAP], Verdict.GAP, 0),
        ([Verdict.GAP], Verdict.GAP, 0),
        ([Verdict.GAP, Verdict.BLOCKED], Verdict.BLOCKED, 3),
        ([Verdict.GAP, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE, 3),
        ([Verdict.GAP, Verdict.FAIL, Verdict.INCONCLUSIVE], Verdict.FAIL, 1),
        ([Verdict.GAP, Verdict.ERROR], Verdict.ERROR, 3),
        ([], Verdict.NONE, 3),
    ],
)
def test_a_gap_is_worse_than_a_pass_only_and_stops_no_line(
    verdicts: list[Verdict], worst: Verdict, code: int
) -> None:
    run = with_verdict(*verdicts)
    assert (run.verdict, exit_code(run)) == (worst, code)


def test_a_gap_is_no_pass_in_any_count(tmp_path: Path) -> None:
    one = with_verdict(Verdict.GAP).scenarios[0]
    counted = evidence(one.shots * 300, Claim())
    assert (counted.failures, counted.undecided, counted.supported) == (300, 0, False)
    assert (earn(one).not_handled, earn(one).undecided) == (1, 0)
    write_needs(with_verdict(Verdict.GAP), tmp_path / "needs.json")
    (version,) = json.loads((tmp_path / "needs.json").read_text(encoding="utf-8"))["versions"].values()
    (need,) = version["needs"].values()
    assert (need["result"], need["status"]) == ("GAP", "gap")
    outcome = MutantOutcome(firmware="reference", scenario="a", seed=1, verdict=Verdict.GAP, reason="")
    found = MatrixFound(good=[outcome])
    assert not outcome.catches and not found.false_alarms and not found.unclear


def test_a_comparison_takes_a_gap_that_stays_for_no_news() -> None:
    run = with_verdict(Verdict.GAP)
    assert compare(run, run).exit_code == 0
    worse = compare(with_verdict(Verdict.PASS), with_verdict(Verdict.FAIL))
    assert worse.exit_code == 1


def test_the_schema_of_the_live_feed_knows_every_verdict() -> None:
    schema = json.loads((ROOT / "bench" / "live" / "schema.json").read_text(encoding="utf-8"))
    assert schema["$defs"]["verdict_name"]["enum"] == [one.name for one in Verdict]


def test_a_bisection_looks_for_what_is_worse_than_the_known_gap() -> None:
    good, bad = ([shot(0, verdict, None)] for verdict in (Verdict.GAP, Verdict.FAIL))
    sign = find_sign(good, bad)
    assert sign.shows(bad[0]) and not sign.shows(good[0])


def test_pytest_takes_a_gap_for_an_expected_failure(tmp_path: Path) -> None:
    folder = tmp_path / "scenarios" / "cells"
    folder.mkdir(parents=True)
    file = with_gap(folder, "never = true")
    plain = ("-q", "-rx", "-n0", "-p", "no:cacheprovider", "--hil-repeat", "1", "--hil-firmware", NEVER)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plain, "--hil-config", ROOT / "hil_config.toml", f"{file}::{file.stem}"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 xfailed" in done.stdout and "known gap until 2999-01-01" in done.stdout
