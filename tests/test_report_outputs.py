"""Reports say what the results say: nothing lost, nothing claimed beyond it, timebases apart."""

import dataclasses
import html
import io
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from sample_run import OVERVOLTAGE, WELD, latency, measurement, sample_run, scenario, shot, statistics

from bench.errors import RecordError
from bench.measure.finding.life import Mistake, ProtectionBroken
from bench.measure.finding.times import Bound, Time, TooLate
from bench.measure.interval import Interval, ProbeSeen
from bench.report.comparison import run_markdown
from bench.report.extras import ReportExtras
from bench.report.figures import ecdf_plot, strip_plot
from bench.report.finding_words import reasons_words
from bench.report.html import render_html, write_html
from bench.report.junit import write_junit
from bench.report.terminal import last_line, natural_width, summary, summary_table, summary_tables
from bench.report.traces import TracePicture, TraceSeries, trace_svg
from bench.report.words import interval_words, margin_ns, margin_words, support_words
from bench.scenario.library import Entry, Library
from bench.timing.clock import Timebase
from bench.units import NS_PER_MS, format_ns
from bench.verdict.compare import compare
from bench.verdict.result import Judgement, RunResult, Verdict


def shown(run: RunResult, timebase: Timebase | None = None) -> str:
    out = io.StringIO()
    Console(file=out, width=150).print(summary_table(run, timebase))
    return out.getvalue()


def mixed_run() -> RunResult:
    run = sample_run(n=12)
    host = dataclasses.replace(run.scenarios[0], timebase=Timebase.HOST, scenario_id="on-host")
    return dataclasses.replace(run, scenarios=(*run.scenarios, host))


def test_the_terminal_shows_every_scenario_with_its_verdict_and_reasons() -> None:
    run = sample_run()
    text = shown(run)
    assert "simulated time" in text
    for one in run.scenarios:
        assert re.search(rf"{one.scenario_id} .*{one.judgement.verdict.name}", text)
        assert all(reason in text for reason in reasons_words(one.judgement))
    assert "300.0 … 310.0 ms" in text
    assert "FDTI 250.0 ms (−60.0 ms)" in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200, None])
def test_no_figure_is_cut_however_narrow_the_terminal(width: int | None) -> None:
    run = mixed_run()
    out = io.StringIO()
    pieces = summary(run, width)
    tables = [natural_width(one) for one in pieces if isinstance(one, Table)]
    console = Console(file=out, width=width or max(tables))
    for piece in pieces:
        console.print(piece)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert width is None or max(map(len, lines)) <= width
    text = "\n".join(lines)
    for one in run.scenarios:
        assert one.scenario_id in text
        for found, budget_ns in ((one.fdti, one.budget.fdti_ns), (one.fhti, one.budget.fhti_ns)):
            if found is not None:
                assert interval_words(found.max_low_ns, found.max_high_ns) in text
                assert f"{format_ns(budget_ns)} ({margin_words(margin_ns(found, budget_ns))})" in text
    cut = [part for part in re.findall(r"\S*…\S*", text) if part != "…"]
    assert not cut, "an ellipsis stands between two ends of an interval only"


def test_a_run_ends_with_one_line_that_counts_every_verdict() -> None:
    run = sample_run()
    first = run.scenarios[0]
    one_shot = dataclasses.replace(first, shots=first.shots[:1])

    def judged(*verdicts: Verdict) -> RunResult:
        scenarios = tuple(
            dataclasses.replace(one_shot, judgement=Judgement(verdict=one, reasons=())) for one in verdicts
        )
        return dataclasses.replace(run, scenarios=scenarios, took_ns=273_600_000_000)

    assert last_line(judged(*[Verdict.PASS] * 1200)) == "PASS 1200 of 1200 scenarios, 1,200 shots, 274 s"
    every = [one for one in Verdict for _ in range(one.value + 1)]
    counted = last_line(judged(*every))
    worst = Verdict.FAIL  # it stands, whatever else was an ERROR of the bench
    others = [one for one in sorted(Verdict, reverse=True) if one is not worst]
    assert counted.startswith(f"{worst.name} {worst.value + 1} of {len(every)} scenarios, ")
    assert all(f", {one.value + 1} {one.name}, " in counted for one in others)
    alone = dataclasses.replace(judged(Verdict.PASS), took_ns=None)
    assert last_line(alone) == "PASS 1 of 1 scenarios, 1 shot"
    assert last_line(dataclasses.replace(alone, aborted="stopped")).startswith(
        "ABORTED INCONCLUSIVE 0 of 1 scenarios, 1 PASS"
    )


