"""A report for one build holds one build: BMS and pack that do not fit stand apart, with a word of their own."""

import dataclasses
import html
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

from rich.console import Console
from sample_run import OVERVOLTAGE, latency, measurement, sample_run, scenario, shot

from bench.measure.finding.scenario import MismatchCaught
from bench.record.codable import run_from_dict, run_to_dict
from bench.report.comparison import run_markdown
from bench.report.html import render_html
from bench.report.junit import write_junit
from bench.report.mismatch import TITLE
from bench.report.needs import write_needs
from bench.report.terminal import last_line, summary
from bench.units import NS_PER_MS
from bench.verdict.result import Held, Judgement, Reason, RunResult, ScenarioResult, Verdict

WRONG = "a BMS made for nmc on a pack of lfp"
CAUGHT = Judgement(
    verdict=Verdict.PASS,
    reasons=(
        Reason(finding=MismatchCaught(mismatch=WRONG, hazard="overcharge unnoticed")),
        Reason(finding=MismatchCaught(mismatch="SEEN IN IT", hazard="x"), held=Held.SEEN),
    ),
)


def wrong(name: str, judgement: Judgement, shot_verdict: Verdict) -> ScenarioResult:
    found = latency(100 * NS_PER_MS, NS_PER_MS)
    shots = [shot(k, shot_verdict, measurement(found, found)) for k in range(3)]
    made = scenario(name, f"The {name}", OVERVOLTAGE, shots, judgement.verdict)
    return dataclasses.replace(made, judgement=judgement, mismatch=WRONG)


def run_of(*more: ScenarioResult, own: bool = True) -> RunResult:
    found = latency(100 * NS_PER_MS, NS_PER_MS)
    good = scenario("ov", "t", OVERVOLTAGE, [shot(0, Verdict.PASS, measurement(found, found))], Verdict.PASS)
    return dataclasses.replace(sample_run(n=12), scenarios=((good,) if own else ()) + more)


BOTH = run_of(wrong("nmc-on-lfp", CAUGHT, Verdict.FAIL))


def terminal(run: RunResult, width: int | None) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width or 200)
    for part in summary(run, width):
        console.print(part)
    return out.getvalue()


def test_the_last_line_counts_them_apart() -> None:
    assert last_line(BOTH).startswith("PASS 1 of 1 scenarios, 1 shot, 1 of 1 mismatch CAUGHT")
    unnoticed = wrong("blind", Judgement(verdict=Verdict.FAIL, reasons=()), Verdict.PASS)
    worse = run_of(wrong("nmc-on-lfp", CAUGHT, Verdict.FAIL), unnoticed)
    assert last_line(worse).startswith(
        "FAIL 0 of 1 scenarios, 1 PASS, 1 shot, 1 of 2 mismatches CAUGHT, 1 FAIL"
    )
    alone = run_of(wrong("nmc-on-lfp", CAUGHT, Verdict.FAIL), own=False)
    assert last_line(alone).startswith("1 of 1 mismatch CAUGHT")


def test_the_terminal_has_them_in_a_part_of_their_own() -> None:
    for width in (None, 60):
        table, title, apart = terminal(BOTH, width).partition(TITLE)
        assert title and "nmc-on-lfp" not in table and "ov" in table
        assert "CAUGHT nmc-on-lfp, 3 of 3 shots failed, as they must" in " ".join(apart.split())
        assert "PASS" not in apart and "SEEN IN IT" not in apart


def test_markdown_has_them_in_a_table_of_their_own() -> None:
    text = run_markdown(BOTH, "all", None)
    table, title, apart = text.partition(f"**{TITLE}**")
    assert title and "nmc-on-lfp" not in table and "1 of 1 mismatch CAUGHT" in apart
    assert f"| nmc-on-lfp | {WRONG} | 3 of 3 shots failed, as they must | CAUGHT |" in apart


def test_the_page_counts_and_shows_the_build_only_and_them_apart() -> None:
    page = html.unescape(render_html(BOTH))
    hero, _, rest = page.partition("<h2>Safety goals</h2>")
    assert "1 scenario" in hero and "1 PASS" in hero and "2 PASS" not in hero
    assert "1 of 1 mismatch CAUGHT" in hero
    before, title, apart = rest.partition(f">{TITLE}</h2>")
    mine, _, detail = apart.partition("<h2>Scenarios in detail</h2>")
    assert title and "nmc-on-lfp" not in before and "nmc-on-lfp" not in detail
    assert 'id="simulated-nmc-on-lfp"' in mine and '<span class="chip v-CAUGHT">CAUGHT</span>' in mine
    assert "SEEN IN IT" in mine
    alone = render_html(run_of(wrong("nmc-on-lfp", CAUGHT, Verdict.FAIL), own=False))
    assert re.search(r'<div class="verdict">CAUGHT<', alone)
    assert TITLE not in render_html(run_of())


def test_one_that_was_not_caught_is_trouble_of_the_run() -> None:
    run = run_of(wrong("blind", Judgement(verdict=Verdict.FAIL, reasons=()), Verdict.PASS))
    page = html.unescape(render_html(run))
    trouble = page.partition('<ul class="trouble">')[2].partition("</ul>")[0]
    assert "#simulated-blind" in trouble and "0 of 3 shots failed; all have to" in page
    assert "FAIL blind, 0 of 3 shots failed; all have to" in " ".join(terminal(run, None).split())


def test_junit_has_a_suite_for_them_that_verifies_nothing(tmp_path: Path) -> None:
    write_junit(BOTH, tmp_path / "j.xml")
    suites = {str(one.get("name")): one for one in ET.parse(tmp_path / "j.xml").getroot()}
    (name,) = (one for one in suites if one.startswith("hil mismatches"))
    (case,) = suites[name].findall("testcase")
    assert case.get("name") == "nmc-on-lfp" and str(case.get("classname")).endswith(".mismatch")
    told = {one.get("name"): str(one.get("value")) for one in case.iter("property")}
    assert (
        told["mismatch"].startswith(f"CAUGHT; {WRONG}")
        and not {"FullyVerifies", "PartiallyVerifies"} & told.keys()
    )
    (own,) = (one for key, one in suites.items() if key != name)
    assert [one.get("name") for one in own.findall("testcase")] == ["ov"]


def test_a_run_of_a_firmware_for_another_chemistry_says_so_everywhere(tmp_path: Path) -> None:
    run = dataclasses.replace(run_of(), mismatch=WRONG)
    write_junit(run, tmp_path / "j.xml")
    for told in (terminal(run, None), run_markdown(run, "all", None), render_html(run), last_line(run)):
        assert WRONG in told and WRONG not in str(run.scenarios)
    assert WRONG in (tmp_path / "j.xml").read_text(encoding="utf-8")
    assert run_from_dict(run_to_dict(run)) == run
    assert run_from_dict({k: v for k, v in run_to_dict(run_of()).items() if k != "mismatch"}) == run_of()


def test_a_need_of_them_verifies_no_requirement(tmp_path: Path) -> None:
    write_needs(BOTH, tmp_path / "needs.json")
    text = (tmp_path / "needs.json").read_text(encoding="utf-8")
    assert '"status": "caught"' in text and text.count('"verifies": []') == 1