def test_timebases_have_tables_of_their_own() -> None:
    run = mixed_run()
    assert len(summary_tables(run)) == 2
    assert "on-host" not in shown(run)
    host = shown(run, Timebase.HOST)
    assert "real time" in host
    assert "on-host" in host
    assert "weld-plus" not in host
    html = render_html(run)
    assert html.index('id="simulated-insulation-lost"') < html.index('id="host-on-host"')


def test_junit_maps_each_verdict_to_what_a_ci_server_knows(tmp_path: Path) -> None:
    write_junit(sample_run(), tmp_path / "new" / "junit.xml")
    suite = ET.parse(tmp_path / "new" / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert {name: [c.tag for c in case if c.tag != "properties"] for name, case in cases.items()} == {
        "cell-overvoltage": [],
        "weld-plus": ["failure"],
        "noise-below-limit": [],
        "dip-short": ["failure"],
        "hvil-open": ["error", "failure"],
        "insulation-lost": ["error", "failure"],
    }
    assert [suite.get(k) for k in ("tests", "failures", "errors", "skipped")] == ["6", "2", "2", "0"]
    assert cases["hvil-open"][1].get("message") == "blocked: the rig has no HVIL relay"
    facts = {p.get("name"): p.get("value") for p in cases["weld-plus"].iter("property")}
    assert facts["safety_goal"] == "SG-04"
    assert facts["requirements"] == "REQ-BMS-012, REQ-BMS-013"
    assert (facts["timebase"], facts["n"], facts["fdti_max_high_ns"]) == ("simulated", "59", "310000000")
    assert "shot 9: WeldPlus was never set" in (cases["weld-plus"][1].text or "")


def test_an_aborted_run_is_no_success_anywhere(tmp_path: Path) -> None:
    run = sample_run(n=12)
    aborted = dataclasses.replace(run, scenarios=run.scenarios[:1], aborted="interrupted by Ctrl-C")
    write_junit(aborted, tmp_path / "junit.xml")
    errors = ET.parse(tmp_path / "junit.xml").getroot().findall(".//error")
    assert [error.get("message") for error in errors] == ["aborted: interrupted by Ctrl-C"]
    assert "ABORTED: interrupted by Ctrl-C" in shown(aborted)
    assert '<div class="verdict">ABORTED' in render_html(aborted)


@settings(max_examples=20, deadline=None)
@given(st.text(), st.text())
def test_text_of_the_dut_never_breaks_a_report(
    tmp_path_factory: pytest.TempPathFactory, title: str, reason: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    bad = shot(0, Verdict.FAIL, measurement(latency(5, 10), None), reason)
    run = dataclasses.replace(
        sample_run(n=12), scenarios=(scenario("x", title, OVERVOLTAGE, [bad], Verdict.FAIL, reason),)
    )
    write_junit(run, folder / "any.xml")
    assert ET.parse(folder / "any.xml").getroot().find(".//failure") is not None
    shown(run)
    html = render_html(run)
    assert html.count("<section") == html.count("</section>") == 1


def test_the_html_report_is_whole_small_and_needs_no_network(tmp_path: Path) -> None:
    run = sample_run()
    picture = TracePicture(
        title="Worst shot",
        onset_ns=10,
        series=(TraceSeries(title="Cell <41>", unit="V", points=[(0, 4.1), (50, 4.3)]),),
    )
    write_html(run, tmp_path / "report.html", {"cell-overvoltage": [picture]})
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.search(r"https?://|<link|@import|\bsrc=|\bon\w+=", html) is None
    assert "may not discharge a board&#39;s timing" in html
    assert "bounds 95.0 % of latencies at 95 % confidence" in html
    assert "nuisance trip: &lt;State&gt; = Error" in html
    assert "Cell &lt;41&gt;" in html
    assert all(digest in html for digest in run.hashes.values())
    for one in run.scenarios:
        assert one.title in html


def test_hundreds_of_shots_stay_below_one_megabyte() -> None:
    chance = [2_400 * NS_PER_MS + k * 137_001 for k in range(700)]
    shots = [
        shot(k, Verdict.PASS, measurement(latency(t, 10**7), latency(t, 10**7))) for k, t in enumerate(chance)
    ]
    scenarios = tuple(scenario(f"s{k}", "t", OVERVOLTAGE, shots, Verdict.PASS) for k in range(10))
    html = render_html(dataclasses.replace(sample_run(n=12), scenarios=scenarios))
    assert len(html.encode()) < 1_000_000


@given(
    st.lists(st.tuples(st.integers(0, 10**13), st.integers(0, 10**11)), min_size=1, max_size=30),
    st.integers(0, 10**13),
)
def test_a_strip_plot_draws_every_shot_inside_its_frame(found: list[tuple[int, int]], limit_ns: int) -> None:
    shots = [shot(k, Verdict.PASS, measurement(latency(*one), None)) for k, one in enumerate(found)]
    plot = strip_plot("FDTI", shots, limit_ns)
    assert plot is not None
    assert strip_plot("FHTI", shots, limit_ns) is None
    drawn = re.search(r'class="interval" d="([^"]*)"', plot)
    assert drawn is not None
    starts = [float(x) for x in re.findall(r"M(-?[\d.]+)", drawn[1])]
    assert len(starts) == len(found)
    assert all(0 <= x <= 1000 for x in starts)
    ET.fromstring(plot)


def test_a_trace_keeps_its_spike_and_survives_odd_values() -> None:
    points = [(k, 1.0 if k == 4_321 else 0.0) for k in range(10_000)]
    series = (
        TraceSeries(title="spike", unit="V", points=points, steps=True),
        TraceSeries(title="odd", unit="", points=[(0, float("nan")), (1, float("inf"))]),
        TraceSeries(title="none", unit="", points=[]),
    )
    svg = trace_svg(TracePicture(title="t", series=series, safe_ns=9_999, ftti_deadline_ns=12_000))
    line = re.search(r'class="line" d="([^"]*)"', svg)
    assert line is not None
    assert len(line[1]) < 10_000
    assert set(re.findall(r"v(-?\d+)", line[1])) == {"-1000", "1000"}, "up at the spike, and down again"
    assert "nan" not in svg
    ET.fromstring(svg)
    assert trace_svg(TracePicture(title="t", series=())) == ""


def test_confidence_is_never_rounded_up_nor_claimed_for_missing_latencies() -> None:
    for n, percent in ((1, "5 %"), (58, "94.8 %"), (59, "95.1 %"), (500, "over 99.9 %")):
        found = statistics([latency(100, 5)] * n)
        assert found is not None
        assert percent in support_words(found, n)
        assert "confidence" not in support_words(found, n + 1)
        for spread_p in (None, 0.0009):
            refused = support_words(dataclasses.replace(found, spread_p=spread_p), n)
            assert refused.startswith("no statement on coverage") and "confidence" not in refused


def test_copies_of_one_shot_support_nothing_in_the_html() -> None:
    run = sample_run()
    first = run.scenarios[0]
    assert first.fdti is not None and first.fhti is not None
    bunched = dataclasses.replace(
        first,
        fdti=dataclasses.replace(first.fdti, spread_p=1e-9),
        fhti=dataclasses.replace(first.fhti, spread_p=1e-9),
    )
    html = render_html(dataclasses.replace(run, scenarios=(bunched,)))
    assert "attempts support no claim: the shots met the DUT at bunched phases" in html
    assert "tolerance bounds: none" in html
    assert "tolerance bounds (Wilks)" not in html and "is supported" not in html


def test_intervals_and_margins_in_words() -> None:
    assert interval_words(2_491_000_000, 2_501_000_000) == "2.491 … 2.501 s"
    assert interval_words(999_000_000, 1_001_000_000) == "999.0 ms … 1.001 s"
    assert interval_words(5, 5) == "5 ns"
    found = statistics([latency(100, 5)])
    assert margin_words(margin_ns(found, 105)) == "+0 ns"
    assert margin_words(margin_ns(found, 100)) == "−5 ns"
    assert margin_words(margin_ns(None, 100)) == "–"


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for write in (write_html, write_junit):
        with pytest.raises(RecordError, match="cannot write the"):
            write(sample_run(n=12), tmp_path / "file" / "report")


def test_a_distribution_is_drawn_as_a_band_inside_its_frame() -> None:
    found = [Interval(low_ns=k * NS_PER_MS, high_ns=(k + 10) * NS_PER_MS) for k in range(100, 700)]
    plot = ecdf_plot("FDTI", found, 650 * NS_PER_MS, (90 * NS_PER_MS, 800 * NS_PER_MS))
    assert plot is not None and "budget 650.0 ms" in plot and 'class="window"' in plot
    ET.fromstring(plot)
    band = re.search(r'class="band" d="([^"]*)"', plot)
    assert band is not None and len(band[1]) < 15_000
    points = [tuple(map(float, p.split())) for p in re.findall(r"-?[\d.]+ -?[\d.]+", band[1])]
    assert all(0 <= x <= 1000 and 0 <= y <= 96.1 for x, y in points)
    assert ecdf_plot("FDTI", [], 1) is None


def with_probes(run: RunResult) -> RunResult:
    """The first scenario with a reaction chain in every shot; the flag of one comes after 3.9 of 4 s."""
    first, *others = run.scenarios
    shots = []
    for one in first.shots:
        assert one.measurement is not None and one.measurement.onset is not None
        at_ns = one.measurement.onset.low_ns + (3_900 if one.index == 3 else 2_000) * NS_PER_MS
        chain = (
            ProbeSeen(name="flag", at=Interval(low_ns=at_ns - 10, high_ns=at_ns)),
            ProbeSeen(name="state frame", at=None),
            ProbeSeen(name="current gone", at=None, held_before=True),
        )
        shots.append(dataclasses.replace(one, measurement=dataclasses.replace(one.measurement, probes=chain)))
    return dataclasses.replace(run, scenarios=(dataclasses.replace(first, shots=tuple(shots)), *others))


def entry(scenario_id: str, goal: str, fault_class: str) -> Entry:
    return Entry(
        scenario_id=scenario_id,
        title="",
        file=f"{fault_class}/x.toml",
        safety_goal=goal,
        aim="must_trip",
        fault_class=fault_class,
    )


def test_the_matrix_counts_what_the_library_holds_and_what_was_not_run() -> None:
    run = sample_run(n=12)
    goal = OVERVOLTAGE.safety_goal
    library = Library(
        entries=(
            entry("cell-overvoltage", goal, "cells"),
            entry("never-run", goal, "cells"),
            entry("weld-plus", WELD.safety_goal, "contactors"),
        )
    )
    goals = {
        goal: OVERVOLTAGE,
        WELD.safety_goal: WELD,
        "SG-99": dataclasses.replace(WELD, safety_goal="SG-99"),
    }
    html = render_html(run, extras=ReportExtras(goals=goals, library=library))
    assert (
        "2 of 3 safety goals have a scenario; 2 of 3 were run, 0 of these passed by their own times; " in html
    )
    assert "2 of 3 must-trip scenarios run, 1 passed; goals that no scenario serves: SG-99" in html
    assert re.search(r'g-part" title="2 mapped, 1 run, 1 passed; not run: never-run">1 / 1 / 2<', html)
    assert re.search(r'g-fail" title="1 mapped, 1 run, 0 passed; not passed: weld-plus">0 / 1 / 1<', html)
    assert "absent: no scenario serves this goal" in html


def test_twins_are_folded_into_their_scenario_and_those_that_trip_are_told() -> None:
    run = sample_run(n=12)
    first = run.scenarios[0]
    quiet = dataclasses.replace(
        first, scenario_id=f"{first.scenario_id}--inside", aim="must_not_trip", fdti=None, fhti=None
    )
    bad = scenario(f"{first.scenario_id}--glitch", "twin", OVERVOLTAGE, [], Verdict.FAIL, "tripped")
    bad = dataclasses.replace(bad, aim="must_not_trip")
    html = render_html(dataclasses.replace(run, scenarios=(first, quiet, bad)))
    assert '<td class="num">1 of 2</td>' in html
    assert '<tr id="simulated-cell-overvoltage--inside">' in html, "a link to it leads to its row"
    assert '<p class="soft" id="simulated-cell-overvoltage--glitch">' in html
    assert '<ul class="trouble"><li><span class="chip v-FAIL">' in html
    assert "1 scenario and 2 must-not-trip twins" in html


def test_a_report_says_what_is_missing_and_counts_the_goals() -> None:
    run = with_probes(sample_run(n=59))
    goals = {OVERVOLTAGE.safety_goal: OVERVOLTAGE, "SG-99": dataclasses.replace(WELD, safety_goal="SG-99")}
    extras = ReportExtras(
        goals=goals,
        not_run={"a": "not chosen", "b": "not chosen"},
        previous=compare(run, run),
    )
    html = render_html(run, extras=extras)
    for text in (
        "Bench not qualified for this run",
        "Covered: 2 of 3 safety goals",
        "No scenario in this run for SG-99",
        "<td>a, b</td>",
        '<td>flag</td><td class="num">59 of 59</td>',
        "above 0.8 FTTI in 1</td>",
        "not seen",
        "held before the onset",
        "not recorded, the run folder was written by an older release",
        "Against the last build",
        "the claim of 95 % handled is supported",
        "tolerance bounds (Wilks)",
    ):
        assert text in html, text
    qualified = render_html(run, extras=dataclasses.replace(extras, qualification=None, qualified_by="q-1"))
    assert "not qualified" not in qualified and "q-1" in qualified


def test_a_hundred_scenarios_with_their_pictures_stay_below_three_megabytes() -> None:
    points = [(k * NS_PER_MS, math.sin(k / 7)) for k in range(6_000)]
    states = [(t, float(t // (300 * NS_PER_MS) % 2)) for t, _ in points]
    series = (
        *(TraceSeries(title=f"s{k}", unit="V", points=points) for k in range(2)),
        *(TraceSeries(title=f"f{k}", unit="", points=states, steps=True) for k in range(3)),
    )
    shots = sample_run(n=59).scenarios[0].shots
    many = tuple(scenario(f"s{k}", "t", OVERVOLTAGE, list(shots), Verdict.PASS) for k in range(100))
    picture = TracePicture(title="worst", series=series, onset_ns=NS_PER_MS)
    run = dataclasses.replace(sample_run(n=12), scenarios=many)
    html = render_html(run, {one.scenario_id: [picture] for one in many})
    assert 1_000_000 < len(html.encode()) < 3_000_000
    assert not re.search("https?:", html) and "data-goal" in html


def test_an_anomaly_of_a_run_that_passed_stands_in_every_report(tmp_path: Path) -> None:
    said = [ProtectionBroken(message="BMS_State", mistake=Mistake.WRONG_CRC, count=count) for count in (7, 8)]
    shots = [
        shot(k, Verdict.PASS, dataclasses.replace(measurement(None, None), anomalies=(one,)))
        for k, one in enumerate(said)
    ]
    one = scenario("drive", "t", OVERVOLTAGE, shots, Verdict.PASS, aim="must_not_trip")
    run = dataclasses.replace(sample_run(n=12), scenarios=(one,))
    line = "E2E: 7 frames of BMS_State with a wrong CRC (2 shots of drive)"
    write_junit(run, tmp_path / "junit.xml")
    found = ET.parse(tmp_path / "junit.xml").getroot().find(".//property[@name='anomalies']")
    assert found is not None and found.get("value") == line
    assert f"anomaly {line}" in shown(run)
    assert f"- anomaly: {line}" in run_markdown(run, "all", None)
    assert render_html(run).count(line) == 3  # in the head box, in the list, in its section


def test_the_markdown_of_a_whole_library_fits_a_comment_and_tells_what_failed_first() -> None:
    run = sample_run(n=12)
    many = tuple(
        scenario(f"fine-{k}", "t", WELD, list(run.scenarios[1].shots), Verdict.PASS) for k in range(400)
    )
    text = run_markdown(dataclasses.replace(run, scenarios=(*many, *run.scenarios)), "all", None)
    assert len(text) < 65_536
    assert text.index("| hvil-open |") < text.index("<summary>402 scenarios") < text.index("| fine-0 |")
    assert "and 152 more" in text


def test_every_report_says_reasons_in_words_and_shows_no_value_as_code(tmp_path: Path) -> None:
    late = TooLate(
        time=Time.FDTI, bound=Bound.BUDGET, low_ns=3_000_000, high_ns=4_000_000, bound_ns=2_000_000
    )
    words = "FDTI [3.0 ms, 4.0 ms] is above the budget 2.0 ms"
    shots = [dataclasses.replace(shot(0, Verdict.FAIL, None), judgement=Judgement.of(Verdict.FAIL, late))]
    one = scenario("ov", "t", OVERVOLTAGE, shots, Verdict.FAIL)
    one = dataclasses.replace(one, judgement=Judgement.of(Verdict.FAIL, late))
    twin = dataclasses.replace(one, scenario_id="ov--inside", aim="must_not_trip")
    caught = dataclasses.replace(
        one, scenario_id="wrong-pack", mismatch="a BMS made for nmc on a pack of lfp"
    )
    run = dataclasses.replace(sample_run(n=12), scenarios=(one, twin, caught))
    write_junit(run, tmp_path / "junit.xml", attempts=True)
    told = {
        "html": html.unescape(render_html(run)),
        "markdown": run_markdown(run, "all", None).replace("\\", ""),  # without its escapes
        "terminal": " ".join(shown(run).split()),
        "junit": html.unescape((tmp_path / "junit.xml").read_text(encoding="utf-8")),
    }
    for kind, text in told.items():
        assert words in text, kind
        for code in ("Reason(", "finding=", "TooLate", "<Held", "<Bound"):
            assert code not in text, (kind, code)
    assert told["html"].count(words) >= 6  # in the head box, in each section and table row
